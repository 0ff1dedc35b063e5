"""The second client on the page's transport, against a scripted server, message by message."""

import json
from typing import Any

import pytest
from PyQt6.QtQml import QJSEngine

from Heatmap.feeds.page.scripts import read_script
from Heatmap.ui.layer.page_scripts import channel_script

pytestmark = pytest.mark.usefixtures("qapp")

OFFSET = 2**40
LEVEL, LEVEL_CHANGED, SPOKEN = 0, 5, 7

# The server's side: what was sent, and how it answers an `init`.
PEER = """
var console = { warn: function (text) { noise.push(String(text)); },
                error: function (text) { noise.push(String(text)); } };
var noise = [], sent = [], heard = [], host = null, ours = null;
var lastInit = 0;
var qt = { webChannelTransport: { send: function (text) {
  const message = JSON.parse(text);
  sent.push(message);
  if (message.type === 3) { lastInit = message.id; }
} } };
function described() {
  return { methods: [["act", 3]], signals: [["spoken", 7], ["destroyed", 0]], enums: {},
           properties: [[0, "level", [1, 5], 1]] };
}
function receive(message) { qt.webChannelTransport.onmessage({ data: JSON.stringify(message) }); }
function answerInit() {
  receive({ type: 10, id: lastInit, data: { pyBridge: described(), heat: described() } });
}
function connectHost() {
  new QWebChannel(qt.webChannelTransport, function (channel) {
    host = channel.objects.pyBridge;
    host.spoken.connect(function (text) { heard.push("host " + text); });
  });
}
function connectOurs() {
  connection = OrderPilotHeatmap.channel.connect("heat", QWebChannel, function (object) {
    ours = object;
    ours.spoken.connect(function (text) { heard.push("ours " + text); });
  });
}
var connection = null;
"""


class Page:
    """A bare JavaScript engine with the client library, the hub, and the scripted server."""

    def __init__(self) -> None:
        self._engine = QJSEngine()
        for source in (PEER, channel_script(), read_script("heatmap_channel.js")):
            answer = self._engine.evaluate(source)
            assert not answer.isError(), answer.toString()

    def run(self, script: str) -> Any:
        answer = self._engine.evaluate(f"JSON.stringify({script})")
        assert not answer.isError(), answer.toString()
        return None if answer.isUndefined() else json.loads(answer.toString())

    def connect(self, *, host_first: bool) -> None:
        names = ["Host", "Ours"] if host_first else ["Ours", "Host"]
        for name in names:
            self.run(f"(connect{name}(), answerInit(), 0)")
        self.run("(sent.length = 0, 0)")

    def update(self, **levels: int) -> list[Any]:
        """Send one batch of property updates; give the acknowledgements."""
        data = [
            {
                "object": name,
                "signals": {LEVEL_CHANGED: [level]},
                "properties": {LEVEL: level},
            }
            for name, level in levels.items()
        ]
        self.run(f"(sent.length = 0, receive({json.dumps({'type': 2, 'data': data})}), 0)")
        return [message for message in self.run("sent") if message["type"] == 4]


@pytest.fixture(params=[True, False], ids=["host first", "ours first"])
def page(request: pytest.FixtureRequest) -> Page:
    page = Page()
    page.connect(host_first=request.param)
    return page


def test_a_batch_of_updates_is_acknowledged_once_whoever_it_is_for(page: Page) -> None:
    assert len(page.update(pyBridge=2)) == 1
    assert len(page.update(heat=3)) == 1
    assert len(page.update(pyBridge=4, heat=5)) == 1
    assert page.run("[host.level, ours.level]") == [4, 5]
    assert page.run("noise") == []


def test_updates_before_the_host_has_its_objects_are_acknowledged_for_it() -> None:
    page = Page()
    page.run("(connectOurs(), answerInit(), 0)")
    assert len(page.update(pyBridge=2)) == 1
    page.run("(connectHost(), 0)")
    assert len(page.update(pyBridge=3, heat=4)) == 1
    page.run("(answerInit(), 0)")
    assert len(page.update(pyBridge=5)) == 1
    assert page.run("[host.level, ours.level]") == [5, 4]
    assert page.run("noise") == []


def test_signals_go_to_the_owner_of_the_object(page: Page) -> None:
    for name in ("pyBridge", "heat", "pyBridge"):
        page.run(f"(receive({{type: 1, object: '{name}', signal: {SPOKEN}, args: ['x']}}), 0)")
    assert page.run("heard") == ["host x", "ours x", "host x"]
    assert page.run("noise") == []


def test_responses_go_to_who_asked_although_both_count_alike(page: Page) -> None:
    page.run("(host.act(v => heard.push('host ' + v)), ours.act(v => heard.push('ours ' + v)), 0)")
    ids = {message["object"]: message["id"] for message in page.run("sent")}
    assert ids["pyBridge"] < OFFSET <= ids["heat"]
    for name in ("heat", "pyBridge"):
        page.run(f"(receive({{type: 10, id: {ids[name]}, data: '{name}'}}), 0)")
    assert page.run("heard") == ["ours heat", "host pyBridge"]


def test_closing_gives_the_host_its_handler_back_as_a_plain_property(page: Page) -> None:
    page.run("(connection.close(), 0)")
    descriptor = "Object.getOwnPropertyDescriptor(qt.webChannelTransport, 'onmessage')"
    assert page.run(f"typeof {descriptor}.value") == "function"
    assert page.run(f"{descriptor}.writable && {descriptor}.configurable")
    page.run(f"(receive({{type: 1, object: 'pyBridge', signal: {SPOKEN}, args: ['y']}}), 0)")
    assert page.run("heard") == ["host y"]
    assert len(page.update(pyBridge=7)) == 1
    assert page.run("host.level") == 7


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_handlers_that_wrap_each_other_get_every_message_once(page: Page, depth: int) -> None:
    for number in range(depth):
        page.run(
            f"((before => {{ qt.webChannelTransport.onmessage = event => "
            f"{{ heard.push('wrapper {number}'); before(event); }}; }})"
            "(qt.webChannelTransport.onmessage), 0)"
        )
    expected = [f"wrapper {number}" for number in reversed(range(depth))] + ["host z"]
    spoken = f"(heard.length = 0, receive({{type: 1, object: 'pyBridge', signal: {SPOKEN}, "
    page.run(spoken + "args: ['z']}), 0)")
    assert page.run("heard") == expected
    page.run("(connection.close(), 0)")
    page.run(spoken + "args: ['z']}), 0)")
    assert page.run("heard") == expected


def test_an_object_that_is_not_on_the_channel_is_no_error_of_the_page() -> None:
    # The host has set another channel meanwhile; Python notices, and enters the page again.
    page = Page()
    page.run("(connectOurs(), 0)")
    page.run("(receive({type: 10, id: sent[0].id, data: {}}), 0)")


def test_an_answer_to_a_client_that_has_gone_disturbs_none_that_came_after_it() -> None:
    # A page is entered twice in a moment: the first client's answer comes to the second one.
    page = Page()
    page.run("(connectOurs(), first = lastInit, connection.close(), connectOurs(), 0)")
    assert page.run("first !== lastInit")
    page.run("(second = lastInit, lastInit = first, answerInit(), 0)")
    assert page.run("ours === null")
    page.run("(lastInit = second, answerInit(), 0)")
    assert page.run("ours !== null && noise.length === 0")
