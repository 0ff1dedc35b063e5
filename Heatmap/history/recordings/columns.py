"""The columns of an exported recording: one record each, the same in every format. Pure.

A recording is two files. One has the liquidations, the other, beside it, what time is covered by
whose word. Each row says of which recording it is, so that no file needs a header of its own.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

FORMAT = 1
"""Counts up when columns, or what they mean, change."""
SUFFIXES = (".parquet", ".csv", ".jsonl")
"""The formats, by the ends of their names."""

Value: TypeAlias = int | float | str | bool | None
Row: TypeAlias = tuple[Value, ...]

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?")
_FLAGS = {"true": True, "false": False}
_SHOWN_CHARS = 40


class ColumnType(StrEnum):
    """What a column holds; the value is DuckDB's name of it."""

    WHOLE = "BIGINT"
    NUMBER = "DOUBLE"
    TEXT = "VARCHAR"
    FLAG = "BOOLEAN"


_EXPECTED = {
    ColumnType.WHOLE: "a whole number",
    ColumnType.NUMBER: "a finite number",
    ColumnType.TEXT: "a text in UTF-8",
    ColumnType.FLAG: "true or false",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name, type
        As they stand in the file.
    meaning
        For the documentation, one line.
    is_optional
        Whether a value may be missing: null, or nothing in CSV.
    """

    name: str
    type: ColumnType
    meaning: str
    is_optional: bool = False

    def from_text(self, text: str) -> Value:
        """Read a field of CSV.

        Raises
        ------
        ValueError
            It is none of this column; one line says what was expected and what came.
        """
        if text == "" and self.is_optional:
            return None
        value: Value = None
        if self.type is ColumnType.FLAG:
            value = _FLAGS.get(text.lower())
        elif self.type is ColumnType.WHOLE and _WHOLE.fullmatch(text):
            value = int(text)
        elif self.type is ColumnType.NUMBER and _DECIMAL.fullmatch(text):
            value = float(text)
        return self.checked(text if value is None else value)

    def checked(self, value: object) -> Value:
        """Return a value of JSON or Parquet as this column's.

        Raises
        ------
        ValueError
            It is none; one line says what was expected and what came.
        """
        if value is None and self.is_optional:
            return None
        if isinstance(value, bool):
            if self.type is ColumnType.FLAG:
                return value
        elif isinstance(value, str):
            if self.type is ColumnType.TEXT and _can_be_stored(value):
                return value
        elif isinstance(value, int) and self.type is ColumnType.WHOLE:
            return value
        elif (
            isinstance(value, int | float)
            and self.type is ColumnType.NUMBER
            and math.isfinite(value)
        ):
            return float(value)
        shown = "nothing" if value in (None, "") else repr(value)[:_SHOWN_CHARS]
        raise ValueError(f"expected {_EXPECTED[self.type]} in {self.name}, got {shown}")


def _can_be_stored(text: str) -> bool:
    # JSON can write half of a surrogate pair, which is no character.
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _whole(name: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name, ColumnType.WHOLE, meaning, optional)


def _number(name: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name, ColumnType.NUMBER, meaning, optional)


def _text(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.TEXT, meaning)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.FLAG, meaning)


_OF_THE_RECORDING = (
    _whole("schema", f"version of these columns: {FORMAT}"),
    _text("kind", "live, simulated or replay; the same in every row"),
    _text("market", "name of the simulated or replayed market; empty: none was noted"),
    _text("candles", "futures or spot: whose volume its candles have; empty: not noted"),
    _text("venue", "stored name of the venue, such as BINANCE_USDM"),
    _text("symbol", "the venue's name of what was traded"),
)
EVENT_COLUMNS = (
    *_OF_THE_RECORDING,
    _whole("ts_ms", "when it was traded, UTC milliseconds"),
    _whole("known_ms", "when it could be known: pushed by the venue, else received"),
    _text("liquidated", "who was: long or short"),
    _text("order_side", "side of the order that closed the position: SELL for a long"),
    _number("price", "USD; price_kind says what it is"),
    _text("price_kind", "fill, order, bankruptcy, market or unknown"),
    _text("price_rule", "how price came about from reported_price"),
    _number("reported_price", "the venue's own, USD", optional=True),
    _number("limit_price", "of the liquidation order, USD", optional=True),
    _number("qty", "filled quantity"),
    _number("original_qty", "of the liquidation order", optional=True),
    _number("notional_usd", "of this message", optional=True),
    _flag("is_lower_bound", "whether the venue leaves out liquidations, so that sums are too low"),
    _text("venue_reports", "all, capped (one a second), largest (of a second) or unknown"),
    _whole("push_ms", "when the venue pushed it, UTC milliseconds", optional=True),
    _whole("receive_ms", "when it arrived, the receiving machine's clock, UTC milliseconds"),
    _whole("twin", "number among identical ones of one message, from 0"),
    _text("event_key", "by which it is stored once: 32 hexadecimal digits"),
    _flag("key_from_numbers", "whether the key was made from numbers, not from the venue's texts"),
    _text("origin", "recorder, back-fill or import: how it came into the exporting database"),
    _text("raw_json", "the message as received; empty: it was not kept"),
)
"""Of a file of liquidations; a row each, by time."""
COVERAGE_COLUMNS = (
    *_OF_THE_RECORDING,
    _whole("start_ms", "begin of time that was recorded, UTC milliseconds"),
    _whole("end_ms", "its end"),
    _flag("proven", "whether the venue was known to deliver; otherwise it proves nothing"),
    _text("origin", "recorder, or which imported recording covers it"),
    _whole("events", "how many liquidations the other file has"),
    _text("rows_sum", "sum of the hashes of all rows of both files, 32 hexadecimal digits"),
)
"""Of the file beside it; a row for each interval. The last two tie it to its liquidations."""


def coverage_path(path: Path) -> Path:
    """Return where the coverage of a file of liquidations stands: ``a.coverage.csv``."""
    return path.with_name(f"{path.stem}.coverage{path.suffix}")


def header_problem(found: Sequence[str], columns: Sequence[Column]) -> str:
    """Return which columns are missing of a file, in words; empty: none. More may be there."""
    missing = [one.name for one in columns if one.name not in found]
    if not missing:
        return ""
    return f"expected the columns of an exported recording, {', '.join(missing)} missing"
