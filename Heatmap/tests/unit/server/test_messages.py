"""Ids of streams: a row of live data is its number; other data's carry their kind."""

import json

from Heatmap.domain.events import DataKind
from Heatmap.server.streams.messages import as_event, as_frame, liquidation, parse_id, written_id
from Heatmap.storage.store import StoredEvent

EVENT = StoredEvent(7, "BTCUSDT", 1_000, True, 2.0, 3.0, 6.0, None)


def test_an_id_is_read_back_only_by_its_own_kind() -> None:
    for kind in DataKind:
        assert parse_id(kind, written_id(kind, 12)) == 12
    assert written_id(DataKind.LIVE, 12) == "12"
    assert parse_id(DataKind.LIVE, "simulated-12") is None
    assert parse_id(DataKind.SIMULATED, "12") is None
    for text in ("", "x", "-1", "1.5", "9" * 30, "live-", "\u0661"):
        assert parse_id(DataKind.LIVE, text) is None


def test_an_event_is_one_message_of_lines_and_a_frame_is_json() -> None:
    message = liquidation(DataKind.LIVE, EVENT)
    lines = as_event(message).decode().split("\n")
    assert lines[:2] == ["event: liquidation", "id: 7"]
    assert lines[3:] == ["", ""]
    frame = json.loads(as_frame(message))
    assert (frame["type"], frame["id"]) == ("liquidation", "7")
    assert frame["data"] == json.loads(lines[2].removeprefix("data: "))
    assert (frame["data"]["side"], frame["data"]["volume"]) == ("long", 6.0)
