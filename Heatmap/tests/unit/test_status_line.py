"""What the status bar says of a recorder."""

from typing import Any

import pytest

from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, RetentionStatus, SinkRole
from Heatmap.standalone.status_line import connection_words, timing_words

DAY_MS = 86_400_000


def words(**values: Any) -> str:
    recorder = RecorderStatus(
        **(
            {
                "role": SinkRole.WRITER,
                "role_words": "writing",
                "connection": ConnectionState.LIVE,
                "connection_words": "live",
            }
            | values
        )
    )
    return connection_words("Binance", {"running": True, "recorder": recorder})


def test_a_writer_in_order_is_told_in_a_word() -> None:
    kept = RetentionStatus(14 * DAY_MS, 14 * DAY_MS, 0)
    assert words(retention=kept) == "Binance: live"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"role": SinkRole.STANDBY, "role_words": "standby: ..."}, "standby: ..."),
        ({"storage_fault": "the disk is full"}, "not written: the disk is full"),
        ({"storage_notice": "set aside as x"}, "set aside as x"),
        ({"without_heartbeat": ("X", "Y")}, "no mark price for X, Y: are the symbols right?"),
        ({"retention": RetentionStatus(14 * DAY_MS, DAY_MS, 321)}, "321 events"),
    ],
)
def test_what_a_user_should_know_stands_behind_it(values: dict[str, Any], expected: str) -> None:
    assert words(**values).startswith("Binance: live; ")
    assert expected in words(**values)


def test_a_service_that_does_not_run_says_so() -> None:
    assert connection_words("Binance", {"running": False, "recorder": None}) == (
        "Binance: not recording"
    )


def test_the_measuring_points_are_told_in_one_line() -> None:
    measured = {"rebuild_ms": 38.2, "sent_bytes": 861_234.0, "paintMs": 0.42, "frames": 12.0}
    recorder = RecorderStatus(inserts_per_minute=17)
    status = {"running": True, "recorder": recorder, "layers": [{"measured": measured}]}
    assert timing_words(status) == (
        "17 inserts/min, build 38 ms, sent 861.2 kB, paint 0.4 ms, 12 frames/s"
    )
    assert timing_words({"running": True, "recorder": recorder, "layers": []}) == "17 inserts/min"
    assert timing_words({"running": False, "recorder": None, "layers": []}) == ""
