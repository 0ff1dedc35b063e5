"use strict";

/** Says in one sentence how the recorder is, and lists the symbols. */
async function tellState() {
  try {
    const health = await page.ask("/health");
    const { connection, last_event: last } = health.recorder;
    const kind = WORDS.kinds[health.kind];
    const since = last === null ? WORDS.recorder.none : `${page.minuteText(last)} UTC`;
    const words =
      connection === "live"
        ? WORDS.recorder.running(health.symbols.slice(0, 5).join(", "), since)
        : WORDS.recorder.notLive(connection, since);
    page.say(kind ? `${kind}. ${words}` : words, connection !== "live");
    const { days, last_day: day } = health.history;
    document.getElementById("history").textContent =
      health.history.note || (days > 0 ? WORDS.historyDays(days, day) : WORDS.noHistory);
    document.getElementById("symbols").replaceChildren(...health.symbols.map(entry));
  } catch (error) {
    page.say(WORDS.failed(error.message), true);
  }
}

/** @param {string} symbol @returns {HTMLElement} it, with its charts */
function entry(symbol) {
  const item = document.createElement("li");
  item.append(`${symbol}: `);
  const charts = [
    ["/heatmap.html", WORDS.nav.heatmap],
    ["/liquidation_map.html", WORDS.nav.map],
    ["/historical_liquidations.html", WORDS.nav.history],
  ];
  charts.forEach(([path, words], number) => {
    const link = document.createElement("a");
    link.href = `${path}?${new URLSearchParams({ symbol })}`;
    link.textContent = words;
    item.append(number ? ", " : "", link);
  });
  return item;
}

tellState();
