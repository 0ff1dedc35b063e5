"""A recorder whose database is harmed or taken from it: it goes on, or stands by, and says so."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.recorder.recorder import Recorder, SinkRole
from Heatmap.storage.sqlite.writer_lock import lock_path
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import writing_elsewhere
from Heatmap.tests.unit.stored_events import events

StartRecorder = Callable[..., Recorder]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "heatmap.sqlite3"


@pytest.fixture
def start(path: Path, start_recorder: StartRecorder) -> StartRecorder:
    def started(**config: object) -> Recorder:
        return start_recorder(
            open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
            **({"standby_poll_s": 0.05, "coverage_s": 0.1} | config),
        )

    return started


def times(path: Path) -> list[int]:
    with EventReader(path) as reader:
        found: list[int] = reader.read_window("BTCUSDT", 0, None).events["ts_ms"].tolist()
    return found


def log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def test_a_log_that_is_cut_off_is_noticed_also_where_nothing_comes_to_be_written(
    exchange: ScriptedExchange, path: Path, start: StartRecorder
) -> None:
    recorder = start(coverage_s=3600.0)
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate(price=f"{100 + n}.5") for n in range(50)]
    eventually(lambda: times(path) == sent)
    os.truncate(log(path), 0)
    eventually(lambda: "cut off" in notices_text(recorder.status().storage_notices))
    # What was lost is written again right after the notice.
    eventually(lambda: times(path) == sent)
    recorder.stop()
    assert recorder.status().overflowed == 0
    assert times(path) == sent


def test_a_backup_that_is_copied_over_the_file_goes_on(
    exchange: ScriptedExchange, path: Path, start: StartRecorder, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    with SqliteStore(backup, DataKind.LIVE) as store:
        store.write(events(500))
    recorder = start()
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate(price=f"{100 + n}.5") for n in range(50)]
    eventually(lambda: times(path) == sent)
    with EventReader(path) as reader:
        shutil.copyfile(backup, path)
        eventually(lambda: "overwritten" in notices_text(recorder.status().storage_notices))
        sent += [exchange.liquidate(price=f"{200 + n}.5") for n in range(50)]
        eventually(lambda: len(times(path)) == 600)
        assert not reader.is_current()
    recorder.stop()
    assert times(path) == [event.ts_ms for event in events(500)] + sent


@contextmanager
def other_writer_in_place_of(path: Path) -> Iterator[None]:
    """Put another directory in the place of the file's own, in which another program writes."""
    other = path.parent.with_name("other")
    other.mkdir()
    with writing_elsewhere(other / path.name):
        path.parent.rename(path.parent.with_name("moved"))
        other.rename(path.parent)
        yield


def test_a_recorder_that_finds_another_writer_in_its_place_stands_by_and_takes_over(
    exchange: ScriptedExchange, path: Path, start: StartRecorder
) -> None:
    recorder = start()
    eventually(lambda: live(recorder))
    with other_writer_in_place_of(path):
        eventually(lambda: recorder.status().role is SinkRole.STANDBY)
        before = times(path)
        sent = [exchange.liquidate(price=f"{100 + n}.5") for n in range(20)]
        eventually(lambda: recorder.status().queued == 40)
        assert recorder.status().storage_fault is None
        assert times(path) == before
    eventually(lambda: recorder.status().role is SinkRole.WRITER)
    eventually(lambda: times(path) == [*before, *sent])
    assert recorder.status().overflowed == 0
    assert lock_path(path).exists()


def test_a_recorder_that_is_stopped_while_another_one_has_its_place_claims_no_loss(
    exchange: ScriptedExchange, path: Path, start: StartRecorder
) -> None:
    recorder = start()
    eventually(lambda: live(recorder))
    with other_writer_in_place_of(path):
        eventually(lambda: recorder.status().role is SinkRole.STANDBY)
        exchange.liquidate()
        eventually(lambda: recorder.status().queued == 2)
        recorder.stop()
        assert recorder.status().overflowed == 0


def test_events_wait_while_the_directory_is_gone(
    exchange: ScriptedExchange, path: Path, start: StartRecorder
) -> None:
    recorder = start()
    eventually(lambda: live(recorder))
    first = [exchange.liquidate(price=f"{100 + n}.5") for n in range(20)]
    eventually(lambda: times(path) == first)
    moved = path.parent.with_name("moved")
    path.parent.rename(moved)
    second = [exchange.liquidate(price=f"{200 + n}.5") for n in range(20)]
    eventually(lambda: str(path.parent) in failure_text(recorder.status().storage_fault))
    assert recorder.status().role is SinkRole.WRITER
    path.parent.mkdir()
    eventually(lambda: recorder.status().storage_fault is None)
    eventually(lambda: times(path)[-20:] == second)
    assert lock_path(path).exists()
    recorder.stop()
    assert times(moved / path.name) + times(path) == first + second
