"""How late the loop of the user interface gets with the plugin, beside the same minute without it.

Run as ``python Heatmap/tests/bench/bench_stalls.py``: one JSON object per line. Each minute runs in
a process of its own, bare and with the plugin by turns, with the same page, the same chart and the
same script: the view is resized between three sizes in steps as by dragging, the chart is panned in
time and in price, and the newest candle is updated four times a second. With the plugin the heatmap
is toggled as well, and 50 force orders a second come over a websocket of an exchange on loopback,
which has a process of its own, as the real one has a machine of its own.

A timer of 1 ms measures: it is overdue from 1 ms after its last tick until the next. "99.9 % of the
time under 8 ms" is weighted by time: of each gap between two ticks, what exceeds 9 ms counts. At a
moment chosen at random, the timer is overdue by more than 8 ms with this probability. That is
stricter than a percentile of the ticks, of which a long stall has one only.

Other programs stall this loop as well: it waits for a processor, in the bare minute too. Hence each
figure is given twice. As it is, it may exceed the bare minute's by the goal. Without the waits for
a processor (Linux tells them for each thread) it must keep the goal by itself. Waits for a lock,
such as the interpreter's, count in both. Of several rounds the median counts.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.history import seed_history
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import MINUTE_MS, Candle
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket

MINUTE_S, ROUNDS = 60.0, 3
# A process that has not finished so long after its minute hangs.
PATIENCE_S = 60.0
TICK_MS, LATE_MS = 1.0, 8.0
OVER_GOAL_PERCENT, WORST_GOAL_MS = 0.1, 30.0
EVENTS_PER_S = 50
HISTORY_MS = 8 * 3_600_000
PANES = ((1060, 550), (800, 450), (1780, 700))
VISIBLE_BARS, CANDLE_COUNT = 120, 1500
# So much of the minute's events must be drawn as heat: a pixel differs by more than 24 of 255.
VISIBLE_CHANGE = 24
# Orders of the minute are larger than all of the history's, so that a filter can tell them apart.
LIVE_QTY = 60.0
LIVE_MINIMUM_USD = 4_000_000.0


class BusyMarket(SimulatedMarket):
    """The simulated market, but every 20 ms a large liquidation near its price."""

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        step_ms = 1000 // EVENTS_PER_S
        first = -(-start_ms // step_ms)
        return [self._order(number * step_ms) for number in range(first, -(-end_ms // step_ms))]

    def _order(self, push_ms: int) -> dict[str, Any]:
        number = push_ms * EVENTS_PER_S // 1000
        # Up to 60 USD around the price, so that many rows and the newest column change each time.
        middle = round(self.mark_price(push_ms - push_ms % 1000), 1)
        price = Decimal(str(middle)) + Decimal(number * 37 % 1200 - 600) / 10
        order = {
            "s": self.symbol,
            "S": "SELL" if number % 2 else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": f"{LIVE_QTY:.3f}",
            "p": f"{price:.2f}",
            "ap": f"{price:.2f}",
            "X": "FILLED",
            "l": f"{LIVE_QTY:.3f}",
            "z": f"{LIVE_QTY:.3f}",
            "T": push_ms - 5,
        }
        return {"e": "forceOrder", "E": push_ms, "o": order}


async def serve_exchange() -> None:
    """Run the exchange until standard input ends; its addresses go to standard output."""
    exchange = LoopbackExchange(BusyMarket(), DataClock.wall())
    await exchange.start()
    print(json.dumps({"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await exchange.stop()


# -- one minute, in its own process ---------------------------------------------------------------


class Chart:
    """A view with the chart page, and what a user does to it."""

    def __init__(self) -> None:
        from PyQt6.QtWebEngineWidgets import QWebEngineView  # noqa: PLC0415  # Qt in a minute only

        from Heatmap.standalone.chart_page import ChartPage  # noqa: PLC0415

        self.page = ChartPage()
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self._beside = (0, 0)
        self._candles: list[Candle] = []

    async def show(self, market: SimulatedMarket) -> None:
        """Load the page with candles until now, and give its pane the first size."""
        self.view.resize(*PANES[0])
        self.view.show()
        await self.page.load_chart("dark")
        now_ms = int(time.time() * 1000)
        self._candles = market.candles(MINUTE_MS, now_ms - CANDLE_COUNT * MINUTE_MS, now_ms)
        self.page.set_candles(self._candles, VISIBLE_BARS)
        await self.page.wait_for_frame()
        pane = await self.page.geometry()
        self._beside = (PANES[0][0] - int(pane["paneWidth"]), PANES[0][1] - int(pane["paneHeight"]))
        self.resize_pane(PANES[0])
        await self._wait_for_pane(PANES[0])

    async def _wait_for_pane(self, size: tuple[int, int]) -> None:
        async with asyncio.timeout(10):
            while (pane := await self.page.geometry())["paneWidth"] != size[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if pane["paneHeight"] != size[1]:
            raise AssertionError(f"the pane has not taken the size {size}: {pane}")

    def resize_pane(self, size: tuple[float, float]) -> None:
        self.view.resize(
            *(round(part + beside) for part, beside in zip(size, self._beside, strict=True))
        )

    async def drag_to(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Resize the pane in twelve steps of 40 ms, as by dragging the window's corner."""
        for step in range(1, 13):
            part = step / 12
            self.resize_pane(
                (
                    before[0] + (after[0] - before[0]) * part,
                    before[1] + (after[1] - before[1]) * part,
                )
            )
            await asyncio.sleep(0.04)

    async def pan(self, bars: int) -> None:
        """Scroll back by some bars and forth again, in steps of 40 ms."""
        for step in (*range(1, 11), *range(9, -1, -1)):
            self.page.runJavaScript(f"chart.timeScale().scrollToPosition({4 - bars * step / 10})")
            await asyncio.sleep(0.04)

    async def pan_price(self) -> None:
        """Move the prices by half the pane's height and back, then scale by themselves again."""
        self.page.runJavaScript("""(() => {
            const scale = chart.priceScale("right");
            const { from, to } = scale.getVisibleRange();
            scale.setAutoScale(false);
            window.benchPrices = { from, to };
        })()""")
        for step in (*range(1, 9), *range(7, -1, -1)):
            self.page.runJavaScript(f"""(() => {{
                const {{ from, to }} = window.benchPrices;
                const shift = (to - from) * {step / 16};
                chart.priceScale("right").setVisibleRange({{ from: from + shift, to: to + shift }});
            }})()""")
            await asyncio.sleep(0.04)
        self.page.runJavaScript('chart.priceScale("right").setAutoScale(true)')

    async def tick_candles(self) -> None:
        """Update the newest candle four times a second, until cancelled."""
        last = self._candles[-1]
        for number in range(10**9):
            open_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
            close = (last.open, last.close)[number % 2]
            self.page.update_candle(
                Candle(
                    max(open_ms, last.open_ms), last.open, last.high, last.low, close, 1.0, False
                )
            )
            await asyncio.sleep(0.25)


