"""Alerts arrive at a hostile receiver at least once, repeats with one key; drops are counted."""

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Heatmap.alerts.ways import DeliveryTimes, Rate, Secret, WaySet, Webhook
from Heatmap.alerts.ways.messages import PlainNotice
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.errors import Failure, FailureKind
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver, Received
from Heatmap.tests.behaviour.proxy_servers import ProxyServer
from Heatmap.tests.own_certificate import server_context

DOCS = Path(__file__).resolve().parents[3] / "docs" / "alert-ways.md"
LIMIT_S = 20.0
QUICK = DeliveryTimes(first_backoff_s=0.01, longest_backoff_s=0.02, longest_hold_s=0.1)
FAST = Rate(10_000, 1.0)
KEY = "SIGNINGKEY-0123456789"
DEEDS = ("429", "500", "hang", "redirect", "close", "late", "giant", "headers", "noise")
DEEDS += ("refuse", "429 date", "503", "403")


def until(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end_s, "not in time"
        time.sleep(0.002)


def notice(number: int) -> PlainNotice:
    return PlainNotice(f"rule:BTCUSDT:{number}", f"Alert {number}", "long", {"usd": number})


def webhook(address: str, name: str = "hook", timeout_s: float = 0.3) -> Webhook:
    return Webhook(name, Secret(address), Secret(KEY), rate=FAST, timeout_s=timeout_s)


def only(ways: WaySet) -> WayFacts:
    (facts,) = ways.status()
    return facts


def alerts_of(received: Received) -> list[str]:
    return [alert["id"] for alert in json.loads(received.body)["alerts"]]


def documented_check() -> Callable[..., bool]:
    """Return what the documentation gives receivers to check a signature with."""
    found = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)  # noqa: S102 - our own documentation
    check: Callable[..., bool] = names["is_ours"]
    return check


def test_each_alert_arrives_at_least_once_and_its_repeats_are_the_same() -> None:
    is_ours = documented_check()
    with HostileReceiver(DEEDS) as receiver:
        ways = WaySet([webhook(receiver.address())], times=QUICK)
        ways.offer(notice(0))  # before the start: it waits
        ways.start()
        # Each alert meets a deed or two, and none goes out with another.
        for number in range(1, 16):
            until(lambda number=number: only(ways).sent >= number)
            if number == len(DEEDS) - 3:
                receiver.release()
            ways.offer(notice(number))
        until(lambda: only(ways).sent == 16)
        assert ways.stop() == {}
        facts = only(ways)
    bodies: dict[str, set[bytes]] = {}
    for one in receiver.received:
        bodies.setdefault(one.key, set()).add(one.body)
        assert one.path == "/hook", "a redirect is not followed"
        assert one.headers["content-type"] == "application/json"
        header = one.headers["heatmap-signature"]
        assert is_ours(KEY, header, one.body, time.time())
        assert not is_ours(KEY, header, one.body + b" ", time.time())
        assert not is_ours(KEY, header, one.body, time.time() + 1000)
        assert not is_ours(KEY + "x", header, one.body, time.time())
    assert list(bodies) == [notice(number).id for number in range(16)], "the id is the key"
    assert {len(same) for same in bodies.values()} == {1}
    assert facts.repeated == receiver.connections - 16
    assert facts.repeated >= len(DEEDS) - 1, "giant alone has arrived at the first attempt"
    assert (facts.failed, facts.dropped, facts.waiting, facts.is_failing) == (0, 0, 0, False)
    assert facts.last_failure is not None
    # By the last deed; a machine that stands still lets any answer come too late after it.
    is_late = receiver.connections > len(DEEDS) + 1
    kinds = {FailureKind.WAY_REFUSED} | ({FailureKind.WAY_SILENT} if is_late else set())
    assert facts.last_failure.kind in kinds


def test_what_comes_while_a_receiver_hangs_goes_out_as_one_and_the_oldest_is_dropped() -> None:
    with HostileReceiver(("late",)) as receiver:
        ways = WaySet([webhook(receiver.address(), timeout_s=30.0)], times=QUICK, queue_length=5)
        ways.start()
        ways.offer(notice(0))
        until(lambda: receiver.received)
        began_s = time.monotonic()
        for number in range(1, 31):
            ways.offer(notice(number))
        assert time.monotonic() - began_s < 5.0, "nobody waits for the receiver"
        assert (only(ways).dropped, only(ways).waiting) == (25, 6)
        receiver.release()
        until(lambda: only(ways).sent == 6)
        ways.offer(notice(31), names=["another way"])
        assert ways.stop() == {}
        ways.offer(notice(32))
        assert only(ways).dropped == 26, "and what comes after the end"
    first, second = receiver.received
    assert alerts_of(first) == [notice(0).id]
    assert alerts_of(second) == [notice(number).id for number in range(26, 31)]
    assert json.loads(second.body)["title"] == "5 alerts"
    assert second.key not in {notice(number).id for number in range(31)}


