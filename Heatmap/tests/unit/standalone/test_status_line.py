"""What the status bar says of a recorder."""

from typing import Any

import pytest

from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, RetentionStatus, SinkRole
from Heatmap.standalone.status_line import (
    connection_words,
    timing_words,
    title_words,
    tray_words,
)

DAY_MS = 86_400_000


def failed(text: str) -> Failure:
    return Failure(FailureKind.OTHER, {"text": text})


def words(**values: Any) -> str:
    recorder = RecorderStatus(
        **(
            {
                "role": SinkRole.WRITER,
                "connection": ConnectionState.LIVE,
            }
            | values
        )
    )
    return connection_words("Binance", recorder, is_running=True)


def test_a_writer_in_order_is_told_in_a_word() -> None:
    kept = RetentionStatus(14 * DAY_MS, 14 * DAY_MS, 0)
    assert words(retention=kept) == "Binance: live"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"role": SinkRole.STANDBY}, "Standby: another program records"),
        ({"storage_fault": failed("the disk is full")}, "Not written: the disk is full"),
        ({"storage_notices": (failed("set aside as x"),)}, "set aside as x"),
        ({"without_heartbeat": ("X", "Y")}, "No mark price for X, Y: is the symbol right?"),
        ({"retention": RetentionStatus(14 * DAY_MS, DAY_MS, 4321)}, "in the settings: 4,321"),
    ],
)
def test_what_a_user_should_know_stands_behind_it(values: dict[str, Any], expected: str) -> None:
    assert words(**values).startswith("Binance: live; ")
    assert expected in words(**values)


def test_a_service_that_does_not_run_says_so() -> None:
    assert connection_words("Binance", None, is_running=False) == ("Binance: not recording")


def test_the_measuring_points_are_told_in_one_line() -> None:
    measured = {"rebuild_ms": 38.2, "sent_bytes": 861_234.0, "paint_ms": 0.42, "frames": 12.0}
    recorder = {"inserts_per_minute": 17}
    status = {"running": True, "recorder": recorder, "layers": [{"measured": measured}]}
    assert timing_words(status) == (
        "stored 17/min, built in 38 ms, sent 861.2 kB, painted in 0.4 ms, 12 frames/s"
    )
    assert timing_words({"running": True, "recorder": recorder, "layers": []}) == "stored 17/min"
    assert timing_words({"running": False, "recorder": None, "layers": []}) == ""


@pytest.mark.parametrize(
    ("price", "change"),
    [(98_000.0, "0.00"), (97_999.9, "0.00"), (98_098.0, "+0.10"), (97_902.0, "\u22120.10")],
)
def test_the_title_has_a_sign_only_where_the_price_has_moved(price: float, change: str) -> None:
    words = title_words("BTCUSDT", "", (98_000.0, price), 1)
    assert words == f"BTCUSDT {price:,.1f} {change} % - Heatmap"


def test_the_tray_says_the_word_and_the_last_hour_where_that_is_known() -> None:
    assert tray_words("BTCUSDT", "Blind", None) == "BTCUSDT: Blind"
    told = tray_words("BTCUSDT", "Live", ("1.02M", "340k"))
    assert told == "BTCUSDT: Live\n1 h at least: longs 1.02M, shorts 340k"
