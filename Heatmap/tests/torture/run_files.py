"""A database whose files are replaced, cut off, deleted or moved under a real recorder with load.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold. All run
side by side, each with an exchange of its own in this process and a recorder in another one:
``python -m Heatmap.tests.torture.run_files --calm 5 --seed 1``
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

from Heatmap.storage.sqlite.migrations import MIGRATIONS
from Heatmap.tests.torture.faults import Step
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS, Issued, Key
from Heatmap.tests.torture.run_kills import OLD_SYMBOL, old_database
from Heatmap.tests.torture.run_torture import RecorderProcess
from Heatmap.tests.torture.verdict import (
    SceneVerdict,
    StoredRow,
    Verdict,
    integrity,
    judge_coverage,
    missing_of,
    read_rows,
    read_rows_without_log,
    why_wrong,
)

_START_LIMIT_S = 30.0
_NOTICE_LIMIT_S = 10.0
# The recorder has it in its memory, and the kernel not yet on its way to the disk.
_LOST_BY_KILL_S = 1.0

_READ = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM liq_events").fetchone()
print("reading", flush=True)
sys.stdin.readline()
connection.close()
"""


class Scene:
    """One database that is being harmed.

    Attributes
    ----------
    exchange, verdict, options
        What its recorders are connected to; where its lines go; the figures of this run.
    database
        The file that is written; alone in a directory.
    backup
        An older file, with rows of its own.
    elsewhere
        Further files that hold a part of what was recorded.
    lost_before_s
        What was written before this moment, monotonic, may be lost by a kill.
    only_in_file
        What may be lost with the file that held it.
    """

    def __init__(
        self, exchange: HostileExchange, verdict: Verdict, folder: Path, options: argparse.Namespace
    ) -> None:
        self.exchange = exchange
        self.verdict = verdict
        self.options = options
        self.database = folder / "place" / "heatmap.sqlite3"
        self.database.parent.mkdir(parents=True)
        self.backup = folder / "backup.sqlite3"
        rng = random.Random(f"{options.seed} backup")
        old_database(self.backup, len(MIGRATIONS), rng)
        self.old_rows = len(read_rows(self.backup))
        self.elsewhere: list[Path] = []
        self.lost_before_s = 0.0
        self.only_in_file: set[Key] = set()

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[RecorderProcess]:
        """Run a recorder that is served; kill it at the end where it was not stopped."""
        settings: dict[str, Any] = {"db": str(self.database), "symbols": SYMBOLS, "times": {}}
        settings |= {"ws_url": self.exchange.ws_url, "rest_url": self.exchange.rest_url}
        settings |= {"seed": self.options.seed, "trace": False}
        before = len(self.exchange.lines)
        async with RecorderProcess(settings) as recorder:
            if not await self.exchange.until(
                lambda: any(line.reached for line in self.exchange.lines[before:]), _START_LIMIT_S
            ):
                raise RuntimeError("the recorder did not connect")
            yield recorder

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Let another program hold a read transaction."""
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _READ, str(self.database)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert reader.stdout is not None
        try:
            if await reader.stdout.readline() != b"reading\n":
                raise RuntimeError("the database could not be read")
            yield
            await reader.communicate(b"\n")
        finally:
            if reader.returncode is None:
                reader.kill()
                await reader.wait()

    async def calm(self) -> None:
        """Let the recorder work."""
        await asyncio.sleep(self.options.calm)  # the load is what is tried

    async def noticed(self, recorder: RecorderProcess) -> None:
        """Assert that the recorder says what happened, soon."""
        begun_s = time.monotonic()
        notice: str | None = None
        while time.monotonic() - begun_s < _NOTICE_LIMIT_S:
            notice = (await recorder.measure())["storage_notice"]
            if notice is not None and "while it was written" in notice:
                break
            await asyncio.sleep(0.02)  # between two looks at another process
        self.verdict.at_most(
            "time to notice, s", time.monotonic() - begun_s, self.options.notice, words=notice
        )

    async def stop(self, recorder: RecorderProcess, *, is_standby: bool = False) -> None:
        """Stop in order, once all that was sent is known to have been read."""
        await Step(self.exchange, 0).proven()
        self.exchange.client_may_leave = True
        left = await recorder.stop()
        self.verdict.at_most("time to stop, s", left["stop_s"], 3.0)
        self.verdict.at_most("errors logged", len(left["errors"]), 0, which=left["errors"])
        # A standby keeps what the other one writes.
        unwritten = left["overflowed"] + (0 if is_standby else left["queued"])
        self.verdict.at_most("events dropped or unwritten", unwritten, 0)
        self.verdict.tell("recorder", stored=left["stored"], notice=left["storage_notice"])


def _overwrite(scene: Scene) -> None:
    # What only the file holds goes with it; what is in its log as well does not.
    scene.only_in_file = {row.key for row in read_rows_without_log(scene.database)}
    shutil.copyfile(scene.backup, scene.database)


def _replace(scene: Scene) -> None:
    copy = scene.backup.with_name("copy")
    shutil.copyfile(scene.backup, copy)
    copy.replace(scene.database)


def _log(scene: Scene) -> Path:
    return scene.database.with_name(f"{scene.database.name}-wal")


def _cut_log(scene: Scene) -> None:
    os.truncate(_log(scene), 0)


def _delete_log(scene: Scene) -> None:
    _log(scene).unlink()


def _delete_index(scene: Scene) -> None:
    scene.database.with_name(f"{scene.database.name}-shm").unlink()


def _under_a_reader(harm: Callable[[Scene], None]) -> Callable[[Scene], Awaitable[None]]:
    async def act(scene: Scene) -> None:
        async with scene.recording() as recorder:
            await scene.calm()
            async with scene.reading():
                await scene.calm()
                harm(scene)
                await scene.noticed(recorder)
                await scene.calm()
            await scene.calm()
            await scene.stop(recorder)

    return act


async def _after_a_kill(scene: Scene) -> None:
    async with scene.recording():
        await scene.calm()
    scene.lost_before_s = time.monotonic()
    await scene.exchange.until(lambda: not scene.exchange.serving(), 10)
    _replace(scene)
    async with scene.recording() as recorder:
        await scene.calm()
        await scene.stop(recorder)
    kept = list(scene.database.parent.glob(f"{scene.database.name}.replaced-*-wal"))
    scene.verdict.at_least("logs of the replaced file that are kept", len(kept), 1)


async def _move_directory(scene: Scene) -> None:
    moved = scene.database.parent.with_name("moved")
    scene.elsewhere.append(moved / scene.database.name)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(scene.recording())
        await scene.calm()
        scene.database.parent.rename(moved)
        scene.database.parent.mkdir()
        second = await stack.enter_async_context(scene.recording())
        roles: Counter[str] = Counter()
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < _NOTICE_LIMIT_S:
            measured = {one: (await one.measure())["role"] for one in (first, second)}
            roles = Counter(measured.values())
            if roles == {"writer": 1, "standby": 1}:
                break
            await asyncio.sleep(0.02)  # between two looks at other processes
        scene.verdict.at_most(
            "time until one writes and one stands by, s",
            time.monotonic() - begun_s,
            scene.options.notice,
            roles=dict(roles),
        )
        await scene.calm()
        measured = {one: (await one.measure())["role"] for one in (first, second)}
        scene.verdict.at_most("writers besides the one", list(measured.values()).count("writer"), 1)
        standby, writer = sorted((first, second), key=lambda one: measured[one] == "writer")
        await scene.stop(standby, is_standby=True)
        await scene.stop(writer)


# Each harm by its name.
SCENES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "replaced under a reader": _under_a_reader(_replace),
    "overwritten under a reader": _under_a_reader(_overwrite),
    "replaced after a kill": _after_a_kill,
    "log cut off": _under_a_reader(_cut_log),
    "log deleted": _under_a_reader(_delete_log),
    "index deleted": _under_a_reader(_delete_index),
    "directory moved": _move_directory,
}
_RESTORED = {"replaced under a reader", "overwritten under a reader", "replaced after a kill"}


def _judge(scene: Scene, *, is_restored: bool) -> None:
    """Assert that all that was delivered is there, and all of a backup that was put back."""
    verdict, exchange, database = scene.verdict, scene.exchange, scene.database
    copies = database.parent.glob(f"{database.name}.replaced-*Z")
    files = [database, *copies, *scene.elsewhere]
    rows = [_recorded(read_rows(file)) for file in files]
    held = [row for part in rows for row in part]
    by_key = {one.key: one for one in exchange.issued}
    wrong = [words for row in held if (words := why_wrong(row, by_key.get(row.key)))]
    missing = [one for one in missing_of(exchange.issued, held) if not _may_be_lost(scene, one)]
    delivered = sum(one.row is not None and one.reached_s is not None for one in exchange.issued)
    verdict.at_least(
        "delivered events besides those that only an overwritten file held",
        delivered - len(scene.only_in_file),
        1,
        rows=[len(part) for part in rows],
    )
    verdict.at_most(
        "delivered events that are not stored", len(missing), 0, first=[m.row for m in missing[:3]]
    )
    twice = sum(count - 1 for count in Counter(row.key for row in rows[0]).values())
    verdict.at_most("events stored more than once in the file", twice, 0)
    verdict.at_most("wrong rows", len(wrong), 0, first=wrong[:3], of=len(held))
    for number, file in enumerate(files):
        verdict.at_most("faults of integrity", int(integrity(file) != "ok"), 0, file=number)
    if is_restored:
        with closing(sqlite3.connect(database)) as connection:
            (old,) = connection.execute(
                "SELECT count(*) FROM liq_events WHERE symbol = ?", (OLD_SYMBOL,)
            ).fetchone()
        verdict.at_most("rows of the backup that are gone", scene.old_rows - old, 0)
    elif not scene.elsewhere:
        judge_coverage(verdict, exchange, database, SYMBOLS)


def _may_be_lost(scene: Scene, one: Issued) -> bool:
    is_early = one.written_s is None or one.written_s < scene.lost_before_s
    return is_early or one.key in scene.only_in_file


def _recorded(rows: list[StoredRow]) -> list[StoredRow]:
    return [row for row in rows if row.values[1] != OLD_SYMBOL]


async def play(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Play one scene in a folder of its own; return the names of the assertions that failed."""
    verdict = SceneVerdict(name)
    exchange = HostileExchange(
        random.Random(f"{options.seed} {name}"),
        heartbeat_s=0.2,
        events_per_s=options.events_per_s,
    )
    async with exchange:
        scene = Scene(exchange, verdict, folder, options)
        await SCENES[name](scene)
    _judge(scene, is_restored=name in _RESTORED)
    return [f"{name}: {failed}" for failed in verdict.failed]


async def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """Play all scenes; return what failed."""
    plays = [play(name, folder / str(number), options) for number, name in enumerate(SCENES)]
    return [failed for one in await asyncio.gather(*plays) for failed in one]


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calm", type=float, default=5.0, help="s before and after each harm")
    parser.add_argument("--events-per-s", type=float, default=300.0, help="load of each recorder")
    parser.add_argument("--notice", type=float, default=1.5, help="limit of noticing, s")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="heatmap-files-") as folder:
        failed = asyncio.run(run(Path(folder), options))
    Verdict().tell("verdict", ok=not failed, failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
