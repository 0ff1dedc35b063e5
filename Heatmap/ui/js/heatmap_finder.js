(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** How often the page is asked for something until it has it, and afterwards. */
  const SEARCH_INTERVAL_MS = 50;
  const WATCH_INTERVAL_MS = 500;
  /** What is not found within this time is told, and then looked for less often. */
  const PATIENCE_MS = 5000;

  /** How soon to look again for what is not there yet. */
  class Patience {
    constructor() {
      this.begin();
    }

    /** Be patient from now on. */
    begin() {
      this._sinceMs = performance.now();
    }

    /** @returns {boolean} whether it is time to tell that something is lacking */
    get isOver() {
      return performance.now() - this._sinceMs >= PATIENCE_MS;
    }

    /** @returns {number} milliseconds until the next look */
    get pauseMs() {
      return this.isOver ? WATCH_INTERVAL_MS : SEARCH_INTERVAL_MS;
    }
  }

  /**
   * What the layer takes from the page. Functions, made by the script that attaches the layer: they
   * see the page's top-level `let` and `const`, which `window` does not have, and need no `eval`,
   * which a page may forbid.
   * @typedef {Object} PageAccess
   * @property {() => any} chart gives the chart; may throw while there is none
   * @property {() => any} candles gives the candle series; may throw
   * @property {() => any} [bars] gives the series in whose pane bars are drawn; may throw
   * @property {() => any} [legend] gives what shows the legend by its method `show`; may throw
   * @property {any} QWebChannel constructor from Qt's client library
   */

  /** @param {() => any} read @returns {any} what it gives, or null */
  function resolve(read) {
    try {
      return read() || null;
    } catch (error) {
      // A name that is not declared yet, or a property of null: not there yet.
      return null;
    }
  }

  /** @param {any} series @returns {boolean} whether it was on a chart and is not any more */
  function isRemoved(series) {
    return typeof series.getPane === "function" && heatmap.series.paneIndexOf(series) === null;
  }

  /**
   * @param {any} chart @param {any} series
   * @returns {boolean} whether it is one of the chart's, where both are what they should be
   */
  function isOf(chart, series) {
    if (typeof chart.panes !== "function") {
      return true;
    }
    try {
      return chart.panes().some((pane) => pane.getSeries().includes(series));
    } catch (error) {
      // A chart that was removed.
      return false;
    }
  }

  /**
   * Look for the chart and its candles on the page.
   * @param {PageAccess} access
   * @returns {{chart: any, candles: any, lack: string}} null for what is not there; lack: chart,
   *   candles, match (the candles are another chart's: between two charts, or for good), or empty
   */
  function find(access) {
    const chart = resolve(access.chart);
    const candles = chart === null ? null : resolve(access.candles);
    if (chart === null) {
      return { chart, candles, lack: "chart" };
    }
    if (candles === null || isRemoved(candles)) {
      return { chart, candles: null, lack: "candles" };
    }
    return isOf(chart, candles)
      ? { chart, candles, lack: "" }
      : { chart, candles: null, lack: "match" };
  }

  /**
   * Whoever is on the chart that is found.
   * @typedef {Object} Visitor
   * @property {() => boolean} isGone whether it has lost the chart that it is on
   * @property {(chart: any, candles: any) => void} enter a chart was found
   * @property {() => void} stay the chart is still there
   * @property {(isHostsDoing: boolean) => boolean} leave the chart has gone; tells whether it was
   *   on it. `isHostsDoing`: within a call of the host
   * @property {(what: string) => void} lack nothing was found for a while, see `find`
   */

  /** Looks for the page's chart, again and again, and for another one in its place. */
  class ChartSearch {
    /** @param {PageAccess} access @param {Visitor} visitor */
    constructor(access, visitor) {
      this._access = access;
      this._visitor = visitor;
      this._chart = null;
      this._candles = null;
      this._patience = new Patience();
      this._timer = 0;
      this._isStopped = false;
      /** Look now, and go on. */
      this.look = () => this._look();
    }

    _look() {
      clearTimeout(this._timer);
      if (this._isStopped) {
        return;
      }
      const { chart, candles, lack } = find(this._access);
      const isSame = chart === this._chart && candles === this._candles;
      if (!isSame || this._visitor.isGone()) {
        this._leave(false);
        if (chart !== null && candles !== null) {
          // Also where the visitor fails at it: it would do so again.
          this._chart = chart;
          this._candles = candles;
          this._visitor.enter(chart, candles);
        }
      } else {
        this._visitor.stay();
      }
      if (this._chart !== null) {
        this._timer = setTimeout(this.look, WATCH_INTERVAL_MS);
        return;
      }
      if (this._patience.isOver) {
        this._visitor.lack(lack);
      }
      this._timer = setTimeout(this.look, this._patience.pauseMs);
    }

    /** The host removes its candles, or the whole chart; others may come at once. */
    lose() {
      this._leave(true);
      clearTimeout(this._timer);
      this._timer = setTimeout(this.look, SEARCH_INTERVAL_MS);
    }

    /** @param {boolean} isHostsDoing */
    _leave(isHostsDoing) {
      this._chart = null;
      this._candles = null;
      if (this._visitor.leave(isHostsDoing)) {
        this._patience.begin();
      }
    }

    /** Look no more, and leave the chart. */
    stop() {
      this._isStopped = true;
      clearTimeout(this._timer);
      this._leave(false);
    }
  }

  heatmap.finder = { ChartSearch, Patience, resolve };
})(this);
