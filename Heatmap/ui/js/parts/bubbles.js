// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** A price scale counts as affine when its middle is off by less than this, CSS pixels. */
  const AFFINE_TOLERANCE_PX = 0.25;
  /** A bubble is pointed at from here, however small it is, CSS pixels. */
  const LEAST_HIT_PX = 5;
  /** From so many on they are painted once, and copied as a whole while the chart only moves. */
  const KEPT_FROM = 60;
  /** So far beside the pane they are painted too, so that it can move, CSS pixels. */
  const KEPT_PX = 200;
  /** Bubbles that move together may differ by this, CSS pixels. */
  const SAME_PX = 0.3;
  /** Room for the rim of a bubble. */
  const KEPT_EDGE_PX = 4;
  /** A pane that is wider has room for the words on the strip, CSS pixels. */
  const ROOMY_PX = 560;
  /** Prices around the middle between which the scale is measured, as a part of it. */
  const NEAR = 0.005;

  /**
   * What Python shows: all bubbles of the window.
   * @typedef {Object} Bubbles
   * @property {string} cells five columns, see readCells, as unpackNumbers takes them
   * @property {number | null} leastUsd less than this gets no bubble; null: what is small gets none
   * @property {number} largeUsd what is just large for the symbol: the measure of their sizes
   * @property {Recorded | null} recorded when they were recorded; null: the heat says so
   * @property {Object<string, string>} words
   */

  /**
   * Recorded liquidations as circles over the heat and behind the candles: the area says how much,
   * the colour whose. Those that would overlap are one. Amounts stand beside the largest, above the
   * candles.
   */
  class RecordedBubbles {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._sprites = new heatmap.bubbleSprites.BubbleSprites();
      this._layer = new heatmap.keptLayer.KeptLayer();
      this._strip = new heatmap.recordedStrip.RecordedStrip(surface);
      /** @type {any} BubbleGroups; null: there are none */
      this._groups = null;
      this._largeUsd = NaN;
      /** @type {Object<string, string>} */
      this._words = {};
      /** The groups' times when they were laid out: others are other groups. @type {any} */
      this._laidOut = null;
      /** Where they were painted last, by the groups' own places; NaN: nowhere. */
      this._x = new Float64Array(0);
      this._y = new Float64Array(0);
      this._radius = new Float64Array(0);
      /** Where they were when all of them were painted last, and how far they have moved since. */
      this._keptX = new Float64Array(0);
      this._keptY = new Float64Array(0);
      this._dx = 0;
      this._dy = 0;
      this._said = new heatmap.bubbleWords.BubbleWords(surface);
      /** CSS pixels per unit of the price's logarithm. */
      this.pxPerLog = NaN;
      /** @type {any[]} entries of the legend's row: longs, shorts, and what was not recorded */
      this._entries = ["", "", ""].map((text) => ({ text, colour: "" }));
      /** The same for a page that shows them: longs and shorts. */
      this._sides = this._entries.slice(0, 2);
      /** The least amount that has a bubble, and its words. */
      this._least = NaN;
      this._leastWords = "";
      /** @type {any} */
      this._row = { font: "", text: "", entries: [] };
      this._onClick = (/** @type {any} */ event) => surface.guard(() => this._pick(event));
      surface.chart.subscribeClick(this._onClick);
    }

    /** @param {Bubbles} bubbles in place of those before */
    take(bubbles) {
      const before = this._groups;
      const cells = heatmap.bubbleGroups.readCells(heatmap.data.unpackNumbers(bubbles.cells));
      this._groups = new heatmap.bubbleGroups.BubbleGroups(cells, bubbles.leastUsd);
      this._words = bubbles.words;
      this._largeUsd = bubbles.largeUsd;
      this._strip.recorded = bubbles.recorded;
      this._row.font = "";
      this._entries[0].text = bubbles.words.longs;
      this._entries[1].text = bubbles.words.shorts;
      this._entries[2].text = bubbles.words.missing;
      if (before !== null) {
        this._groups.follow(before);
      }
    }

    clear() {
      this._groups = null;
      this._strip.recorded = null;
      this._layer.destroy();
    }

    destroy() {
      this._surface.chart.unsubscribeClick(this._onClick);
      this._sprites.destroy();
      this._said.destroy();
      this._strip.destroy();
      this._layer.destroy();
      this._groups = null;
    }

    /** @param {any} scope bitmap coordinates scope @param {{hatch: boolean}} options */
    paint(scope, options) {
      const groups = this._groups;
      this._strip.isSeen = false;
      if (options.hatch && !this._isHatchedBelow()) {
        this._strip.paint(scope);
      }
      if (groups === null || !this._fit(groups)) {
        return;
      }
      const { context, mediaSize, horizontalPixelRatio: ratio } = scope;
      this._place(groups, mediaSize);
      const sprites = this._sprites;
      if (sprites.prepare(ratio, this._surface.ground.hex)) {
        this._layer.forget();
      }
      if (groups.count < KEPT_FROM) {
        this._layer.destroy();
        this._drawAll(context, groups, mediaSize, 0);
      } else if (this._hasMovedOnly(groups, mediaSize)) {
        if (!this._layer.isPainted) {
          this._keep(groups, mediaSize, ratio);
        }
        this._layer.draw(context, Math.round(this._dx * ratio), Math.round(this._dy * ratio));
      } else {
        // Another zoom: the next frame may have another one again.
        this._layer.forget();
        this._keptX.set(this._x);
        this._keptY.set(this._y);
        this._drawAll(context, groups, mediaSize, 0);
      }
      if (groups.count > 0 || this._strip.recorded !== null) {
        const isMarked = options.hatch && this._strip.isSeen;
        this._explain(isMarked, mediaSize.width >= ROOMY_PX);
      }
    }

    /**
     * @returns {boolean} whether bars have a pane of their own right below, where the same time is
     *   hatched: the strip would stick out above it as a second hatch
     */
    _isHatchedBelow() {
      const { bars, legend } = this._surface;
      return legend.sums !== null && bars() !== null;
    }

    /**
     * Add the legend's row.
     * @param {boolean} isMarked whether it says what the strip below the pane is
     * @param {boolean} isRoomy whether a row in the pane has room for that; a page's own legend
     *   lets other things give way
     */
    _explain(isMarked, isRoomy) {
      const { inks } = this._sprites;
      const { ground, legend } = this._surface;
      const colours = [inks[1], inks[0], ground.place.ink];
      this._entries.forEach((entry, i) => (entry.colour = colours[i]));
      if (isMarked) {
        legend.missing = this._words.missing;
      }
      if (this._groups.count > 0) {
        legend.sides = this._sides;
        legend.happened = this._strip.recorded === null ? "" : this._words.happened;
        legend.least = this._leastText();
      }
      const text = this._legendText();
      const { recorded } = this._strip;
      const isNothing = recorded !== null && recorded.sinceMs === null;
      const count = isNothing ? 0 : isMarked && isRoomy ? 3 : 2;
      if (text !== this._row.text || count !== this._row.entries.length) {
        this._row.font = "";
        this._row.text = text;
        this._row.entries = this._entries.slice(0, count);
      }
      legend.rows.push(this._row);
    }

    /** @returns {string} the least amount that has a bubble; empty: all have */
    _leastText() {
      const { least } = this._groups;
      if (least !== this._least) {
        this._least = least;
        this._leastWords = least > 0 ? heatmap.amounts.usdText(least) : "";
      }
      return this._leastWords;
    }

    /** @returns {string} since when they were recorded, in the chart's own time */
    _legendText() {
      const { recorded } = this._strip;
      const { _words: said } = this;
      if (recorded === null) {
        return said.legend;
      }
      if (recorded.sinceMs === null) {
        return said.nothing;
      }
      const moment = this._surface.texts.moment(recorded.sinceMs);
      return said.since.replace("{time}", moment === null ? recorded.sinceText : moment);
    }

    /**
     * Draw those in the pane, and in a margin beside it.
     * @param {any} context in device pixels @param {any} groups @param {any} mediaSize
     * @param {number} margin CSS pixels
     */
    _drawAll(context, groups, mediaSize, margin) {
      const { _x: xs, _y: ys, _radius: radii, _sprites: sprites } = this;
      const { order, isLong, count } = groups;
      // The largest first: the smaller ones stay to be seen.
      for (let i = 0; i < count; i += 1) {
        const at = order[i];
        if (this.isSeen(at, mediaSize, margin)) {
          sprites.draw(context, isLong[at], radii[at], xs[at], ys[at]);
        }
      }
    }

    /** @returns {boolean} whether all that are seen have moved as one since they were kept */
    _hasMovedOnly(groups, mediaSize) {
      const { _x: xs, _y: ys, _keptX: keptX, _keptY: keptY } = this;
      let isFirst = true;
      for (let i = 0; i < groups.count; i += 1) {
        if (!this.isSeen(i, mediaSize, 0)) {
          continue;
        }
        if (isFirst) {
          isFirst = false;
          this._dx = xs[i] - keptX[i];
          this._dy = ys[i] - keptY[i];
        }
        const dx = Math.abs(xs[i] - keptX[i] - this._dx);
        const dy = Math.abs(ys[i] - keptY[i] - this._dy);
        // One that had no place has none to have moved from: NaN.
        if (!(dx < SAME_PX && dy < SAME_PX)) {
          return false;
        }
      }
      return !isFirst;
    }

    /** Paint all of them once, for the frames to come. */
    _keep(groups, mediaSize, ratio) {
      const { _x: xs, _y: ys } = this;
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i < groups.count; i += 1) {
        if (this.isSeen(i, mediaSize, KEPT_PX)) {
          left = Math.min(left, xs[i]);
          right = Math.max(right, xs[i]);
          top = Math.min(top, ys[i]);
          bottom = Math.max(bottom, ys[i]);
        } else {
          xs[i] = NaN;
        }
      }
      const reach = heatmap.bubbleSprites.MOST_PX + KEPT_EDGE_PX;
      this._layer.build(
        Math.floor((left - reach) * ratio), Math.floor((top - reach) * ratio),
        Math.ceil((right + reach) * ratio), Math.ceil((bottom + reach) * ratio),
        (/** @type {any} */ context) => this._drawAll(context, groups, mediaSize, KEPT_PX),
      );
      this._keptX.set(xs);
      this._keptY.set(ys);
      this._dx = this._dy = 0;
    }

    /** @returns {boolean} whether the bubbles are those of the present zoom */
    _fit(groups) {
      const { axis, candles } = this._surface;
      const { middle } = groups.cells;
      const low = candles.priceToCoordinate(middle * (1 - NEAR));
      const high = candles.priceToCoordinate(middle * (1 + NEAR));
      if (low === null || high === null) {
        return false;
      }
      const pxPerLog = Math.abs(high - low) / Math.log((1 + NEAR) / (1 - NEAR));
      this.pxPerLog = pxPerLog;
      groups.fit(axis.barSpacing / axis.intervalMs, pxPerLog);
      if (this._laidOut !== groups.ms) {
        // Others than those of the frame before.
        this._laidOut = groups.ms;
        this._x = new Float64Array(groups.count);
        this._y = new Float64Array(groups.count);
        this._keptX = new Float64Array(groups.count).fill(NaN);
        this._keptY = new Float64Array(groups.count);
        this._layer.forget();
        this._radius = groups.usd.map((usd) => heatmap.bubbleSprites.radiusOf(usd, this._largeUsd));
        this._said.forget(groups.count);
      }
      return true;
    }

    /** Find where all of them are. */
    _place(groups, mediaSize) {
      const { axis, candles } = this._surface;
      const { _x: xs, _y: ys } = this;
      const { count, ms, price, lowPrice, highPrice } = groups;
      xs.fill(NaN);
      if (count === 0) {
        return;
      }
      const end = ms[count - 1] + 1;
      axis.place(ms[0], end, mediaSize.width, KEPT_PX);
      for (let part = 0; part < axis.segments; part += 1) {
        const fromMs = axis.fromMs[part];
        const toMs = axis.toMs[part];
        const fromX = axis.fromX[part];
        const slope = (axis.toX[part] - fromX) / (toMs - fromMs);
        for (let i = groups.firstFrom(fromMs); i < count && ms[i] < toMs; i += 1) {
          xs[i] = fromX + (ms[i] - fromMs) * slope;
        }
      }
      const top = highPrice * (1 + 1e-9);
      const lowY = candles.priceToCoordinate(lowPrice);
      const highY = candles.priceToCoordinate(top);
      const middleY = candles.priceToCoordinate((lowPrice + top) / 2);
      const isAffine = Math.abs(middleY - (lowY + highY) / 2) < AFFINE_TOLERANCE_PX;
      const slope = top > lowPrice ? (highY - lowY) / (top - lowPrice) : 0;
      for (let i = 0; i < count; i += 1) {
        ys[i] = isAffine ? lowY + (price[i] - lowPrice) * slope : candles.priceToCoordinate(price[i]);
      }
    }

    /**
     * @param {number} margin beside the pane, CSS pixels
     * @returns {boolean} whether some of a bubble lies in the pane; false for one without a place
     */
    isSeen(at, mediaSize, margin) {
      const r = this._radius[at] + margin;
      const x = this._x[at];
      const y = this._y[at];
      return x > -r && x < mediaSize.width + r && y > -r && y < mediaSize.height + r;
    }

    /** Write the amounts of the largest ones. @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      if (this._groups !== null && this._laidOut === this._groups.ms) {
        this._said.paint(scope, this);
      }
    }

    /** @returns {string} what words about a side are written in @param {number} isLong 1 or 0 */
    inkOf(isLong) {
      return this._sprites.wordInks[isLong];
    }

    /** @returns {any} BubbleGroups; null: there are none */
    get groups() {
      return this._groups;
    }

    /** @returns {Float64Array} by the groups' own places, CSS pixels; NaN: nowhere */
    get x() {
      return this._x;
    }

    get y() {
      return this._y;
    }

    get radius() {
      return this._radius;
    }

    /** @returns {boolean} whether a bubble's middle is so far inside of the pane */
    isInside(at, mediaSize, margin) {
      const x = this._x[at];
      const y = this._y[at];
      const { width, height } = mediaSize;
      return x > margin && x < width - margin && y > margin && y < height - margin;
    }

    /**
     * @param {number} x @param {number} y CSS pixels of the pane
     * @returns {any} Note about the bubble there; null: there is none
     */
    noteAt(x, y) {
      const at = this._findAt(x, y);
      return at < 0 ? null : this._noteOf(this._groups, at);
    }

    /** Tell Python which bubble was clicked. @param {any} event of the chart's clicks */
    _pick(event) {
      const { candles, picture } = this._surface;
      const pane = event.paneIndex === undefined ? 0 : event.paneIndex;
      const isOn = picture.options.visible && pane === heatmap.series.paneIndexOf(candles);
      const { point } = event;
      const at = isOn && point !== undefined ? this._findAt(point.x, point.y) : -1;
      if (at < 0) {
        return;
      }
      const { price, firstMs, lastMs, isLong, usd, counts, reach } = this._groups;
      this._surface.pick({
        fromMs: Math.floor(firstMs[at] - reach.ms),
        toMs: Math.ceil(lastMs[at] + reach.ms),
        priceLow: price[at] / reach.price,
        priceHigh: price[at] * reach.price,
        isLong: isLong[at] === 1,
        usd: usd[at],
        count: counts[at],
      });
    }

    /** @returns {number} the bubble at a place of the pane, CSS pixels; -1: there is none */
    _findAt(x, y) {
      const groups = this._groups;
      if (groups === null || this._laidOut !== groups.ms) {
        return -1;
      }
      // The smallest first: they lie on top.
      for (let i = groups.count - 1; i >= 0; i -= 1) {
        const at = groups.order[i];
        const reach = Math.max(LEAST_HIT_PX, this._radius[at]);
        const dx = x - this._x[at];
        const dy = y - this._y[at];
        if (dx * dx + dy * dy <= reach * reach) {
          return at;
        }
      }
      return -1;
    }

    _noteOf(groups, at) {
      const { axis, texts } = this._surface;
      const usd = heatmap.amounts.usdText(groups.usd[at]);
      const count = heatmap.language.wholeNumber(groups.counts[at]);
      const { _words: said } = this;
      const amount = said.amount.replace("{usd}", usd).replace("{count}", count);
      const offsetMs = axis.offsetAtX(this._x[at]);
      return {
        key: "bubble " + groups.isLong[at] + " " + groups.ms[at] + " " + amount,
        title: texts.plainPrice(groups.price[at]),
        lines: [
          [groups.isLong[at] ? said.longsLiquidated : said.shortsLiquidated, amount],
          [said.time, texts.times(groups.firstMs[at], groups.lastMs[at], offsetMs)],
        ],
      };
    }
  }

  heatmap.parts.register({
    name: "bubbles",
    order: 45,
    options: ["hatch"],
    make: (/** @type {Surface} */ surface) => new RecordedBubbles(surface),
  });
})(this);
