"""What every engine does with another recording: it adds what is missing and keeps both apart."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_keys import event_key
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.recordings import ImportedCoverage, RecordedEvent, RecordingHead
from Heatmap.storage.store import Store, StoreReader, StoreWriter
from Heatmap.tests.unit.stored_events import EVENT, events

KEYED = replace(EVENT, event_key=event_key("BINANCE_USDM", "BTCUSDT", EVENT.ts_ms, "long", ["1"]))

DAY_MS = 86_400_000
NOW_MS = EVENT.ts_ms + DAY_MS


def recorded(event: LiquidationEvent, key: bytes, *, from_numbers: bool = False) -> RecordedEvent:
    kept = replace(event, origin="import", event_key=key)
    return RecordedEvent(kept, key, from_numbers)


def covers(
    start_ms: int, end_ms: int, origin: str, *, proven: bool = True, symbol: str = "BTCUSDT"
) -> ImportedCoverage:
    return ImportedCoverage(CoverageInterval(symbol, start_ms, end_ms, proven), origin)


def whole(reader: StoreReader) -> tuple[RecordingHead, list[RecordedEvent]]:
    return reader.read_recording(lambda head, found: (head, list(found)))


def test_what_is_missing_is_added_once_with_its_key(sink: StoreWriter, reader: StoreReader) -> None:
    sink.write([KEYED, *events(2, start_ms=10)])
    _, before = whole(reader)
    assert [one.key_from_numbers for one in before] == [True, True, False]
    odd = recorded(replace(EVENT, ts_ms=500), b"0123456789abcdef", from_numbers=True)
    new = recorded(replace(KEYED, ts_ms=501), b"fedcba9876543210")
    assert sink.merge_recording([odd, *before, new, odd], [], NOW_MS) == 2
    assert sink.merge_recording([odd, *before, new, odd], [], NOW_MS) == 0
    _, after = whole(reader)
    assert [one for one in after if one not in (odd, new)] == before
    assert (odd in after, new in after, len(after)) == (True, True, 5)


def test_the_totals_of_the_recorder_do_not_count_what_is_merged(
    database: Store, sink: StoreWriter, reader: StoreReader
) -> None:
    sink.write(events(2))
    _, own = whole(reader)
    sink.merge_recording([*own, recorded(KEYED, b"x" * 16)], [], NOW_MS)
    assert database.status()["counters"]["received"] == 2
    assert database.status()["events"] == 3


def test_coverage_is_united_and_its_origin_is_kept(
    database: Store, sink: StoreWriter, reader: StoreReader
) -> None:
    sink.extend_coverage("BTCUSDT", 1000, 5000, proven=True)
    sink.extend_coverage("BTCUSDT", 5000, 6000, proven=False)
    given = [
        covers(0, 3000, "b", proven=False),
        covers(4000, 8000, "a"),
        covers(7000, 9000, "a"),
        covers(9000, 9500, "a", symbol="ALL", proven=False),
    ]
    for _ in range(2):
        sink.merge_recording([], given, NOW_MS)
    found = [
        (one.start_ms, one.end_ms, one.proven) for one in reader.read_coverage("BTCUSDT", 0, None)
    ]
    assert found == [(0, 1000, False), (1000, 9000, True), (9000, 9500, False)]
    assert reader.recorded_since_ms("BTCUSDT") == 0
    head, _ = whole(reader)
    assert sorted((one.start_ms, one.end_ms, one.proven) for one in head.coverage) == [
        (1000, 5000, True),
        (5000, 6000, False),
    ]
    assert set(head.imported) == {
        covers(0, 3000, "b", proven=False),
        covers(4000, 9000, "a"),
        covers(9000, 9500, "a", symbol="ALL", proven=False),
    }
    imports = database.status()["imports"]
    assert [(one["origin"], one["symbol"], one["proven_ms"]) for one in imports] == [
        ("a", "ALL", 0),
        ("a", "BTCUSDT", 5000),
        ("b", "BTCUSDT", 0),
    ]
    assert database.status()["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 8000


def test_what_the_recorder_cuts_out_stays_covered_by_another(
    sink: StoreWriter, reader: StoreReader
) -> None:
    sink.extend_coverage("BTCUSDT", 0, 9000, proven=True)
    sink.merge_recording([], [covers(2000, 6000, "a")], NOW_MS)
    sink.cut_coverage("BTCUSDT", [(1000, 4000)])
    spans = [(one.start_ms, one.end_ms) for one in reader.read_coverage("BTCUSDT", 0, None)]
    assert spans == [(0, 1000), (2000, 9000)]


def test_what_expires_is_not_covered_by_another_either(
    sink: StoreWriter, reader: StoreReader
) -> None:
    sink.merge_recording(
        [recorded(replace(EVENT, ts_ms=ts_ms), bytes([ts_ms]) * 16) for ts_ms in (1, 5, 9)],
        [covers(0, 3, "a"), covers(4, 10, "a"), covers(0, 4, "b")],
        NOW_MS,
    )
    while sink.delete_expired(5):
        pass
    head, left = whole(reader)
    assert head.imported == (covers(5, 10, "a"),)
    assert [one.event.ts_ms for one in left] == [5, 9]


def test_an_iterator_that_fails_leaves_nothing(sink: StoreWriter, reader: StoreReader) -> None:
    sink.write(events(1))
    before = whole(reader)

    def broken() -> Iterator[RecordedEvent]:
        for number in range(1500):
            yield recorded(replace(EVENT, ts_ms=number + 1), number.to_bytes(16))
        raise LookupError("the file ends here")

    with pytest.raises(LookupError):
        sink.merge_recording(broken(), [covers(0, 9, "a")], NOW_MS)
    assert whole(reader) == before
    assert len(sink.write([EVENT]).row_ids) == 1


def test_followers_see_merged_events_as_news(sink: StoreWriter, reader: StoreReader) -> None:
    sink.write(events(3))
    reached = reader.read_window("BTCUSDT", 0, None, list).last_row_id
    sink.merge_recording([recorded(replace(EVENT, ts_ms=7), b"y" * 16)], [], NOW_MS)
    assert [row[0] for row in reader.read_after("BTCUSDT", reached, list).events] == [7]


@pytest.mark.parametrize(
    ("kept_days", "event_days", "covered_days", "expected_days"),
    [
        (None, 1, 0, 3650),  # the first recorder would set its own without a question
        (14, 15, 0, 3650),
        (14, 1, 15, 3650),
        (14, 13, 13, 14),
        (3650, 5000, 0, 3650),
    ],
)
def test_a_merge_lets_nothing_expire_that_it_brought(
    sink: StoreWriter,
    kept_days: int | None,
    event_days: int,
    covered_days: int,
    expected_days: int,
) -> None:
    if kept_days is not None:
        sink.keep_retention(kept_days * DAY_MS)
    one = replace(EVENT, ts_ms=NOW_MS - event_days * DAY_MS)
    covered = covers(NOW_MS - covered_days * DAY_MS, NOW_MS, "a")
    sink.merge_recording([recorded(one, b"x" * 16)], [covered], NOW_MS)
    assert sink.kept_retention_ms() == expected_days * DAY_MS


def test_a_merge_of_nothing_leaves_the_retention_to_the_recorder(sink: StoreWriter) -> None:
    sink.merge_recording([], [], NOW_MS)
    assert sink.kept_retention_ms() is None


def test_only_a_store_with_nothing_in_it_is_taken_away(database: Store) -> None:
    with closing(database.open_writer(DataKind.LIVE)):
        assert not database.discard_empty()
    assert database.discard_empty()
    assert not database.exists()
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        sink.write([KEYED])
    assert not database.discard_empty()
    assert database.exists()
