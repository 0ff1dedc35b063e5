"use strict";

(() => {
  /** Above these leverages the next tier begins; the riskiest is red. */
  const TIERS = [
    { low: 0, high: 25, colour: page.COLOURS.short },
    { low: 25, high: 50, colour: page.COLOURS.third },
    { low: 50, high: Infinity, colour: page.COLOURS.long },
  ];
  /** Prices within this distance are shown at first, and added up, percent. */
  const FIRST_RANGE = 10;
  const DAY_MS = 86_400_000;
  /** So much of the candles may be missing where they count as complete. */
  const MISSING_MS = DAY_MS / 8;
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

  function unit() {
    return WORDS.units[found.unit] || WORDS.units.other;
  }

  function tell() {
    const { score, at, coverage } = found;
    page.tellKind(found.kind);
    const isEmpty = levels().length === 0;
    page.say(isEmpty ? WORDS.nothing : WORDS.asOf(page.minuteText(at)));
    document.getElementById("what").textContent = unit().what;
    page.tellFacts(facts());
    const spanMs = coverage.end - coverage.start;
    const isComplete = (1 - coverage.share) * spanMs <= MISSING_MS;
    const days = Math.round(spanMs / DAY_MS);
    page.notice("candles", isComplete ? "" : WORDS.missingCandles(page.percent(coverage.share), days));
    const notes = found.notes.map(({ kind, count }) =>
      WORDS.notesOf[kind] ? WORDS.notesOf[kind](count) : WORDS.noteOf(kind, count),
    );
    if (score !== null) {
      const [low, point, high] = score.bits_over_distance.map((bits) => bits.toFixed(2));
      notes.push(WORDS.score(low, point, high));
    }
    if (unit() !== WORDS.units.other) {
      // Positions are none of reports.
      notes.push(WORDS.lowerBound);
    }
    document.getElementById("notes").textContent = notes.join(" ");
  }

  /** @returns {[string, string, string?][]} what there is to know at a glance */
  function facts() {
    const { current_price: price, coverage } = found;
    const largest = levels().reduce((most, one) => (one.volume > most.volume ? one : most), { volume: 0 });
    const told = [
      [WORDS.factPrice, page.priceText(price)],
      [WORDS.factLongs(FIRST_RANGE), page.usd(within(found.long_liquidations))],
      [WORDS.factShorts(FIRST_RANGE), page.usd(within(found.short_liquidations))],
    ];
    if (largest.volume > 0) {
      const away = largest.distance_pct.toFixed(1);
      const words = largest.side === "long" ? WORDS.awayDown(away) : WORDS.awayUp(away);
      told.push([WORDS.factLargest, page.priceText(largest.price), `${page.usd(largest.volume)}, ${words}`]);
    }
    const days = Math.round((coverage.end - coverage.start) / DAY_MS);
    return [...told, [WORDS.factCandles, page.percent(coverage.share), WORDS.ofDays(days)]];
  }

  /** @param {Object[]} side @returns {number} USD within the distance that is shown at first */
  function within(side) {
    return side
      .filter((one) => one.distance_pct < FIRST_RANGE)
      .reduce((sum, one) => sum + one.volume, 0);
  }

  function levels() {
    return [...found.long_liquidations, ...found.short_liquidations];
  }

  function draw() {
    const all = levels();
    const { base, axis, usdAxis } = plots.layout();
    const price = found.current_price;
    const width = all.length > 0 ? all[0].price_high - all[0].price_low : 1;
    const curves = [
      [WORDS.longs, found.long_liquidations, true],
      [WORDS.shorts, found.short_liquidations, false],
    ].map(([name, side, isLong]) => {
      // From the price outwards: each level's far end is where all of it is passed.
      const ends = side.map((one) => (isLong ? one.price_low : one.price_high));
      const sums = [0, ...side.map((one) => one.cumulative)];
      return {
        type: "scatter", mode: "lines", yaxis: "y2",
        name: WORDS.cumulativeOf(name.toLowerCase()),
        x: [price, ...ends], y: sums, customdata: sums.map(page.usd),
        line: { color: page.colour("text"), width: 1.5, dash: isLong ? "solid" : "dot" },
        hovertemplate: "%{customdata}",
      };
    });
    plots.draw([...bars(), ...curves], {
      ...base,
      barmode: "stack",
      xaxis: {
        ...axis, range: range || [price * (1 - FIRST_RANGE / 100), price * (1 + FIRST_RANGE / 100)],
        tickformat: ",.6~r", hoverformat: ",.6~r", showgrid: false, nticks: plots.isNarrow() ? 5 : 12,
      },
      yaxis: { ...usdAxis, title: title(unit().axis) },
      yaxis2: { ...usdAxis, title: title(WORDS.cumulativeAxis), side: "right", overlaying: "y", tickmode: "auto", showgrid: false },
      shapes: [{
        type: "line", x0: price, x1: price, yref: "paper", y0: 0, y1: 1,
        line: { color: page.colour("price"), width: 2, dash: "dash" },
      }],
      annotations: [{
        x: price, y: 1, yref: "paper", yanchor: "top", showarrow: false, xanchor: "left", xshift: 4,
        text: `${WORDS.price} ${page.priceText(price)}`,
        font: { color: page.colour("price") }, bgcolor: page.colour("ground"),
      }],
    });
    const place = document.getElementById("plot");
    place.removeAllListeners("plotly_relayout");
    place.on("plotly_relayout", (event) => {
      if (event["xaxis.range[0]"] !== undefined) {
        range = [event["xaxis.range[0]"], event["xaxis.range[1]"]];
      } else if (event["xaxis.autorange"]) {
        range = null;
      }
    });

    function bars() {
      const hasTiers = all.some((one) => one.leverage.length > 0);
      const tiers = hasTiers ? TIERS : [{ low: 0, high: Infinity, colour: page.COLOURS.third }];
      return tiers.map((tier) => {
        const amounts = all.map((one) => (hasTiers ? ofTier(one, tier) : one.volume));
        return {
          type: "bar", name: name(tier, hasTiers), marker: { color: tier.colour, line: { width: 0 } },
          x: all.map((one) => one.price), width: all.map((one) => one.price_high - one.price_low || width),
          y: amounts, customdata: amounts.map(page.usd), hovertemplate: "%{customdata}",
        };
      });
    }
  }

  /** @returns {number} USD of a level whose positions are of a tier */
  function ofTier(level, tier) {
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
