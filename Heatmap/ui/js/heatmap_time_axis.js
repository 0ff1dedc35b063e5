(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Without two candles there is no interval to measure. */
  const DEFAULT_INTERVAL_MS = 60000;
  const FAR_RIGHT_INDEX = 1e9;
  const NEAREST_LEFT = -1;

  /** @param {any} time as Lightweight Charts takes it @returns {number} UTC milliseconds */
  function timeToMs(time) {
    if (typeof time === "number") {
      return time * 1000;
    }
    if (typeof time === "string") {
      return Date.parse(time);
    }
    return Date.UTC(time.year, time.month - 1, time.day);
  }

  /** @param {any} item of a candle series @returns {boolean} false for a blank place */
  function isCandle(item) {
    return item.close !== undefined || item.value !== undefined;
  }

  /**
   * Places times on the chart, whose time scale knows only whole slots. A candle takes one slot,
   * centred on its index; inside a run of candles spaced by the interval, time is affine in x.
   * A hole in the candles starts a new run; times inside the hole have no place.
   */
  class TimeAxis {
    /** @param {any} chart @param {any} candles @param {any} offset OffsetFinder */
    constructor(chart, candles, offset) {
      this._timeScale = chart.timeScale();
      this._candles = candles;
      this._offset = offset;
      /** Open times as the page has them, and in UTC. */
      this._stamps = new Float64Array(1024);
      this._times = new Float64Array(1024);
      /** Number of the run that each candle belongs to. */
      this._runs = new Int32Array(1024);
      this.count = 0;
      /** Position of the newest candle with prices, the last one or before blank ones; or -1. */
      this._newest = -1;
      /** The offset that the newest times were made with. */
      this._offsetMs = NaN;
      this.intervalMs = DEFAULT_INTERVAL_MS;
      this._dirty = true;
      this._tail = false;
      /** The newest candle was seen to change, and when, by the machine's clock. */
      this._isLive = false;
      this._seenMs = Date.now();
      this._onData = (/** @type {string} */ scope) => {
        const isUpdate = scope === "update";
        this._dirty = this._dirty || !isUpdate;
        this._tail = true;
        this._isLive = isUpdate;
        this._seenMs = Date.now();
      };
      candles.subscribeDataChanged(this._onData);
      /** The segments of the last call of `place`, parallel arrays of `segments` entries. */
      this.segments = 0;
      this.fromMs = new Float64Array(64);
      this.toMs = new Float64Array(64);
      this.fromX = new Float64Array(64);
      this.toX = new Float64Array(64);
    }

    destroy() {
      this._candles.unsubscribeDataChanged(this._onData);
    }

    /** Take over what happened to the candles; copies all of them only after a `setData`. */
    refresh() {
      if (!this._dirty && this._tail) {
        this._takeTail();
      }
      if (this._dirty) {
        this._takeAll();
      } else if (this._offset.isDue) {
        this._look();
        this._place();
      }
      this._dirty = false;
      this._tail = false;
    }

    _takeTail() {
      const last = this._candles.dataByIndex(FAR_RIGHT_INDEX, NEAREST_LEFT);
      const stamp = last === null ? NaN : timeToMs(last.time);
      const known = this.count > 0 ? this._stamps[this.count - 1] : NaN;
      if (stamp === known && this._newest === this.count - 1) {
        if (!this._offset.isSettled) {
          this._follow();
        }
        return;
      }
      // Below ten candles a wrong guess of the interval is likely: measure it again.
      if (!(stamp > known) || this.count < 10 || !isCandle(last)) {
        this._dirty = true;
        return;
      }
      this._grow(this.count + 1);
      this._stamps[this.count] = stamp;
      this._times[this.count] = stamp - this._offsetMs;
      this._number(this.count);
      this._newest = this.count;
      this.count += 1;
      this._follow();
    }

    _takeAll() {
      const data = this._candles.data();
      this._grow(data.length);
      this.count = data.length;
      this._newest = -1;
      for (let i = 0; i < data.length; i += 1) {
        this._stamps[i] = timeToMs(data[i].time);
        if (isCandle(data[i])) {
          this._newest = i;
        }
      }
      this.intervalMs = this._commonInterval();
      this._look();
      this._place();
    }

    /** Ask for the offset; the newest candle tells it. */
    _look() {
      if (this._newest >= 0) {
        this._offset.look(
          this._stamps[this._newest], this.intervalMs, this._seenMs, this._isLive,
        );
      }
    }

    /** Ask for the offset again; place the candles anew only where it is another one. */
    _follow() {
      this._look();
      if (this._offset.offsetMs !== this._offsetMs) {
        this._place();
      }
    }

    /** Give every candle its time and its run. */
    _place() {
      this._offsetMs = this._offset.offsetMs;
      let offsetMs = this._offsetMs;
      for (let i = this.count - 1; i >= 0; i -= 1) {
        const later = i + 1 < this.count ? this._stamps[i + 1] : NaN;
        if (later - this._stamps[i] !== this.intervalMs && i + 1 < this.count) {
          offsetMs = this._offset.offsetBefore(offsetMs, later, this._stamps[i], this.intervalMs);
        }
        this._times[i] = this._stamps[i] - offsetMs;
      }
      for (let i = 0; i < this.count; i += 1) {
        this._number(i);
      }
    }

    /** @param {number} position */
    _number(position) {
      if (position === 0) {
        this._runs[0] = 0;
        return;
      }
      const step = this._times[position] - this._times[position - 1];
      this._runs[position] = this._runs[position - 1] + (step === this.intervalMs ? 0 : 1);
    }

    /** The most frequent distance of the last candles. */
    _commonInterval() {
      const counts = new Map();
      let best = DEFAULT_INTERVAL_MS;
      let most = 0;
      for (let i = Math.max(1, this.count - 2000); i < this.count; i += 1) {
        const step = this._stamps[i] - this._stamps[i - 1];
        const count = (counts.get(step) || 0) + 1;
        counts.set(step, count);
        if (step > 0 && (count > most || (count === most && step < best))) {
          most = count;
          best = step;
        }
      }
      return best;
    }

    /** @param {number} size */
    _grow(size) {
      if (size > this._times.length) {
        const stamps = new Float64Array(size * 2);
        const times = new Float64Array(size * 2);
        const runs = new Int32Array(size * 2);
        stamps.set(this._stamps);
        times.set(this._times);
        runs.set(this._runs);
        this._stamps = stamps;
        this._times = times;
        this._runs = runs;
      }
    }

    /** @param {number} position of a candle @returns {number} its logical index, all series */
    _index(position) {
      return this._timeScale.timeToIndex(this._stamps[position] / 1000, false);
    }

    /** @returns {number} candle time minus UTC of the newest candles, milliseconds */
    get offsetMs() {
      return Number.isFinite(this._offsetMs) ? this._offsetMs : 0;
    }

    /** @returns {number} width of a slot, CSS pixels */
    get barSpacing() {
      const index = this._index(this.count - 1);
      const x = this._timeScale.logicalToCoordinate(index);
      return this._timeScale.logicalToCoordinate(index + 1) - x;
    }

    /** @param {number} position @param {number} spacing @returns {number} its slot's left edge */
    _left(position, spacing) {
      return this._timeScale.logicalToCoordinate(this._index(position)) - spacing / 2;
    }

    /** @param {number} x @param {number} spacing @returns {number} last candle that begins <= x */
    _positionAtX(x, spacing) {
      let low = -1;
      let high = this.count;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (this._left(middle, spacing) <= x) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return low;
    }

    /** @param {number} ms @returns {number} last candle that begins at or before it, or -1 */
    _positionAtTime(ms) {
      let low = -1;
      let high = this.count;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (this._times[middle] <= ms) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return low;
    }

    /**
     * Find the visible pieces of the time axis between two times; fills `fromMs`, `toMs`, `fromX`,
     * `toX` (CSS pixels), ascending, in each of which x is affine in time. The piece of the newest
     * candle extends to the right.
     * @param {number} fromMs @param {number} toMs UTC @param {number} width of the pane
     */
    place(fromMs, toMs, width) {
      this.segments = 0;
      if (this.count === 0 || !(toMs > fromMs)) {
        return;
      }
      const spacing = this.barSpacing;
      if (!(spacing > 0)) {
        return;
      }
      const first = Math.max(0, this._positionAtX(0, spacing), this._positionAtTime(fromMs));
      const last = Math.min(this._positionAtX(width, spacing), this._positionAtTime(toMs));
      if (first <= last) {
        this._split(first, last, spacing, fromMs, toMs);
      }
    }

    /** Add the candles from `first` to `last`, halved until each piece is affine. */
    _split(first, last, spacing, fromMs, toMs) {
      const next = last + 1;
      const joined = next < this.count && this._runs[next] === this._runs[last];
      const edge = joined ? next : last;
      const isAffine =
        this._runs[first] === this._runs[last] &&
        this._index(edge) - this._index(first) === edge - first;
      if (!isAffine && first < last) {
        const middle = (first + last) >> 1;
        this._split(first, middle, spacing, fromMs, toMs);
        this._split(middle + 1, last, spacing, fromMs, toMs);
        return;
      }
      const startX = this._left(first, spacing);
      let endMs = this._times[last] + this.intervalMs;
      let endX = this._left(edge, spacing) + (joined ? 0 : spacing);
      if (next < this.count) {
        endMs = Math.min(endMs, this._times[next]);
      } else if (toMs > endMs) {
        endX += ((toMs - endMs) / this.intervalMs) * spacing;
        endMs = toMs;
      }
      this._add(this._times[first], endMs, startX, endX, fromMs, toMs);
    }

    /** Add a piece, cut to the asked times. */
    _add(startMs, endMs, startX, endX, fromMs, toMs) {
      const slope = (endX - startX) / (endMs - startMs);
      const low = Math.max(startMs, fromMs);
      const high = Math.min(endMs, toMs);
      if (!(high > low)) {
        return;
      }
      const i = this.segments;
      const lowX = startX + (low - startMs) * slope;
      // Halving cuts runs as well: what goes on as the piece before did becomes part of it.
      if (i > 0 && low === this.toMs[i - 1] && Math.abs(lowX - this.toX[i - 1]) < 1e-6) {
        const before = (this.toX[i - 1] - this.fromX[i - 1]) / (this.toMs[i - 1] - this.fromMs[i - 1]);
        if (Math.abs(before - slope) <= 1e-9 * Math.abs(slope)) {
          this.toMs[i - 1] = high;
          this.toX[i - 1] = startX + (high - startMs) * slope;
          return;
        }
      }
      if (i === this.fromMs.length) {
        for (const name of ["fromMs", "toMs", "fromX", "toX"]) {
          const longer = new Float64Array(2 * i);
          longer.set(this[name]);
          this[name] = longer;
        }
      }
      this.fromMs[i] = low;
      this.toMs[i] = high;
      this.fromX[i] = startX + (low - startMs) * slope;
      this.toX[i] = startX + (high - startMs) * slope;
      this.segments = i + 1;
    }

    /**
     * The time at the pane's right edge.
     * @param {number} width of the pane
     * @returns {number | null} UTC milliseconds; null while the newest candle is left of the edge
     */
    rightEdgeMs(width) {
      const spacing = this.barSpacing;
      const position = this._positionAtX(width, spacing);
      if (position >= this._newest) {
        return null;
      }
      if (position < 0) {
        return this._times[0];
      }
      const part = Math.min(1, (width - this._left(position, spacing)) / spacing);
      const end = Math.min(this._times[position + 1], this._times[position] + this.intervalMs);
      return Math.round(this._times[position] + part * (end - this._times[position]));
    }
  }

  heatmap.timeAxis = { TimeAxis };
})(this);
