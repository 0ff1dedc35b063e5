"""Answers of ``exchangeInfo`` that are absurd, against a real recorder that records meanwhile.

Watched are what it records, how long its loop is held, and its memory at the highest.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_rest --seed 1``
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Self

from Heatmap.tests.torture.faults import Step
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS
from Heatmap.tests.torture.run_torture import RecorderProcess, judge_end
from Heatmap.tests.torture.verdict import Verdict, integrity, judge_coverage, judge_rows, read_rows

_RECOVERY_LIMIT_S = 15.0
# An answer is asked for again after at most so long: its own limit, the backoff, a busy machine.
_ANSWER_LIMIT_S = 40.0
# The largest answer that is taken has 32 MiB, and is there twice for a moment.
_MEMORY_GOAL_BYTES = 120 * 2**20
_DELAY_GOAL_S = 1.5
_BOMB_BYTES = 2**28

Writer = asyncio.StreamWriter
Act = Callable[[Writer], Awaitable[None]]


def listing(tick_size: object = "0.10", **more: object) -> bytes:
    """Return an answer of the usual shape for the recorded symbols."""
    filters = [{"filterType": "PRICE_FILTER", "tickSize": tick_size}]
    symbols = [{"symbol": symbol, "filters": filters} for symbol in SYMBOLS]
    return json.dumps({"serverTime": 1_790_000_000_000, "symbols": symbols, **more}).encode()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> Act:
    """Send a whole answer."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")

    async def act(writer: Writer) -> None:
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return act


def endless(head: str, pieces: Callable[[], Iterator[bytes]], pause_s: float = 0.0) -> Act:
    """Send pieces until the recorder has had enough."""

    async def act(writer: Writer) -> None:
        writer.write(head.encode())
        for piece in pieces():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return act


