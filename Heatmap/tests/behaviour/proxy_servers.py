"""Proxies on loopback that speak SOCKS 5 and HTTP's CONNECT; real sockets.

Whatever name is asked for, they lead to the exchange of the test, and keep what they were asked.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from Heatmap.tests.server_thread import ServerThread

_USER_AND_PASSWORD = 2
_BY_NAME = 3


class ProxyServer(ServerThread):
    """One port for both languages.

    Parameters
    ----------
    ports
        Where the ports that are asked for lie on this machine.
    credentials
        ``user:password`` that it wants; empty: none.

    Attributes
    ----------
    asked
        Host and port of every request, as it came.
    refused
        How many came without the right credentials.
    """

    def __init__(self, ports: dict[int, int], credentials: str = "") -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []
        self.refused = 0
        self.port = 0
        self._ports = ports
        self._credentials = credentials

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            try:
                first = await reader.readexactly(1)
                if first == b"\x05":
                    await self._serve_socks(reader, writer)
                else:
                    await self._serve_http(first, reader, writer)
            finally:
                writer.close()

    async def _serve_socks(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        if self._credentials:
            is_offered = _USER_AND_PASSWORD in methods
            self.refused += not is_offered
            writer.write(b"\x05\x02" if is_offered else b"\x05\xff")
            if not is_offered:
                return
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_right = f"{user.decode()}:{password.decode()}" == self._credentials
            self.refused += not is_right
            writer.write(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                return
        else:
            writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == _BY_NAME:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(map(str, await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append((host, port))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._join(reader, writer, port, b"")

    async def _serve_http(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        wanted = base64.b64encode(self._credentials.encode())
        if self._credentials and b"Basic " + wanted not in head:
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        parts = urlsplit(target if "//" in target else f"//{target}")
        port = parts.port or 80
        self.asked.append((parts.hostname or "", port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            head = b""
        else:
            place = f"{parts.path}?{parts.query}" if parts.query else parts.path
            head = head.replace(target.encode(), place.encode(), 1)
        await self._join(reader, writer, port, head)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, head: bytes
    ) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._ports[port])
        far_writer.write(head)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, far_writer))
                tasks.create_task(_pump(far_reader, writer))
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
