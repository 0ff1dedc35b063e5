"use strict";

/** What both plots share: their grounds, axes, legends and sizes. */
const plots = (() => {
  const PLACE = "plot";
  const RETRY_MS = 3_000;
  const REFRESH_MS = 30_000;
  /** Names of what was switched off in the legend. @type {Set<string>} */
  const hidden = new Set();

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
      usdAxis: { ...axis, tickprefix: "$", exponentformat: "B", separatethousands: true, rangemode: "tozero", fixedrange: true },
      base: {
        paper_bgcolor: page.colour("ground"),
        plot_bgcolor: page.colour("ground"),
        font: { color: page.colour("text"), size: isNarrow() ? 11 : 13, family: "system-ui, sans-serif" },
        margin: isNarrow() ? { l: 8, r: 8, t: 8, b: 8 } : { l: 16, r: 16, t: 12, b: 16 },
        hovermode: "x unified",
        hoverlabel: {
          bgcolor: page.colour("panel"), bordercolor: line, font: { color: page.colour("text") },
        },
        showlegend: false,
        dragmode: isNarrow() ? false : "zoom",
        bargap: 0.05,
      },
    };
  }

  /** @param {Object[]} traces @param {Object} made the layout */
  function draw(traces, made) {
    setLegend(traces, () => draw(traces, made));
    const seen = traces.map((one) => ({ ...one, visible: !hidden.has(one.name) }));
    document.getElementById("empty")?.remove();
    return Plotly.react(PLACE, seen, made, {
      responsive: true, displaylogo: false, displayModeBar: isNarrow() ? false : "hover", locale: "en",
      modeBarButtonsToRemove: ["select2d", "lasso2d"], scrollZoom: !isNarrow(),
    });
  }

  /** Say in words why there is no plot. @param {string} words */
  function empty(words) {
    Plotly.purge(PLACE);
    const place = page.made("p", words[0].toUpperCase() + words.slice(1));
    place.id = "empty";
    document.getElementById(PLACE).replaceChildren(place);
    document.getElementById("legend").replaceChildren();
    document.getElementById("notes").textContent = "";
    page.tellFacts([]);
  }

  /** Fill the legend: each entry switches its part off and on. */
  function setLegend(traces, again) {
    const entries = traces.map(({ name, type, marker, line }) => {
      const entry = page.made("button", name);
      const swatch = page.made("span", "", `swatch ${type === "bar" ? "" : `line ${line.dash || ""}`}`);
      if (marker?.pattern) {
        swatch.classList.add("hatch");
        swatch.style.opacity = String(marker.pattern.fgopacity + 0.3);
      } else {
        swatch.style.setProperty("--swatch", type === "bar" ? marker.color : line.color);
      }
      entry.type = "button";
      entry.setAttribute("aria-pressed", String(!hidden.has(name)));
      entry.onclick = () => {
        hidden.has(name) ? hidden.delete(name) : hidden.add(name);
        again();
      };
      entry.prepend(swatch);
      return entry;
    });
    document.getElementById("legend").replaceChildren(...entries);
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
    /** Whether the plot is of what is chosen. */
    let hasFound = false;
    let request = 0;

    async function start() {
      page.say(WORDS.loading);
      try {
        page.choice("symbol", await page.symbols(), "", reload);
        page.choice(...plot.choice, reload);
      } catch (error) {
        page.say(page.reason(error), true);
        setTimeout(start, RETRY_MS);
        return;
      }
      onChange(() => hasFound && plot.draw());
      setInterval(load, REFRESH_MS);
      reload();
    }

    function reload() {
      plot.forget?.();
      hasFound = false;
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
        if (mine !== request) {
          return;
        }
        if (!hasFound && error.isAnswer) {
          page.say("");
          empty(error.message);
          // What is missing may come at any time; what is refused stays so.
          if (error.mayChange) {
            setTimeout(() => mine === request && load(), RETRY_MS);
          }
        } else {
          page.say(page.reason(error), true);
        }
      }
    }

    start();
  }

  return { isNarrow, layout, draw, keep };
})();
