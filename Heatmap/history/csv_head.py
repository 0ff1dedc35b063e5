"""What the first lines of a CSV say: header or not, which columns, which unit of time. Pure.

The archive's files have a header since some day of 2022, or were made again with one later, or
not: so a file is asked by its first byte and never by its date.
"""

import re
from dataclasses import dataclass

from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import MICROSECONDS_ABOVE
from Heatmap.history.faults import FaultKind, FileFaultError

# Python reads no number of thousands of digits.
_TIME = re.compile(r"[0-9]{1,30}")
_SPOT_NUMBER = re.compile(r"[0-9]+\.[0-9]{8}")


@dataclass(frozen=True, slots=True)
class CsvHead:
    """How a file has to be read.

    Attributes
    ----------
    has_header
        Whether its first line is one.
    columns
        All its columns in their order, each with its DuckDB type.
    is_microseconds
        Whether its times are; otherwise milliseconds, or text.
    """

    has_header: bool
    columns: tuple[tuple[str, str], ...]
    is_microseconds: bool


def read_head(first: bytes, second: bytes, dataset: Dataset, market: Market) -> CsvHead:
    """Decide how a file has to be read.

    Parameters
    ----------
    first, second
        Its first two lines; empty where there are fewer.
    dataset, market
        Of which it is said to be.

    Raises
    ------
    FileFaultError
        It has no rows, other columns than expected, or times in a unit that its market has not.
    """
    if not first.strip():
        raise FileFaultError(FaultKind.EMPTY)
    begin = first[:1]
    has_header = begin.isalpha()
    if not has_header and not begin.isdigit():
        raise FileFaultError(FaultKind.FIRST_BYTE, got=repr(begin)[1:])
    row = second if has_header else first
    fields = first.decode("utf-8", "replace").strip().split(",")
    columns = _columns(fields, dataset, market, has_header=has_header)
    if not row.strip():
        raise FileFaultError(FaultKind.EMPTY)
    _require_other_decimals(row, dataset, columns, market)
    return CsvHead(has_header, columns, _is_microseconds(row, dataset, market))


def _columns(
    fields: list[str], dataset: Dataset, market: Market, *, has_header: bool
) -> tuple[tuple[str, str], ...]:
    # Spot's trades have had a column more from the first day on: so both tell their market.
    columns, others = dataset.columns, dataset.columns + dataset.spot_extra
    if market is Market.SPOT:
        columns, others = others, columns
    if _fits(fields, columns, dataset, has_header=has_header):
        return columns
    if _fits(fields, others, dataset, has_header=has_header):
        of = "USD-M's" if market is Market.SPOT else "spot's"
        raise FileFaultError(FaultKind.MARKET, 1, market=market.value, got=f"the columns are {of}")
    got = ",".join(fields) if has_header else f"{len(fields)} of them"
    raise FileFaultError(
        FaultKind.COLUMNS, 1, expected=",".join(name for name, _ in columns), got=got
    )


def _fits(
    fields: list[str], columns: tuple[tuple[str, str], ...], dataset: Dataset, *, has_header: bool
) -> bool:
    """Whether a line has as many fields as there are columns, and a header their names."""
    aliases = dict(dataset.aliases)
    names = [field.strip().strip('"').lower() for field in fields]
    return len(columns) == len(fields) and (
        not has_header or [aliases.get(name, name) for name in names] == [one for one, _ in columns]
    )


def _require_other_decimals(
    row: bytes, dataset: Dataset, columns: tuple[tuple[str, str], ...], market: Market
) -> None:
    """Refuse spot's candles as those of futures: up to 2024 only their decimals tell them apart.

    Spot writes each price and size with 8 of them, futures with those of the tick or the lot. A
    spot file that somebody has written anew may have lost them: that proves nothing.
    """
    if market is Market.SPOT or Market.SPOT not in dataset.markets or dataset.spot_extra:
        return
    fields = row.decode("utf-8", "replace").strip().split(",")
    numbers = [text for text, (_, kind) in zip(fields, columns, strict=False) if kind == "DOUBLE"]
    if numbers and all(_SPOT_NUMBER.fullmatch(text) for text in numbers):
        raise FileFaultError(
            FaultKind.MARKET, market=market.value, got="8 decimals everywhere are how spot writes"
        )


def _is_microseconds(row: bytes, dataset: Dataset, market: Market) -> bool:
    if dataset.is_text_time:
        return False
    place = [name for name, _ in dataset.columns].index(dataset.time)
    fields = row.decode("utf-8", "replace").strip().split(",")
    text = fields[place].strip() if place < len(fields) else ""
    # What is no number is told of where the rows are read.
    is_microseconds = bool(_TIME.fullmatch(text)) and int(text) > MICROSECONDS_ABOVE
    if is_microseconds and market is not Market.SPOT:
        raise FileFaultError(FaultKind.UNIT, market=market.value, got="microseconds, as spot's")
    return is_microseconds
