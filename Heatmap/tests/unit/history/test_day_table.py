"""Each trap of the archive's rows, on files made by its rules."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from Heatmap.history.csv_head import read_head
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    FUNDING,
    KLINES,
    LIQUIDATION_SNAPSHOT,
    METRICS,
    PREMIUM_INDEX_KLINES,
)
from Heatmap.history.day_table import DayRows, DayTable
from Heatmap.history.engine import open_engine
from Heatmap.history.faults import Fault, FaultKind, FileFaultError
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

Read = Callable[..., tuple[list[DayRows], list[tuple[Any, ...]]]]
BEGIN = begin_ms()
LIQUIDATION = f"{BEGIN + 5},SELL,LIMIT,IOC,3,95000.1,95010.2,FILLED,3,3"


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(open_engine(threads=2)) as connection:
        yield connection


@pytest.fixture
def read(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> Read:
    """Read lines as a file of a dataset; give its days and the rows of the first one's Parquet."""

    def call(
        dataset: Dataset,
        lines: Sequence[str],
        *,
        first: date = DAY,
        last: date = DAY,
        market: Market = Market.USD_M,
        head: bool = False,
    ) -> tuple[list[DayRows], list[tuple[Any, ...]]]:
        path = write_csv(tmp_path / "rows.csv", lines, head=header(dataset) if head else "")
        csv = unpack(path, "rows", path)
        engine.execute("DROP TABLE IF EXISTS archive_rows")
        table = DayTable(engine, dataset, market, "BTCUSDT", first, last)
        table.load(csv, read_head(csv.first, csv.second, dataset, market))
        days = table.days()
        target = tmp_path / "day.parquet"
        table.write(days[0].day, target)
        return days, engine.execute("SELECT * FROM read_parquet(?)", [str(target)]).fetchall()

    return call


def with_price(line: str, price: str) -> str:
    number, _, rest = line.split(",", 2)
    return f"{number},{price},{rest}"


def fault_of(read: Read, *arguments: Any, **options: Any) -> Fault:
    with pytest.raises(FileFaultError) as caught:
        read(*arguments, **options)
    return caught.value.fault


def test_a_header_is_no_row_and_the_columns_are_those_of_the_store(read: Read) -> None:
    lines = agg_rows(50)
    bare, rows = read(AGG_TRADES, lines)
    with_header, same = read(AGG_TRADES, lines, head=True)
    assert bare == with_header
    assert rows == same
    number, price, quantity, _, _, at, maker = lines[0].split(",")
    assert rows[0] == (int(number), int(at), float(price), float(quantity), maker == "true")
    assert bare[0].rows == 50
    assert (bare[0].first_id, bare[0].last_id, bare[0].holes) == (1, 50, 0)


def test_interleaved_halves_are_sorted_and_holes_are_counted(read: Read) -> None:
    lines = agg_rows(41)
    del lines[7]  # an id that is missing; ids of single trades have holes in any case
    halves = [line for pair in zip(lines[:20], lines[20:], strict=True) for line in pair]
    days, rows = read(AGG_TRADES, halves)
    assert [row[0] for row in rows] == [one for one in range(1, 42) if one != 8]
    assert days[0].holes == 1


def test_copies_are_one_and_differing_rows_of_one_id_are_a_fault(read: Read) -> None:
    lines = agg_rows(30)
    days, rows = read(AGG_TRADES, [*lines, *lines[:4]])
    assert days[0].duplicates == 4
    assert len(rows) == 30
    other = with_price(lines[3], "94000.1")
    fault = fault_of(read, AGG_TRADES, [*lines, other])
    assert fault.kind is FaultKind.KEY_CONFLICT
    assert fault.values["got"] == "id 4"


def test_an_id_of_two_days_is_a_fault_and_a_fall_of_times_at_midnight_is_none(read: Read) -> None:
    midnight = begin_ms(date(2025, 1, 2))
    rows = [f"{number},95000.1,0.5,1,1,{{at}},true" for number in (1, 2, 3, 4)]
    times = (BEGIN, midnight, midnight - 1, midnight + 5)
    lines = [row.format(at=at) for row, at in zip(rows, times, strict=True)]
    days, first = read(AGG_TRADES, lines, last=date(2025, 1, 2))
    assert [row[0] for row in first] == [1, 3]
    assert [one.rows for one in days] == [2, 2]
    lines.append(rows[2].format(at=midnight + 6))
    fault = fault_of(read, AGG_TRADES, lines, last=date(2025, 1, 2))
    assert (fault.kind, fault.values["got"]) == (FaultKind.KEY_CONFLICT, "id 3")


