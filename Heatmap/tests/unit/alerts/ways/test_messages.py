"""What is sent is of bounded length, and its key is fit for a header and made of the ids."""

import json
from typing import Any

import pytest

from Heatmap.alerts.ways.messages import (
    Entry,
    MessageWords,
    PlainNotice,
    make_message,
    message_key,
)


def entry(number: int, **changes: Any) -> Entry:
    notice = {"id": f"id-{number}", "title": f"Alert {number}", "body": "", "payload": {}}
    return Entry.of(PlainNotice(**(notice | changes)))


def test_one_alert_is_told_as_it_is() -> None:
    message = make_message(
        [entry(1, body="a\nb", payload={"usd": 1.5, "side": "ß"})], MessageWords()
    )
    assert (message.key, message.title, message.body) == ("id-1", "Alert 1", "a\nb")
    alert = {"id": "id-1", "title": "Alert 1", "body": "a\nb", "payload": {"usd": 1.5, "side": "ß"}}
    head = {"kind": "heatmap_alerts", "version": 1, "key": "id-1", "title": "Alert 1"}
    assert json.loads(message.data) == head | {"body": "a\nb", "alerts": [alert]}


def test_several_are_listed_and_all_are_in_the_data() -> None:
    message = make_message([entry(number) for number in range(20)], MessageWords())
    assert message.title == "20 alerts"
    assert message.body.splitlines() == [*(f"Alert {k}" for k in range(8)), "and 12 more"]
    ids = [alert["id"] for alert in json.loads(message.data)["alerts"]]
    assert ids == [f"id-{k}" for k in range(20)]


@pytest.mark.parametrize(
    "payload",
    [{"x": "x" * 5000}, {"x": object()}, {"x": {"y": "\U0001f6a8" * 1100}}],
    ids=["long", "no data", "many bytes"],
)
def test_no_alert_is_longer_than_its_limits(payload: dict[str, Any]) -> None:
    told = entry(1, title="t" * 500, body="\x1b" * 5000, payload=payload)
    assert len(told.title) == 200
    assert len(told.body) <= 1000
    assert told.body.isprintable()
    assert json.loads(told.data)["payload"] is None
    assert json.loads(entry(1, payload={"x": float("nan")}).data)["payload"] == {"x": None}


def test_a_key_is_the_id_or_made_of_the_ids_in_their_order() -> None:
    assert message_key(["rule:BTCUSDT:1"]) == "rule:BTCUSDT:1"
    odd = [["a", "b"], ["b", "a"], ["a b"], ["a\r\nX: 1"], ["ü"], ["x" * 201], [""], ["a,b"]]
    keys = [message_key(ids) for ids in odd]
    assert len(set(keys)) == len(keys)
    assert all(key.isascii() and key.isprintable() and " " not in key for key in keys)
    assert message_key(["a", "b"]) == keys[0]
