(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * Places times on the chart, whose time scale knows only whole slots. A candle takes one slot,
   * centred on its index; inside a run of candles spaced by the interval, time is affine in x.
   * A hole in the candles starts a new run; times inside the hole have no place.
   */
  class TimeAxis {
    /** @param {any} chart @param {any} candles @param {any} offset OffsetFinder */
    constructor(chart, candles, offset) {
      this._timeScale = chart.timeScale();
      this._data = new heatmap.candleTimes.CandleTimes(candles, offset);
      /** Where the part of the candles ends that is being divided. */
      this._partEnd = 0;
      /** The segments of the last call of `place`, parallel arrays of `segments` entries. */
      this.segments = 0;
      this.fromMs = new Float64Array(64);
      this.toMs = new Float64Array(64);
      this.fromX = new Float64Array(64);
      this.toX = new Float64Array(64);
    }

    destroy() {
      this._data.destroy();
    }

    /** Be up to date before a frame is painted. */
    refresh() {
      this._data.refresh();
    }

    /** @returns {number} of candles */
    get count() {
      return this._data.count;
    }

    /** @returns {number} another one for other candles, or the same at other times */
    get version() {
      return this._data.version;
    }

    /** @returns {number} of the candles, milliseconds */
    get intervalMs() {
      return this._data.intervalMs;
    }

    /** @returns {number} candle time minus UTC of the newest candle, milliseconds */
    get offsetMs() {
      return this._data.offsetMs;
    }

    /** @param {number} x @returns {number} the same of the candle that is there, or nearest */
    offsetAtX(x) {
      return this._data.offsetAt(Math.max(0, this._positionAtX(x, this.barSpacing)));
    }

    /** @param {number} position of a candle @returns {number} its logical index, all series */
    _index(position) {
      return this._timeScale.timeToIndex(this._data.stamps[position] / 1000, false);
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

    /**
     * @param {number} ms @param {number} start @param {number} end of a part
     * @returns {number} its last candle that begins at or before a time, or the one before its first
     */
    _positionAtTime(ms, start, end) {
      const { times } = this._data;
      let low = start - 1;
      let high = end;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] <= ms) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return low;
    }

    /**
     * Find the visible pieces of the time axis between two times; fills `fromMs`, `toMs`, `fromX`,
     * `toX` (CSS pixels), x ascending, in each of which x is affine in time. The piece of the newest
     * candle extends to the right. A time for which there are two candles, as where the host goes on
     * from its history by other candles, is in two pieces.
     * @param {number} fromMs @param {number} toMs UTC @param {number} width of the pane
     * @param {number} [margin] so far outside of the pane still counts as visible, CSS pixels
     */
    place(fromMs, toMs, width, margin = 0) {
      this.segments = 0;
      if (this.count === 0 || !(toMs > fromMs)) {
        return;
      }
      const spacing = this.barSpacing;
      if (!(spacing > 0)) {
        return;
      }
      const { parts } = this._data;
      const leftmost = this._positionAtX(-margin, spacing);
      const rightmost = this._positionAtX(width + margin, spacing);
      for (let part = 0; part < parts.length; part += 1) {
        const start = parts[part];
        const end = this._data.endOfPart(part);
        const first = Math.max(start, leftmost, this._positionAtTime(fromMs, start, end));
        const last = Math.min(rightmost, this._positionAtTime(toMs, start, end));
        if (first <= last && first < end) {
          this._partEnd = end;
          this._split(first, last, spacing, fromMs, toMs);
        }
      }
    }

    /** Add the candles from `first` to `last`, halved until each piece is affine. */
    _split(first, last, spacing, fromMs, toMs) {
      const { times, runs } = this._data;
      const next = last + 1;
      const joined = next < this.count && runs[next] === runs[last];
      const edge = joined ? next : last;
      const isAffine =
        runs[first] === runs[last] &&
        this._index(edge) - this._index(first) === edge - first;
      if (!isAffine && first < last) {
        const middle = (first + last) >> 1;
        this._split(first, middle, spacing, fromMs, toMs);
        this._split(middle + 1, last, spacing, fromMs, toMs);
        return;
      }
      const startX = this._left(first, spacing);
      let endMs = times[last] + this.intervalMs;
      let endX = this._left(edge, spacing) + (joined ? 0 : spacing);
      if (next < this._partEnd) {
        endMs = Math.min(endMs, times[next]);
      } else if (next === this.count && toMs > endMs) {
        endX += ((toMs - endMs) / this.intervalMs) * spacing;
        endMs = toMs;
      }
      this._add(times[first], endMs, startX, endX, fromMs, toMs);
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

    /** @param {number} position of a candle @returns {number} when it begins, UTC milliseconds */
    timeOf(position) {
      return this._data.times[position];
    }

    /** @param {number} position @returns {number} when the candle ends, or the next one begins */
    endOf(position) {
      const { times } = this._data;
      const endMs = times[position] + this.intervalMs;
      const next = position + 1;
      return next < this.count && times[next] > times[position] ? Math.min(endMs, times[next]) : endMs;
    }

    /** @param {number} position of a candle @returns {number} x of its middle */
    middleOf(position) {
      return this._timeScale.logicalToCoordinate(this._index(position));
    }

    /** @param {number} width of the pane @returns {[number, number]} first and last candle in sight */
    positionsIn(width) {
      const spacing = this.barSpacing;
      return [Math.max(0, this._positionAtX(0, spacing)), this._positionAtX(width, spacing)];
    }

    /**
     * @param {number} ms UTC
     * @returns {number | null} where a time is on the time scale, as a logical index with a part;
     *   that of the oldest candle for what is older; null: there are no candles
     */
    logicalOf(ms) {
      if (this.count === 0) {
        return null;
      }
      const { parts } = this._data;
      for (let part = parts.length - 1; part >= 0; part -= 1) {
        const position = this._positionAtTime(ms, parts[part], this._data.endOfPart(part));
        if (position >= parts[part]) {
          const passed = (ms - this._data.times[position]) / this.intervalMs;
          return this._index(position) - 0.5 + Math.min(1, passed);
        }
      }
      return this._index(0);
    }

    /**
     * The time at the pane's left edge, or of the oldest candle where that is right of it.
     * @returns {number | null} UTC milliseconds; null: there are no candles
     */
    leftEdgeMs() {
      const { times } = this._data;
      const spacing = this.barSpacing;
      if (this.count === 0 || !(spacing > 0)) {
        return null;
      }
      const position = this._positionAtX(0, spacing);
      if (position < 0) {
        return times[0];
      }
      const part = Math.min(1, (0 - this._left(position, spacing)) / spacing);
      return Math.round(times[position] + part * this.intervalMs);
    }

    /**
     * The time at the pane's right edge.
     * @param {number} width of the pane
     * @returns {number | null} UTC milliseconds; null while the newest candle is left of the edge
     */
    rightEdgeMs(width) {
      const { times, newest } = this._data;
      const spacing = this.barSpacing;
      const position = this._positionAtX(width, spacing);
      if (position >= newest) {
        return null;
      }
      if (position < 0) {
        return times[0];
      }
      const part = Math.min(1, (width - this._left(position, spacing)) / spacing);
      const lengthMs = times[position + 1] - times[position];
      const isCut = lengthMs < this.intervalMs && !this._data.parts.includes(position + 1);
      return Math.round(times[position] + part * (isCut ? lengthMs : this.intervalMs));
    }
  }

  heatmap.timeAxis = { TimeAxis };
})(this);
