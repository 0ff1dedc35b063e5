// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  const ALPHA = 0.6;
  const WORDS_Y_PX = 12;
  /** So much lower they stand where there is an offer, which is above all. */
  const OFFER_PX = 30;

  /**
   * Marks where the window begins, with its length: left of it nothing is drawn, whatever happened
   * there. It belongs to the hatch, which says the same of time within the window.
   */
  class WindowMark {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** The words that were written last, of which window, in which font; and their width. */
      this._words = "";
      this._windowMs = NaN;
      this._font = "";
      this._width = 0;
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
      this._drawWords(scope, layout, axis.fromX[0], grid);
    }

    /** Left of the mark, or right of it where there is no room. */
    _drawWords(scope, layout, markX, grid) {
      const { context } = scope;
      this._prepareWords(context, words.begin(scope, layout), grid);
      const left = markX - this._width - 3;
      const y = WORDS_Y_PX + (grid.offer === null ? 0 : OFFER_PX);
      const place = this._surface.ground.at(y, scope.mediaSize.height);
      const from = left < 0 ? markX + 3 : left;
      words.write(context, place, this._words, this._width, from, y);
      context.restore();
    }

    /** Writing numbers and measuring take longer than painting: both last while window and font do. */
    _prepareWords(context, font, grid) {
      const windowMs = grid.endMs - grid.windowStartMs;
      if (windowMs !== this._windowMs || font !== this._font) {
        this._windowMs = windowMs;
        this._font = font;
        this._words = words.windowOf(grid);
        this._width = words.widthOf(context, this._words);
      }
    }
  }

  heatmap.parts.register({
    name: "window_mark",
    order: 30,
    options: ["hatch"],
    make: (/** @type {Surface} */ surface) => new WindowMark(surface),
  });
})(this);
