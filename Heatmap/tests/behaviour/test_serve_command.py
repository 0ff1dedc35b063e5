"""``python -m Heatmap serve`` as a user calls it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from Heatmap.tests.behaviour.command_line import assert_one_line, environment
from Heatmap.tests.redis_server import wait_until

# Nothing answers there.
NOWHERE = ("--ws-url", "ws://127.0.0.1:1", "--rest-url", "http://127.0.0.1:1")
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to be caught")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def serving(
    directory: Path, *words: str, descriptors: int | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command until it says where it serves; it must end in order.

    With a number of `descriptors` it may have no more, and may warn that it is pressed.
    """
    assert os.name == "posix"  # whoever calls it skips elsewhere
    limited = ("sh", "-c", 'ulimit -n "$0" && exec "$@"', str(descriptors))
    limit = () if descriptors is None else limited
    program = subprocess.Popen(  # noqa: S603 - this interpreter
        [*limit, sys.executable, "-m", "Heatmap", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=environment(directory),
    )
    assert program.stdout is not None
    try:
        line = program.stdout.readline()
        assert line.startswith("serving "), (line, program.communicate())
        yield program, line.split(" at ")[1].split()[0]
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate(timeout=30)
        assert program.returncode == 0
        assert errors == "" or descriptors is not None
    finally:
        program.kill()
        program.communicate()


@ON_POSIX
def test_it_serves_what_it_records_until_it_is_asked_to_end(tmp_path: Path) -> None:
    words = ("--source", "live", "--db", "x.sqlite3", "--symbol", "ETHUSDT", *NOWHERE)
    with serving(tmp_path, *words) as (_, url):
        health = httpx.get(f"{url}/health", timeout=30).json()
        assert (health["status"], health["kind"]) == ("degraded", "live")
        assert health["recorder"]["role"] == "writer"
        found = httpx.get(f"{url}/liquidations/history", timeout=30).json()
        assert (found["records"], found["coverage"]["share"]) == ([], 0.0)
    assert (tmp_path / "x.sqlite3").exists()
    assert not (tmp_path / "heatmap-token").exists()


@ON_POSIX
def test_off_loopback_it_makes_a_token_and_names_its_file(tmp_path: Path) -> None:
    words = ("--source", "live", "--host", "0.0.0.0", "--db", str(tmp_path / "x.sqlite3"))  # noqa: S104
    with serving(tmp_path, *words, *NOWHERE) as (program, url):
        assert program.stdout is not None
        path = tmp_path / "heatmap-token"
        assert str(path) in program.stdout.readline()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        local = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        assert httpx.get(f"{local}/health", timeout=30).status_code == 401
        given = {"authorization": f"Bearer {path.read_text().strip()}"}
        assert httpx.get(f"{local}/health", headers=given, timeout=30).status_code == 200


@ON_POSIX
def test_silent_connections_take_no_descriptors_of_the_recorder(tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite3"
    log = tmp_path / "log"
    words = ("--source", "demo", "--db", str(database), "--log-file", str(log))
    with ExitStack() as stack:
        _, url = stack.enter_context(serving(tmp_path, *words, descriptors=160))
        host, _, port = url.removeprefix("http://").partition(":")
        for _ in range(400):
            stack.enter_context(socket.create_connection((host, int(port)), 30))
        with httpx.Client(base_url=url, timeout=30) as client:
            before = client.get("/health").json()
            assert before["connections"]["displaced"] > 200
            wait_until(lambda: client.get("/health").json()["recorder"]["last_heartbeat"])
            newest = client.get("/health").json()["recorder"]["last_heartbeat"]
            # It goes on recording meanwhile, and opens what it needs.
            wait_until(lambda: client.get("/health").json()["recorder"]["last_heartbeat"] > newest)
            assert client.get("/liquidations/levels").status_code in (200, 503)
        assert log.read_text().count("Too many open files") == 0
        assert len(log.read_text()) < 20_000


def test_what_keeps_it_from_serving_is_one_line(run: Run, tmp_path: Path) -> None:
    live = ("serve", "--source", "live", "--db", str(tmp_path / "x.sqlite3"), *NOWHERE)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert_one_line(run(*live, "--port", port), port, "--port")
    token = tmp_path / "open-token"
    token.write_text("a-token-that-anybody-may-read\n")
    token.chmod(0o644)
    host = ("--host", "0.0.0.0", "--token-file", str(token))  # noqa: S104
    assert_one_line(run(*live, "--port", "0", *host), "chmod 600")
    # An address for documentation, which is no machine's.
    assert_one_line(run(*live, "--port", "0", "--host", "192.0.2.1"), "192.0.2.1:0", "--host")
    assert_one_line(run(*live, "--port", "0", "--host", ""), "127.0.0.1:8000")
    nowhere = ("--host", "0.0.0.0", "--token-file", str(tmp_path / "none" / "token"))  # noqa: S104
    assert_one_line(run(*live, "--port", "0", *nowhere), "no such folder", "--token-file")
    # What was never served has left nothing behind.
    assert list(tmp_path.iterdir()) == [token]
    assert_one_line(run("serve", "--port", "70000"), "65535")
    assert_one_line(run("serve", "--allow-origin", "*"), "--allow-origin", "https://")
    assert_one_line(run("serve", "--source", "demo", *NOWHERE), "demo")


def test_other_commands_load_nothing_of_the_server() -> None:
    code = (
        "import json, sys\n"
        "from Heatmap.commands import record, serve, status\n"
        "names = ('fastapi', 'uvicorn', 'plotly', 'pydantic', 'numpy', 'PyQt6')\n"
        "print(json.dumps([name for name in names if name in sys.modules]))\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []
