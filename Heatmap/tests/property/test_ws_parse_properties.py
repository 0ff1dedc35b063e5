"""Whatever the frame, the parser answers; and what it takes for an event is right."""

import json
import math
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.domain.events import LiquidationEvent, Rejection
from Heatmap.ingestion.venues.binance.force_order import MarkPrice, parse_frame

REAL_FRAMES: list[dict[str, Any]] = [
    {
        "stream": "!forceOrder@arr",
        "data": {
            "e": "forceOrder",
            "E": 1791565603055,
            "o": {
                "s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.190",
                "p": "82338.30", "ap": "82651.90", "X": "FILLED", "l": "0.155", "z": "0.190",
                "T": 1791565602120, "ps": "BTCUSDT", "st": 1,
            },
        },
    },
    {
        "e": "forceOrder",
        "E": 1568014460893,
        "o": {
            "s": "BTCUSDT", "S": "BUY", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "9910",
            "ap": "9910", "X": "FILLED", "l": "0.014", "z": "0.014", "T": 1568014460893,
        },
        "ps": "BTCUSDT",
        "st": 1,
    },
    {"e": "markPriceUpdate", "E": 1791565603000, "s": "BTCUSDT", "p": "82600.10", "r": "0.0001"},
    {"result": None, "id": 1},
]  # fmt: skip

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["", "None", "0", "0.00", "-1", "nan", "1e5", "1_0", "SELL", "BUY", "ETHUSDT", "12.5", 1, 2]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths(content: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(content, dict):
        for key, value in content.items():
            found += paths(value, (*path, key))
    return found


@st.composite
def mutated_frames(draw: st.DrawFn) -> str:
    frame = json.loads(json.dumps(draw(st.sampled_from(REAL_FRAMES))))
    for _ in range(draw(st.integers(0, 3))):
        choices = paths(frame)
        if not choices:
            break
        *parents, last = draw(st.sampled_from(choices))
        holder = frame
        for key in parents:
            holder = holder[key]
        action = draw(st.sampled_from(["remove", "replace", "rename"]))
        if action == "replace":
            holder[last] = draw(json_values)
        else:
            value = holder.pop(last)
            if action == "rename":
                holder[
                    draw(st.sampled_from(["s", "S", "z", "q", "p", "ap", "T", "E", "o", "e"]))
                ] = value
    return json.dumps(draw(st.sampled_from([frame, [frame, frame]])))


@st.composite
def garbled_frames(draw: st.DrawFn) -> bytes:
    frame = bytearray(json.dumps(draw(st.sampled_from(REAL_FRAMES))).encode())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(frame)))
        end = draw(st.integers(start, min(len(frame), start + 6)))
        frame[start:end] = draw(st.binary(max_size=4))
    return bytes(frame)


def as_number(value: object) -> float:
    """Read a number as the documentation means it, independently of the parser."""
    return 0.0 if value in (None, "", "None") else float(value)  # type: ignore[arg-type]


def _same(symbol: str) -> str:
    return unicodedata.normalize("NFC", symbol).casefold()


def assert_right(event: LiquidationEvent, frame: str | bytes) -> None:
    content = json.loads(frame)
    if isinstance(content, list):
        content = content[0]
    if "e" not in content:
        content = content["data"]
    order = content["o"]
    # The same name, composed and in capitals where its letters have them.
    assert _same(event.symbol) == _same(order["s"])
    assert all(char == "_" or unicodedata.category(char)[0] in "LMN" for char in event.symbol)
    assert event.symbol == unicodedata.normalize("NFC", event.symbol)
    assert len(event.symbol) <= 50
    assert not event.symbol.endswith("USD_PERP")
    assert event.liquidated.order_side == order["S"]
    assert event.ts_ms == order["T"]
    assert event.push_ms == (order["T"] if content.get("E") is None else content["E"])
    assert event.price == (as_number(order.get("ap")) or as_number(order.get("p")))
    filled = order.get("z")
    assert event.qty == as_number(order.get("q") if filled in (None, "", "None") else filled)
    assert event.notional == event.price * event.qty
    for number in (event.price, event.qty, event.notional):
        assert math.isfinite(number)
        assert number > 0
    for time_ms in (event.ts_ms, event.push_ms):
        assert 2**40 < time_ms < 2**42
    assert order.get("st") in (None, 1, "1")
    assert content.get("st") in (None, 1, "1")
    event.raw_json.encode()


@settings(max_examples=600, deadline=None)
@given(mutated_frames() | garbled_frames())
def test_a_mutated_frame_gives_a_right_event_or_a_rejection(frame: str | bytes) -> None:
    items = parse_frame(frame, 1, keep_raw=True)
    assert items
    for item in items:
        assert isinstance(item, LiquidationEvent | MarkPrice | Rejection)
        if isinstance(item, LiquidationEvent):
            assert_right(item, frame)
        elif isinstance(item, MarkPrice):
            assert math.isfinite(item.price)
            assert item.price > 0


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_anything_else_gives_a_rejection(frame: str | bytes) -> None:
    items = parse_frame(frame, 1, keep_raw=False)
    assert items
    assert all(isinstance(item, Rejection) for item in items)
