"""What the status counts, and which symbols it names because their heartbeats stay away."""

import gc
import threading
from dataclasses import fields
from decimal import Decimal

import pytest

from Heatmap.domain.candles import RunningMinute
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_glance import RecorderGlance
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus, SinkPart, StatusBoard
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.ingestion.recorder.texts import heartbeat_text

SYMBOLS = ("BTCUSDT", "ETHUSDX")


@pytest.fixture
def board() -> StatusBoard:
    board = StatusBoard()
    board.expect_heartbeats(SYMBOLS, 10.0)
    return board


def beat(board: StatusBoard, at_s: float, symbol: str = "BTCUSDT") -> RecorderStatus:
    board.note_heartbeat(symbol, int(at_s * 1000), 1.0, at_s)
    return board.snapshot(at_s)


def test_a_symbol_that_gets_no_heartbeat_for_ten_seconds_is_named(board: StatusBoard) -> None:
    assert board.snapshot(99.0).without_heartbeat == ()
    assert beat(board, 100.0).without_heartbeat == ()
    assert beat(board, 109.9).without_heartbeat == ()
    status = beat(board, 110.0)
    assert status.without_heartbeat == ("ETHUSDX",)
    assert heartbeat_text(status) == "no mark price for ETHUSDX: is the symbol right?"
    assert beat(board, 111.0, "ETHUSDX").without_heartbeat == ()


def test_a_symbol_that_stops_is_named_too(board: StatusBoard) -> None:
    beat(board, 100.0)
    beat(board, 105.0, "ETHUSDX")
    assert beat(board, 114.0).without_heartbeat == ()
    assert beat(board, 115.0).without_heartbeat == ("ETHUSDX",)


def test_a_silence_of_all_names_none(board: StatusBoard) -> None:
    beat(board, 100.0)
    beat(board, 101.0, "ETHUSDX")
    assert board.snapshot(500.0).without_heartbeat == ()
    assert board.snapshot(500.0).last_heartbeat_monotonic_s == 101.0


def test_a_glance_is_what_the_snapshot_says_of_a_symbol() -> None:
    board = StatusBoard()
    told = []

    def compare() -> None:
        for symbol in ("", *SYMBOLS):
            glance = board.glance(symbol)
            assert glance == board.snapshot(200.0).glance(symbol)
            told.append(glance)

    failure = Failure(FailureKind.NOT_WRITTEN, {"part": "events", "error": "full"})
    for change in (
        lambda: None,
        lambda: board.note(role=SinkRole.WRITER, connection=ConnectionState.LIVE),
        lambda: board.note(connected_since_ms=90_000),
        lambda: board.expect_heartbeats(SYMBOLS, 10.0),
        lambda: board.note_heartbeat("BTCUSDT", None, 98_000.0, 100.0),
        lambda: board.note_heartbeat("BTCUSDT", 100_500, 98_100.0, 100.5),
        lambda: board.note_running("BTCUSDT", RunningMinute(60_000, 98_200.0, 98_000.0)),
        lambda: board.note_tick_sizes({"ETHUSDX": Decimal("0.01")}, 101.0),
        board.note_tick_failure,
        lambda: board.note_storage_fault(SinkPart.EVENTS, failure),
        lambda: board.note_storage_fault(SinkPart.EVENTS, None),
        lambda: board.note(role=SinkRole.STANDBY, recorded_by_writer=("BTCUSDT",)),
    ):
        change()
        compare()
    # Each of its facts has been seen in two states at least.
    for fact in fields(RecorderGlance):
        assert len({getattr(one, fact.name) for one in told}) > 1, fact.name


def test_a_new_connection_has_its_ten_seconds_again(board: StatusBoard) -> None:
    beat(board, 100.0)
    assert beat(board, 120.0).without_heartbeat == ("ETHUSDX",)
    board.note_not_live()
    assert board.snapshot(121.0).without_heartbeat == ()
    assert beat(board, 122.0).without_heartbeat == ()
    assert beat(board, 131.9).without_heartbeat == ()
    assert beat(board, 132.0).without_heartbeat == ("ETHUSDX",)


def test_the_heartbeats_are_those_of_the_symbols_that_are_recorded(board: StatusBoard) -> None:
    beat(board, 100.0)
    beat(board, 101.0, "ETHUSDX")
    assert board.snapshot(102.0).heartbeats == {"BTCUSDT": 100_000, "ETHUSDX": 101_000}
    board.expect_heartbeats(("BTCUSDT",), 10.0)
    assert board.snapshot(103.0).heartbeats == {"BTCUSDT": 100_000}


def test_the_inserts_of_the_last_minute_count(board: StatusBoard) -> None:
    assert board.snapshot(0.0).write_ms is None
    board.note_batch(5, 1, 0.002, 100.0)
    board.note_batch(7, 0, 0.004, 130.0)
    assert board.snapshot(159.9).inserts_per_minute == 12
    assert board.snapshot(160.0).inserts_per_minute == 7
    status = board.snapshot(190.0)
    assert (status.inserts_per_minute, status.stored, status.duplicates) == (0, 12, 1)
    assert status.write_ms == pytest.approx(4.0)


def test_what_the_garbage_collector_takes_may_look_while_a_snapshot_is_made(
    board: StatusBoard,
) -> None:
    looks: list[float] = []

    class Gone:
        """Garbage that looks at the status, as a layer's feed does, and leaves more of it."""

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            # A minute later, so that it forgets what the other one counts.
            looks.append(board.snapshot(500.0).stored)
            if len(looks) < 50:
                Gone()

    def look() -> None:
        thresholds = gc.get_threshold()
        gc.set_threshold(1)
        try:
            Gone()
            while len(looks) < 50:
                for number in range(20):
                    board.note_batch(1, 0, 0.001, 5.0 + number)
                board.snapshot(30.0)
        finally:
            gc.set_threshold(*thresholds)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