async def follow_script(
    chart: Chart, toggle: Callable[[bool], None], until_s: float
) -> dict[str, int]:
    """Do what a busy user does, round after round, until the time is over."""
    done = {"resized": 0, "panned": 0, "toggled": 0}

    async def toggle_twice() -> None:
        for is_on in (False, True):
            toggle(is_on)
            await asyncio.sleep(0.4)
        done["toggled"] += 2

    async def resize(before: tuple[int, int], after: tuple[int, int]) -> None:
        await chart.drag_to(before, after)
        done["resized"] += 1

    async def pan(bars: int) -> None:
        await chart.pan(bars)
        done["panned"] += 1

    async def pan_price() -> None:
        await chart.pan_price()
        done["panned"] += 1

    steps: list[Callable[[], Awaitable[None]]] = []
    for before, after in zip(PANES, (*PANES[1:], PANES[0]), strict=True):
        steps += [
            lambda before=before, after=after: resize(before, after),
            lambda: pan(60),
            toggle_twice,
            pan_price,
        ]
    number = 0
    while time.monotonic() < until_s:
        await steps[number % len(steps)]()
        # Time to answer the last step: the picture follows after a moment of quiet.
        await asyncio.sleep(0.45)
        number += 1
    return done


class Lateness:
    """When a timer of 1 ms has ticked on the loop."""

    def __init__(self) -> None:
        from PyQt6.QtCore import Qt, QTimer  # noqa: PLC0415

        self._ticks_s: list[float] = []
        # How long this thread has waited for a processor until then.
        self._waits_ns: list[int] = []
        self._scheduler = open_scheduler_file()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(int(TICK_MS))
        self._timer.timeout.connect(self._note)

    def start(self) -> None:
        self._note()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _note(self) -> None:
        self._ticks_s.append(time.perf_counter())
        if self._scheduler is not None:
            self._waits_ns.append(int(os.pread(self._scheduler, 80, 0).split()[1]))

    def summary(self) -> dict[str, float]:
        """Give the shares of the wall time in per cent and the worst lateness, in milliseconds.

        Names that begin with ``own`` leave out what the thread waited for a processor.
        """
        gaps_ms = np.diff(np.array(self._ticks_s)) * 1000
        answer = self._figures("", gaps_ms, float(gaps_ms.sum()))
        if self._scheduler is not None:
            waits_ms = np.diff(np.array(self._waits_ns)) / 1e6
            answer |= self._figures("own_", gaps_ms - waits_ms, float(gaps_ms.sum()))
            answer["waits_percent"] = 100 * float(waits_ms.sum() / gaps_ms.sum())
        return answer

    @staticmethod
    def _figures(prefix: str, gaps_ms: np.ndarray, total_ms: float) -> dict[str, float]:
        overdue_ms = gaps_ms - TICK_MS
        over_ms = np.maximum(overdue_ms - LATE_MS, 0)
        return {
            f"{prefix}over_percent": 100 * float(over_ms.sum()) / total_ms,
            f"{prefix}over_count": int((over_ms > 0).sum()),
            f"{prefix}worst_ms": float(overdue_ms.max()),
        }


