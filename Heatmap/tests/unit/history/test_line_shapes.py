"""What is proven of a file's texts while it is unpacked: never more than reading each would say."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from Heatmap.history.csv_head import read_head
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import AGG_TRADES, FUNDING, KLINES, METRICS, PREMIUM_INDEX_KLINES
from Heatmap.history.day_table import DayTable
from Heatmap.history.engine import open_engine
from Heatmap.history.faults import Fault, FileFaultError
from Heatmap.history.line_shapes import LineShapes
from Heatmap.history.unpacking import unpack
from Heatmap.tests.archive_files import (
    DAY,
    agg_rows,
    begin_ms,
    header,
    kline_rows,
    metrics_rows,
    write_csv,
)

BEGIN = begin_ms()
PREMIUM = f"{BEGIN},-0.0004,0,-0.0005,-0.0001,0,{BEGIN + 59_999},0,12,0,0,0"
LINES = {
    AGG_TRADES: agg_rows(4),
    KLINES: kline_rows(minutes=range(3)),
    PREMIUM_INDEX_KLINES: [PREMIUM],
    FUNDING: [f"{BEGIN},8,-0.0001"],
}
SPOT = [f"{number},95000.1,0.5,1,2,{BEGIN * 1000},True,True" for number in (1, 2)]
# What the engine reads as some value, or what digits alone do not tell.
ODD = (
    "",
    "0",
    "-0",
    "007",
    "+7",
    "1.0",
    "1e3",
    "5.",
    ".5",
    "-.5",
    "5-",
    "-",
    ".",
    "1.2.3",
    "95_000",
    " 1",
    "1 ",
    '"1"',
    "0x1f",
    "1",
    "true",
    "True",
    "TRUE",
    "t",
    "yes",
    "tr1ue",
    "true1",
    "nan",
    "inf",
    "9" * 18,
    "9" * 19,
    "9" * 20,
    "1,2",
    "1\r",
    "1\n2",
    "\x00",
    "5\u0660",
    f"{BEGIN}.0",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(open_engine(threads=1)) as connection:
        yield connection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


def fed(content: bytes, pieces: int = 2**20) -> LineShapes:
    shapes = LineShapes()
    for begin in range(0, len(content), pieces):
        shapes.feed(content[begin : begin + pieces])
    return shapes


def became(
    engine: duckdb.DuckDBPyConnection, path: Path, dataset: Dataset, market: Market, *, quick: bool
) -> tuple[bool, Fault | list[tuple[object, ...]] | str]:
    """Return whether a file was proven plain, and its rows or why it is refused."""
    shapes = LineShapes()
    is_plain = False
    try:
        csv = unpack(path, "rows", path, watch=shapes.feed)
        head = read_head(csv.first, csv.second, dataset, market)
        is_plain = quick and shapes.are_plain(head.columns, is_spot=market is Market.SPOT)
        for name in ("archive_rows", "reject_errors", "reject_scans"):
            engine.execute(f"DROP TABLE IF EXISTS {name}")
        table = DayTable(engine, dataset, market, "BTCUSDT", DAY, date(2025, 1, 31))
        table.load(csv, head, is_plain=is_plain)
    except FileFaultError as error:
        return is_plain, error.fault
    except duckdb.Error as error:
        return is_plain, type(error).__name__
    return is_plain, engine.execute("SELECT * FROM archive_rows ORDER BY ALL").fetchall()


@settings(max_examples=120)
@given(
    dataset=st.sampled_from(list(LINES)),
    is_spot=st.booleans(),
    row=st.integers(0, 9),
    column=st.integers(0, 11),
    text=st.one_of(st.sampled_from(ODD), st.text("0123456789.-+e_ ,trufalsT", max_size=6)),
    with_header=st.booleans(),
)
@example(AGG_TRADES, False, 2, 0, "007", False)
@example(AGG_TRADES, False, 2, 3, "9" * 20, False)
@example(AGG_TRADES, False, 1, 6, "1", True)
@example(AGG_TRADES, True, 1, 6, "true", False)
def test_a_file_is_refused_or_taken_alike_with_the_proof_and_without(
    engine: duckdb.DuckDBPyConnection,
    folder: Path,
    dataset: Dataset,
    is_spot: bool,
    row: int,
    column: int,
    text: str,
    with_header: bool,
) -> None:
    is_spot = is_spot and dataset is AGG_TRADES
    lines = list(SPOT if is_spot else LINES[dataset])
    fields = lines[row % len(lines)].split(",")
    fields[column % len(fields)] = text
    lines[row % len(lines)] = ",".join(fields)
    names = header(dataset) + (",is_best_match" if is_spot else "")
    path = write_csv(folder / "rows.csv", lines, head=names if with_header else "")
    market = Market.SPOT if is_spot else Market.USD_M
    quick = became(engine, path, dataset, market, quick=True)
    assert quick[1] == became(engine, path, dataset, market, quick=False)[1]


@pytest.mark.parametrize("dataset", list(LINES), ids=lambda one: one.name)
@pytest.mark.parametrize("pieces", [7, 2**20])
def test_what_the_archive_writes_is_proven_however_it_is_cut(dataset: Dataset, pieces: int) -> None:
    for head in ("", header(dataset) + "\n"):
        for end in ("\n", ""):
            content = (head + "\n".join(LINES[dataset] * 40) + end).encode()
            assert fed(content, pieces).are_plain(dataset.columns, is_spot=False)
            # Not with a column more or less.
            assert not fed(content, pieces).are_plain(dataset.columns[1:], is_spot=False)


def test_spot_writes_its_booleans_as_it_likes_and_futures_do_not() -> None:
    columns = AGG_TRADES.columns + AGG_TRADES.spot_extra
    content = "\n".join(SPOT).encode()
    assert fed(content).are_plain(columns, is_spot=True)
    assert not fed(content).are_plain(columns, is_spot=False)


def test_nothing_is_proven_of_words_long_lines_and_no_rows() -> None:
    words = "\n".join(metrics_rows()).encode()
    assert not fed(words).are_plain(METRICS.columns, is_spot=False)
    assert not fed(b"1" * 2**18).are_plain((("id", "BIGINT"),), is_spot=False)
    many = "\n".join(f"{'-' * (number % 2)}{number}" for number in range(9)).encode()
    assert fed(many).are_plain((("rate", "DOUBLE"),), is_spot=False)
    letters = "\n".join("a" * number for number in range(1, 450)).encode()
    assert not fed(b"1\n" + letters).are_plain((("word", "VARCHAR"),), is_spot=False)
    only_header = (header(AGG_TRADES) + "\n").encode()
    assert not fed(only_header).are_plain(AGG_TRADES.columns, is_spot=False)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 10**18 - 1))
def test_numbers_as_python_writes_them_are_proven_unless_they_have_an_exponent(
    price: float, number: int
) -> None:
    is_proven = fed(f"{number},{price}\n".encode()).are_plain(
        (("id", "BIGINT"), ("price", "DOUBLE")), is_spot=False
    )
    digits = max(map(len, str(price).lstrip("-").split(".")))
    assert is_proven is ("e" not in str(price) and digits <= 18)
