"""What every engine keeps of the time that was recorded."""

from contextlib import closing

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_sink import EventSink
from Heatmap.storage.store import Store, StoreReader

Span = tuple[int, int, bool]


def coverage(reader: StoreReader, symbol: str = "BTCUSDT") -> list[Span]:
    parts = reader.read_coverage(symbol, 0, None)
    assert all(part.symbol == symbol for part in parts)
    return [(part.start_ms, part.end_ms, part.proven) for part in parts]


def test_heartbeats_lengthen_one_interval(sink: EventSink, reader: StoreReader) -> None:
    sink.extend_coverage("BTCUSDT", 1000, 1000, proven=True)
    assert coverage(reader) == []
    for end_ms in range(2000, 6000, 1000):
        sink.extend_coverage("BTCUSDT", end_ms - 1000, end_ms, proven=True)
    assert coverage(reader) == [(1000, 5000, True)]


def test_an_interruption_starts_a_new_interval(sink: EventSink, reader: StoreReader) -> None:
    sink.extend_coverage("BTCUSDT", 1000, 2000, proven=True)
    sink.extend_coverage("BTCUSDT", 5000, 6000, proven=True)
    assert coverage(reader) == [(1000, 2000, True), (5000, 6000, True)]


def test_a_change_of_proof_starts_a_new_interval_where_it_happened(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.extend_coverage("BTCUSDT", 0, 2000, proven=False)
    sink.extend_coverage("BTCUSDT", 2000, 3000, proven=True)
    sink.extend_coverage("BTCUSDT", 3000, 4000, proven=True)
    sink.extend_coverage("BTCUSDT", 4000, 5000, proven=False)
    assert coverage(reader) == [(0, 2000, False), (2000, 4000, True), (4000, 5000, False)]


def test_proven_wins_whichever_came_first(sink: EventSink, reader: StoreReader) -> None:
    sink.extend_coverage("BTCUSDT", 0, 4000, proven=True)
    sink.extend_coverage("BTCUSDT", 2000, 6000, proven=False)
    sink.extend_coverage("ETHUSDT", 2000, 6000, proven=False)
    sink.extend_coverage("ETHUSDT", 0, 4000, proven=True)
    expected = [(0, 4000, True), (4000, 6000, False)]
    assert coverage(reader) == coverage(reader, "ETHUSDT") == expected


def test_a_repeated_recording_does_not_close_the_gaps_of_the_first(
    sink: EventSink, reader: StoreReader
) -> None:
    for _ in range(2):
        sink.extend_coverage("BTCUSDT", 0, 1000, proven=True)
        sink.extend_coverage("BTCUSDT", 8000, 9000, proven=True)
    assert coverage(reader) == [(0, 1000, True), (8000, 9000, True)]


def test_each_instrument_has_its_own_coverage(sink: EventSink, reader: StoreReader) -> None:
    sink.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    sink.extend_coverage("ETHUSDT", 500, 2000, proven=True)
    assert coverage(reader) == [(0, 1000, True)]
    assert coverage(reader, "ETHUSDT") == [(500, 2000, True)]
    assert coverage(reader, "SOLUSDT") == []


def test_coverage_that_ends_before_it_starts_is_a_bug(sink: EventSink) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        sink.extend_coverage("BTCUSDT", 2, 1, proven=True)


def test_coverage_is_cut_to_the_window(sink: EventSink, reader: StoreReader) -> None:
    sink.extend_coverage("BTCUSDT", 0, 1000, proven=False)
    sink.extend_coverage("BTCUSDT", 1000, 3000, proven=True)
    sink.extend_coverage("BTCUSDT", 5000, 7000, proven=True)
    sink.extend_coverage("ETHUSDT", 0, 9000, proven=True)

    def part(start_ms: int, end_ms: int, *, proven: bool) -> CoverageInterval:
        return CoverageInterval("BTCUSDT", start_ms, end_ms, proven)

    assert reader.read_coverage("BTCUSDT", 500, 6000) == (
        part(500, 1000, proven=False),
        part(1000, 3000, proven=True),
        part(5000, 6000, proven=True),
    )
    assert reader.read_coverage("BTCUSDT", 2000, None) == (
        part(2000, 3000, proven=True),
        part(5000, 7000, proven=True),
    )
    assert reader.read_coverage("BTCUSDT", 3000, 5000) == ()


def test_time_in_which_all_were_recorded_counts_for_each(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    sink.extend_coverage("ALL", 1000, 3000, proven=True)
    sink.extend_coverage("ALL", 3000, 4000, proven=False)
    sink.extend_coverage("ETHUSDT", 3500, 5000, proven=True)
    assert coverage(reader) == [(0, 3000, True), (3000, 4000, False)]
    assert [
        (part.start_ms, part.end_ms, part.proven)
        for part in reader.read_coverage("ETHUSDT", 2000, 4500)
    ] == [(2000, 3000, True), (3000, 3500, False), (3500, 4500, True)]
    assert coverage(reader, "XRPUSDT")[0][0] == 1000


@pytest.mark.parametrize("symbol", ["BTCUSDT", None])
def test_spans_are_cut_out(symbol: str | None, sink: EventSink, reader: StoreReader) -> None:
    for name in ("BTCUSDT", "ETHUSDT"):
        sink.extend_coverage(name, 0, 10_000, proven=False)
        sink.extend_coverage(name, 10_000, 20_000, proven=True)
    sink.cut_coverage(symbol, [(1000, 2000), (9500, 10_500), (19_000, 21_000), (-5, -1)])
    cut = [(0, 1000, False), (2000, 9500, False), (10_500, 19_000, True)]
    assert coverage(reader) == cut
    whole = [(0, 10_000, False), (10_000, 20_000, True)]
    assert coverage(reader, "ETHUSDT") == (cut if symbol is None else whole)
    sink.cut_coverage(None, [(0, 15_000)])
    assert coverage(reader) == [(15_000, 19_000, True)]


def test_retention_forgets_coverage_older_than_the_cut(
    sink: EventSink, reader: StoreReader
) -> None:
    for start_ms, end_ms in ((0, 1000), (2000, 4000), (5000, 6000)):
        sink.extend_coverage("BTCUSDT", start_ms, end_ms, proven=True)
    assert sink.delete_expired(3000) == 0
    assert coverage(reader) == [(3000, 4000, True), (5000, 6000, True)]
    assert sink.delete_expired(4000) == 0
    assert coverage(reader) == [(5000, 6000, True)]


def test_what_a_wrong_clock_left_in_the_future_goes_with_the_next_heartbeat(
    sink: EventSink, database: Store
) -> None:
    far_ms = 4_000_000_000_000  # the year 2096
    sink.extend_coverage("BTCUSDT", far_ms, far_ms + 2000, proven=True)
    sink.extend_coverage("BTCUSDT", 1000, 2000, proven=True)
    with closing(database.open_reader()) as reader:
        assert coverage(reader) == [(1000, 2000, True)]


def test_the_status_leaves_out_what_lies_ahead_of_all_time(
    sink: EventSink, database: Store
) -> None:
    sink.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    far_ms = 4_000_000_000_000
    sink.extend_coverage("BTCUSDT", far_ms, far_ms + 2000, proven=True)
    summary = database.status(machine_ms=2000)["symbols"]["BTCUSDT"]
    assert (summary["coverage"]["proven_ms"], summary["gaps"]) == (1000, [])
