"""From a frame of the exchange's stream to an event, a mark price, or a rejection with its reason.

Pure: whatever comes in, `parse_frame` returns and never raises. The rules are Binance's for USD-M
futures (https://developers.binance.com/docs/derivatives/usds-margined-futures), with what its feed
does beyond its documentation:

- ``S`` is the side of the liquidation order: SELL closes a long, BUY closes a short.
- The price is ``ap``, the average fill; ``p`` is only the order's limit, and stands in where the
  exchange sends no average. The quantity is ``z``, what was filled; ``l`` is the last fill only.
- ``ps`` and ``st`` stand inside ``o`` or beside it. ``st`` 2 is a COIN-M order, whose quantities
  are contracts: it is no row of a USD table.
- Numbers are strings, times are integers. A value that is neither is refused rather than repaired:
  a missing row is counted, a wrong one is not noticed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Self, TypeAlias

from Heatmap.domain.event_keys import hashed_key, joined_decimals
from Heatmap.domain.events import (
    UNREADABLE_SYMBOL,
    Liquidated,
    LiquidationEvent,
    Rejection,
    RejectReason,
    UnreadOrder,
)
from Heatmap.domain.instruments import BINANCE_USDM, canonical_symbol
from Heatmap.ingestion.venue import MarkPrice, ParsedItem, keep_wanted
from Heatmap.ingestion.venues.binance.klines import read_push
from Heatmap.ingestion.venues.numbers import (
    EARLIEST_MS,
    LARGEST_NUMBER,
    LATEST_MS,
    SMALLEST_NUMBER,
    read_decimal,
)
from Heatmap.runtime.outside_text import shown_value

__all__ = [
    "MarkPrice",
    "ParsedItem",
    "keep_wanted",
    "parse_frame",
]

_LIQUIDATED = {side.order_side: side for side in Liquidated}

# Contracts margined in coin are quoted in USD: BTCUSD_PERP, BTCUSD_261225 (USD-M: BTCUSDT_261225).
_COIN_M_SYMBOL = re.compile(r".+USD_(?:PERP|[0-9]{6})")
# Four of them, none with zeros before it.
_FOUR_DECIMALS = re.compile(r"\|".join([r"(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,20})?"] * 4))
# How the feed says that a number is not there.
_ABSENT = (None, "", "None")
_PROTOCOL_KEYS = frozenset({"result", "error", "id", "code"})
_USD_M_STATES = (1, "1")
_COIN_M_STATES = (2, "2")
# What tells a force order even where nothing else of it can be read.
_ORDER, _ORDER_TYPE = b"forceOrder", "forceorder"
# Refused for what they say, and not because they could not be read.
_READ_AND_REFUSED = (RejectReason.COIN_M, RejectReason.FOREIGN_SYMBOL)
_LONGEST_NAME = 100


class _RefusedError(Exception):
    """Carries a rejection out of the nested checks; never leaves this module."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


def parse_frame(frame: str | bytes, receive_ms: int, *, keep_raw: bool) -> tuple[ParsedItem, ...]:
    """Read one frame, from a combined stream (in its envelope) or from a raw one.

    Parameters
    ----------
    frame
        The frame's payload as received; bytes must be UTF-8.
    receive_ms
        This machine's clock when it arrived, UTC milliseconds.
    keep_raw
        Whether the events carry the frame's text. Where one frame carries several events, each
        carries its own object, written anew without spaces.

    Returns
    -------
    tuple of LiquidationEvent, MarkPrice or Rejection
        At least one; several only where the exchange sends a list of events. Never raises.
    """
    try:
        text, content = _decode(frame)
    except _RefusedError as refused:
        told = frame if isinstance(frame, bytes) else frame.encode(errors="replace")
        return (replace(refused.rejection, unread=UnreadOrder() if _ORDER in told else None),)
    stream: object = ""
    if isinstance(content, dict) and "data" in content and "e" not in content:
        stream = content.get("stream")
        content = content["data"]
    if not isinstance(content, list):
        return (_judge(content, stream, text if keep_raw else "", receive_ms),)
    if not content:
        return (_known_to_be_missing(RejectReason.BAD_VALUE, "an empty list", content, stream),)
    return tuple(
        _judge(item, stream, _compact(item) if keep_raw else "", receive_ms) for item in content
    )


def _decode(frame: str | bytes) -> tuple[str, object]:
    try:
        if isinstance(frame, str):
            frame.encode()  # a lone surrogate could not be stored
            text = frame
        else:
            text = frame.decode()
        return text, _DECODER.decode(text)
    except UnicodeError:
        raise _RefusedError(RejectReason.NOT_JSON, "not UTF-8") from None
    except ValueError:
        raise _RefusedError(RejectReason.NOT_JSON, f"not JSON: {shown_value(frame)}") from None
    except RecursionError:
        raise _RefusedError(RejectReason.NOT_JSON, "nested too deeply") from None


