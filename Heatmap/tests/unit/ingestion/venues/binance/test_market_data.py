"""Binance's answers about candles, open interest and funding: what is read, what is refused."""

import json
from typing import Any

import pytest

from Heatmap.domain.candles import MINUTE_MS, Candle, Funding, OpenInterest, RunningMinute, Series
from Heatmap.domain.events import Rejection
from Heatmap.errors import ExchangeError
from Heatmap.ingestion.candles.fetch_plan import Request
from Heatmap.ingestion.venue import Kline
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.ingestion.venues.binance.market_data import parse_answer, query

T0 = 1_790_000_040_000 // MINUTE_MS * MINUTE_MS
PAGE = Request(Series.CANDLES, "BTCUSDT", T0, T0 + 499 * MINUTE_MS)


def row(minute: int, **fields: Any) -> list[Any]:
    open_ms = T0 + minute * MINUTE_MS
    values = {"o": "100.5", "h": "103", "l": "99.1", "c": "101", "v": "500", "q": "50250.25"}
    values |= {"n": 321, "V": "240", "Q": "24120.5"} | fields
    return [
        *(open_ms, values["o"], values["h"], values["l"], values["c"], values["v"]),
        *(open_ms + 59_999, values["q"], values["n"], values["V"], values["Q"], "0"),
    ]


def parsed(rows: object, request: Request = PAGE) -> Any:
    return parse_answer(request, json.dumps(rows).encode())


def test_candles_are_read_in_order() -> None:
    answer = parsed([row(0), row(1), row(5)])
    assert answer.values[0] == Candle(T0, 100.5, 103.0, 99.1, 101.0, 50250.25, 24120.5, 321)
    assert [one.open_ms for one in answer.values] == [T0, T0 + MINUTE_MS, T0 + 5 * MINUTE_MS]
    assert (answer.bad_ms, answer.reason) == ((), "")


@pytest.mark.parametrize("taker", [None, ""])
def test_an_unknown_taker_volume_is_unknown_and_not_guessed(taker: object) -> None:
    assert parsed([row(0, Q=taker)]).values[0].taker_buy_quote is None
    short = row(0)[:8]
    assert parsed([short]).values[0] == Candle(T0, 100.5, 103.0, 99.1, 101.0, 50250.25)


@pytest.mark.parametrize(
    "fields",
    [
        {"o": "0"},
        {"h": "1e400"},
        {"h": "99"},
        {"l": "102"},
        {"c": "-3"},
        {"c": "NaN"},
        {"q": "-1"},
        {"q": None},
        {"q": [1]},
        {"q": "9" * 16},
        {"Q": "60000"},
        {"Q": {}},
        {"n": -1},
        {"n": "many"},
        {"n": True},
        {"l": 10**400},
    ],
)
def test_an_absurd_candle_is_left_out_and_the_others_stay(fields: dict[str, Any]) -> None:
    answer = parsed([row(0), row(1, **fields), row(2)])
    assert [one.open_ms for one in answer.values] == [T0, T0 + 2 * MINUTE_MS]
    assert answer.bad_ms == (T0 + MINUTE_MS,)
    assert answer.reason.startswith(f"at {T0 + MINUTE_MS}: ")
    assert len(answer.reason) < 250


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ({"code": -1}, "a list"),
        ([row(1), row(0)], "comes after"),
        ([row(1), row(1)], "comes twice"),
        ([row(-1)], "outside"),
        ([row(499)], "outside"),
        ([[T0 + 1, *row(0)[1:]]], "no multiple"),
        ([["soon", *row(0)[1:]]], "with their time"),
        ([{}], "with their time"),
        ([[]], "with their time"),
        ([7], "with their time"),
        ([row(n) for n in range(500)], "up to 499 rows"),
        ([row(n, o="0") for n in range(11)], "11 bad values"),
    ],
)
def test_an_answer_of_another_shape_is_refused_with_one_reason(rows: object, word: str) -> None:
    with pytest.raises(ExchangeError, match=word) as error:
        parsed(rows)
    text = str(error.value)
    assert text.startswith("candles as documented: ")
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b"[1" + b"0" * 5000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ExchangeError, match="expected JSON"):
        parse_answer(PAGE, body)


