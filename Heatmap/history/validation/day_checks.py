"""Looks at the rows of one day's file."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from Heatmap.domain.candles import DAY_MS
from Heatmap.history.datasets import EDGE_MS
from Heatmap.history.days import begin_ms
from Heatmap.history.validation.findings import MOST_PLACES, Check, Ledger, Place
from Heatmap.history.validation.rules import QUIET_MS, Rules
from Heatmap.runtime.outside_text import error_text

if TYPE_CHECKING:
    import duckdb

# What lies between two rows; a place has the times of both.
_BETWEEN_ROWS = (Check.LONG_GAP, Check.QUIET, Check.MISSING_IDS)
_FRACTIONS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What a day's file holds.

    Attributes
    ----------
    day, rows
        Which, and how many.
    first_ms, last_ms, first_id, last_id, last_price
        Of its first and last row by key; ``None``: there is none.
    price_low, price_high
        USD.
    usd
        What its rows stand for together, USD.
    interval_ms
        How far the next row may follow the last one; ``None``: not looked at.
    """

    day: date
    rows: int
    first_ms: int | None
    last_ms: int | None
    first_id: int | None
    last_id: int | None
    price_low: float | None
    price_high: float | None
    first_price: float | None
    last_price: float | None
    usd: float | None
    gap_ms: int | None


@dataclass(frozen=True, slots=True)
class _Condition:
    """What no row should meet."""

    check: Check
    sql: str
    of: str = ""
    # What is shown of a row that does; and how many a row counts for.
    detail: str = "''"
    weight: str = "1"
    values: tuple[tuple[str, Any], ...] = ()


def check_day(
    connection: "duckdb.DuckDBPyConnection", path: Path, day: date, rules: Rules, ledger: Ledger
) -> DayFacts | None:
    """Look at one file, and put into the ledger what is found.

    Returns
    -------
    DayFacts or None
        ``None``: it cannot be read, or holds something else.
    """
    import duckdb  # noqa: PLC0415 - an extra; it is there, as it was opened

    try:
        return _Day(connection, path, day, rules, ledger).look()
    except duckdb.Error as error:
        ledger.add(Check.UNREADABLE, str(day), reason=error_text(error))
        return None
    finally:
        with suppress(duckdb.Error):
            connection.execute("DROP VIEW IF EXISTS day_rows")
            connection.execute("DROP VIEW IF EXISTS day_file")


