// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  /** So many have a label, of so many that are tried. */
  const MOST = 7;
  const MOST_TRIED = 64;
  /** From the pane's right edge, and from its upper and lower edge. */
  const MARGIN_PX = 4;
  const EDGE_PX = 8;
  /** A label keeps this far from the price line. */
  const PRICE_GAP_PX = 2;
  const SWATCH_PX = 3;
  /** A pane that is smaller than this has no room for them. */
  const LEAST_WIDTH_PX = 240;
  const LEAST_HEIGHT_PX = 120;
  const NEAREST_LEFT = -1;
  const FAR_RIGHT_INDEX = 1e9;

  /**
   * One of what Python shows, the strongest first.
   * @typedef {Object} StandingLevel
   * @property {number} price USD
   * @property {number} usd what is expected there
   * @property {string} text the same in words
   * @property {"longs" | "shorts"} side
   */

  /**
   * What stands at the strongest levels, in words at the pane's right edge, each where no other is.
   */
  class LevelLabels {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** @type {StandingLevel[]} */
      this._levels = [];
      /** Widths of their texts, in the font that was used last. */
      this._widths = [];
      this._font = "";
      /** What has room in this frame: places in the levels, and the heights of their middles. */
      this._placed = new Uint8Array(MOST);
      this._heights = new Float64Array(MOST);
      this._count = 0;
      this._right = 0;
    }

    /** @param {{levels: StandingLevel[]}} shown in place of those before */
    take(shown) {
      this._levels = shown.levels.slice(0, MOST_TRIED);
      this._font = "";
    }

    clear() {
      this._levels = [];
    }

    /** Take the room at the right edge. @param {any} scope bitmap coordinates scope */
    paint(scope) {
      this._count = 0;
      const { context, mediaSize } = scope;
      const { chart, legend, room } = this._surface;
      if (mediaSize.width < LEAST_WIDTH_PX || mediaSize.height < LEAST_HEIGHT_PX) {
        return;
      }
      this._placeAll(mediaSize.height);
      if (this._count === 0) {
        return;
      }
      words.begin(scope, chart.options().layout);
      this._measure(context);
      context.restore();
      legend.isLeft = true;
      this._right = mediaSize.width - room.right - MARGIN_PX;
      let widest = 0;
      for (let i = 0; i < this._count; i += 1) {
        widest = Math.max(widest, this._widths[this._placed[i]]);
      }
      room.right += widest + 2 * MARGIN_PX;
    }

    /** Find the heights of those that have room, the strongest first. */
    _placeAll(height) {
      const { candles, room } = this._surface;
      const newest = this._levels.length === 0 ? null : candles.dataByIndex(FAR_RIGHT_INDEX, NEAREST_LEFT);
      const priceY = newest === null || newest.close === undefined
        ? null
        : candles.priceToCoordinate(newest.close);
      for (let i = 0; i < this._levels.length && this._count < MOST; i += 1) {
        const y = candles.priceToCoordinate(this._levels[i].price);
        if (y !== null && y >= EDGE_PX && y <= height - EDGE_PX) {
          const clear = keptOff(y, priceY);
          if (clear - words.LINE_PX / 2 >= room.top && this._isFree(clear)) {
            this._placed[this._count] = i;
            this._heights[this._count] = clear;
            this._count += 1;
          }
        }
      }
    }

    /** @returns {boolean} whether no label that was placed before is near */
    _isFree(y) {
      for (let i = 0; i < this._count; i += 1) {
        if (Math.abs(y - this._heights[i]) < words.LINE_PX) {
          return false;
        }
      }
      return true;
    }

    _measure(context) {
      context.font = "600 " + context.font;
      if (context.font !== this._font) {
        this._font = context.font;
        this._widths = this._levels.map(
          ({ text }) => words.widthOf(context, text) + SWATCH_PX + words.PADDING_PX,
        );
      }
    }

    /** Write them above the candles. @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      if (this._count === 0) {
        return;
      }
      const { context, mediaSize } = scope;
      const { chart, ground, picture } = this._surface;
      words.begin(scope, chart.options().layout);
      context.font = this._font;
      for (let i = 0; i < this._count; i += 1) {
        const level = this._levels[this._placed[i]];
        const width = this._widths[this._placed[i]];
        const left = this._right - width;
        const y = this._heights[i];
        const top = y - words.LINE_PX / 2;
        const place = ground.at(y, mediaSize.height);
        words.layGround(context, place, words.GROUND_ALPHA, left, top, width, words.LINE_PX);
        context.globalAlpha = 1;
        context.fillStyle = picture.sideColours[level.side === "longs" ? "long" : "short"];
        context.fillRect(this._right - SWATCH_PX, top + 2, SWATCH_PX, words.LINE_PX - 4);
        context.globalAlpha = words.TEXT_ALPHA;
        context.fillStyle = place.ink;
        context.fillText(level.text, left + words.PADDING_PX, y);
      }
      context.restore();
    }
  }

  /**
   * @param {number} y @param {number | null} priceY of the price line; null: there is none
   * @returns {number} the same height, or one beside the line
   */
  function keptOff(y, priceY) {
    const reach = words.LINE_PX / 2 + PRICE_GAP_PX;
    if (priceY === null || Math.abs(y - priceY) >= reach) {
      return y;
    }
    return y < priceY ? priceY - reach : priceY + reach;
  }

  heatmap.parts.register({
    name: "level_labels",
    order: 65,
    make: (/** @type {Surface} */ surface) => new LevelLabels(surface),
  });
})(this);
