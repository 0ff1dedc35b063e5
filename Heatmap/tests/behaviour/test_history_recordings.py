"""Two people record one exchange, each with outages of their own, and complete each other."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from Heatmap.commands.history import run as run_history
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.recordings import RecordedEvent
from Heatmap.errors import OtherWriterError, WrongDataKindError
from Heatmap.history.recordings.merge_recording import merge_recording
from Heatmap.history.recordings.recording_sources import open_source
from Heatmap.history.recordings.reports import MergeReport
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.storage.coverage import gaps_between
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.memory_sink import eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs fork and limits of files")
StartRecorder = Callable[..., Recorder]
Spans = tuple[tuple[int, int], ...]


def whole(store: Store) -> list[RecordedEvent]:
    """Return the events, whichever way they came and whenever they arrived."""
    with closing(store.open_reader()) as reader:
        found = reader.read_recording(lambda _, events: list(events))
    return [replace(one, event=replace(one.event, origin="import", receive_ms=0)) for one in found]


def covered(store: Store) -> tuple[CoverageInterval, ...]:
    with closing(store.open_reader()) as reader:
        return reader.read_coverage("BTCUSDT", 0, None)


def proven_ms(intervals: tuple[CoverageInterval, ...]) -> int:
    return sum(one.end_ms - one.start_ms for one in intervals if one.proven)


def merged(source: Store, target: Store) -> MergeReport:
    # The scripted exchange has a clock of its own: no time of it has yet to come.
    return merge_recording(open_source(str(source.address)), target, 2**42)


def common(first: Spans, second: Spans) -> Spans:
    found = []
    for a_start, a_end in first:
        for b_start, b_end in second:
            if max(a_start, b_start) < min(a_end, b_end):
                found.append((max(a_start, b_start), min(a_end, b_end)))
    return tuple(sorted(found))


class Person:
    """Records the exchange into a database of their own, and can go away for a while."""

    def __init__(self, store: Store, start: StartRecorder) -> None:
        self.store = store
        self._start = start
        self._recorder: Recorder | None = None

    def come(self) -> None:
        """Record, from the moment on at which the exchange is heard."""
        self._recorder = self._start(
            open_sink=lambda: self.store.open_writer(DataKind.LIVE), coverage_s=0.1
        )
        eventually(lambda: live(self._recorder))

    def go(self) -> None:
        assert self._recorder is not None
        self._recorder.stop()
        self._recorder = None

    @property
    def is_there(self) -> bool:
        return self._recorder is not None


def test_two_recordings_complete_each_other_whichever_way_they_are_merged(
    exchange: ScriptedExchange, start_recorder: StartRecorder, tmp_path: Path
) -> None:
    kim, lee = (
        Person(open_store(tmp_path / f"{name}.sqlite3"), start_recorder) for name in ("kim", "lee")
    )
    delivered: list[int] = []
    dice = random.Random(15)
    pause = threading.Event()
    # Who records in each part: at first and at last both, in the fourth part nobody.
    for is_kim, is_lee in ((1, 1), (0, 1), (1, 0), (0, 0), (0, 1), (1, 1)):
        for person, is_due in ((kim, is_kim), (lee, is_lee)):
            if person.is_there and not is_due:
                person.go()
            elif is_due and not person.is_there:
                person.come()
        for _ in range(6):
            ts_ms = exchange.liquidate(price=f"{dice.uniform(90, 110):.2f}")
            if is_kim or is_lee:
                delivered.append(ts_ms)
            # 12 s of the exchange, so that an outage is longer than a heartbeat may be late.
            reached_ms = exchange.now_ms + 2000
            while exchange.now_ms < reached_ms:
                pause.wait(0.005)
    for person in (kim, lee):
        person.go()
    before = {}
    window = (
        min(covered(one.store)[0].start_ms for one in (kim, lee)),
        max(covered(one.store)[-1].end_ms for one in (kim, lee)),
    )
    for person in (kim, lee):
        before[person] = gaps_between(covered(person.store), *window)
        assert len(whole(person.store)) < len(delivered)
        assert len(before[person]) >= 2
    kims, lees = before[kim], before[lee]
    proven_before_ms = proven_ms(covered(kim.store))
    kept = open_store(tmp_path / "kept.sqlite3")  # Lee's, as it was
    merged(lee.store, kept)
    into_kim, into_lee = merged(kept, kim.store), merged(kim.store, lee.store)
    assert [one.event.ts_ms for one in whole(kim.store)] == delivered
    assert whole(kim.store) == whole(lee.store)
    assert covered(kim.store) == covered(lee.store)
    holes = common(kims, lees)
    assert gaps_between(covered(kim.store), *window) == holes != ()
    (btc,) = (one for one in into_kim.instruments if one.instrument == "BTCUSDT")
    proven = [part for part in covered(kim.store) if part.proven]
    filled = sum(end - start for start, end in btc.filled)
    # What Lee covered before the first liquidation is not proven, so it fills nothing.
    assert filled == proven_ms(covered(kim.store)) - proven_before_ms > 0
    assert all(any(p.start_ms <= a and b <= p.end_ms for p in proven) for a, b in btc.filled)
    # Once more changes nothing, either way.
    assert (into_lee.added > 0, merged(kim.store, lee.store).added) == (True, 0)
    assert merged(lee.store, kim.store).instruments[0].filled == ()
    assert covered(kim.store) == covered(lee.store)


def run(*words: object) -> int:
    return run_history([*map(str, words)])


def test_the_commands_export_and_merge(
    exchange: ScriptedExchange,
    start_recorder: StartRecorder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kim = Person(open_store(tmp_path / "kim.sqlite3"), start_recorder)
    kim.come()
    exchange.liquidate()
    eventually(lambda: kim.store.status()["events"] == 1)
    file, lee = tmp_path / "kim.jsonl", tmp_path / "lee.sqlite3"
    assert run("export", "--db", kim.store.address, "--to", file) == 0  # while it is recorded
    assert "1 liquidation written to" in (told := capsys.readouterr().out)
    assert "lower bounds: Binance USD-M sends at most one" in told
    with pytest.raises(OtherWriterError):
        run("import", "--liquidations", file, "--db", kim.store.address)
    kim.go()
    assert run("import", "--liquidations", file, "--db", lee, "--origin", "Kim", "--json") == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (report["added"], report["origin"], report["kind"]) == (1, "Kim", "live")
    assert [one["origin"] for one in open_store(lee).status()["imports"]] == ["Kim"]
    simulated = open_store(tmp_path / "simulated.sqlite3")
    with closing(simulated.open_writer(DataKind.SIMULATED)) as sink:
        sink.extend_coverage("BTCUSDT", 0, 9000, proven=True)
    before = open_store(lee).status()
    with pytest.raises(WrongDataKindError):
        run("import", "--liquidations", simulated.address, "--db", lee)
    assert open_store(lee).status() == before


def program(what: str, work: Path, number: int) -> dict[str, Any]:
    path = Path(__file__).with_name("merge_kill_program.py")
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, str(path), what, str(work), str(number)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env=environment(work),
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@posix_only
def test_a_merge_that_is_killed_has_added_all_or_nothing(tmp_path: Path) -> None:
    found = program("kill", tmp_path, 8)
    assert found["kills"] == 8
    assert found["unmerged"] > 2  # they hit what is being written
    assert (found["code"], found["same"], found["added"]) == (0, True, 800)


@posix_only
def test_a_merge_on_a_full_disk_leaves_no_empty_database(tmp_path: Path) -> None:
    found = program("fill", tmp_path, 4)
    assert found["codes"] == [2] * 4
    assert found["left"] == ["-writer"]  # which is never deleted
    assert (found["again"], found["same"]) == (0, True)
