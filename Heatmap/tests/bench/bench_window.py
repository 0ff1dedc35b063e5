"""What the standalone window costs: another symbol, six windows beside one, a minute at rest.

Run as ``python Heatmap/tests/bench/bench_window.py``: one JSON object per line. Each part is a
process of its own; the exchange is another one on loopback, and its time does not count.

- Another symbol, from the choice until a frame shows its candles and its heat (wall time).
- Six windows on one recorder beside one: proportional memory of the program with all its render
  processes, and the worst lateness of the loop, without what it waited for a processor.
- At rest, a minute with the heatmap and a minute without, by turns: processor time of the program
  with its render processes, as points of a core. Both have the recorder. A turn is as many candles
  long as any other, so that both draw as many of them; the figure is the median of what each pair
  of neighbours differs by, since other programs slow both down alike.
"""

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from Heatmap import HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.storage.store import open_store
from Heatmap.tests.bench.measured_loop import Lateness
from Heatmap.tests.bench.measurements import at_most, tell
from Heatmap.tests.trader_exchange import MINUTE_MS, TraderExchange, past_liquidations

assert sys.platform == "linux", "processor time and memory of a family are read as Linux tells them"

SYMBOL_GOAL_MS, REST_GOAL_POINTS = 300.0, 1.5
STALL_GOAL_MS = 30.0
SWITCHES, WINDOWS = 11, 6
LIVELY_S, SETTLE_S = 20.0, 8.0
# Five a second: a minute with the heatmap and a minute without.
REST_PAIRS, REST_CANDLES, REST_SETTLE_S = 6, 50, 5.0
PATIENCE_S = 60.0
# The exchange's price stands nearly still at some times of a day: few candles are others then.
REST_PATIENCE_S, PART_S = 300.0, 1_800.0
PRICES = {"BTCUSDT": 98_000.0, "ETHUSDT": 3_009.0}
SETTINGS = HeatmapSettings(
    enabled=True,
    symbols=("BTCUSDT", "ETHUSDT"),
    window="8h",
    heat="recorded",
    candle_bars=True,
    # To fetch more of them would go on while it is measured.
    candle_retention_days=1,
)


class Bench:
    """Windows on one live source; Qt is imported by the process that has one."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        from PyQt6.QtCore import QSettings  # noqa: PLC0415

        self.store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.folder, self.addresses = folder, addresses
        self.windows: list[Any] = []
        self._tending: list[asyncio.Task[None]] = []
        self.source: Any = None

    async def open(self, count: int) -> None:
        """Record, and open so many windows, each with its heat drawn."""
        from Heatmap.standalone import application  # noqa: F401, PLC0415
        from Heatmap.standalone.sources import open_live  # noqa: PLC0415

        # As the program does once all is imported.
        gc.freeze()
        database = self.folder / "live.sqlite3"
        fill(database)
        self.source = await open_live(
            SETTINGS, database, self.addresses["ws_url"], self.addresses["rest_url"]
        )
        for number in range(1, count + 1):
            await self.open_window(number)

    async def open_window(self, number: int) -> None:
        from Heatmap.standalone.window import ChartWindow  # noqa: PLC0415

        window = ChartWindow(self.store, "dark", number)
        window.resize(1440, 900)
        window.show()
        await window.load()
        self._tending.append(asyncio.ensure_future(window.tend()))
        await window.show_source(self.source)
        self.windows.append(window)
        await self.until_drawn("BTCUSDT")

    async def until_drawn(self, symbol: str) -> None:
        """Wait until every window has drawn the heat of a symbol, in a frame."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.are_drawn(symbol):  # noqa: ASYNC110 - a layer tells nobody
                await asyncio.sleep(0.002)
            for window in self.windows:
                await window.page.wait_for_frame()

    def are_drawn(self, symbol: str) -> bool:
        layers = self.source.service.status()["layers"]
        return len(layers) == len(self.windows) and all(
            one["symbol"] == symbol and one["state"] == "drawn" for one in layers
        )

    async def close(self) -> None:
        for task in self._tending:
            task.cancel()
        await asyncio.gather(*self._tending, return_exceptions=True)
        for window in self.windows:
            assert window.page.console_errors == [], window.page.console_errors
            await window.leave()
            window.close()
            window.deleteLater()
        await self.source.close()
        # Qt takes windows away in a turn of its own; before the application, as it wants.
        await asyncio.sleep(0.2)


