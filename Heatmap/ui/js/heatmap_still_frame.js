(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** So many frames have to look the same before what they show is kept. */
  const PATIENCE_FRAMES = 2;

  /**
   * What a part paints on a pane, kept while nothing of it changes: painted once, and copied as a whole
   * in each frame that the chart draws for something else, such as the newest candle. Pixel for pixel
   * what the part would paint itself, as long as nothing of it lies over something else of it.
   */
  class StillFrame {
    /** @param {any} surface see Surface */
    constructor(surface) {
      this._surface = surface;
      this._layer = new heatmap.keptLayer.KeptLayer();
      /** What the last frame depended on. @type {any[]} */
      this._seen = [];
      /** How many frames have depended on the same. */
      this._same = 0;
    }

    /**
     * Paint, or copy. The first frames are painted straight on the pane: a chart that moves has another
     * view in each, and those cost nothing more.
     * @param {any} scope bitmap coordinates scope
     * @param {any[]} causes what decides the picture, beside the pane's size and where times are:
     *   numbers, or things that are others when they change
     * @param {(scope: any) => void} paint
     */
    paint(scope, causes, paint) {
      this._same = this._isSame(scope, causes) ? this._same + 1 : 1;
      if (this._same <= PATIENCE_FRAMES) {
        this._layer.forget();
        paint(scope);
        return;
      }
      if (!this._layer.isPainted) {
        const { width, height } = scope.bitmapSize;
        this._layer.build(0, 0, width, height, (/** @type {any} */ context) =>
          paint(Object.assign({}, scope, { context })),
        );
      }
      this._layer.draw(scope.context, 0, 0);
    }

    /** @returns {boolean} whether the frame before depended on the same */
    _isSame(scope, causes) {
      const { axis } = this._surface;
      const { bitmapSize, mediaSize } = scope;
      const now = [
        bitmapSize.width, bitmapSize.height, mediaSize.width, mediaSize.height,
        axis.version, axis.barSpacing, axis.middleOf(0), axis.middleOf(axis.count - 1),
        ...causes,
      ];
      const before = this._seen;
      this._seen = now;
      return now.length === before.length && now.every((each, i) => Object.is(each, before[i]));
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this._seen = [];
      this._same = 0;
      this._layer.destroy();
    }
  }

  heatmap.stillFrame = { StillFrame };
})(this);
