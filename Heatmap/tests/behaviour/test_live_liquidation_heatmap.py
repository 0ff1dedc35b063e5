"""A trading program's session: a real recorder, a real database, an exchange on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import Heatmap
from Heatmap import LiveLiquidationHeatmap
from Heatmap.aggregation.clusters.find_clusters import ClusterParameters, find_clusters
from Heatmap.domain.events import DataKind
from Heatmap.errors import WrongDataKindError
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.own_program import run_program
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.stored_events import EVENT

ROOT = Path(__file__).resolve().parents[3]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
MARK_PRICE = 100.25
Make = Callable[..., LiveLiquidationHeatmap]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def make(exchange: ScriptedExchange, path: Path) -> Iterator[Make]:
    """Make a heatmap of the scripted exchange; at the end no thread of it may be left."""
    threads = set(threading.enumerate())
    made: list[LiveLiquidationHeatmap] = []

    def build(**parameters: Any) -> LiveLiquidationHeatmap:
        usual = {"min_cluster_size": 1, "update_interval": 0, "db": path}
        usual |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
        heatmap = LiveLiquidationHeatmap(**(usual | {"connection_times": QUICK} | parameters))
        made.append(heatmap)
        return heatmap

    yield build
    for heatmap in made:
        heatmap.stop()
        assert not heatmap.is_running()
    assert set(threading.enumerate()) <= threads
    if sys.platform == "linux":
        open_files = {os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()}
        assert not [name for name in open_files if name.startswith(str(path))]


def store_history(path: Path, count: int, symbol: str = "BTCUSDT", price: float = 97.0) -> None:
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.write(
            [
                replace(EVENT, ts_ms=START_MS - number, symbol=symbol, price=price, notional=10.0)
                for number in range(count)
            ]
        )


def count_of(heatmap: LiveLiquidationHeatmap, symbol: str) -> int:
    return sum(cluster.liquidation_count for cluster in heatmap.get_clusters(symbol))


def live(heatmap: LiveLiquidationHeatmap) -> bool:
    return bool(heatmap.status()["live"])


def test_a_trading_program_keeps_its_clusters_through_every_reconnect(
    exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    heatmap = make()
    heatmap.start_stream(list(SYMBOLS))
    eventually(lambda: live(heatmap))
    sent: dict[str, list[int]] = {symbol: [] for symbol in SYMBOLS}

    def trade(count: int) -> None:
        for _ in range(count):
            for symbol in SYMBOLS:
                sent[symbol].append(exchange.liquidate(symbol))

    def has_all() -> bool:
        return all(count_of(heatmap, symbol) == len(sent[symbol]) for symbol in SYMBOLS)

    trade(5)
    eventually(has_all)
    for lose in (exchange.abort_all, exchange.close_all):
        reconnects = heatmap.recorder_status().reconnects
        lose()
        assert has_all()
        eventually(lambda n=reconnects: heatmap.recorder_status().reconnects > n)
        eventually(lambda: live(heatmap))
        trade(5)
        eventually(has_all)
    # The exchange is away for a while: what is known stays.
    exchange.refusal = (503, {})
    exchange.abort_all()
    attempts = len(exchange.attempts_s)
    eventually(lambda: len(exchange.attempts_s) > attempts and not live(heatmap))
    assert heatmap.is_running()
    assert has_all()
    exchange.refusal = None
    eventually(lambda: live(heatmap))
    trade(5)
    eventually(has_all)
    for symbol in SYMBOLS:
        (cluster,) = heatmap.get_clusters(symbol)
        assert cluster.side == "long"
        assert cluster.price_level == 100.5
        assert cluster.total_notional == pytest.approx(20 * 201.0)
        assert cluster.last_updated == sent[symbol][-1]
        assert cluster.distance_from_price == pytest.approx((100.5 / MARK_PRICE - 1) * 100)
    heatmap.stop()
    with EventReader(path) as reader:
        for symbol in SYMBOLS:
            assert reader.read_window(symbol, 0, None).events["ts_ms"].tolist() == sent[symbol]


def test_what_was_recorded_before_is_there_at_the_start(make: Make, path: Path) -> None:
    store_history(path, 30)
    heatmap = make()
    heatmap.start_stream(["BTCUSDT", "ETHUSDT"])
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 30)
    eventually(lambda: heatmap.status()["prices"]["ETHUSDT"] is not None)
    assert heatmap.get_clusters("ETHUSDT") == []
    assert heatmap.get_best_cluster("ETHUSDT") is None


def test_clusters_are_those_of_the_rule_at_the_exchanges_time(
    exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    store_history(path, 20)
    parameters = ClusterParameters(0.05, 3, 0.5, 4.0)
    heatmap = make(
        cluster_window_pct=0.05,
        min_cluster_size=3,
        time_decay_minutes=0.5,
        lookback_time_constants=4.0,
    )
    heatmap.start_stream("BTCUSDT")
    eventually(lambda: live(heatmap))
    for number in range(30):
        exchange.liquidate(price=f"{96 + number % 8}.5", side="BUY" if number % 3 else "SELL")
    eventually(lambda: heatmap.recorder_status().stored == 30)
    exchange.mute = True
    before_ms, after_ms = 0, -1
    # Once the last heartbeats have come, the time is known to a heartbeat.
    while after_ms != before_ms:
        before_ms = heatmap.recorder_status().last_heartbeat_ms
        clusters = heatmap.get_clusters("BTCUSDT")
        after_ms = heatmap.recorder_status().last_heartbeat_ms
    with EventReader(path) as reader:
        events = reader.read_window("BTCUSDT", 0, None).events
    expected = find_clusters(events, MARK_PRICE, before_ms, parameters)
    assert len(expected) > 1

    def facts(found: list[Any]) -> list[tuple[object, ...]]:
        return sorted((c.side, c.liquidation_count, c.lowest_price, c.highest_price) for c in found)

    assert facts(clusters) == facts(expected)


def test_two_recorders_on_one_file_the_heatmap_stands_by_and_takes_over(
    exchange: ScriptedExchange,
    make: Make,
    path: Path,
    start_recorder: Callable[..., Recorder],
) -> None:
    writer = start_recorder(open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE))
    heatmap = make()
    heatmap.start_stream(["BTCUSDT"])
    assert heatmap.status()["role"] == "standby"
    eventually(lambda: live(heatmap) and writer.status().connection == "live")
    for _ in range(5):
        exchange.liquidate()
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 5)
    exchange.liquidate()
    eventually(lambda: writer.status().stored == 6)
    writer.stop()
    eventually(lambda: heatmap.status()["role"] == "writer")
    assert count_of(heatmap, "BTCUSDT") == 6
    exchange.liquidate()
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 7)


def test_the_newer_of_mark_price_and_given_price_counts(
    exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    store_history(path, 5, "ETHUSDT", price=90.0)
    heatmap = make()
    heatmap.start_stream(["BTCUSDT", "ETHUSDT"])

    def distance(**how: float) -> float:
        return heatmap.get_clusters("ETHUSDT", **how)[0].distance_from_price

    eventually(lambda: heatmap.get_clusters("ETHUSDT"))
    assert distance() == pytest.approx((90 / MARK_PRICE - 1) * 100)
    assert distance(price=45.0) == pytest.approx(100.0)
    # No mark price of one symbol comes any more, while the connection is alive.
    exchange.untraded.add("ETHUSDT")
    served = exchange.served[-1]
    beats = len(served.heartbeats_ms)
    eventually(lambda: len(served.heartbeats_ms) > beats + 2)
    seen_ms = heatmap.recorder_status().heartbeats["BTCUSDT"]
    eventually(lambda: heatmap.recorder_status().heartbeats["BTCUSDT"] > seen_ms)
    heatmap.update_price("eth/usdt:usdt", 100.0)
    assert distance() == pytest.approx(-10.0)
    heatmap.update_price("ETHUSDT", 80.0)
    assert distance() == pytest.approx(12.5)
    assert heatmap.status()["prices"]["ETHUSDT"] == 80.0
    assert heatmap.get_best_cluster("ETHUSDT") is None
    best = heatmap.get_best_cluster("ETHUSDT", price=100.0)
    assert best is not None
    assert best.side == "long"
    exchange.untraded.clear()
    eventually(lambda: heatmap.status()["prices"]["ETHUSDT"] == MARK_PRICE)
    assert distance() == pytest.approx((90 / MARK_PRICE - 1) * 100)


def test_within_the_interval_clusters_stay_and_only_distances_follow_the_price(
    exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    store_history(path, 5)
    heatmap = make(update_interval=3600)
    heatmap.start_stream(["BTCUSDT"])
    eventually(lambda: heatmap.get_clusters("BTCUSDT"))
    before = heatmap.get_clusters("BTCUSDT", price=97.0)
    assert [cluster.distance_from_price for cluster in before] == [0.0]
    exchange.liquidate(price="97")
    eventually(lambda: heatmap.recorder_status().stored == 1)
    after = heatmap.get_clusters("BTCUSDT", price=100.0)
    assert [cluster.distance_from_price for cluster in after] == [pytest.approx(-3.0)]
    assert [replace(one, distance_from_price=0.0) for one in after] == before


def test_what_was_computed_by_this_machines_clock_does_not_last(
    exchange: ScriptedExchange, make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_history(path, 5)
    heatmap = make(update_interval=3600)
    exchange.mute = True
    heatmap.start_stream(["BTCUSDT"])
    now_ms, session = heatmap._now_ms, heatmap._session
    assert session is not None
    recorder, went_live = session.recorder, threading.Event()
    # This machine's clock is wrong, and the first heartbeat comes while clusters are computed.
    wrong_ms = START_MS + 90 * 24 * 3_600_000

    def wrong_at_first() -> int:
        if went_live.is_set():
            return now_ms()
        eventually(lambda: recorder.status().last_heartbeat_ms is not None)
        went_live.set()
        return wrong_ms

    monkeypatch.setattr(session, "_now_ms", wrong_at_first)
    exchange.mute = False
    assert heatmap.get_clusters("BTCUSDT") == []
    assert count_of(heatmap, "BTCUSDT") == 5


def test_more_symbols_are_added_to_those_that_run(exchange: ScriptedExchange, make: Make) -> None:
    heatmap = make()
    heatmap.start_stream(["BTCUSDT"])
    eventually(lambda: live(heatmap))
    exchange.liquidate()
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 1)
    first = heatmap._session
    heatmap.start_stream(["btcusdt", "BTC/USDT:USDT"])
    assert heatmap._session is first
    exchange.mute = True  # no mark price comes after the start: the last one still serves
    heatmap.start_stream(["ETHUSDT"])
    assert heatmap.status()["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert count_of(heatmap, "BTCUSDT") == 1
    exchange.mute = False
    eventually(lambda: live(heatmap))
    exchange.liquidate()
    exchange.liquidate("ETHUSDT")
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 2 and count_of(heatmap, "ETHUSDT") == 1)
    heatmap.stop()
    heatmap.start_stream(["SOLUSDT"])
    assert heatmap.status()["symbols"] == ["SOLUSDT"]
    with pytest.raises(ValueError, match="SOLUSDT"):
        heatmap.get_clusters("BTCUSDT")


def test_after_stop_nothing_is_said_and_it_can_start_again(
    exchange: ScriptedExchange, make: Make
) -> None:
    heatmap = make()
    with heatmap as same:
        assert same is heatmap
        heatmap.start_stream(["BTCUSDT"])
        assert heatmap.is_running()
        eventually(lambda: live(heatmap))
        exchange.liquidate()
        eventually(lambda: count_of(heatmap, "BTCUSDT") == 1)
        status = heatmap.status()
        assert json.loads(json.dumps(status, allow_nan=False)) == status
    assert not heatmap.is_running()
    status = heatmap.status()
    assert json.loads(json.dumps(status, allow_nan=False)) == status
    assert (status["role"], status["live"], status["recorder"]) == ("stopped", False, None)
    assert heatmap.get_clusters("BTCUSDT") == []
    assert heatmap.get_best_cluster("BTCUSDT") is None
    heatmap.update_price("BTCUSDT", 100.0)
    heatmap.stop()
    heatmap.start_stream(["BTCUSDT"])
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 1)


def test_every_method_may_be_called_by_many_threads_while_it_starts_and_stops(
    exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    store_history(path, 50)
    heatmap = make()
    heatmap.start_stream(SYMBOLS)
    eventually(lambda: count_of(heatmap, "BTCUSDT") == 50)
    is_over = threading.Event()
    faults: list[BaseException] = []
    answers: dict[str, set[int]] = {symbol: set() for symbol in SYMBOLS}

    def use(symbol: str) -> None:
        try:
            while not is_over.is_set():
                heatmap.update_price(symbol, 100.0)
                answers[symbol].add(count_of(heatmap, symbol))
                heatmap.get_best_cluster(symbol)
                heatmap.status()
                heatmap.is_running()
        except BaseException as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=use, args=(symbol,)) for symbol in SYMBOLS * 2]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: all(answers.values()))
        for number in range(3):
            heatmap.start_stream([*SYMBOLS, f"A{number}USDT"])
            eventually(lambda: live(heatmap))
            exchange.liquidate("SOLUSDT")
        # Starting anew was not to be seen.
        assert answers["BTCUSDT"] == {50}
        heatmap.stop()
        heatmap.start_stream(SYMBOLS)
        eventually(lambda: live(heatmap))
        exchange.liquidate("SOLUSDT")
        eventually(lambda: heatmap.recorder_status().stored == 1)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert count_of(heatmap, "BTCUSDT") == 50
    assert count_of(heatmap, "SOLUSDT") == 4


def test_a_database_that_cannot_be_read_leaves_the_last_clusters_and_says_so(
    make: Make, path: Path
) -> None:
    store_history(path, 5)
    heatmap = make()
    heatmap.start_stream(["BTCUSDT"])
    eventually(lambda: heatmap.get_clusters("BTCUSDT"))
    assert told_text(heatmap.status()) == ""
    kept = path.with_name("kept")
    path.rename(kept)
    path.write_bytes(b"something else" * 200)
    assert count_of(heatmap, "BTCUSDT") == 5
    assert "heatmap.sqlite3" in told_text(heatmap.status())
    path.unlink()
    kept.rename(path)
    assert count_of(heatmap, "BTCUSDT") == 5
    assert told_text(heatmap.status()) == ""


def test_a_database_of_another_kind_is_refused_and_nothing_runs(make: Make, path: Path) -> None:
    SqliteStore.for_recorder(path, DataKind.REPLAY).close()
    heatmap = make()
    with pytest.raises(WrongDataKindError):
        heatmap.start_stream(["BTCUSDT"])
    assert not heatmap.is_running()
    with pytest.raises(ValueError, match="none yet"):
        heatmap.get_clusters("BTCUSDT")


def test_the_retention_of_the_database_stays_as_it_is(make: Make, path: Path) -> None:
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.keep_retention(3 * 86_400_000)
    heatmap = make()
    heatmap.start_stream(["BTCUSDT"])
    eventually(lambda: heatmap.recorder_status().retention is not None)
    retention = heatmap.recorder_status().retention
    assert (retention.wanted_ms, retention.is_pending) == (3 * 86_400_000, False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ":",
        "bitunix:",
        "a:b:BTCUSDT",
        "BTC/USD:BTC",
        "BTC-USDT",
        "x:ALL",
        "BTCUSDT,ETHUSDT",
        None,
        7,
    ],
)
def test_what_is_no_symbol_is_refused_with_what_one_looks_like(name: Any, make: Make) -> None:
    heatmap = make()
    with pytest.raises(ValueError, match="symbol must be one like BTCUSDT or BTC/USDT:USDT, got"):
        heatmap.start_stream([name])
    assert not heatmap.is_running()


def test_bad_input_names_the_parameter_and_what_it_may_be(make: Make) -> None:
    heatmap = make()
    with pytest.raises(ValueError, match="symbols must be one or more"):
        heatmap.start_stream([])
    with pytest.raises(ValueError, match=r"symbol must be one of .*\(none yet\), got 'BTCUSDT'"):
        heatmap.update_price("BTCUSDT", 1.0)
    heatmap.start_stream(["BTCUSDT"])
    for use in (
        heatmap.get_clusters,
        heatmap.get_best_cluster,
        lambda symbol: heatmap.update_price(symbol, 1.0),
    ):
        with pytest.raises(ValueError, match=r"symbol must be one of .*\(BTCUSDT\), got 'XRPUSDT'"):
            use("XRPUSDT")
    for price in (0, -1.0, float("nan"), float("inf"), "1", True):
        with pytest.raises(ValueError, match="price must be a number above 0 and at most"):
            heatmap.update_price("BTCUSDT", price)
        with pytest.raises(ValueError, match="price must be a number above 0 and at most"):
            heatmap.get_clusters("BTCUSDT", price=price)
    with pytest.raises(ValueError, match="min_strength must be a number from 0 to 1, got 2"):
        heatmap.get_best_cluster("BTCUSDT", 2)


@pytest.mark.parametrize(
    ("name", "values", "allowed"),
    [
        ("cluster_window_pct", (0, 2, float("nan"), "0.02"), "from 1e-06 to 1"),
        ("min_cluster_size", (0, 2.5, True), "a whole number from 1 to 1000000"),
        ("time_decay_minutes", (0, -60, None), "from 0.01 to 100000"),
        ("update_interval", (-1, 4000, float("nan"), None, True), "from 0 to 3600"),
        ("lookback_time_constants", (0, 51), "from 0.1 to 50"),
    ],
)
def test_parameters_out_of_range_are_refused(
    name: str, values: tuple[Any, ...], allowed: str, make: Make
) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"{name} must be .*{allowed}, got"):
            make(**{name: value})


PROGRAM = """
import sys
import Heatmap
assert "numpy" not in sys.modules
hunter = Heatmap.LiquidationHunter()
with Heatmap.LiveLiquidationHeatmap(db={db!r}, ws_url={ws!r}, rest_url={rest!r}) as heatmap:
    heatmap.start_stream(["BTCUSDT"])
    heatmap.update_price("BTCUSDT", 100.0)
    assert heatmap.get_clusters("BTCUSDT") == []
    hunter.set_data_source(heatmap=heatmap)
    assert hunter.generate_signal("BTC/USDT:USDT", 100.0) == (0, 0.0, None)
