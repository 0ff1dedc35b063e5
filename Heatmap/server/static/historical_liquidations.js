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
    const share = (100 * found.history.coverage.share).toFixed(1).replace(/\.0$/, "");
    page.say(WORDS.recordedShare(share));
    document.getElementById("notes").textContent = WORDS.lowerBound;
    draw();
  }

  function draw() {
    const { history, prices } = found;
    const { base, axis } = plots.layout();
    const { candles } = prices;
    const bucketMs = history.bucket_s * 1000;
    const traces = [["long", WORDS.longs], ["short", WORDS.shorts]].map(([side, name]) => {
      const buckets = history.buckets.filter((one) => one.side === side);
      return {
        type: "bar", name, yaxis: "y", marker: { color: page.COLOURS[side], line: { width: 0 } },
        x: buckets.map((one) => utc(one.timestamp + bucketMs / 2)), y: buckets.map((one) => one.volume),
        width: bucketMs * 0.92, hovertemplate: "%{y:$.3s}",
      };
    });
    traces.push({
      type: "scatter", mode: "lines", name: WORDS.price, yaxis: "y2",
      x: candles.map((one) => utc(one.timestamp)), y: candles.map((one) => one.close),
      line: { color: page.colour("price-line"), width: 1.5 }, hovertemplate: "%{y:,.2f}",
    });
    traces.push({
      type: "bar", name: WORDS.volume, yaxis: "y3", marker: { color: page.colour("curve"), line: { width: 0 } },
      x: candles.map((one) => utc(one.timestamp)), y: candles.map((one) => one.volume),
      hovertemplate: "%{y:$.3s}",
    });
    const heights = [0.24, 0.2];
    plots.draw([...traces, ...blind(history)], {
      ...base,
      barmode: "stack",
      xaxis: {
        ...axis, type: "date", tickangle: 0, nticks: plots.isNarrow() ? 5 : 12,
        tickformat: length(history) > 48 * HOUR_MS ? "%d %b" : "%H:%M\n%d %b", range: [utc(history.start), utc(history.end)], anchor: "y3" },
      yaxis: { ...axis, domain: [heights[0], 1], title: title(WORDS.liquidatedAxis), tickformat: "$.2s", rangemode: "tozero", fixedrange: true },
      yaxis2: { ...axis, overlaying: "y", side: "right", title: title(WORDS.price), tickmode: "auto", tickformat: ",.6~r", showgrid: false, fixedrange: true },
      yaxis3: { ...axis, domain: [0, heights[1]], side: "right", title: title(WORDS.volumeAxis), tickformat: "$.2s", fixedrange: true, nticks: 3 },
      yaxis4: { domain: [heights[0], 1], overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    });
  }

  /** @returns {Object[]} hatched areas: no bars there does not mean no liquidations */
  function blind(history) {
    return [["gap", WORDS.blind, 0.5], ["unproven", WORDS.unproven, 0.25]]
      .map(([kind, name, opacity]) => {
        const gaps = history.gaps.filter((one) => one.kind === kind);
        return {
          type: "bar", name, yaxis: "y4", hoverinfo: "skip", showlegend: gaps.length > 0,
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