def fill(database: Path) -> None:
    """Record a night of both symbols."""
    now_ms = int(time.time() * 1000)
    start_ms = now_ms - 600 * MINUTE_MS
    with closing(open_store(database).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        for symbol in SETTINGS.symbols:
            found = past_liquidations(symbol, start_ms, now_ms)
            for first in range(0, len(found), 500):
                writer.write(found[first : first + 500])
            writer.extend_coverage(symbol, start_ms, now_ms, proven=True)


async def shows_its_prices(window: Any, symbol: str) -> bool:
    """Whether the page has heat at a symbol's prices: not such as was made for another one's."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    script = "[...OrderPilotHeatmap.layers.values()].map((one) => one.picture.grid?.priceLow)"
    window.page.runJavaScript(script, answer.set_result)
    found = await answer
    return bool(found) and found[0] is not None and abs(found[0] / PRICES[symbol] - 1) < 0.2


async def switch_symbols(bench: Bench) -> dict[str, Any]:
    """Choose one symbol after the other; the close on the page must be of its own."""
    await bench.open(1)
    window, times, candles_ms, heat_ms = bench.windows[0], [], [], []
    for number in range(SWITCHES + 2):
        symbol = ("ETHUSDT", "BTCUSDT")[number % 2]
        began_s = time.perf_counter()
        window.market.choose_symbol(symbol)
        async with asyncio.timeout(PATIENCE_S):
            while window.layer.symbol != symbol:  # noqa: ASYNC110 - a layer tells nobody
                await asyncio.sleep(0.002)
            candles_ms.append((time.perf_counter() - began_s) * 1000)
            while not bench.are_drawn(symbol) or not await shows_its_prices(window, symbol):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        heat_ms.append((time.perf_counter() - began_s) * 1000)
        await bench.until_drawn(symbol)
        times.append((time.perf_counter() - began_s) * 1000)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        window.page.runJavaScript("candleSeries.data().at(-1).close", answer.set_result)
        close = await answer
        if abs(close / PRICES[symbol] - 1) > 0.05:
            raise AssertionError(f"{symbol} is shown with a close of {close}")
    # The first ones fetch candles that are then at hand.
    return {"times": times[2:], "candles_ms": candles_ms[2:], "heat_ms": heat_ms[2:]}


async def live(bench: Bench, count: int) -> dict[str, Any]:
    """Have windows open for a while, with candles and liquidations that go on."""
    await bench.open(count)
    await asyncio.sleep(SETTLE_S)
    lateness = Lateness()
    lateness.start()
    await asyncio.sleep(LIVELY_S)
    lateness.stop()
    if not bench.are_drawn("BTCUSDT"):
        raise AssertionError(f"not all windows show it: {bench.source.service.status()['layers']}")
    return {**lateness.summary(), "memory_mb": memory_mb()}


async def rest(bench: Bench) -> dict[str, Any]:
    """Have one window at rest, with the heatmap and without by turns, equally many candles each."""
    await bench.open(1)
    points: dict[bool, list[float]] = {True: [], False: []}
    candles = _Candles(bench.windows[0])
    for turn in range(REST_PAIRS):
        # What drifts meanwhile is for one in a pair and against it in the next.
        for is_on in (True, False) if turn % 2 == 0 else (False, True):
            service = bench.source.service
            service.apply_settings(service.settings.changed(enabled=is_on))
            await asyncio.sleep(REST_SETTLE_S)
            await candles.wait_for(1)
            began_s, used_s = time.monotonic(), processor_s()
            await candles.wait_for(REST_CANDLES)
            spent_s = processor_s() - used_s
            points[is_on].append(100 * spent_s / (time.monotonic() - began_s))
            states = [one["state"] for one in service.status()["layers"]]
            if (states == ["drawn"]) is not is_on:
                raise AssertionError(f"the heatmap is on: {is_on}, and its layer {states}")
    return {"on": points[True], "off": points[False]}


class _Candles:
    """Counts the candles that a window's page draws from now on."""

    def __init__(self, window: Any) -> None:
        self._count = 0
        self._wanted = 0
        self._reached: asyncio.Future[None] | None = None
        self._draw = window.page.update_candle
        window.page.update_candle = self._take

    async def wait_for(self, count: int) -> None:
        """Wait for so many more; nothing is done for it in between."""
        self._wanted = self._count + count
        self._reached = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(REST_PATIENCE_S):
            await self._reached

    def _take(self, candle: Any) -> None:
        self._draw(candle)
        self._count += 1
        if self._count == self._wanted and self._reached is not None:
            self._reached.set_result(None)


def family() -> list[int]:
    """Return this process and all that it has begun."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(words[1])
    found = [int(Path("/proc/self").readlink().name)]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def processor_s() -> float:
    """Return the processor time of the family until now, seconds."""
    total_ns = 0
    for pid in family():
        for task in Path(f"/proc/{pid}/task").iterdir():
            try:
                total_ns += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue
    return total_ns / 1e9


def memory_mb() -> float:
    """Return the proportional memory of the family, MB."""
    total_kb = 0
    for pid in family():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total_kb += int(line.split()[1])
    return total_kb / 1024


def run_part(part: str) -> None:
    """Run one part in a Qt loop, and print its figures as the last line."""
    from Heatmap.standalone.display import prepare_environment  # noqa: PLC0415  # Qt

    # As the program has it, and before anything of Qt begins.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prepare_environment(os.environ, sys.platform)
    from Heatmap.tests.bench import measured_page  # noqa: PLC0415  # sets Qt's environment

    addresses = json.loads(sys.stdin.readline())
    parts = {
        "symbol": switch_symbols,
        "one": lambda bench: live(bench, 1),
        "six": lambda bench: live(bench, WINDOWS),
        "rest": rest,
    }

    async def main() -> bool:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), addresses)
            figures = await parts[part](bench)
            await bench.close()
        print(json.dumps(figures), flush=True)
        return True

    code = measured_page.run(main)
    sys.stdout.flush()
    sys.exit(code)


def serve() -> None:
    """Run the exchange until standard input ends; its addresses go to standard output."""
    with TraderExchange() as exchange:
        print(json.dumps({"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}), flush=True)
        sys.stdin.read()


def figures_of(part: str) -> dict[str, Any]:
    """Run a part with an exchange of its own."""
    words = [sys.executable, __file__, "--part"]
    with subprocess.Popen(  # noqa: S603 - this interpreter, this file
        [*words, "exchange"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as exchange:
        assert exchange.stdout is not None
        told = exchange.stdout.readline()
        done = subprocess.run(  # noqa: S603 - as above
            [*words, part], input=told, capture_output=True, text=True, timeout=PART_S, check=False
        )
        exchange.communicate("")
    if done.returncode:
        raise AssertionError(f"{part} ended with {done.returncode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(chosen: list[str]) -> int:
    """Run all parts, or those that are named; 1 where a goal was missed."""
    good = []
    if not chosen or "symbol" in chosen:
        found = figures_of("symbol")
        times = found["times"]
        value = statistics.median(times)
        good.append(
            tell(
                "window: another symbol, until its heat is in a frame",
                value,
                "ms",
                SYMBOL_GOAL_MS,
                ok=value <= SYMBOL_GOAL_MS,
                spread=[round(min(times), 1), round(max(times), 1)],
                candles_ms=round(statistics.median(found["candles_ms"]), 1),
                heat_sent_ms=round(statistics.median(found["heat_ms"]), 1),
            )
        )
    if not chosen or "six" in chosen:
        one, six = figures_of("one"), figures_of("six")
        name = f"window: {WINDOWS} on one recorder beside one"
        memory = six["memory_mb"], one["memory_mb"]
        tell(f"{name}, memory", memory[0], "MB", None, ok=True, baseline=memory[1])
        stall = six["own_worst_ms"], one["own_worst_ms"]
        good.append(at_most(f"{name}, worst stall", *stall, STALL_GOAL_MS))
    if not chosen or "rest" in chosen:
        found = figures_of("rest")
        more = [on - off for on, off in zip(found["on"], found["off"], strict=True)]
        value = statistics.median(more)
        good.append(
            tell(
                "window: a minute at rest with the heatmap, more than one without",
                value,
                "points of a core",
                REST_GOAL_POINTS,
                ok=value <= REST_GOAL_POINTS,
                spread=[round(min(more), 2), round(max(more), 2)],
                on=round(statistics.median(found["on"]), 2),
                off=round(statistics.median(found["off"]), 2),
            )
        )
    return 0 if all(good) else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--part", "exchange"]:
        serve()
    elif sys.argv[1:2] == ["--part"]:
        run_part(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
