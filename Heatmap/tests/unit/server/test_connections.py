"""Silent, slow and endless clients take nobody else's place, and end by themselves."""

import asyncio
import json
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import httpx
import pytest

from Heatmap.server import ServerOptions
from Heatmap.server.connections.admission import ConnectionLimits
from Heatmap.tests.redis_server import wait_until
from Heatmap.tests.served_market import Served, served_database

PATIENCE_S = 20.0
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
Say = Callable[[bytes], socket.socket]


@contextmanager
def limited(world: Served, **limits: Any) -> Iterator[tuple[Served, Say]]:
    """Serve with few places; `say` opens a connection that is closed in the end."""
    options = ServerOptions(connections=ConnectionLimits(**{"per_address": 1, **limits}))
    with (
        served_database(world.database, world.now_ms, options=options) as served,
        ExitStack() as stack,
    ):
        host, _, port = served.server.url.removeprefix("http://").partition(":")

        def say(data: bytes) -> socket.socket:
            opened = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE_S))
            opened.sendall(data)
            return opened

        yield served, say


def request(path: str, headers: str = "", method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def all_of(one: socket.socket) -> bytes:
    """Read until the server ends the connection; fails where it does not."""
    found = b""
    try:
        while piece := one.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def has_ended(one: socket.socket) -> bool:
    """Tell whether the server has ended a connection; reads what it has said until now."""
    one.settimeout(0.01)
    try:
        while one.recv(65_536):
            pass
    except TimeoutError:
        return False
    return True


def counts(served: Served) -> dict[str, int]:
    found: dict[str, int] = httpx.get(f"{served.server.url}/health").json()["connections"]
    return found


def test_what_is_no_whole_request_in_time_is_cut_off(world: Served) -> None:
    with limited(world, in_all=50, request_s=0.4) as (served, say):
        slow = [
            say(b""),
            say(b"GET /health HTTP/1.1\r\nHost: localh"),
            say(request("/health") + b"GET /health HT"),
            # Each takes a byte now and then; its time began with the first.
            dribbling := say(b"GET /health HTTP/1.1\r\nX: "),
            body := say(request("/health", "Content-Length: 100000\r\n")),
        ]

        def go_on(one: socket.socket) -> bool:
            try:
                one.sendall(b"a")
            except OSError:
                return True
            return False

        wait_until(lambda: go_on(dribbling))
        wait_until(lambda: go_on(body))
        answers = [all_of(one) for one in slow[:3]]
        assert answers[:2] == [b"", b""]
        assert answers[2].startswith(b"HTTP/1.1 200 OK")
        assert counts(served)["cut"] >= 4


def test_silent_connections_make_room_and_busy_ones_stay(world: Served) -> None:
    with limited(world, in_all=6, request_s=60) as (served, say):
        # Streams are asked for: nobody takes their places.
        streams = [say(request("/stream")) for _ in range(3)]
        for one in streams:
            assert one.recv(100).startswith(b"HTTP/1.1 200 OK")
        silent = [say(b"") for _ in range(20)]
        for path in ("/health", "/brackets"):
            assert httpx.get(f"{served.server.url}{path}").status_code == 200
        found = counts(served)
        assert found["displaced"] >= 15
        assert found["open"] <= 7
        # The oldest went, and those that asked something did not.
        assert all_of(silent[0]) == b""
        for one in streams:
            assert not has_ended(one)
        more = [say(request("/stream")) for _ in range(3)]
        for one in more:
            assert one.recv(100).startswith(b"HTTP/1.1 200 OK")
        # Now all are busy.
        refused = all_of(say(b""))
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert "too many connections" in json.loads(refused.split(b"\r\n\r\n")[1])["detail"]
        more[0].close()
        wait_until(lambda: b" 200 OK" in say(request("/brackets")).recv(100))


def test_who_does_not_read_is_cut_off_and_who_does_is_not(world: Served) -> None:
    with limited(world, in_all=50, unread_s=0.5) as (served, say):
        big = request("/static/plotly.min.js")
        deaf = say(big * 3)
        reading = say(big + request("/brackets", "Connection: close\r\n"))
        found = all_of(reading)
        assert found.count(b"HTTP/1.1 200 OK") == 2
        assert len(found) > 4_000_000
        wait_until(lambda: counts(served)["cut"] == 1)
        assert len(all_of(deaf)) < 4_000_000


def test_who_never_reads_costs_little_memory(world: Served) -> None:
    with limited(world, in_all=50) as (served, say):
        deaf = say(request("/static/plotly.min.js") * 3)
        assert deaf.recv(10)
        run: Any = served.server._run

        def most_waiting() -> int:
            found = run.watch.connections
            return max((one.transport.get_write_buffer_size() for one in found), default=0)

        wait_until(most_waiting)
        assert most_waiting() < 300_000


def test_nothing_is_computed_any_more_for_who_has_gone(world: Served) -> None:
    run: Any = world.server._run
    work, gate = run._context.work, threading.Event()
    lane = work._slow
    try:
        for _ in range(2):
            asyncio.run_coroutine_threadsafe(work.slow(lambda: gate.wait(PATIENCE_S)), run._loop)
        wait_until(lambda: lane.count == 2)
        path = f"/liquidations/levels?at={world.now_ms}"
        gone = [said_to(world, request(path)) for _ in range(5)]
        wait_until(lambda: lane.count == 7)
        for one in gone:
            one.close()
        wait_until(lambda: lane.count == 2)
    finally:
        gate.set()


def said_to(world: Served, data: bytes, receive_bytes: int | None = None) -> socket.socket:
    host, _, port = world.server.url.removeprefix("http://").partition(":")
    opened = socket.socket()
    opened.settimeout(PATIENCE_S)
    if receive_bytes is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    opened.connect((host, int(port)))
    opened.sendall(data)
    return opened


def opened_socket(world: Served, receive_bytes: int | None = None) -> socket.socket:
    """Open a websocket; the frames that it says may come with the answer."""
    opened = said_to(world, request("/ws", UPGRADE), receive_bytes)
    assert opened.recv(100).startswith(b"HTTP/1.1 101 ")
    return opened


def frame(operation: int, data: bytes, *, is_last: bool = True) -> bytes:
    is_short = len(data) <= 125
    size = bytes([0x80 | len(data)]) if is_short else b"\xff" + struct.pack(">Q", len(data))
    return bytes([(0x80 if is_last else 0) | operation]) + size + b"\0\0\0\0" + data


def closing_code(said: bytes) -> int:
    """Return the code of the frame that closes a websocket, the last one that was said."""
    at = said.rindex(b"\x88")
    return int.from_bytes(said[at + 2 : at + 4], "big")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frame(1, b"x" * 70_000), 1009),
        (frame(1, b"", is_last=False) + frame(0, b"", is_last=False) * 70, 1009),
        (frame(1, b"\xff\xff"), 1007),
        (frame(3, b"a"), 1002),
        (b"\x81\x01a", 1002),
    ],
    ids=["large", "many parts", "no text", "no operation", "not masked"],
)
def test_frames_that_are_none_end_a_websocket(world: Served, said: bytes, code: int) -> None:
    with closing(opened_socket(world)) as one:
        one.sendall(said)
        assert closing_code(all_of(one)) == code


