"use strict";

/** What both plots share: their grounds, axes and sizes. */
const plots = (() => {
  const PLACE = "plot";
  const RETRY_MS = 3_000;
  const REFRESH_MS = 30_000;

  /** @returns {boolean} whether the screen is a telephone's */
  function isNarrow() {
    return window.innerWidth < 600;
  }

  /** @returns {Object} the layout that all plots begin with */
  function layout() {
    const line = page.colour("line");
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
    return {
      axis,
      base: {
        paper_bgcolor: page.colour("ground"),
        plot_bgcolor: page.colour("ground"),
        font: { color: page.colour("text"), size: isNarrow() ? 11 : 13, family: "system-ui, sans-serif" },
        margin: isNarrow() ? { l: 8, r: 8, t: 8, b: 8 } : { l: 16, r: 16, t: 16, b: 16 },
        hovermode: "x unified",
        hoverlabel: {
          bgcolor: page.colour("panel"), bordercolor: line, font: { color: page.colour("text") },
        },
        legend: {
          orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal",
          entrywidthmode: "pixels", entrywidth: isNarrow() ? 104 : 150,
        },
        dragmode: isNarrow() ? false : "zoom",
        bargap: 0.05,
      },
    };
  }

  /** @param {Object[]} traces @param {Object} made the layout */
  function draw(traces, made) {
    return Plotly.react(PLACE, traces, made, {
      responsive: true, displaylogo: false, displayModeBar: !isNarrow(), locale: "en",
      modeBarButtonsToRemove: ["select2d", "lasso2d"], scrollZoom: !isNarrow(),
    });
  }

  /** Draw again with other colours or another size of the screen. @param {() => void} again */
  function onChange(again) {
    page.onTheme(again);
    let wasNarrow = isNarrow();
    window.addEventListener("resize", () => {
      if (isNarrow() !== wasNarrow) {
        wasNarrow = isNarrow();
        again();
      }
    });
  }

  /**
   * Keep a page's plot: what is asked for is chosen, fetched, shown, and fetched again. An answer
   * that comes after a newer question is left out.
   *
   * @param {{choice: [string, string[][], string], ask: () => Promise<Object>,
   *   show: (found: Object) => void, draw: () => void, forget?: () => void}} plot
   *   `choice`: name, options and first value of what is chosen beside the symbol; `show` tells and
   *   draws what was fetched; `draw` draws that again; `forget`: another choice was made.
   */
  function keep(plot) {
    let hasFound = false;
    let request = 0;

    async function start() {
      page.say(WORDS.loading);
      try {
        page.choice("symbol", await page.symbols(), "", reload);
        page.choice(...plot.choice, reload);
      } catch (error) {
        page.say(WORDS.failed(error.message), true);
        setTimeout(start, RETRY_MS);
        return;
      }
      onChange(() => hasFound && plot.draw());
      setInterval(load, REFRESH_MS);
      reload();
    }

    function reload() {
      plot.forget?.();
      page.say(WORDS.loading);
      load();
    }

    async function load() {
      const mine = (request += 1);
      try {
        const found = await plot.ask();
        if (mine === request) {
          hasFound = true;
          plot.show(found);
        }
      } catch (error) {
        if (mine === request) {
          page.say(WORDS.failed(error.message), true);
        }
      }
    }

    start();
  }

  return { isNarrow, layout, draw, keep };
})();
