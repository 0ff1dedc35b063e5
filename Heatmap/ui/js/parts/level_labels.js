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
  /** A line leads from a label to its level: so long, at the label's end aslant where it must. */
  const LEADER_PX = 18;
  const SLANT_PX = 7;
  const DOT_PX = 2.5;
  const LINE_WIDTH_PX = 1.25;
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
   * What stands at the strongest levels, in words at the pane's right edge, each where no other is,
   * with a line that leads to its level. The legend says what the amounts and colours mean.
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
      /** The heights of the levels themselves. */
      this._levelHeights = new Float64Array(MOST);
      this._count = 0;
      this._right = 0;
      /** @type {any[]} entries of the legend's row: longs, shorts */
      this._entries = ["", ""].map((text) => ({ text, colour: "" }));
      /** @type {any} */
      this._row = { font: "", text: "", entries: [] };
    }

    /**
     * @param {{levels: StandingLevel[], words: Object<string, string>}} shown in place of those
     *   before
     */
    take(shown) {
      this._levels = shown.levels.slice(0, MOST_TRIED);
      this._font = "";
      this._row.font = "";
      this._row.text = shown.words.sum;
      this._entries[0].text = shown.words.longs;
      this._entries[1].text = shown.words.shorts;
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
      this._measure(context, words.begin(scope, chart.options().layout));
      context.restore();
      legend.isLeft = true;
      this._explain();
      this._right = mediaSize.width - room.right - MARGIN_PX;
      let widest = 0;
      for (let i = 0; i < this._count; i += 1) {
        widest = Math.max(widest, this._widths[this._placed[i]]);
      }
      room.right += widest + LEADER_PX + 2 * MARGIN_PX;
    }

    /** Add the legend's row; where bubbles have said whose which colour is, it is not said twice. */
    _explain() {
      const { legend, picture } = this._surface;
      this._entries[0].colour = picture.sideColours.long;
      this._entries[1].colour = picture.sideColours.short;
      if (legend.sides.length === 0) {
        legend.sides = this._entries;
      }
      const entries = legend.rows.some((row) => row.entries.length > 0) ? NO_ENTRIES : this._entries;
      if (entries !== this._row.entries) {
        this._row.entries = entries;
        this._row.font = "";
      }
      legend.rows.push(this._row);
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
            this._levelHeights[this._count] = y;
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

    _measure(context, font) {
      const bold = "600 " + font;
      if (bold !== this._font) {
        this._font = bold;
        context.font = bold;
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
        const colour = picture.sideColours[level.side === "longs" ? "long" : "short"];
        lead(context, place.colour, colour, left, y, this._levelHeights[i]);
        words.layGround(context, place, words.GROUND_ALPHA, left, top, width, words.LINE_PX);
        context.globalAlpha = 1;
        context.fillStyle = colour;
        context.fillRect(left, top, SWATCH_PX, words.LINE_PX);
        context.globalAlpha = words.TEXT_ALPHA;
        context.fillStyle = place.ink;
        context.fillText(level.text, left + SWATCH_PX + words.PADDING_PX, y);
      }
      context.restore();
    }
  }

  /** @type {any[]} */
  const NO_ENTRIES = [];

  /**
   * Draw the line from a label to its level, on a rim of the ground so that it shows over any heat.
   * @param {any} context @param {string} ground @param {string} colour
   * @param {number} right where the label begins @param {number} y the label's middle
   * @param {number} levelY the level's height
   */
  function lead(context, ground, colour, right, y, levelY) {
    const left = right - LEADER_PX;
    context.lineJoin = "round";
    for (let rim = 2; rim >= 0; rim -= 2) {
      context.globalAlpha = rim > 0 ? words.GROUND_ALPHA : 1;
      context.strokeStyle = context.fillStyle = rim > 0 ? ground : colour;
      context.lineWidth = LINE_WIDTH_PX + rim;
      context.beginPath();
      context.moveTo(right, y);
      context.lineTo(right - SLANT_PX, levelY);
      context.lineTo(left, levelY);
      context.stroke();
      context.beginPath();
      context.arc(left, levelY, DOT_PX + rim / 2, 0, 2 * Math.PI);
      context.fill();
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
