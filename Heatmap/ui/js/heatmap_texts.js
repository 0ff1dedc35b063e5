(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** `PriceScaleMode` of Lightweight Charts. */
  const PERCENTAGE = 2;
  const INDEXED_TO_100 = 3;
  /** `TickMarkType.Time` of Lightweight Charts. */
  const TICK_TIME = 3;
  const NEAREST_LEFT = -1;
  const NEAREST_RIGHT = 1;
  const FAR_RIGHT_INDEX = 1e9;
  const DAY_MS = 86400000;
  /** What the host's functions give is cut off here. */
  const MAX_CHARS = 24;
  const MONTHS = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ];
  /** The library's own date format, and the same in German: the year is left out of it here. */
  const USUAL_DATE_FORMATS = ["dd MMM 'yy", "dd. MMM 'yy"];

  /**
   * @param {Array<() => unknown>} sources functions of the host, or that lead to them: each may
   *   fail, or give anything
   * @returns {string | null} the first text; null where none gives one
   */
  function firstText(sources) {
    for (const source of sources) {
      try {
        const text = toText(source());
        if (text !== "") {
          return text;
        }
      } catch (error) {
        // The axis shows the host what its function does; the next way to say it serves here.
      }
    }
    return null;
  }

  /** @returns {unknown} what a function of the host gives, where there is one */
  function ask(hostFunction, /** @type {any[]} */ ...parameters) {
    return typeof hostFunction === "function" ? hostFunction(...parameters) : undefined;
  }

  /** @returns {unknown} the same of one that takes and gives lists */
  function askOne(hostFunction, parameter) {
    const texts = ask(hostFunction, [parameter]);
    return Array.isArray(texts) ? texts[0] : undefined;
  }

  /** @param {unknown} value @returns {string} one line, not long; empty: it is no text */
  function toText(value) {
    if (typeof value !== "string" && !(typeof value === "number" && Number.isFinite(value))) {
      return "";
    }
    const text = String(value).slice(0, 1000).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
    return text.length > MAX_CHARS ? text.slice(0, MAX_CHARS - 1) + "\u2026" : text;
  }

  /** @param {number} number @returns {string} with two digits, and the library's minus sign */
  function twoDigits(number) {
    return number.toFixed(2).replace("-", "\u2212");
  }

  /** @param {number} number @returns {string} at least two characters */
  function padded(number) {
    return String(number).padStart(2, "0");
  }

  /** @param {Date} date @returns {string} its hours, minutes and seconds */
  function clock(date) {
    return date.toISOString().slice(11, 19);
  }

  /** @type {Map<string, Intl.DateTimeFormat>} by locale: to make one takes longer than a frame may */
  const dayForms = new Map();

  /** @param {string} locale @returns {Intl.DateTimeFormat} of a day and a short month */
  function dayForm(locale) {
    let form = dayForms.get(locale);
    if (form === undefined) {
      form = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
      dayForms.set(locale, form);
    }
    return form;
  }

  /** @param {string} from @param {string} to times @returns {string} both, their day only once */
  function rangeText(from, to) {
    if (from === to) {
      return from;
    }
    const space = to.lastIndexOf(" ") + 1;
    // Only where the rest is a time, and not an am or pm.
    const isOfDay = to.includes(":", space) && from.startsWith(to.slice(0, space));
    return from + " \u2013 " + (isOfDay ? to.slice(space) : to);
  }

  /**
   * @param {Date} date @param {string} locale
   * @returns {string | null} as 5 Dec or 5. Dez.; null where the locale has the month in front
   */
  function dayFirst(date, locale) {
    const form = dayForm(locale);
    const isFirst = form.formatToParts(date)[0].type === "day";
    return isFirst ? form.format(date) : null;
  }

  /**
   * Prices and times as the chart's own axes say them: by the host's functions, its locale, the
   * candles' own format and the mode of their scale, as they are at the moment of asking.
   */
  class AxisTexts {
    /** @param {any} chart @param {any} candles @param {any} axis TimeAxis */
    constructor(chart, candles, axis) {
      this._chart = chart;
      this._candles = candles;
      this._axis = axis;
    }

    /** @param {number} price @returns {string} as the price axis says it at the moment, in % too */
    price(price) {
      const localization = this._chart.options().localization;
      const mode = this._candles.priceScale().options().mode;
      const base = mode === PERCENTAGE || mode === INDEXED_TO_100 ? this._base() : null;
      const sources = [];
      if (base !== null) {
        const percent = ((price - base) / base) * 100 * (base < 0 ? -1 : 1);
        if (mode === PERCENTAGE) {
          sources.push(
            () => ask(localization.percentageFormatter, percent),
            () => askOne(localization.tickmarksPercentageFormatter, percent),
            () => twoDigits(percent) + "%",
          );
        } else {
          sources.push(() => twoDigits(percent + 100));
        }
      }
      return firstText(sources) || this.plainPrice(price);
    }

    /** @param {number} price @returns {string} the price itself, whatever the axis counts in */
    plainPrice(price) {
      const { localization } = this._chart.options();
      const sources = [
        () => ask(localization.priceFormatter, price),
        () => askOne(localization.tickmarksPriceFormatter, price),
        () => this._candles.priceFormatter().format(price),
        () => price,
      ];
      return firstText(sources) || "";
    }

    /**
     * What 0 % is: the close of the first candle in the picture.
     * @returns {number | null} null: there is none
     */
    _base() {
      const range = this._chart.timeScale().getVisibleLogicalRange();
      const first = range === null
        ? null
        : this._candles.dataByIndex(Math.floor(range.from), NEAREST_RIGHT);
      const value = first === null ? null : first.close === undefined ? first.value : first.close;
      return value ? value : null;
    }

    /**
     * @param {number} fromMs @param {number} toMs UTC
     * @param {number} offsetMs of the candle that they belong to: candle time minus UTC
     * @returns {string}
     */
    times(fromMs, toMs, offsetMs) {
      const from = this._byHost(fromMs, offsetMs);
      const to = this._byHost(toMs, offsetMs);
      if (from !== null && to !== null) {
        return rangeText(from, to);
      }
      const [first, last] = [new Date(fromMs + offsetMs), new Date(toMs + offsetMs)];
      const zone = offsetMs === 0 ? " UTC" : "";
      const range = clock(first) === clock(last) ? "" : " \u2013 " + clock(last);
      return this._day(first) + " " + clock(first) + range + zone;
    }

    /**
     * @param {number} ms UTC
     * @returns {string | null} a day and a time as the newest candle counts them; null where the
     *   host's function tells no days, so that it is to be said in UTC
     */
    moment(ms) {
      const { offsetMs } = this._axis;
      const text = this._byHost(ms, offsetMs);
      if (text !== null) {
        return text === this._byHost(ms - DAY_MS, offsetMs) ? null : text;
      }
      const { dateFormat } = this._chart.options().localization;
      if (offsetMs === 0 && USUAL_DATE_FORMATS.includes(dateFormat)) {
        return null;
      }
      const date = new Date(ms + offsetMs);
      const isUsual = USUAL_DATE_FORMATS.includes(dateFormat);
      const year = isUsual ? " " + date.getUTCFullYear() : "";
      const day = this._day(date) + year;
      const zone = offsetMs === 0 ? " UTC" : "";
      return day + " " + clock(date).slice(0, 5) + zone;
    }

    /** @returns {string | null} what the host's own function makes of a time */
    _byHost(ms, offsetMs) {
      const { localization, timeScale } = this._chart.options();
      const stamp = () => this._stamp(new Date(ms + offsetMs));
      return firstText([
        () => ask(localization.timeFormatter, stamp()),
        () => ask(timeScale.tickMarkFormatter, stamp(), TICK_TIME, localization.locale),
      ]);
    }

    /**
     * @param {Date} date whose UTC is the time that the candles count in
     * @returns {any} a time as the host gives its candles: seconds, a text or year, month, day
     */
    _stamp(date) {
      const newest = this._candles.dataByIndex(FAR_RIGHT_INDEX, NEAREST_LEFT);
      const kind = newest === null ? "number" : typeof newest.time;
      if (kind === "string") {
        return date.toISOString().slice(0, 10);
      }
      if (kind === "object") {
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
        return { year, month, day: date.getUTCDate() };
      }
      return Math.round(date.getTime() / 1000);
    }

    /** @returns {string} as the chart's date format and locale say it */
    _day(date) {
      const { dateFormat, locale } = this._chart.options().localization;
      const month = (/** @type {"short" | "long"} */ style) =>
        firstText([
          () => date.toLocaleString(locale, { month: style, timeZone: "UTC" }),
          () => MONTHS[date.getUTCMonth()],
        ]);
      if (USUAL_DATE_FORMATS.includes(dateFormat)) {
        return firstText([() => dayFirst(date, locale)]) || date.getUTCDate() + " " + month("short");
      }
      const parts = {
        yyyy: () => String(date.getUTCFullYear()),
        yy: () => padded(date.getUTCFullYear() % 100),
        MMMM: () => month("long"),
        MMM: () => month("short"),
        MM: () => padded(date.getUTCMonth() + 1),
        dd: () => padded(date.getUTCDate()),
      };
      return (
        firstText([
          () => dateFormat.replace(/yyyy|yy|MMMM|MMM|MM|dd/g, (/** @type {string} */ name) => parts[name]()),
        ]) || date.toISOString().slice(0, 10)
      );
    }
  }

  heatmap.texts = { AxisTexts };
})(this);
