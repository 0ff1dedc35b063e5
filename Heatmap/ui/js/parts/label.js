// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const ALPHA = 0.16;
  const MAX_PX = 72;

  /** A quiet, large text. What it says holds for the candles too: it stays when the heat is hidden. */
  class Label {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._font = "";
      this._fontKey = "";
    }

    /**
     * Write the text into the middle of the pane.
     * @param {any} scope bitmap coordinates scope @param {{label: string}} options
     */
    paint(scope, options) {
      const text = options.label;
      if (text === "") {
        return;
      }
      const { context, bitmapSize, mediaSize, verticalPixelRatio: ratio } = scope;
      const layout = this._surface.chart.options().layout;
      const sizePx = Math.min(MAX_PX, (1.1 * mediaSize.width) / Math.max(4, text.length));
      const key = layout.fontFamily + Math.round(sizePx * ratio);
      if (key !== this._fontKey) {
        this._fontKey = key;
        this._font = "600 " + Math.round(sizePx * ratio) + "px " + layout.fontFamily;
      }
      context.save();
      context.font = this._font;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = this._surface.ground.at(0.5, 1).ink;
      context.globalAlpha = ALPHA;
      context.fillText(text, bitmapSize.width / 2, bitmapSize.height / 2);
      context.restore();
    }
  }

  heatmap.parts.register({
    name: "label",
    order: 40,
    options: ["label"],
    isAlwaysPainted: true,
    make: (/** @type {Surface} */ surface) => new Label(surface),
  });
})(this);
