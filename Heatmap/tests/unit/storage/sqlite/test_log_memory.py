"""What only the log holds, and how a log tells whose it is."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.sqlite.log_mark import LogMark, Point, open_without_log, read_file_mark
from Heatmap.storage.sqlite.log_memory import LogMemory
from Heatmap.tests.unit.stored_events import events


def test_the_newest_events_are_kept_and_older_ones_are_counted() -> None:
    memory = LogMemory(limit=5)
    for first in (1, 4, 7):
        memory.add_events(range(first, first + 3), events(3, start_ms=first))
    assert [number for number, _ in memory.events_after(0)] == [5, 6, 7, 8, 9]
    assert [number for number, _ in memory.events_after(7)] == [8, 9]
    assert memory.has_forgotten
    assert memory.forgotten_after(0) == 4
    assert memory.forgotten_after(3) == 3
    assert memory.forgotten_after(4) == 0
    memory.clear()
    assert not memory.has_forgotten
    assert memory.events_after(0) == []


def test_coverage_is_merged_and_counts_go_by_their_transaction() -> None:
    memory = LogMemory()
    for start_ms in range(0, 5000, 1000):
        memory.add_coverage(CoverageInterval("BTCUSDT", start_ms, start_ms + 1000, proven=True))
    memory.add_coverage(CoverageInterval("ETHUSDT", 0, 1, proven=False))
    assert memory.coverage() == [
        CoverageInterval("BTCUSDT", 0, 5000, proven=True),
        CoverageInterval("ETHUSDT", 0, 1, proven=False),
    ]
    for number in range(1, 2001):
        memory.add_counts(number, {"BINANCE_USDM": {"received": 1}, "BYBIT": {"stored": 2}})
    assert len(memory.counts_after(1500)) == 500
    assert sum(added["BINANCE_USDM"]["received"] for added in memory.counts_after(0)) == 2000
    assert sum(added["BYBIT"]["stored"] for added in memory.counts_after(0)) == 4000


def test_each_venue_has_its_own_coverage_and_tick_sizes() -> None:
    memory = LogMemory()
    for venue in ("BINANCE_USDM", "BYBIT"):
        for symbol in ("BTCUSDT", "ETHUSDT"):
            memory.add_coverage(CoverageInterval(symbol, 0, 10, proven=True, venue=venue))
        memory.add_tick_size(Instrument(venue, "BTCUSDT"), Decimal(len(venue)), 5)
    memory.cut_coverage(None, [(4, 10)], "BYBIT")
    memory.cut_coverage("ETHUSDT", [(0, 3)], "BINANCE_USDM")
    assert [(str(one.instrument), one.start_ms, one.end_ms) for one in memory.coverage()] == [
        ("BTCUSDT", 0, 10),
        ("ETHUSDT", 3, 10),
        ("bybit:BTCUSDT", 0, 4),
        ("bybit:ETHUSDT", 0, 4),
    ]
    assert [(str(one), size) for one, size, _ in memory.tick_sizes()] == [
        ("BTCUSDT", Decimal(12)),
        ("bybit:BTCUSDT", Decimal(5)),
    ]


BASE, NEXT = Point("a", 7), Point("b", 3)


@pytest.mark.parametrize(
    ("mark", "file", "expected"),
    [
        # The log of a writer that has written all back once, at its number 7.
        (LogMark(Point("a", 9), BASE), LogMark(Point("a", 7), BASE), True),
        (LogMark(Point("a", 9), BASE), LogMark(Point("a", 8), BASE), True),
        (LogMark(Point("a", 9), BASE), LogMark(Point("a", 6), BASE), False),
        (LogMark(Point("a", 9), BASE), LogMark(Point("b", 9), BASE), False),
        (LogMark(Point("a", 9), BASE), None, False),
        # Of one that has not yet: what another writer left is in the file, or more.
        (LogMark(NEXT, BASE), LogMark(BASE, Point()), True),
        (LogMark(NEXT, BASE), LogMark(Point("a", 6), Point()), False),
        (LogMark(NEXT, BASE), LogMark(Point("b", 1), BASE), True),
        # Of a file that was made by it.
        (LogMark(NEXT, Point()), None, True),
        (LogMark(NEXT, Point()), LogMark(BASE, Point()), False),
    ],
)
def test_a_log_continues_what_reaches_its_base(
    mark: LogMark, file: LogMark | None, expected: bool
) -> None:
    assert mark.continues(file) is expected
    assert LogMark.parse(mark.text()) == mark


@pytest.mark.parametrize("text", ["", "a", "a 1 b", "a x - 0", "a 1 - -1", "a 1 - 0 more"])
def test_what_is_no_mark_is_none(text: str) -> None:
    assert LogMark.parse(text) is None


def test_a_file_without_marks_has_none_and_looking_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    before = sorted(tmp_path.iterdir())
    assert read_file_mark(path) is None
    with (
        closing(open_without_log(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("CREATE TABLE more (text)")
    assert sorted(tmp_path.iterdir()) == before
