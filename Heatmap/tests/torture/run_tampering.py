"""Another program changes a real recorder's file under load: nothing that can be stored is lost.

These are failures of writing that no table of faults names. Prints one JSON object a line, an
assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_tampering --rounds 3 --seed 1``
"""

import argparse
import asyncio
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from Heatmap.tests.torture.faults import Step
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS, Key
from Heatmap.tests.torture.run_kills import RecordCommand
from Heatmap.tests.torture.run_torture import RecorderProcess
from Heatmap.tests.torture.verdict import SceneVerdict, Verdict, integrity, totals_fault

_KEY = "ts_ms, event_key"
_COPY_ROWS = (
    "INSERT INTO liq_events SELECT NULL, ts_ms, symbol, side, price, qty, notional, source, "
    "raw_json, limit_price, original_qty, push_ms, receive_ms, event_key, key_from_numbers, twin, "
    "origin, reported_price, price_kind, price_rule FROM liq_events LIMIT 5"
)
# Each change by its name: what another program runs, and whether the file has to be set aside.
CHANGES: dict[str, tuple[str, bool]] = {
    "the unique index is dropped": ("DROP INDEX idx_liq_events_key", False),
    "the unique index is on other columns": (
        ("DROP INDEX idx_liq_events_key;CREATE INDEX idx_liq_events_key ON liq_events (ts_ms)"),
        False,
    ),
    "the unique index is partial": (
        (
            "DROP INDEX idx_liq_events_key; CREATE UNIQUE INDEX idx_liq_events_key "
            f"ON liq_events ({_KEY}) WHERE price < 0"
        ),
        False,
    ),
    "an index fails on what is written": (
        "CREATE INDEX mine ON liq_events (json_extract(raw_json, '$.x')) WHERE price < 0",
        False,
    ),
    "a trigger raises": (
        "CREATE TRIGGER mine BEFORE INSERT ON liq_events BEGIN SELECT RAISE(ABORT, 'no'); END",
        True,
    ),
    "a trigger swallows": (
        "CREATE TRIGGER mine BEFORE INSERT ON liq_events BEGIN SELECT RAISE(IGNORE); END",
        True,
    ),
    "a trigger deletes": (
        (
            "CREATE TRIGGER mine AFTER INSERT ON liq_events "
            "BEGIN DELETE FROM liq_events WHERE id = new.id; END"
        ),
        True,
    ),
    "a column is dropped": ("ALTER TABLE liq_events DROP COLUMN receive_ms", True),
    "a column is added": ("ALTER TABLE liq_events ADD COLUMN note TEXT", True),
    "the table is a view": (
        "ALTER TABLE liq_events RENAME TO events; CREATE VIEW liq_events AS SELECT * FROM events",
        True,
    ),
    "counters are gone": ("DROP TABLE counters", True),
    "coverage has other columns": ("ALTER TABLE coverage RENAME COLUMN proven TO sure", True),
    "rows are there twice": (f"DROP INDEX idx_liq_events_key; {_COPY_ROWS}", True),
}
_UNDONE = "a trigger raises"

_START_LIMIT_S = 30.0
_CALM_S = 1.0
# The change is put right after 5 s, and tried again every 2 s.
_PUT_RIGHT_GOAL_S = 12.0
# Recorders at a time, beside each of which its exchange runs in this process.
_LANES = 2


class _Verdict(SceneVerdict):
    def holds(self, name: str, condition: object, **more: Any) -> None:
        """Assert that something is so."""
        self.at_least(name, int(bool(condition)), 1, **more)


