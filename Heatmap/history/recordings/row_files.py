"""Rows in files: CSV, JSON lines and Parquet. Only the last needs duckdb.

Writers take rows in the order of their columns; readers give a mapping by column and the row's
number, from 1, and check the types. Further columns of a file are left out.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from Heatmap.errors import HistoryError
from Heatmap.history.engine import open_engine
from Heatmap.history.recordings.columns import SUFFIXES, Column, Row, Value, header_problem
from Heatmap.runtime.outside_text import error_text

NumberedRow: TypeAlias = tuple[int, Mapping[str, Value]]
_FETCHED_ROWS = 10_000
_LONGEST_LINE_CHARS = 1_000_000


def row_error(path: Path, number: int, error: Exception) -> HistoryError:
    """Return the error for a row that cannot be used."""
    return HistoryError(f"{path}, row {number}: {error_text(error)}; export the recording again")


def write_rows(path: Path, suffix: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write a file, which is replaced.

    Parameters
    ----------
    path
        Where.
    suffix
        One of `SUFFIXES`: the format.
    columns, rows
        What stands in it.

    Raises
    ------
    HistoryError
        duckdb is missing.
    OSError
        It cannot be written.
    """
    _WRITERS[suffix](path, columns, rows)


def read_rows(path: Path, columns: Sequence[Column]) -> Iterator[NumberedRow]:
    """Read a file; its name tells the format.

    Raises
    ------
    HistoryError
        It is none of these, cannot be read, or a row is damaged.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise HistoryError(
            f"{path}: expected a recording in a file that ends with {', '.join(SUFFIXES)}, or a "
            "database of this program"
        )
    try:
        yield from _READERS[suffix](path, columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{path} cannot be read: {error_text(error)}; choose another") from error


def _write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([one.name for one in columns])
        writer.writerows([_csv_field(value) for value in row] for row in rows)


def _csv_field(value: Value) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    # None is written as nothing, floats by repr, which is exact.
    return value


def _read_csv(path: Path, columns: Sequence[Column]) -> Iterator[NumberedRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        names = next(reader, [])
        if problem := header_problem(names, columns):
            raise HistoryError(f"{path}: {problem}; export the recording again")
        places = [(one, names.index(one.name)) for one in columns]
        for number, fields in enumerate(reader, 1):
            if len(fields) != len(names):
                error = ValueError(f"expected {len(names)} fields, got {len(fields)}")
                raise row_error(path, number, error)
            try:
                row = {one.name: one.from_text(fields[place]) for one, place in places}
            except ValueError as error:
                raise row_error(path, number, error) from error
            yield number, row


def _write_lines(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    names = [one.name for one in columns]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            line = json.dumps(dict(zip(names, row, strict=True)), allow_nan=False)
            file.write(f"{line}\n")


def _read_lines(path: Path, columns: Sequence[Column]) -> Iterator[NumberedRow]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            try:
                row = _row_of_line(line, columns)
            except ValueError as error:
                raise row_error(path, number, error) from error
            yield number, row


def _row_of_line(line: str, columns: Sequence[Column]) -> Mapping[str, Value]:
    if len(line) > _LONGEST_LINE_CHARS:
        raise ValueError("expected a shorter line")
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):
        # Python's own words name its settings.
        raise ValueError(
            "expected an object of plain values, got one too deep or too long"
        ) from None
    if not isinstance(found, dict):
        raise ValueError("expected an object in each line")  # noqa: TRY004 - one error for callers
    if problem := header_problem(tuple(found), columns):
        raise ValueError(problem)
    return {one.name: one.checked(found[one.name]) for one in columns}


def _write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    # DuckDB takes rows one by one a hundred times more slowly than it reads a file.
    between = path.with_name(f"{path.name}.csv")
    try:
        _write_csv(between, columns, rows)
        kept = ", ".join(
            # What is empty comes as NULL.
            one.name
            if one.is_optional or one.type != "VARCHAR"
            else f"coalesce({one.name}, '') AS {one.name}"
            for one in columns
        )
        types = ", ".join(f"'{one.name}': '{one.type.value}'" for one in columns)
        with closing(open_engine(path.parent, threads=1)) as connection:
            connection.execute(
                f"COPY (SELECT {kept} FROM read_csv({_quoted(_one_file(between))}, header = true, "
                f"columns = {{{types}}}, max_line_size = {_LONGEST_LINE_CHARS}, "
                "delim = ',', quote = '\"', escape = '\"')) "
                f"TO {_quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)"
            )
    finally:
        between.unlink(missing_ok=True)


def _read_parquet(path: Path, columns: Sequence[Column]) -> Iterator[NumberedRow]:
    with closing(open_engine(threads=1)) as connection:
        import duckdb  # noqa: PLC0415 - an extra; it is there, as it was opened

        try:
            source = f"read_parquet({_quoted(_one_file(path))})"
            described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            if problem := header_problem([row[0] for row in described], columns):
                raise HistoryError(f"{path}: {problem}; export the recording again")
            names = ", ".join(f'"{one.name}"' for one in columns)
            found = connection.execute(f"SELECT {names} FROM {source}")
            number = 0
            while part := found.fetchmany(_FETCHED_ROWS):
                for values in part:
                    number += 1
                    try:
                        row = {
                            one.name: one.checked(value)
                            for one, value in zip(columns, values, strict=True)
                        }
                    except ValueError as error:
                        raise row_error(path, number, error) from error
                    yield number, row
        except duckdb.Error as error:
            raise HistoryError(
                f"{path} cannot be read as Parquet: {error_text(error)}; choose another file"
            ) from error


def _one_file(path: Path) -> str:
    """Return a path in which nothing is a pattern."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_WRITERS: Mapping[str, Callable[[Path, Sequence[Column], Iterable[Row]], None]] = MappingProxyType(
    {".csv": _write_csv, ".jsonl": _write_lines, ".parquet": _write_parquet}
)
_READERS: Mapping[str, Callable[[Path, Sequence[Column]], Iterator[NumberedRow]]] = (
    MappingProxyType({".csv": _read_csv, ".jsonl": _read_lines, ".parquet": _read_parquet})
)
