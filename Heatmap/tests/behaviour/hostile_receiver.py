"""A receiver of webhooks on loopback that does what a test tells it to; real sockets."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from Heatmap.tests.server_thread import ServerThread

_PIECE = b" " * 2**16


@dataclass(frozen=True)
class Received:
    """A whole request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


class HostileReceiver(ServerThread):
    """Answers the first requests as `script` says, a deed each, and all others with 204.

    Deeds: a status such as ``500``; ``429``, ``429 date`` and ``429 later`` with Retry-After:
    none to wait, as a date, an hour; ``redirect`` to its own ``/elsewhere``; ``refuse``: closes
    before it reads; ``close``: after it has read; ``hang``: never answers; ``late``: answers when
    `release` is called; ``giant``: 200 with a body without end; ``headers``: headers without end;
    ``noise``: no HTTP.
    """

    def __init__(self, script: tuple[str, ...] = (), context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.connections = 0
        self.port = 0
        self._script = list(script)
        self._context = context
        self._released: asyncio.Event
        self._ended: asyncio.Event

    def address(self, path: str = "/hook") -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        self._released, self._ended = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        yield
        server.close()
        self._ended.set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        deed = self._script.pop(0) if self._script else "204"
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            if deed != "refuse":
                await self._read(reader)
                await self._answer(deed, writer)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(first.split()[1], headers, body))

    async def _answer(self, deed: str, writer: asyncio.StreamWriter) -> None:
        word = deed.split(maxsplit=1)[0]
        if word.isdigit():
            writer.write(_answered(int(word), *_RETRY_AFTER.get(deed, lambda: ())()))
        elif word == "redirect":
            writer.write(_answered(307, f"Location: http://127.0.0.1:{self.port}/elsewhere"))
        elif word == "hang":
            await self._ended.wait()
        elif word == "late":
            await self._released.wait()
            writer.write(_answered(200))
        elif word == "noise":
            writer.write(b"\x00\xff no HTTP\r\n\r\n")
        elif word in ("giant", "headers"):
            writer.write(b"HTTP/1.1 200 OK\r\n")
            writer.write(b"Content-Length: 1000000000000\r\n\r\n" if word == "giant" else b"")
            number = 0
            while True:
                number += 1
                writer.write(_PIECE if word == "giant" else b"X-%d: %s\r\n" % (number, b"a" * 4000))
                await writer.drain()
        await writer.drain()


def _answered(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *headers, "Content-Length: 0"]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def _dated() -> tuple[str, ...]:
    now = formatdate(usegmt=True)
    return f"Date: {now}", f"Retry-After: {now}"


_RETRY_AFTER: dict[str, Callable[[], tuple[str, ...]]] = {
    "429": lambda: ("Retry-After: 0",),
    "429 date": _dated,
    "429 later": lambda: ("Retry-After: 3600",),
    "503": lambda: ("Retry-After: soon",),
}
