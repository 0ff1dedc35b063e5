"""Binance's wire format, written and read."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.exchange_info import parse_exchange_info
from Heatmap.ingestion.venues.binance.force_order import MarkPrice, parse_frame
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import (
    SLICE_CANDLES,
    compact,
    enveloped,
    exchange_info,
    force_order_stream,
    kline_payload,
    kline_row,
    mark_price_payload,
    next_funding_ms,
    number_text,
    parse_kline_frame,
    parse_kline_rows,
)

MINUTE_MS = 60_000
CANDLE = Candle(1_733_360_400_000, 96123.4, 96200.05, 96000.1, 96001.0, 12.345, False)


def test_volumes_and_trades_are_written_as_they_are() -> None:
    candle = replace(CANDLE, quote_volume=1_186_000.5, taker_buy_quote=593_000.25, trades=321)
    values = kline_row(MINUTE_MS, candle)
    assert [values[7], values[8], values[10]] == ["1186000.5", 321, "593000.25"]
    # Buyers' part of the coins is their part of the USD.
    assert float(values[9]) == pytest.approx(12.345 / 2)
    kline = kline_payload("BTCUSDT", "1m", MINUTE_MS, candle, CANDLE.open_ms)["k"]
    assert [kline[name] for name in ("q", "n", "V", "Q")] == values[7:11]


def test_what_is_unknown_is_null() -> None:
    values = kline_row(MINUTE_MS, replace(CANDLE, quote_volume=5.0))
    assert values[7:11] == ["5", None, None, None]
    kline = kline_payload("BTCUSDT", "1m", MINUTE_MS, CANDLE, CANDLE.open_ms)["k"]
    assert [kline[name] for name in ("q", "n", "V", "Q")] == [None] * 4


def test_a_candle_without_trades_has_no_takers() -> None:
    still = replace(CANDLE, volume=0.0, quote_volume=0.0, taker_buy_quote=0.0, trades=0)
    assert kline_row(MINUTE_MS, still)[7:11] == ["0", 0, "0", "0"]


def read_rows(text: str | bytes, *, are_all_closed: bool) -> list[Candle]:
    slices = parse_kline_rows(text, are_all_closed=are_all_closed)
    return [candle for one in slices for candle in one]


def row(open_ms: int, *values: object) -> list[Any]:
    return [open_ms, *(values or ("2", "3", "1", "2.5", "7")), open_ms + MINUTE_MS - 1]


@pytest.mark.parametrize("is_enveloped", [True, False])
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_kline_event_is_read_as_it_was_written(is_enveloped: bool, is_closed: bool) -> None:
    candle = Candle(CANDLE.open_ms, 96123.4, 96200.05, 96000.1, 96001.0, 12.345, is_closed)
    payload = kline_payload("BTCUSDT", "1m", MINUTE_MS, candle, CANDLE.open_ms + 5)
    text = enveloped("btcusdt@kline_1m", payload) if is_enveloped else compact(payload)
    assert parse_kline_frame(text, "BTCUSDT", "1m") == candle
    assert parse_kline_frame(text.encode(), "BTCUSDT", "1m") == candle


def test_a_kline_of_another_symbol_or_interval_is_passed_over() -> None:
    text = compact(kline_payload("BTCUSDT", "1m", MINUTE_MS, CANDLE, CANDLE.open_ms))
    assert parse_kline_frame(text, "BTCUSDC", "1m") is None
    assert parse_kline_frame(text, "BTCUSDT", "5m") is None
    assert parse_kline_frame('{"result":null,"id":1}', "BTCUSDT", "1m") is None
    assert parse_kline_frame("[]", "BTCUSDT", "1m") is None


def test_rows_are_read_as_they_were_written_and_the_last_is_in_progress() -> None:
    later = Candle(CANDLE.open_ms + MINUTE_MS, 2.0, 3.0, 1.0, 2.5, 7.0, False)
    text = compact([kline_row(MINUTE_MS, CANDLE), kline_row(MINUTE_MS, later)])
    first, last = read_rows(text, are_all_closed=False)
    assert (first.is_closed, last.is_closed) == (True, False)
    assert last == later
    assert (first.open, first.high, first.low, first.close, first.volume) == (
        CANDLE.open,
        CANDLE.high,
        CANDLE.low,
        CANDLE.close,
        CANDLE.volume,
    )
    assert all(one.is_closed for one in read_rows(text, are_all_closed=True))
    assert read_rows("[]", are_all_closed=False) == []


def test_a_page_is_read_in_slices_that_are_one_list() -> None:
    times = [MINUTE_MS * n for n in range(2 * SLICE_CANDLES + 1)]
    rows = [row(ms) for ms in times]
    slices = list(parse_kline_rows(json.dumps(rows), are_all_closed=False))
    assert [len(one) for one in slices] == [SLICE_CANDLES, SLICE_CANDLES, 1]
    candles = [candle for one in slices for candle in one]
    assert [candle.open_ms for candle in candles] == times
    assert [candle.open_ms for candle in candles if not candle.is_closed] == times[-1:]
    # The first of a slice comes after the last of the one before.
    rows[SLICE_CANDLES] = row(times[SLICE_CANDLES - 1])
    with pytest.raises(ExchangeError):
        read_rows(json.dumps(rows), are_all_closed=False)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": -1},
        [row(1)[:5]],
        ["row"],
        [["1", "2", "3", "1", "2.5", "7"]],
        [row(True)],
        [row(-5)],
        [row(2), row(2)],
        [row(1, "x", "3", "1", "2", "7")],
        [row(1, None, "3", "1", "2", "7")],
        [row(1, "nan", "3", "1", "2", "7")],
        [row(1, "2", "inf", "1", "2", "7")],
        [row(1, "2", "1.5", "1", "2", "7")],
        [row(1, "2", "3", "0", "2", "7")],
        [row(1, "2", "3", "1", "2", "-7")],
        [row(10**20)],
        [row(1, "2", "9" * 30, "1", "2", "7")],
        [row(1, "2", 10**400, "1", "2", "7")],
        [row(1, "2", "3", "1e-300", "2", "7")],
        [row(1, "2", "3", "0.00000000000000000001", "2", "7")],
        [row(1, "1_0", "30", "1", "20", "7")],
        [row(1, "2", "3", "1", "2", "1e400")],
        [row(1, "2", "3", "1", "2", True)],
        [row(1, "\u0662", "3", "1", "2", "7")],
    ],
)
def test_an_answer_that_is_no_candles_is_refused(answer: object) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_rows(json.dumps(answer), are_all_closed=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (96000.0, "96000"),
        (0.0, "0"),
        (96000.1, "96000.1"),
        (0.0711501, "0.0711501"),
        (1e-9, "0"),
        (1e12, "1000000000000"),
        (100.0, "100"),
    ],
)
def test_numbers_are_written_without_exponent_or_needless_zeros(value: float, text: str) -> None:
    assert number_text(value) == text


def test_the_recorder_reads_the_heartbeat_and_the_tick_size() -> None:
    text = compact(mark_price_payload("BTCUSDT", 1_733_360_400_000, 96123.45))
    assert parse_frame(text, 0, keep_raw=False) == (
        MarkPrice("BTCUSDT", 1_733_360_400_000, 96123.45),
    )
    info = parse_exchange_info(
        compact(exchange_info("BTCUSDT", Decimal("0.10"), 1_733_360_400_000)), {"BTCUSDT"}
    )
    assert info.tick_sizes == {"BTCUSDT": Decimal("0.10")}
    assert str(info.tick_sizes["BTCUSDT"]) == "0.10"
    assert info.server_ms == 1_733_360_400_000


def test_the_heartbeat_tells_the_markets_own_funding() -> None:
    market, now_ms = SimulatedMarket(3), 1_795_176_034_000
    paid_ms = next_funding_ms(now_ms)
    (paid,) = market.funding(paid_ms, paid_ms)
    payload = mark_price_payload("BTCUSDT", now_ms, 1.0, market.funding_rate(paid_ms))
    assert (payload["r"], payload["T"]) == (f"{paid.rate:.8f}", paid.ts_ms)
    assert payload["r"] != "0.00010000"
    assert mark_price_payload("BTCUSDT", now_ms, 1.0)["r"] == ""


def test_a_force_orders_stream_is_its_symbol_in_small_letters() -> None:
    assert force_order_stream({"o": {"s": "BTCUSDT_260327"}}) == "btcusdt_260327@forceOrder"


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[[1" + "0" * 5000 + "]]", "[[NaN, 1, 1, 1, 1, 1]]", '{"k": ' * 50_000, "\x1b"],
)
def test_candles_of_another_shape_are_one_printable_line(text: str) -> None:
    for read in (
        lambda: read_rows(text, are_all_closed=True),
        lambda: read_rows(text.encode(), are_all_closed=False),
    ):
        with pytest.raises(ExchangeError) as caught:
            read()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200
    frame = f'{{"e": "kline", "k": {text}}}'
    with pytest.raises(ExchangeError) as caught:
        parse_kline_frame(frame, "BTCUSDT", "1m")
    assert str(caught.value).isprintable()
