(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** What is a step but for the rounding of binary fractions is that step. */
  const ROUNDING = 1 + 1e-12;
  const UNITS = [[1e9, "B"], [1e6, "M"], [1e3, "k"], [1, ""]];

  /**
   * A lower bound with two significant digits, never more than it is, as Python's `bound_text`.
   * @param {number} usd not negative @returns {string} such as 950, 1.2k, 35k, 2.5M
   */
  function boundText(usd) {
    if (!(usd > 0)) {
      return "0";
    }
    const step = Math.pow(10, Math.floor(Math.log10(usd)) - 1);
    const bound = Number((Math.floor((usd / step) * ROUNDING) * step).toPrecision(2));
    for (const [unit, name] of UNITS) {
      if (bound >= unit) {
        return Number((bound / unit).toPrecision(6)) + name;
      }
    }
    return String(bound);
  }

  heatmap.amounts = { boundText };
})(this);
