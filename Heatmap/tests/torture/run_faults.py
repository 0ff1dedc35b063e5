"""A host that freezes, and storage that fails: a real recorder must lose nothing in either.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold. All run
side by side, each with an exchange of its own in this process and a recorder in another one:
``python -m Heatmap.tests.torture.run_faults --frozen 60 --broken 30 --seed 1``
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.torture.faults import Step
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS
from Heatmap.tests.torture.run_torture import RecorderProcess, judge_end
from Heatmap.tests.torture.verdict import (
    SceneVerdict,
    Verdict,
    integrity,
    judge_coverage,
    judge_rows,
    read_rows,
)

# Before and after a fault all is well for so long.
_CALM_S = 2.0
_RECOVERY_LIMIT_S = 15.0
# No file may be larger on the full disk. It is less than the log of one event takes: with more room
# the recorder gets on, now and then, by clearing its log.
_ROOM_BYTES = 8192

_HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


class Scene:
    """One recorder that is being harmed.

    Attributes
    ----------
    exchange, recorder, verdict
        What it is connected to; itself, in its process; where its lines go.
    database
        The file that it writes.
    harm_s
        For how long.
    late_ms
        For how long its process could not stamp what came.
    """

    def __init__(
        self,
        exchange: HostileExchange,
        recorder: RecorderProcess,
        verdict: Verdict,
        database: Path,
        harm_s: int,
    ) -> None:
        self.exchange = exchange
        self.recorder = recorder
        self.verdict = verdict
        self.database = database
        self.harm_s = harm_s
        self.late_ms = 0

    async def wait_out(self) -> None:
        """Wait through a storage fault, and assert that it was shown and that events waited."""
        await asyncio.sleep(self.harm_s)
        during = await self.recorder.measure()
        self.verdict.at_least("the fault is shown", int(bool(during["storage_fault"])), 1)
        self.verdict.at_least("events waiting at its end", during["queued"], 1)
        self.verdict.tell("the fault in words", words=during["storage_fault"])

    async def recovered(self) -> None:
        """Assert that the recorder writes again, soon."""
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < _RECOVERY_LIMIT_S:
            if not (await self.recorder.measure())["storage_fault"]:
                break
            await asyncio.sleep(0.1)  # between two looks at another process
        taken_s = time.monotonic() - begun_s
        self.verdict.at_most("time to write again, s", taken_s, 5.0)


async def _sleep(scene: Scene) -> None:
    await _freeze(scene, "sleep")


async def _hold(scene: Scene) -> None:
    scene.late_ms = scene.harm_s * 1000
    await _freeze(scene, "hold")


async def _freeze(scene: Scene, word: str) -> None:
    before = len(scene.exchange.issued)
    await scene.recorder.command(f"{word} {scene.harm_s}", scene.harm_s + 30.0)
    during = len(scene.exchange.issued) - before
    least = scene.harm_s * scene.exchange.pace.events_per_s / 2
    scene.verdict.at_least("events sent meanwhile", during, least)


async def _lock(scene: Scene) -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLD_LOCK, str(scene.database)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if await holder.stdout.readline() != b"locked\n":
            raise RuntimeError("the file could not be locked")
        await scene.wait_out()
        holder.stdin.write(b"\n")
        await holder.stdin.drain()
        await holder.wait()
    finally:
        if holder.returncode is None:
            holder.kill()
            await holder.wait()
    await scene.recovered()


async def _fill_disk(scene: Scene) -> None:
    await scene.recorder.command(f"limit {_ROOM_BYTES}")
    await scene.wait_out()
    await scene.recorder.command("limit 0")
    await scene.recovered()


async def _nothing(scene: Scene) -> None:
    """The harm was done before the recorder began; it has to say so."""
    told = (await scene.recorder.measure())["storage_notice"]
    found = sorted(scene.database.parent.glob(f"{scene.database.name}.damaged-*"))
    found = [one for one in found if not one.name.endswith(("-wal", "-shm"))]
    scene.verdict.at_least("files set aside", len(found), 1)
    scene.verdict.at_least("it is said where", int(bool(found) and str(found[0]) in str(told)), 1)
    is_kept = bool(found) and found[0].read_bytes() == _damaged_content()
    scene.verdict.at_least("the damaged file is kept as it was", int(is_kept), 1)


def _damaged_content() -> bytes:
    return b"\xff\x00 no database any more \n" * 4096


def _damage(database: Path) -> None:
    SqliteStore(database, DataKind.LIVE).close()
    database.write_bytes(_damaged_content())


# Each harm by its name, and whether it is a freeze.
SCENES: dict[str, tuple[Callable[[Scene], Awaitable[None]], bool]] = {
    "the host's GUI sleeps": (_sleep, True),
    "the host holds the interpreter lock": (_hold, True),
    "the database is locked": (_lock, False),
    "the disk is full": (_fill_disk, False),
    "the database is corrupt at the start": (_nothing, False),
}


@asynccontextmanager
async def _recording(
    name: str, database: Path, options: argparse.Namespace, harm_s: int
) -> AsyncIterator[Scene]:
    rng = random.Random(f"{options.seed} {name}")
    times = {"silence_s": options.silence}
    async with HostileExchange(rng, heartbeat_s=options.silence / 10) as exchange:
        settings: dict[str, Any] = {"db": str(database), "symbols": SYMBOLS, "times": times}
        settings |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
        settings |= {"seed": options.seed, "trace": False}
        async with RecorderProcess(settings) as recorder:
            if not await exchange.until(exchange.serving, _RECOVERY_LIMIT_S):
                raise RuntimeError(f"{name}: the recorder did not connect")
            yield Scene(exchange, recorder, SceneVerdict(name), database, harm_s)


async def play(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Play one scene in a folder of its own; return the names of the assertions that failed."""
    act, is_freeze = SCENES[name]
    harm_s = options.frozen if is_freeze else options.broken
    database = folder / "heatmap.sqlite3"
    if act is _nothing:
        _damage(database)
    async with _recording(name, database, options, harm_s) as scene:
        exchange, verdict = scene.exchange, scene.verdict
        await asyncio.sleep(_CALM_S)
        begun_s = time.monotonic()
        await act(scene)
        verdict.tell("harm", seconds=round(time.monotonic() - begun_s, 1))
        await asyncio.sleep(_CALM_S + exchange.pace.heartbeat_s)
        await Step(exchange, 0).proven()
        exchange.client_may_leave = True
        left = await scene.recorder.stop()
    rows = read_rows(database)
    judge_rows(verdict, exchange, rows, scene.late_ms)
    judge_coverage(verdict, exchange, database, SYMBOLS)
    judge_end(verdict, left, len(rows))
    verdict.at_most("connections lost", left["reconnects"] + len(exchange.unexpected), 0)
    verdict.at_most("connections besides the first", len(exchange.lines) - 1, 0)
    verdict.at_most("faults of integrity", int(integrity(database) != "ok"), 0)
    return [f"{name}: {failed}" for failed in verdict.failed]


async def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """Play all scenes that are wanted; return what failed."""
    wanted = [
        name
        for name, (_, is_freeze) in SCENES.items()
        if (options.frozen if is_freeze else options.broken)
    ]
    plays = [play(name, folder / str(number), options) for number, name in enumerate(wanted)]
    return [failed for one in await asyncio.gather(*plays) for failed in one]


def _prepare(folder: Path) -> None:
    for number in range(len(SCENES)):
        (folder / str(number)).mkdir()


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frozen", type=int, default=60, help="s of each freeze, 0: none")
    parser.add_argument("--broken", type=int, default=30, help="s of each fault, 0: none")
    parser.add_argument("--silence", type=float, default=10.0, help="limit of silence, s")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="heatmap-faults-") as folder:
        _prepare(Path(folder))
        failed = asyncio.run(run(Path(folder), options))
    Verdict().tell("verdict", ok=not failed, failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
