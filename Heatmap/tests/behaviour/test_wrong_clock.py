"""What an exchange with a wrong clock has left in a file is not now, and the file heals."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from Heatmap.commands import clusters as command
from Heatmap.domain.events import DataKind
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.storage.sqlite.connections import open_read_only
from Heatmap.storage.sqlite.day_facts import read_day_facts
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.unit.stored_events import EVENT

StartRecorder = Callable[..., Recorder]
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
YEARS_MS = 10 * 365 * DAY_MS
SYMBOL = EVENT.symbol


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


def spans(path: Path) -> list[tuple[int, int]]:
    with closing(open_read_only(path)) as connection:
        return connection.execute("SELECT start_ms, end_ms FROM coverage ORDER BY 1").fetchall()


@pytest.fixture
def damaged(path: Path, now_ms: int) -> Path:
    """Hours that were recorded, and two seconds each of ten years ahead and ten years ago."""
    with SqliteStore(path, DataKind.LIVE) as store:
        store.keep_retention(14 * DAY_MS)
        orders = [
            replace(
                EVENT, ts_ms=now_ms - 60_000 * step, push_ms=now_ms - 60_000 * step, price=100.0
            )
            for step in range(10, 0, -1)
        ]
        store.write(orders)
        store.extend_coverage(SYMBOL, now_ms - 5 * HOUR_MS, now_ms, proven=True)
    with closing(SqliteStore(path, DataKind.LIVE)) as store, store._transaction() as connection:
        for off_ms in (YEARS_MS, -YEARS_MS):
            connection.execute(
                "INSERT INTO coverage (source, symbol, start_ms, end_ms, proven) "
                "VALUES ('BINANCE_USDM', ?, ?, ?, 1)",
                (SYMBOL, now_ms + off_ms, now_ms + off_ms + 2000),
            )
    return path


def test_the_status_tells_of_what_was_recorded_and_of_no_gap_of_years(
    damaged: Path, now_ms: int
) -> None:
    told: dict[str, Any] = read_status(damaged)["symbols"][SYMBOL]
    assert told["coverage"]["first_ms"] == now_ms - 5 * HOUR_MS
    assert told["coverage"]["last_ms"] == now_ms
    assert told["coverage"]["proven_ms"] == 5 * HOUR_MS
    assert told["gaps"] == []


def test_clusters_are_looked_for_at_the_present(
    damaged: Path, now_ms: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with EventReader(damaged) as reader:
        as_of_ms = command._now_ms(SYMBOL, reader)
    assert now_ms <= as_of_ms < now_ms + HOUR_MS
    assert command.run(["--db", str(damaged), "--symbol", SYMBOL]) == 0
    assert "no liquidation within the lookback" not in capsys.readouterr().out


def test_the_next_coverage_puts_the_file_right(damaged: Path, now_ms: int) -> None:
    with SqliteStore(damaged, DataKind.LIVE) as store:
        store.extend_coverage(SYMBOL, now_ms, now_ms + 1000, proven=True)
        while store.delete_expired(now_ms - 14 * DAY_MS):
            pass
    assert spans(damaged) == [(now_ms - 5 * HOUR_MS, now_ms + 1000)]


def test_a_machine_that_is_behind_does_not_cost_coverage_that_is_right(
    path: Path, now_ms: int
) -> None:
    right_ms = now_ms + YEARS_MS
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([replace(EVENT, ts_ms=right_ms, push_ms=right_ms)])
        store.extend_coverage(SYMBOL, right_ms - HOUR_MS, right_ms, proven=True)
        store.extend_coverage(SYMBOL, right_ms, right_ms + 1000, proven=True)
    assert spans(path) == [(right_ms - HOUR_MS, right_ms + 1000)]
    assert read_status(path)["symbols"][SYMBOL]["coverage"]["last_ms"] == right_ms + 1000
    with EventReader(path) as reader:
        assert command._now_ms(SYMBOL, reader) == right_ms + 1000


def test_an_order_of_the_future_is_neither_of_today_nor_the_newest(path: Path, now_ms: int) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([replace(EVENT, ts_ms=now_ms), replace(EVENT, ts_ms=now_ms + YEARS_MS)])
    facts = read_day_facts(path, [SYMBOL], now_ms // DAY_MS * DAY_MS)
    assert (facts.events_today, facts.last_event_ms) == (1, now_ms)


# Times of before 2017 are refused as no times of the exchange at all.
@pytest.mark.parametrize("off_ms", [YEARS_MS, -YEARS_MS * 8 // 10])
def test_two_seconds_of_another_decade_leave_no_trace_in_what_is_recorded(
    exchange: ScriptedExchange, path: Path, start_recorder: StartRecorder, off_ms: int
) -> None:
    recorder = start_recorder(
        open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
        confirmed_deletions=0,
    )
    eventually(lambda: live(recorder) and len(exchange.served[-1].heartbeats_ms) > 20)
    exchange.liquidate()
    right_ms = exchange.now_ms
    exchange.now_ms += off_ms
    until_s = time.monotonic() + 2
    eventually(lambda: time.monotonic() > until_s)
    status = recorder.status()
    assert status.last_heartbeat_ms is not None
    assert abs(status.last_heartbeat_ms - right_ms) < 60_000
    # A busy machine may hold the exchange up for longer than the silence that is allowed.
    eventually(lambda: live(recorder))
    exchange.now_ms = right_ms + 2000
    eventually(lambda: (recorder.status().last_heartbeat_ms or 0) > right_ms + 20_000)
    recorder.stop()
    assert all(abs(end_ms - right_ms) < HOUR_MS for _start_ms, end_ms in spans(path))
    assert spans(path)[-1][1] > right_ms + 15_000
    assert read_status(path)["events"] == 1
