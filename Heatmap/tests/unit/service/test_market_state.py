"""What is said of a market's recording: the worst thing that is so, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from Heatmap import (
    ConnectionState,
    DataKind,
    Failure,
    FailureKind,
    MarketState,
    RecorderStatus,
    ShownTime,
    SinkRole,
    Situation,
    market_state,
)
from Heatmap.service.market_state import (
    BAD_SITUATIONS,
    QUIET_AFTER_MS,
    UNPROVEN_AFTER_MS,
    shown_time,
)

NOW_MS = 1_733_356_800_000
LIVE = RecorderStatus(
    role=SinkRole.WRITER,
    connection=ConnectionState.LIVE,
    connected_since_ms=NOW_MS - 3_600_000,
    last_heartbeat_ms=NOW_MS - 500,
    last_force_order_ms=NOW_MS - 1_000,
    proven=True,
)


def state_of(recorder: RecorderStatus | None, **others: Any) -> MarketState:
    given = {"is_running": True, "recorded": ("BTCUSDT",), "last_event_ms": NOW_MS - 1_000}
    return market_state("BTCUSDT", recorder, NOW_MS, **{**given, **others})


def fails(kind: FailureKind, **values: object) -> RecorderStatus:
    return replace(
        LIVE,
        connection=ConnectionState.BLIND,
        connected_since_ms=None,
        connection_failure=Failure(kind, values),
        attempts=3,
    )


STANDBY = replace(LIVE, role=SinkRole.STANDBY)
BESIDE_ALL = replace(STANDBY, recorded_by_writer=("ALL",))
CUT_OFF = fails(FailureKind.CLOSED)
LONG_AGO = {"last_event_ms": NOW_MS - 3_600_000}
SILENT = {"blind_since_ms": NOW_MS - 60_000}
DISK_FULL = Failure(FailureKind.DISK_FULL, {"path": "x", "reason": "y"})


@pytest.mark.parametrize(
    ("recorder", "others", "situation"),
    [
        (LIVE, {}, Situation.LIVE),
        (LIVE, {"last_event_ms": None}, Situation.FIRST_START),
        (LIVE, {"last_event_ms": NOW_MS - QUIET_AFTER_MS + 1}, Situation.LIVE),
        (LIVE, {"last_event_ms": NOW_MS - QUIET_AFTER_MS}, Situation.QUIET),
        (None, {}, Situation.STOPPED),
        (LIVE, {"is_running": False}, Situation.STOPPED),
        (replace(LIVE, role=SinkRole.STANDBY), {}, Situation.STANDBY),
        (
            replace(LIVE, role=SinkRole.STANDBY, not_recorded=("BTCUSDT",)),
            {},
            Situation.NOT_RECORDED,
        ),
        (LIVE, {"recorded": ("ETHUSDT",)}, Situation.NOT_RECORDED),
        (LIVE, {"recorded": ("ALL",)}, Situation.LIVE),
        (
            replace(
                LIVE, proven=False, last_force_order_ms=None, connected_since_ms=NOW_MS - 1_000
            ),
            {"last_event_ms": None},
            Situation.FIRST_START,
        ),
        (
            replace(LIVE, proven=False, last_force_order_ms=NOW_MS - UNPROVEN_AFTER_MS),
            {},
            Situation.UNPROVEN,
        ),
        (fails(FailureKind.WENT_SILENT, silence_s=10), {}, Situation.BLIND),
        (fails(FailureKind.WENT_SILENT, silence_s=10), {"has_network": False}, Situation.OFFLINE),
        (fails(FailureKind.NAME_NOT_RESOLVED, reason="x"), {}, Situation.OFFLINE),
        # The system says that there is a network: then it is not the computer's fault.
        (
            fails(FailureKind.NAME_NOT_RESOLVED, reason="x"),
            {"has_network": True},
            Situation.BLIND,
        ),
        (fails(FailureKind.REGION, status=451, hold_s=300), {}, Situation.REFUSED),
        (fails(FailureKind.BANNED, status=418, hold_s=120), {"has_network": False}, "refused"),
        (replace(LIVE, connection=ConnectionState.CONNECTING), {}, Situation.BLIND),
        # What was liquidated before this connection is no silence of its time.
        (replace(LIVE, connected_since_ms=NOW_MS - 5_000), LONG_AGO, Situation.LIVE),
        (
            replace(
                LIVE,
                proven=False,
                last_force_order_ms=NOW_MS - 3_600_000,
                connected_since_ms=NOW_MS - 5_000,
            ),
            LONG_AGO,
            Situation.LIVE,
        ),
        # Another program writes: what it stores counts, not only what this one gets.
        (STANDBY, {"recorded": ("ETHUSDT",)}, Situation.NOT_RECORDED),
        (BESIDE_ALL, {"recorded": ("ETHUSDT",)}, Situation.STANDBY),
        (replace(BESIDE_ALL, recorded_by_writer=("ETHUSDT",)), {}, Situation.NOT_RECORDED),
        (STANDBY, SILENT, Situation.WRITER_SILENT),
        (replace(STANDBY, connected_since_ms=NOW_MS - 5_000), SILENT, Situation.STANDBY),
        (replace(CUT_OFF, role=SinkRole.STANDBY), {}, Situation.STANDBY),
        (replace(CUT_OFF, role=SinkRole.STANDBY), SILENT, Situation.BLIND),
        (replace(CUT_OFF, role=SinkRole.STANDBY), {"last_event_ms": None}, Situation.BLIND),
        # They come, at a time that nobody believes yet.
        (replace(LIVE, connected_since_ms=None), {}, Situation.UNTIMED),
        (replace(LIVE, connected_since_ms=None), {"last_event_ms": None}, Situation.UNTIMED),
        # Other symbols come, this one does not.
        (replace(LIVE, without_heartbeat=("BTCUSDT",)), {}, Situation.NOT_SENT),
        (replace(LIVE, without_heartbeat=("ETHUSDT",)), {}, Situation.LIVE),
        (replace(STANDBY, without_heartbeat=("BTCUSDT",)), {}, Situation.STANDBY),
        (
            RecorderStatus(role=SinkRole.WRITER, connection=ConnectionState.OPEN),
            {},
            Situation.CONNECTING,
        ),
        (replace(LIVE, storage_fault=DISK_FULL), {}, Situation.NOT_SAVED),
        (
            replace(fails(FailureKind.REGION, status=451), storage_fault=DISK_FULL),
            {"recorded": ()},
            Situation.NOT_SAVED,
        ),
    ],
)
def test_the_worst_speaks(
    recorder: RecorderStatus | None, others: dict[str, Any], situation: Situation
) -> None:
    state = state_of(recorder, **others)
    assert state.situation == situation
    assert state.is_bad is (situation in BAD_SITUATIONS)


def test_times_and_numbers_are_those_of_the_situation() -> None:
    assert state_of(LIVE).since_ms == LIVE.connected_since_ms
    assert state_of(LIVE, last_event_ms=NOW_MS - 7_000).span_ms == 7_000
    blind = state_of(fails(FailureKind.CLOSED))
    assert (blind.since_ms, blind.attempt) == (LIVE.last_heartbeat_ms, 3)
    # The store's last moment is the same loss; where it is long before, it is another one.
    assert state_of(CUT_OFF, blind_since_ms=NOW_MS - 1_500).since_ms == NOW_MS - 1_500
    assert state_of(CUT_OFF, **SILENT).since_ms == LIVE.last_heartbeat_ms
    # Another program went on for longer.
    assert state_of(CUT_OFF, blind_since_ms=NOW_MS - 100).since_ms == NOW_MS - 100
    assert state_of(STANDBY, **SILENT).since_ms == NOW_MS - 60_000
    unsent = replace(LIVE, without_heartbeat=("BTCUSDT",), heartbeats={"BTCUSDT": 7})
    assert state_of(unsent).since_ms == 7
    assert state_of(replace(LIVE, connected_since_ms=NOW_MS - 5_000), **LONG_AGO).span_ms is None
    full = state_of(replace(LIVE, storage_fault=DISK_FULL, queued=214))
    assert (full.waiting, full.failure) == (214, DISK_FULL)


def test_a_chart_of_another_time_keeps_the_recordings_situation() -> None:
    state = state_of(fails(FailureKind.CLOSED), shown=ShownTime.AS_OF, shown_ms=5)
    assert (state.shown, state.shown_ms, state.situation) == (ShownTime.AS_OF, 5, Situation.BLIND)
    assert [shown_time(kind) for kind in DataKind] == [
        ShownTime.NOW,
        ShownTime.SIMULATED,
        ShownTime.REPLAY,
    ]
