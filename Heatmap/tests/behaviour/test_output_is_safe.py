"""What a server, an address or a proxy holds reaches no terminal, log or JSON as it came."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from Heatmap.tests.behaviour.doctor_servers import acknowledge, websocket_server

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "http://127.0.0.1:9"
FORGED = "\x1b[2J\r\nstopped, 9999 stored"


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("XDG") and not name.lower().endswith("_proxy")
    }
    return kept | {"HOME": str(home), "PYTHONPATH": str(ROOT), "HEATMAP_LOG": "DEBUG", **more}


def record(home: Path, ws_url: str, until: str, **more: str) -> str:
    """Record until a line says something; return all that was printed and logged."""
    out = home / "out.txt"
    words = [sys.executable, "-m", "Heatmap", "record", "--db", "x.sqlite3"]
    words += ["--ws-url", ws_url, "--rest-url", NOWHERE]
    with (
        out.open("wb") as stream,
        subprocess.Popen(  # noqa: S603 - this interpreter
            words, stdout=stream, stderr=stream, cwd=home, env=environment(home, **more)
        ) as process,
    ):
        limit_s = time.monotonic() + 30
        while until not in out.read_text("utf-8") and time.monotonic() < limit_s:
            time.sleep(0.05)
        process.terminate()
        process.wait(10)
    return out.read_bytes().decode()


def test_a_close_reason_is_one_line_without_controls_on_a_terminal(tmp_path: Path) -> None:
    def close(connection: ServerConnection) -> None:
        connection.close(1008, FORGED)

    with websocket_server(close) as ws_url:
        text = record(tmp_path, ws_url, "closed the connection: 1008")
    assert "closed the connection: 1008" in text
    assert "\x1b" not in text
    assert "\r" not in text
    assert not [line for line in text.split("\n") if line.startswith("stopped, 9999")]


@pytest.mark.parametrize("proxy", ["user:SECRET@127.0.0.1:9", "http://us%40er:SECRET@127.0.0.1:9"])
def test_no_password_of_a_proxy_is_printed_or_logged(tmp_path: Path, proxy: str) -> None:
    text = record(tmp_path, "wss://exchange.invalid", "blind: ", https_proxy=proxy)
    assert "blind: " in text
    assert "SECRET" not in text


def test_no_password_of_an_address_is_printed_or_logged(tmp_path: Path) -> None:
    with websocket_server(acknowledge, (403, {})) as ws_url:
        url = ws_url.replace("ws://", "ws://user:SECRET@")
        text = record(tmp_path, url, "HTTP 403")
        doctor = subprocess.run(  # noqa: S603 - this interpreter
            [
                *(sys.executable, "-m", "Heatmap", "doctor", "--json", "--seconds", "0.1"),
                *("--ws-url", url, "--rest-url", "http://user:SECRET@127.0.0.1:9"),
                *("--db", "y.sqlite3"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env=environment(tmp_path),
        )
    assert "HTTP 403" in text
    assert "SECRET" not in text
    assert json.loads(doctor.stdout)
    assert "SECRET" not in doctor.stdout + doctor.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--ws-url", "user:SECRET@host"),
        ("--ws-url", "wss://user:SECRET@host:port"),
        ("--rest-url", "ftp://user:SECRET@host"),
        ("wss://user:SECRET@host",),
    ],
)
def test_a_refused_word_of_the_command_line_is_said_without_its_password(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "Heatmap", "record", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert done.returncode == 2
    assert "SECRET" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
