// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  /** A tag's height, the least distance of two, and how far one may stand from its level. */
  const TAG_PX = 20;
  const APART_PX = 22;
  const REACH_PX = 33;
  /** The same where candles stand in their room, as of a chart that is scrolled back. */
  const FAR_PX = 160;
  /** From a candle; so many of the candles there are looked at. */
  const CLEAR_PX = 2;
  const MOST_CANDLES = 32;
  /** From the pane's right edge; around the words; from now to where the leader begins. */
  const MARGIN_PX = 5;
  const PADDING_PX = 6;
  const GAP_PX = 3;
  /** The bar below the words: longs from the left, then shorts. */
  const BAR_PX = 2;
  const BAR_TOP_PX = 15.5;
  const TEXT_MIDDLE_PX = 8.5;
  const RADIUS_PX = 4;
  const GROUND_ALPHA = 0.88;
  const EDGE_ALPHA = 0.3;
  const LEADER_ALPHA = 0.5;
  const LEADER_PX = 10;
  const DASH_PX = [2, 4];
  const HEADING_LINE_PX = 13;
  /** From the heading's lower edge to the tag below it. */
  const HEADING_GAP_PX = 3;
  /** A pane that is smaller than this has no room for them. */
  const LEAST_WIDTH_PX = 240;
  const LEAST_HEIGHT_PX = 120;
  /** @type {any} */
  const NOTHING = { levels: [], words: {} };

  /**
   * One of what Python shows, the strongest first.
   * @typedef {Object} TaggedLevel
   * @property {number} price USD, where it stands @property {number} low @property {number} high
   * @property {number} longUsd @property {number} shortUsd what was liquidated between them
   * @property {number} count of liquidations
   */

  /**
   * What was liquidated at the strongest levels, as tags at the pane's right edge with a line from
   * now: the amount, and how much of it were longs and shorts. Tags that would touch give way.
   */
  class LevelTags {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** @type {{levels: TaggedLevel[], words: Object<string, string>}} */
      this._shown = NOTHING;
      /** All tags one below the other, painted once. @type {any} canvas; null: none */
      this._canvas = null;
      this._key = "";
      /** Their widths, and that of the heading, CSS pixels. */
      this._widths = new Float64Array(0);
      this._headingWidths = [0, 0];
      this._widest = 0;
      /** Upper and lower ends of the candles that stand in their room, by turns, CSS pixels. */
      this._candleEnds = new Float64Array(2 * MOST_CANDLES);
      this._candleCount = 0;
      /** Those that have room in this frame: places in the levels, the middles, the levels' heights. */
      this._placed = new Uint8Array(0);
      this._middles = new Float64Array(0);
      this._heights = new Float64Array(0);
      this._count = 0;
      this._right = 0;
    }

    /** @param {any} shown see LevelTags, in place of what was shown before */
    take(shown) {
      const count = shown.levels.length;
      this._shown = shown;
      this._key = "";
      this._widths = new Float64Array(count);
      this._placed = new Uint8Array(count);
      this._middles = new Float64Array(count);
      this._heights = new Float64Array(count);
      this._count = 0;
    }

    clear() {
      this.take(NOTHING);
      this._drop();
    }

    destroy() {
      this.clear();
    }

    /** Take the room at the right edge. @param {any} scope bitmap coordinates scope */
    paint(scope) {
      this._count = 0;
      const { mediaSize } = scope;
      const { legend, room } = this._surface;
      const isRoomy = mediaSize.width >= LEAST_WIDTH_PX && mediaSize.height >= LEAST_HEIGHT_PX;
      if (this._shown.levels.length === 0 || !isRoomy) {
        return;
      }
      this._prepare(scope);
      this._right = mediaSize.width - room.right - MARGIN_PX;
      this._noteCandles(this._right - this._widest - MARGIN_PX, this._right + MARGIN_PX);
      this._placeAll(mediaSize.height);
      if (this._count === 0) {
        return;
      }
      legend.isLeft = true;
      let widest = 0;
      for (let i = 0; i < this._count; i += 1) {
        widest = Math.max(widest, this._widths[this._placed[i]]);
      }
      room.right += widest + LEADER_PX + 2 * MARGIN_PX;
    }

    /** Find the candles that stand where tags are to. @param {number} left @param {number} right */
    _noteCandles(left, right) {
      const { candles, chart } = this._surface;
      const scale = chart.timeScale();
      const from = scale.coordinateToLogical(left);
      const to = scale.coordinateToLogical(right);
      this._candleCount = 0;
      if (from === null || to === null) {
        return;
      }
      const first = Math.round(from);
      const last = Math.round(to);
      const step = Math.max(1, Math.ceil((last - first + 1) / MOST_CANDLES));
      for (let i = first; i <= last; i += step) {
        const candle = candles.dataByIndex(i);
        const isThere = candle !== null && candle.high !== undefined;
        const high = isThere ? candles.priceToCoordinate(candle.high) : null;
        const low = isThere ? candles.priceToCoordinate(candle.low) : null;
        if (high !== null && low !== null) {
          // An inverted scale has them the other way round.
          this._candleEnds[2 * this._candleCount] = Math.min(high, low);
          this._candleEnds[2 * this._candleCount + 1] = Math.max(high, low);
          this._candleCount += 1;
        }
      }
    }

    /** Find where each can stand, the strongest first. @param {number} height of the pane */
    _placeAll(height) {
      const { candles, room } = this._surface;
      const top = room.top + TAG_PX / 2 + 1;
      const bottom = height - room.bottom - TAG_PX / 2 - 1;
      this._shown.levels.forEach(({ price }, at) => {
        const y = candles.priceToCoordinate(price);
        if (y !== null && y >= room.top && y <= height - room.bottom) {
          const middle = this._nearest(y, top, bottom);
          if (!Number.isNaN(middle)) {
            this._placed[this._count] = at;
            this._heights[this._count] = y;
            this._middles[this._count] = middle;
            this._count += 1;
          }
        }
      });
      this._order();
    }

    /**
     * Have the tags stand as their levels do, one below the other: no leader crosses another. Every
     * tag is of one height, and none stands further from its level than the furthest did before.
     */
    _order() {
      const { _placed: placed, _heights: heights, _middles: middles } = this;
      middles.subarray(0, this._count).sort();
      for (let i = 1; i < this._count; i += 1) {
        for (let at = i; at > 0 && heights[at - 1] > heights[at]; at -= 1) {
          [placed[at - 1], placed[at]] = [placed[at], placed[at - 1]];
          [heights[at - 1], heights[at]] = [heights[at], heights[at - 1]];
        }
      }
    }

    /** @returns {number} the nearest free middle to a level; NaN: there is none near enough */
    _nearest(y, top, bottom) {
      let best = NaN;
      let bestPx = this._candleCount > 0 ? FAR_PX : REACH_PX;
      const beside = 2 * this._count;
      for (let i = -1; i < beside + 2 * this._candleCount; i += 1) {
        let middle = Math.min(Math.max(y, top), bottom);
        if (i >= beside) {
          const clear = TAG_PX / 2 + CLEAR_PX;
          middle = this._candleEnds[i - beside] + ((i - beside) % 2 === 0 ? -clear : clear);
        } else if (i >= 0) {
          middle = this._middles[i >> 1] + (i % 2 === 0 ? APART_PX : -APART_PX);
        }
        const px = Math.abs(middle - y);
        if (px < bestPx && middle >= top && middle <= bottom && this._isFree(middle)) {
          best = middle;
          bestPx = px;
        }
      }
      return best;
    }

    /** @returns {boolean} whether no tag that was placed before is near, and no candle below */
    _isFree(middle) {
      for (let i = 0; i < this._count; i += 1) {
        if (Math.abs(middle - this._middles[i]) < APART_PX - 1e-6) {
          return false;
        }
      }
      const reach = TAG_PX / 2 + CLEAR_PX - 1e-6;
      for (let i = 0; i < 2 * this._candleCount; i += 2) {
        if (this._candleEnds[i] < middle + reach && this._candleEnds[i + 1] > middle - reach) {
          return false;
        }
      }
      return true;
    }

    /** Have the tags painted as they are to look now. */
    _prepare(scope) {
      const { horizontalPixelRatio: ratio } = scope;
      const { chart, ground, picture } = this._surface;
      const { fontFamily } = chart.options().layout;
      const { long, short } = picture.sideColours;
      const { colour, ink } = ground.place;
      const key = [ratio, fontFamily, colour, ink, long, short].join();
      if (key === this._key) {
        return;
      }
      this._drop();
      this._key = key;
      const { context } = scope;
      words.begin(scope, chart.options().layout);
      this._headingWidths = this._heading().map((line) => context.measureText(line).width);
      context.font = "600 " + context.font;
      const texts = this._shown.levels.map(textOf);
      texts.forEach((text, i) => {
        this._widths[i] = Math.ceil(context.measureText(text).width) + 2 * PADDING_PX;
      });
      this._widest = Math.max(...this._widths);
      const { font } = context;
      context.restore();
      this._canvas = document.createElement("canvas");
      this._canvas.width = Math.ceil(this._widest * ratio);
      this._canvas.height = Math.ceil(TAG_PX * texts.length * ratio);
      const own = this._canvas.getContext("2d");
      own.scale(ratio, ratio);
      own.font = font;
      own.textBaseline = "middle";
      texts.forEach((text, i) => {
        this._paintTag(own, i, text, { colour, ink, long, short });
        own.translate(0, TAG_PX);
      });
    }

    _paintTag(context, at, text, { colour, ink, long, short }) {
      const { longUsd, shortUsd } = this._shown.levels[at];
      const width = this._widths[at];
      context.beginPath();
      context.roundRect(0.5, 0.5, width - 1, TAG_PX - 1, RADIUS_PX);
      context.globalAlpha = GROUND_ALPHA;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = EDGE_ALPHA;
      context.strokeStyle = ink;
      context.lineWidth = 1;
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = ink;
      context.fillText(text, PADDING_PX, TEXT_MIDDLE_PX);
      const inner = width - 2 * PADDING_PX;
      // Who was liquidated at all has a pixel at least.
      const least = longUsd > 0 ? 1 : 0;
      const most = shortUsd > 0 ? inner - 1 : inner;
      const part = (inner * longUsd) / (longUsd + shortUsd);
      const longs = Math.min(most, Math.max(least, Math.round(part)));
      context.fillStyle = long;
      context.fillRect(PADDING_PX, BAR_TOP_PX, longs, BAR_PX);
      context.fillStyle = short;
      context.fillRect(PADDING_PX + longs, BAR_TOP_PX, inner - longs, BAR_PX);
    }

    /** Copy them above the candles. @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      if (this._count === 0 || this._canvas === null) {
        return;
      }
      const { context, mediaSize, horizontalPixelRatio: ratio } = scope;
      const { chart, ground } = this._surface;
      const nowX = this._nowX(mediaSize.width);
      words.begin(scope, chart.options().layout);
      context.strokeStyle = context.fillStyle = ground.place.ink;
      context.globalAlpha = LEADER_ALPHA;
      context.lineWidth = 1;
      context.setLineDash(DASH_PX);
      context.beginPath();
      for (let i = 0; i < this._count; i += 1) {
        const left = this._right - this._widths[this._placed[i]];
        const y = Math.round(this._heights[i]) + 0.5;
        context.moveTo(Math.min(nowX + GAP_PX, left - LEADER_PX), y);
        context.lineTo(left - LEADER_PX / 2, y);
        context.lineTo(left, Math.round(this._middles[i]) + 0.5);
      }
      context.stroke();
      const top = this._headingTop();
      if (!Number.isNaN(top)) {
        context.globalAlpha = words.CAPTION_ALPHA;
        this._heading().forEach((line, i) => {
          const middle = top + (i + 0.5) * HEADING_LINE_PX;
          context.fillText(line, this._right - this._headingWidths[i], middle);
        });
      }
      context.restore();
      for (let i = 0; i < this._count; i += 1) {
        const at = this._placed[i];
        const width = Math.round(this._widths[at] * ratio);
        const height = Math.round(TAG_PX * ratio);
        context.drawImage(
          this._canvas, 0, Math.round(at * TAG_PX * ratio), width, height,
          Math.round((this._right - this._widths[at]) * ratio),
          Math.round((this._middles[i] - TAG_PX / 2) * ratio), width, height,
        );
      }
    }

    /** @returns {string[]} lines of the heading: of which time, and how wide a level is */
    _heading() {
      const { heading, wide } = this._shown.words;
      return wide ? [heading, wide] : [heading];
    }

    /** @returns {number} where the heading begins, right above the tags; NaN: it has no room */
    _headingTop() {
      let highest = Infinity;
      for (let i = 0; i < this._count; i += 1) {
        highest = Math.min(highest, this._middles[i]);
      }
      const bottom = highest - TAG_PX / 2 - HEADING_GAP_PX;
      const top = bottom - HEADING_LINE_PX * this._heading().length;
      for (let i = 0; i < 2 * this._candleCount; i += 2) {
        if (this._candleEnds[i] < bottom && this._candleEnds[i + 1] > top) {
          return NaN;
        }
      }
      return top < this._surface.room.top ? NaN : top;
    }

    /** @returns {number} where the window ends, CSS pixels; the pane's right edge at most */
    _nowX(width) {
      const { axis, picture } = this._surface;
      const { grid } = picture;
      if (grid === null) {
        return width;
      }
      axis.place(grid.endMs - 1, grid.endMs, width);
      return axis.segments === 0 ? width : axis.toX[axis.segments - 1];
    }

    /**
     * @param {number} x @param {number} y CSS pixels of the pane
     * @returns {any} Note about the tag there; null: there is none
     */
    noteAt(x, y) {
      for (let i = 0; i < this._count; i += 1) {
        const left = this._right - this._widths[this._placed[i]];
        if (x >= left && x <= this._right && Math.abs(y - this._middles[i]) <= TAG_PX / 2) {
          return this._noteOf(this._shown.levels[this._placed[i]]);
        }
      }
      return null;
    }

    /** @param {TaggedLevel} level */
    _noteOf(level) {
      const { texts } = this._surface;
      const { words: said } = this._shown;
      const amount = (/** @type {number} */ usd) =>
        usd > 0 ? said.amount.replace("{usd}", heatmap.amounts.usdText(usd)) : "0";
      return {
        key: "tag " + level.low + " " + level.longUsd + " " + level.shortUsd,
        title: said.heading + "\n" + texts.plainPrice(level.low) + " \u2013 " + texts.plainPrice(level.high),
        lines: [
          [said.longs, amount(level.longUsd)],
          [said.shorts, amount(level.shortUsd)],
          [said.count, heatmap.language.wholeNumber(level.count)],
          [said.recorded, said.share],
        ],
      };
    }

    /** Give the canvas's memory back now; the collector may take long. */
    _drop() {
      this._key = "";
      if (this._canvas !== null) {
        this._canvas.width = 0;
        this._canvas = null;
      }
    }
  }

  /** @param {TaggedLevel} level @returns {string} its amount */
  function textOf({ longUsd, shortUsd }) {
    return "\u2265 " + heatmap.amounts.usdText(longUsd + shortUsd);
  }

  heatmap.parts.register({
    name: "level_tags",
    order: 66,
    make: (/** @type {Surface} */ surface) => new LevelTags(surface),
  });
})(this);
