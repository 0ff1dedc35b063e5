(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What the page says by itself, and how it writes numbers and days; Python hands both over. English
   * until then.
   * @typedef {Object} Language
   * @property {string} locale such as de-DE
   * @property {Object<string, string>} words see PAGE_WORDS in picture/texts.py
   */

  /** Without grouping the digits of short amounts: these have three. */
  const SHORT = { maximumSignificantDigits: 3, useGrouping: false };

  /** @type {Object<string, string>} */
  let said = {};
  let short = new Intl.NumberFormat("en-GB", SHORT);
  let whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

  /** @param {Language} language of all layers on this page, from now on */
  function use(language) {
    said = language.words;
    short = new Intl.NumberFormat(language.locale, SHORT);
    whole = new Intl.NumberFormat(language.locale, { maximumFractionDigits: 0 });
  }

  /** @param {string} name see PAGE_WORDS @param {string} usual in English @returns {string} */
  function words(name, usual) {
    return said[name] || usual;
  }

  /** @param {number} number @returns {string} with three significant digits at most */
  function shortNumber(number) {
    return short.format(number);
  }

  /** @param {number} number @returns {string} without decimals, its digits in groups */
  function wholeNumber(number) {
    return whole.format(Math.floor(number));
  }

  heatmap.language = { shortNumber, use, wholeNumber, words };
})(this);
