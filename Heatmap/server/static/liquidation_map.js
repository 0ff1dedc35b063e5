"use strict";

(() => {
  /** Above these leverages the next tier begins; the riskiest is red. */
  const TIERS = [
    { low: 0, high: 25, colour: page.COLOURS.short },
    { low: 25, high: 50, colour: page.COLOURS.third },
    { low: 50, high: Infinity, colour: page.COLOURS.long },
  ];
  /** Prices within this distance are shown at first, percent. */
  const FIRST_RANGE = 10;
  let found = null;
  let range = null;

  plots.keep({
    choice: ["model", Object.entries(WORDS.models), "calibrated"], ask, show, draw,
    forget: () => (range = null),
  });

  function ask() {
    return page.ask("/liquidations/levels", {
      symbol: page.chosen("symbol"), model: page.chosen("model"),
    });
  }

  function show(answer) {
    found = answer;
    // Words first: the plot fills what they leave.
    tell();
    draw();
  }

  function tell() {
    const { score, at } = found;
    const isEmpty = found.long_liquidations.length + found.short_liquidations.length === 0;
    page.say(isEmpty ? WORDS.nothing : WORDS.asOf(page.minuteText(at)));
    const notes = [WORDS.lowerBound];
    if (score !== null) {
      const [low, point, high] = score.bits_over_distance.map((bits) => bits.toFixed(2));
      notes.unshift(WORDS.score(low, point, high));
    }
    document.getElementById("notes").textContent = notes.join(" ");
  }

  function draw() {
    const levels = [...found.long_liquidations, ...found.short_liquidations];
    const { base, axis } = plots.layout();
    const price = found.current_price;
    const width = levels.length > 0 ? levels[0].price_high - levels[0].price_low : 1;
    const curves = [
      [WORDS.longs, found.long_liquidations, true],
      [WORDS.shorts, found.short_liquidations, false],
    ].map(([name, side, isLong]) => {
      // From the price outwards: each level's far end is where all of it is passed.
      const ends = side.map((one) => (isLong ? one.price_low : one.price_high));
      return {
        type: "scatter", mode: "lines", yaxis: "y2",
        name: WORDS.cumulativeOf(name.toLowerCase()),
        x: [price, ...ends], y: [0, ...side.map((one) => one.cumulative)],
        line: { color: page.colour("text"), width: 1.5, dash: isLong ? "solid" : "dot" },
        hovertemplate: "%{y:$.3s}",
      };
    });
    plots.draw([...bars(levels), ...curves], {
      ...base,
      barmode: "stack",
      xaxis: {
        ...axis, range: range || [price * (1 - FIRST_RANGE / 100), price * (1 + FIRST_RANGE / 100)],
        tickformat: ",", hoverformat: ",.6~r", showgrid: false,
      },
      yaxis: { ...axis, title: title(WORDS.units[found.unit] || WORDS.units.other), tickformat: "$.2s", fixedrange: true },
      yaxis2: { ...axis, title: title(WORDS.cumulativeAxis), side: "right", overlaying: "y", tickmode: "auto", tickformat: "$.2s", showgrid: false, rangemode: "tozero", fixedrange: true },
      shapes: [{
        type: "line", x0: price, x1: price, yref: "paper", y0: 0, y1: 1,
        line: { color: page.colour("price"), width: 2, dash: "dash" },
      }],
      annotations: [{
        x: price, y: 1, yref: "paper", yanchor: "top", showarrow: false, xanchor: "left", xshift: 4,
        text: `${WORDS.price} ${price.toLocaleString("en", { maximumFractionDigits: 2 })}`,
        font: { color: page.colour("price") }, bgcolor: page.colour("ground"),
      }],
    });
    document.getElementById("plot").on("plotly_relayout", (event) => {
      if (event["xaxis.range[0]"] !== undefined) {
        range = [event["xaxis.range[0]"], event["xaxis.range[1]"]];
      } else if (event["xaxis.autorange"]) {
        range = null;
      }
    });

    function bars(all) {
      const hasTiers = all.some((one) => one.leverage.length > 0);
      const tiers = hasTiers ? TIERS : [{ low: 0, high: Infinity, colour: page.COLOURS.third }];
      return tiers.map((tier) => ({
        type: "bar", name: name(tier, hasTiers), marker: { color: tier.colour, line: { width: 0 } },
        x: all.map((one) => one.price), width: all.map((one) => one.price_high - one.price_low || width),
        y: all.map((one) => (hasTiers ? within(one, tier) : one.volume)),
        hovertemplate: "%{y:$.3s}",
      }));
    }
  }

  /** @returns {number} USD of a level whose positions are of a tier */
  function within(level, tier) {
    return level.leverage
      .filter((part) => middle(part) >= tier.low && middle(part) < tier.high)
      .reduce((sum, part) => sum + part.volume, 0);
  }

  function middle({ low, high }) {
    return Math.sqrt(low * high);
  }

  function name({ low, high }, hasTiers) {
    if (!hasTiers) {
      return WORDS.tierUnknown;
    }
    return low === 0 ? WORDS.tierUpTo(high) : high === Infinity ? WORDS.tierOver(low) : WORDS.tierBetween(low, high);
  }

  /** A telephone has no room for words beside an axis. */
  function title(text) {
    return plots.isNarrow() ? undefined : { text };
  }
})();
