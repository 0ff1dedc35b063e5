"use strict";

// The chart's legend below it, where the pane is too narrow for it: a telephone's. What it says is
// the layer's own: its colours, amounts and words.

const legendBelow = (() => {
  /** The chart's own legend is left out of panes that are narrower, see parts/legend.js. */
  const LEAST_WIDTH_PX = 320;
  const LOOK_MS = 500;
  let told = "";

  function look() {
    const place = document.getElementById("legend");
    const layer = window.OrderPilotHeatmap.layers.get("heatmap");
    const grid = layer?.picture.grid ?? null;
    const isNarrow = grid !== null && chart.timeScale().width() < LEAST_WIDTH_PX;
    const rows = isNarrow && layer.stage !== null ? layer.stage.legend.rows : [];
    const lines = isNarrow ? grid.sourceText.split("\n").filter((one) => one !== "") : [];
    const labels = isNarrow ? grid.scaleLabels : [];
    const dots = rows.map((row) => [row.text, row.entries.map((one) => [one.text, one.colour])]);
    const news = JSON.stringify([isNarrow, lines, labels, dots, page.theme()]);
    if (news === told) {
      return;
    }
    told = news;
    const isEmpty = lines.length + labels.length + dots.length === 0;
    place.hidden = isEmpty;
    if (!isEmpty) {
      place.replaceChildren(
        ...bar(labels, layer.picture.colours, grid.isSplit),
        ...dots.map(([text, entries]) => dotLine(text, entries)),
        ...lines.map((line) => page.made("div", line)),
      );
    }
  }

  /** @returns {HTMLElement[]} the palette from little to much, and its amounts */
  function bar(labels, colours, isSplit) {
    if (labels.length === 0) {
      return [];
    }
    const canvas = document.createElement("canvas");
    canvas.width = 256;
    canvas.height = 1;
    const pixels = new Uint8ClampedArray(colours);
    // With split sides from the strongest shorts over nothing to the strongest longs.
    for (let i = 0; isSplit && i < 256; i += 1) {
      const byte = i < 128 ? 2 * (127 - i) : 2 * (i - 128) + 1;
      pixels.set(colours.subarray(byte * 4, byte * 4 + 4), i * 4);
    }
    canvas.getContext("2d").putImageData(new ImageData(pixels, 256, 1), 0, 0);
    const amounts = page.made("div", "", "amounts");
    amounts.append(...labels.map(([, words]) => page.made("span", words)));
    return [canvas, amounts];
  }

  /** @returns {HTMLElement} words, and a dot of its colour for each entry */
  function dotLine(text, entries) {
    const line = page.made("div", text);
    for (const [words, colour] of entries) {
      const dot = page.made("span", "", "dot");
      dot.style.background = colour;
      line.append(dot, words);
    }
    return line;
  }

  setInterval(look, LOOK_MS);

  return { isShown: () => chart.timeScale().width() < LEAST_WIDTH_PX };
})();
