"""Stored events and covered time as rows of an exported recording, and back. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final, cast

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import (
    DataKind,
    Liquidated,
    LiquidationEvent,
    PriceKind,
    PriceRule,
)
from Heatmap.domain.instruments import ALL_SYMBOLS, canonical_symbol, stored_venue
from Heatmap.domain.market_note import FUTURES, SPOT, MarketNote
from Heatmap.domain.recordings import (
    LONGEST_ORIGIN_CHARS,
    RECORDER,
    ImportedCoverage,
    RecordedEvent,
)
from Heatmap.history.recordings.columns import FORMAT, Row, Value
from Heatmap.ingestion.venue import Completeness

SUMS_MODULUS = 2**128
# The last millisecond of the year 9999.
_LAST_TIME_MS = 253_402_300_799_999
_LARGEST_PRICE, _LARGEST_AMOUNT = 1e15, 1e18
_PRICE_KINDS: Final = ("fill", "order", "bankruptcy", "market", "unknown")
_KEY = re.compile(r"[0-9a-f]{32}")
_RULE = re.compile(r"[a-z][a-z0-9 _-]{0,39}")
_LONGEST_RAW_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Whose:
    """Of which data a recording is; the same in every row of both files.

    Attributes
    ----------
    kind
        What they are.
    market
        Which simulated or replayed market; ``None``: nobody noted it.
    """

    kind: DataKind
    market: MarketNote | None = None

    @property
    def values(self) -> Row:
        """As they stand in a row."""
        if self.market is None:
            return (FORMAT, self.kind.value, "", "")
        return (FORMAT, self.kind.value, self.market.name, self.market.candles)


def event_row(whose: Whose, one: RecordedEvent, completeness: Completeness) -> Row:
    """Return an event in the order of `EVENT_COLUMNS`; `completeness` is its venue's."""
    event = one.event
    known_ms = event.receive_ms if event.push_ms is None else event.push_ms
    return (
        *whose.values,
        event.source,
        event.symbol,
        event.ts_ms,
        max(event.ts_ms, known_ms),
        event.liquidated.value,
        event.liquidated.order_side,
        event.price,
        event.price_kind,
        event.price_rule,
        event.reported_price,
        event.limit_price,
        event.qty,
        event.original_qty,
        event.notional,
        completeness is not Completeness.ALL,
        completeness.value,
        event.push_ms,
        event.receive_ms,
        event.twin,
        one.key.hex(),
        one.key_from_numbers,
        event.origin,
        event.raw_json,
    )


def coverage_row(whose: Whose, interval: CoverageInterval, origin: str) -> Row:
    """Return an interval in the order of `COVERAGE_COLUMNS`, without the two of the other file."""
    return (
        *whose.values,
        interval.venue,
        interval.symbol,
        interval.start_ms,
        interval.end_ms,
        interval.proven,
        origin,
    )


def row_hash(row: Iterable[Value]) -> int:
    """Return 128 bits of what stands in a row; sums of them do not depend on its place.

    Parameters
    ----------
    row
        In the order of its columns, of their types; of coverage without the two that tie the files.
    """
    text = json.dumps([*row], separators=(",", ":"), allow_nan=False)
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest())


def whose_of(row: Mapping[str, Value]) -> Whose:
    """Return of which data a row is.

    Raises
    ------
    ValueError
        It has another schema, or none of our kinds.
    """
    if row["schema"] != FORMAT:
        raise ValueError(
            f"expected the schema {FORMAT}, got {row['schema']}; a newer version of this program "
            "has written it, update this one"
        )
    kind = DataKind(_one_of(row, "kind", tuple(DataKind)))
    name = str(row["market"])
    candles = _one_of(row, "candles", ("", FUTURES, SPOT))
    if len(name) > LONGEST_ORIGIN_CHARS or not (name.isprintable() and (candles or not name)):
        raise ValueError(f"expected a market of printable characters, got {name[:40]!a}")
    return Whose(kind, MarketNote(name, candles) if candles else None)