def test_pings_of_who_does_not_read_fill_no_memory(world: Served) -> None:
    with closing(opened_socket(world, receive_bytes=4_096)) as deaf:
        # More answers than the system holds.
        deaf.sendall(frame(9, b"p" * 125) * 12_000)
        assert world.client.get("/brackets").status_code == 200
        run: Any = world.server._run
        for one in run.watch.connections:
            assert one.transport.get_write_buffer_size() < 200_000


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 500,
        b"GET /health\r\n\r\n",
        request("/health", "Content-Length: 1\r\nContent-Length: 2\r\n"),
        request("/ws", UPGRADE + "X: " + "a" * 9_000 + "\r\n"),
        request("/ws", UPGRADE + "".join(f"X{number}: a\r\n" for number in range(200))),
        request("/ws", UPGRADE, "POST"),
        request("/ws", UPGRADE.replace("13", "99")),
        b"GET /health HTTP/1.1\r\nX: " + b"a" * 300_000,
    ],
    ids=["tls", "http 0.9", "two lengths", "header", "headers", "method", "version", "endless"],
)
def test_what_is_no_request_is_refused_at_once_and_logged_once(
    world: Served, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            try:
                one = said_to(world, said)
            except (BrokenPipeError, ConnectionResetError):
                continue  # it has said so before all of it came
            with closing(one):
                answer = all_of(one)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    warned = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warned) <= 1
