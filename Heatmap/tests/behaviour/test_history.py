"""History in a real database: complete, truthful about its holes, and the same when made twice."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, Series
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.market_note import MarketNote
from Heatmap.errors import OtherMarketError, StorageError, WrongDataKindError
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.standalone.exchange.history import seed_history, split_by_proof
from Heatmap.standalone.exchange.market import DAY_MS
from Heatmap.standalone.exchange.recording import load_recording, parse_time
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import enveloped, force_order_stream
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader

NOW_MS = 1_795_176_034_567
HALF_HOUR_MS = 1_800_000
ROWS = (
    "SELECT ts_ms, symbol, side, price, qty, notional, source, limit_price, original_qty, "
    "push_ms, receive_ms, raw_json FROM liq_events ORDER BY id"
)


def rows(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(ROWS).fetchall()
    finally:
        connection.close()


def coverage(path: Path, symbol: str = "BTCUSDT") -> tuple[CoverageInterval, ...]:
    with EventReader(path) as reader:
        return reader.read_coverage(symbol, 0, None)


@pytest.fixture
def replay(shared_data: Callable[[str], Path]) -> ReplayedMarket:
    return ReplayedMarket(
        load_recording(
            shared_data("forceorder_btcusdt_2024-12-04_06.jsonl"),
            shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv"),
        )
    )


def test_every_order_becomes_the_row_that_a_recorder_would_write(tmp_path: Path) -> None:
    path, market = tmp_path / "h.sqlite3", SimulatedMarket(3)
    stored = seed_history(path, DataKind.SIMULATED, market, NOW_MS, DAY_MS)
    payloads = market.force_orders(NOW_MS - DAY_MS, NOW_MS)
    assert stored == len(payloads) > 1000
    expected = []
    for payload in payloads:
        frame = enveloped(force_order_stream(payload), payload)
        (event,) = parse_frame(frame, payload["E"], keep_raw=True)
        assert isinstance(event, LiquidationEvent)
        order = payload["o"]
        assert event.price == float(order["ap"])
        assert event.qty == float(order["z"])
        expected.append(
            (
                order["T"],
                "BTCUSDT",
                order["S"],
                float(order["ap"]),
                float(order["z"]),
                float(order["ap"]) * float(order["z"]),
                "BINANCE_USDM",
                float(order["p"]),
                float(order["q"]),
                payload["E"],
                payload["E"],
                frame,
            )
        )
    assert rows(path) == expected
    assert json.loads(expected[0][-1])["data"] == payloads[0]


def test_simulated_history_is_covered_and_proven_and_knows_its_tick_size(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS)
    assert coverage(path) == (CoverageInterval("BTCUSDT", NOW_MS - DAY_MS, NOW_MS, True),)
    with EventReader(path) as reader:
        assert reader.kind is DataKind.SIMULATED
        assert reader.tick_size("BTCUSDT") == Decimal("0.10")


def test_made_twice_it_is_the_same_and_made_later_it_goes_on(tmp_path: Path) -> None:
    path, market = tmp_path / "h.sqlite3", SimulatedMarket(3)
    earlier_ms = NOW_MS - 3_600_000
    assert seed_history(path, DataKind.SIMULATED, market, earlier_ms, DAY_MS // 2) > 0
    first, covered = rows(path), coverage(path)
    assert seed_history(path, DataKind.SIMULATED, market, earlier_ms, DAY_MS // 2) == 0
    assert rows(path) == first
    assert coverage(path) == covered
    # Later, and from further back: one piece, each order once.
    seed_history(path, DataKind.SIMULATED, market, NOW_MS, DAY_MS)
    pushes = sorted(row[9] for row in rows(path))
    assert pushes == [payload["E"] for payload in market.force_orders(NOW_MS - DAY_MS, NOW_MS)]
    assert coverage(path) == (CoverageInterval("BTCUSDT", NOW_MS - DAY_MS, NOW_MS, True),)


def test_a_replays_history_ends_before_its_time_and_leaves_out_the_holes(
    tmp_path: Path, replay: ReplayedMarket
) -> None:
    path = tmp_path / "h.sqlite3"
    until_ms = parse_time("2024-12-05T18:00:00Z")
    stored = seed_history(path, DataKind.REPLAY, replay, until_ms, None)
    payloads = replay.force_orders(0, until_ms)
    assert stored == len(payloads) > 1000
    assert {row[9] for row in rows(path)} == {payload["E"] for payload in payloads}
    with EventReader(path) as reader:
        window = reader.read_window("BTCUSDT", 0, None)
    assert window.events["is_long"].sum() == sum(one["o"]["S"] == "SELL" for one in payloads)
    parts = coverage(path)
    covered: list[list[int]] = []
    for part in parts:
        if covered and covered[-1][1] == part.start_ms:
            covered[-1][1] = part.end_ms
        else:
            covered.append([part.start_ms, part.end_ms])
    assert [tuple(span) for span in covered] == replay.alive_spans(0, until_ms)
    assert len(covered) == 3
    assert covered[-1][1] == until_ms
    # Where half an hour passed without a message, the endpoint was not proven.
    pushes = [payload["E"] for payload in payloads]
    for part in parts:
        newest = max(push for push in pushes if push <= part.start_ms + 1)
        assert part.proven == (part.end_ms - newest <= HALF_HOUR_MS or part.start_ms in pushes)


def test_replaying_from_another_time_adds_to_the_same_database(
    tmp_path: Path, replay: ReplayedMarket
) -> None:
    late, both = tmp_path / "late.sqlite3", tmp_path / "both.sqlite3"
    early_ms, late_ms = parse_time("2024-12-05T01:00:00Z"), parse_time("2024-12-06T18:12:00Z")
    seed_history(late, DataKind.REPLAY, replay, late_ms, None)
    seed_history(both, DataKind.REPLAY, replay, late_ms, None)
    assert seed_history(both, DataKind.REPLAY, replay, early_ms, None) == 0
    assert rows(both) == rows(late)
    assert coverage(both) == coverage(late)


@pytest.mark.parametrize(
    ("pushes", "expected"),
    [
        ([], [(0, 100, False)]),
        ([0], [(0, 30, True), (30, 100, False)]),
        ([-40], [(0, 100, False)]),
        ([-10], [(0, 20, True), (20, 100, False)]),
        ([50], [(0, 50, False), (50, 80, True), (80, 100, False)]),
        ([10, 40, 60], [(0, 10, False), (10, 90, True), (90, 100, False)]),
        ([90, 130], [(0, 90, False), (90, 100, True)]),
        ([100], [(0, 100, False)]),
    ],
)
def test_half_an_hour_after_each_message_is_proven(
    pushes: list[int], expected: list[tuple[int, int, bool]]
) -> None:
    minute = 60_000
    parts = split_by_proof([push * minute for push in pushes], 0, 100 * minute)
    assert [(low // minute, high // minute, proven) for low, high, proven in parts] == expected


def test_history_is_never_made_up_for_live_data_or_without_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    with pytest.raises(ValueError, match="live"):
        seed_history(path, DataKind.LIVE, SimulatedMarket(3), NOW_MS, DAY_MS)
    with pytest.raises(ValueError, match="simulated"):
        seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, None)
    assert not path.exists()


def test_a_database_of_another_kind_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    SqliteStore(path, DataKind.LIVE).close()
    before = path.read_bytes()
    with pytest.raises(WrongDataKindError):
        seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS)
    assert path.read_bytes() == before


def test_two_simulated_markets_never_share_a_database(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS // 4)
    before = rows(path)
    with pytest.raises(OtherMarketError, match=r"seed 3 .*expected .*seed 4 .*choose another file"):
        seed_history(path, DataKind.SIMULATED, SimulatedMarket(4), NOW_MS, DAY_MS // 4)
    assert rows(path) == before
    assert seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS // 4) == 0


def test_what_a_version_stored_that_noted_no_market_is_not_taken_for_this_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.sqlite3"
    seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS // 4)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM meta WHERE key IN ('market', 'candles_market')")
    connection.commit()
    connection.close()
    with pytest.raises(OtherMarketError, match="another market"):
        seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS // 4)


def test_an_earlier_replay_goes_on_and_its_candles_count_as_those_of_futures(
    tmp_path: Path, replay: ReplayedMarket
) -> None:
    path, until_ms = tmp_path / "h.sqlite3", parse_time("2024-12-05T18:00:00Z")
    candle = Candle(until_ms, 9e4, 9.1e4, 8.9e4, 9e4, 1e6)
    store = SqliteStore(path, DataKind.REPLAY)
    span = (until_ms, until_ms + MINUTE_MS)
    store.save_fetched("BTCUSDT", Fetched(Series.CANDLES, (candle,), (span,)))
    store.close()
    assert seed_history(path, DataKind.REPLAY, replay, until_ms, None) > 0
    with EventReader(path) as reader:
        assert reader.market() == MarketNote("", "futures")


def test_a_fresh_file_in_the_place_of_a_damaged_one_knows_its_market(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, DAY_MS // 4)
    with closing(SqliteStore.for_recorder(path, DataKind.SIMULATED)) as store:
        before = store.generation()
        path.write_bytes(b"rubbish" * 1000)
        store.finish_now()
        with suppress(StorageError):
            store.save_symbols(("BTCUSDT",))
        store.save_symbols(("BTCUSDT",))
        assert store.generation() != before
        with EventReader(path) as reader:
            assert reader.market() == MarketNote(SimulatedMarket(3).name, "futures")