def test_a_refusal_for_good_is_counted_and_costs_no_other_alert() -> None:
    with HostileReceiver(("404",)) as receiver:
        ways = WaySet([webhook(receiver.address(), timeout_s=30.0)], times=QUICK)
        ways.start()
        ways.offer(notice(0))
        until(lambda: only(ways).failed == 1)
        assert only(ways).is_failing
        assert only(ways).last_failure == Failure(FailureKind.WAY_REFUSED, {"status": 404})
        ways.offer(notice(1))
        until(lambda: only(ways).sent == 1)
        ways.stop()
    assert [one.key for one in receiver.received] == [notice(0).id, notice(1).id]


def test_the_end_sends_what_waits_and_says_what_is_left() -> None:
    with HostileReceiver() as receiver, HostileReceiver(("hang",)) as hanging:
        good = webhook(receiver.address(), "good", timeout_s=30.0)
        bad = webhook(hanging.address(), "bad", timeout_s=30.0)
        ways = WaySet([good, bad], times=QUICK)

        async def program() -> float:
            # In a loop that is there, as in the recorder's thread.
            running = asyncio.create_task(ways.run())
            for number in range(3):
                ways.offer(notice(number))
            ways.offer(notice(3), names=["good"])
            await asyncio.to_thread(until, lambda: hanging.received)
            began_s = time.monotonic()
            ways.request_stop(0.2)
            await running
            return time.monotonic() - began_s

        assert asyncio.run(program()) < 10.0
        assert ways.left() == {"bad": tuple(notice(number).id for number in range(3))}
        assert ways.stop() == ways.left()
    ids = [one for received in receiver.received for one in alerts_of(received)]
    assert Counter(ids) == Counter(notice(number).id for number in range(4))


def test_the_end_waits_for_no_receiver_that_is_not_asked_before_it() -> None:
    with HostileReceiver(("429 later",)) as receiver:
        ways = WaySet([webhook(receiver.address(), timeout_s=30.0)])
        ways.start()
        ways.offer(notice(0))
        until(lambda: only(ways).is_failing)
        ways.offer(notice(1))
        began_s = time.monotonic()
        assert ways.stop(60.0) == {"hook": (notice(0).id, notice(1).id)}
        assert time.monotonic() - began_s < 30.0
    failure = only(ways).last_failure
    assert failure == Failure(FailureKind.WAY_BUSY, {"status": 429, "hold_s": 3600.0})
    assert len(receiver.received) == 1


def test_a_test_says_what_came_of_it() -> None:
    with HostileReceiver(("204", "500")) as receiver:
        ways = WaySet([webhook(receiver.address(), timeout_s=30.0)], times=QUICK)
        early = ways.test("hook").result(LIMIT_S)
        assert early is not None
        assert early.kind is FailureKind.WAY_NOT_RUNNING
        ways.start()
        until(lambda: ways.test("hook").result(LIMIT_S) is None)
        refused = ways.test("hook").result(LIMIT_S)
        assert refused == Failure(FailureKind.WAY_REFUSED, {"status": 500})
        assert only(ways) == WayFacts("hook", "webhook"), "it counts nowhere"
        ways.stop()
    first, second = receiver.received
    assert first.key != second.key
    assert json.loads(first.body)["alerts"][0]["payload"] == {"is_test": True}


@pytest.mark.parametrize("deed", ["refuse", "noise", "headers", "hang"])
def test_no_secret_is_shown_whatever_fails(deed: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with HostileReceiver((deed,) * 2 + ("302", "204")) as receiver:
        way = webhook(receiver.address("/TOKEN/x?token=TOKEN"), timeout_s=0.1)
        ways = WaySet([way], times=QUICK)
        ways.start()
        ways.offer(notice(0))
        until(lambda: only(ways).sent == 1)
        ways.stop()
    assert receiver.received[-1].path == "/TOKEN/x?token=TOKEN"
    shown = [caplog.text, repr(way), repr(ways), json.dumps(ways.facts()), str(vars(way))]
    # Where the machine is busy more attempts than these are too late.
    assert only(ways).repeated >= 3
    for text in shown:
        assert "TOKEN" not in text
        assert KEY not in text
        assert "127.0.0.1" not in text


def test_a_certificate_that_nobody_vouches_for_fails_also_behind_the_systems_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = server_context(tmp_path)
    with HostileReceiver(context=context) as receiver, ProxyServer({443: receiver.port}) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        direct = webhook(receiver.address(), "direct", timeout_s=10.0)
        proxied = webhook("https://hooks.invalid/TOKEN", "proxied", timeout_s=10.0)
        # A second passes to the next attempt: the end breaks off none amid its handshake.
        ways = WaySet([direct, proxied])
        ways.start()
        ways.offer(notice(0))
        until(lambda: all(facts.is_failing for facts in ways.status()))
        left = ways.stop(0.0)
    assert left == {"direct": (notice(0).id,), "proxied": (notice(0).id,)}
    for facts in ways.status():
        assert facts.last_failure == Failure(FailureKind.WAY_NOT_SECURE)
    assert receiver.received == []
    assert set(proxy.asked) == {("hooks.invalid", 443)}
