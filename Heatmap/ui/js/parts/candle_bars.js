// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  /** So much of the height stays free above the bars, for the words. */
  const HEAD_ROOM = 0.24;
  /** Where these end at the latest, CSS pixels: the line of nothing stands below them. */
  const WORDS_PX = 23;
  const MOST_WORDS_PART = 0.6;
  const NO_HEIGHT = 0.5;
  /** Longs get this part of the rest at least, so that the line of nothing is off the edge. */
  const LEAST_DOWN = 0.1;
  /** Without a pane of their own the bars take this part of the candles' pane, within these. */
  const STRIP_PART = 0.16;
  const STRIP_LEAST_PX = 44;
  const STRIP_MOST_PX = 92;
  /** A bar's width, as a part of its candle's room. */
  const WIDTH = 0.7;
  const WORDS_LEFT_PX = 8;
  const LINE_ALPHA = 0.22;
  const HATCH_PX = 9;
  const HATCH_ALPHA = { gap: 0.28, unproven: 0.13 };
  /** Places in a side's colours, on dark and on light grounds. */
  const PLACE = { dark: 0.75, light: 0.55 };
  const MIDDLE = 3 * 128;
  const COLUMNS = 3;
  /** Of a price scale's modes. */
  const LINEAR = 0;

  /**
   * What Python shows.
   * @typedef {Object} CandleBarSums
   * @property {string} sums columns of time (UTC), longs and shorts (USD), as unpackNumbers takes
   *   them: sums of equal lengths of time, by time, without those in which nothing was liquidated
   * @property {number} startMs what is earlier is not known
   * @property {{gaps: Array<[number | null, number | null, "gap" | "unproven"]>}} recorded as for bubbles
   * @property {Object<string, string>} words
   */

  /** Paints in the pane of a series that the page keeps for the bars, and gives it their range. */
  class BarsPrimitive {
    /** @param {CandleBars} owner */
    constructor(owner) {
      this._owner = owner;
      const renderer = {
        draw: (/** @type {any} */ target) =>
          target.useBitmapCoordinateSpace((/** @type {any} */ scope) => owner.paintPane(scope)),
      };
      this._views = [{ zOrder: () => "normal", renderer: () => renderer }];
      this._requestUpdate = () => {};
    }

    attached({ requestUpdate }) {
      this._requestUpdate = requestUpdate;
    }

    detached() {
      this._requestUpdate = () => {};
    }

    requestUpdate() {
      this._requestUpdate();
    }

    updateAllViews() {}

    paneViews() {
      return this._views;
    }

    autoscaleInfo() {
      return this._owner.rangeInfo();
    }
  }

  /**
   * Longs and shorts of each candle's time, as they were recorded: shorts up, longs down, on one
   * scale. They stand in the pane of a series that the page keeps for them, or where there is none
   * in the lower part of the candles' pane. Time that was not recorded is hatched.
   */
  class CandleBars {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._primitive = new BarsPrimitive(this);
      this._still = new heatmap.stillFrame.StillFrame(surface);
      this._patterns = new heatmap.hatching.Patterns(HATCH_ALPHA, HATCH_PX);
      /** @type {any} the series that the primitive is on; null: none */
      this._series = null;
      /** @type {CandleBarSums | null} */
      this._shown = null;
      this._isHatched = true;
      this._ms = new Float64Array(0);
      this._longs = new Float64Array(0);
      this._shorts = new Float64Array(0);
      /** Of the candles in sight: the first one's position, how many, and their sums. */
      this._first = 0;
      this._count = 0;
      this._up = new Float64Array(256);
      this._down = new Float64Array(256);
      this._mostUp = 0;
      this._mostDown = 0;
      /** What the bars are filled with on a ground. */
      this._ground = "";
      this._inks = { short: "", long: "" };
    }

    destroy() {
      this._leave();
      this._patterns.clear();
      this._shown = null;
    }

    clear() {
      this._shown = null;
      this._surface.legend.sums = null;
      this._leave();
    }

    /** @param {{hatch: boolean}} options */
    changed(options) {
      this._isHatched = options.hatch;
      this._primitive.requestUpdate();
    }

    /** @param {CandleBarSums} shown in place of what was shown before */
    take(shown) {
      const numbers = heatmap.data.unpackNumbers(shown.sums);
      const count = numbers.length / COLUMNS;
      this._ms = numbers.subarray(0, count);
      this._longs = numbers.subarray(count, 2 * count);
      this._shorts = numbers.subarray(2 * count);
      this._shown = shown;
      // Another one for other sums.
      this._surface.legend.sums = {
        of: (/** @type {number} */ fromMs, /** @type {number} */ toMs) => this.sumsOf(fromMs, toMs),
        lines: (/** @type {number} */ fromMs, /** @type {number} */ toMs) => {
          const { longs, shorts } = this.sumsOf(fromMs, toMs);
          const { words: said } = shown;
          const line = (label, usd) => (usd === "" ? [] : [[label, said.amount.replace("{usd}", usd)]]);
          return line(said.longs, longs).concat(line(said.shorts, shorts));
        },
      };
      this.look();
      this._primitive.requestUpdate();
    }

    /**
     * @param {number} fromMs @param {number} toMs UTC, half-open
     * @returns {{longs: string, shorts: string}} what was liquidated in this time, as amounts;
     *   empty: nothing was, or that is not known
     */
    sumsOf(fromMs, toMs) {
      let [longs, shorts] = [0, 0];
      for (let i = firstFrom(this._ms, fromMs); i < this._ms.length && this._ms[i] < toMs; i += 1) {
        longs += this._longs[i];
        shorts += this._shorts[i];
      }
      const { usdText } = heatmap.amounts;
      return { longs: longs > 0 ? usdText(longs) : "", shorts: shorts > 0 ? usdText(shorts) : "" };
    }

    /** Go to the pane that there is for the bars; called after each frame. */
    look() {
      const series = this._shown === null ? null : this._surface.bars();
      if (series === this._series) {
        return;
      }
      this._leave();
      if (series !== null && heatmap.series.paneIndexOf(series) !== null) {
        series.attachPrimitive(this._primitive);
        this._series = series;
      }
    }

    _leave() {
      this._still.destroy();
      const series = this._series;
      this._series = null;
      if (series !== null && heatmap.series.paneIndexOf(series) !== null) {
        series.detachPrimitive(this._primitive);
      }
    }

    /** @returns {any} what the pane's price scale has to hold */
    rangeInfo() {
      if (this._shown === null) {
        return null;
      }
      this._add();
      const down = this._below();
      // Less than an amount that the axis could name, where there is none.
      const up = this._above(this._series === null ? 0 : this._series.getPane().getHeight());
      const height = (up + down) / (1 - HEAD_ROOM) || NO_HEIGHT;
      return { priceRange: { minValue: -down, maxValue: height - down } };
    }

    /** @returns {number} how much room there is for longs, USD */
    _below() {
      return Math.max(this._mostDown, this._mostUp * LEAST_DOWN);
    }

    /**
     * @param {number} height of all the room, CSS pixels; 0: not known
     * @returns {number} how much room there is for shorts, USD: where all are longs so much that the
     *   line of nothing does not strike the words through
     */
    _above(height) {
      const part = height > 0 ? Math.min(MOST_WORDS_PART, WORDS_PX / height) : 0;
      const free = Math.max(0, part - HEAD_ROOM) / (1 - HEAD_ROOM);
      return Math.max(this._mostUp, (this._below() * free) / (1 - free));
    }

    /** Paint in the candles' pane, where the page has no other. @param {any} scope */
    paint(scope, options) {
      if (this._shown === null) {
        return;
      }
      if (options.hatch && this._isGapSeen(scope.mediaSize.width)) {
        this._surface.legend.missing = this._shown.words.missing || "";
      }
      if (this._surface.bars() !== null) {
        return;
      }
      const { height } = scope.mediaSize;
      const wanted = Math.round(height * STRIP_PART);
      const strip = Math.min(STRIP_MOST_PX, Math.max(STRIP_LEAST_PX, wanted));
      this._isHatched = options.hatch;
      this._add();
      const down = this._below();
      const pxPerUsd = (strip * (1 - HEAD_ROOM)) / (this._above(strip) + down || 1);
      this._paintAll(scope, height - strip, height, height - down * pxPerUsd, pxPerUsd);
      this._surface.room.bottom = Math.max(this._surface.room.bottom, strip);
    }

    /** Paint in the pane of the page's series. @param {any} scope */
    paintPane(scope) {
      this._surface.guard(() => {
        const series = this._series;
        if (this._shown === null || series === null || !this._surface.picture.options.visible) {
          return;
        }
        this._surface.axis.refresh();
        this._add();
        const { height } = scope.mediaSize;
        const zero = this._yOf(series, 0, height);
        const one = this._yOf(series, this._mostUp + this._below() || 1, height);
        if (zero !== null && one !== null) {
          const pxPerUsd = (zero - one) / (this._mostUp + this._below() || 1);
          this._paintAll(scope, 0, height, zero, pxPerUsd);
        }
      });
    }

    /**
     * The chart itself gives no place where the series' value lies left of what is in sight.
     * @param {any} series @param {number} usd @param {number} height of its pane, CSS pixels
     * @returns {number | null} where an amount is in the series' pane; null: nobody knows
     */
    _yOf(series, usd, height) {
      const y = series.priceToCoordinate(usd);
      if (y !== null) {
        return y;
      }
      const scale = series.priceScale();
      const { autoScale, mode, invertScale, scaleMargins } = scale.options();
      if (!autoScale || mode !== LINEAR || invertScale) {
        return null;
      }
      const { minValue, maxValue } = this.rangeInfo().priceRange;
      const [top, bottom] = [scaleMargins.top * height, scaleMargins.bottom * height];
      const part = (usd - minValue) / (maxValue - minValue);
      return height - 1 - bottom - (height - top - bottom - 1) * part;
    }

    /** Add up what belongs to each candle in sight. */
    _add() {
      const { axis, chart } = this._surface;
      const { _ms: ms, _longs: longs, _shorts: shorts } = this;
      this._count = 0;
      this._mostUp = 0;
      this._mostDown = 0;
      if (axis.count === 0) {
        return;
      }
      const [first, last] = axis.positionsIn(chart.timeScale().width());
      const count = Math.max(0, last - first + 1);
      if (this._up.length < count) {
        this._up = new Float64Array(2 * count);
        this._down = new Float64Array(2 * count);
      }
      let at = 0;
      let reachedMs = Infinity;
      for (let i = 0; i < count; i += 1) {
        const fromMs = axis.timeOf(first + i);
        const endMs = axis.endOf(first + i);
        if (!(fromMs >= reachedMs)) {
          at = firstFrom(ms, fromMs);
        }
        while (at < ms.length && ms[at] < fromMs) {
          at += 1;
        }
        let up = 0;
        let down = 0;
        for (; at < ms.length && ms[at] < endMs; at += 1) {
          up += shorts[at];
          down += longs[at];
        }
        reachedMs = endMs;
        this._up[i] = up;
        this._down[i] = down;
        this._mostUp = Math.max(this._mostUp, up);
        this._mostDown = Math.max(this._mostDown, down);
      }
      this._first = first;
      this._count = count;
    }

    /**
     * @param {any} scope bitmap coordinates scope
     * @param {number} top @param {number} bottom of the room, CSS pixels
     * @param {number} zero y of nothing @param {number} pxPerUsd CSS pixels per USD
     */
    _paintAll(scope, top, bottom, zero, pxPerUsd) {
      const { context, mediaSize, verticalPixelRatio: ratioY } = scope;
      const { ground } = this._surface;
      const place = ground.at(bottom - 1, mediaSize.height);
      if (ground.hex !== this._ground) {
        this._ground = ground.hex;
        this._inks = { short: inkOf(ground.hex, "short"), long: inkOf(ground.hex, "long") };
      }
      if (this._isHatched) {
        this._hatch(scope, top, bottom, place);
      }
      const line = Math.round(zero * ratioY);
      context.globalAlpha = LINE_ALPHA;
      context.fillStyle = place.ink;
      context.fillRect(0, line, scope.bitmapSize.width, Math.max(1, Math.floor(ratioY)));
      context.globalAlpha = 1;
      this._still.paint(scope, [this._shown, line, pxPerUsd, ratioY, ground.version], (own) =>
        this._drawBars(own, line, pxPerUsd),
      );
      this._write(scope, top, place);
    }

    /**
     * @param {any} scope bitmap coordinates scope
     * @param {number} line y of nothing, device pixels @param {number} pxPerUsd CSS pixels per USD
     */
    _drawBars(scope, line, pxPerUsd) {
      const { context, horizontalPixelRatio: ratioX, verticalPixelRatio: ratioY } = scope;
      const { axis } = this._surface;
      const width = Math.max(1, Math.round(axis.barSpacing * WIDTH * ratioX));
      for (const [amounts, side, sign] of [
        [this._up, "short", -1],
        [this._down, "long", 1],
      ]) {
        context.fillStyle = this._inks[side];
        for (let i = 0; i < this._count; i += 1) {
          if (amounts[i] > 0) {
            const length = Math.max(1, Math.round(amounts[i] * pxPerUsd * ratioY));
            const left = Math.round(axis.middleOf(this._first + i) * ratioX - width / 2);
            context.fillRect(left, sign < 0 ? line - length : line, width, length);
          }
        }
      }
    }

    _write(scope, top, place) {
      const { context } = scope;
      const { title } = this._shown.words;
      const y = top + words.LINE_PX - 3;
      words.begin(scope, this._surface.chart.options().layout);
      const width = words.widthOf(context, title);
      const left = WORDS_LEFT_PX - words.PADDING_PX;
      words.layGround(
        context, place, words.GROUND_ALPHA, left, y - words.LINE_PX / 2, width, words.LINE_PX,
      );
      context.globalAlpha = words.CAPTION_ALPHA;
      context.fillStyle = place.ink;
      context.fillText(title, WORDS_LEFT_PX, y);
      context.restore();
    }

    /** @returns {number} until when it is told what was not recorded, UTC milliseconds */
    _untilMs() {
      const { axis, picture } = this._surface;
      return picture.grid === null ? axis.endOf(axis.count - 1) : picture.grid.endMs;
    }

    /** @returns {boolean} whether time in sight was not recorded @param {number} width of the pane */
    _isGapSeen(width) {
      const { axis } = this._surface;
      const { gaps } = this._shown.recorded;
      const left = axis.leftEdgeMs();
      const right = axis.rightEdgeMs(width);
      if (left === null) {
        return false;
      }
      const first = Math.max(left, this._shown.startMs);
      const last = right === null ? this._untilMs() : Math.min(right, this._untilMs());
      // Less than a pixel is not seen: as the moments since the newest heartbeat.
      const leastMs = axis.intervalMs / axis.barSpacing;
      return gaps.some(([fromMs, toMs]) => {
        const from = fromMs === null ? first : Math.max(first, fromMs);
        return (toMs === null ? last : Math.min(last, toMs)) - from >= leastMs;
      });
    }

    /** Hatch the time that was not recorded, until now. */
    _hatch(scope, top, bottom, place) {
      const { context, mediaSize, bitmapSize, horizontalPixelRatio: ratio } = scope;
      const { axis } = this._surface;
      const { startMs, recorded } = this._shown;
      const nowMs = this._untilMs();
      const y = Math.round(top * scope.verticalPixelRatio);
      const height = Math.round(bottom * scope.verticalPixelRatio) - y;
      for (const [fromMs, toMs, kind] of recorded.gaps) {
        axis.place(fromMs === null ? startMs : fromMs, toMs === null ? nowMs : toMs, mediaSize.width);
        for (let i = 0; i < axis.segments; i += 1) {
          const left = Math.max(0, Math.round(axis.fromX[i] * ratio));
          const right = Math.min(bitmapSize.width, Math.round(axis.toX[i] * ratio));
          context.fillStyle = this._patterns.find(context, ratio, place.ink, kind, place.ink);
          context.fillRect(left, y, Math.max(0, right - left), height);
        }
      }
    }
  }

  /** @param {string} ground #rrggbb @param {string} side @returns {string} CSS colour of its bars */
  function inkOf(ground, side) {
    const rgb = [1, 3, 5].map((at) => parseInt(ground.slice(at, at + 2), 16));
    const place = rgb[0] + rgb[1] + rgb[2] < MIDDLE ? PLACE.dark : PLACE.light;
    return "rgb(" + heatmap.palette.sideColourAt(ground, /** @type {any} */ (side), place).join(",") + ")";
  }

  /** @param {Float64Array} times rising @param {number} ms @returns {number} the first from it on */
  function firstFrom(times, ms) {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < ms) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  heatmap.parts.register({
    name: "candle_bars",
    order: 38,
    options: ["hatch"],
    make: (/** @type {Surface} */ surface) => new CandleBars(surface),
  });
})(this);
