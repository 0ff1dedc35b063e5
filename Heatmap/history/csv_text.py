"""How a CSV of the archive is read, and which texts in it are taken for a value. Pure.

The engine takes more than the archive writes: ``1.0`` and ``1e3`` for whole numbers, ``95_000``,
``yes`` for true, a time with a zone. Such a file was made or edited by somebody else.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from Heatmap.history.csv_head import CsvHead

# Of what DuckDB reads at once: each of its threads holds some. A line has a few hundred bytes.
_BUFFER_BYTES, _LINE_BYTES = 4_000_000, 2**16
_TIME = r"\d{4}-\d{2}-\d{2} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
#: What belongs into a column of a type, in words.
EXPECTED: Final = MappingProxyType(
    {
        "BIGINT": "a whole number",
        "INTEGER": "a whole number",
        "DOUBLE": "a number",
        "BOOLEAN": "true or false",
        "TIMESTAMP": "a time YYYY-MM-DD HH:MM:SS of UTC",
    }
)

_REJECTS: Final = {
    "MISSING COLUMNS": "a column is missing",
    "TOO MANY COLUMNS": "there is a column too many",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
    "INVALID ENCODING": "it is no UTF-8",
}


def read_text(columns: Iterable[tuple[str, str]], head: CsvHead, options: str = "") -> str:
    """Return the engine's table of a CSV's lines, whose path is the query's parameter.

    Parameters
    ----------
    columns
        All of them in their order, each with the type to read it as.
    head
        What the first lines said.
    options
        More options of ``read_csv``.
    """
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
    more = f", {options}" if options else ""
    return (
        f"read_csv(?, columns = {{{types}}}, auto_detect = false, header = {head.has_header}, "
        "delim = ',', quote = '', escape = '', comment = '', null_padding = false, "
        f"buffer_size = {_BUFFER_BYTES}, max_line_size = {_LINE_BYTES}{more})"
    )


def reject_text(error: str, column: str | None, types: Mapping[str, str]) -> str | None:
    """Say why the engine could not read a line; ``None``: in a way that has no words here.

    Parameters
    ----------
    error, column
        As it names them.
    types
        Of the columns.
    """
    if error == "CAST" and column is not None and column in types:
        return f"expected {EXPECTED[types[column]]} as {column}"
    return _REJECTS.get(error)


def text_rule(name: str, kind: str, *, is_spot: bool) -> str:
    """Return the condition under which a column's text is none of its type; blank is not asked.

    Parameters
    ----------
    name, kind
        The column, and its type.
    is_spot
        Whether the file is of spot, which writes ``True`` for ``true``.
    """
    text = f'"{name}"'
    if kind in ("BIGINT", "INTEGER"):
        is_other = f"TRY_CAST({text} AS BIGINT)::VARCHAR IS DISTINCT FROM {text}"
        return f"({text} IS NOT NULL AND {is_other})"
    if kind == "BOOLEAN":
        known = "'true', 'false', 'True', 'False'" if is_spot else "'true', 'false'"
        return f"({text} NOT IN ({known}))"
    if kind == "TIMESTAMP":
        return f"(NOT regexp_full_match({text}, '{_TIME}'))"
    # What is not finite is told of where values are.
    return (
        f"({text} IS NOT NULL AND (TRY_CAST({text} AS DOUBLE) IS NULL "
        f"OR contains({text}, '_') OR contains({text}, ' ')))"
    )
