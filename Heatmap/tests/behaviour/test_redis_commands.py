"""``record``, ``serve`` and ``status`` with ``--redis``, as a user calls them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from Heatmap.tests.behaviour.command_line import assert_one_line, environment
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.redis_server import redis_server, wait_until

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def program(directory: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    running = subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "Heatmap", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=environment(directory),
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def end(running: "subprocess.Popen[str]") -> str:
    """End it by a signal, in order; returns what it printed."""
    assert os.name == "posix", "there is no Redis on Windows, so nothing gets here"
    running.send_signal(signal.SIGTERM)
    said, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")
    return said


def test_record_publishes_what_it_stores_and_says_when_redis_is_away(
    tmp_path: Path, exchange: ScriptedExchange, run: Run
) -> None:
    with redis_server(tmp_path) as server:
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        server.kill()
        words = ("record", "--db", "x.sqlite3", *addresses, "--redis", server.url)
        with program(tmp_path, *words) as running:
            assert running.stdout is not None
            lines = iter(running.stdout.readline, "")
            said = [next(line for line in lines if line.startswith("Redis away"))]
            server.start()
            wait_until(lambda: exchange.served)
            exchange.ping()
            exchange.liquidate()
            said.append(next(line for line in lines if line.startswith("Redis live")))
            with server.client() as client:
                stream = "heatmap:liquidations:BTCUSDT"
                wait_until(lambda: client.xlen(stream) == 1)
                exchange.liquidate()
                wait_until(lambda: client.xlen(stream) == 2)
                newest = json.loads(client.get("heatmap:newest:BTCUSDT"))["id"]
            said.append(end(running))
        assert "2 published" in said[-1]
        told = json.loads(run("status", "--db", "x.sqlite3", "--redis", server.url).stdout)
        assert told["redis"]["state"] == "live"
        assert (told["redis"]["waiting"], told["redis"]["published_until"]) == (0, newest)
        server.kill()
        told = json.loads(run("status", "--db", "x.sqlite3", "--redis", server.url).stdout)
        assert told["redis"]["failure"]["kind"] == "redis_away"
        assert "SECRET" not in "".join(said) + json.dumps(told)


def test_serve_publishes_clusters_and_levels_as_it_answers_them(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        words = ("serve", "--source", "demo", "--port", "0", "--db", "x.sqlite3")
        with program(tmp_path, *words, "--redis", server.url) as running, server.client() as client:
            assert running.stdout is not None
            line = next(one for one in running.stdout if one.startswith("serving "))
            url = line.split(" at ")[1].split()[0]

            def state(what: str) -> dict[str, Any]:
                found = json.loads(client.get(f"heatmap:simulated:{what}:BTCUSDT") or b"{}")
                return dict(found)

            wait_until(lambda: state("levels") and state("clusters"))

            def is_equal() -> bool:
                """Compare until no minute begins between the two."""
                answer = httpx.get(f"{url}/liquidations/levels?symbol=BTCUSDT", timeout=30).json()
                told = state("levels")
                assert (told["schema"], told["type"], told["kind"]) == (1, "levels", "simulated")
                return bool(told["data"] == answer and answer["long_liquidations"])

            wait_until(is_equal)
            assert state("clusters")["data"]["symbol"] == "BTCUSDT"
            assert httpx.get(f"{url}/health", timeout=30).json()["redis"]["state"] == "live"
            end(running)


@pytest.mark.parametrize("command", ["record", "serve", "status"])
@pytest.mark.parametrize(
    "words", [("--redis", "http://:SECRET@h"), ("--redis", "redis://h", "--redis-prefix", "a b")]
)
def test_a_wrong_address_is_one_line(
    here: Run, tmp_path: Path, command: str, words: tuple[str, ...]
) -> None:
    pytest.importorskip("redis", reason="the extra redis is not installed")
    done = here(command, "--db", str(tmp_path / "x.sqlite3"), *words)
    assert_one_line(done, "Redis")
    assert "SECRET" not in done.stderr
    assert list(tmp_path.iterdir()) == []
