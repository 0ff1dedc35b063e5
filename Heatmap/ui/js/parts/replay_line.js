// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** On light and on dark grounds. */
  const COLOURS = { light: "#5b45c9", dark: "#b1a3ff" };
  const MIDDLE = 128;

  /** A line at the moment that is shown, where that is an earlier one than now. */
  class ReplayLine {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** @type {{ms: number} | null} */
      this._moment = null;
    }

    destroy() {
      this.take(null);
    }

    clear() {
      this.take(null);
    }

    /** @param {{ms: number} | null} moment UTC; in place of the one before */
    take(moment) {
      this._moment = moment;
      this._surface.isEarlier = moment !== null;
    }

    /** @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      if (this._moment === null) {
        return;
      }
      const { axis, ground } = this._surface;
      const { context, bitmapSize, mediaSize, horizontalPixelRatio: ratio } = scope;
      axis.place(this._moment.ms - 1, this._moment.ms, mediaSize.width);
      if (axis.segments === 0) {
        return;
      }
      const x = Math.round(axis.toX[axis.segments - 1] * ratio);
      const width = Math.max(1, Math.round(ratio));
      const { stripes } = ground;
      const height = bitmapSize.height / stripes.length;
      context.save();
      for (let i = 0; i < stripes.length; i += 1) {
        context.fillStyle = isDark(stripes[i].colour) ? COLOURS.dark : COLOURS.light;
        context.fillRect(x, i * height, width, Math.ceil(height));
      }
      context.restore();
    }
  }

  /** @param {string} colour as #rrggbb @returns {boolean} */
  function isDark(colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return 0.3 * red + 0.59 * green + 0.11 * blue < MIDDLE;
  }

  heatmap.parts.register({
    name: "replay_line",
    order: 36,
    isAlwaysPainted: true,
    make: (/** @type {Surface} */ surface) => new ReplayLine(surface),
  });
})(this);
