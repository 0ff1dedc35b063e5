"""A log, or its index, that is cut off, deleted or exchanged while its database is written."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.candles import Fetched, Funding, Series
from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite.write_ahead_log import CHECKPOINT_BYTES
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import reading_elsewhere, sound
from Heatmap.tests.unit.stored_events import events, query

EARLY = events(3000)
LATE = events(400, start_ms=10**8)
AFTER = events(300, start_ms=10**9)
Harm = Callable[[Path], None]


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def cut_off(path: Path) -> None:
    os.truncate(beside(path, "-wal"), 0)


def cut_in_half(path: Path) -> None:
    log = beside(path, "-wal")
    os.truncate(log, log.stat().st_size // 2)


def cut_in_a_page(path: Path) -> None:
    log = beside(path, "-wal")
    os.truncate(log, log.stat().st_size - 1000)


def delete(path: Path) -> None:
    beside(path, "-wal").unlink()


def move(path: Path) -> None:
    beside(path, "-wal").rename(path.with_name("elsewhere"))


def overwrite(path: Path) -> None:
    log = beside(path, "-wal")
    log.write_bytes(b"no log \x00" * (log.stat().st_size // 8 + 1000))


def put_another_in_place(path: Path) -> None:
    other = path.with_name("other")
    other.unlink(missing_ok=True)
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (text)")
        shutil.copyfile(beside(other, "-wal"), path.with_name("log"))
    path.with_name("log").replace(beside(path, "-wal"))


def delete_index(path: Path) -> None:
    beside(path, "-shm").unlink()


def delete_both(path: Path) -> None:
    delete(path)
    delete_index(path)


def cut_both(path: Path) -> None:
    cut_off(path)
    delete_index(path)


@contextmanager
def reading_here(path: Path) -> Iterator[Callable[[], None]]:
    with EventReader(path) as reader:
        reader.read_window("BTCUSDT", 0, None)
        yield reader.close


@contextmanager
def reading_nowhere(path: Path) -> Iterator[Callable[[], None]]:
    del path
    yield lambda: None


HARMS = pytest.mark.parametrize(
    "harm",
    [
        *(cut_off, cut_in_half, cut_in_a_page, delete, move, overwrite, put_another_in_place),
        *(delete_index, delete_both, cut_both),
    ],
    ids=lambda harm: harm.__name__,
)


FUNDING = Fetched(Series.FUNDING, (Funding(1000, 0.0001),), ((0, 28_800_000),))


def times(path: Path) -> list[int]:
    return [row[0] for row in query(path, "SELECT ts_ms FROM liq_events ORDER BY id")]  # type: ignore[misc]


@HARMS
@pytest.mark.parametrize(
    "reading",
    [reading_nowhere, reading_elsewhere, reading_here],
    ids=["alone", "reader elsewhere", "reader here"],
)
def test_nothing_that_was_confirmed_is_lost(
    path: Path, harm: Harm, reading: Callable[[Path], AbstractContextManager[Callable[[], None]]]
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        ids = list(store.write(EARLY).row_ids)
        with reading(path) as let_go:
            ids += store.write(LATE).row_ids
            store.extend_coverage("BTCUSDT", 0, 10**8, proven=True)
            store.save_tick_size("BTCUSDT", Decimal("0.10"), 5)
            store.add_counts({"received": 7})
            store.save_fetched("BTCUSDT", FUNDING)
            before, fetched = store.generation(), store.candle_generation()
            harm(path)
            assert store.generation() == before, "its row ids and its coverage go on"
            is_lost = not store.fetched_spans("BTCUSDT", Series.FUNDING)
            assert store.candle_generation() > fetched or not is_lost
            assert "while it was written" in notices_text(store.notices)
            assert "lost" in notices_text(store.notices)
            assert "\n" not in notices_text(store.notices)
            ids += store.write(AFTER).row_ids
            with EventReader(path) as reader:
                assert len(reader.read_window("BTCUSDT", 0, None).events) == 3700
            let_go()
    assert sound(path)
    assert times(path) == [event.ts_ms for event in [*EARLY, *LATE, *AFTER]]
    assert query(path, "SELECT id FROM liq_events ORDER BY id") == [(number,) for number in ids]
    status = read_status(path)
    assert status["counters"]["received"] == len(ids) + 7
    assert status["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 10**8
    assert status["symbols"]["BTCUSDT"]["tick_size"] == "0.10"


@pytest.mark.parametrize("harm", [cut_off, cut_in_half, overwrite], ids=lambda harm: harm.__name__)
def test_what_can_be_fetched_again_is_lost_with_its_log_and_that_is_told(
    path: Path, harm: Harm
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(EARLY)
        store.save_fetched("BTCUSDT", FUNDING)
        before = store.candle_generation()
        assert store.fetched_spans("BTCUSDT", Series.FUNDING) == FUNDING.spans
        harm(path)
        assert store.candle_generation() > before
        assert store.fetched_spans("BTCUSDT", Series.FUNDING) == ()


@HARMS
def test_readers_take_note(path: Path, harm: Harm) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store, EventReader(path) as reader:
        store.write(LATE)
        assert reader.is_current()
        harm(path)
        store.write(AFTER)
        assert not reader.is_current()


@HARMS
def test_closing_loses_nothing(path: Path, harm: Harm) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(LATE)
        harm(path)
    assert sound(path)
    assert times(path) == [event.ts_ms for event in LATE]


@HARMS
def test_it_may_happen_again_and_again(path: Path, harm: Harm) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for number in range(4):
            store.write(events(200, start_ms=number * 10**6))
            harm(path)
    assert sound(path)
    assert len(times(path)) == 800


def test_an_index_that_is_cut_off_is_made_anew(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store, reading_elsewhere(path) as let_go:
        let_go()
        store.write(LATE)
        # A process that touched what is cut off of its memory would be killed.
        os.truncate(beside(path, "-shm"), 0)
        store.write(AFTER)
    assert sound(path)
    assert times(path) == [event.ts_ms for event in [*LATE, *AFTER]]


def test_what_is_not_kept_is_counted_and_said(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store, reading_elsewhere(path) as let_go:
        store._log.memory._limit = 250
        for number in range(0, 400, 100):
            store.write(LATE[number : number + 100])
        store.extend_coverage("BTCUSDT", 0, 10**8, proven=True)
        before = store.generation()
        cut_off(path)
        assert store.generation() > before, "not all that was written is there"
        store.write(AFTER)
        assert "250 events" in notices_text(store.notices)
        assert "150 are lost" in notices_text(store.notices)
        let_go()
    assert sound(path)
    assert len(times(path)) == 250 + 300
    # Events of that time are lost, so nothing says that all of them are there.
    assert query(path, "SELECT count(*) FROM coverage") == [(0,)]


def test_what_a_killed_recorder_left_in_its_log_is_not_lost_with_it(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(EARLY)
        copies = {suffix: beside(path, suffix).read_bytes() for suffix in ("", "-wal")}
    for suffix, content in copies.items():
        beside(path, suffix).write_bytes(content)
    # The reader keeps the log from being written back when the next recorder opens the file.
    with (
        reading_elsewhere(path) as let_go,
        SqliteStore.for_recorder(path, DataKind.LIVE) as store,
    ):
        store.write(LATE)
        cut_off(path)
        store.write(AFTER)
        assert "nothing of it is lost" in notices_text(store.notices)
        let_go()
    assert sound(path)
    assert times(path) == [event.ts_ms for event in [*EARLY, *LATE, *AFTER]]
    assert not beside(path, "-wal-copy").exists()


def test_heartbeats_that_no_number_tells_of_are_written_once_more(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.extend_coverage("BTCUSDT", 0, 1000, proven=True)
        with reading_elsewhere(path) as let_go:
            log_bytes = beside(path, "-wal").stat().st_size
            for start_ms in range(1000, 9000, 1000):
                store.extend_coverage("BTCUSDT", start_ms, start_ms + 1000, proven=True)
            grown = beside(path, "-wal").stat().st_size - log_bytes
            assert grown == 8 * (4096 + 24), "each writes one page, so none of them a number"
            # The latest number gets into the file, what came after it does not.
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            let_go()
        cut_off(path)
        store.generation()
        assert "none is lost" in notices_text(store.notices)
    assert sound(path)
    assert read_status(path)["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 9000


@HARMS
def test_a_file_that_holds_a_part_of_its_log_is_whole_without_it(path: Path, harm: Harm) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(EARLY)
        with reading_elsewhere(path) as let_go:
            stored = list(EARLY)
            # Enough that what the reader does not need any more is written into the file.
            for number in range(20):
                stored += events(500, start_ms=10**8 + number * 10**6)
                store.write(stored[-500:])
            assert beside(path, "-wal").stat().st_size > CHECKPOINT_BYTES
            harm(path)
            store.write(AFTER)
            let_go()
    assert sound(path)
    assert times(path) == [event.ts_ms for event in [*stored, *AFTER]]
    assert not beside(path, "-wal-copy").exists()


def test_what_a_killed_writer_had_not_committed_is_no_harm(path: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed" / path.name
    killed.parent.mkdir()
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(EARLY)
        for suffix in ("", "-wal"):
            shutil.copy(beside(path, suffix), beside(killed, suffix))
        page_bytes = query(path, "PRAGMA page_size")[0][0]
    log = bytearray(beside(killed, "-wal").read_bytes())
    # Of this log by its number, and no end of a commit: pages on their way when the writer went.
    frame = log[-(24 + page_bytes) :]
    frame[4:8] = bytes(4)
    beside(killed, "-wal").write_bytes(log + frame * 40)
    stored = list(EARLY)
    with SqliteStore.for_recorder(killed, DataKind.LIVE) as store:
        assert store.notices == ()
        for number in range(60):
            stored += events(5, start_ms=10**8 + number * 10**5)
            store.write(stored[-5:])
        assert store.notices == ()
    assert sound(killed)
    assert times(killed) == [event.ts_ms for event in stored]


MOMENTS = pytest.mark.parametrize("moment", ["stamp", "has_taken", "note_commit", "settle"])


@pytest.mark.parametrize(
    "harm", [cut_off, cut_in_half, delete, overwrite], ids=lambda h: h.__name__
)
@MOMENTS
def test_a_log_that_is_harmed_amid_a_transaction_costs_nothing(
    path: Path, harm: Harm, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        owner = store._watch if moment == "has_taken" else store._log
        original = getattr(owner, moment)
        batches = [events(100, start_ms=number * 10**6) for number in range(6)]
        is_due = False

        def harmed(*arguments: object) -> object:
            nonlocal is_due
            if is_due and beside(path, "-wal").stat().st_size:
                is_due = False
                harm(path)
            return original(*arguments)

        monkeypatch.setattr(owner, moment, harmed)
        for number, batch in enumerate(batches):
            is_due = number in {0, 2, 3}
            for _ in range(4):
                with suppress(StorageError):
                    store.write(batch)
                    break
    assert sound(path)
    assert len(times(path)) == 600
