"""Services of apprise: what they take arrives, what they refuse is a fact, no address is shown."""

import asyncio
import json
import logging
import sys

import pytest

from Heatmap.alerts.ways import (
    MessageWords,
    Secret,
    Way,
    WayError,
    WayKind,
    WaySpec,
    make_way,
)
from Heatmap.alerts.ways.messages import Entry, Message, PlainNotice, make_message
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver

# What apprise itself imports, imghdr, is deprecated by Python before 3.13.
pytestmark = pytest.mark.filterwarnings("ignore:.*imghdr:DeprecationWarning")
MESSAGE = make_message([Entry.of(PlainNotice("a:1", "Alert", "long", {}))], MessageWords())


def made(address: str) -> Way:
    return make_way(WaySpec("service", WayKind.APPRISE, Secret(address)))


def failure_of(way: Way, message: Message = MESSAGE) -> Failure | None:
    try:
        asyncio.run(way.send(message))
    except WayError as error:
        return error.failure
    return None


def test_without_the_package_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match="pip install apprise") as caught:
        made("tgram://123:TOKEN/chat")
    assert "TOKEN" not in str(caught.value)


def test_a_message_arrives_by_a_service_and_a_refusal_has_its_status(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("apprise", reason="the extra notify is not installed")
    caplog.set_level(logging.DEBUG)
    with HostileReceiver(("204", "500", "redirect", "close")) as receiver:
        way = made(f"json://127.0.0.1:{receiver.port}/TOKEN?:token=TOKEN")
        assert failure_of(way) is None
        assert failure_of(way) == Failure(FailureKind.WAY_REFUSED, {"status": 500})
        assert failure_of(way) == Failure(FailureKind.WAY_REFUSED, {"status": 307})
        assert failure_of(way) == Failure(FailureKind.WAY_SERVICE_FAILED)
    first = json.loads(receiver.received[0].body)
    assert (first["title"], first["message"]) == ("Alert", "long")
    assert {one.path.partition("?")[0] for one in receiver.received} == {"/TOKEN"}
    logging.getLogger("urllib3").debug("others are heard")
    assert "others are heard" in caplog.text
    assert "TOKEN" not in caplog.text
    assert "TOKEN" not in f"{way!r}{vars(way)}"


def test_an_address_of_no_service_is_refused_and_known_ones_have_their_rate() -> None:
    pytest.importorskip("apprise", reason="the extra notify is not installed")
    with pytest.raises(SettingsError, match="apprise") as caught:
        made("nosuch://TOKEN")
    assert "TOKEN" not in str(caught.value)
    telegram = made("tgram://123456789:abcdefg_hijklmnopqrstuvwxyz0123456/12315544/")
    discord = made(f"https://discord.com/api/webhooks/{'0' * 24}/{'B' * 64}")
    mail = made("mailto://user:TOKEN@gmail.com")
    rates = [(way.rate.count, way.rate.per_s) for way in (telegram, discord, mail)]
    assert rates == [(1, 1.0), (30, 60.0), (1, 60.0)]
