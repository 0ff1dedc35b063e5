(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What the layer takes from the page. Functions, made by the script that attaches the layer: they
   * see the page's top-level `let` and `const`, which `window` does not have, and need no `eval`,
   * which a page may forbid.
   * @typedef {Object} PageAccess
   * @property {() => any} chart gives the chart; may throw while there is none
   * @property {() => any} candles gives the candle series; may throw
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

  heatmap.finder = { find };
})(this);
