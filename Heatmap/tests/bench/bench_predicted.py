"""Measures predicted levels as heat: the work of a picture, and the switch of the heat to pixels.

Forty-five days of one-minute candles are stored, as the recorder keeps them. The work of the worker
thread is measured in the processor's time, since what else the machine does is not to be measured;
the switch from a changed setting until the page has painted it, as in `bench_pixels`. Each answer
is checked. One JSON object a line.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, RunningMinute, Series
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.sources.registry import HEAT_SOURCES
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.bench.bench_pixels import NOW_MS, VISIBLE, Bench, Work  # before all of Qt
from Heatmap.tests.bench.measured_page import report, run
from Heatmap.tests.bench.measurements import at_most
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.stored_market import SYMBOL, made_candles, made_events, store_market

DAYS, LIVE_MINUTES, ROUNDS = 45, 12, 21
COUNT = DAYS * 1_440
PANES = ((1060, 550), (1780, 700))
FIRST_GOAL_MS, AT_HAND_GOAL_MS, LIVE_GOAL_MS, SWITCH_GOAL_MS = 2_500.0, 60.0, 5.0, 100.0
RESTYLE_GOAL_MS = 20.0


def spent_ms(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor's time that a call takes, milliseconds, and what it gives."""
    began = thread_time()
    answer = call()
    return (thread_time() - began) * 1_000, answer


def cells_of(message: PictureMessage | None) -> np.ndarray:
    """Return a whole message's cells."""
    assert message is not None
    assert message.is_whole
    shape = (message.meta["rows"], message.meta["cols"])
    return np.frombuffer(bytes_of(message), np.uint8).reshape(shape)


