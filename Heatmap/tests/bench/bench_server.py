"""How fast the server answers beside a recorder that loses nothing, and how fast it ends.

Run as ``python Heatmap/tests/bench/bench_server.py``: one JSON object per line. ``serve`` runs as a
process of its own, on 45 days of candles, and records an exchange on loopback; requests come at
fixed times, 20 a second, whether the one before was answered or not, and each is measured from the
time at which it was due. The answers count too: each is of now, and in the end the database holds
every liquidation that the exchange has sent.
"""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import Heatmap
from Heatmap import HeatmapService
from Heatmap.domain.candles import MINUTE_MS
from Heatmap.server import HeatmapServer
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.bench.measurements import at_most, tell
from Heatmap.tests.stored_market import made_candles, store_market

ROOT = Path(Heatmap.__file__).resolve().parents[1]
DAYS, SECONDS = 45, 90
PER_S, LIQUIDATIONS_PER_S = 20, 10
GOAL_MS, STOP_GOAL_S = 50.0, 1.0
CONNECTIONS, STREAMS = 12, 50
LEVELS, HEAT = "/liquidations/levels", "/liquidations/heatmap?timeframe=1d"
WARM_LIMIT_S = 240.0


class Client:
    """Asks over connections that stay open, and does not unpack what it gets."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]

    async def open(self) -> None:
        """Open the connections."""
        self._free = asyncio.Queue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

    async def ask(self, path: str) -> bytes:
        """Return the body of an answer, compressed as it came."""
        reader, writer = await self._free.get()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 200"), head
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        self._free.put_nowait((reader, writer))
        return body


async def measure(client: Client) -> dict[str, list[float]]:
    """Ask at fixed times; returns milliseconds from when each was due to when it was answered."""
    found: dict[str, list[float]] = {LEVELS: [], HEAT: []}
    begin_s = time.perf_counter() + 0.5

    async def ask(number: int, path: str) -> None:
        due_s = begin_s + number / PER_S
        await asyncio.sleep(due_s - time.perf_counter())
        assert len(await client.ask(path)) > 1_000
        found[path].append((time.perf_counter() - due_s) * 1_000)

    async with asyncio.TaskGroup() as tasks:
        for number in range(PER_S * SECONDS):
            tasks.create_task(ask(number, LEVELS if number % 2 else HEAT))
    return found


def percentile(values: list[float], part: float) -> float:
    """Return the smallest value that so many are not above."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


async def liquidate(exchange: ScriptedExchange) -> int:
    """Send liquidations all the time; returns how many."""
    count = 0
    for _ in range((SECONDS + 1) * LIQUIDATIONS_PER_S):
        await asyncio.to_thread(exchange.liquidate)
        count += 1
        await asyncio.sleep(1 / LIQUIDATIONS_PER_S)
    return count


async def run(port: int, exchange: ScriptedExchange) -> tuple[dict[str, list[float]], int, float]:
    """Warm up, then measure beside the recorder."""
    client = Client(port)
    await client.open()
    started_s = time.perf_counter()
    async with asyncio.timeout(WARM_LIMIT_S):
        for path in (LEVELS, HEAT):
            await client.ask(path)
    cold_s = time.perf_counter() - started_s
    found, sent = await asyncio.gather(measure(client), liquidate(exchange))
    return found, sent, cold_s


def bench_answers(directory: Path) -> bool:
    """Levels and heat, warm, beside a recorder."""
    database = directory / "heatmap.sqlite3"
    now_ms = time.time_ns() // 1_000_000
    begin_ms = (now_ms // MINUTE_MS - DAYS * 1_440) * MINUTE_MS
    store_market(database, made_candles(DAYS * 1_440, start_ms=begin_ms), [])
    with ScriptedExchange(heartbeat_s=1.0) as exchange:
        exchange.now_ms = now_ms
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        words = ("serve", "--source", "live", "--port", "0", "--db", str(database), *addresses)
        program = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "Heatmap", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            assert program.stdout is not None
            port = int(program.stdout.readline().split(" at ")[1].split()[0].rpartition(":")[2])
            found, sent, cold_s = asyncio.run(run(port, exchange))
        finally:
            program.terminate()
            program.wait(30)
    with closing(sqlite3.connect(database)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM liq_events").fetchone()
    good = [tell("both, the first time", cold_s, "s", None, ok=True)]
    for path, values in found.items():
        assert len(values) == PER_S * SECONDS // 2
        good.append(at_most(f"{path}, p99", percentile(values, 0.99), None, GOAL_MS))
        good.append(tell(f"{path}, median", percentile(values, 0.5), "ms", None, ok=True))
        good.append(tell(f"{path}, worst", max(values), "ms", None, ok=True))
    lost = sent - stored
    good.append(tell("liquidations lost", lost, "events", 0, ok=lost == 0, sent=sent))
    return all(good)


def bench_end(directory: Path) -> bool:
    """The end of a server with open streams, of which nobody reads."""
    database = directory / "small.sqlite3"
    candles = made_candles(10)
    store_market(database, candles, [])
    service = HeatmapService(db=database, clock=lambda: candles[-1].open_ms)
    server = HeatmapServer(service, "127.0.0.1:0")
    server.start()
    host, _, port = server.url.removeprefix("http://").partition(":")
    sockets = [socket.create_connection((host, int(port))) for _ in range(STREAMS)]
    for one in sockets:
        one.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert one.recv(15) == b"HTTP/1.1 200 OK"
    started_s = time.perf_counter()
    server.stop()
    spent_s = time.perf_counter() - started_s
    for one in sockets:
        one.close()
    return at_most(f"end with {STREAMS} open streams", spent_s, None, STOP_GOAL_S, "s")


def main() -> int:
    """Run both; 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        results = [bench_end(Path(name)), bench_answers(Path(name))]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
