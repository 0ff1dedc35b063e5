"""``record --alert`` and ``alerts``, as a user calls them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from Heatmap.__main__ import main
from Heatmap.alerts.ways import Secret, WayKind, WaySpec, write_ways
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.redis_server import wait_until

Run = Callable[..., "subprocess.CompletedProcess[str]"]
RULE = "large,id=big,usd=500k,ways=my hook"


@contextmanager
def recording(directory: Path, exchange: ScriptedExchange) -> Iterator[Iterator[str]]:
    """Record with one rule; gives the lines that it prints. It is killed at the end."""
    addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
    words = ("record", "--db", "x.sqlite3", *addresses, "--alert", RULE, "--ways", "ways.json")
    running = subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "Heatmap", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=environment(directory),
    )
    assert running.stdout is not None
    try:
        yield iter(running.stdout.readline, "")
    finally:
        running.kill()
        running.communicate()


def liquidate(exchange: ScriptedExchange, qty: str) -> None:
    exchange.liquidate(price="100000", qty=qty)


def test_record_rings_once_also_when_it_is_killed_and_list_tells_when(
    tmp_path: Path, exchange: ScriptedExchange, run: Run
) -> None:
    with HostileReceiver() as receiver:
        ways = [WaySpec("my hook", WayKind.WEBHOOK, Secret(receiver.address()))]
        write_ways(tmp_path / "ways.json", ways)
        rings_once_over_a_kill(tmp_path, exchange, receiver)
        told = [one["id"] for got in receiver.received for one in json.loads(got.body)["alerts"]]
    listed = json.loads(
        run("alerts", "list", "--json", "--db", "x.sqlite3", "--alert", RULE).stdout
    )
    assert told[0] == listed["latest"][0]["id"]
    assert listed["rules"][0]["last"]["usd"] == 700_000
    assert [one["usd"] for one in listed["latest"]] == [600_000, 700_000]
    replayed = run("alerts", "replay", "--db", "x.sqlite3", "--alert", RULE).stdout
    assert "would have rung 2 times" in replayed


def rings_once_over_a_kill(
    tmp_path: Path, exchange: ScriptedExchange, receiver: HostileReceiver
) -> None:
    with recording(tmp_path, exchange) as lines:
        wait_until(lambda: exchange.served)
        exchange.ping()
        liquidate(exchange, "4")
        liquidate(exchange, "6")
        first = next(line for line in lines if line.startswith("ALERT"))
        # Killed before that is noted it would be counted: nobody would know whether it was told.
        kept = tmp_path / "x.sqlite3-alerts.json"
        wait_until(lambda: not json.loads(kept.read_text())["pending"])
        wait_until(lambda: receiver.received)
    assert "600,000 USD" in first
    served = len(exchange.served)
    with recording(tmp_path, exchange) as lines:
        wait_until(lambda: len(exchange.served) > served)
        exchange.ping()
        # In another second: one rings once in each.
        exchange.now_ms += 2_000
        liquidate(exchange, "7")
        # The first one is neither told again nor, as it was told, counted.
        told = next(line for line in lines if "ALERT" in line or "while this program" in line)
    assert "ALERT" in told
    assert "700,000 USD" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("record", "--alert", "huge,usd=1"), "large"),
        (("record", "--alert", "near,usd=1M"), "no levels"),
        (("record", "--alert", "large,usd=1,ways=x"), "--ways FILE"),
        (("record", "--alert", "large,usd=1,symbol=ETHUSDT"), "not recorded, but BTCUSDT"),
        (
            ("record", "--symbol", "all", "--alert", "large,usd=1,symbol=bybit:BTCUSDT"),
            "not recorded, but all of Binance",
        ),
        (("record", "--alert", "cascade,usd=1,seconds=5,count=9"), "can never ring"),
        (("alerts", "replay", "--alert", "large,usd=1,usd=2"), "twice"),
        (("alerts", "replay", "--alert", "large,usd=1", "--db", "none.sqlite3"), "none.sqlite3"),
    ],
)
def test_what_cannot_ring_is_refused_in_one_line(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    assert (code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert said in printed.err


def test_a_test_alert_says_whether_it_arrived_and_shows_no_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "ways.json")
    with HostileReceiver(("204", "500")) as receiver:
        address = receiver.address("/TOKEN")
        write_ways(path, [WaySpec("my hook", WayKind.WEBHOOK, Secret(address))])
        asked = ("alerts", "test", "--ways", path, "--way")
        codes = [main((*asked, "my hook")), main((*asked, "my hook"))]
        with pytest.raises(SystemExit) as ended:
            main((*asked, "another"))
    printed = capsys.readouterr()
    assert (codes, ended.value.code) == ([0, 1], 2)
    arrived, refused = printed.out.splitlines()
    assert arrived == "my hook: a test alert has arrived"
    assert "did not arrive" in refused
    assert "500" in refused
    assert "(my hook), got 'another'" in printed.err
    assert "TOKEN" not in printed.out + printed.err
    assert [one.path for one in receiver.received] == ["/TOKEN"] * 2
    assert json.loads(receiver.received[0].body)["alerts"][0]["payload"] == {"is_test": True}