class Market:
    """A store with candles up to now, and the pictures of it."""

    def __init__(self, path: Path, candles: tuple[Candle, ...]) -> None:
        self.path, self.candles = path, candles
        store = open_store(path)
        self.tape = EventTape(store)
        self.maps = LevelMaps(self.tape, LevelStore.of(store), look_s=0.0)

    def picture(self) -> HeatPicture:
        """Return a picture that nothing was built for."""
        source = HEAT_SOURCES["predicted"](SourceContext(self.tape, self.maps), SYMBOL)
        return HeatPicture(source, SYMBOL)

    def request(
        self, pane: tuple[int, int], hours: float, now_ms: int = NOW_MS, **more: Any
    ) -> PictureRequest:
        """Return what a chart asks for that shows so many hours."""
        price = self.candles[COUNT - 1].close
        reach = 0.005 * hours**0.5
        view = Viewport(
            price * (1 - reach),
            price * (1 + reach),
            None,
            *map(float, pane),
            now_ms - round(hours * 3_600_000),
        )
        settings = HeatmapSettings(enabled=True, heat="both", **more.pop("settings", {}))
        return PictureRequest(view, settings, Decimal("0.1"), now_ms, None, **more)

    def store(self, candle: Candle) -> None:
        """Store a closed minute, as the recorder does."""
        fetched = Fetched(
            Series.CANDLES, (candle,), ((candle.open_ms, candle.open_ms + MINUTE_MS),)
        )
        with closing(open_store(self.path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
            writer.save_fetched(SYMBOL, fetched)


def bench_work(market: Market) -> bool:
    """Measure the worker's pieces of work."""
    first_ms, message = spent_ms(lambda: market.picture().rebuild(market.request(PANES[0], 8)))
    is_ok = at_most(
        f"predicted: first picture of 8 hours, {DAYS} days of candles",
        first_ms,
        None,
        FIRST_GOAL_MS,
    )
    expected = cells_of(message)
    assert expected.max() == 255
    for pane in PANES:
        market.picture().rebuild(market.request(pane, 8))
        times = []
        for _ in range(ROUNDS):
            spent, message = spent_ms(lambda p=pane: market.picture().rebuild(market.request(p, 8)))
            times.append(spent)
        if pane == PANES[0]:
            np.testing.assert_array_equal(cells_of(message), expected)
        name = f"predicted: picture of 8 hours in {pane[0]}x{pane[1]}, map at hand"
        is_ok &= at_most(name, statistics.median(times), None, AT_HAND_GOAL_MS)
    spent, _ = spent_ms(lambda: market.picture().rebuild(market.request(PANES[0], 48)))
    is_ok &= at_most("predicted: other window, 2 days, map at hand", spent, None, FIRST_GOAL_MS)
    return is_ok & bench_live(market)


def bench_live(market: Market) -> bool:
    """Measure what a closed minute and the running one take until the message is there."""
    picture = market.picture()
    picture.rebuild(market.request(PANES[0], 8))
    minutes, touches, restyles = [], [], []
    for number, candle in enumerate(market.candles[COUNT : COUNT + LIVE_MINUTES]):
        market.store(candle)
        now_ms = candle.open_ms + MINUTE_MS + 300
        spent, message = spent_ms(lambda n=now_ms: picture.update(market.request(PANES[0], 8, n)))
        assert message is not None
        assert message.meta["cols"] >= 1
        if not message.is_whole:
            minutes.append(spent)
        open_ms = candle.open_ms + MINUTE_MS
        running = (RunningMinute(open_ms, candle.close * 0.9995, candle.close * 1.0005),)
        spent, message = spent_ms(
            lambda n=now_ms, r=running: picture.update(
                market.request(PANES[0], 8, n + 700, running=r)
            )
        )
        assert message is not None
        touches.append(spent)
        mode = ("log", "linear", "sqrt")[number % 3]
        spent, message = spent_ms(
            lambda n=now_ms, r=running, m=mode: picture.restyle(
                market.request(PANES[0], 8, n + 700, running=r, settings={"normalization": m})
            )
        )
        assert cells_of(message).max() == 255
        restyles.append(spent)
    assert len(minutes) > LIVE_MINUTES // 2
    is_ok = at_most(
        "predicted: a live minute, message", statistics.median(minutes), None, LIVE_GOAL_MS
    )
    is_ok &= at_most(
        "predicted: the running candle reaches more, message",
        statistics.median(touches),
        None,
        LIVE_GOAL_MS,
    )
    return is_ok & at_most(
        "predicted: another normalisation, message",
        statistics.median(restyles),
        None,
        RESTYLE_GOAL_MS,
    )


async def bench_switch(path: Path, candles: tuple[Candle, ...]) -> bool:
    """Switch between what was recorded and what is predicted, on a page."""
    bench = Bench(path, Work(), "8h")
    shown = [
        {
            "time": one.open_ms // 1_000,
            "open": one.open,
            "high": one.high,
            "low": one.low,
            "close": one.close,
        }
        for one in candles[COUNT - 480 : COUNT]
    ]
    await bench.open(shown, PANES[0])
    await bench.change("grid", enabled=True)
    pictures: dict[str, np.ndarray] = {"recorded": await bench.page.picture()}
    times: dict[str, list[float]] = {"recorded": [], "both": []}
    for _ in range(ROUNDS):
        for heat in ("both", "recorded"):
            marks = await bench.change("grid", heat=heat)
            await bench.assert_shown()
            times[heat].append(marks["handedOn"])
            if heat not in pictures:
                pictures[heat] = await bench.page.picture()
                differ = np.abs(pictures["both"] - pictures["recorded"]).max(axis=2) > VISIBLE
                assert differ.mean() > 0.02, f"only {differ.mean():.1%} of the pixels changed"
    await bench.close()
    # The first one makes the map.
    is_ok = report(
        "heat switched to both, map at hand, to pixels", times["both"][1:], SWITCH_GOAL_MS
    )
    report("heat switched to both for the first time, to pixels", times["both"][:1])
    return is_ok & report("heat switched to recorded, to pixels", times["recorded"], SWITCH_GOAL_MS)


async def main() -> bool:
    """Measure all of it."""
    start_ms = NOW_MS - COUNT * MINUTE_MS
    candles = made_candles(COUNT + LIVE_MINUTES, start_ms=start_ms)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "heatmap.sqlite3"
        store_market(path, candles[:COUNT], made_events(candles[COUNT - 480 : COUNT], 3.0))
        is_ok = await bench_switch(path, candles)
        return is_ok & bench_work(Market(path, candles))


if __name__ == "__main__":
    sys.exit(run(main))