def open_scheduler_file() -> int | None:
    """Open what Linux knows of this thread's waits: running and waiting time, nanoseconds."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return os.open(path, os.O_RDONLY) if path.exists() else None


async def run_bare(seconds: float) -> dict[str, Any]:
    """Run the script on the page without the plugin."""
    chart = Chart()
    await chart.show(SimulatedMarket())
    lateness, done = await measure(chart, lambda _on: None, seconds)
    return {**lateness.summary(), "done": done}


async def measure(
    chart: Chart, toggle: Callable[[bool], None], seconds: float
) -> tuple[Lateness, dict[str, int]]:
    """Let the timer tick while the script runs."""
    lateness = Lateness()
    candles = asyncio.ensure_future(chart.tick_candles())
    # What loading has left behind is not the script's.
    await asyncio.sleep(2)
    lateness.start()
    done = await follow_script(chart, toggle, time.monotonic() + seconds)
    lateness.stop()
    candles.cancel()
    if chart.page.console_errors:
        raise AssertionError(f"the page reported {chart.page.console_errors}")
    return lateness, done


@dataclass(slots=True)
class Messages:
    """How many messages the layer was given."""

    grids: int = 0
    increments: int = 0


def counted(layer: Any) -> Messages:
    """Count what is sent to the page; that costs a microsecond each."""
    messages = Messages()
    show, append = layer.show_grid, layer.append_cells

    def show_grid(meta: Any, packed: str) -> None:
        messages.grids += 1
        show(meta, packed)

    def append_cells(meta: Any, packed: str) -> None:
        messages.increments += 1
        append(meta, packed)

    layer.show_grid, layer.append_cells = show_grid, append_cells
    return messages


async def run_plugin(seconds: float, database: Path, addresses: dict[str, str]) -> dict[str, Any]:
    """Run the script on the page with the plugin, which records from the loopback exchange."""
    from Heatmap import HeatmapService, HeatmapSettings  # noqa: PLC0415
    from Heatmap.model import DataKind  # noqa: PLC0415
    from Heatmap.ui import HeatmapLayer  # noqa: PLC0415

    clock, market = DataClock.wall(), SimulatedMarket()
    await asyncio.to_thread(seed_history, database, DataKind.SIMULATED, market, clock(), HISTORY_MS)
    seeded = stored_count(database)
    chart = Chart()
    await chart.show(market)
    settings = HeatmapSettings(enabled=True, symbols=(market.symbol,))
    service = HeatmapService(
        settings, db=database, kind=DataKind.SIMULATED, clock=clock, **addresses
    )
    await service.start()
    layer = HeatmapLayer(chart.page, "chart", "candleSeries", symbol=market.symbol)
    messages = counted(layer)
    service.attach(layer)
    await until(lambda: messages.grids > 0 and messages.increments > 0, "a first picture")

    def toggle(is_on: bool) -> None:
        service.apply_settings(service.settings.changed(enabled=is_on))

    before = stored_count(database)
    started_s = time.monotonic()
    lateness, done = await measure(chart, toggle, seconds)
    recorded_s = time.monotonic() - started_s
    stored = stored_count(database) - before
    if stored < 0.98 * recorded_s * EVENTS_PER_S:
        raise AssertionError(f"of {recorded_s * EVENTS_PER_S:.0f} events {stored} were stored")
    heat = await drawn_heat(chart, service, seeded)
    measured = service.status()["layers"][0]["measured"]
    service.detach(layer)
    layer.detach()
    await service.stop()
    return {
        **lateness.summary(),
        "done": done,
        "grids": messages.grids,
        "increments": messages.increments,
        "stored": stored,
        "heat": heat,
        "measured": measured,
    }


async def drawn_heat(chart: Chart, service: Any, seeded: int) -> int:
    """Count the pixels that the events of the minute, and they alone, have changed."""
    with closing(sqlite3.connect(service.database)) as connection:
        mixed = connection.execute(
            "SELECT count(*) FROM liq_events WHERE (id <= ?) = (notional >= ?)",
            (seeded, LIVE_MINIMUM_USD),
        ).fetchone()[0]
    if mixed:
        raise AssertionError(f"{mixed} events cannot be told apart by their notional")
    plain = {"minimum_notional": LIVE_MINIMUM_USD, "gap_hatch": False}
    plain |= {"colour_bar": False, "source_line": False}
    service.apply_settings(service.settings.changed(enabled=False, **plain))
    bare = await settled(chart)
    service.apply_settings(service.settings.changed(enabled=True))
    heat = 0

    def is_drawn() -> bool:
        nonlocal heat
        heat = int((np.abs(picture(chart) - bare).max(axis=2) > VISIBLE_CHANGE).sum())
        return heat > 0

    await until(is_drawn, "the events of the minute on the page")
    return heat


def picture(chart: Chart) -> np.ndarray:
    from Heatmap.tests.ui.pictures import grab  # noqa: PLC0415

    return grab(chart.view)


async def settled(chart: Chart) -> np.ndarray:
    """Give the picture once it has stood still for half a second."""
    last, same = picture(chart), 0

    def is_still() -> bool:
        nonlocal last, same
        before, last = last, picture(chart)
        same = same + 1 if np.array_equal(before, last) else 0
        return same >= 25

    await until(is_still, "a picture that stands still")
    return last


async def until(condition: Callable[[], bool], awaited: str) -> None:
    """Wait until a condition holds."""
    try:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - pixels and counters tell nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"there was not {awaited} after 20 s") from None


def stored_count(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM liq_events").fetchone()[0])


def run_in_qt(minute: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    """Run one coroutine in a Qt loop and print what it gives as the last line."""
    from PyQt6 import QtWebEngineWidgets  # noqa: F401, PLC0415  # before the application
    from PyQt6.QtWidgets import QApplication  # noqa: PLC0415
    from qasync import QEventLoop  # noqa: PLC0415

    application = QApplication(["bench"])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)

    async def entry() -> dict[str, Any]:
        try:
            return await minute()
        finally:
            loop.stop()

    task = loop.create_task(entry())
    # Entered once: a second exec() after a web view was shown crashes Qt.
    loop.run_forever()
    print(json.dumps(task.result()), flush=True)
    # Chromium's processes and Qt's objects in no particular order: nothing is left to save.
    os._exit(0)


# -- both kinds of minute, by turns ---------------------------------------------------------------


def in_process(words: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run one minute in a process of its own and return what it measured."""
    flags = "--no-sandbox --disable-gpu --log-level=3"
    result = subprocess.run(  # noqa: S603  # this very file
        [sys.executable, __file__, *words],
        env={"QTWEBENGINE_CHROMIUM_FLAGS": flags, "QT_QPA_PLATFORM": "offscreen", **os.environ},
        capture_output=True,
        text=True,
        timeout=seconds + PATIENCE_S,
        check=False,
    )
    if result.returncode:
        raise AssertionError(f"{words[0]} ended with {result.returncode}:\n{result.stderr}")
    minute: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return minute


