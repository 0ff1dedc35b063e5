"""What the layer costs in each frame of a pan, against one rectangle per cell on the same page.

The time is JavaScript's, of the layer's whole paint: cells, hatch, mark of the window, legend. Both
ways paint the same grid in the same pane while the chart is panned, and both pictures are compared
where the cells are known. After that the same frame with what stands right of now, 500 bubbles of
recorded liquidations and labels of levels. One JSON object a line, see `measured_page.report`.
"""

import json
import statistics
import sys
from typing import Any

import numpy as np

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import bubble_message
from Heatmap.picture.texts import LEVEL_WORDS
from Heatmap.tests.bench.measured_page import MeasuredPage, report, run
from Heatmap.tests.ui.chart_page import START_S, grid_message, minute_candles
from Heatmap.ui.layer.chart_layer import HeatmapLayer

FRAMES, BATCH = 300, 25
NAIVE_FRAMES = 5
LIMIT_MS = {"linear": 1.0, "logarithmic": 3.0}
TIMES_CHEAPER = 200
# So many cells side by side are alike: the middle of their pixels is of a known colour in both
# pictures, however the edges of columns are rounded. Rows are high enough to be told apart.
ALIKE = 2
# rows, columns, milliseconds of a column, pane (2.3 px a row, 1.15 px a column), and after how many
# minutes a candle is missing (0: never), which cuts the time axis into pieces.
CASES = (
    (380, 1700, 15_000, (1955, 874), 0),
    (240, 920, 30_000, (1058, 552), 0),
    (380, 1700, 15_000, (1955, 874), 35),
)
LOW_USD, BIN_USD = 98_000.0, 10.0
# Bubbles that are seen, side by side and one above the other: none of them overlap.
BUBBLES = (40, 13)
LEVELS = 7

_SCRIPT = """
window.frameCost = (function () {
  "use strict";
  const layer = measured.layer();
  const own = layer.stage.paint;
  let times = null;
  let left = 0;
  function timed(paint) {
    return function (scope) {
      const begin = performance.now();
      paint(scope);
      if (times !== null) {
        times.push(performance.now() - begin);
      }
    };
  }
  /** The plain way: a rectangle per visible cell, its colour looked up as a ready text. */
  function rectangles(styles) {
    return function (scope) {
      const { axis } = layer.stage;
      const grid = layer.picture.grid;
      const { context, horizontalPixelRatio: ratioX, verticalPixelRatio: ratioY } = scope;
      axis.refresh();
      axis.place(grid.firstCol * grid.binMs, grid.endCol * grid.binMs, scope.mediaSize.width);
      for (let i = 0; i < axis.segments; i += 1) {
        const slope = (axis.toX[i] - axis.fromX[i]) / (axis.toMs[i] - axis.fromMs[i]);
        const x = (col) =>
          Math.round((axis.fromX[i] + (col * grid.binMs - axis.fromMs[i]) * slope) * ratioX);
        const first = Math.floor(axis.fromMs[i] / grid.binMs);
        const end = Math.ceil(axis.toMs[i] / grid.binMs);
        for (let row = 0; row < grid.rows; row += 1) {
          const price = grid.priceLow + row * grid.binUsd;
          const bottom = Math.round(priceSeries.priceToCoordinate(price) * ratioY);
          const top = Math.round(priceSeries.priceToCoordinate(price + grid.binUsd) * ratioY);
          for (let col = first; col < end; col += 1) {
            const value = grid.cells[row * grid.capacity + grid.slot(col)];
            if (value > 0) {
              const left = x(col);
              context.fillStyle = styles[value];
              context.fillRect(left, top, x(col + 1) - left, bottom - top);
              frameCost.drawn += 1;
            }
          }
        }
      }
    };
  }
  return {
    drawn: 0,
    /** How many bubbles lie in the pane as it was painted last. */
    bubbles() {
      const { part } = layer.stage.parts._made.find((one) => one.record.name === "bubbles");
      return part._x.filter((x) => x >= 0 && x <= chart.timeScale().width()).length;
    },
    /** Where cells have their middle: y of each row, x of each group of columns that are alike. */
    middles(alike) {
      const { axis } = layer.stage;
      const grid = layer.picture.grid;
      const ys = [];
      const xs = [];
      // Not at the edges: of the pane, and of the layer's own mark of the window's begin.
      for (let row = 5.5; row < grid.rows - 5; row += 1) {
        const price = grid.priceLow + row * grid.binUsd;
        ys.push(Math.floor(priceSeries.priceToCoordinate(price)));
      }
      for (let col = 60 + alike / 2; col < grid.endCol - grid.firstCol - 60; col += alike) {
        const ms = Math.floor((grid.firstCol + col) * grid.binMs);
        axis.place(ms, ms + 1, 1e5);
        // A time in a hole of the candles has no place.
        if (axis.segments === 1) {
          xs.push(Math.floor(axis.fromX[0]));
        }
      }
      return [ys, xs];
    },
    /** Paint from now on with rectangles, or as the layer does. */
    use(naive) {
      const table = layer.picture.colours;
      const styles = [];
      for (let value = 0; value < 256; value += 1) {
        const [r, g, b, a] = table.slice(4 * value, 4 * value + 4);
        styles.push(`rgba(${r},${g},${b},${a / 255})`);
      }
      layer.stage.paint = timed(naive ? rectangles(styles) : own.bind(layer.stage));
      layer.stage.repaint();
      return true;
    },
    /** Pan the chart, a frame a step, and tell how long each paint took. */
    pan(count) {
      const range = chart.timeScale().getVisibleLogicalRange();
      times = [];
      left = count;
      const step = () => {
        const shift = 0.013 * (left % 40);
        const { from, to } = range;
        chart.timeScale().setVisibleLogicalRange({ from: from + shift, to: to + shift });
        left -= 1;
        if (left >= 0) {
          requestAnimationFrame(step);
        } else {
          chart.timeScale().setVisibleLogicalRange(range);
          const told = times;
          times = null;
          measured.tell("panned", told);
        }
      };
      requestAnimationFrame(step);
      return true;
    },
  };
})();
"""


