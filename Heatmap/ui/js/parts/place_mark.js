// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** How long a place stays marked. */
  const SHOWN_MS = 2600;
  const RADIUS_PX = 13;
  const TICK_PX = 7;
  const LINE_PX = 2;
  const HALO_PX = 5;
  const HALO_ALPHA = 0.6;
  /** A place nearer to the pane's edge than this part of its size is brought to the middle. */
  const EDGE = 0.06;

  /**
   * A place that Python shows: the chart is scrolled there, where it is out of sight, and a ring marks
   * it for a moment. The width of what is in sight stays, and so do its prices where they show it.
   */
  class PlaceMark {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** @type {{ms: number, price: number} | null} what is marked */
      this._place = null;
      /** Whether the price is still to be brought into sight: the next frame tells where it is. */
      this._isPriceDue = false;
      this._timer = 0;
    }

    destroy() {
      clearTimeout(this._timer);
      this._place = null;
    }

    clear() {
      this.destroy();
    }

    /** @param {{ms: number, price: number}} place UTC, USD; in place of the one before */
    take(place) {
      clearTimeout(this._timer);
      this._place = place;
      this._isPriceDue = true;
      this._scroll(place.ms);
      this._timer = setTimeout(() => {
        this._place = null;
        this._surface.guard(this._surface.repaint);
      }, SHOWN_MS);
    }

    _scroll(ms) {
      const { axis, chart } = this._surface;
      const timeScale = chart.timeScale();
      axis.refresh();
      const at = axis.logicalOf(ms);
      const range = timeScale.getVisibleLogicalRange();
      if (at === null || range === null) {
        return;
      }
      const span = range.to - range.from;
      const edge = EDGE * span;
      if (at < range.from + edge || at > range.to - edge) {
        timeScale.setVisibleLogicalRange({ from: at - span / 2, to: at + span / 2 });
      }
    }

    /** Bring the price into sight, once the chart has fitted its prices to what it shows. */
    look() {
      if (!this._isPriceDue || this._place === null) {
        return;
      }
      this._isPriceDue = false;
      const { candles } = this._surface;
      const { price } = this._place;
      const height = candles.getPane().getHeight();
      const y = candles.priceToCoordinate(price);
      if (y === null || (y >= 0 && y <= height)) {
        return;
      }
      const scale = candles.priceScale();
      const low = candles.coordinateToPrice(height);
      const high = candles.coordinateToPrice(0);
      if (typeof scale.setVisibleRange === "function" && scale.options().mode === 0) {
        const half = Math.abs(high - low) / 2;
        scale.setVisibleRange({ from: price - half, to: price + half });
      } else {
        scale.applyOptions({ autoScale: true });
      }
    }

    /** @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      if (this._place === null) {
        return;
      }
      const { axis, candles, ground } = this._surface;
      const { context, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      axis.place(this._place.ms, this._place.ms + 1, mediaSize.width);
      const y = candles.priceToCoordinate(this._place.price);
      if (axis.segments === 0 || y === null) {
        return;
      }
      const x = axis.fromX[0];
      const { ink, colour } = ground.at(y, mediaSize.height);
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      for (const [style, width, alpha] of [[colour, HALO_PX, HALO_ALPHA], [ink, LINE_PX, 1]]) {
        context.strokeStyle = style;
        context.lineWidth = width;
        context.globalAlpha = alpha;
        context.beginPath();
        context.arc(x, y, RADIUS_PX, 0, 2 * Math.PI);
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          context.moveTo(x + dx * RADIUS_PX, y + dy * RADIUS_PX);
          context.lineTo(x + dx * (RADIUS_PX + TICK_PX), y + dy * (RADIUS_PX + TICK_PX));
        }
        context.stroke();
      }
      context.restore();
    }
  }

  heatmap.parts.register({
    name: "place_mark",
    order: 75,
    isAlwaysPainted: true,
    make: (/** @type {Surface} */ surface) => new PlaceMark(surface),
  });
})(this);
