"use strict";

(() => {
  const REFRESH_MS = 30_000;
  /** Of so many symbols it is asked how much was recorded. */
  const MOST_SHARES = 20;

  /** Say in one sentence how the recorder is, and list the symbols. */
  async function tellState() {
    try {
      const health = await page.ask("/health");
      const { connection, last_event: last } = health.recorder;
      page.tellKind(health.kind);
      const since = last === null ? WORDS.recorder.none : `${page.minuteText(last)} UTC`;
      const words =
        connection === "live"
          ? WORDS.recorder.running(health.symbols.slice(0, 5).join(", "), since)
          : WORDS.recorder.notLive(connection, since);
      const kind = WORDS.kindWords[health.kind];
      page.say(kind ? `${kind}. ${words}` : words, connection !== "live");
      const { days, last_day: day } = health.history;
      document.getElementById("history").textContent =
        health.history.note || (days > 0 ? WORDS.historyDays(days, day) : WORDS.noHistory);
      const shares = await Promise.all(health.symbols.slice(0, MOST_SHARES).map(share));
      const rows = health.symbols.map((one, number) => entry(one, shares[number] ?? ""));
      document.getElementById("head").replaceChildren(row("th", WORDS.symbolHead));
      document.getElementById("symbols").replaceChildren(...rows);
    } catch (error) {
      page.say(page.reason(error), true);
    }
  }

  /** @param {string} symbol @returns {Promise<string>} how much of the last day was recorded */
  async function share(symbol) {
    const { coverage } = await page.ask("/coverage", { symbol });
    return page.percent(coverage.share);
  }

  /** @param {string} symbol @param {string} recorded @returns {HTMLElement} it, with its charts */
  function entry(symbol, recorded) {
    const charts = document.createElement("span");
    for (const [path, words] of [
      ["/heatmap.html", WORDS.nav.heatmap],
      ["/liquidation_map.html", WORDS.nav.map],
      ["/historical_liquidations.html", WORDS.nav.history],
    ]) {
      const link = document.createElement("a");
      link.href = `${path}?${new URLSearchParams({ symbol })}`;
      link.textContent = words;
      charts.append(link);
    }
    return row("td", [symbol, recorded, charts]);
  }

  /** @param {string} tag @param {(string | Node)[]} cells @returns {HTMLElement} */
  function row(tag, cells) {
    const made = document.createElement("tr");
    for (const cell of cells) {
      const place = document.createElement(tag);
      place.append(cell);
      made.append(place);
    }
    return made;
  }

  tellState();
  setInterval(tellState, REFRESH_MS);
})();
