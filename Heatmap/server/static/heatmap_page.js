"use strict";

// The chart in a browser: candles over REST and live over the websocket, the product's own layer on
// them, and the line of choices. `chart` and `candleSeries` are the names of chart_page.js.

(() => {
  const AUTOMATIC = [1, 3, 5, 15, 60, 240];
  /** So many candles at most by themselves; a narrow screen shows fewer. */
  const MOST_AUTOMATIC = 720;
  const LEAST_AUTOMATIC = 150;
  /** Each this wide at least by itself, pixels. */
  const CANDLE_PX = 1.6;
  const LOADED = 1500;
  const MOST_LOADED = 5000;
  const MINUTE_MS = 60_000;
  /** How much was recorded is looked at again after this. */
  const SHARE_MS = 20_000;

  /** What the server has: its greeting. */
  let known = null;
  /** What was answered to the last choice, and whether its candles are on the chart. */
  let shown = null;
  let isLoaded = false;
  let state = null;
  let request = 0;
  let retry = 0;
  /** For which candle those before it were asked for last: they may be missing there too. */
  let askedBefore = 0;

  // chart_page.js tells the window what is in sight by the title; in a browser that is the tab's name.
  const { title } = document;
  Object.defineProperty(document, "title", { get: () => title, set() {} });
  chartPage.restore({
    theme: page.theme(), hasRoom: false, hasBars: false, priceFormat: null, candles: [], priceScale: null,
    range: null, visibleBars: null, serial: 0,
  });
  page.onTheme(() => {
    chartPage.setTheme(page.theme());
    choose();
  });
  setInterval(tellShare, SHARE_MS);
  page.say(WORDS.connecting);
  heatmapBridge.open("/heatmap/ws", take, (isOpen) => {
    if (!isOpen) {
      page.say(WORDS.reconnecting, true);
    }
  });

  /** @returns {number} minutes of a candle that suit the window and the screen */
  function automaticInterval() {
    const width = document.getElementById("chart").clientWidth;
    const most = Math.min(Math.max(width / CANDLE_PX, LEAST_AUTOMATIC), MOST_AUTOMATIC);
    const windowMs = known.windows[page.chosen("window")];
    return AUTOMATIC.find((one) => windowMs <= most * one * MINUTE_MS) || AUTOMATIC.at(-1);
  }

  function intervalText(minutes) {
    return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
  }

  /** Tell the server what is chosen; it answers with `chosen`. */
  function choose() {
    if (known === null) {
      return;
    }
    const interval = known.intervals.find((one) => intervalText(one) === page.chosen("interval")) || automaticInterval();
    isLoaded = false;
    heatmapBridge.send({
      choose: {
        symbol: page.chosen("symbol"),
        heat: page.chosen("heat"),
        window: page.chosen("window"),
        theme: page.theme(),
        interval,
      },
    });
  }

  /** @param {string} type @param {any[]} content what the server says beside the layer's messages */
  function take(type, content) {
    ({
      hello, chosen, candles, heat,
      enter: (config) => attach(config),
      state: (told) => {
        state = told;
        tellState();
      },
      refused: (words) => page.say(words, true),
    })[type](...content);
  }

  function hello(greeting) {
    known = greeting;
    page.tellKind(greeting.kind);
    page.choice("symbol", greeting.symbols.map((one) => [one, one]), greeting.symbols[0], choose);
    page.choice("heat", greeting.heats.map((one) => [one, WORDS.heats[one]]), "both", choose);
    const windows = Object.keys(greeting.windows).map((one) => [one, WORDS.windows[one]]);
    page.choice("window", windows, greeting.window, choose);
    const intervals = greeting.intervals.map(intervalText).map((one) => [one, one]);
    page.choice("interval", [["", WORDS.automatic], ...intervals], "", choose);
    choose();
  }

  async function chosen(answer) {
    shown = answer;
    const mine = (request += 1);
    clearTimeout(retry);
    try {
      const intervalMs = answer.interval * MINUTE_MS;
      const windowMs = known.windows[page.chosen("window")];
      const visible = Math.max(1, Math.floor(windowMs / intervalMs));
      const count = Math.min(Math.max(LOADED, visible + 50), MOST_LOADED);
      const rows = await history(answer, count);
      if (mine !== request) {
        return;
      }
      chartPage.setRoom(page.chosen("heat") !== "recorded");
      chartPage.setCandles(rows, Math.min(visible, count), mine, answer.priceFormat);
      isLoaded = rows.length > 0;
      attach(answer.config);
      tellShare();
      if (!isLoaded) {
        page.say(WORDS.noCandles(answer.symbol));
        retry = setTimeout(choose, 3000);
      }
    } catch (error) {
      if (mine === request) {
        page.say(page.reason(error), true);
        retry = setTimeout(choose, 3000);
      }
    }
  }

  /** @returns {Promise<Object[]>} the newest candles, as the chart takes them */
  async function history(answer, count) {
    const { now } = await page.ask("/health");
    const nowMs = now;
    const start = Math.max(0, nowMs - count * answer.interval * MINUTE_MS);
    const found = await page.ask("/candles", {
      symbol: answer.symbol, interval: intervalText(answer.interval), start, end: nowMs,
    });
    return found.candles.map(({ timestamp, open, high, low, close }) => ({
      time: timestamp / 1000, open, high, low, close,
    }));
  }

  /** Say below the chart what it shows, and how much of that time was recorded. */
  async function tellShare() {
    if (shown === null) {
      return;
    }
    const { symbol } = shown;
    const [window_, shows] = [page.chosen("window"), WORDS.chartShows[page.chosen("heat")]];
    try {
      const { now } = await page.ask("/health");
      const start = Math.max(0, now - known.windows[window_]);
      const { coverage } = await page.ask("/coverage", { symbol, start, end: now });
      const words = [
        // The legend below the chart says it too.
        WORDS.asOfLive(page.minuteText(now)), ...(legendBelow.isShown() ? [] : [shows]),
        WORDS.chartShare(page.percent(coverage.share), WORDS.windows[window_]), WORDS.chartLowerBound,
      ];
      document.getElementById("notes").textContent = words.join(" ");
    } catch {
      // The line of choices says that the server is away.
    }
  }

  /** @param {any} config see LayerConfig; a layer that is there already says what it shows again */
  function attach(config) {
    const access = { chart: () => chart, candles: () => candleSeries, QWebChannel: null };
    window.OrderPilotHeatmap.attach(config, access);
  }

  /** @param {Object[]} rows the newest candles, the oldest first */
  function candles(rows) {
    if (!isLoaded || rows.length === 0) {
      return;
    }
    const times = candleSeries.data().slice(-3).map((one) => one.time);
    const newest = times.at(-1);
    if (rows[0].time > newest + shown.interval * 60 && rows[0].time !== askedBefore) {
      // Candles are missing in between: the page has slept, or the server was away.
      askedBefore = rows[0].time;
      choose();
      return;
    }
    for (const row of rows) {
      if (row.time >= newest || times.includes(row.time)) {
        candleSeries.update(row, row.time < newest);
      }
    }
  }

  function heat(name) {
    page.choose("heat", name);
    chartPage.setRoom(name !== "recorded");
    tellShare();
  }

  function tellState() {
    if (isLoaded && state !== null) {
      const words = WORDS.states[state.state] || state.state;
      page.say(state.failure ? `${words}: ${state.failure}` : words, state.failure !== "");
    }
  }
})();
