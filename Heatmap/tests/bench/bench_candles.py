"""What candles cost: a page in the store, a first map from nothing, memory, learning of 30 days.

Run as ``python Heatmap/tests/bench/bench_candles.py``: one JSON object a line, as `bench_recorder`
prints them. Times of a worker are processor time: others may use the machine. Memory is that of a
child process; Linux only.
"""

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import Heatmap
from Heatmap import LiveLiquidationHeatmap
from Heatmap.domain.candles import DAY_MS, MINUTE_MS, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.feeds.level_market import LevelStore
from Heatmap.ingestion.connection.supervisor import ConnectionTimes
from Heatmap.levels.learn import learn, prepare_recording
from Heatmap.levels.predict import predict
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.candle_exchange import CandleExchange
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.bench.measurements import at_most
from Heatmap.tests.stored_market import SYMBOL, made_candles, made_events, store_market

ROOT = Path(Heatmap.__file__).resolve().parents[1]
PAGE_LIMIT_MS = 15.0
FIRST_MAP_LIMIT_S = 3.0
MEMORY_LIMIT_MB = 60.0
FIT_LIMIT_S = 3.0
SYMBOLS = 20
RECORDED_S = 40.0


def page_in_store(folder: Path) -> bool:
    """Store pages of 499 minutes: what the recorder's loop is held up by."""
    candles = made_candles(40 * 499)
    times = []
    with SqliteStore(folder / "pages.sqlite3", DataKind.LIVE) as store:
        for first in range(len(candles) - 499, -1, -499):
            page = candles[first : first + 499]
            span = (page[0].open_ms, page[-1].open_ms + MINUTE_MS)
            begun_s = time.perf_counter()
            store.save_fetched(SYMBOL, Fetched(Series.CANDLES, page, (span,)))
            times.append((time.perf_counter() - begun_s) * 1000)
        whole = ((candles[0].open_ms, candles[-1].open_ms + MINUTE_MS),)
        if store.fetched_spans(SYMBOL, Series.CANDLES) != whole:
            raise SystemExit("a page was lost")
    return at_most("candles: a page of 499 stored", median(times), None, PAGE_LIMIT_MS)


def first_map(folder: Path) -> bool:
    """Start on nothing, and wait for levels of the first 499 minutes."""
    with ScriptedExchange(0.5) as exchange, CandleExchange(lambda: exchange.now_ms) as market:
        begun_s = time.perf_counter()
        with LiveLiquidationHeatmap(
            db=folder / "first.sqlite3",
            ws_url=exchange.ws_url,
            rest_url=market.rest_url,
            connection_times=ConnectionTimes(),
        ) as heatmap:
            heatmap.start_stream([SYMBOL])
            while not (levels := heatmap.get_levels(SYMBOL)).levels:
                time.sleep(0.02)
            took_s = time.perf_counter() - begun_s
        if levels.candles < 490:
            raise SystemExit(f"expected the first 499 minutes, got {levels.candles}")
    name = "candles: from nothing to the first levels"
    return at_most(name, took_s, None, FIRST_MAP_LIMIT_S, "s")


def peak_of(pid: int) -> float:
    """Return the most memory that a process has had, MB."""
    assert sys.platform == "linux"
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def memory(folder: Path) -> bool:
    """Record twenty symbols with their candles, in a process of its own."""
    symbols = ",".join(f"C{n}USDT" for n in range(SYMBOLS))
    with ScriptedExchange(0.5) as exchange, CandleExchange(lambda: exchange.now_ms) as market:
        words = ["record", "--db", str(folder / "memory.sqlite3"), "--symbol", symbols]
        words += ["--ws-url", exchange.ws_url, "--rest-url", market.rest_url]
        with subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "Heatmap", *words], stdout=subprocess.DEVNULL, cwd=ROOT
        ) as process:
            time.sleep(RECORDED_S)
            peak_mb = peak_of(process.pid)
            process.terminate()
        asked = len(market.requests)
    if asked < RECORDED_S:
        raise SystemExit(f"only {asked} requests came")
    name = f"candles: memory of a recorder of {SYMBOLS} symbols"
    return at_most(name, peak_mb, None, MEMORY_LIMIT_MB, "MB")


def learning(folder: Path) -> bool:
    """Learn from 30 days, and compute what stands after them."""
    path = folder / "learning.sqlite3"
    candles = made_candles(30 * 1440)
    events = made_events(candles, 0.2)
    store_market(path, candles, events)
    source = LevelStore.of(open_store(path))
    now_ms = candles[-1].open_ms + MINUTE_MS
    with closing(source.store.open_reader()):
        found, read_s = timed(lambda: source.read(SYMBOL, now_ms, 31 * DAY_MS, with_messages=True))
    data, market = found.data, found.market
    recording, walk_s = timed(
        lambda: prepare_recording(market, data.messages, data.coverage, now_ms)
    )
    learned, learn_s = timed(lambda: learn(recording, market, now_ms, "BINANCE_USDM"))
    if learned.messages != len(events):
        raise SystemExit(f"expected {len(events)} messages, got {learned.messages}")
    levels, predict_s = timed(lambda: predict(market, now_ms))
    if len(levels.levels) < 50:
        raise SystemExit("there are too few levels")
    return all(
        (
            at_most("candles: 30 days read into arrays", read_s, None, 1.0, "s"),
            at_most("candles: 30 days walked twice for a fit", walk_s, None, FIT_LIMIT_S, "s"),
            at_most("candles: 30 days fitted and scored", learn_s, None, 10.0, "s"),
            at_most("candles: levels after 30 days", predict_s, None, FIRST_MAP_LIMIT_S, "s"),
        )
    )


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call gives, and the processor time that it took, seconds."""
    begun_s = time.thread_time()
    return call(), time.thread_time() - begun_s


def main() -> int:
    """Run all; 1 where one is worse than its goal."""
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = [part(folder) for part in (page_in_store, first_map, learning)]
        if sys.platform == "linux":
            results.append(memory(folder))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
