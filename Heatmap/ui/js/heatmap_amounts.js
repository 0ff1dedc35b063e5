(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** What is a step but for the rounding of binary fractions is that step. */
  const ROUNDING = 1 + 1e-12;
  const DIGITS = 3;
  const UNITS = [[1e9, "B"], [1e6, "M"], [1e3, "k"], [1, ""]];

  /**
   * An amount with three significant digits, never more than it is, as Python's `usd_text`.
   * @param {number} usd not negative @returns {string} such as 950, 1.02k, 35k, 2.52M
   */
  function usdText(usd) {
    if (!(usd > 0)) {
      return "0";
    }
    const step = Math.pow(10, Math.floor(Math.log10(usd)) - DIGITS + 1);
    const amount = Number((Math.floor((usd / step) * ROUNDING) * step).toPrecision(DIGITS));
    for (const [unit, name] of UNITS) {
      if (amount >= unit) {
        return heatmap.language.shortNumber(amount / unit) + name;
      }
    }
    return heatmap.language.shortNumber(amount);
  }

  heatmap.amounts = { usdText };
})(this);
