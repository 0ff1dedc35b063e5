"""What a tape of 10,000 rows and 1,000 bubbles cost a frame, and that they stall nothing.

On a page with a grid the chart is panned, a frame a step, without bubbles and with them: what the
paint takes longer is theirs. Beside it stands a tape to which five rows come four times a second,
as often as its service tells it: taking them in and painting them is the tape's, by the thread's
own time, spread over the frames of a second. Meanwhile a timer of 1 ms tells how late the loop
gets, without what it waits for a processor (see `measured_loop`). One JSON object a line, see
`measurements.tell`.
"""

import asyncio
import statistics
import sys
from time import thread_time

import numpy as np

from Heatmap.feeds.recorded_books import MOST_ROWS, TapeNews, TapeRow
from Heatmap.tests.bench.bench_frame_cost import _SCRIPT, middle_mean, open_page, pan, show_bubbles
from Heatmap.tests.bench.measured_loop import LATE_MS, Lateness
from Heatmap.tests.bench.measured_page import MeasuredPage, run
from Heatmap.tests.bench.measurements import tell
from Heatmap.tests.ui.chart_page import START_S
from Heatmap.ui import LiquidationTape

ROWS, COLS, BIN_MS, PANE = 240, 920, 30_000, (1058, 552)
# One beside and above the other: none of them overlap.
BUBBLES = (50, 20)
FRAMES, ROUNDS = 150, 4
# As often as news are told, and so many frames a second.
UPDATES_PER_S, FRAMES_PER_S, NEW_ROWS = 4, 60, 5
LIMIT_MS = 0.3


def made_rows(count: int, first: int) -> list[TapeRow]:
    """Return rows by time, a second apart."""
    random = np.random.default_rng(first)
    usd = random.lognormal(9, 1.5, count)
    return [
        ((START_S + first + n) * 1000, 98_000.0 + n % 700, float(usd[n]), bool(usd[n] % 2 < 1))
        for n in range(count)
    ]


class FedTape:
    """A tape that is full, and what an update of it takes."""

    def __init__(self) -> None:
        self.panel = LiquidationTape(None)
        self.panel.resize(316, 620)
        self.panel.show()
        rows = made_rows(MOST_ROWS, 0)
        begin = thread_time()
        self.panel._take(TapeNews(rows, True, 200_000.0, None))
        self.filled_ms = (thread_time() - begin) * 1000
        self.updates_ms: list[float] = []
        self._next = MOST_ROWS

    def update(self) -> None:
        """Take in some rows, and paint what is seen."""
        rows = made_rows(NEW_ROWS, self._next)
        self._next += NEW_ROWS
        begin = thread_time()
        self.panel._take(TapeNews(rows, False, 200_000.0, None))
        viewport = self.panel.view.viewport()
        assert viewport is not None
        viewport.repaint()
        self.updates_ms.append((thread_time() - begin) * 1000)
        assert len(self.panel.model.rows) == MOST_ROWS
        assert self.panel.model.rows[0] == rows[-1]

    async def follow(self) -> None:
        """Update it until cancelled."""
        while True:
            self.update()
            await asyncio.sleep(1 / UPDATES_PER_S)


async def measure_lateness(page: MeasuredPage) -> dict[str, float]:
    """Return how late the loop gets while the chart is panned, see `Lateness.summary`."""
    lateness = Lateness()
    lateness.start()
    for _ in range(ROUNDS):
        await pan(page, FRAMES)
    lateness.stop()
    return lateness.summary()


async def main() -> bool:
    """Measure frames and stalls."""
    page, layer = await open_page(ROWS, COLS, BIN_MS, PANE, 0)
    page.page.runJavaScript(_SCRIPT)
    await page.js("frameCost.use(false)")
    minutes = COLS * BIN_MS // 60_000
    await pan(page, 25)
    bare, with_bubbles = [], []
    for _ in range(ROUNDS):
        bare.append(middle_mean(await pan(page, FRAMES)))
        show_bubbles(layer, minutes, ROWS, BUBBLES)
        await page.until(f"frameCost.bubbles() >= {BUBBLES[0] * BUBBLES[1]}")
        await pan(page, 25)
        with_bubbles.append(middle_mean(await pan(page, FRAMES)))
        layer.show_part("bubbles", None)
        layer.show_part("level_labels", None)
    bubbles_ms = statistics.median(with_bubbles) - statistics.median(bare)
    bare_ms = (await measure_lateness(page)).get("own_worst_ms", 0.0)
    show_bubbles(layer, minutes, ROWS, BUBBLES)
    tape = FedTape()
    tape.update()
    # The first one finds fonts and styles, as each widget's does.
    tape.updates_ms.clear()
    feeding = asyncio.ensure_future(tape.follow())
    stalls = await measure_lateness(page)
    feeding.cancel()
    update_ms = statistics.median(tape.updates_ms)
    tape_ms = update_ms * UPDATES_PER_S / FRAMES_PER_S
    worst_ms = stalls.get("own_worst_ms", stalls["worst_ms"])
    cost_ms = bubbles_ms + tape_ms
    results = [
        tell(
            f"a frame's cost of {MOST_ROWS} rows and {BUBBLES[0] * BUBBLES[1]} bubbles",
            cost_ms,
            "ms",
            LIMIT_MS,
            ok=cost_ms < LIMIT_MS,
            bubbles_ms=round(bubbles_ms, 3),
            tape_update_ms=round(update_ms, 3),
            bare_ms=round(statistics.median(bare), 3),
        ),
        tell(
            "the longest of the tape's updates, by the thread's own time",
            max(tape.updates_ms),
            "ms",
            LATE_MS,
            ok=max(tape.updates_ms) < LATE_MS,
            filled_ms=round(tape.filled_ms, 3),
        ),
        tell(
            "the loop's worst lateness while the chart is panned, without waits for a processor",
            worst_ms,
            "ms",
            LATE_MS,
            ok=worst_ms < max(LATE_MS, bare_ms + LATE_MS / 2),
            baseline=bare_ms,
            with_waits_ms=round(stalls["worst_ms"], 1),
        ),
    ]
    tape.panel.close()
    await page.close()
    return all(results)


if __name__ == "__main__":
    sys.exit(run(main))
