"""Simulated while the exchange is away or refuses this place, live as soon as it delivers."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket

ROOT = Path(__file__).resolve().parents[3]


# As the exchange says it, but for how long it wants to be left alone.
REFUSAL = b"HTTP/1.1 451 Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
PLAIN = ("-m", "Heatmap")
# The window's user presses the card's button as soon as there is one.
PRESSING = (
    "-c",
    """
import sys
from Heatmap.__main__ import main
from Heatmap.standalone import application
from Heatmap.standalone.window import ChartWindow

class PressingWindow(ChartWindow):
    pressed = False

    def refresh_status(self):
        super().refresh_status()
        if self.page.has_card and not self.pressed:
            self.pressed = True
            self.page.runJavaScript("document.querySelector('#card .act').click()")

application.ChartWindow = PressingWindow
sys.exit(main(sys.argv[1:]))
""",
)


class Gate:
    """A door in front of a server, opened only later.

    Until then it closes every connection at once, or says a refusal first.
    """

    def __init__(self, url: str, refusal: bytes = b"") -> None:
        self._port = urlsplit(url).port
        self._refusal = refusal
        self._is_open = False
        self.attempts = 0
        self.address = ""

    def open(self) -> None:
        self._is_open = True

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        try:
            yield
        finally:
            server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts += 1
        if not self._is_open:
            if self._refusal:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self._refusal)
                await writer.drain()
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._copy(reader, far_writer))
                tasks.create_task(self._copy(far_reader, writer))
        finally:
            writer.close()
            far_writer.close()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()


def is_covered(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("SELECT count(*) FROM coverage").fetchone()[0])


@pytest.mark.parametrize(
    ("source", "program", "refusal"),
    [("auto", PLAIN, b""), ("live", PRESSING, REFUSAL)],
    ids=["by itself", "asked for at a place that is refused"],
)
def test_the_window_switches_to_live_when_the_exchange_comes_and_recorded_all_along(
    source: str, program: tuple[str, str], refusal: bytes, tmp_path: Path
) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    async def main() -> list[str]:
        exchange = LoopbackExchange(SimulatedMarket(seed=5), DataClock.wall())
        await exchange.start()
        streams, rest = Gate(exchange.ws_url, refusal), Gate(exchange.rest_url)
        rest.open()
        async with streams.serve(), rest.serve():
            words = ("--source", source, "--db", "x.sqlite3", "--ws-url", f"ws://{streams.address}")
            words += ("--rest-url", f"http://{rest.address}", "--screenshot", "x.png")
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                *words,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=tmp_path,
                env=environment,
            )
            lines = []
            assert process.stdout is not None
            async with asyncio.timeout(120):
                while "SIMULATED" not in "".join(lines):
                    lines.append((await process.stdout.readline()).decode())
                assert streams.attempts >= 1
                streams.open()
                while "Binance delivers data" not in lines[-1]:
                    lines.append((await process.stdout.readline()).decode())
                # Covered is what a later heartbeat vouches for, so it takes some of them.
                while not is_covered(tmp_path / "x.sqlite3"):  # noqa: ASYNC110 - another program's
                    await asyncio.sleep(0.05)
                process.terminate()
                lines.append((await process.stdout.read()).decode())
                assert await process.wait() == 0
        await exchange.stop()
        return lines

    lines = asyncio.run(main())
    assert "Binance: live" in lines[-1]
    with closing(sqlite3.connect(tmp_path / "x.sqlite3")) as connection:
        kind = connection.execute("SELECT value FROM meta WHERE key = 'kind'").fetchone()
    assert kind == ("live",)
