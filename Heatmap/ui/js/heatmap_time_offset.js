(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const MINUTE_MS = 60000;
  const HOUR_MS = 60 * MINUTE_MS;
  const DAY_MS = 24 * HOUR_MS;
  /** How far the clocks of exchange and chart may lie apart. */
  const SKEW_MS = 30000;
  /** How late a candle may come: it begins with the first trade, which a host may poll for. */
  const LATE_MS = 60000;
  /** A clock that moved by more than this against the machine's asks for another look. */
  const CLOCK_STEP_MS = 60000;

  /** The zones of the world that are no whole hours, in minutes; their summer times too. */
  const BROKEN_ZONES_MIN = [
    -570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
  ];
  const ZONES_MS = BROKEN_ZONES_MIN.map((minutes) => minutes * MINUTE_MS);
  for (let hours = -12; hours <= 14; hours += 1) {
    ZONES_MS.push(hours * HOUR_MS);
  }

  /** How well a newest candle of this age fits a chart that is up to date; lower is better. */
  const EXACT = 0;
  const NEAR = 1;
  /** The host shows candles only once they are complete. */
  const ONE_BEHIND = 2;
  const OLD = 3;
  const IMPOSSIBLE = 4;

  /** @param {number} ageMs since the newest candle opened @param {number} intervalMs */
  function rankOfAge(ageMs, intervalMs) {
    if (ageMs < -SKEW_MS) {
      return IMPOSSIBLE;
    }
    if (ageMs >= 0 && ageMs < intervalMs) {
      return EXACT;
    }
    if (ageMs < intervalMs + LATE_MS) {
      return NEAR;
    }
    return ageMs < 2 * intervalMs + LATE_MS ? ONE_BEHIND : OLD;
  }

  /**
   * Keep the offsets under which the candle opens at a multiple of its interval, as the exchange's
   * candles do (weekly ones at midnight): that tells 4 h and daily candles apart, of which the
   * newest is up to date under many offsets. Where no offset does that, all are kept.
   */
  function keepAligned(offsets, newestMs, intervalMs) {
    const phaseMs = Math.min(intervalMs, DAY_MS);
    if (DAY_MS % phaseMs !== 0 || intervalMs % phaseMs !== 0) {
      return offsets;
    }
    const aligned = offsets.filter((offsetMs) => (newestMs - offsetMs) % phaseMs === 0);
    return aligned.length > 0 ? aligned : offsets;
  }

  /** @returns {{rank: number, offsets: number[]}} those that fit best, and how well */
  function bestOf(offsets, newestMs, intervalMs, nowMs) {
    const rankOf = (/** @type {number} */ offsetMs) =>
      rankOfAge(nowMs - (newestMs - offsetMs), intervalMs);
    const possible = offsets.filter((offsetMs) => rankOf(offsetMs) < IMPOSSIBLE);
    const upToDate = possible.filter((offsetMs) => rankOf(offsetMs) < OLD);
    const aligned = keepAligned(upToDate.length > 0 ? upToDate : possible, newestMs, intervalMs);
    const rank = Math.min(IMPOSSIBLE, ...aligned.map(rankOf));
    return { rank, offsets: aligned.filter((offsetMs) => rankOf(offsetMs) === rank) };
  }

  /**
   * @typedef {Object} OffsetEvidence
   * @property {number} newestMs open time of the newest candle, as the page has it
   * @property {number} intervalMs of the candles
   * @property {number} nowMs UTC, of the data's clock
   * @property {number} localMs what this machine's zone is ahead of UTC
   * @property {number | null} knownMs what was certain before
   * @property {boolean} isLive whether the newest candle was seen to change: it is up to date
   */

  /**
   * The rule: by how much the page's candle times are ahead of UTC. A chart that is up to date
   * tells it, for its newest candle contains now; what is likely comes first (UTC, the machine's
   * own zone, what it was before), any other zone of the world only while the newest candle is
   * seen to change: the newest candle of old data lies within the hour of some zone by chance.
   * Data that are old under every likely offset tell nothing unless only one can be: the last
   * certain offset, or none, is used, and `isCertain` is false.
   *
   * @param {OffsetEvidence} evidence
   * @returns {{offsetMs: number, isCertain: boolean, isUpToDate: boolean}}
   */
  function detect(evidence) {
    const { newestMs, intervalMs, nowMs, localMs, knownMs, isLive } = evidence;
    const fallback = knownMs === null ? 0 : knownMs;
    const likely = Array.from(new Set([fallback, 0, localMs]));
    const first = bestOf(likely, newestMs, intervalMs, nowMs);
    const isUpToDate = first.rank < OLD;
    if (!isUpToDate && isLive) {
      const any = bestOf(ZONES_MS, newestMs, intervalMs, nowMs);
      if (any.rank <= NEAR && any.offsets.length === 1) {
        return { offsetMs: any.offsets[0], isCertain: true, isUpToDate: true };
      }
    }
    if (first.offsets.length === 1) {
      return { offsetMs: first.offsets[0], isCertain: true, isUpToDate };
    }
    const isPossible = first.offsets.length === 0 || first.offsets.includes(fallback);
    const offsetMs = isPossible ? fallback : first.offsets[0];
    return { offsetMs, isCertain: false, isUpToDate };
  }

  /** @param {number} ms UTC @returns {number} what this machine's zone is ahead of UTC then */
  function localOffsetAt(ms) {
    return -new Date(ms).getTimezoneOffset() * MINUTE_MS;
  }

  /**
   * Keeps what is known of the page's offset, also when a chart is replaced by another. It is told,
   * or found anew with every `look`.
   */
  class OffsetFinder {
    /** @param {number | null} toldMs candle time minus UTC; null: to be found */
    constructor(toldMs) {
      this.localOffsetAt = localOffsetAt;
      this._clockMs = 0;
      this._clockAtLookMs = 0;
      this._knownMs = null;
      this.tell(toldMs);
    }

    /** @param {number | null} toldMs candle time minus UTC; null: to be found */
    tell(toldMs) {
      this.isTold = toldMs !== null;
      this.offsetMs = this.isTold ? toldMs : this._knownMs === null ? 0 : this._knownMs;
      this.isCertain = this.isTold;
      /** Whether candles that change cannot tell more. */
      this.isSettled = this.isTold;
      /** Whether `look` would learn something although the candles are the same. */
      this.isDue = true;
    }

    /** @param {number} nowMs UTC by the clock of the data, which need not be the machine's */
    setNow(nowMs) {
      this._clockMs = nowMs - Date.now();
      if (!this.isTold) {
        const moved = Math.abs(this._clockMs - this._clockAtLookMs) > CLOCK_STEP_MS;
        this.isDue = this.isDue || !this.isSettled || moved;
      }
    }

    /**
     * Find the offset anew.
     * @param {number} newestMs open time of the newest candle, as the page has it
     * @param {number} intervalMs
     * @param {number} seenMs machine's time at which it was seen, or seen to change
     * @param {boolean} isLive whether it was seen to change
     */
    look(newestMs, intervalMs, seenMs, isLive) {
      this.isDue = false;
      if (this.isTold) {
        return;
      }
      const nowMs = seenMs + this._clockMs;
      this._clockAtLookMs = this._clockMs;
      const found = detect({
        newestMs,
        intervalMs,
        nowMs,
        localMs: this.localOffsetAt(nowMs),
        knownMs: this._knownMs,
        isLive,
      });
      this.offsetMs = found.offsetMs;
      this.isCertain = found.isCertain;
      this.isSettled = found.isCertain && found.isUpToDate;
      if (this.isSettled) {
        this._knownMs = found.offsetMs;
      }
    }

    /**
     * The offset of the candle before one, for a host that adds to each candle the local offset of
     * its own time: there the candles jump by an hour where summer time begins or ends.
     * @param {number} offsetMs of the later candle @param {number} laterMs, as the page has it
     * @param {number} earlierMs as the page has it @param {number} intervalMs
     */
    offsetBefore(offsetMs, laterMs, earlierMs, intervalMs) {
      if (this.isTold || offsetMs !== this.localOffsetAt(laterMs - offsetMs)) {
        return offsetMs;
      }
      const change = laterMs - earlierMs - intervalMs;
      const before = this.localOffsetAt(laterMs - offsetMs - intervalMs);
      return change !== 0 && offsetMs - before === change ? before : offsetMs;
    }
  }

  heatmap.timeOffset = { OffsetFinder, detect };
})(this);