def run_rounds(seconds: float, rounds: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run bare and plugin minutes by turns."""
    bare, plugin = [], []
    length = ("--seconds", str(seconds))
    for number in range(rounds):
        bare.append(in_process(["bare", *length], seconds))
        with tempfile.TemporaryDirectory() as folder:
            exchange = subprocess.Popen(  # noqa: S603  # this very file
                [sys.executable, __file__, "exchange"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            with exchange:
                assert exchange.stdout is not None
                addresses = exchange.stdout.readline()
                words = ["plugin", *length, "--addresses", addresses]
                words += ["--database", str(Path(folder) / "x.sqlite3")]
                plugin.append(in_process(words, seconds))
                assert exchange.stdin is not None
                exchange.stdin.close()
        for name, minute in (("bare", bare[-1]), ("plugin", plugin[-1])):
            print(f"round {number + 1}, {name}: {json.dumps(minute)}", file=sys.stderr)
    return bare, plugin


def report(name: str, value: float, unit: str, baseline: float, goal: float) -> bool:
    """Print one result; `goal` is the largest value that is good."""
    ok = value <= goal
    line = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "baseline": round(baseline, 4),
        "ratio": round(value / baseline, 3) if baseline else None,
        "goal": round(goal, 4),
        "ok": ok,
    }
    print(json.dumps(line), flush=True)
    return ok


def judge(bare: list[dict[str, Any]], plugin: list[dict[str, Any]], seconds: float) -> bool:
    """Print the medians of all rounds."""

    def both(name: str) -> tuple[float, float]:
        return (
            median(minute[name] for minute in plugin),
            median(minute[name] for minute in bare),
        )

    what = f"GUI loop, {seconds:g} s of toggling, resizing, panning, {EVENTS_PER_S} events/s"
    over, worst = f"{what}: time overdue by over 8 ms", f"{what}: worst"
    value, base = both("over_percent")
    results = [report(over, value, "%", base, base + OVER_GOAL_PERCENT)]
    value, base = both("worst_ms")
    results.append(report(worst, value, "ms", base, base + WORST_GOAL_MS))
    if "own_over_percent" in plugin[0]:
        without = "without waits for a processor"
        value, base = both("own_over_percent")
        results.append(report(f"{over}, {without}", value, "%", base, OVER_GOAL_PERCENT))
        value, base = both("own_worst_ms")
        results.append(report(f"{worst}, {without}", value, "ms", base, base + WORST_GOAL_MS))
    return all(results)


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("all", "bare", "plugin", "exchange"))
    parser.add_argument("--seconds", type=float, default=MINUTE_S)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--addresses", type=json.loads, default={})
    parser.add_argument("--database", type=Path)
    options = parser.parse_args()
    if options.part == "exchange":
        asyncio.run(serve_exchange())
    elif options.part == "bare":
        run_in_qt(lambda: run_bare(options.seconds))
    elif options.part == "plugin":
        run_in_qt(lambda: run_plugin(options.seconds, options.database, options.addresses))
    else:
        return 0 if judge(*run_rounds(options.seconds, options.rounds), options.seconds) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
