"""One event has one key, whichever way it is made: parsed, from an old row, or from its numbers."""

import json

from hypothesis import given
from hypothesis import strategies as st

from Heatmap.domain.event_keys import event_key, key_of_numbers, plain_decimal
from Heatmap.domain.events import LiquidationEvent
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.storage.sqlite.old_events import OldEventKeys

TS_MS = 1_733_330_785_584


def decimal_text(digits: str, places: int, zeros: str) -> str:
    """Write a number of at most 12 digits as the exchange may, with zeros at its end."""
    whole, part = digits[: len(digits) - places] or "0", digits[len(digits) - places :]
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{part}{zeros}" if part or zeros else whole


decimals = st.builds(
    decimal_text,
    st.from_regex(r"[0-9]{0,10}[1-9][0-9]?", fullmatch=True),
    st.integers(0, 8),
    st.sampled_from(["", "0", "000"]),
)


def message(side: str, ap: str, z: str, p: str, q: str) -> str:
    order = {"s": "BTCUSDT", "S": side, "o": "LIMIT", "f": "IOC", "q": q, "p": p, "ap": ap}
    order |= {"X": "FILLED", "l": z, "z": z}
    data = {"e": "forceOrder", "E": TS_MS + 3, "o": {**order, "T": TS_MS}}
    return json.dumps(data, separators=(",", ":"))


@given(st.sampled_from(["BUY", "SELL"]), decimals, decimals, decimals, decimals)
def test_the_ways_to_a_key_agree(side: str, ap: str, z: str, p: str, q: str) -> None:
    raw = message(side, ap, z, p, q)
    (event,) = parse_frame(raw, TS_MS, keep_raw=True)
    if not isinstance(event, LiquidationEvent):
        return  # too small or too large a number
    who = event.liquidated
    key = event_key("BINANCE_USDM", "BTCUSDT", TS_MS, who, (ap, z, p, q))
    assert event.event_key == key
    numbers = (event.price, event.qty, event.limit_price, event.original_qty)
    assert key_of_numbers("BINANCE_USDM", "BTCUSDT", TS_MS, who, numbers) == key
    old = OldEventKeys()
    names = (b"BTCUSDT", str(TS_MS).encode(), side.encode())
    made = old.of_message(7, *names, raw.encode())
    assert made == key
    assert old.unusual == []
    row = (7, b"BINANCE_USDM", *names, *numbers)
    assert old.of_any(*row, raw.encode(), 0) == key
    assert not old.is_of_numbers(7)
    assert old.of_any(*row, b"", 0) == key
    assert old.is_of_numbers(7)
    # A twin's key is that of its row alone.
    assert old.of_any(*row, raw.encode(), 1) != key


@given(decimals)
def test_a_plain_decimal_is_the_same_number_and_stays_as_it_is(text: str) -> None:
    plain = plain_decimal(text)
    assert float(plain) == float(text)
    assert plain_decimal(plain) == plain
    assert plain_decimal(f"00{text}") == plain


@given(decimals, decimals)
def test_other_numbers_have_another_key(price: str, qty: str) -> None:
    def key(*texts: str) -> bytes:
        return event_key("BINANCE_USDM", "BTCUSDT", TS_MS, "long", texts)

    same = plain_decimal(price) == plain_decimal(qty)
    assert (key(price, qty) == key(qty, price)) is same
