"""One program rings for a database, from what is stored, and another goes on where it ended."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.alerts.alert import Alert
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.alert_file import AlertFile
from Heatmap.alerts.follower import AlertFollower, AlertTimes
from Heatmap.alerts.rules import parse_rule
from Heatmap.domain.events import LiquidationEvent
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import FailureKind
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.stored_events import EVENT

TIMES = AlertTimes(look_s=0.02, keep_s=0.05, retry_s=0.02)
RULES = [parse_rule("large,id=large,usd=1000"), parse_rule("stops,id=stops,seconds=2")]
T0_MS = EVENT.ts_ms


def until(is_so: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.002)


class Program:
    """One program with a recorder: its status, its clock, and what it told."""

    def __init__(self, tape: EventTape, *, confirms: bool = True) -> None:
        self.status = RecorderStatus(role=SinkRole.WRITER, connection=ConnectionState.LIVE)
        self.now_ms = T0_MS
        self.rung = list[Alert]()
        self.missed = self.looks = 0
        self.away = list[bool]()
        self._confirms = confirms
        self._came = threading.Lock()
        self.follower = AlertFollower(
            tape, RULES, self._look, self._take, clock=lambda: self.now_ms, times=TIMES
        )

    def _look(self) -> RecorderStatus:
        self.looks += 1
        return self.status

    def _take(self, news: AlertNews) -> None:
        with self._came:
            self.rung += news.ringing
            self.missed += news.late_count
            self.away += [news.was_away] * bool(news.late_count)
        if self._confirms:
            self.follower.confirm(one.id for one in news.ringing)

    def rung_ids(self) -> list[str]:
        with self._came:
            return [one.id for one in self.rung]

    def close(self) -> None:
        self.follower.stop()


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[HandingWriter]:
    with closing(HandingWriter(open_store(tmp_path / "x.sqlite3"))) as opened:
        yield opened


def at(second: int, qty: float = 1.0) -> LiquidationEvent:
    return replace(EVENT, ts_ms=T0_MS + second * 1000, qty=qty, notional=EVENT.price * qty)


def test_what_is_stored_rings_and_a_restart_neither_repeats_nor_loses(
    writing: HandingWriter,
) -> None:
    writing.write([at(0)])
    with closing(Program(writing.tape)) as first:
        first.follower.start()
        until(first.follower.is_ringing)
        writing.write([at(1), at(1, 0.001), at(2, 0.001)])
        until(lambda: len(first.rung_ids()) == 1)
        assert [one.ts_ms for one in first.rung] == [T0_MS + 1_000]
    # Two while nobody looks: one a while ago, and one a moment ago.
    writing.write([at(3), at(90)])
    with closing(Program(writing.tape)) as second:
        second.now_ms = T0_MS + 100_000
        second.follower.start()
        until(second.rung_ids)
        until(lambda: second.missed == 1)
        assert [one.ts_ms for one in second.rung] == [T0_MS + 90_000]
        until(lambda: not second.follower.state().pending)
        assert second.follower.state().missed == 1
        # What is brought in later, as by an import, did not come while nobody looked.
        writing.write([at(4)])
        until(lambda: second.missed == 2)
        assert second.away == [True, False]
        assert second.follower.failure() is None


def test_a_standby_rings_once_it_writes_and_not_before(writing: HandingWriter) -> None:
    elsewhere = EventTape(writing.database)
    with closing(Program(writing.tape)) as one, closing(Program(elsewhere)) as other:
        other.status = replace(other.status, role=SinkRole.STANDBY)
        one.follower.start()
        until(one.follower.is_ringing)
        other.follower.start()
        writing.write([at(1)])
        until(one.rung_ids)
        # Both believe to write: the lock lets one of them ring.
        other.status = replace(other.status, role=SinkRole.WRITER)
        writing.write([at(3)])
        until(lambda: len(one.rung_ids()) == 2)
        assert not other.follower.is_ringing()
        one.status = replace(one.status, role=SinkRole.STANDBY)
        until(other.follower.is_ringing)
        writing.write([at(5)])
        until(other.rung_ids)
        assert [alert.ts_ms - T0_MS for alert in other.rung] == [5_000]
        assert len(one.rung_ids()) == 2


def test_one_that_dies_before_it_told_leaves_it_to_be_counted(writing: HandingWriter) -> None:
    with closing(Program(writing.tape, confirms=False)) as first:
        first.follower.start()
        until(first.follower.is_ringing)
        writing.write([at(1)])
        until(first.rung_ids)
    with closing(Program(writing.tape)) as second:
        second.follower.start()
        until(lambda: second.missed == 1)
        assert second.rung_ids() == []


def test_a_recording_that_stops_rings_also_where_nothing_can_be_read(
    writing: HandingWriter,
) -> None:
    with closing(Program(EventTape(open_store("nowhere/x.sqlite3")))) as blind:
        # There is no directory either, in which anything could be kept.
        assert blind.follower.failure() is None
        blind.follower.start()
        until(blind.follower.failure)
        failure = blind.follower.failure()
        assert failure is not None
        assert failure.kind is FailureKind.ALERTS_NOT_KEPT
        assert "nowhere" in failure_text(failure)
    with closing(Program(writing.tape)) as program:
        program.follower.start()
        until(program.follower.is_ringing)
        program.status = replace(program.status, connection=ConnectionState.BLIND)
        looks = program.looks
        until(lambda: program.looks > looks + 1)
        assert program.rung_ids() == []
        program.now_ms += 60_000
        until(program.rung_ids)
        assert [one.rule_id for one in program.rung] == ["stops"]


def test_a_file_that_is_none_of_ours_is_told_and_replaced(writing: HandingWriter) -> None:
    path = AlertFile(writing.database.address).path
    path.write_text('{"form": 99}')
    with closing(Program(writing.tape)) as program:
        program.follower.start()
        until(program.follower.is_ringing)
        writing.write([at(1)])
        until(program.rung_ids)
        until(lambda: program.follower.failure() is None)
    assert AlertFile(writing.database.address).read().last["large"].ts_ms == T0_MS + 1_000
