// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** A disc at each of some places: what a file brings that nobody else knows of. */
  class MadeUp {
    constructor(surface) {
      this._surface = surface;
      this._discs = [];
    }

    take(discs) {
      this._discs = discs;
    }

    clear() {
      this._discs = [];
    }

    paint(scope, options) {
      const { axis, candles } = this._surface;
      const { context, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      context.globalAlpha = options.opacity;
      for (const { price, ms, colour } of this._discs) {
        axis.place(ms, ms + 1, mediaSize.width);
        if (axis.segments === 1) {
          context.fillStyle = colour;
          context.beginPath();
          context.arc(axis.fromX[0], candles.priceToCoordinate(price), 9, 0, 7);
          context.fill();
        }
      }
      context.restore();
    }
  }

  heatmap.parts.register({
    name: "made_up",
    order: 45,
    options: ["opacity"],
    make: (surface) => new MadeUp(surface),
  });
})(this);
