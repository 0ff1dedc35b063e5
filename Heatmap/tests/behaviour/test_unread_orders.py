"""A force order that cannot be read is told, and its time is never "recorded, none"."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, RejectReason
from Heatmap.ingestion.recorder.recorder import RecorderStatus
from Heatmap.ingestion.recorder.texts import unread_order_text, unread_orders_text
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.conftest import StartRecorder
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange, force_order
from Heatmap.tests.systems import posix_only

CHINESE = "\u5e01\u5b89\u4eba\u751fUSDT"


def covered(sink: MemorySink, symbol: str, ts_ms: int) -> bool:
    return any(
        one.symbol == symbol and one.start_ms <= ts_ms <= one.end_ms for one in sink.coverage
    )


def reached(sink: MemorySink, symbol: str, ts_ms: int) -> bool:
    return any(one.symbol == symbol and one.end_ms >= ts_ms for one in sink.coverage)


@pytest.mark.parametrize(
    ("symbols", "bad", "holes", "whole"),
    [
        (("BTCUSDT", "ETHUSDT"), {"ap": "-1"}, ["BTCUSDT"], ["ETHUSDT"]),
        (("BTCUSDT", "ETHUSDT"), {"s": None}, ["BTCUSDT", "ETHUSDT"], []),
        (("BTCUSDT", "ETHUSDT"), {"s": "XRPUSDT", "S": 1}, [], ["BTCUSDT", "ETHUSDT"]),
        (("ALL",), {"s": "XRPUSDT", "S": 1}, ["ALL"], []),
        (("ALL",), {"s": "\U0001f600"}, ["ALL"], []),
        ((CHINESE, "BTCUSDT"), {"s": CHINESE, "z": "many"}, [CHINESE], ["BTCUSDT"]),
    ],
)
def test_its_time_is_a_hole_of_its_symbol(
    exchange: ScriptedExchange,
    sink: MemorySink,
    start_recorder: StartRecorder,
    symbols: tuple[str, ...],
    bad: dict[str, Any],
    holes: list[str],
    whole: list[str],
) -> None:
    recorder = start_recorder(symbols=symbols, coverage_s=0.05)
    eventually(lambda: live(recorder))
    exchange.liquidate(symbols[0] if symbols != ("ALL",) else "BTCUSDT")
    names = [*holes, *whole]
    # Written before, in the middle of what comes, and not yet covered.
    for offset_ms in (-2500, 0, 2500):
        first_ms = exchange.now_ms
        eventually(lambda now=first_ms: all(reached(sink, name, now + 4000) for name in names))
        ts_ms = exchange.now_ms + offset_ms
        order = force_order(ts_ms)
        order["o"] |= bad
        exchange.send(order)
        eventually(lambda at=ts_ms: all(reached(sink, name, at + 5000) for name in names))
        eventually(lambda at=ts_ms: not any(covered(sink, name, at) for name in holes))
        assert not any(covered(sink, name, ts_ms - 500) for name in holes)
        assert all(covered(sink, name, ts_ms) for name in whole)
        assert all(covered(sink, name, ts_ms + 4000) for name in names)
    status = recorder.status()
    assert sum(status.unread_orders.values()) == (3 if holes else 0)
    assert bool(unread_orders_text(status)) == bool(holes)
    if holes:
        assert status.last_unread_order is not None
        words = unread_order_text(status.last_unread_order)
        assert words.isprintable()
        eventually(lambda: sink.unread_order == words)
        assert sink.counts["unread force order: bad value"] + sink.counts[
            "unread force order: missing field"
        ] == sum(status.unread_orders.values())


def test_an_order_without_any_time_leaves_the_time_of_its_arrival_unknown(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(coverage_s=0.05)
    eventually(lambda: live(recorder))
    begun_ms = exchange.now_ms
    eventually(lambda: reached(sink, "BTCUSDT", begun_ms + 3000))
    exchange.send('{"e":"forceOrder","E":1790000000000,"o":{"s":"BTCU')
    eventually(lambda: recorder.status().unread_orders == {RejectReason.NOT_JSON: 1})
    now_ms = exchange.now_ms
    eventually(lambda: reached(sink, "BTCUSDT", now_ms + 6000))
    parts = [one for one in sink.coverage if one.end_ms >= begun_ms]
    assert len(parts) == 2
    assert parts[1].start_ms - parts[0].end_ms == 3000
    assert begun_ms < parts[0].end_ms < now_ms + 1000


@pytest.mark.parametrize("symbol", ["ALL", CHINESE])
def test_the_database_has_the_hole_the_count_and_the_words(tmp_path: Path, symbol: str) -> None:
    path = tmp_path / "live.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        for name in (symbol, "OTHERUSDT"):
            store.extend_coverage(name, 0, 10_000, proven=False)
            store.extend_coverage(name, 10_000, 20_000, proven=True)
        store.cut_coverage(symbol, [(1000, 2000), (9500, 10_500), (19_000, 21_000), (-5, -1)])
        store.add_counts({"unread force order: bad value": 3, "rejected: bad value": 5})
        store.save_unread_order("some symbol: s is 7")
        store.save_unread_order("some symbol: s is 8")
        with EventReader(path) as reader:
            assert reader.read_coverage(symbol, 0, None) == (
                CoverageInterval(symbol, 0, 1000, False),
                CoverageInterval(symbol, 2000, 9500, False),
                CoverageInterval(symbol, 10_500, 19_000, True),
            )
        store.cut_coverage(None, [(0, 15_000)])
    status = read_status(path)
    assert status["unread_orders"] == {
        "by_reason": {"bad value": 3},
        "last": "some symbol: s is 8",
    }
    assert status["counters"]["rejected"] == {"bad value": 5}
    assert status["symbols"]["OTHERUSDT"]["coverage"]["first_ms"] == 15_000
    assert json.loads(json.dumps(status)) == status


@posix_only
def test_the_record_command_names_it(tmp_path: Path, exchange: ScriptedExchange) -> None:
    database = tmp_path / "live.sqlite3"
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [
            *(sys.executable, "-m", "Heatmap", "record", "--db", str(database)),
            *("--symbol", CHINESE.lower(), "--ws-url", exchange.ws_url),
            *("--rest-url", exchange.rest_url),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        # An output that cannot show every script.
        env={**environment(tmp_path), "PYTHONIOENCODING": "ascii"},
        text=True,
    ) as process:
        eventually(lambda: exchange.served, limit_s=30)
        assert f"{CHINESE.lower()}@forceOrder" in exchange.served[0].streams
        assert exchange.paths[0].isascii()
        eventually(lambda: exchange.served[0].heartbeats_ms)
        sent_ms = exchange.liquidate(CHINESE)
        order = force_order(exchange.now_ms + 1, CHINESE, price="1\x1b[31m\r\nstopped")
        exchange.send(order)
        eventually(
            lambda: database.exists() and _unread(database)["by_reason"] == {"bad value": 1},
            limit_s=30,
        )
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=30)
    assert process.returncode == 0
    last = said.splitlines()[-1]
    assert "1 liquidations UNREADABLE" in last
    assert "\x1b" not in said
    assert "\\u5e01" in said
    assert complaints.count("\n") == 1
    status = read_status(database)
    assert status["symbols"][CHINESE]["last_event_ms"] == sent_ms
    assert status["recorded_symbols"] == [CHINESE]
    assert os.linesep not in str(status["unread_orders"]["last"])


def _unread(database: Path) -> Any:
    try:
        return read_status(database)["unread_orders"]
    except Exception:  # noqa: BLE001 - not made yet
        return {"by_reason": {}}


def test_a_contract_with_a_chinese_name_is_found_by_every_command(
    run: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    exchange: ScriptedExchange,
    start_recorder: StartRecorder,
) -> None:
    database = tmp_path / "live.sqlite3"
    recorder = start_recorder(
        symbols=("ALL",), open_sink=lambda: SqliteStore(database, DataKind.LIVE)
    )
    eventually(lambda: live(recorder))
    for _ in range(6):
        exchange.liquidate(CHINESE)
    eventually(lambda: recorder.status().stored == 6)
    recorder.stop()
    status = run("status", "--db", str(database))
    assert json.loads(status.stdout)["symbols"][CHINESE]["events"] == 6
    for spelt in (CHINESE, CHINESE.lower(), f"{CHINESE[:4]}/USDT:USDT"):
        found = run("clusters", "--db", str(database), "--symbol", spelt, "--json")
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout)["symbol"] == CHINESE
    table = run("clusters", "--db", str(database), "--symbol", CHINESE)
    assert CHINESE in table.stdout
    refused = run("clusters", "--db", str(database), "--symbol", "\u5e01 \u5b89")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_the_words_of_a_status_without_unread_orders_say_nothing_of_them() -> None:
    assert unread_orders_text(RecorderStatus()) == ""