def test_open_interest_and_funding_are_read() -> None:
    start = T0 // 300_000 * 300_000
    request = Request(Series.OPEN_INTEREST, "BTCUSDT", start, start + 600_000)
    rows = [
        {
            "symbol": "BTCUSDT",
            "sumOpenInterest": "20403.6",
            "sumOpenInterestValue": "150570784.07",
            "timestamp": start + n * 300_000,
        }
        for n in range(2)
    ]
    values = (OpenInterest(start, 150570784.07), OpenInterest(start + 300_000, 150570784.07))
    assert parsed(rows, request).values == values
    request = Request(Series.FUNDING, "BTCUSDT", T0, T0 + 10**8)
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "-0.03750000", "fundingTime": T0 + 7, "markPrice": ""},
        {"symbol": "BTCUSDT", "fundingRate": "0.00010000", "fundingTime": T0 + 28_800_000},
    ]
    assert parsed(rows, request).values == (
        Funding(T0 + 7, -0.0375),
        Funding(T0 + 28_800_000, 1e-4),
    )
    assert parsed([rows[0] | {"fundingRate": "3.5"}], request).bad_ms == (T0 + 7,)
    assert parsed([{"fundingTime": T0}], request).bad_ms == (T0,)
    with pytest.raises(ExchangeError, match="expected BTCUSDT"):
        parsed([rows[0] | {"symbol": "ETHUSDT"}], request)


def test_requests_name_what_the_exchange_documents() -> None:
    assert query(PAGE) == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "startTime": str(T0),
        "endTime": str(T0 + 499 * MINUTE_MS - 1),
        "limit": "499",
    }
    # Up to 99 rows cost half as much.
    assert query(Request(Series.CANDLES, "BTCUSDT", T0, T0 + 99 * MINUTE_MS))["limit"] == "99"
    probe = Request(Series.CANDLES, "BTCUSDT", T0, T0 + 10**9, is_probe=True)
    assert query(probe)["limit"] == "1"
    request = Request(Series.OPEN_INTEREST, "X", 0, 499 * 300_000)
    assert query(request) | {"period": "5m", "limit": "500"} == query(request)
    assert query(Request(Series.FUNDING, "X", 0, 40 * 86_400_000))["limit"] == "1000"


# --- the stream


def push(**fields: Any) -> str:
    kline = {"t": T0, "T": T0 + 59_999, "s": "BTCUSDT", "i": "1m", "o": "100.5", "c": "101"}
    kline |= {"h": "103", "l": "99.1", "v": "500", "n": 321, "x": True, "q": "50250.25"}
    kline |= {"V": "240", "Q": "24120.5"} | fields
    return json.dumps(
        {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "s": "BTCUSDT", "k": kline}}
    )


def test_only_a_closed_minute_of_the_stream_is_a_candle() -> None:
    candle = Candle(T0, 100.5, 103.0, 99.1, 101.0, 50250.25, 24120.5, 321)
    assert parse_frame(push(), 0, keep_raw=False) == (Kline("BTCUSDT", candle),)
    running = Kline("BTCUSDT", None, RunningMinute(T0, 99.1, 103.0))
    for unfinished in (False, None, 1, "true"):
        assert parse_frame(push(x=unfinished), 0, keep_raw=False) == (running,)


@pytest.mark.parametrize(
    "fields", [{"t": "now"}, {"t": T0 + 5}, {"t": True}, {"t": -60_000}, {"l": "x"}, {"h": "1"}]
)
def test_a_running_minute_that_cannot_be_read_is_none_and_no_fault(fields: dict[str, Any]) -> None:
    pushed = push(x=False, **fields)
    assert parse_frame(pushed, 0, keep_raw=False) == (Kline("BTCUSDT", None),)


@pytest.mark.parametrize(
    "fields", [{"o": "x"}, {"t": "now"}, {"t": T0 + 5}, {"t": 10**30}, {"l": "0"}, {"i": "5m"}]
)
def test_a_bad_push_is_a_rejection_and_no_unread_order(fields: dict[str, Any]) -> None:
    (item,) = parse_frame(push(**fields), 0, keep_raw=False)
    assert isinstance(item, Rejection)
    assert item.unread is None


def test_a_push_without_its_candle_is_a_rejection() -> None:
    (item,) = parse_frame('{"e": "kline", "s": "BTCUSDT", "k": 7}', 0, keep_raw=False)
    assert isinstance(item, Rejection)
