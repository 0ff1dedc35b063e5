"""Candles beside liquidations, against real sockets: fetched, followed, never in the way."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.candles import MINUTE_MS, Fetched, RunningMinute, Series, length_ms
from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import StorageError
from Heatmap.ingestion.candles.candle_status import CandleState, CandleStatus
from Heatmap.ingestion.recorder.recorder import Recorder, SinkRole
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.storage.sqlite.event_reader import EventReader
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.candle_exchange import CandleExchange, kline
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

DAY_MS = 86_400_000
# Three pages of candles, one of the rest.
RETENTION_MS = DAY_MS
Start = Callable[..., Recorder]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def market(exchange: ScriptedExchange) -> Iterator[CandleExchange]:
    with CandleExchange(lambda: exchange.now_ms) as running:
        yield running


@pytest.fixture
def start(market: CandleExchange, start_recorder: Start, path: Path) -> Start:
    # In this order: the recorder stops before its exchange does.
    def begin(**config: Any) -> Recorder:
        return start_recorder(
            **{
                "open_sink": lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
                "rest_url": market.rest_url,
                "candle_retention_ms": RETENTION_MS,
            }
            | config
        )

    return begin


def candles_of(recorder: Recorder) -> CandleStatus:
    return recorder.status().candles or CandleStatus()


def problem_of(recorder: Recorder) -> str:
    problem = candles_of(recorder).problem
    return "" if problem is None else failure_text(problem)


def is_fetched(recorder: Recorder, symbol: str = "BTCUSDT") -> bool:
    """Whether all but the newest few minutes were fetched: time flies in these tests."""
    facts = {one.symbol: one for one in candles_of(recorder).symbols}
    return (
        symbol in facts
        and facts[symbol].fetched_from_ms is not None
        and (facts[symbol].missing_minutes < 30)
    )


def stored_minutes(path: Path, symbol: str = "BTCUSDT") -> list[int]:
    with contextlib.closing(EventReader(path)) as reader:
        return [row[0] for row in reader.read_candles(symbol, 0, 2**60, list)]


def test_the_past_is_fetched_newest_first_and_each_minute_once(
    start: Start, market: CandleExchange, path: Path
) -> None:
    recorder = start()
    eventually(lambda: is_fetched(recorder))
    status = candles_of(recorder)
    recorder.stop()
    asked = [span for span in market.asked("klines") if span[1] - span[0] > 60 * MINUTE_MS]
    assert len(asked) == 3
    assert asked == sorted(asked, reverse=True)
    minutes = stored_minutes(path)
    assert len(minutes) >= 24 * 60 - 40
    assert minutes == list(range(minutes[0], minutes[-1] + MINUTE_MS, MINUTE_MS))
    assert status.problem is None
    assert status.left_out == ()
    assert recorder.status().storage_fault is None
    with contextlib.closing(EventReader(path)) as reader:
        row = reader.read_candles("BTCUSDT", minutes[5], minutes[5] + 1, list)[0]
        price = float(kline(minutes[5])[1])
        assert row == (minutes[5], price, price + 1, price - 1, price + 0.5, 1000.5, 400.25)
        assert len(reader.read_series("BTCUSDT", Series.OPEN_INTEREST, 0, 2**60, list)) > 270
        assert len(reader.read_series("BTCUSDT", Series.FUNDING, 0, 2**60, list)) >= 2


def test_a_restart_goes_on_where_the_one_before_was_killed(
    start: Start, market: CandleExchange
) -> None:
    first = start()
    eventually(lambda: market.asked("klines"))
    eventually(lambda: candles_of(first).values > 0)
    first.stop()
    begun = len(market.asked("klines"))
    second = start()
    eventually(lambda: is_fetched(second))
    second.stop()
    pages = [one for one in market.asked("klines") if one[1] - one[0] > 60 * MINUTE_MS]
    assert begun < 3
    # Of what was stored nothing is asked for again; the page at the seam may be shorter.
    assert length_ms([(low, high) for low, high in pages]) <= RETENTION_MS + 120 * MINUTE_MS


def test_the_stream_brings_the_new_minutes(
    start: Start, exchange: ScriptedExchange, market: CandleExchange, path: Path
) -> None:
    recorder = start()
    eventually(lambda: is_fetched(recorder))
    assert "btcusdt@kline_1m" in exchange.served[0].streams
    # From here on only the stream knows them.
    market.answer = lambda path, _query: (200, {}, []) if path.endswith("klines") else None
    open_ms = exchange.now_ms // MINUTE_MS * MINUTE_MS
    row = kline(open_ms)
    names = dict(zip("ohlc", row[1:5], strict=True)) | {"t": open_ms, "i": "1m", "s": "BTCUSDT"}
    names |= {"v": row[5], "q": row[7], "n": row[8], "Q": row[10]}
    exchange.send({"e": "kline", "E": open_ms, "s": "BTCUSDT", "k": names | {"x": False}})
    running = RunningMinute(open_ms, float(row[3]), float(row[2]))
    eventually(lambda: recorder.status().running_minutes == {"BTCUSDT": running})
    exchange.send({"e": "kline", "E": open_ms, "s": "BTCUSDT", "k": names | {"x": True}})
    eventually(lambda: open_ms in stored_minutes(path))
    # One that lies ahead of time is told, and not stored.
    ahead_ms = open_ms + 1000 * MINUTE_MS
    exchange.send({"e": "kline", "s": "BTCUSDT", "k": names | {"x": True, "t": ahead_ms}})
    eventually(lambda: "ahead of time" in problem_of(recorder))
    exchange.send({"e": "kline", "s": "BTCUSDT", "k": names | {"x": True, "h": "1"}})
    eventually(lambda: sum(recorder.status().rejected.values()) >= 1)
    assert exchange.liquidate() is not None
    eventually(lambda: recorder.status().stored == 1)
    recorder.stop()
    assert ahead_ms not in stored_minutes(path)


def test_a_refusal_is_waited_out_and_liquidations_go_on(
    start: Start, exchange: ScriptedExchange, market: CandleExchange
) -> None:
    refused_s: list[float] = []

    def refuse(_path: str, _query: Any) -> Any:
        refused_s.append(time.monotonic())
        return 429, {"Retry-After": "4"}, {"code": -1003}

    market.answer = refuse
    recorder = start()
    eventually(lambda: candles_of(recorder).state is CandleState.HELD)
    count = len(market.requests)
    assert count == 1
    assert "HTTP 429" in problem_of(recorder)
    assert "waiting 4 s" in problem_of(recorder)
    exchange.liquidate()
    eventually(lambda: recorder.status().stored == 1)
    market.answer = lambda _path, _query: None
    # Starting anew is no way around it.
    eventually(lambda: len(market.requests) > count)
    assert time.monotonic() - refused_s[0] > 3.5
    eventually(lambda: candles_of(recorder).problem is None)
    assert recorder.status().storage_fault is None


@pytest.mark.parametrize("refused", ["candles", "tick sizes"])
def test_a_refusal_of_one_part_holds_the_other(
    start: Start, market: CandleExchange, refused: str
) -> None:
    refusal = (429, {"Retry-After": "3"}, {"code": -1003})
    if refused == "candles":
        market.answer = lambda _path, _query: refusal
    else:
        market.listing = refusal
    begun_s = time.monotonic()
    # Tick sizes are asked for again and again.
    recorder = start(tick_refresh_s=0.05)
    eventually(lambda: candles_of(recorder).held_s > 0)
    counts = [len(market.requests), market.listed]
    market.answer = lambda _path, _query: None
    market.listing = (200, {}, {"symbols": []})
    eventually(lambda: [len(market.requests), market.listed] != counts)
    # As the exchange has asked: each part may wait a little longer, of its own.
    assert time.monotonic() - begun_s > 3.0
    eventually(lambda: is_fetched(recorder))
    eventually(lambda: market.listed > counts[1])


def test_what_was_wrong_with_a_symbol_is_over_when_nobody_asks_for_it(
    start: Start, market: CandleExchange
) -> None:
    unknown = (400, {}, {"code": -1121, "msg": "Invalid symbol."})
    market.answer = lambda _path, query: unknown if query["symbol"] == "GONEUSDT" else None
    recorder = start(symbols=("ALL",))
    recorder.want_candles(["GONEUSDT"])
    eventually(lambda: "GONEUSDT" in problem_of(recorder))
    recorder.want_candles([f"C{n}USDT" for n in range(20)])
    eventually(lambda: candles_of(recorder).problem is None)
    assert "GONEUSDT" not in {one.symbol for one in candles_of(recorder).symbols}


def test_what_is_said_of_candles_ends_with_the_recorder(
    start: Start, market: CandleExchange
) -> None:
    market.answer = lambda _path, _query: (429, {"Retry-After": "60"}, {"code": -1003})
    recorder = start()
    eventually(lambda: candles_of(recorder).state is CandleState.HELD)
    recorder.stop()
    status = candles_of(recorder)
    assert (status.state, status.problem, status.held_s) == (CandleState.STOPPED, None, 0.0)
    assert [one.symbol for one in status.symbols] == ["BTCUSDT"]


BAD_ANSWERS: dict[str, Any] = {
    "garbage": (200, {}, "<html>no</html>"),
    "an object": (200, {}, {"code": 0}),
    "out of order": (200, {}, [kline(1_789_999_980_000), kline(1_789_999_920_000)]),
    "from the future": (200, {}, [kline(1_900_000_000_000 // MINUTE_MS * MINUTE_MS)]),
    "absurd": (200, {}, [[1_789_999_980_000, "1e999", *kline(0)[2:]]]),
    "huge": (200, {}, "[" + "1," * 400_000 + "1]"),
    "an unknown symbol": (400, {}, {"code": -1121, "msg": "Invalid symbol."}),
    "a fault": (500, {}, "oops"),
    "a redirect": (302, {"Location": "http://127.0.0.1:1/"}, ""),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_told_in_one_line_and_loses_nothing(
    name: str, start: Start, exchange: ScriptedExchange, market: CandleExchange
) -> None:
    market.answer = lambda path, _query: BAD_ANSWERS[name] if path.endswith("klines") else None
    recorder = start()
    eventually(lambda: candles_of(recorder).problem is not None)
    problem = problem_of(recorder)
    assert problem.isprintable()
    assert len(problem) < 400
    exchange.liquidate()
    eventually(lambda: recorder.status().stored == 1)
    assert live(recorder)
    assert recorder.status().storage_fault is None


def test_an_answer_that_never_comes_does_not_hold_up_the_end(
    start: Start, exchange: ScriptedExchange, market: CandleExchange
) -> None:
    market.answer = lambda _path, _query: (200, {}, None)
    recorder = start()
    eventually(lambda: market.requests)
    exchange.liquidate()
    eventually(lambda: recorder.status().stored == 1)
    begun_s = time.monotonic()
    recorder.stop()
    assert not recorder.is_running()
    assert time.monotonic() - begun_s < QUICK_END_S


class FailingStore(SqliteStore):
    is_failing = True

    def save_fetched(self, instrument: Any, fetched: Fetched) -> None:
        if self.is_failing:
            raise StorageError("the disk is full")
        super().save_fetched(instrument, fetched)


def test_a_store_that_takes_no_candles_takes_liquidations(
    start: Start, exchange: ScriptedExchange, path: Path
) -> None:
    recorder = start(open_sink=lambda: FailingStore.for_recorder(path, DataKind.LIVE))
    try:
        eventually(lambda: "the disk is full" in problem_of(recorder))
        exchange.liquidate()
        eventually(lambda: recorder.status().stored == 1)
        assert recorder.status().storage_fault is None
    finally:
        FailingStore.is_failing = False
    # What was fetched has waited, and is stored now.
    eventually(lambda: candles_of(recorder).problem is None)
    eventually(lambda: is_fetched(recorder))
    recorder.stop()
    FailingStore.is_failing = True


def test_a_fresh_file_gets_its_candles_again(
    start: Start, path: Path, exchange: ScriptedExchange
) -> None:
    recorder = start()
    eventually(lambda: is_fetched(recorder))
    for file in path.parent.glob(f"{path.name}*"):
        if not file.name.endswith("lock"):
            file.unlink()

    def is_there_again() -> bool:
        with contextlib.suppress(StorageError):  # it is being made
            return len(stored_minutes(path)) > 400
        return False

    eventually(is_there_again, 20)
    exchange.liquidate()
    eventually(lambda: recorder.status().stored >= 1)


def test_candles_that_were_in_a_log_that_is_lost_are_fetched_again(
    start: Start, path: Path, market: CandleExchange
) -> None:
    recorder = start()
    eventually(lambda: is_fetched(recorder))
    log = path.with_name(f"{path.name}-wal")
    assert log.stat().st_size > 100_000
    pages = len(market.asked("klines"))
    os.truncate(log, 0)
    eventually(lambda: len(market.asked("klines")) >= pages + 3, 20)
    eventually(lambda: is_fetched(recorder))
    recorder.stop()
    minutes = stored_minutes(path)
    assert len(minutes) >= 24 * 60 - 40
    assert minutes == list(range(minutes[0], minutes[-1] + MINUTE_MS, MINUTE_MS))


def test_a_standby_asks_for_nothing_until_it_writes(start: Start, market: CandleExchange) -> None:
    writer = start(candle_retention_ms=None)
    standby = start()
    eventually(lambda: standby.status().role is SinkRole.STANDBY)
    eventually(lambda: live(standby))
    assert market.requests == []
    writer.stop()
    eventually(lambda: is_fetched(standby))
    assert candles_of(standby).problem is None


def test_of_all_symbols_only_those_that_are_asked_for(
    start: Start, exchange: ScriptedExchange, market: CandleExchange, path: Path
) -> None:
    recorder = start(symbols=("ALL",))
    eventually(lambda: live(recorder))
    eventually(lambda: candles_of(recorder).state is CandleState.OFF)
    assert not any("kline" in stream for stream in exchange.served[0].streams)
    assert market.requests == []
    recorder.want_candles(["币安人生USDT"])
    eventually(lambda: is_fetched(recorder, "币安人生USDT"))
    recorder.stop()
    assert len(stored_minutes(path, "币安人生USDT")) > 1000
    assert {query["symbol"] for _, query in market.requests} == {"币安人生USDT"}


def test_at_most_twenty_are_kept_up_the_shown_ones_first(
    start: Start, exchange: ScriptedExchange
) -> None:
    symbols = tuple(f"C{n}USDT" for n in range(25))
    recorder = start(symbols=symbols)
    eventually(lambda: len(candles_of(recorder).symbols) == 20)
    assert candles_of(recorder).left_out == symbols[20:]
    recorder.want_candles(["SHOWNUSDT"])
    eventually(lambda: candles_of(recorder).symbols[0].symbol == "SHOWNUSDT")
    assert candles_of(recorder).left_out == symbols[19:]
    eventually(lambda: live(recorder))
    assert len(exchange.paths[0]) < 4000


def test_a_shorter_retention_of_candles_needs_no_question_and_leaves_liquidations(
    start: Start, exchange: ScriptedExchange, path: Path
) -> None:
    recorder = start()
    eventually(lambda: is_fetched(recorder))
    exchange.liquidate()
    eventually(lambda: recorder.status().stored == 1)
    recorder.reconfigure(candle_retention_ms=2 * 3_600_000)
    eventually(lambda: len(stored_minutes(path)) < 180)
    assert recorder.status().stored == 1
    with contextlib.closing(EventReader(path)) as reader:
        assert len(reader.read_window("BTCUSDT", 0, None, list).events) == 1


def test_a_recorder_that_keeps_the_retention_deletes_nothing_of_a_longer_one(
    start: Start, path: Path
) -> None:
    first = start()
    eventually(lambda: is_fetched(first))
    first.stop()
    second = start(candle_retention_ms=3_600_000, keeps_candle_retention=True)
    eventually(lambda: is_fetched(second))
    second.stop()
    assert len(stored_minutes(path)) > 23 * 60


def test_candles_that_are_wanted_later_come_by_the_connection_that_is_open(
    start_recorder: Start, path: Path
) -> None:
    # An exchange that speaks the real one's wire, whose time runs 60 times as fast.
    clock = DataClock.replay(1_795_176_034_567, 60.0)

    async def record() -> None:
        exchange = LoopbackExchange(SimulatedMarket(3), clock)
        await exchange.start()
        clock.start()
        recorder = start_recorder(
            symbols=("ALL",),
            open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
            ws_url=exchange.ws_url,
            # Nobody answers there: what comes is the stream's.
            rest_url="http://127.0.0.1:1",
            candle_retention_ms=RETENTION_MS,
        )
        try:
            await asyncio.to_thread(eventually, lambda: live(recorder), 10)
            for _ in range(5):
                recorder.want_candles(("BTCUSDT",))
            await asyncio.to_thread(eventually, lambda: len(stored_minutes(path)) >= 2, 20)
            # On the next connection too.
            before = len(stored_minutes(path))
            for client in list(exchange._clients):
                client.abort()
            await asyncio.to_thread(eventually, lambda: len(stored_minutes(path)) >= before + 2, 20)
            assert recorder.status().reconnects >= 1
        finally:
            await asyncio.to_thread(recorder.stop)
            await exchange.stop()

    asyncio.run(record())