@cache
def _bomb(wbits: int) -> bytes:
    packer = zlib.compressobj(9, wbits=wbits)
    blank = b" " * 2**20
    packed = [packer.compress(blank) for _ in range(_BOMB_BYTES // len(blank))]
    return b"".join([*packed, packer.compress(listing()), packer.flush()])


async def _bomb_in_gzip(writer: Writer) -> None:
    await answer(await asyncio.to_thread(_bomb, 31), "Content-Encoding: gzip")(writer)


async def _bomb_in_deflate(writer: Writer) -> None:
    await answer(await asyncio.to_thread(_bomb, 15), "Content-Encoding: deflate")(writer)


async def _largest(writer: Writer) -> None:
    other = b'{"symbol":"S%dUSDT","status":"TRADING","filters":[{"filterType":"LOT_SIZE"},{},{}]},'
    body = b'{"symbols":[' + b"".join(other % number for number in range(380_000))
    await answer(body + listing().partition(b"[")[2])(writer)


async def _nothing(_writer: Writer) -> None:
    await asyncio.sleep(_ANSWER_LIMIT_S)  # the server's silence


def _repeated(piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        while True:
            yield piece

    return pieces


_OK = "HTTP/1.1 200 OK\r\n"
_CHUNK = b"10000\r\n" + b" " * 2**16 + b"\r\n"
CASES: dict[str, Act] = {
    "a huge exponent": answer(listing("1e900000000")),
    "a tiny exponent": answer(listing("1e-900000000")),
    "a million digits": answer(listing("0." + "1" * 10**6)),
    "a number of a million digits": answer(
        listing(x=1).replace(b'"x": 1', b'"x": ' + b"1" * 10**6)
    ),
    "no text": answer(listing([["0.10"]])),
    "a clock without reason": answer(listing(serverTime=10**300)),
    "nested without end": answer(b'{"symbols": ' + b"[" * 10**6),
    "an entry nested deeply": answer(listing([])[:-30] + b'{"a":' * 10**5),
    "a text without end": answer(b'{"symbols": ["' + b'\\"' * 10**6),
    "garbage": answer(random.Random(1).randbytes(10**5)),
    "a redirect": answer(b"", "Location: http://127.0.0.1:9/", status="302 Found"),
    "a packing nobody asked for": answer(listing(), "Content-Encoding: br"),
    "no HTTP": endless("220 mail.example ESMTP\r\n", lambda: iter(())),
    "a bomb in gzip": _bomb_in_gzip,
    "a bomb in deflate": _bomb_in_deflate,
    "headers without end": endless(_OK, _repeated(b"X-Y: " + b"z" * 4000 + b"\r\n")),
    "chunks without end": endless(f"{_OK}Transfer-Encoding: chunked\r\n\r\n", _repeated(_CHUNK)),
    "the largest answer": _largest,
    "a body that drips": endless(f"{_OK}Content-Length: 9999\r\n\r\n", _repeated(b" "), 0.2),
    "nothing": _nothing,
}


class AbsurdRest:
    """Serves ``exchangeInfo`` from ``async with``: a case when one is set, else a good answer.

    Attributes
    ----------
    case
        What the next request gets.
    taken, over
        How many cases were begun, and how many have ended, whoever ended them.
    good
        How many good answers were sent.
    """

    def __init__(self) -> None:
        self.case: Act | None = None
        self.taken = self.over = self.good = 0
        self.url = ""
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def until(self, condition: Callable[[], bool]) -> bool:
        """Wait for something that requests bring about; ``False``: in vain."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        return condition()

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        case, self.case = self.case, None
        try:
            await reader.readuntil(b"\r\n\r\n")
            if case is None:
                await answer(listing("0.25"))(writer)
                self.good += 1
                return
            self.taken += 1
            gone = asyncio.ensure_future(reader.read())
            acting = asyncio.ensure_future(case(writer))
            await asyncio.wait([gone, acting], return_when=asyncio.FIRST_COMPLETED)
            for task in (gone, acting):
                task.cancel()
            await asyncio.gather(gone, acting, return_exceptions=True)
        except (OSError, EOFError):
            pass  # the recorder has gone, which it may
        finally:
            if case is not None:
                self.over += 1
            writer.close()
            self._changed.set()


def _highest_bytes(pid: int) -> int:
    assert sys.platform == "linux", "make torture runs on Linux"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell how much memory a process had")


async def run(options: argparse.Namespace, folder: Path, verdict: Verdict) -> None:
    """Play all cases, one after the other, in a folder that may be thrown away."""
    database = folder / "torture.sqlite3"
    rng = random.Random(options.seed)
    names = [name for name in CASES if not options.only or name in options.only]
    rng.shuffle(names)
    async with HostileExchange(rng) as exchange, AbsurdRest() as rest:
        settings: dict[str, Any] = {"db": str(database), "symbols": SYMBOLS, "times": {}}
        settings |= {"ws_url": exchange.ws_url, "rest_url": rest.url, "trace": False}
        settings |= {"seed": options.seed, "tick_refresh_s": 0.2}
        async with RecorderProcess(settings) as recorder:
            if not await exchange.until(exchange.serving, _RECOVERY_LIMIT_S):
                raise RuntimeError("the recorder did not connect")
            await rest.until(lambda: rest.good > 1)
            before = (await recorder.measure())["rss_bytes"]
            in_vain = [name for name in names if not await _play(name, rest, recorder)]
            grown = _highest_bytes(recorder.pid) - before
            await Step(exchange, 0).proven()
            exchange.client_may_leave = True
            left = await recorder.stop()
    verdict.at_most("cases after which nothing was asked for", len(in_vain), 0, which=in_vain)
    verdict.at_least("cases played", rest.over, len(names), names=names)
    verdict.at_most("memory at the highest, bytes beyond before", grown, _MEMORY_GOAL_BYTES)
    waits_s = [
        one.reached_s - one.written_s
        for one in exchange.issued
        if one.reached_s is not None and one.written_s is not None
    ]
    verdict.at_most("time until an order was read, s, longest", max(waits_s), _DELAY_GOAL_S)
    ticks = _tick_sizes(database)
    wrong = {symbol: text[:40] for symbol, text in ticks.items() if text not in ("0.10", "0.25")}
    verdict.at_most("tick sizes stored that no good answer named", len(wrong), 0, which=wrong)
    verdict.at_least("symbols with a tick size", len(ticks), len(SYMBOLS))
    rows = read_rows(database)
    judge_rows(verdict, exchange, rows)
    judge_coverage(verdict, exchange, database, SYMBOLS)
    judge_end(verdict, left, len(rows))
    verdict.at_most("connections lost", left["reconnects"] + len(exchange.unexpected), 0)
    verdict.at_most("faults of integrity", int(integrity(database) != "ok"), 0)


async def _play(name: str, rest: AbsurdRest, recorder: RecorderProcess) -> bool:
    """Let the next request have a case, and wait for the good answer after it."""
    begun_s, over = time.monotonic(), rest.over
    rest.case = CASES[name]
    is_over = await rest.until(lambda: rest.over > over)
    good = rest.good
    is_asked = await rest.until(lambda: rest.good > good)
    Verdict().tell(
        "case",
        case=name,
        seconds=round(time.monotonic() - begun_s, 1),
        highest_bytes=_highest_bytes(recorder.pid),
    )
    return is_over and is_asked


def _tick_sizes(database: Path) -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT symbol, tick_size FROM tick_sizes"))


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=tuple(CASES), metavar="CASE", help="these")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="heatmap-rest-") as folder:
        asyncio.run(run(options, Path(folder), verdict))
    verdict.tell("verdict", ok=not verdict.failed, failed=verdict.failed)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