def tamper(database: Path, script: str) -> None:
    """Do what another program does, in one go."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
        connection.executescript(f"BEGIN IMMEDIATE; {script}; COMMIT")


def files_of(database: Path) -> Iterator[Path]:
    """Yield the file and those that were set aside."""
    yield database
    for one in sorted(database.parent.glob(f"{database.name}.damaged-*")):
        if not one.name.endswith(("-wal", "-shm")):
            yield one


def read_keys(database: Path) -> Counter[Key]:
    """Read what identifies the events, from whatever the table is called by now."""
    with closing(sqlite3.connect(database)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        table = "events" if "events" in names else "liq_events"
        return Counter(
            connection.execute(
                "SELECT symbol, ts_ms, side, limit_price, price, original_qty, qty "  # noqa: S608 - names of this module
                f"FROM {table}"
            ).fetchall()
        )


@asynccontextmanager
async def _exchange(name: str, options: argparse.Namespace) -> AsyncIterator[HostileExchange]:
    rng = random.Random(f"{options.seed} {name}")
    async with HostileExchange(rng, events_per_s=options.load) as exchange:
        yield exchange


def _settings(exchange: HostileExchange, database: Path, seed: int) -> dict[str, Any]:
    settings: dict[str, Any] = {"db": str(database), "symbols": SYMBOLS, "times": {}}
    settings |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
    return settings | {"seed": seed, "trace": False}


async def _let_leave(exchange: HostileExchange) -> None:
    """Wait until all that was sent is known to have been read; then the client may leave."""
    await Step(exchange, 0).proven()
    exchange.client_may_leave = True


def _judge_files(verdict: _Verdict, exchange: HostileExchange, database: Path) -> None:
    """Assert that every delivered order is in one of the files, which are all whole."""
    files = list(files_of(database))
    keys = [read_keys(one) for one in files]
    stored = set().union(*keys)
    delivered = [one for one in exchange.issued if one.row is not None and one.reached_s]
    missing = [one for one in delivered if one.key not in stored]
    verdict.at_least("delivered events", len(delivered), 1)
    verdict.at_most(
        "delivered events that are in no file",
        len(missing),
        0,
        first=[one.row for one in missing[:3]],
    )
    known = {one.key for one in exchange.issued}
    verdict.at_most("rows that nobody sent", len(stored - known), 0)
    verdict.at_most("events twice in the new file", sum(keys[0].values()) - len(keys[0]), 0)
    verdict.at_most("files that are not whole", sum(integrity(one) != "ok" for one in files), 0)
    fault = totals_fault(database)
    verdict.holds("the totals fit the rows", fault is None, words=fault)


async def _put_right(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Let the recorder put it right by itself, or another program undo it; then it is stopped."""
    verdict = _Verdict(name)
    database = folder / "tampering.sqlite3"
    script, is_set_aside = CHANGES[name]
    async with _exchange(name, options) as exchange:
        async with RecorderProcess(_settings(exchange, database, options.seed)) as recorder:
            if not await exchange.until(exchange.serving, _START_LIMIT_S):
                raise RuntimeError(f"{name}: the recorder did not connect")
            for number in range(options.rounds):
                # Later on the recorder has a fresh file, or an index that was made again.
                await asyncio.sleep(_CALM_S)
                tamper(database, script)
                begun_s = time.monotonic()
                during = await _measured(recorder, lambda told: bool(told["storage_fault"]))
                verdict.holds("the fault is shown", during["storage_fault"], round=number)
                verdict.tell("the fault in words", words=during["storage_fault"])
                is_undone = name == _UNDONE and number == 0
                if is_undone:
                    tamper(database, "DROP TRIGGER mine")
                after = await _measured(
                    recorder, lambda told: not told["storage_fault"], _PUT_RIGHT_GOAL_S * 2
                )
                taken_s = time.monotonic() - begun_s
                verdict.at_most("time to write again, s", taken_s, _PUT_RIGHT_GOAL_S)
                if not is_undone:
                    verdict.holds("it is said what was done", after["storage_notice"])
                if is_set_aside and not is_undone:
                    # Only once a minute: what comes next is tried at the end.
                    break
            await _let_leave(exchange)
            left = await recorder.stop()
        _judge_files(verdict, exchange, database)
        verdict.at_most("events dropped or left unwritten", left["overflowed"] + left["queued"], 0)
        verdict.at_most("errors logged", len(left["errors"]), 0, which=left["errors"][:2])
        verdict.at_most("connections lost", left["reconnects"] + len(exchange.unexpected), 0)
    verdict.holds(
        "set aside where it must be, mended elsewhere",
        (len(list(files_of(database))) > 1) == is_set_aside,
    )
    return [f"{name}: {failed}" for failed in verdict.failed]


