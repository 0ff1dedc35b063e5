"""What a dataset of the archive is: a record. `datasets` has them all. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from Heatmap.domain.candles import DAY_MS


class Market(StrEnum):
    """Of which market a file is: its folder in the archive."""

    USD_M = "um"
    COIN_M = "cm"
    SPOT = "spot"

    @property
    def folder(self) -> str:
        """Where it lies below ``data``."""
        return "spot" if self is Market.SPOT else f"futures/{self.value}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A column of the store: its name, its DuckDB type, and what it is made of.

    Attributes
    ----------
    name, type
        In the Parquet file.
    made_of
        An expression over the archive's columns, in which ``{ms}`` is the time in milliseconds.
    """

    name: str
    type: str
    made_of: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of the archive, and how its days are kept.

    Attributes
    ----------
    name, archive
        In the store, and in the archive.
    columns
        The archive's columns in their order, each with its DuckDB type.
    kept
        The store's columns in their order.
    time
        The archive's column with the time; text where its type is ``TIMESTAMP``.
    key
        Columns of the store that no two rows share, in the order in which a file is sorted; empty:
        rows may be equal.
    step_ms
        Distance of the rows where there is one for each step; 0: they come as they come.
    interval
        Of candles; empty elsewhere.
    is_daily, is_monthly
        Which files the archive has.
    prefers_monthly
        Whether `download` takes a month's file where all of a month is wanted.
    markets
        Whose files can be read.
    spot_extra
        Columns that spot has behind the others.
    aliases
        Other names that headers have for a column, each with ours.
    positive, filled
        Columns of the store that must be above 0, and those that must not be blank.
    impossible
        Conditions that no row meets, over the store's columns, by their names.
    is_doubled
        Each row stands there twice.
    symbol_column
        The archive's column that repeats the symbol; empty: there is none.
    """

    name: str
    archive: str
    columns: tuple[tuple[str, str], ...]
    kept: tuple[Kept, ...]
    time: str
    key: tuple[str, ...]
    step_ms: int = 0
    interval: str = ""
    is_daily: bool = True
    is_monthly: bool = True
    prefers_monthly: bool = False
    markets: tuple[Market, ...] = (Market.USD_M,)
    spot_extra: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    positive: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    impossible: tuple[tuple[str, str], ...] = ()
    is_doubled: bool = False
    symbol_column: str = ""

    @property
    def has_ids(self) -> bool:
        """Whether rows are numbered without a hole, also across days."""
        return self.key == ("id",)

    @property
    def order(self) -> tuple[str, ...]:
        """By what a day's file is sorted."""
        return self.key or tuple(one.name for one in self.kept)

    @property
    def ts(self) -> str:
        """The store's column with the time, UTC milliseconds."""
        return "label_ms" if any(one.name == "label_ms" for one in self.kept) else "ts_ms"

    @property
    def is_text_time(self) -> bool:
        """Whether times are written as text, ``YYYY-MM-DD HH:MM:SS`` in UTC."""
        return dict(self.columns)[self.time] == "TIMESTAMP"

    @property
    def file_word(self) -> str:
        """What stands between the symbol and the date in the name of a file."""
        return self.interval or self.archive

    @property
    def rows_a_day(self) -> int | None:
        """How many rows a whole day has; ``None``: that is not known."""
        return DAY_MS // self.step_ms if self.step_ms else None