assert not heatmap.is_running()
print(*sorted(name for name in sys.modules if name.partition(".")[0] in ("PyQt6", "qasync")))
"""


def test_a_program_uses_it_without_qt(exchange: ScriptedExchange, path: Path) -> None:
    program = PROGRAM.format(db=str(path), ws=exchange.ws_url, rest=exchange.rest_url)
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


@posix_only
def test_the_example_prints_clusters_until_it_is_interrupted(
    exchange: ScriptedExchange, path: Path
) -> None:
    store_history(path, 30)
    command = [sys.executable, "-m", "Heatmap.examples.live_clusters", "BTC/USDT:USDT", "ETHUSDT"]
    command += ["--db", str(path), "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [*command, "--seconds", "0.1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    ) as process:
        try:
            assert process.stdout is not None
            while "30 liquidations" not in (line := process.stdout.readline()):
                assert line
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
            # It may have been amidst a line.
            assert (process.returncode, rest[-9:]) == (0, "stopping\n")
        finally:
            process.kill()


def test_the_public_names_are_there() -> None:
    assert {"LiveLiquidationHeatmap", "LiquidationHunter"} <= set(Heatmap.__all__)
    for name in Heatmap.__all__:
        assert getattr(Heatmap, name) is not None


@pytest.mark.parametrize("symbols", [None, 5, [], [None], ["BTC/USD:BTC"]])
def test_symbols_that_are_none_are_refused_in_words(symbols: Any, make: Make) -> None:
    with pytest.raises(ValueError, match="symbol"):
        make().start_stream(symbols)


@pytest.mark.parametrize("values", [{"ws_url": None}, {"ws_url": "http://x"}, {"rest_url": "x"}])
def test_addresses_of_another_kind_are_refused(values: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="_url must be an address such as"):
        LiveLiquidationHeatmap(db=tmp_path / "x.sqlite3", **values)


@pytest.mark.parametrize(
    "price", [90_000, np.float32(90_000), np.int64(90_000), Decimal("90000.0")]
)
def test_every_kind_of_number_is_a_price(
    price: Any, exchange: ScriptedExchange, make: Make, path: Path
) -> None:
    del exchange
    store_history(path, 5)
    heatmap = make(min_cluster_size=np.int64(5), time_decay_minutes=Decimal(60))
    heatmap.start_stream("btcusdt")
    heatmap.update_price("BTCUSDT", price)
    assert heatmap.status()["prices"]["BTCUSDT"] == 90_000.0


FORK = """
import os, sys
from Heatmap import LiveLiquidationHeatmap
heatmap = LiveLiquidationHeatmap(db=sys.argv[1], ws_url="ws://127.0.0.1:9",
                                 rest_url="http://127.0.0.1:9")
heatmap.start_stream(["BTCUSDT"])
heatmap.get_clusters("BTCUSDT")
child = os.fork()
if child == 0:
    assert not heatmap.is_running()
    try:
        heatmap.get_clusters("BTCUSDT")
    except ValueError as error:
        assert "none yet" in str(error)
    else:
        raise SystemExit("the child answered from its parent's files")
    # As one of its own it stands by, since the parent writes.
    heatmap.start_stream(["BTCUSDT"])
    assert heatmap.status()["role"] == "standby", heatmap.status()["role"]
    heatmap.stop()
    os._exit(0)
_, code = os.waitpid(child, 0)
assert code == 0, code
assert heatmap.is_running()
assert heatmap.status()["role"] == "writer"
heatmap.stop()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_stopped_and_can_be_started(tmp_path: Path) -> None:
    done = run_program(FORK, tmp_path / "x.sqlite3")
    assert done.returncode == 0, done.stderr