def test_equal_trades_with_ids_of_their_own_all_stay(read: Read) -> None:
    tail = f",95000.1,0.5,1,1,{BEGIN},true"
    assert len(read(AGG_TRADES, [f"{number}{tail}" for number in (1, 2, 3)])[1]) == 3


@pytest.mark.parametrize(
    ("spoil", "kind", "line"),
    [
        (lambda rows: [*rows[:3], header(AGG_TRADES), *rows[3:]], FaultKind.REJECTED, 4),
        (lambda rows: [*rows[:-1], rows[-1].rpartition(",")[0]], FaultKind.REJECTED, 10),
        (lambda rows: [*rows[:2], rows[2] + ",1", *rows[3:]], FaultKind.REJECTED, 3),
        (lambda rows: [with_price(rows[0], "95x"), *rows[1:]], FaultKind.REJECTED, 1),
        (lambda rows: [with_price(rows[0], "nan"), *rows[1:]], FaultKind.INVALID, None),
        (lambda rows: [with_price(rows[0], "-5"), *rows[1:]], FaultKind.INVALID, None),
        (lambda rows: [with_price(rows[0], ""), *rows[1:]], FaultKind.INVALID, None),
        (
            lambda rows: [*rows, *agg_rows(1, date(2025, 1, 3), first_id=11)],
            FaultKind.OUTSIDE,
            None,
        ),
        # One row in microseconds among others in milliseconds.
        (
            lambda rows: [*rows[:9], rows[9].replace(",1735", ",1735000", 1)],
            FaultKind.OUTSIDE,
            None,
        ),
        (lambda rows: [*rows[:9], "", rows[9]], FaultKind.LINES, None),
    ],
)
def test_a_bad_line_keeps_the_file_out_and_is_named(
    read: Read, spoil: Callable[[list[str]], list[str]], kind: FaultKind, line: int | None
) -> None:
    fault = fault_of(read, AGG_TRADES, spoil(agg_rows(10)))
    assert fault.kind is kind
    assert fault.line == line


def test_spots_microseconds_become_milliseconds(read: Read) -> None:
    lines = [
        f"{number},95000.1,0.5,1,2,{BEGIN * 1000 + number * 999},True,True" for number in (1, 2)
    ]
    _, rows = read(AGG_TRADES, lines, market=Market.SPOT)
    assert [row[1] for row in rows] == [BEGIN, BEGIN + 1]


def test_metrics_come_unordered_blank_twice_and_half(read: Read) -> None:
    lines = metrics_rows(labels=range(1, 157))  # until 13:00
    lines[5] = lines[5].rpartition(",")[0] + ","  # no taker ratio
    lines.append(lines[9])
    random.Random(1).shuffle(lines)
    days, rows = read(METRICS, lines, head=True)
    assert (days[0].rows, days[0].duplicates, days[0].holes) == (156, 1, 288 - 156)
    assert [row[0] for row in rows] == [BEGIN + number * 300_000 for number in range(1, 157)]
    assert rows[5][-1] is None
    assert rows[6][-1] == 0.9


def test_a_metric_is_known_five_minutes_after_its_label_in_both_eras(read: Read) -> None:
    # The last file of the old labels ends with 00:00, the first of the new ones begins with it.
    old, new = date(2026, 6, 24), date(2026, 6, 25)
    edge = begin_ms(new)
    _, before = read(METRICS, metrics_rows(old, labels=range(1, 289)), first=old, last=old)
    days, after = read(METRICS, metrics_rows(new), first=new, last=new)
    assert (before[-1][:2], after[0][:2]) == ((edge, edge + 300_000),) * 2
    assert before[-1][2] != after[0][2]
    assert len(before) == len(after) == days[0].rows == 288


def test_metrics_of_another_symbol_are_refused(read: Read) -> None:
    lines = [line.replace("BTCUSDT", "ETHUSDT") for line in metrics_rows()]
    assert fault_of(read, METRICS, lines).kind is FaultKind.SYMBOL


def test_minutes_that_are_missing_are_counted_and_odd_ones_refused(read: Read) -> None:
    days, rows = read(KLINES, kline_rows(minutes=[*range(220), *range(240, 1440)]), head=True)
    assert (days[0].rows, days[0].holes) == (1420, 20)
    assert rows[0] == (BEGIN, 95000.0, 95010.5, 94990.1, 95001.2, 12.5, 1187500.0, 321, 589000.0)
    line = kline_rows(minutes=[0])[0]
    assert fault_of(read, KLINES, [line.replace(",95010.5", ",94000")]).kind is FaultKind.INVALID
    moved = line.replace(str(BEGIN), str(BEGIN + 1), 1)
    assert fault_of(read, KLINES, [moved]).kind is FaultKind.INVALID