def event_of(row: Mapping[str, Value]) -> RecordedEvent:
    """Return the event of a row whose values have their columns' types.

    Raises
    ------
    ValueError
        It cannot be one; one line says what was expected and what came.
    """
    venue, symbol = _instrument(row)
    if symbol == ALL_SYMBOLS:
        raise ValueError(f"expected a symbol such as BTCUSDT, got {symbol}")
    liquidated = Liquidated(_one_of(row, "liquidated", tuple(Liquidated)))
    if row["order_side"] != liquidated.order_side:
        raise ValueError(
            f"expected the order side {liquidated.order_side} where a {liquidated} was liquidated, "
            f"got {row['order_side']!r:.40}"
        )
    ts_ms = _time(row, "ts_ms")
    if (known_ms := _time(row, "known_ms")) < ts_ms:
        raise ValueError(f"expected known_ms at or after ts_ms {ts_ms}, got {known_ms}")
    key = str(row["event_key"])
    if not _KEY.fullmatch(key):
        raise ValueError(f"expected an event_key of 32 hexadecimal digits, got {key[:40]!r}")
    rule, raw_json = str(row["price_rule"]), str(row["raw_json"])
    if not _RULE.fullmatch(rule):
        raise ValueError(f"expected a price_rule such as reported, got {rule[:40]!r}")
    if len(raw_json) > _LONGEST_RAW_CHARS or "\0" in raw_json:
        raise ValueError(f"expected a raw_json of at most {_LONGEST_RAW_CHARS} characters")
    twin = _within(row, "twin", 0, _LAST_TIME_MS)
    price = _within(row, "price", 0, _LARGEST_PRICE)
    if not price or price == _LARGEST_PRICE:
        raise ValueError(f"expected a price above 0 and below {_LARGEST_PRICE:g}, got {price}")
    event = LiquidationEvent(
        ts_ms=ts_ms,
        symbol=symbol,
        liquidated=liquidated,
        price=price,
        qty=_within(row, "qty", 0, _LARGEST_AMOUNT),
        notional=_optional(row, "notional_usd"),
        source=venue,
        limit_price=_optional(row, "limit_price"),
        original_qty=_optional(row, "original_qty"),
        push_ms=None if row["push_ms"] is None else _time(row, "push_ms"),
        receive_ms=_time(row, "receive_ms"),
        raw_json=raw_json,
        price_kind=cast("PriceKind", _one_of(row, "price_kind", _PRICE_KINDS)),
        price_rule=cast("PriceRule", rule),
        reported_price=_optional(row, "reported_price"),
        origin="import",
        twin=int(twin),
        event_key=bytes.fromhex(key),
    )
    return RecordedEvent(event, bytes.fromhex(key), bool(row["key_from_numbers"]))


def coverage_of(row: Mapping[str, Value]) -> ImportedCoverage:
    """Return the interval of a row whose values have their columns' types.

    Raises
    ------
    ValueError
        It cannot be one; one line says what was expected and what came.
    """
    venue, symbol = _instrument(row)
    start_ms, end_ms = _time(row, "start_ms"), _time(row, "end_ms")
    if end_ms < start_ms:
        raise ValueError(f"expected an end_ms at or after start_ms {start_ms}, got {end_ms}")
    origin = str(row["origin"])
    if not 0 < len(origin) <= LONGEST_ORIGIN_CHARS or not origin.isprintable():
        raise ValueError(
            f"expected an origin of 1 to {LONGEST_ORIGIN_CHARS} printable characters, "
            f"got {origin[:40]!a}"
        )
    interval = CoverageInterval(symbol, start_ms, end_ms, bool(row["proven"]), venue)
    return ImportedCoverage(interval, origin)


def as_import(one: RecordedEvent) -> RecordedEvent:
    """Return an event of another database as it comes into this one."""
    return replace(one, event=replace(one.event, origin="import"))


def of_origin(one: ImportedCoverage, name: str) -> ImportedCoverage:
    """Return covered time by the name of its recording, where that was the exporting one itself."""
    return replace(one, origin=name) if one.origin == RECORDER else one


def _instrument(row: Mapping[str, Value]) -> tuple[str, str]:
    venue, symbol = str(row["venue"]), str(row["symbol"])
    if stored_venue(venue) != venue:
        raise ValueError(f"expected a venue such as BINANCE_USDM, got {venue[:40]!r}")
    if symbol != ALL_SYMBOLS and canonical_symbol(symbol) != symbol:
        raise ValueError(f"expected a symbol in capitals, got {symbol[:40]!r}")
    return venue, symbol


def _one_of(row: Mapping[str, Value], name: str, allowed: tuple[str, ...]) -> str:
    value = str(row[name])
    if value not in allowed:
        raise ValueError(f"expected {name} out of {', '.join(allowed)}, got {value[:40]!r}")
    return value


def _time(row: Mapping[str, Value], name: str) -> int:
    return int(_within(row, name, 0, _LAST_TIME_MS))


def _optional(row: Mapping[str, Value], name: str) -> float | None:
    return None if row[name] is None else _within(row, name, 0, _LARGEST_AMOUNT)


def _within(row: Mapping[str, Value], name: str, low: float, high: float) -> float:
    value = row[name]
    if isinstance(value, str) or value is None or not low <= value <= high:
        raise ValueError(f"expected {name} from {low:g} to {high:g}, got {value!r:.40}")
    return value
