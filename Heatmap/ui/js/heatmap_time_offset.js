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
  /** A clock of the data that is set to another time moves by more than this at once. */
  const CLOCK_STEP_MS = 60000;
  /** Any machine's zone keeps its offset for longer than this. */
  const WEEK_MS = 7 * DAY_MS;
  /** So many candles are hardly missing by chance; so many may be where a stream begins late. */
  const MANY_INTERVALS = 10;
  const A_FEW_INTERVALS = 5;

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
   * @property {number | null} [toldMs] what the host says
   */

  /**
   * @typedef {Object} FoundOffset
   * @property {number} offsetMs candle time minus UTC
   * @property {boolean} isCertain whether only this one can be
   * @property {boolean} isUpToDate whether the newest candle is of now by it
   * @property {boolean} isTold whether it is what the host says
   */

  /**
   * The rule: by how much the page's candle times are ahead of UTC. A chart that is up to date
   * tells it, for its newest candle contains now; what is likely comes first (UTC, the machine's
   * own zone, what it was before), any other zone of the world only while the newest candle is
   * seen to change: the newest candle of old data lies within the hour of some zone by chance.
   * Data that are old under every likely offset tell nothing unless only one can be: the last
   * certain offset, or none, is used, and `isCertain` is false.
   *
   * What the host says holds unless the clock shows that it cannot be meant for these candles: that
   * they are of now by another likely offset, and not by the one that was told.
   *
   * @param {OffsetEvidence} evidence
   * @returns {FoundOffset}
   */
  function detect(evidence) {
    const { newestMs, intervalMs, nowMs, isLive } = evidence;
    if (typeof evidence.toldMs !== "number") {
      return find(evidence, isLive);
    }
    const { toldMs } = evidence;
    const told = { offsetMs: toldMs, isCertain: true, isUpToDate: true, isTold: true };
    const rank = rankOfAge(nowMs - (newestMs - toldMs), intervalMs);
    if (rank < OLD) {
      return told;
    }
    const found = find(evidence, isLive && rank === IMPOSSIBLE);
    const isOfNow = rankOfAge(nowMs - (newestMs - found.offsetMs), intervalMs) <= NEAR;
    return isOfNow && found.isCertain ? found : told;
  }

  /** @param {OffsetEvidence} evidence @param {boolean} takesAny whether any zone may be meant */
  function find(evidence, takesAny) {
    const { newestMs, intervalMs, nowMs, localMs, knownMs } = evidence;
    const fallback = knownMs === null ? 0 : knownMs;
    const likely = Array.from(new Set([fallback, 0, localMs]));
    const first = bestOf(likely, newestMs, intervalMs, nowMs);
    const isUpToDate = first.rank < OLD;
    if (!isUpToDate && takesAny) {
      const any = bestOf(ZONES_MS, newestMs, intervalMs, nowMs);
      if (any.rank <= NEAR && any.offsets.length === 1) {
        return { offsetMs: any.offsets[0], isCertain: true, isUpToDate: true, isTold: false };
      }
    }
    if (first.offsets.length === 1) {
      return { offsetMs: first.offsets[0], isCertain: true, isUpToDate, isTold: false };
    }
    const isPossible = first.offsets.length === 0 || first.offsets.includes(fallback);
    const offsetMs = isPossible ? fallback : first.offsets[0];
    return { offsetMs, isCertain: false, isUpToDate, isTold: false };
  }

  /** @param {number} ms UTC @returns {number} what this machine's zone is ahead of UTC then */
  function localOffsetAt(ms) {
    return -new Date(ms).getTimezoneOffset() * MINUTE_MS;
  }

  /**
   * Keeps what is known of the page's offset, also when a chart is replaced by another. It is told,
   * or found by each `look`. Its fields tell of the candle that was weighed last.
   */
  class OffsetFinder {
    /** @param {number | null} toldMs candle time minus UTC; null: to be found */
    constructor(toldMs) {
      this.localOffsetAt = localOffsetAt;
      /** By how much the data's clock is ahead of the machine's; and how often it was set. */
      this._clockMs = 0;
      this._clockSets = 0;
      this._lastStepMs = 0;
      /** What was certain of candles that a `setData` brought, and of those that followed one. */
      this._knownMs = { whole: null, live: null };
      /** @type {number | null} */
      this._toldMs = null;
      this.isTold = false;
      this.offsetMs = 0;
      this.isCertain = false;
      /** Whether candles that change cannot tell more. */
      this.isSettled = false;
      /** @type {any} what was known of the candles of a chart that the layer has left */
      this.left = null;
      /** Whether to weigh again would tell something although the candles are the same. */
      this.isDue = true;
      if (toldMs !== null) {
        this.tell(toldMs);
      }
    }

    /** @param {number | null} toldMs candle time minus UTC; null: to be found */
    tell(toldMs) {
      if (toldMs === this._toldMs) {
        return;
      }
      this._toldMs = toldMs;
      this.isTold = toldMs !== null;
      this.offsetMs = toldMs === null ? this._known(false) || 0 : toldMs;
      this.isCertain = this.isTold;
      this.isSettled = this.isTold;
      this.isDue = true;
    }

    /** @param {number} nowMs UTC by the clock of the data, which need not be the machine's */
    setNow(nowMs) {
      const clockMs = nowMs - Date.now();
      const stepMs = clockMs - this._clockMs;
      const isStep = Math.abs(stepMs) > CLOCK_STEP_MS;
      this._clockMs = clockMs;
      // A clock that runs fast, as that of a replay does, makes a step with each message: it is
      // not set anew, and what was of now when it was seen was so by the clock of then.
      if (isStep && !(stepMs * this._lastStepMs > 0)) {
        this._clockSets += 1;
        this.isDue = true;
      }
      this._lastStepMs = isStep ? stepMs : 0;
    }

    /** @param {boolean} isLive @returns {number | null} what was certain of such candles last */
    _known(isLive) {
      const { whole, live } = this._knownMs;
      const [first, second] = isLive ? [live, whole] : [whole, live];
      return first === null ? second : first;
    }

    /**
     * @param {number} newestMs open time of the newest candle, as the page has it
     * @param {number} intervalMs
     * @param {number} seenMs machine's time at which it was seen, or seen to change
     * @param {boolean} isLive whether it was seen to change
     * @param {number | null} knownMs offset of the candles before it; null: there are none
     * @returns {any} what `weigh` takes
     */
    evidence(newestMs, intervalMs, seenMs, isLive, knownMs) {
      const clockMs = this._clockMs;
      const known = knownMs === null ? this._known(isLive) : knownMs;
      return {
        newestMs, intervalMs, seenMs, isLive, knownMs: known, clockMs, clockSets: this._clockSets,
      };
    }

    /**
     * Find, or find again, what evidence tells.
     * @param {any} evidence
     * @returns {{offsetMs: number, isCertain: boolean, isSettled: boolean, isTold: boolean}}
     */
    weigh(evidence) {
      if (evidence.clockSets !== this._clockSets) {
        evidence.clockSets = this._clockSets;
        evidence.clockMs = this._clockMs;
      }
      const nowMs = evidence.seenMs + evidence.clockMs;
      const found = detect({
        newestMs: evidence.newestMs,
        intervalMs: evidence.intervalMs,
        nowMs,
        localMs: this.localOffsetAt(nowMs),
        knownMs: evidence.knownMs,
        isLive: evidence.isLive,
        toldMs: this._toldMs,
      });
      const { offsetMs, isCertain, isTold } = found;
      const isSettled = isCertain && found.isUpToDate;
      if (isSettled && !isTold) {
        this._knownMs[evidence.isLive ? "live" : "whole"] = offsetMs;
      }
      const outcome = { offsetMs, isCertain, isSettled, isTold };
      this.take(outcome);
      return outcome;
    }

    /** @param {any} outcome of `weigh`, for the candle that is the newest now */
    take(outcome) {
      this.offsetMs = outcome.offsetMs;
      this.isCertain = outcome.isCertain;
      this.isSettled = outcome.isSettled;
    }

    /** Find the offset anew; the parameters are those of `evidence`. */
    look(newestMs, intervalMs, seenMs, isLive, knownMs = null) {
      this.isDue = false;
      this.weigh(this.evidence(newestMs, intervalMs, seenMs, isLive, knownMs));
    }

    /**
     * Explain a leap in the candles' times by another likely offset of those before: under that one
     * the next candle follows at once. Over many candles it may come twice, or a little late.
     * @param {number} offsetMs of the candle after the leap
     * @param {number} laterMs that candle, as the page has it
     * @param {number} leapMs since the candle before it @param {number} intervalMs
     * @returns {{earlierMs: number, isLong: boolean} | null} the offset before, and whether it
     *   explains many candles; null: nothing explains the leap
     */
    explainLeap(offsetMs, laterMs, leapMs, intervalMs) {
      const likely = [0, this.localOffsetAt(laterMs - offsetMs)];
      if (this._toldMs !== null) {
        likely.push(this._toldMs);
      }
      for (const earlierMs of likely) {
        const stepMs = leapMs - offsetMs + earlierMs;
        const isLong = offsetMs - earlierMs >= MANY_INTERVALS * intervalMs;
        const isNear =
          stepMs >= 0 &&
          stepMs <= Math.max(A_FEW_INTERVALS * intervalMs, LATE_MS) &&
          stepMs % intervalMs === 0;
        if (earlierMs < offsetMs && (stepMs === intervalMs || (isLong && isNear))) {
          return { earlierMs, isLong };
        }
      }
      return null;
    }

    /**
     * @param {number} offsetMs of the last one of some candles
     * @param {number} firstMs @param {number} lastMs of them, as the page has them
     * @returns {boolean} whether summer time may begin or end among them
     */
    mayChange(offsetMs, firstMs, lastMs) {
      if (offsetMs === this._toldMs || offsetMs !== this.localOffsetAt(lastMs - offsetMs)) {
        return false;
      }
      for (let ms = firstMs; ms < lastMs; ms += WEEK_MS) {
        if (this.localOffsetAt(ms - offsetMs) !== offsetMs) {
          return true;
        }
      }
      return false;
    }

    /**
     * The offset of the candle before one, for a host that adds to each candle the local offset of
     * its own time, and keeps one candle for each local time. Where summer time begins its candles
     * jump, and where it ends they come closer together, or two hours share the candles of one: the
     * later hour has them then, and the earlier one has no place. The jump tells such a host from
     * one that adds the same to all candles. Of candles of an hour and shorter ones the end of
     * summer time does not; they are taken as those of the first.
     * @param {number} offsetMs of the later candle @param {number} laterMs, as the page has it
     * @param {number} earlierMs as the page has it @param {number} intervalMs
     */
    offsetBefore(offsetMs, laterMs, earlierMs, intervalMs) {
      if (offsetMs === this._toldMs || offsetMs !== this.localOffsetAt(laterMs - offsetMs)) {
        return offsetMs;
      }
      const before = this.localOffsetAt(earlierMs - offsetMs);
      const stepMs = laterMs - offsetMs - (earlierMs - before);
      return stepMs >= intervalMs && stepMs % intervalMs === 0 ? before : offsetMs;
    }
  }

  heatmap.timeOffset = { OffsetFinder, detect };
})(this);
