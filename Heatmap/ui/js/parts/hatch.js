// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const SPACING_PX = 9;
  const ALPHA = { gap: 0.26, unproven: 0.12 };

  /** Hatches time that was not recorded, in the ink of the chart's ground, which shows on it. */
  class Hatch {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._patterns = new heatmap.hatching.Patterns(ALPHA, SPACING_PX);
    }

    /**
     * Hatch the gaps over the whole height of the pane.
     * @param {any} scope bitmap coordinates scope @param {{hatch: boolean}} options
     */
    paint(scope, options) {
      const { grid } = this._surface.picture;
      if (grid === null || !options.hatch) {
        return;
      }
      const { axis } = this._surface;
      const { context, bitmapSize, mediaSize, horizontalPixelRatio: ratio } = scope;
      for (const [gapFrom, gapTo, kind] of grid.gaps) {
        const from = Math.max(gapFrom, grid.windowStartMs);
        axis.place(from, Math.min(gapTo, grid.endMs), mediaSize.width);
        if (axis.segments === 0) {
          continue;
        }
        this._surface.legend.isHatched = true;
        context.save();
        // Anchored to the gap, so that the lines move with the chart.
        const anchor = Math.round(axis.fromX[0] * ratio) % 4096;
        context.translate(anchor, 0);
        for (let i = 0; i < axis.segments; i += 1) {
          const left = Math.max(0, Math.round(axis.fromX[i] * ratio));
          const right = Math.min(bitmapSize.width, Math.round(axis.toX[i] * ratio));
          // A short gap stays visible as one line.
          this._fillStripes(scope, kind, left - anchor, Math.max(1, right - left));
        }
        context.restore();
      }
    }

    /** Hatch from the pane's top to its bottom: on a gradient each part with the ink that shows. */
    _fillStripes(scope, kind, left, width) {
      const { context, bitmapSize, verticalPixelRatio: ratio } = scope;
      const { stripes } = this._surface.ground;
      const topOf = (/** @type {number} */ i) => Math.round((i / stripes.length) * bitmapSize.height);
      let first = 0;
      for (let i = 1; i <= stripes.length; i += 1) {
        if (i === stripes.length || stripes[i].ink !== stripes[first].ink) {
          context.fillStyle = this._patterns.find(
            context, ratio, this._surface.ground.hex, kind, stripes[first].ink,
          );
          context.fillRect(left, topOf(first), width, topOf(i) - topOf(first));
          first = i;
        }
      }
    }
  }

  heatmap.parts.register({
    name: "hatch",
    order: 20,
    options: ["hatch"],
    make: (/** @type {Surface} */ surface) => new Hatch(surface),
  });
})(this);
