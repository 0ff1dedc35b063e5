"""The replayed market: messages verbatim, candles from minute bars, holes without heartbeat."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from Heatmap.commands.window import CANDLE_MARKETS
from Heatmap.domain.instruments import parse_symbol
from Heatmap.errors import RecordingFileError
from Heatmap.levels.yields import Volume
from Heatmap.standalone.exchange.history import split_by_proof
from Heatmap.standalone.exchange.market import MINUTE_MS
from Heatmap.standalone.exchange.recording import Recording, load_recording, parse_time
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.standalone.sources import load_market

T_MS = 1_733_360_400_000
HOUR_MS = 3_600_000
# Rising, falling, a missing minute, flat.
BARS = [
    (0, 100.0, 106.0, 97.0, 103.0, 6.0),
    (1, 103.0, 106.0, 94.0, 100.0, 3.0),
    (3, 100.0, 100.0, 100.0, 100.0, 0.0),
]


def recording(
    tmp_path: Path, pushes: list[int], price: float = 100.0, symbols: tuple[str, ...] = ("XYZUSDT",)
) -> Recording:
    messages = tmp_path / "m.jsonl"
    order = {"S": "BUY", "q": "1", "p": str(price), "ap": str(price), "z": "1", "l": "1"}
    messages.write_text(
        "".join(
            json.dumps({"e": "forceOrder", "E": ts, "o": order | {"T": ts, "s": symbol}}) + "\n"
            for index, ts in enumerate(pushes)
            for symbol in [symbols[index % len(symbols)]]
        )
    )
    candles = tmp_path / "k.csv"
    rows = (",".join(map(str, (T_MS + minute * MINUTE_MS, *rest))) for minute, *rest in BARS)
    candles.write_text("open_time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return load_recording(messages, candles)


def test_candles_have_the_files_volumes_and_no_others(real: ReplayedMarket) -> None:
    (first,) = real.candles(MINUTE_MS, 1_733_184_000_000, 1_733_184_060_000)
    assert (first.quote_volume, first.trades) == (1866579.2631833, 1520)
    assert first.taker_buy_quote is None
    hour, minutes = (
        real.candles(length, 1_733_184_000_000, 1_733_187_600_000)
        for length in (HOUR_MS, MINUTE_MS)
    )
    assert hour[0].quote_volume == pytest.approx(sum(one.quote_volume or 0 for one in minutes))
    assert hour[0].trades == sum(one.trades or 0 for one in minutes)
    assert hour[0].taker_buy_quote is None


def test_a_candle_in_progress_has_its_part_of_the_volume(market: ReplayedMarket) -> None:
    (whole,) = market.candles(MINUTE_MS, T_MS, T_MS + MINUTE_MS)
    (half,) = market.candles(MINUTE_MS, T_MS, T_MS + MINUTE_MS // 2)
    assert whole.quote_volume == pytest.approx(6 * (100 + 106 + 97 + 103) / 4)
    assert half.quote_volume == pytest.approx(whole.quote_volume / 2)
    assert (half.trades, half.taker_buy_quote) == (None, None)


def test_nothing_is_made_up_that_the_recording_does_not_hold(market: ReplayedMarket) -> None:
    assert market.open_interest(300_000, T_MS, T_MS + HOUR_MS) == []
    assert market.funding(T_MS, T_MS + 10 * HOUR_MS) == []
    assert market.volume is Volume.FUTURES


def test_whose_candles_they_are_is_told(tmp_path: Path) -> None:
    recorded = recording(tmp_path, [T_MS + 10])
    files = recorded.messages_path, recorded.candles_path
    assert load_market(*files, T_MS + 10).volume is Volume.FUTURES
    assert load_market(*files, T_MS + 10, candles_market="spot").volume is Volume.SPOT
    # What the command line offers, the default first.
    assert CANDLE_MARKETS[0] == Volume.FUTURES
    assert sorted(CANDLE_MARKETS) == sorted(Volume)


@pytest.fixture
def market(tmp_path: Path) -> ReplayedMarket:
    return ReplayedMarket(recording(tmp_path, [T_MS + 10, T_MS + 5000]))


@pytest.fixture(scope="module")
def real(shared_data: Callable[[str], Path]) -> ReplayedMarket:
    return ReplayedMarket(
        load_recording(
            shared_data("forceorder_btcusdt_2024-12-04_06.jsonl"),
            shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv"),
        )
    )


def test_messages_come_verbatim_at_their_push_time(
    real: ReplayedMarket, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl")
    lines = [json.loads(line)["data"] for line in path.read_text().splitlines()]
    cut = lines[700]["E"]
    before, after = real.force_orders(0, cut), real.force_orders(cut, 2**50)
    assert before + after == lines
    assert after[0]["E"] == cut


def test_the_recorded_holes_are_without_heartbeat(real: ReplayedMarket) -> None:
    spans = real.alive_spans(0, 2**50)
    assert len(spans) == 4
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert start - end > HOUR_MS
        assert real.mark_price(end) is not None
        assert real.mark_price(end + 1) is None
        assert real.mark_price(start - 1) is None
        assert real.mark_price(start) is not None
    # Inside each hole the candles go on.
    hole = parse_time("2024-12-05T04:00:00Z")
    assert len(real.candles(MINUTE_MS, hole, hole + HOUR_MS)) == 60
    assert real.mark_price(hole) is None


def test_after_the_last_message_an_hour_is_alive(market: ReplayedMarket) -> None:
    assert market.mark_price(T_MS + 9) is None
    assert market.mark_price(T_MS + 10) is not None
    assert market.mark_price(T_MS + 5000 + HOUR_MS) is not None
    assert market.mark_price(T_MS + 5001 + HOUR_MS) is None
    assert market.alive_spans(0, T_MS + 7000) == [(T_MS + 10, T_MS + 7000)]
    assert market.alive_spans(T_MS + 20, T_MS + 30) == [(T_MS + 20, T_MS + 30)]
    assert market.alive_spans(0, T_MS + 9) == []


def test_after_the_last_message_heartbeats_go_on_as_long_as_candles(real: ReplayedMarket) -> None:
    later, end = parse_time("2024-12-06T23:00:00Z"), parse_time("2024-12-08T00:00:00Z")
    real.require_inside(later)
    assert real.mark_price(later) == pytest.approx(
        real.candles(MINUTE_MS, later - MINUTE_MS, later)[0].close, rel=1e-3
    )
    assert real.mark_price(end) is not None
    assert real.mark_price(end + 1) is None
    assert real.alive_spans(later, 2**50) == [(later, end)]
    # Nothing proves that liquidations would have come: half an hour after the last one.
    pushes = [order["E"] for order in real.force_orders(0, 2**50)]
    parts = list(split_by_proof(pushes, pushes[-1], end))
    assert [proven for *_, proven in parts] == [True, False]
    assert parts[-1][0] == pushes[-1] + HOUR_MS // 2
    with pytest.raises(RecordingFileError, match="inside the recording"):
        real.require_inside(end)


def test_silence_of_exactly_an_hour_is_no_hole(tmp_path: Path) -> None:
    no_hole = ReplayedMarket(recording(tmp_path, [T_MS, T_MS + HOUR_MS]))
    assert no_hole.alive_spans(0, T_MS + HOUR_MS) == [(T_MS, T_MS + HOUR_MS)]
    hole = ReplayedMarket(recording(tmp_path, [T_MS, T_MS + HOUR_MS + 1]))
    assert hole.alive_spans(0, T_MS + HOUR_MS) == [(T_MS, T_MS)]


def test_another_symbols_message_proves_that_the_recorder_was_on(tmp_path: Path) -> None:
    pushes = [T_MS, T_MS + HOUR_MS // 2, T_MS + HOUR_MS + 1]
    market = ReplayedMarket(recording(tmp_path, pushes, symbols=("XYZUSDT", "ABCUSDT")), "XYZUSDT")
    assert len(market.alive_spans(0, T_MS + HOUR_MS)) == 1


def test_complete_minutes_are_the_bars(market: ReplayedMarket) -> None:
    candles = market.candles(MINUTE_MS, T_MS, T_MS + 10 * MINUTE_MS)
    assert [
        (
            (one.open_ms - T_MS) // MINUTE_MS,
            one.open,
            one.high,
            one.low,
            one.close,
            one.volume,
        )
        for one in candles
    ] == BARS
    assert all(one.is_closed for one in candles)


def test_longer_candles_are_merged_from_the_minutes(real: ReplayedMarket) -> None:
    start = parse_time("2024-12-05T00:00:00Z")
    minutes = real.candles(MINUTE_MS, start, start + 6 * HOUR_MS)
    for step in (3, 5, 60):
        longer = real.candles(step * MINUTE_MS, start, start + 6 * HOUR_MS)
        assert len(longer) == 360 // step
        for index, candle in enumerate(longer):
            part = minutes[index * step : (index + 1) * step]
            assert candle.open_ms == part[0].open_ms
            assert candle.open == part[0].open
            assert candle.close == part[-1].close
            assert candle.high == max(one.high for one in part)
            assert candle.low == min(one.low for one in part)
            assert candle.volume == pytest.approx(sum(one.volume for one in part))


@pytest.mark.parametrize(
    ("at_s", "high", "low", "close", "volume"),
    [
        (10, 100.0, 98.5, 98.5, 1.0),
        (20, 100.0, 97.0, 97.0, 2.0),
        (30, 101.5, 97.0, 101.5, 3.0),
        (40, 106.0, 97.0, 106.0, 4.0),
        (50, 106.0, 97.0, 104.5, 5.0),
    ],
)
def test_a_rising_minute_in_progress_goes_low_high_close(
    market: ReplayedMarket, at_s: int, high: float, low: float, close: float, volume: float
) -> None:
    (candle,) = market.candles(MINUTE_MS, T_MS, T_MS + at_s * 1000)
    assert not candle.is_closed
    assert (candle.open, candle.high, candle.low, candle.close) == pytest.approx(
        (100.0, high, low, close)
    )
    assert candle.volume == pytest.approx(volume)
    assert market.mark_price(T_MS + at_s * 1000) == candle.close


def test_a_falling_minute_in_progress_goes_high_first(market: ReplayedMarket) -> None:
    start = T_MS + MINUTE_MS
    candle = market.candles(MINUTE_MS, start, start + 20_000)[-1]
    assert (candle.open, candle.high, candle.low, candle.close) == (103.0, 106.0, 103.0, 106.0)


def test_the_longer_candle_in_progress_holds_its_minute_in_progress(market: ReplayedMarket) -> None:
    (candle,) = market.candles(5 * MINUTE_MS, T_MS, T_MS + MINUTE_MS + 20_000)
    assert candle.volume == pytest.approx(6 + 1)
    assert (candle.open, candle.high, candle.low, candle.close) == (100.0, 106.0, 97.0, 106.0)
    assert not candle.is_closed


def test_candles_open_inside_the_half_open_time(market: ReplayedMarket) -> None:
    assert market.candles(MINUTE_MS, T_MS, T_MS) == []
    opens = [one.open_ms for one in market.candles(MINUTE_MS, T_MS + 1, T_MS + 3 * MINUTE_MS)]
    assert opens == [T_MS + MINUTE_MS]


def test_mark_price_stands_still_where_a_candle_is_missing(market: ReplayedMarket) -> None:
    assert market.mark_price(T_MS + 2 * MINUTE_MS + 30_000) == 100.0


@pytest.mark.parametrize("interval_ms", [0, 1000, 90_000])
def test_an_interval_under_a_minute_is_refused(market: ReplayedMarket, interval_ms: int) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        market.candles(interval_ms, T_MS, T_MS + HOUR_MS)


def test_bitcoin_is_preferred_and_else_the_most_frequent(tmp_path: Path) -> None:
    pushes = [T_MS + index for index in range(5)]
    mixed = recording(tmp_path, pushes, symbols=("ABCUSDT", "XYZUSDT"))
    assert ReplayedMarket(mixed).symbol == "ABCUSDT"
    assert ReplayedMarket(mixed, "XYZUSDT").symbol == "XYZUSDT"
    with_bitcoin = recording(tmp_path, pushes, symbols=("ABCUSDT", "BTCUSDT"))
    assert ReplayedMarket(with_bitcoin).symbol == "BTCUSDT"
    with pytest.raises(RecordingFileError, match="expected messages of ETHUSDT, found ABCUSDT"):
        ReplayedMarket(mixed, "ETHUSDT")


def test_candles_of_another_symbol_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingFileError, match="expected candles of XYZUSDT"):
        ReplayedMarket(recording(tmp_path, [T_MS], price=3500.0))


@pytest.mark.parametrize("away", [-HOUR_MS, 2 * MINUTE_MS, HOUR_MS])
def test_candles_of_another_time_are_refused(tmp_path: Path, away: int) -> None:
    with pytest.raises(RecordingFileError, match="two files of the same time"):
        ReplayedMarket(recording(tmp_path, [T_MS + away]))


def test_a_time_outside_the_recording_is_refused(market: ReplayedMarket) -> None:
    market.require_inside(T_MS + 10)
    market.require_inside(T_MS + 4 * MINUTE_MS - 1)
    for outside in (T_MS, T_MS + 4 * MINUTE_MS, T_MS - 10 * HOUR_MS):
        with pytest.raises(RecordingFileError, match="inside the recording"):
            market.require_inside(outside)


def test_real_liquidations_lie_near_their_spot_candles(real: ReplayedMarket) -> None:
    deviations = []
    for payload in real.force_orders(0, 2**50):
        minute = payload["o"]["T"] // MINUTE_MS * MINUTE_MS
        (candle,) = real.candles(MINUTE_MS, minute, minute + MINUTE_MS)
        deviations.append(float(payload["o"]["ap"]) / candle.close - 1)
    assert abs(np.median(deviations)) < 0.003


@pytest.mark.parametrize(
    "spelt", ["\u5e01\u5b89\u4eba\u751fUSDT", "\u00e9t\u00e9usdt", "E\u0301TE\u0301USDT"]
)
def test_a_contract_of_any_script_is_replayed(tmp_path: Path, spelt: str) -> None:
    symbol = parse_symbol(spelt)
    replayed = ReplayedMarket(
        recording(tmp_path, [T_MS + 10, T_MS + 20], symbols=(spelt, "XYZUSDT")), symbol
    )
    assert replayed.symbol == symbol
    assert [one["E"] for one in replayed.force_orders(T_MS, T_MS + 1000)].count(T_MS + 10) == 1
