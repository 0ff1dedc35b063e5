"""One CSV of the archive as a table in memory: read strictly, checked, written as days of Parquet.

The rules, each with a fault of its own: every line is a row with every column; times lie in the
days that the name says; what must be there is there, and above 0; no two rows share a key unless
they are equal, and those are one; rows of a doubled file are halved.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from Heatmap.domain.candles import DAY_MS
from Heatmap.history.csv_head import CsvHead
from Heatmap.history.csv_text import EXPECTED, read_text, reject_text, text_rule
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import EDGE_MS, IMPORTER_VERSION, TOO_LARGE
from Heatmap.history.days import begin_ms, day_of, days_between
from Heatmap.history.engine import exact, open_engine
from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.minute_profile import profile_bin_usd, profile_query
from Heatmap.history.unpacking import Unpacked

if TYPE_CHECKING:
    import duckdb

_TABLE = "archive_rows"
_MOST_REJECTS = 100
# A time beyond this is shown as the number that it is.
_FAR_MS = 2**42
_SYMBOL = "archive_symbol"


@dataclass(frozen=True, slots=True)
class DayRows:
    """A day of a file, as it is kept.

    Attributes
    ----------
    day
        Which.
    rows
        How many rows it has, without duplicates.
    first_ms, last_ms
        Its first and its last time, UTC milliseconds.
    first_id, last_id
        ``None`` where rows have no ids.
    holes
        How many ids, minutes or steps are missing in it; ``None`` where that cannot be told.
    duplicates
        How many rows were left out because they stood there more than once.
    """

    day: date
    rows: int
    first_ms: int
    last_ms: int
    first_id: int | None
    last_id: int | None
    holes: int | None
    duplicates: int


class DayTable:
    """The rows of one file; made by `load`, which has to be called first, once.

    Parameters
    ----------
    connection
        On an empty database, see `engine`; this does not close it.
    dataset, market, symbol
        What the file is of.
    first, last
        Its days, both included.
    """

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        dataset: Dataset,
        market: Market,
        symbol: str,
        first: date,
        last: date,
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._market = market
        self._symbol = symbol
        self._first, self._last = first, last
        # Rows that were left out, by day.
        self._duplicates: dict[date, int] = {}
        self._is_sorted = False

    def load(self, csv: Unpacked, head: CsvHead, *, is_plain: bool = False) -> None:
        """Read the file, and refuse it where it breaks a rule.

        Parameters
        ----------
        csv, head
            The file, and how it has to be read.
        is_plain
            Whether it is proven that every text is the plain form of its column's type, see
            `line_shapes`; otherwise the file is read a second time, text by text.

        Raises
        ------
        FileFaultError
            It does.
        duckdb.Error
            It cannot be read at all, or there is no room.
        """
        self._read(csv, head)
        self._require_lines(csv.lines - head.has_header)
        if not is_plain:
            self._require_plain(csv, head)
        self._require_symbol()
        self._require_times()
        self._require_values()
        if self._dataset.is_doubled:
            self._halve()
        elif self._dataset.key:
            self._join_copies()

    def days(self) -> list[DayRows]:
        """Return the days that have rows, the first one first."""
        found = (self._day_rows(day) for day in days_between(self._first, self._last))
        return [one for one in found if one is not None]

    def write(self, day: date, path: Path) -> None:
        """Write a day, sorted, into a Parquet file, which is replaced."""
        columns = ", ".join(one.name for one in self._dataset.kept)
        order = "" if self._is_sorted else f"ORDER BY {', '.join(self._dataset.order)}"
        self._copy(f"SELECT {columns} FROM {_TABLE} {self._of(day)} {order}", path, {})
        rows = int(self._one("SELECT count(*) FROM read_parquet(?)", exact(path))[0])
        if rows != self._count(day) or not self._rises("read_parquet(?)", exact(path)):
            raise AssertionError(f"what was written of {day} is not what was read")

    def write_profile(self, day: date, path: Path) -> int:
        """Write a day's minute profile into a Parquet file; returns its number of rows."""
        first = self._one(f"SELECT arg_min(price, id) FROM {_TABLE} {self._of(day)}")[0]
        bin_usd = profile_bin_usd(first)
        source = f"(SELECT * FROM {_TABLE} {self._of(day)})"
        self._copy(profile_query(source, bin_usd), path, {"bin_usd": repr(bin_usd)})
        return int(self._one("SELECT count(*) FROM read_parquet(?)", exact(path))[0])

    def drop(self) -> None:
        """Leave the database as it was before `load`."""
        self._connection.execute(f"DROP TABLE {_TABLE}")

    def _read(self, csv: Unpacked, head: CsvHead) -> None:
        dataset = self._dataset
        time = f'"{dataset.time}"'
        if dataset.is_text_time:
            time = f"epoch_ms({time})"
        elif head.is_microseconds:
            time = f"{time} // 1000"
        kept = [
            f"({one.made_of.format(ms=time)})::{one.type} AS {one.name}" for one in dataset.kept
        ]
        if dataset.symbol_column:
            kept.append(f"{dataset.symbol_column} AS {_SYMBOL}")
        # Types are given and rows are never padded: what does not fit is rejected, and told.
        self._connection.execute(
            f"CREATE TABLE {_TABLE} AS SELECT {', '.join(kept)} FROM "
            + read_text(
                head.columns, head, f"store_rejects = true, rejects_limit = {_MOST_REJECTS}"
            ),
            [exact(csv.path)],
        )

    def _require_lines(self, expected: int) -> None:
        got = self._one(f"SELECT count(*) FROM {_TABLE}")[0]
        if got == expected and got:
            return
        reject = self._connection.execute(
            "SELECT line, csv_line, error_type::VARCHAR, column_name, error_message "
            "FROM reject_errors ORDER BY line LIMIT 1"
        ).fetchone()
        if reject is not None:
            line, text, error, column, message = reject
            shown = str(text).strip()[:120]
            reason = reject_text(error, column, dict(self._dataset.columns)) or message
            raise FileFaultError(
                FaultKind.REJECTED, line, count=expected - got, reason=f"{reason} in {shown!r}"
            )
        if not got:
            raise FileFaultError(FaultKind.EMPTY)
        raise FileFaultError(FaultKind.LINES, expected=expected, got=got)

    def _require_plain(self, csv: Unpacked, head: CsvHead) -> None:
        """Refuse what the engine would read as another value, and columns that are not kept."""
        is_spot = self._market is Market.SPOT
        rules = [
            (name, text_rule(name, kind, is_spot=is_spot))
            for name, kind in head.columns
            if kind != "VARCHAR"
        ]
        texts = read_text([(name, "VARCHAR") for name, _ in head.columns], head)
        asked = ", ".join(f"count_if({rule})" for _, rule in rules)
        counts = self._one(f"SELECT {asked} FROM {texts}", exact(csv.path))
        kinds = dict(head.columns)
        for count, (name, rule) in zip(counts, rules, strict=True):
            if not count:
                continue
            row, got = self._one(
                f'SELECT row, "{name}" FROM (SELECT row_number() OVER () AS row, * FROM {texts}) '
                f"WHERE {rule} ORDER BY row LIMIT 1",
                exact(csv.path),
            )
            if kinds[name] == "BOOLEAN" and got in ("True", "False"):
                raise FileFaultError(
                    FaultKind.MARKET,
                    row + head.has_header,
                    market=self._market.value,
                    got=f"{got} is how spot writes it",
                )
            raise FileFaultError(
                FaultKind.NOT_PLAIN,
                row + head.has_header,
                count=count,
                column=name,
                expected=EXPECTED[kinds[name]],
                got=repr(got[:120]),
            )

    def _require_symbol(self) -> None:
        if not self._dataset.symbol_column:
            return
        count, got = self._one(
            f"SELECT count(*), min(coalesce({_SYMBOL}, 'nothing')) FROM {_TABLE} "
            f"WHERE {_SYMBOL} IS DISTINCT FROM ?",
            self._symbol,
        )
        if count:
            raise FileFaultError(FaultKind.SYMBOL, count=count, expected=self._symbol, got=got)
        self._connection.execute(f"ALTER TABLE {_TABLE} DROP COLUMN {_SYMBOL}")

    def _require_times(self) -> None:
        ts = self._dataset.ts
        begin, end = begin_ms(self._first) - EDGE_MS, begin_ms(self._last) + DAY_MS + EDGE_MS
        outside = f"{ts} < {begin} OR {ts} > {end}"
        count, got = self._one(f"SELECT count(*), min({ts}) FROM {_TABLE} WHERE {outside}")
        if count:
            shown = f"{day_of(got)} ({got})" if abs(got) < _FAR_MS else str(got)
            raise FileFaultError(FaultKind.OUTSIDE, count=count, got=shown)

    def _require_values(self) -> None:
        dataset = self._dataset
        rules: list[tuple[str, str]] = []
        for one in dataset.kept:
            bad = []
            if one.name in dataset.filled or one.name in dataset.positive:
                bad.append(f"{one.name} IS NULL")
            if one.type == "DOUBLE":
                # DuckDB holds NaN for larger than any number.
                bad.append(f"NOT isfinite({one.name}) OR abs({one.name}) > {TOO_LARGE!r}")
            if one.name in dataset.positive:
                bad.append(f"{one.name} <= 0")
            if bad:
                rules.append((one.name, " OR ".join(bad)))
        if dataset.interval:
            rules.append(("minute", f"ts_ms % {dataset.step_ms} <> 0"))
            is_odd = "high < greatest(open, close, low) OR low > least(open, close)"
            rules.append(("high or low", is_odd))
        rules += dataset.impossible
        counts = self._one(
            f"SELECT {', '.join(f'count_if({rule})' for _, rule in rules)} FROM {_TABLE}"
        )
        for count, (column, rule) in zip(counts, rules, strict=True):
            if count:
                row = self._one(f"SELECT * FROM {_TABLE} WHERE {rule} ORDER BY ALL LIMIT 1")
                raise FileFaultError(
                    FaultKind.INVALID, count=count, column=column, got=self._row_text(row)
                )

    def _rises(self, table: str, *values: object) -> bool:
        """Whether the key, where it is one column, rises from row to row; then none is twice."""
        if len(self._dataset.key) != 1:
            return True
        key = self._dataset.key[0]
        # DuckDB goes through a table, and a file, in the order in which it was written.
        falling = self._one(
            f"SELECT count_if({key} <= before) "
            f"FROM (SELECT {key}, lag({key}) OVER () AS before FROM {table})",
            *values,
        )[0]
        return not falling

    def _join_copies(self) -> None:
        """Make one row of equal ones; those that share a key and differ are a fault."""
        self._is_sorted = len(self._dataset.key) == 1 and self._rises(_TABLE)
        if self._is_sorted:
            return
        key = ", ".join(self._dataset.key)
        if not self._has_copies(key):
            return
        differing = (
            f"SELECT {key} FROM (SELECT DISTINCT * FROM {_TABLE}) "
            f"GROUP BY {key} HAVING count(*) > 1"
        )
        count = self._one(f"SELECT count(*) FROM ({differing})")[0]
        if count:
            got = self._one(f"{differing} ORDER BY ALL LIMIT 1")
            shown = ", ".join(_value_text(*one) for one in zip(self._dataset.key, got, strict=True))
            raise FileFaultError(FaultKind.KEY_CONFLICT, count=count, got=shown)
        self._replace(f"SELECT DISTINCT * FROM {_TABLE}")

    def _has_copies(self, key: str) -> bool:
        """Whether two rows share a key; a day at a time, since a month's keys are many."""
        one_key = key if len(self._dataset.key) == 1 else f"({key})"
        last, before = None, None
        for day in days_between(self._first, self._last):
            low, high, copies = self._one(
                f"SELECT min({self._dataset.key[0]}), max({self._dataset.key[0]}), "
                f"count(*) - count(DISTINCT {one_key}) FROM {_TABLE} {self._of(day)}"
            )
            if copies:
                return True
            # Around midnight times may fall while ids rise; what no id may do is come twice.
            if last is not None and before is not None and low is not None and low <= last:
                of_day, of_before = (
                    f"(SELECT {key} FROM {_TABLE} {self._of(one)})" for one in (day, before)
                )
                shared, first = self._one(
                    f"SELECT count(*), min({self._dataset.key[0]}) "
                    f"FROM {of_day} JOIN {of_before} USING ({key})"
                )
                if shared:
                    got = _value_text(self._dataset.key[0], first)
                    raise FileFaultError(FaultKind.KEY_CONFLICT, count=shared, got=got)
            if high is not None:
                last, before = high, day
        return False

    def _halve(self) -> None:
        columns = ", ".join(one.name for one in self._dataset.kept)
        odd, pairs = self._one(
            f"SELECT coalesce(sum(n) FILTER (WHERE n % 2 = 1), 0), count_if(n = 2) FROM "
            f"(SELECT count(*) AS n FROM {_TABLE} GROUP BY {columns})"
        )
        # Four equal rows are two equal liquidations; nothing but those is a file doubled again.
        if odd or not pairs:
            raise FileFaultError(FaultKind.NOT_DOUBLED, count=int(odd) or "all")
        self._replace(
            f"SELECT {columns} FROM (SELECT *, row_number() OVER copies AS k, "
            f"count(*) OVER copies AS n FROM {_TABLE} WINDOW copies AS (PARTITION BY {columns})) "
            "WHERE k <= n // 2"
        )

    def _replace(self, query: str) -> None:
        """Put the rows of a query in the place of all, and count by day how many fewer it has."""
        days = list(days_between(self._first, self._last))
        before = {day: self._count(day) for day in days}
        self._connection.execute(f"CREATE TABLE fewer AS {query}")
        self._connection.execute(f"DROP TABLE {_TABLE}")
        self._connection.execute(f"ALTER TABLE fewer RENAME TO {_TABLE}")
        self._duplicates = {day: before[day] - self._count(day) for day in days}

    def _count(self, day: date) -> int:
        return int(self._one(f"SELECT count(*) FROM {_TABLE} {self._of(day)}")[0])

    def _day_rows(self, day: date) -> DayRows | None:
        dataset = self._dataset
        ids = "min(id), max(id)" if dataset.has_ids else "NULL, NULL"
        rows, first_ms, last_ms, first_id, last_id = self._one(
            f"SELECT count(*), min({dataset.ts}), max({dataset.ts}), {ids} "
            f"FROM {_TABLE} {self._of(day)}"
        )
        if not rows:
            return None
        holes: int | None = None
        if dataset.has_ids:
            holes = last_id - first_id + 1 - rows
        elif dataset.rows_a_day is not None:
            holes = max(0, dataset.rows_a_day - rows)
        duplicates = self._duplicates.get(day, 0)
        return DayRows(day, rows, first_ms, last_ms, first_id, last_id, holes, duplicates)

    def _of(self, day: date) -> str:
        """Return the condition for a day's rows; rows at the edge belong to the file's own days."""
        conditions = []
        if day != self._first:
            conditions.append(f"{self._dataset.ts} >= {begin_ms(day)}")
        if day != self._last:
            conditions.append(f"{self._dataset.ts} < {begin_ms(day) + DAY_MS}")
        return f"WHERE {' AND '.join(conditions)}" if conditions else ""

    def _copy(self, query: str, path: Path, notes: dict[str, str]) -> None:
        known = {
            "importer_version": str(IMPORTER_VERSION),
            "market": self._market.value,
            "symbol": self._symbol,
            **notes,
        }
        metadata = ", ".join(f"{name}: {_quoted(value)}" for name, value in known.items())
        # The second version writes ids and times as steps: written in less time, and smaller.
        self._connection.execute(
            f"COPY ({query}) TO {_quoted(str(path))} "
            f"(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, KV_METADATA {{{metadata}}})"
        )

    def _one(self, query: str, *values: object) -> Any:
        row = self._connection.execute(query, list(values)).fetchone()
        if row is None:
            raise AssertionError(f"expected a row of {query}")
        return row

    def _row_text(self, row: tuple[Any, ...]) -> str:
        names = [one.name for one in self._dataset.kept]
        return ", ".join(_value_text(*one) for one in zip(names, row, strict=True))


def _value_text(name: str, value: object) -> str:
    """Say a value of a column, times as such."""
    if name.endswith("_ms") and isinstance(value, int) and 0 < value < _FAR_MS:
        return f"{datetime.fromtimestamp(value // 1000, UTC):%Y-%m-%d %H:%M:%S}.{value % 1000:03}"
    return f"{name} {value}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def shared_ids(one: Path, other: Path) -> tuple[int, int | None]:
    """Return how many ids two days' files have in common, and the first of them."""
    with closing(open_engine(threads=1)) as engine:
        row = engine.execute(
            "SELECT count(*), min(id) FROM (SELECT id FROM read_parquet(?)) "
            "JOIN (SELECT id FROM read_parquet(?)) USING (id)",
            [exact(one), exact(other)],
        ).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])