class _JsonFloat(float):
    """A number that stood in the message without quotation marks, and how it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Read it."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def _refuse_constant(name: str) -> object:
    # NaN and Infinity are Python's additions to JSON.
    raise ValueError(name)


# Made once: `json.loads` with an argument makes a decoder for each text.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_JsonFloat)


def _compact(item: object) -> str:
    try:
        return json.dumps(item, separators=(",", ":"))
    except RecursionError:  # readable from where it was read, too deep from here
        return ""


def _judge(item: object, stream: object, raw_json: str, receive_ms: int) -> ParsedItem:
    """Parse an item; of an order that cannot be read, say what is known of it all the same."""
    parsed = _parse_item(item, raw_json, receive_ms)
    if not isinstance(parsed, Rejection) or parsed.reason in _READ_AND_REFUSED:
        return parsed
    return _known_to_be_missing(parsed.reason, parsed.detail, item, stream)


def _known_to_be_missing(
    reason: RejectReason, detail: str, item: object, stream: object
) -> Rejection:
    fields: Mapping[str, object] = item if isinstance(item, dict) else {}
    stream = stream if isinstance(stream, str) else ""
    named = fields.get("e")
    is_order = isinstance(named, str) and named.strip().casefold() == _ORDER_TYPE
    if not is_order and _ORDER_TYPE not in stream.casefold():
        return Rejection(reason, detail)
    inner = fields.get("o")
    order: Mapping[str, object] = inner if isinstance(inner, dict) else {}
    symbol = _likely_symbol(order.get("s"))
    if symbol is None and not stream.startswith("!"):
        symbol = _likely_symbol(stream.partition("@")[0])
    times = (order.get("T"), fields.get("E"))
    times_ms = tuple(
        value for value in times if type(value) is int and EARLIEST_MS <= value < LATEST_MS
    )
    return Rejection(reason, detail, UnreadOrder(symbol, times_ms))


def _likely_symbol(name: object) -> str | None:
    """Return the symbol that a name means, though something may stand in between."""
    if not isinstance(name, str) or not name:
        return None
    letters = "".join(char for char in name[:_LONGEST_NAME] if char == "_" or char.isalnum())
    try:
        return canonical_symbol(letters)
    except ValueError:
        return UNREADABLE_SYMBOL


def _parse_item(item: object, raw_json: str, receive_ms: int) -> ParsedItem:
    try:
        if not isinstance(item, dict):
            return Rejection(RejectReason.NOT_AN_OBJECT, f"expected an object: {shown_value(item)}")
        event_type = item.get("e")
        if event_type == "forceOrder":
            return _parse_force_order(item, raw_json, receive_ms)
        if event_type == "markPriceUpdate":
            return MarkPrice(_symbol(item), _time_ms(item, "E"), _positive(item, "p"))
        if event_type == "kline":
            return _parse_kline(item)
        return _why_not_an_event(item)
    except _RefusedError as refused:
        return refused.rejection


def _parse_kline(item: Mapping[str, object]) -> ParsedItem:
    content = item.get("k")
    if not isinstance(content, dict):
        raise _wrong(item, "k")
    try:
        kline = read_push(_symbol(item), content)
    except ValueError as error:
        return Rejection(RejectReason.BAD_VALUE, f"a candle: {error}")
    return kline or Rejection(RejectReason.OTHER_EVENT, "a candle of another interval")


def _why_not_an_event(item: Mapping[str, object]) -> Rejection:
    if "e" in item:
        if isinstance(item["e"], str):
            return Rejection(RejectReason.OTHER_EVENT, f"event type {shown_value(item['e'])}")
        return Rejection(RejectReason.BAD_VALUE, f"e is {shown_value(item['e'])}")
    if not _PROTOCOL_KEYS.isdisjoint(item):
        return Rejection(
            RejectReason.PROTOCOL, f"protocol message with {shown_value(next(iter(item)))}"
        )
    return Rejection(RejectReason.MISSING_FIELD, "e is missing")


def _parse_force_order(
    item: Mapping[str, object], raw_json: str, receive_ms: int
) -> LiquidationEvent:
    order = item.get("o")
    if not isinstance(order, dict):
        raise _wrong(item, "o")
    symbol = _symbol(order)
    _require_usd_margined(symbol, (order.get("st"), item.get("st")))
    if order.get("S") not in ("BUY", "SELL"):
        raise _wrong(order, "S")
    ts_ms = _time_ms(order, "T")
    liquidated = _LIQUIDATED[order["S"]]
    price, qty, limit_price, original_qty, texts, is_average = _usual_numbers(order) or _numbers(
        order
    )
    notional = price * qty
    if notional >= LARGEST_NUMBER:
        raise _RefusedError(RejectReason.BAD_VALUE, f"price times quantity is {notional:g}")
    return LiquidationEvent(
        ts_ms=ts_ms,
        symbol=symbol,
        liquidated=liquidated,
        price=price,
        qty=qty,
        notional=notional,
        source=BINANCE_USDM,
        limit_price=limit_price,
        original_qty=original_qty,
        push_ms=ts_ms if item.get("E") is None else _time_ms(item, "E"),
        receive_ms=receive_ms,
        raw_json=raw_json,
        price_kind="fill" if is_average else "order",
        price_rule="reported",
        reported_price=price,
        event_key=hashed_key(f"{BINANCE_USDM}|{symbol}|{ts_ms}|{liquidated}|{texts}|0".encode()),
    )


# Price, quantity, the order's own ones (None: not sent), what goes into the key, whether it is the
# average that is the price.
_Numbers: TypeAlias = tuple[float, float, float | None, float | None, str, bool]


def _usual_numbers(order: Mapping[str, object]) -> _Numbers | None:
    """Read the numbers where all four are there as texts; ``None``: they are not."""
    average, filled, limit, ordered = (
        order.get("ap"),
        order.get("z"),
        order.get("p"),
        order.get("q"),
    )
    if not (
        isinstance(average, str)
        and isinstance(filled, str)
        and isinstance(limit, str)
        and isinstance(ordered, str)
        # One match for all of them takes half the time of four.
        and _FOUR_DECIMALS.fullmatch(f"{average}|{filled}|{limit}|{ordered}")
    ):
        return None
    price, qty, limit_price, original_qty = (
        float(average),
        float(filled),
        float(limit),
        float(ordered),
    )
    if not (
        SMALLEST_NUMBER <= price < LARGEST_NUMBER
        and SMALLEST_NUMBER <= qty < LARGEST_NUMBER
        and SMALLEST_NUMBER <= limit_price < LARGEST_NUMBER
        and SMALLEST_NUMBER <= original_qty < LARGEST_NUMBER
    ):
        return None
    # As `joined_decimals` does, for texts of which that much is known.
    plain = [
        text.rstrip("0").rstrip(".") if text[-1] == "0" and "." in text else text
        for text in (average, filled, limit, ordered)
    ]
    return price, qty, limit_price, original_qty, "|".join(plain), True


def _numbers(order: Mapping[str, object]) -> _Numbers:
    """Read the numbers of any order.

    A zero average means that the exchange gives none; a zero quantity that nothing was filled.
    """
    limit_price, original_qty = _number_or_zero(order, "p"), _number_or_zero(order, "q")
    average = _number_or_zero(order, "ap")
    price_name, qty_name = "ap" if average else "p", "q" if order.get("z") in _ABSENT else "z"
    price, qty = average or _positive(order, "p"), _positive(order, qty_name)
    texts = joined_decimals(
        (
            _written(order[price_name]),
            _written(order[qty_name]),
            _written(order["p"]) if limit_price else None,
            _written(order["q"]) if original_qty else None,
        )
    )
    return price, qty, limit_price or None, original_qty or None, texts, average > 0


def _require_usd_margined(symbol: str, states: tuple[object, ...]) -> None:
    if "_" in symbol and _COIN_M_SYMBOL.fullmatch(symbol):
        raise _RefusedError(RejectReason.COIN_M, f"{symbol} is margined in coin")
    for state in states:
        # True equals 1 in Python, and is no state.
        if state is None or (not isinstance(state, bool) and state in _USD_M_STATES):
            continue
        if state in _COIN_M_STATES:
            raise _RefusedError(RejectReason.COIN_M, f"{symbol} has st 2")
        raise _RefusedError(RejectReason.BAD_VALUE, f"st is {shown_value(state)}")


def _symbol(fields: Mapping[str, object]) -> str:
    try:
        return canonical_symbol(fields.get("s"))
    except ValueError:
        raise _wrong(fields, "s") from None


def _time_ms(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if type(value) is not int or not EARLIEST_MS <= value < LATEST_MS:
        raise _wrong(fields, name)
    return value


def _number_or_zero(fields: Mapping[str, object], name: str) -> float:
    """Read a number that may be absent (0.0); what is neither absent nor a number is refused."""
    value = fields.get(name)
    number = read_decimal(value)
    if number is not None:
        return number
    if value in _ABSENT:
        return 0.0
    raise _wrong(fields, name)


def _written(value: object) -> str:
    """Return a number that was found to be one as the exchange wrote it."""
    return value.text if isinstance(value, _JsonFloat) else str(value)


def _positive(fields: Mapping[str, object], name: str) -> float:
    number = _number_or_zero(fields, name)
    if not number:
        raise _wrong(fields, name)
    return number


def _wrong(fields: Mapping[str, object], name: str) -> _RefusedError:
    value = fields.get(name)
    if value in _ABSENT:
        return _RefusedError(RejectReason.MISSING_FIELD, f"{name} is missing")
    return _RefusedError(RejectReason.BAD_VALUE, f"{name} is {shown_value(value)}")
