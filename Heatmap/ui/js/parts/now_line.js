// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const ALPHA = 0.45;
  const DASH_PX = [2, 4];

  /** A dotted line at now, where what stands now is drawn on to the right of it. */
  class NowLine {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._dash = [0, 0];
    }

    /** @param {any} scope bitmap coordinates scope */
    paint(scope) {
      const { axis, ground, isEarlier, picture } = this._surface;
      const { grid } = picture;
      // An earlier time has a line of its own.
      if (grid === null || !grid.isStanding || isEarlier) {
        return;
      }
      const { context, bitmapSize, mediaSize, horizontalPixelRatio: ratio } = scope;
      axis.place(grid.endMs - 1, grid.endMs, mediaSize.width);
      if (axis.segments === 0) {
        return;
      }
      const x = Math.round(axis.toX[axis.segments - 1] * ratio);
      // On the pane's edge there is nothing to the right of it.
      if (x <= 0 || x >= bitmapSize.width - 1) {
        return;
      }
      context.save();
      context.globalAlpha = ALPHA;
      context.lineWidth = Math.max(1, Math.floor(ratio));
      this._dash[0] = DASH_PX[0] * ratio;
      this._dash[1] = DASH_PX[1] * ratio;
      context.setLineDash(this._dash);
      const { stripes } = ground;
      const height = bitmapSize.height / stripes.length;
      for (let i = 0; i < stripes.length; i += 1) {
        context.strokeStyle = stripes[i].ink;
        context.lineDashOffset = i * height;
        context.beginPath();
        context.moveTo(x + 0.5, i * height);
        context.lineTo(x + 0.5, (i + 1) * height);
        context.stroke();
      }
      context.restore();
    }
  }

  heatmap.parts.register({
    name: "now_line",
    order: 35,
    make: (/** @type {Surface} */ surface) => new NowLine(surface),
  });
})(this);