class _Day:
    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        path: Path,
        day: date,
        rules: Rules,
        ledger: Ledger,
    ) -> None:
        self._connection = connection
        self._path = path
        self._day, self._name = day, str(day)
        self._rules = rules
        self._ledger = ledger

    def look(self) -> DayFacts | None:
        # In a path, what is not its own name may be a pattern.
        source = re.sub(r"([\[*?])", r"[\1]", str(self._path)).replace("'", "''")
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW day_file AS SELECT * FROM read_parquet('{source}')"
        )
        if not self._has_columns():
            return None
        unsorted = self._count_unsorted()
        self._ledger.add(Check.UNSORTED, self._name, unsorted)
        self._make_rows(is_sorted=not unsorted)
        conditions = list(self._conditions())
        facts, counts = self._aggregate(conditions)
        if not facts.rows:
            self._ledger.add(Check.EMPTY, self._name)
        for condition, count in zip(conditions, counts, strict=True):
            if count:
                self._ledger.add(
                    condition.check,
                    self._name,
                    count,
                    self._places(condition),
                    condition.of,
                    **dict(condition.values),
                )
        if self._rules.step_ms and facts.rows:
            self._look_for_steps()
        return facts

    def _has_columns(self) -> bool:
        described = self._connection.execute("DESCRIBE day_file").fetchall()
        found = {row[0]: row[1] for row in described}
        expected = dict(self._rules.columns)
        if all(found.get(name) == kind for name, kind in expected.items()):
            return True
        self._ledger.add(
            Check.COLUMNS,
            self._name,
            expected=", ".join(f"{name} {kind}" for name, kind in expected.items()),
            got=", ".join(f"{name} {kind}" for name, kind in found.items()),
        )
        return False

    def _key(self) -> str:
        key = self._rules.key
        return key[0] if len(key) == 1 else f"row({', '.join(key)})"

    def _count_unsorted(self) -> int:
        if not self._rules.key:
            return 0
        key = self._key()
        # Without an order of its own a window goes by the rows of the file.
        return int(
            self._one(
                f"SELECT coalesce(count_if(is_before), 0) FROM "
                f"(SELECT {key} < lag({key}) OVER () AS is_before FROM day_file)"
            )[0]
        )

    def _make_rows(self, *, is_sorted: bool) -> None:
        order = "" if is_sorted else f"ORDER BY {', '.join(self._rules.key)}"
        before = ", ".join(
            f"lag({name}) OVER by_key AS before_{name}" for name, _ in self._rules.columns
        )
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW day_rows AS SELECT *, {before} FROM day_file "
            f"WINDOW by_key AS ({order})"
        )

    def _conditions(self) -> Iterator[_Condition]:
        rules, time = self._rules, self._rules.time
        low_ms, high_ms = begin_ms(self._day) - EDGE_MS, begin_ms(self._day) + DAY_MS + EDGE_MS
        yield _Condition(Check.OUTSIDE_DAY, f"{time} < {low_ms} OR {time} >= {high_ms}")
        if rules.key:
            same = " AND ".join(f"{name} = before_{name}" for name in rules.key)
            shown = f"concat_ws(' ', '{' '.join(rules.key)}', {', '.join(rules.key)})"
            yield _Condition(Check.DUPLICATES, same, detail=shown)
        must = dict.fromkeys((*rules.filled, *rules.positive))
        for name, kind in rules.columns:
            values = (("column", name),)
            check = Check.MISSING_VALUE if name in must else Check.BLANK
            yield _Condition(check, f"{name} IS NULL", name, values=values)
            if kind in _FRACTIONS:
                yield _Condition(Check.NOT_FINITE, f"NOT isfinite({name})", name, name, "1", values)
            if name in rules.positive:
                yield _Condition(Check.NOT_POSITIVE, f"{name} <= 0", name, name, "1", values)
        for check, conditions in (
            (Check.IMPOSSIBLE, rules.impossible),
            (Check.UNUSUAL, rules.unusual),
        ):
            for name, sql in conditions:
                yield _Condition(check, sql, name, values=(("rule", name),))
        yield from self._row_to_row()

    def _row_to_row(self) -> Iterator[_Condition]:
        rules, time = self._rules, self._rules.time
        since = f"{time} - before_{time}"
        if rules.has_ids:
            missing = "id - before_id - 1"
            shown = "concat('ids ', before_id + 1, ' to ', id - 1)"
            yield _Condition(Check.MISSING_IDS, f"{missing} > 0", "", shown, missing)
            yield _Condition(Check.TIME_BACKWARD, f"{since} < 0", detail="concat('id ', id)")
            quiet = f"{missing} = 0 AND {since} > {QUIET_MS}"
            yield _Condition(Check.QUIET, quiet, values=(("limit_ms", QUIET_MS),))
        if rules.jump:
            share = f"abs({rules.price} / before_{rules.price} - 1)"
            shown = f"concat(before_{rules.price}, ' to ', {rules.price})"
            sql = f"before_{rules.price} > 0 AND {share} > {rules.jump}"
            yield _Condition(Check.JUMP, sql, "", shown, "1", (("limit", rules.jump),))
        if rules.longest_gap_ms:
            limit = rules.gap or str(rules.longest_gap_ms)
            values = (("limit_ms", rules.longest_gap_ms),)
            yield _Condition(Check.LONG_GAP, f"{since} > {limit}", values=values)

    def _aggregate(self, conditions: list[_Condition]) -> tuple[DayFacts, list[int]]:
        rules, time = self._rules, self._rules.time
        asked = [
            "count(*)",
            f"min({time})",
            f"max({time})",
            *(("min(id)", "max(id)") if rules.has_ids else ("NULL", "NULL")),
            f"min({rules.low})" if rules.low else "NULL",
            f"max({rules.high})" if rules.high else "NULL",
            *(
                (f"arg_min({rules.price}, {self._key()})", f"arg_max({rules.price}, {self._key()})")
                if rules.price
                else ("NULL", "NULL")
            ),
            f"sum({rules.usd})" if rules.usd else "NULL",
            f"arg_max({rules.gap or rules.longest_gap_ms}, {time})"
            if rules.longest_gap_ms
            else "NULL",
            *(
                f"coalesce(sum({one.weight}) FILTER (WHERE {one.sql}), 0)::BIGINT"
                for one in conditions
            ),
        ]
        row = self._one(f"SELECT {', '.join(asked)} FROM day_rows")
        facts = row[: len(asked) - len(conditions)]
        return DayFacts(self._day, *facts), [int(one) for one in row[len(facts) :]]

    def _places(self, condition: _Condition) -> tuple[Place, ...]:
        time = self._rules.time
        start = f"before_{time}" if condition.check in _BETWEEN_ROWS else time
        rows = self._connection.execute(
            f"SELECT {start}, {time}, ({condition.detail})::VARCHAR FROM day_rows "
            f"WHERE {condition.sql} ORDER BY {time} LIMIT {MOST_PLACES}"
        ).fetchall()
        return tuple(
            Place(self._name, start_ms, None if end_ms == start_ms else end_ms, detail or "")
            for start_ms, end_ms, detail in rows
        )

    def _look_for_steps(self) -> None:
        step_ms, first_ms = self._rules.step_ms, begin_ms(self._day)
        rows = self._connection.execute(
            f"SELECT DISTINCT ({self._rules.time} - {first_ms}) // {step_ms} FROM day_file "
            f"WHERE {self._rules.time} IS NOT NULL"
        ).fetchall()
        missing = sorted(set(range(DAY_MS // step_ms)) - {row[0] for row in rows})
        spans: list[list[int]] = []
        for number in missing:
            if spans and spans[-1][1] == number:
                spans[-1][1] = number + 1
            else:
                spans.append([number, number + 1])
        places = tuple(
            Place(self._name, first_ms + start * step_ms, first_ms + end * step_ms)
            for start, end in spans[:MOST_PLACES]
        )
        self._ledger.add(Check.MISSING_STEPS, self._name, len(missing), places, step_ms=step_ms)

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        if row is None:
            raise AssertionError(f"expected a row of {query}")
        return row
