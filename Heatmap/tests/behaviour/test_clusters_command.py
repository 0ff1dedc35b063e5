"""``python -m Heatmap clusters`` as a user meets it: real processes, real databases."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from Heatmap.aggregation.clusters.find_clusters import ClusterParameters, find_clusters
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.command_line import ROOT, assert_one_line, environment
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.stored_events import EVENT

Run = Callable[..., subprocess.CompletedProcess[str]]
HOUR_MS = 3_600_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def events(
    end_ms: int, symbol: str = "BTCUSDT", count: int = 12, price: float = 100.0
) -> list[LiquidationEvent]:
    """Return liquidated longs near `price`, and half as many shorts 10 % above."""
    return [
        replace(
            EVENT,
            ts_ms=end_ms - 1000 * number,
            symbol=symbol,
            liquidated=Liquidated.SHORT if number % 3 == 0 else Liquidated.LONG,
            price=price * (1.1 if number % 3 == 0 else 1.0) + number / 100,
            notional=1000.0 + number,
        )
        for number in range(1, count + 1)
    ]


def store(
    path: Path,
    *batches: list[LiquidationEvent],
    kind: DataKind = DataKind.LIVE,
    covered_ms: tuple[int, int] | None = None,
) -> None:
    with closing(SqliteStore.for_recorder(path, kind)) as opened:
        for batch in batches:
            opened.write(batch)
        if covered_ms is not None:
            opened.extend_coverage("BTCUSDT", *covered_ms, proven=True)


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected(path: Path, answer: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    with EventReader(path) as reader:
        stored = reader.read_window(answer["symbol"], 0, None).events
    usual = {"min_cluster_size": 2} | parameters
    found = find_clusters(stored, answer["price"], answer["as_of_ms"], ClusterParameters(**usual))
    return [asdict(cluster) for cluster in found]


def test_a_line_of_json_holds_the_clusters_of_the_rule(run: Run, path: Path) -> None:
    started_ms = wall_ms()
    newest = events(started_ms)
    store(path, newest, events(started_ms, "ETHUSDT", 8, 3000.0))
    words = ("clusters", "--db", str(path), "--json", "--min-cluster-size", "2")
    done = run(*words, "--symbol", "BTC/USDT:USDT,ethusdt,XRPUSDT")
    bitcoin, ether, none = lines_of(done)
    assert [line["symbol"] for line in (bitcoin, ether, none)] == ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
    assert started_ms <= bitcoin["as_of_ms"] <= wall_ms()
    assert bitcoin["kind"] == "live"
    assert (bitcoin["price"], bitcoin["price_source"]) == (newest[0].price, "newest liquidation")
    assert bitcoin["newest_liquidation_ms"] == newest[0].ts_ms
    assert len(bitcoin["clusters"]) == len(ether["clusters"]) == 2
    assert bitcoin["clusters"] == expected(path, bitcoin)
    assert ether["clusters"] == expected(path, ether)
    assert (none["price"], none["newest_liquidation_ms"], none["clusters"]) == (None, None, [])


def test_the_parameters_are_those_of_the_options(here: Run, path: Path) -> None:
    at_ms = wall_ms() // 1000 * 1000
    store(path, events(at_ms, count=60))
    options = {
        "cluster_window_pct": 0.002,
        "min_cluster_size": 3,
        "time_decay_minutes": 0.2,
        "lookback_time_constants": 2.5,
    }
    words = [part for name, value in options.items() for part in (option(name), str(value))]
    moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at_ms // 1000))}Z"
    done = here("clusters", "--db", str(path), "--json", "--price", "99", "--at", moment, *words)
    (answer,) = lines_of(done)
    assert (answer["price"], answer["price_source"]) == (99.0, "given")
    assert answer["as_of_ms"] == at_ms
    assert len(answer["clusters"]) > 1
    assert answer["clusters"] == expected(path, answer, **options)


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def test_a_table_says_of_when_it_is_and_where_the_price_comes_from(here: Run, path: Path) -> None:
    at_ms = 1_733_346_000_000
    store(path, events(at_ms))
    words = ("clusters", "--db", str(path), "--at", "2024-12-04T21:00:00Z")
    done = here(*words, "--min-cluster-size", "2")
    assert (done.returncode, done.stderr) == (0, "")
    # However wide the columns are.
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "BTCUSDT at 2024-12-04 21:00:00 UTC: price 100.0100 USD (newest liquidation, 1 s old)",
        "side price USD distance strength count USD at least newest",
        "long 100.0601 +0.05 % 1.00 8 8,048 1 s",
        "short 110.0751 +10.06 % 0.50 4 4,030 3 s",
    ]
    done = here(*words, "--price", "100")
    assert "price 100.0000 USD (given)" in done.stdout
    done = here("clusters", "--db", str(path), "--at", "2024-12-05T21:00:00Z")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no clusters, NOT RECORDED within the lookback" in done.stdout
    done = here(*words, "--min-cluster-size", "20")
    assert done.stdout.rstrip().endswith("no clusters")


def test_replayed_data_are_looked_at_where_they_end(here: Run, path: Path) -> None:
    end_ms = 1_733_346_000_000
    store(path, events(end_ms), kind=DataKind.REPLAY, covered_ms=(end_ms - HOUR_MS, end_ms))
    (answer,) = lines_of(here("clusters", "--db", str(path), "--json", "--min-cluster-size", "2"))
    assert (answer["kind"], answer["as_of_ms"]) == ("replay", end_ms)
    assert answer["clusters"] == expected(path, answer) != []
    table = here("clusters", "--db", str(path)).stdout
    assert "UTC, replay data: " in table


def test_a_clock_behind_the_heartbeats_is_set_right_by_them(here: Run, path: Path) -> None:
    ahead_ms = wall_ms() + HOUR_MS
    store(path, events(ahead_ms), covered_ms=(ahead_ms - HOUR_MS, ahead_ms))
    (answer,) = lines_of(here("clusters", "--db", str(path), "--json"))
    assert answer["as_of_ms"] == ahead_ms
    assert len(answer["clusters"]) == 1


@contextmanager
def following(path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "Heatmap", "clusters", "--db", str(path), "--follow"]
    command += ["--update-interval", "0.05", "--min-cluster-size", "2", *words]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(path.parent),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@posix_only
def test_follow_prints_again_when_clusters_change_and_ends_on_a_signal(path: Path) -> None:
    now_ms = wall_ms()
    store(path, events(now_ms))
    with following(path, "--json", "--symbol", "BTCUSDT,ETHUSDT") as process:
        assert process.stdout is not None
        assert process.stderr is not None

        def next_answer() -> tuple[str, list[int]]:
            answer = json.loads(process.stdout.readline())
            return answer["symbol"], [one["liquidation_count"] for one in answer["clusters"]]

        assert next_answer() == ("BTCUSDT", [8, 4])
        assert next_answer() == ("ETHUSDT", [])
        store(path, events(now_ms, "ETHUSDT", 6, 3000.0))
        assert next_answer() == ("ETHUSDT", [4, 2])
        # The recorder has set a damaged file aside and begun a fresh one.
        for file in path.parent.glob(path.name + "*"):
            file.rename(file.with_name("old-" + file.name))
        store(path, events(now_ms, count=3))
        seen: dict[str, list[int]] = {}
        while seen != {"BTCUSDT": [2], "ETHUSDT": []}:
            seen.update([next_answer()])
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert rest == ""
        assert all("no clusters at present" in line for line in said.splitlines())


def test_it_reads_only_and_loads_no_qt(path: Path) -> None:
    store(path, events(wall_ms()))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    program = (
        "import sys; from Heatmap.__main__ import main; code = main(sys.argv[1:]); "
        "print(code, *(name for name in sys.modules if name.startswith(('PyQt6', 'qasync'))))"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program, "clusters", "--db", str(path), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(path.parent) | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--db", "missing.sqlite3"), ("missing.sqlite3", "no database")),
        (("--db", "missing.sqlite3", "--follow"), ("missing.sqlite3", "no database")),
        (("--symbol", "BTC-USD"), ("symbol", "BTC/USDT:USDT", "BTC-USD")),
        (("--symbol", "all"), ("symbol", "BTCUSDT", "all")),
        (("--cluster-window-pct", "2"), ("cluster_window_pct", "1e-06 to 1", "2.0")),
        (("--min-cluster-size", "0"), ("min_cluster_size", "1 to 1000000", "0")),
        (("--min-cluster-size", "2.5"), ("--min-cluster-size", "2.5")),
        (("--time-decay-minutes", "nan"), ("time_decay_minutes", "0.01 to 100000", "nan")),
        (("--lookback-time-constants", "99"), ("lookback_time_constants", "0.1 to 50", "99")),
        (("--price", "0"), ("--price", "above 0", "0.0")),
        (("--price", "abc"), ("--price", "abc")),
        (("--price", "5", "--symbol", "BTCUSDT,ETHUSDT"), ("--price", "one symbol")),
        (("--at", "yesterday"), ("2024-12-05T01:00:00Z", "yesterday")),
        (("--at", "2024-12-05T01:00:00Z", "--follow"), ("--at", "--follow")),
        (("--update-interval", "0", "--follow"), ("--update-interval", "0")),
        (("surplus",), ("surplus",)),
    ],
)
def test_bad_words_give_one_line_and_exit_code_2(
    words: tuple[str, ...], parts: tuple[str, ...], here: Run
) -> None:
    assert_one_line(here("clusters", *words), *parts)


def test_what_was_not_recorded_is_not_quiet(here: Run, path: Path) -> None:
    now_ms = wall_ms()
    store(path, events(now_ms), covered_ms=(now_ms - 3_600_000, now_ms))
    words = ("clusters", "--db", str(path), "--symbol", "BTCUSDT,SOLUSDT")
    bitcoin, sol = lines_of(here(*words, "--json"))
    share = 3_600_000 / ClusterParameters().lookback_ms
    assert bitcoin["recorded_share"] == pytest.approx(share, rel=0.05)
    assert sol["recorded_share"] == 0
    of_bitcoin, of_sol = (line for line in here(*words).stdout.splitlines() if " UTC: " in line)
    assert f"{int(100 * bitcoin['recorded_share'])} % of the lookback recorded" in of_bitcoin
    assert of_sol.endswith("no clusters, NOT RECORDED in this database")


def test_a_recording_that_ended_days_ago_says_nothing_of_today(here: Run, path: Path) -> None:
    end_ms = wall_ms() - 9 * 86_400_000
    store(path, events(end_ms), covered_ms=(end_ms - 3_600_000, end_ms))
    done = here("clusters", "--db", str(path))
    assert done.stdout.strip().endswith("no clusters, NOT RECORDED within the lookback")


def test_quiet_time_that_was_recorded_is_quiet(here: Run, path: Path) -> None:
    now_ms = wall_ms()
    store(path, covered_ms=(now_ms - 86_400_000, now_ms))
    done = here("clusters", "--db", str(path))
    assert done.stdout.strip().endswith("no clusters, no liquidation within the lookback")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("BTCUSD", "BTCUSD"),
        ("okx:BTCUSDT", "okx:BTCUSDT"),
        ("bybit:BTC/USDT", "bybit:BTCUSDT"),
        ("binance_coinm:BTCUSD_PERP", "binance_coinm:BTCUSD_PERP"),
    ],
)
def test_nothing_of_another_instrument_is_given(
    name: str, written: str, here: Run, path: Path
) -> None:
    now_ms = wall_ms()
    store(path, events(now_ms), covered_ms=(now_ms - 3_600_000, now_ms))
    words = ("clusters", "--db", str(path), "--symbol", name)
    (answer,) = lines_of(here(*words, "--json"))
    assert (answer["symbol"], answer["recorded_share"], answer["clusters"]) == (written, 0, [])
    table = here(*words).stdout.strip()
    assert table.startswith(f"{written} at ")
    assert table.endswith("no clusters, NOT RECORDED in this database")


@pytest.mark.parametrize("name", ["binance:BTCUSDT", "bitunix:BTCUSDT", "Binance:btc/usdt"])
def test_a_charts_provider_before_the_symbol_is_left_out(name: str, here: Run, path: Path) -> None:
    now_ms = wall_ms()
    store(path, events(now_ms), covered_ms=(now_ms - 86_400_000, now_ms))
    (answer,) = lines_of(here("clusters", "--db", str(path), "--symbol", name, "--json"))
    assert answer["symbol"] == "BTCUSDT"
    assert answer["recorded_share"] == pytest.approx(1, abs=0.01)
    assert answer["clusters"]


def test_another_venues_clusters_are_its_own(here: Run, path: Path) -> None:
    now_ms = wall_ms()
    theirs = [replace(one, source="BYBIT") for one in events(now_ms, price=200.0)]
    store(path, events(now_ms), theirs, covered_ms=(now_ms - 86_400_000, now_ms))
    store(path.with_name("alone.sqlite3"), events(now_ms))
    (alone,) = lines_of(here("clusters", "--db", str(path.with_name("alone.sqlite3")), "--json"))
    words = ("clusters", "--db", str(path), "--symbol", "BTCUSDT,bybit:BTCUSDT", "--json")
    ours, other = lines_of(here(*words))
    for answer in (ours, other):
        counts = [one["liquidation_count"] for one in answer["clusters"]]
        assert counts == [one["liquidation_count"] for one in alone["clusters"]] != []
    assert max(one["highest_price"] for one in ours["clusters"]) < 120
    assert min(one["lowest_price"] for one in other["clusters"]) > 190
    assert (ours["recorded_share"] > 0.99, other["recorded_share"]) == (True, 0)