def random_cells(rows: int, cols: int) -> Any:
    """Return cells of random strength, none of them empty, `ALIKE` neighbours alike."""
    strengths = np.random.default_rng(7).integers(1, 256, (rows, -(-cols // ALIKE)))
    return np.ascontiguousarray(np.repeat(strengths, ALIKE, axis=1)[:, :cols], dtype=np.uint8)


async def open_page(
    rows: int, cols: int, bin_ms: int, pane: tuple[int, int], hole_minutes: int
) -> tuple[MeasuredPage, HeatmapLayer]:
    """Show a grid that fills the pane to the pixel, with two gaps, a colour bar and its source."""
    page = MeasuredPage()
    candles = minute_candles(cols * bin_ms // 60_000)
    if hole_minutes:
        del candles[hole_minutes - 1 :: hole_minutes]
    await page.open(candles, pane=pane)
    prices = {"minValue": LOW_USD, "maxValue": LOW_USD + rows * BIN_USD}
    await page.js(
        f"(chart.timeScale().setVisibleLogicalRange({{from: 0, to: {len(candles) - 1}}}), "
        "priceSeries.priceScale().applyOptions({scaleMargins: {top: 0, bottom: 0}}), "
        "priceSeries.applyOptions("
        f"{{autoscaleInfoProvider: () => ({{priceRange: {json.dumps(prices)}}})}}), 0)"
    )
    layer = HeatmapLayer(page.page)
    await page.until("window.OrderPilotHeatmap && OrderPilotHeatmap.layers.size === 1")
    await page.until("OrderPilotHeatmap.layers.values().next().value.stage !== null")
    await page.watch()
    start_ms = START_S * 1_000
    minute_ms = 60_000
    meta, cells = grid_message(
        random_cells(rows, cols),
        priceLow=LOW_USD,
        binUsd=BIN_USD,
        binMs=bin_ms,
        windowStartMs=start_ms + 5 * minute_ms,
        gaps=[
            [start_ms + 60 * minute_ms, start_ms + 70 * minute_ms, "gap"],
            [start_ms + 200 * minute_ms, start_ms + 230 * minute_ms, "unproven"],
        ],
        sourceText="Binance USD-M liquidations, lower bound, recorded since 2024-12-05 01:00 UTC",
    )
    meta["scale"]["labels"] = [[0.0, "0"], [0.5, "25k"], [1.0, "≥100k USD"]]
    while not layer.is_ready:
        await page.js("0")
    await page.painted_after("grid", lambda: layer.show_grid(meta, cells))
    return page, layer


async def compare(page: MeasuredPage, layer: HeatmapLayer, rows: int, cols: int) -> None:
    """Fail unless both ways give the same picture where the cells are known."""
    await set_options(page, layer, hatch=False, colourBar=False, sourceLine=False)
    await page.js("frameCost.use(false)")
    ours = await page.picture()
    await page.js("(frameCost.drawn = 0, frameCost.use(true))")
    naive = await page.picture()
    drawn = await page.js("frameCost.drawn")
    assert drawn >= 0.95 * rows * cols, f"only {drawn} of {rows * cols} cells were drawn plainly"
    await page.js("frameCost.use(false)")
    await set_options(page, layer, visible=False)
    bare = await page.picture()
    await set_options(page, layer, visible=True, hatch=True, colourBar=True, sourceLine=True)
    places = np.ix_(*await page.js(f"frameCost.middles({ALIKE})"))
    alike = np.abs(ours[places] - naive[places]).max(axis=2) <= 3
    assert alike.mean() > 0.99, f"only {alike.mean():.1%} of the cells are as drawn plainly"
    seen = np.abs(ours[places] - bare[places]).max(axis=2) > 8
    # Candles hide some.
    assert seen.mean() > 0.8, f"only {seen.mean():.0%} of the cells differ from the bare chart"


def show_bubbles(
    layer: HeatmapLayer, minutes: int, rows: int, places: tuple[int, int] = BUBBLES
) -> None:
    """Show bubbles all over the pane, and labels of levels."""
    columns, lines = places
    random = np.random.default_rng(11)
    liquidations = np.zeros(columns * lines, dtype=EVENT_DTYPE)
    at, line = np.meshgrid(np.arange(columns), np.arange(lines))
    liquidations["ts_ms"] = (START_S + (at.ravel() + 0.5) * minutes * 60 / columns) * 1_000
    liquidations["price"] = LOW_USD + (line.ravel() + 0.5) / lines * rows * BIN_USD
    liquidations["notional"] = random.lognormal(11, 1.2, columns * lines)
    liquidations["is_long"] = random.random(columns * lines) < 0.5
    layer.show_part("bubbles", bubble_message(group_into_cells(liquidations, 1_500), 0.0))
    prices = np.linspace(LOW_USD, LOW_USD + rows * BIN_USD, LEVELS + 2)[1:-1].tolist()
    levels = [
        {"price": price, "usd": 1e6, "text": "\u2248 1M", "side": "longs"} for price in prices
    ]
    layer.show_part("level_labels", {"levels": levels, "words": LEVEL_WORDS, "endMs": 0})


async def set_options(page: MeasuredPage, layer: HeatmapLayer, **options: bool) -> None:
    """Change options of the layer, and wait until the page has them."""
    layer.set_options(options)
    conditions = (
        f"measured.layer().picture.options.{name} === {json.dumps(options[name])}"
        for name in options
    )
    await page.until(" && ".join(conditions))


async def pan(page: MeasuredPage, frames: int) -> list[float]:
    """Return how long each frame's paint took, milliseconds."""
    told = page.expect("panned")
    await page.js(f"frameCost.pan({frames})")
    times: list[float] = await told
    assert len(times) >= 0.8 * frames, f"{len(times)} paints in {frames} frames"
    return times


def middle_mean(times: list[float]) -> float:
    """Return the mean of the middle three fifths.

    The page's clock has steps of 0.1 ms, which a mean makes finer; at the ends are frames in which
    another program had the processor.
    """
    cut = len(times) // 5
    return statistics.fmean(sorted(times)[cut : len(times) - cut])


async def bench_case(
    rows: int, cols: int, bin_ms: int, pane: tuple[int, int], hole_minutes: int
) -> bool:
    """Measure one grid in both price scales."""
    page, layer = await open_page(rows, cols, bin_ms, pane, hole_minutes)
    page.page.runJavaScript(_SCRIPT)
    is_ok = True
    for mode, number in (("linear", 0), ("logarithmic", 1)):
        await page.js(f"(priceSeries.priceScale().applyOptions({{mode: {number}}}), 0)")
        await compare(page, layer, rows, cols)
        await page.js("frameCost.use(false)")
        await pan(page, BATCH)
        times = await pan(page, FRAMES)
        await page.js("frameCost.use(true)")
        naive = min(await pan(page, NAIVE_FRAMES))
        await page.js("frameCost.use(false)")
        means = [
            middle_mean(times[first : first + BATCH])
            for first in range(0, len(times) - BATCH + 1, BATCH)
        ]
        low, high = np.percentile(times, (1, 99)).tolist()
        in_pieces = ", candles with holes" if hole_minutes else ""
        name = f"JavaScript of a frame, {rows} x {cols} cells, {mode} scale{in_pieces}"
        is_ok &= report(name, means, LIMIT_MS[mode], spread=(low, high))
        is_ok &= report(f"{name}, against a rectangle per cell", means, TIMES_CHEAPER, naive)
        show_bubbles(layer, cols * bin_ms // 60_000, rows)
        # Among holes candles lie closer together, so that more of them are joined.
        await page.until(f"frameCost.bubbles() >= {400 if hole_minutes else 500}")
        await pan(page, BATCH)
        times = await pan(page, FRAMES)
        means = [
            middle_mean(times[first : first + BATCH])
            for first in range(0, len(times) - BATCH + 1, BATCH)
        ]
        low, high = np.percentile(times, (1, 99)).tolist()
        seen = await page.js("frameCost.bubbles()")
        name = f"{name}, with {seen} bubbles and labels of levels"
        is_ok &= report(name, means, LIMIT_MS[mode], spread=(low, high))
        layer.show_part("bubbles", None)
        layer.show_part("level_labels", None)
    await page.close()
    return is_ok


async def main() -> bool:
    """Run all cases."""
    results = [await bench_case(*case) for case in CASES]
    return all(results)


if __name__ == "__main__":
    sys.exit(run(main))
