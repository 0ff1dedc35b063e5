"use strict";

(() => {
  const TIMES = { "6h": 6, "24h": 24, "2d": 48, "7d": 168, "30d": 720 };
  const HOUR_MS = 3_600_000;
  const MOST_CANDLES = 1000;
  const INTERVALS = [["1m", 1], ["5m", 5], ["15m", 15], ["1h", 60], ["4h", 240], ["1d", 1440]];
  let found = null;

  plots.keep({
    choice: ["time", Object.keys(TIMES).map((one) => [one, one]), "24h"], ask, show, draw,
  });

  async function ask() {
    const symbol = page.chosen("symbol");
    const length = TIMES[page.chosen("time")] * HOUR_MS;
    const { now } = await page.ask("/health");
    const [start, end] = [now - length, now];
    const [interval] = INTERVALS.find(([, minutes]) => length <= MOST_CANDLES * minutes * 60_000);
    const [history, prices] = await Promise.all([
      page.ask("/liquidations/history", { symbol, aggregate: "true", start, end }),
      page.ask("/candles", { symbol, interval, start, end }),
    ]);
    return { history, prices };
  }

  function show(answers) {
    found = answers;
    const { history } = found;
    page.tellKind(history.kind);
    page.say(WORDS.asOf(page.minuteText(history.end)));
    document.getElementById("what").textContent = WORDS.perTime(lengthText(history.bucket_s));
    page.tellFacts(facts());
    const isBlind = history.coverage.share === 0;
    const counted = history.buckets.reduce((sum, one) => sum + (one.count || 0), 0);
    page.notice("nothing", counted > 0 ? "" : isBlind ? WORDS.nothingRecorded : WORDS.noLiquidations);
    const notes = history.gaps.length > 0 ? [WORDS.hatched, WORDS.lowerBound] : [WORDS.lowerBound];
    document.getElementById("notes").textContent = notes.join(" ");
    draw();
  }

  /** @returns {[string, string, string?][]} what there is to know at a glance */
  function facts() {
    const { history, prices } = found;
    const time = page.chosen("time");
    const sides = [["long", WORDS.factLongsDone], ["short", WORDS.factShortsDone]].map(([side, name]) => {
      const known = history.buckets.filter((one) => one.side === side && one.volume !== null);
      const count = known.reduce((sum, one) => sum + one.count, 0);
      const sum = known.reduce((usd, one) => usd + one.volume, 0);
      return known.length > 0 ? [name, page.usd(sum), WORDS.counted(count)] : [name, "-"];
    });
    const told = [...sides, [WORDS.factRecorded, page.percent(history.coverage.share), WORDS.ofTime(time)]];
    const closes = prices.candles.map((one) => one.close);
    if (closes.length > 0) {
      const change = (100 * (closes.at(-1) / prices.candles[0].open - 1)).toFixed(1);
      const isWhole = prices.coverage.share > 0.95;
      told.unshift([
        WORDS.price, page.priceText(closes.at(-1)),
        isWhole ? WORDS.over(change > 0 ? `+${change}` : change, time) : "",
      ]);
    }
    return told;
  }

  /** @param {number} seconds @returns {string} such as 5 min */
  function lengthText(seconds) {
    const minutes = seconds / 60;
    return minutes < 60 ? `${minutes} min` : minutes < 1440 ? `${minutes / 60} h` : `${minutes / 1440} d`;
  }

  function draw() {
    const { history, prices } = found;
    const { base, axis, usdAxis } = plots.layout();
    const { candles } = prices;
    const bucketMs = history.bucket_s * 1000;
    const traces = [["long", WORDS.longs], ["short", WORDS.shorts]].map(([side, name]) => {
      const buckets = history.buckets.filter((one) => one.side === side);
      return {
        type: "bar", name, yaxis: "y", marker: { color: page.COLOURS[side], line: { width: 0 } },
        x: buckets.map((one) => utc(one.timestamp + bucketMs / 2)), y: buckets.map((one) => one.volume),
        width: bucketMs * 0.92, customdata: buckets.map((one) => page.usd(one.volume || 0)),
        hovertemplate: "%{customdata}",
      };
    });
    traces.push({
      type: "scatter", mode: "lines", name: WORDS.price, yaxis: "y2",
      x: candles.map((one) => utc(one.timestamp)), y: candles.map((one) => one.close),
      line: { color: page.colour("price-line"), width: 1.5 }, hovertemplate: "%{y:,.6~r}",
    });
    traces.push({
      type: "bar", name: WORDS.volume, yaxis: "y3", marker: { color: page.colour("curve"), line: { width: 0 } },
      x: candles.map((one) => utc(one.timestamp)), y: candles.map((one) => one.volume),
      customdata: candles.map((one) => page.usd(one.volume)), hovertemplate: "%{customdata}",
    });
    const heights = [0.24, 0.2];
    // Without amounts an axis has nothing to say.
    const hasPrices = candles.length > 0;
    const hasAmounts = history.buckets.some((one) => one.volume);
    plots.draw([...traces, ...blind(history)], {
      ...base,
      barmode: "stack",
      xaxis: {
        ...axis, type: "date", tickangle: 0, nticks: plots.isNarrow() ? 5 : 12,
        tickformat: length(history) > 48 * HOUR_MS ? "%d %b" : "%H:%M\n%d %b", range: [utc(history.start), utc(history.end)], anchor: "y3" },
      yaxis: { ...usdAxis, domain: [heights[0], 1], title: title(WORDS.liquidatedAxis), visible: hasAmounts },
      yaxis2: { ...axis, overlaying: "y", side: "right", title: title(WORDS.price), visible: hasPrices, tickmode: "auto", tickformat: ",.6~r", showgrid: false, fixedrange: true },
      yaxis3: { ...usdAxis, domain: [0, heights[1]], side: "right", title: title(WORDS.volumeAxis), nticks: 3, visible: hasPrices },
      yaxis4: { domain: [heights[0], 1], overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    });
  }

  /** @returns {Object[]} hatched areas: no bars there does not mean no liquidations */
  function blind(history) {
    return [["gap", WORDS.blind, 0.5], ["unproven", WORDS.unproven, 0.25]]
      .map(([kind, name, opacity]) => {
        const gaps = history.gaps.filter((one) => one.kind === kind);
        return {
          type: "bar", name, yaxis: "y4", hoverinfo: "skip",
          x: gaps.map((one) => utc(one.start)), offset: gaps.map(() => 0), y: gaps.map(() => 1),
          width: gaps.map(({ start: from, end: to }) => to - from),
          marker: {
            color: "rgba(0, 0, 0, 0)", line: { width: 0 },
            pattern: { shape: "/", fgcolor: page.colour("faint"), fgopacity: opacity, bgcolor: "rgba(0, 0, 0, 0)", size: 9, solidity: 0.15 },
          },
        };
      })
      .filter((one) => one.x.length > 0);
  }

  /** @returns {number} milliseconds */
  function length(history) {
    return history.end - history.start;
  }

  function utc(ms) {
    return new Date(ms).toISOString().slice(0, 19);
  }

  function title(text) {
    return plots.isNarrow() ? undefined : { text };
  }
})();
