"""The parser, against every known shape of the exchange's frames and what resembles them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import Liquidated, LiquidationEvent, Rejection, RejectReason
from Heatmap.ingestion.venues.binance.force_order import (
    MarkPrice,
    ParsedItem,
    keep_wanted,
    parse_frame,
)
from Heatmap.ingestion.venues.numbers import EARLIEST_MS, LATEST_MS

RECEIVE_MS = 1_791_565_603_100
ORDER: dict[str, Any] = {
    "s": "BTCUSDT",
    "S": "SELL",
    "o": "LIMIT",
    "f": "IOC",
    "q": "0.200",
    "p": "82338.30",
    "ap": "82651.90",
    "X": "FILLED",
    "l": "0.155",
    "z": "0.190",
    "T": 1_791_565_602_120,
    "ps": "BTCUSDT",
    "st": 1,
}
MISSING = object()


def message(order: object = None, **beside: object) -> dict[str, object]:
    content = {"e": "forceOrder", "E": 1_791_565_603_055, "o": ORDER if order is None else order}
    return content | beside


def order_with(**changes: object) -> dict[str, object]:
    changed = ORDER | changes
    return {name: value for name, value in changed.items() if value is not MISSING}


def parse_one(content: object, *, keep_raw: bool = True) -> ParsedItem:
    frame = content if isinstance(content, str | bytes) else json.dumps(content)
    (item,) = parse_frame(frame, RECEIVE_MS, keep_raw=keep_raw)
    return item


def rejected(content: object) -> RejectReason:
    item = parse_one(content)
    assert isinstance(item, Rejection), item
    assert "\n" not in item.detail
    assert len(item.detail) < 120
    return item.reason


def accepted(content: object) -> LiquidationEvent:
    item = parse_one(content)
    assert isinstance(item, LiquidationEvent), item
    return item


# Per frame of frames_binance.json, in its order: what each must become.
KNOWN_FRAMES: list[tuple[Any, ...] | RejectReason] = [
    ("BTCUSDT", "SELL", 82651.90, 0.190, 82338.30, 1791565602120, 1791565603055),
    ("XRPUSDT", "BUY", 1.4912, 127.2, 1.4984, 1791091174219, 1791091175227),
    ("MANTAUSDT", "SELL", 0.0722187, 2049.1, 0.0711500, 1791091026103, 1791091027107),
    ("KAIAUSDT", "SELL", 0.0595600, 3391.0, 0.0590500, 1791594102102, 1791594103105),
    ("IOTXUSDT", "SELL", 0.06669, 3661.0, 0.06606, 1634653599180, 1634653599186),
    ("BTCUSDT", "SELL", 9910.0, 0.014, 9910.0, 1568014460893, 1568014460893),
    ("BTCUSDT", "SELL", 9910.0, 0.014, 9910.0, 1568014460893, 1568014460893),
    RejectReason.COIN_M,
    RejectReason.PROTOCOL,
]


@pytest.mark.parametrize(("index", "expected"), list(enumerate(KNOWN_FRAMES)))
def test_every_known_shape_becomes_what_it_is(
    shared_data: Callable[[str], Path], index: int, expected: tuple[Any, ...] | RejectReason
) -> None:
    frames = json.loads(shared_data("frames_binance.json").read_text())
    assert len(frames) == len(KNOWN_FRAMES)
    frame = json.dumps(frames[index]["frame"])
    for form in (frame, frame.encode()):
        item = parse_one(form)
        if isinstance(expected, RejectReason):
            assert isinstance(item, Rejection)
            assert item.reason is expected
            continue
        assert isinstance(item, LiquidationEvent)
        given = (item.symbol, item.liquidated.order_side, item.price, item.qty, item.limit_price)
        assert (*given, item.ts_ms, item.push_ms) == expected
        assert item.notional == item.price * item.qty
        assert item.raw_json == frame
        assert item.receive_ms == RECEIVE_MS
        assert item.source == "BINANCE_USDM"


def test_every_recorded_message_is_read(shared_data: Callable[[str], Path]) -> None:
    lines = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl").read_text().splitlines()
    assert len(lines) == 1844
    for line in lines:
        event, order = accepted(line), json.loads(line)["data"]["o"]
        assert (event.price, event.qty) == (float(order["ap"]), float(order["z"]))
        assert event.liquidated == {"SELL": "long", "BUY": "short"}[order["S"]]


def test_a_sell_order_liquidates_a_long_and_a_buy_order_a_short() -> None:
    assert accepted(message(order_with(S="SELL"))).liquidated is Liquidated.LONG
    assert Liquidated.LONG == "long"
    assert accepted(message(order_with(S="BUY"))).liquidated == "short"


@pytest.mark.parametrize("average", [MISSING, None, "", "None", "0", "0.000", 0, 0.0])
def test_the_limit_price_stands_in_only_where_there_is_no_average(average: object) -> None:
    event = accepted(message(order_with(ap=average)))
    assert event.price == event.limit_price == 82338.30


@pytest.mark.parametrize("filled", [MISSING, None, "", "None"])
def test_the_original_quantity_stands_in_only_where_there_is_no_filled_one(filled: object) -> None:
    assert accepted(message(order_with(z=filled))).qty == 0.2


def test_limit_and_original_quantity_may_be_absent_beside_average_and_filled() -> None:
    event = accepted(message(order_with(p=MISSING, q=MISSING)))
    assert (event.price, event.qty) == (82651.90, 0.190)
    assert (event.limit_price, event.original_qty) == (None, None)


def test_numbers_may_also_come_as_json_numbers() -> None:
    event = accepted(message(order_with(ap=82651.9, z=2)))
    assert (event.price, event.qty) == (82651.9, 2.0)


def test_the_trade_time_stands_in_for_a_missing_push_time() -> None:
    content = message()
    del content["E"]
    assert accepted(content).push_ms == ORDER["T"]


def test_the_raw_message_is_kept_as_received_or_not_at_all() -> None:
    frame = json.dumps({"stream": "!forceOrder@arr", "data": message()}, indent=1)
    assert accepted(frame).raw_json == frame
    item = parse_one(frame, keep_raw=False)
    assert isinstance(item, LiquidationEvent)
    assert item.raw_json == ""


def test_a_list_of_events_gives_each_with_its_own_raw_message() -> None:
    contents = [message(), message(order_with(S="?")), message(order_with(s="ETHUSDT"))]
    for frame in (contents, {"stream": "!forceOrder@arr", "data": contents}):
        first, second, third = parse_frame(json.dumps(frame), RECEIVE_MS, keep_raw=True)
        assert isinstance(first, LiquidationEvent)
        assert isinstance(second, Rejection)
        assert isinstance(third, LiquidationEvent)
        assert json.loads(first.raw_json) == contents[0]
        assert third.symbol == "ETHUSDT"


def test_the_mark_price_is_the_heartbeat_with_the_exchanges_time() -> None:
    content = {"e": "markPriceUpdate", "E": 1_791_565_603_000, "s": "BTCUSDT", "p": "82600.10"}
    expected = MarkPrice("BTCUSDT", 1_791_565_603_000, 82600.1)
    assert parse_one(content) == expected
    assert parse_one({"stream": "btcusdt@markPrice@1s", "data": content}) == expected
    assert rejected(content | {"E": "soon"}) is RejectReason.BAD_VALUE
    assert rejected(content | {"p": "0"}) is RejectReason.BAD_VALUE
    assert rejected(content | {"s": None}) is RejectReason.MISSING_FIELD


@pytest.mark.parametrize(
    "content",
    [
        message(order_with(s="BTCUSD_PERP", st=MISSING)),
        message(order_with(s="ETHUSD_261225", st=MISSING)),
        message(order_with(s="BTCUSD_PERP", st=1)),
        message(order_with(st=2)),
        message(order_with(st="2")),
        message(order_with(st=MISSING), st=2),
        message(order_with(st=1), st=2),
    ],
)
def test_orders_margined_in_coin_are_refused(content: object) -> None:
    assert rejected(content) is RejectReason.COIN_M


@pytest.mark.parametrize("state", [MISSING, None, 1, "1"])
def test_state_one_or_none_is_margined_in_usd(state: object) -> None:
    accepted(message(order_with(st=state)))
    accepted(message(order_with(st=MISSING)) | ({} if state is MISSING else {"st": state}))


def test_similar_symbols_are_not_the_recorded_one() -> None:
    wanted = frozenset({"BTCUSDT"})
    for symbol in ("BTCUSDT_260327", "BTCUSDC", "ABTCUSDT"):
        item = keep_wanted(accepted(message(order_with(s=symbol))), wanted)
        assert item == Rejection(RejectReason.FOREIGN_SYMBOL, symbol)
    event = accepted(message())
    assert keep_wanted(event, wanted) is event
    assert keep_wanted(event, None) is event
    other = Rejection(RejectReason.PROTOCOL, "ack")
    assert keep_wanted(other, wanted) is other


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"s": MISSING}, RejectReason.MISSING_FIELD),
        ({"s": "BTC/USDT"}, RejectReason.BAD_VALUE),
        ({"s": "BTCUSDT\n"}, RejectReason.BAD_VALUE),
        ({"s": "BTC USDT"}, RejectReason.BAD_VALUE),
        ({"s": "BTC\u00a0USDT"}, RejectReason.BAD_VALUE),
        ({"s": "BTC\u200bUSDT"}, RejectReason.BAD_VALUE),
        ({"s": "BTC\u202eUSDT"}, RejectReason.BAD_VALUE),
        ({"s": "BTC\x1bUSDT"}, RejectReason.BAD_VALUE),
        ({"s": "\u0301BTCUSDT"}, RejectReason.BAD_VALUE),
        ({"s": "ALL"}, RejectReason.BAD_VALUE),
        ({"s": "all"}, RejectReason.BAD_VALUE),
        *(
            ({"s": f"BTC{char}USDT"}, RejectReason.BAD_VALUE)
            for char in "/@,?&#%:;-.\uff0c\U0001f600"
        ),
        ({"s": "A" * 51}, RejectReason.BAD_VALUE),
        ({"s": "\u5e01" * 51}, RejectReason.BAD_VALUE),
        ({"s": "\u5e01" * 100_000}, RejectReason.BAD_VALUE),
        ({"ap": "1e5"}, RejectReason.BAD_VALUE),
        ({"ap": 1e-300}, RejectReason.BAD_VALUE),
        ({"z": "0.00000000000000000001"}, RejectReason.BAD_VALUE),
        ({"ap": "100000000000", "z": "100000000000"}, RejectReason.BAD_VALUE),
        ({"s": ["BTCUSDT"]}, RejectReason.BAD_VALUE),
        ({"S": MISSING}, RejectReason.MISSING_FIELD),
        ({"S": "sell"}, RejectReason.BAD_VALUE),
        ({"S": ["SELL"]}, RejectReason.BAD_VALUE),
        ({"ap": "abc"}, RejectReason.BAD_VALUE),
        ({"ap": "-82651.90"}, RejectReason.BAD_VALUE),
        ({"ap": "nan"}, RejectReason.BAD_VALUE),
        ({"ap": "Infinity"}, RejectReason.BAD_VALUE),
        ({"ap": "82_651"}, RejectReason.BAD_VALUE),
        ({"ap": " 82651"}, RejectReason.BAD_VALUE),
        ({"ap": "٨٢٦٥١"}, RejectReason.BAD_VALUE),
        ({"ap": "8e4"}, RejectReason.BAD_VALUE),
        ({"ap": True}, RejectReason.BAD_VALUE),
        ({"ap": False}, RejectReason.BAD_VALUE),
        ({"ap": {"value": "1"}}, RejectReason.BAD_VALUE),
        ({"ap": 10**400}, RejectReason.BAD_VALUE),
        ({"ap": "9" * 20}, RejectReason.BAD_VALUE),
        ({"ap": -1}, RejectReason.BAD_VALUE),
        ({"ap": "0", "p": "0"}, RejectReason.BAD_VALUE),
        ({"ap": MISSING, "p": MISSING}, RejectReason.MISSING_FIELD),
        ({"p": "82,338"}, RejectReason.BAD_VALUE),
        ({"z": "0"}, RejectReason.BAD_VALUE),
        ({"z": "-0.1"}, RejectReason.BAD_VALUE),
        ({"z": True}, RejectReason.BAD_VALUE),
        ({"z": MISSING, "q": MISSING}, RejectReason.MISSING_FIELD),
        ({"z": MISSING, "q": "0"}, RejectReason.BAD_VALUE),
        ({"q": []}, RejectReason.BAD_VALUE),
        ({"T": MISSING}, RejectReason.MISSING_FIELD),
        ({"T": "1791565602120"}, RejectReason.BAD_VALUE),
        ({"T": 1791565602120.5}, RejectReason.BAD_VALUE),
        ({"T": True}, RejectReason.BAD_VALUE),
        ({"T": 0}, RejectReason.BAD_VALUE),
        ({"T": -1}, RejectReason.BAD_VALUE),
        ({"T": EARLIEST_MS - 1}, RejectReason.BAD_VALUE),
        ({"T": LATEST_MS}, RejectReason.BAD_VALUE),
        ({"T": 2**63}, RejectReason.BAD_VALUE),
        ({"T": 10**300}, RejectReason.BAD_VALUE),
        ({"st": 3}, RejectReason.BAD_VALUE),
        ({"st": True}, RejectReason.BAD_VALUE),
        ({"st": [1]}, RejectReason.BAD_VALUE),
    ],
)
def test_an_order_that_is_not_as_documented_is_refused(
    changes: dict[str, object], reason: RejectReason
) -> None:
    assert rejected(message(order_with(**changes))) is reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", RejectReason.NOT_JSON),
        ("{", RejectReason.NOT_JSON),
        ("\ufeff{}", RejectReason.NOT_JSON),
        ('{"e":"forceOrder","E":NaN}', RejectReason.NOT_JSON),
        ('{"E":-Infinity}', RejectReason.NOT_JSON),
        ("1" * 5000, RejectReason.NOT_JSON),
        ("[" * 100_000, RejectReason.NOT_JSON),
        (b"\xff\xfe{}", RejectReason.NOT_JSON),
        (json.dumps(message()).encode("utf-16"), RejectReason.NOT_JSON),
        ('{"e": "\udc00"}', RejectReason.NOT_JSON),
        ("1", RejectReason.NOT_AN_OBJECT),
        ("null", RejectReason.NOT_AN_OBJECT),
        ('"forceOrder"', RejectReason.NOT_AN_OBJECT),
        ([[message()]], RejectReason.NOT_AN_OBJECT),
        ([], RejectReason.BAD_VALUE),
        ({"stream": "x", "data": []}, RejectReason.BAD_VALUE),
        ({"stream": "x", "data": None}, RejectReason.NOT_AN_OBJECT),
        ({}, RejectReason.MISSING_FIELD),
        ({"stream": "x"}, RejectReason.MISSING_FIELD),
        ({"result": None, "id": 1}, RejectReason.PROTOCOL),
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 3}, RejectReason.PROTOCOL),
        ({"code": 2, "msg": "Invalid request"}, RejectReason.PROTOCOL),
        ({"e": "aggTrade", "s": "BTCUSDT"}, RejectReason.OTHER_EVENT),
        ({"e": "x" * 1000}, RejectReason.OTHER_EVENT),
        ({"e": None}, RejectReason.BAD_VALUE),
        ({"e": ["forceOrder"]}, RejectReason.BAD_VALUE),
        (message(order=MISSING) | {"o": None}, RejectReason.MISSING_FIELD),
        (message(order=[ORDER]), RejectReason.BAD_VALUE),
        (message(order="x"), RejectReason.BAD_VALUE),
        (message(E="now"), RejectReason.BAD_VALUE),
        (message(E=1), RejectReason.BAD_VALUE),
        (message(E=False), RejectReason.BAD_VALUE),
    ],
)
def test_a_frame_that_is_no_event_is_refused_with_its_reason(
    content: object, reason: RejectReason
) -> None:
    assert rejected(content) is reason


def test_unknown_fields_are_ignored() -> None:
    expected = accepted(message())
    given = accepted(message(order_with(new={"deep": [1, {}]}), other=1))
    assert (given.ts_ms, given.price, given.qty) == (expected.ts_ms, expected.price, expected.qty)