async def _measured(recorder: RecorderProcess, condition: Any, limit_s: float = 10.0) -> Any:
    """Measure until a condition holds, or for so long; return the last measurement."""
    until_s = time.monotonic() + limit_s
    while True:
        told = await recorder.measure()
        if condition(told) or time.monotonic() > until_s:
            return told
        await asyncio.sleep(0.05)  # between two looks at another process


async def _at_the_end(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Change the file a moment before ``record`` is asked to end: it has no time to wait."""
    verdict = _Verdict(f"{name}, at the end")
    database = folder / "tampering.sqlite3"
    async with (
        _exchange(f"{name}, at the end", options) as exchange,
        RecordCommand(exchange, database) as command,
    ):
        if not await exchange.until(exchange.serving, _START_LIMIT_S):
            raise RuntimeError(f"{name}: {command.complaints[-500:]}")
        await asyncio.sleep(_CALM_S)
        tamper(database, CHANGES[name][0])
        await asyncio.sleep(exchange.rng.uniform(0, 0.5))  # the moment is what is tried
        await _let_leave(exchange)
        taken_s, status = await command.terminate()
        _judge_files(verdict, exchange, database)
        verdict.at_most("time to stop, s", taken_s, 3.0)
        verdict.at_most("exit status", -1 if status is None else status, 0)
        verdict.holds("no traceback", "Traceback" not in command.complaints)
    return [f"{name}, at the end: {failed}" for failed in verdict.failed]


async def _lost(folder: Path, options: argparse.Namespace) -> list[str]:
    """Lock the file beyond the end of ``record``: what is lost makes its exit status."""
    name = "locked beyond the end"
    verdict = _Verdict(name)
    database = folder / "tampering.sqlite3"
    async with (
        _exchange(name, options) as exchange,
        RecordCommand(exchange, database) as command,
    ):
        if not await exchange.until(exchange.serving, _START_LIMIT_S):
            raise RuntimeError(f"{name}: {command.complaints[-500:]}")
        await asyncio.sleep(_CALM_S)
        with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(_CALM_S)
            await _let_leave(exchange)
            taken_s, status = await command.terminate()
            other.execute("ROLLBACK")
        verdict.at_most("time to stop, s", taken_s, 3.0)
        verdict.holds("the exit status tells of the loss", status == 1, status=status)
        verdict.holds("it is logged", "are lost" in command.complaints)
        verdict.holds("the totals fit the rows", totals_fault(database) is None)
    return [f"{name}: {failed}" for failed in verdict.failed]


async def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """Play all scenes that are wanted, a few at a time; return what failed."""
    lanes = asyncio.Semaphore(_LANES)
    names = list(CHANGES)
    random.Random(options.seed).shuffle(names)
    names = names[: options.changes]

    async def play(number: int, scene: Any) -> list[str]:
        own = folder / str(number)
        own.mkdir()
        async with lanes:
            failed: list[str] = await scene(own)
            return failed

    scenes = [
        *(lambda own, name=name: _put_right(name, own, options) for name in names),
        *(lambda own, name=name: _at_the_end(name, own, options) for name in names),
        lambda own: _lost(own, options),
    ]
    plays = [play(number, scene) for number, scene in enumerate(scenes)]
    return [failed for one in await asyncio.gather(*plays) for failed in one]


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--changes", type=int, default=len(CHANGES), help="how many of the kinds")
    parser.add_argument("--rounds", type=int, default=3, help="of each that can be mended")
    parser.add_argument("--load", type=float, default=100.0, help="orders a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="heatmap-tampering-") as folder:
        failed = asyncio.run(run(Path(folder), options))
    Verdict().tell("verdict", ok=not failed, failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