def test_a_premium_may_be_below_zero(read: Read) -> None:
    line = f"{BEGIN},-0.0004,0,-0.0005,-0.0001,0,{BEGIN + 59_999},0,12,0,0,0"
    assert read(PREMIUM_INDEX_KLINES, [line])[1] == [(BEGIN, -0.0004, 0.0, -0.0005, -0.0001)]


def test_a_month_of_funding_becomes_days(read: Read) -> None:
    jitter = 7
    lines = [
        f"{BEGIN + number * 8 * 3_600_000 + jitter},8,0.0001" for number in reversed(range(31 * 3))
    ]
    days, rows = read(FUNDING, lines, last=date(2025, 1, 31), head=True)
    assert [one.rows for one in days] == [3] * 31
    assert [row[0] - BEGIN - jitter for row in rows] == [0, 28_800_000, 57_600_000]


def test_a_band_of_the_book_is_minus_5_however_it_is_written(read: Read) -> None:
    lines = ["2026-01-01 00:00:39,-5.00,10,20", "2026-01-01 00:00:09,-5,10,20"]
    _, rows = read(BOOK_DEPTH, lines, first=date(2026, 1, 1), last=date(2026, 1, 1))
    assert [row[1] for row in rows] == [-5.0, -5.0]
    assert rows[0][0] == begin_ms(date(2026, 1, 1)) + 9_000


def test_doubled_liquidations_are_halved_and_real_repeats_stay(read: Read) -> None:
    other = LIQUIDATION.replace("SELL", "BUY")
    # One liquidation, and another one that really came twice: each line stands there twice.
    days, rows = read(
        LIQUIDATION_SNAPSHOT, [LIQUIDATION, LIQUIDATION, *[other] * 4], market=Market.COIN_M
    )
    assert sorted(row[1] for row in rows) == ["BUY", "BUY", "SELL"]
    assert days[0].duplicates == 3
    for lines in (
        [LIQUIDATION, other],
        [LIQUIDATION, LIQUIDATION, other, other, other],
        [LIQUIDATION] * 3,
        [LIQUIDATION, other] * 4,
    ):
        fault = fault_of(read, LIQUIDATION_SNAPSHOT, lines, market=Market.COIN_M)
        assert fault.kind is FaultKind.NOT_DOUBLED


@pytest.mark.parametrize(
    ("dataset", "column", "text", "kind"),
    [
        (AGG_TRADES, 0, "3.0", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 0, "3e3", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 1, "95_000", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 3, "abc", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 6, "yes", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 6, "1", FaultKind.NOT_PLAIN),
        (AGG_TRADES, 6, "True", FaultKind.MARKET),
        (AGG_TRADES, 2, "1e300", FaultKind.INVALID),
        (METRICS, 0, "2025-01-01 00:10:00+02:00", FaultKind.NOT_PLAIN),
        (METRICS, 0, "2025-01-01 24:00:00", FaultKind.NOT_PLAIN),
        (METRICS, 0, "2025-01-01T00:10:00Z", FaultKind.NOT_PLAIN),
        (METRICS, 3, "-8550000000", FaultKind.INVALID),
        (METRICS, 3, "1e300", FaultKind.INVALID),
        (KLINES, 5, "-5", FaultKind.INVALID),
        (KLINES, 7, "1e17", FaultKind.INVALID),
        (KLINES, 7, "0", FaultKind.INVALID),
        (KLINES, 8, "-3", FaultKind.INVALID),
        (KLINES, 10, "9e9", FaultKind.INVALID),
    ],
)
def test_no_value_is_read_as_another_or_is_impossible(
    read: Read, dataset: Dataset, column: int, text: str, kind: FaultKind
) -> None:
    lines = {AGG_TRADES: agg_rows, METRICS: metrics_rows, KLINES: kline_rows}[dataset]
    rows = lines(5) if dataset is AGG_TRADES else lines()
    fields = rows[2].split(",")
    rows[2] = ",".join([*fields[:column], text, *fields[column + 1 :]])
    fault = fault_of(read, dataset, rows)
    assert fault.kind is kind
    assert kind is not FaultKind.NOT_PLAIN or (fault.line, fault.values["got"]) == (3, repr(text))


def test_liquidations_have_prices(read: Read) -> None:
    lines = [LIQUIDATION.replace("95000.1", "-1")] * 2
    fault = fault_of(read, LIQUIDATION_SNAPSHOT, lines, market=Market.COIN_M)
    assert (fault.kind, fault.values["column"]) == (FaultKind.INVALID, "price")
