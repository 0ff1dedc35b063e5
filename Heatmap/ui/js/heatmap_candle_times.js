(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Without two candles there is no interval to measure. */
  const DEFAULT_INTERVAL_MS = 60000;
  /** Below so many candles a wrong guess of the interval is likely: it is measured again. */
  const FEW_CANDLES = 10;
  /** Zones differ by this at least: where less is missing, candles are missing. */
  const HALF_HOUR_MS = 1800000;
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

  /** @param {any} one candle @param {any} other @returns {boolean} whether their prices agree */
  function isSame(one, other) {
    return (
      one !== null &&
      ["open", "high", "low", "close", "value"].every((name) => one[name] === other[name])
    );
  }

  /**
   * Candles that came from one path of the host's data: their offset was found, or told, at once.
   * Within them it changes only with the machine's summer time.
   * @typedef {Object} Stretch
   * @property {number} start position of its first candle
   * @property {any} found what the OffsetFinder says of it
   * @property {any} evidence what that rests on: one of its candles
   * @property {boolean} cameTold whether the offset was told before its candles came
   */

  /** @returns {boolean} whether two times follow each other among ascending ones */
  function isNeighbour(stamps, earlier, later) {
    const at = stamps.indexOf(earlier);
    return at >= 0 && stamps[at + 1] === later;
  }

  /** @param {Stretch} stretch @returns {boolean} whether later candles cannot tell more of it */
  function isFixed(stretch) {
    return stretch.found.isSettled || stretch.cameTold;
  }

  /**
   * The candles' open times in UTC, kept up within the host's own calls: what a candle's time says
   * is known best when it comes, and a page that is hidden or late paints nothing meanwhile. The
   * offset belongs to the candle. One that was certain stays until the next `setData`, although the
   * host goes on with candles of another offset.
   */
  class CandleTimes {
    /** @param {any} candles the host's series @param {any} offset OffsetFinder */
    constructor(candles, offset) {
      this._candles = candles;
      this._offset = offset;
      /** Open times as the page has them, and in UTC. */
      this.stamps = new Float64Array(1024);
      this.times = new Float64Array(1024);
      /** Number of the run that each candle belongs to: candles spaced by the interval. */
      this.runs = new Int32Array(1024);
      /**
       * Positions at which times go back, or on by less than an interval, because another offset
       * begins; and 0. In each part times ascend; the same time may be in two.
       * @type {number[]}
       */
      this.parts = [];
      this.count = 0;
      /** Another one for other candles, or the same at other times; prices do not count. */
      this.version = 0;
      /** Position of the newest candle with prices, the last one or before blank ones; or -1. */
      this.newest = -1;
      this.intervalMs = DEFAULT_INTERVAL_MS;
      /** @type {Stretch[]} */
      this._stretches = [];
      /** The newest candle as it was seen last. */
      this._seen = null;
      /** Nothing was taken over yet, or that failed; and from what it was to be. */
      this._isStale = true;
      this._isLive = false;
      this._seenMs = 0;
      /** An older candle may have come, or become another. */
      this._isOutdated = false;
      this._onData = (/** @type {string} */ scope) => this._note(scope === "update");
      this._note(false);
      candles.subscribeDataChanged(this._onData);
    }

    destroy() {
      this._candles.unsubscribeDataChanged(this._onData);
      if (this.count > 0) {
        // The layer may come back to the same candles.
        this._offset.left = this._known();
      }
    }

    /** Before a frame: take over what needs no haste, or failed before, and what was told. */
    refresh() {
      if (this._isStale) {
        this._takeAll();
      } else if (this._isOutdated) {
        this._takeAgain();
      }
      if (this._offset.isDue) {
        this._weighAgain();
      }
    }

    /** @returns {number} candle time minus UTC of the newest candle, milliseconds */
    get offsetMs() {
      return this.newest < 0 ? this._offset.offsetMs : this.offsetAt(this.newest);
    }

    /** @param {number} part @returns {number} position after its last candle */
    endOfPart(part) {
      return part + 1 < this.parts.length ? this.parts[part + 1] : this.count;
    }

    /** @param {number} position @returns {number} candle time minus UTC, milliseconds */
    offsetAt(position) {
      return this.stamps[position] - this.times[position];
    }

    /** Take over what the host has just done. @param {boolean} isUpdate of one candle */
    _note(isUpdate) {
      this._isLive = isUpdate;
      this._seenMs = Date.now();
      try {
        if (!isUpdate || this._isStale) {
          this._takeAll();
          return;
        }
        if (this._offset.isDue) {
          this._weighAgain();
        }
        this._takeUpdate();
      } catch (error) {
        // The host's call goes on; the next frame tries again, and reports.
        this._isStale = true;
      }
    }

    _takeUpdate() {
      const last = this._candles.dataByIndex(FAR_RIGHT_INDEX, NEAREST_LEFT);
      const stamp = last === null ? NaN : timeToMs(last.time);
      const isLast = this.count > 0 && this.newest === this.count - 1;
      const known = isLast ? this.stamps[this.newest] : NaN;
      if (stamp > known && isCandle(last)) {
        this._append(stamp);
        this._seen = last;
      } else if (stamp !== known) {
        this._takeAgain();
      } else {
        // Where the newest one is as it was, an older one may be meant.
        this._isOutdated = this._isOutdated || isSame(this._seen, last);
        this._seen = last;
        this._weighNewest();
      }
    }

    /** @param {number} stamp of a candle after all others */
    _append(stamp) {
      const position = this.count;
      this._grow(position + 1);
      this.stamps[position] = stamp;
      this.newest = position;
      this.count = position + 1;
      this.version += 1;
      if (this.count < FEW_CANDLES) {
        this._measure();
      }
      this._join(position);
    }

    /** Take over all candles of a `setData`. */
    _takeAll() {
      const isFirst = this.count === 0 && this._offset.left !== null;
      const { seams, stamps } = isFirst ? this._offset.left : this._known();
      this._copy(this._candles.data());
      this._isStale = false;
      this._stretches = [];
      this._measure();
      this.times.set(this.stamps.subarray(0, this.count));
      if (this.newest < 0) {
        this._number(0);
        return;
      }
      this._join(0);
      this._divide(seams);
      if (this._stretches.length === 1) {
        this._divideUnseen(stamps);
      }
    }

    /** Take over all candles after changes of single ones: those that are known keep their offset. */
    _takeAgain() {
      const { count, newest } = this;
      const stamps = this.stamps.slice(0, count);
      const times = this.times.slice(0, count);
      const starts = this._stretches.map((stretch) => stamps[stretch.start]);
      const seen = this._seen;
      this._copy(this._candles.data());
      let old = 0;
      for (let i = 0; i < this.count; i += 1) {
        while (old < count && stamps[old] <= this.stamps[i]) {
          old += 1;
        }
        // What was not there before is taken as the candle before it.
        const nearest = Math.max(0, old - 1);
        this.times[i] = this.stamps[i] - (count > 0 ? stamps[nearest] - times[nearest] : 0);
      }
      this._stretches.forEach((stretch, i) => {
        stretch.start = this._positionOf(starts[i]);
      });
      const known = newest < 0 ? NaN : stamps[newest];
      const at = newest < 0 ? 0 : this._positionOf(known);
      const isThere = this.stamps[at] === known && at < this.count;
      const end = isThere ? at + 1 : at;
      this._stretches = this._stretches.filter(({ start }, i, all) => {
        return start < Math.min(end, i + 1 < all.length ? all[i + 1].start : end);
      });
      if (this._stretches.length > 0) {
        this._stretches[0].start = 0;
      }
      this._measure();
      this._number(0);
      if (this.newest >= end || this._stretches.length === 0) {
        this._join(this._stretches.length === 0 ? 0 : end);
      } else if (this.newest === at && isThere && !isSame(seen, this._seen)) {
        this._weighNewest();
      }
    }

    /** @param {any[]} data of the series */
    _copy(data) {
      this._isOutdated = false;
      this.version += 1;
      this._grow(data.length);
      this.count = data.length;
      this.newest = -1;
      for (let i = 0; i < data.length; i += 1) {
        this.stamps[i] = timeToMs(data[i].time);
        if (isCandle(data[i])) {
          this.newest = i;
        }
      }
      this._seen = this.newest < 0 ? null : data[this.newest];
    }

    /** Ask for the offset of the candles from `first` on, which are new; the newest tells it. */
    _join(first) {
      if (this.newest < 0) {
        return;
      }
      const last = this._stretches[this._stretches.length - 1];
      const evidence = this._evidence(first > 0 ? this.offsetAt(first - 1) : null);
      const found = this._offset.weigh(evidence);
      if (last === undefined || !this._goesOn(last, first, found)) {
        const cameTold = found.isTold;
        this._stretches.push({ start: first, found, evidence, cameTold });
        this._place(this._stretches.length - 1);
      } else if (isFixed(last)) {
        const offsetMs = this.offsetAt(first - 1);
        for (let i = first; i < this.count; i += 1) {
          this._setTime(i, offsetMs);
        }
        this._number(first);
      } else {
        this._learn(last, found, evidence, this.offsetAt(first - 1) === found.offsetMs ? first : 0);
      }
    }

    /** @returns {boolean} whether new candles are of the same stretch as those before */
    _goesOn(last, first, found) {
      const offsetMs = this.offsetAt(first - 1);
      if (isFixed(last) || found.offsetMs === offsetMs) {
        return found.offsetMs === offsetMs && (found.isSettled || !isFixed(last));
      }
      const stepMs = this.stamps[first] - this.stamps[first - 1];
      if (stepMs === this.intervalMs) {
        return true;
      }
      // Nobody was sure of those before: they may be of the same path, before a break.
      const missingMs = stepMs - found.offsetMs + offsetMs;
      const isBreak = stepMs - this.intervalMs < HALF_HOUR_MS && stepMs <= missingMs;
      return !last.found.isCertain && (isBreak || missingMs < 0);
    }

    /** The newest candle has changed: ask again where that can tell more. */
    _weighNewest() {
      const last = this._stretches[this._stretches.length - 1];
      if (last !== undefined && !isFixed(last)) {
        const evidence = this._evidence(this.offsetAt(this.newest));
        const found = this._offset.weigh(evidence);
        const isOther = found.offsetMs !== this.offsetAt(this.newest);
        this._learn(last, found, evidence, isOther ? 0 : this.newest);
      }
    }

    /** Take over what is known better of the last stretch; its candles from `first` are placed. */
    _learn(last, found, evidence, first) {
      last.found = found;
      last.evidence = evidence;
      this._place(this._stretches.length - 1, first);
      const before = this._stretches[this._stretches.length - 2];
      const isOne =
        before !== undefined &&
        before.found.isSettled &&
        found.isSettled &&
        before.cameTold === last.cameTold &&
        this.offsetAt(last.start) === this.offsetAt(last.start - 1);
      if (isOne) {
        this._stretches.pop();
        before.found = found;
        before.evidence = evidence;
      }
    }

    /** The data's clock has become another, or an offset was told: ask anew for every stretch. */
    _weighAgain() {
      this._offset.isDue = false;
      this._stretches.forEach((stretch, i) => {
        // What was told for these candles holds for them, although another is told now.
        if (!(stretch.cameTold && this._offset.isTold)) {
          const before = stretch.found;
          const found = this._offset.weigh(stretch.evidence);
          stretch.cameTold = false;
          if (found.isSettled || !before.isSettled || before.isTold) {
            stretch.found = found;
            if (found.offsetMs !== before.offsetMs) {
              this._place(i);
            }
          }
        }
        this._offset.take(stretch.found);
      });
    }

    /** @param {number | null} knownMs offset of the candle before, or of what it was */
    _evidence(knownMs) {
      const stamp = this.stamps[this.newest];
      const isLive = this._isLive;
      return this._offset.evidence(stamp, this.intervalMs, this._seenMs, isLive, knownMs);
    }

    /** Give the candles of a stretch, those from `first` on, their times. */
    _place(index, first = 0) {
      const { start, found, evidence } = this._stretches[index];
      const next = this._stretches[index + 1];
      const end = next === undefined ? this.count : next.start;
      const low = Math.max(start, first);
      const from = Math.min(end - 1, Math.max(low, this._positionOf(evidence.newestMs)));
      let offsetMs = found.offsetMs;
      for (let i = from; i < end; i += 1) {
        this._setTime(i, offsetMs);
      }
      const changes = this._offset.mayChange(offsetMs, this.stamps[low], this.stamps[from]);
      for (let i = from - 1; i >= low; i -= 1) {
        if (changes) {
          const later = this.stamps[i + 1];
          offsetMs = this._offset.offsetBefore(offsetMs, later, this.stamps[i], this.intervalMs);
        }
        this._setTime(i, offsetMs);
      }
      this._number(low);
    }

    /** @param {number} position of a candle @param {number} offsetMs candle time minus UTC */
    _setTime(position, offsetMs) {
      const ms = this.stamps[position] - offsetMs;
      if (this.times[position] !== ms) {
        this.times[position] = ms;
        this.version += 1;
      }
    }

    /** @returns {{seams: Array<any>, stamps: Float64Array}} what is known of the candles */
    _known() {
      return { seams: this._seams(), stamps: this.stamps.slice(0, this.count) };
    }

    /**
     * @returns {Array<any>} where one stretch follows another, away from which no interval leads: a
     *   `setData` that brings the two candles again brings both of their offsets again
     */
    _seams() {
      const seams = [];
      for (let i = 1; i < this._stretches.length; i += 1) {
        const { start } = this._stretches[i];
        const stamp = this.stamps[start];
        const before = this.stamps[start - 1];
        if (stamp - before !== this.intervalMs) {
          seams.push({ stamp, before, offsetMs: this.offsetAt(start), ...this._stretches[i - 1] });
        }
      }
      return seams;
    }

    /** Divide the one stretch there is, where it was divided before. @param {Array<any>} seams */
    _divide(seams) {
      for (const { stamp, before, offsetMs, found, evidence, cameTold } of seams.slice().reverse()) {
        const at = this._positionOf(stamp);
        const isThere =
          at > 0 && at < this.count && this.stamps[at] === stamp && this.stamps[at - 1] === before;
        if (isThere && this.offsetAt(at) === offsetMs && found.offsetMs !== offsetMs) {
          this._stretches[0].start = at;
          this._stretches.unshift({ start: 0, found, evidence, cameTold });
          this._place(0);
        }
      }
    }

    /**
     * Divide candles that nobody has seen coming, as where the layer enters a chart on which the
     * host has gone on from its history by candles of another offset: just there they leave out as
     * much time as the two offsets are apart, and under both offsets nothing is missing. Where
     * there are two such places they are holes.
     * @param {Float64Array} before open times of the candles that were known, as the page had them
     */
    _divideUnseen(before) {
      const { found, evidence } = this._stretches[0];
      const end = this._positionOf(evidence.newestMs);
      if (!found.isSettled || found.isTold || end >= this.count) {
        return;
      }
      const offsetMs = this.offsetAt(end);
      const places = [];
      let holes = 0;
      for (let i = end; i > 0 && this.offsetAt(i) === offsetMs; i -= 1) {
        const leapMs = this.stamps[i] - this.stamps[i - 1];
        if (leapMs !== this.intervalMs) {
          holes += 1;
          const leap = this._offset.explainLeap(offsetMs, this.stamps[i], leapMs, this.intervalMs);
          if (leap !== null) {
            places.push({ position: i, ...leap });
          }
        }
      }
      if (places.length !== 1) {
        return;
      }
      const { position, earlierMs, isLong } = places[0];
      // What was seen to be a hole is one; and where there are others a short one is no evidence.
      const wasSeen = isNeighbour(before, this.stamps[position - 1], this.stamps[position]);
      if (!wasSeen && (isLong || holes === 1)) {
        this._prepend(position, earlierMs);
      }
    }

    /** The candles before a position are of another offset. */
    _prepend(position, offsetMs) {
      const stamp = this.stamps[position - 1];
      const found = { offsetMs, isCertain: true, isSettled: true, isTold: false };
      const evidence = this._offset.evidence(
        stamp, this.intervalMs, this._seenMs, false, offsetMs,
      );
      this._stretches[0].start = position;
      this._stretches.unshift({ start: 0, found, evidence, cameTold: false });
      this._place(0);
    }

    /** Count the runs, and the parts, from a position on. @param {number} first */
    _number(first) {
      while (this.parts.length > 0 && this.parts[this.parts.length - 1] >= first) {
        this.parts.pop();
      }
      for (let i = first; i < this.count; i += 1) {
        if (i === 0) {
          this.runs[0] = 0;
          this.parts.push(0);
          continue;
        }
        const step = this.times[i] - this.times[i - 1];
        this.runs[i] = this.runs[i - 1] + (step === this.intervalMs ? 0 : 1);
        const isBack = step < this.intervalMs && this.stamps[i] > this.stamps[i - 1];
        if (isBack && this.offsetAt(i) !== this.offsetAt(i - 1)) {
          this.parts.push(i);
        }
      }
    }

    /** Measure the interval: the most frequent distance of the last candles. */
    _measure() {
      const counts = new Map();
      let best = DEFAULT_INTERVAL_MS;
      let most = 0;
      for (let i = Math.max(1, this.count - 2000); i < this.count; i += 1) {
        const step = this.stamps[i] - this.stamps[i - 1];
        const count = (counts.get(step) || 0) + 1;
        counts.set(step, count);
        if (step > 0 && (count > most || (count === most && step < best))) {
          most = count;
          best = step;
        }
      }
      if (best !== this.intervalMs) {
        this.intervalMs = best;
        this.version += 1;
        for (const { evidence } of this._stretches) {
          evidence.intervalMs = best;
        }
        this._number(0);
      }
    }

    /** @param {number} stamp @returns {number} of the first candle at or after it */
    _positionOf(stamp) {
      let low = 0;
      let high = this.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.stamps[middle] < stamp) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    /** @param {number} size */
    _grow(size) {
      if (size > this.times.length) {
        const stamps = new Float64Array(size * 2);
        const times = new Float64Array(size * 2);
        const runs = new Int32Array(size * 2);
        stamps.set(this.stamps);
        times.set(this.times);
        runs.set(this.runs);
        this.stamps = stamps;
        this.times = times;
        this.runs = runs;
      }
    }
  }

  heatmap.candleTimes = { CandleTimes };
})(this);
