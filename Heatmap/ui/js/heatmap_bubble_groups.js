(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** The finest cells, as Python's `bubble_cells` has them: those of the page are whole ones. */
  const TIME_STEP_MS = 1000;
  const PRICE_STEP = 1e-5;
  /** What is as near to each other as this is one bubble, CSS pixels. */
  const CELL_PX = 13;
  /** Cells keep their size while it is within these: nothing jumps while the chart moves. */
  const LEAST_CELL_PX = 9;
  const MOST_CELL_PX = 19;
  /** Without an amount of its own, what is small is left out: bubbles hold this part of all USD. */
  const SHOWN_PART = 0.9;
  /** The least amount stays while it is this near to what it would be now. */
  const STEADY = 1.1;
  const COLUMNS = 5;
  /** Python joins liquidations of about the same time where there are many of them. */
  const CELL_REACH_MS = 1000;
  /** More than there are price steps between any two prices of one symbol. */
  const PRICE_STEPS = Math.pow(2, 24);

  /**
   * What Python sends: cells by time, of one side each.
   * @typedef {Object} Cells
   * @property {number} count of cells
   * @property {Float64Array} ms @property {Float64Array} price USD @property {Float64Array} usd
   * @property {Float64Array} counts of liquidations @property {Float64Array} isLong 1 or 0
   * @property {Float64Array} logs of the prices
   * @property {number} middle price, by USD
   */

  /** @param {Float64Array} numbers the columns one behind the other @returns {Cells} */
  function readCells(numbers) {
    const count = numbers.length / COLUMNS;
    if (!Number.isInteger(count)) {
      throw new Error("bubbles: " + COLUMNS + " columns expected, got " + numbers.length + " numbers");
    }
    const [ms, price, usd, counts, isLong] = Array.from({ length: COLUMNS }, (_, i) =>
      numbers.subarray(i * count, (i + 1) * count),
    );
    let total = 0;
    let weighted = 0;
    for (let i = 0; i < count; i += 1) {
      total += usd[i];
      weighted += usd[i] * price[i];
    }
    return { count, ms, price, usd, counts, isLong, logs: price.map(Math.log), middle: weighted / total };
  }

  /**
   * Bubbles: what of one side lies in one cell of time and price, at its mean place by USD. Cells
   * belong to times and prices and not to pixels, and double or halve when the zoom asks for it.
   */
  class BubbleGroups {
    /** @param {Cells} cells @param {number | null} leastUsd null: by what there is */
    constructor(cells, leastUsd) {
      this.cells = cells;
      this._leastUsd = leastUsd;
      /** The cells' width and height: how often the finest ones are doubled. */
      this._timeSize = NaN;
      this._priceSize = NaN;
      /** The least amount that is shown, USD. */
      this.least = NaN;
      this._take([]);
    }

    /** Go on from what was shown before, where that was of the same size. @param {BubbleGroups} before */
    follow(before) {
      this._timeSize = before._timeSize;
      this._priceSize = before._priceSize;
      this.least = before._leastUsd === this._leastUsd ? before.least : NaN;
      this._merge();
    }

    /**
     * Have cells of a size that suits the zoom.
     * @param {number} pxPerMs @param {number} pxPerLog CSS pixels per unit of the price's logarithm
     */
    fit(pxPerMs, pxPerLog) {
      const timeSize = fitting(this._timeSize, pxPerMs * TIME_STEP_MS);
      const priceSize = fitting(this._priceSize, pxPerLog * PRICE_STEP);
      if (timeSize !== this._timeSize || priceSize !== this._priceSize) {
        this._timeSize = timeSize;
        this._priceSize = priceSize;
        this.least = NaN;
        this._merge();
      }
    }

    _merge() {
      const { count, ms, price, usd, counts, isLong, logs } = this.cells;
      const width = TIME_STEP_MS * Math.pow(2, this._timeSize);
      const height = PRICE_STEP * Math.pow(2, this._priceSize);
      if (count === 0 || !(width > 0) || !(height > 0)) {
        this._take([]);
        return;
      }
      const startMs = ms[0];
      const firstCol = Math.floor(startMs / width);
      const firstRow = Math.floor(logs[0] / height);
      const groups = new Map();
      for (let i = 0; i < count; i += 1) {
        const col = Math.floor(ms[i] / width) - firstCol;
        const row = Math.floor(logs[i] / height) - firstRow + PRICE_STEPS / 2;
        const key = (col * PRICE_STEPS + row) * 2 + isLong[i];
        let group = groups.get(key);
        if (group === undefined) {
          group = {
            ms: 0, price: 0, usd: 0, count: 0, isLong: isLong[i], firstMs: ms[i], lastMs: ms[i],
          };
          groups.set(key, group);
        }
        group.ms += (ms[i] - startMs) * usd[i];
        group.price += price[i] * usd[i];
        group.usd += usd[i];
        group.count += counts[i];
        group.lastMs = ms[i];
      }
      const all = Array.from(groups.values());
      for (const group of all) {
        group.ms = startMs + group.ms / group.usd;
        group.price /= group.usd;
      }
      all.sort((one, other) => other.usd - one.usd);
      this._take(all.slice(0, this._shownOf(all)));
    }

    /** @returns {number} how many of all groups, the largest first, are not too small */
    _shownOf(all) {
      if (this._leastUsd !== null) {
        this.least = this._leastUsd;
      } else {
        const total = all.reduce((sum, group) => sum + group.usd, 0);
        let sum = 0;
        const last = all.find((group) => (sum += group.usd) >= SHOWN_PART * total);
        const fresh = last === undefined ? 0 : last.usd;
        if (!(this.least <= fresh * STEADY && this.least >= fresh / STEADY)) {
          this.least = fresh;
        }
      }
      const shown = all.findIndex((group) => group.usd < this.least);
      return shown < 0 ? all.length : shown;
    }

    /** @param {Array<any>} largest groups, the largest first */
    _take(largest) {
      const groups = largest.slice().sort((one, other) => one.ms - other.ms);
      groups.forEach((group, i) => (group.at = i));
      const column = (/** @type {string} */ name) => Float64Array.from(groups, (group) => group[name]);
      this.count = groups.length;
      /** By time. */
      this.ms = column("ms");
      this.price = column("price");
      this.usd = column("usd");
      this.counts = column("count");
      this.isLong = column("isLong");
      this.firstMs = column("firstMs");
      this.lastMs = column("lastMs");
      /** Places in these, the largest first. */
      this.order = Uint32Array.from(largest, (group) => group.at);
      this.lowPrice = this.price.reduce((low, price) => Math.min(low, price), Infinity);
      this.highPrice = this.price.reduce((high, price) => Math.max(high, price), 0);
    }

    /**
     * @returns {{ms: number, price: number}} how far the liquidations of a group may lie from what is
     *   known of it: cells have one time each, and a group one price, by a factor
     */
    get reach() {
      return { ms: CELL_REACH_MS, price: Math.exp(PRICE_STEP * Math.pow(2, this._priceSize)) };
    }

    /** @param {number} ms @returns {number} the first group at or after a time */
    firstFrom(ms) {
      let low = 0;
      let high = this.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.ms[middle] < ms) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }

  /**
   * @param {number} size how often the finest cell is doubled at present; NaN: not known
   * @param {number} stepPx of the finest cell, CSS pixels
   * @returns {number} the same, or another one where cells would be too small or too large
   */
  function fitting(size, stepPx) {
    const px = stepPx * Math.pow(2, size);
    if (px >= LEAST_CELL_PX && px <= MOST_CELL_PX) {
      return size;
    }
    return Math.max(0, Math.round(Math.log2(CELL_PX / stepPx)));
  }

  heatmap.bubbleGroups = { BubbleGroups, readCells };
})(this);
