// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  const ALPHA = 0.6;
  const WORDS_Y_PX = 12;

  /**
   * Marks where the window begins, with its length: left of it nothing is drawn, whatever happened
   * there. It belongs to the hatch, which says the same of time within the window.
   */
  class WindowMark {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
    }

    /** @param {any} scope bitmap coordinates scope @param {{hatch: boolean}} options */
    paint(scope, options) {
      const { grid } = this._surface.picture;
      if (grid === null || !options.hatch) {
        return;
      }
      const { axis } = this._surface;
      axis.place(grid.windowStartMs, grid.endMs, scope.mediaSize.width);
      // A start outside the pane's left edge has no segment that begins with it.
      if (axis.segments === 0 || axis.fromMs[0] > grid.windowStartMs || axis.fromX[0] < 1) {
        return;
      }
      const { context, bitmapSize, horizontalPixelRatio: ratio } = scope;
      const layout = this._surface.chart.options().layout;
      const x = Math.round(axis.fromX[0] * ratio) + 0.5;
      context.save();
      context.globalAlpha = ALPHA;
      context.lineWidth = 1;
      context.setLineDash([4 * ratio, 4 * ratio]);
      const { stripes } = this._surface.ground;
      const height = bitmapSize.height / stripes.length;
      for (let i = 0; i < stripes.length; i += 1) {
        context.strokeStyle = stripes[i].ink;
        context.lineDashOffset = i * height;
        context.beginPath();
        context.moveTo(x, i * height);
        context.lineTo(x, (i + 1) * height);
        context.stroke();
      }
      context.restore();
      this._drawWords(scope, layout, axis.fromX[0], words.windowOf(grid));
    }

    /** Left of the mark, or right of it where there is no room. */
    _drawWords(scope, layout, markX, text) {
      words.begin(scope, layout);
      const left = markX - words.widthOf(scope.context, text) - 3;
      const place = this._surface.ground.at(WORDS_Y_PX, scope.mediaSize.height);
      words.write(scope.context, place, text, left < 0 ? markX + 3 : left, WORDS_Y_PX);
      scope.context.restore();
    }
  }

  heatmap.parts.register({
    name: "window_mark",
    order: 30,
    options: ["hatch"],
    make: (/** @type {Surface} */ surface) => new WindowMark(surface),
  });
})(this);
