"""Kills ``python -m Heatmap record`` at random moments and looks at what it has left.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_kills --kills 200 --seed 1``
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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Self

from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.storage.sqlite.connections import database_uri
from Heatmap.storage.sqlite.migrations import APPLICATION_ID, MIGRATIONS, apply_scripts
from Heatmap.storage.sqlite.writer_lock import lock_path
from Heatmap.tests.torture.hostile_candles import candle_faults
from Heatmap.tests.torture.hostile_exchange import HostileExchange, Line
from Heatmap.tests.torture.order_source import SYMBOLS, Issued, Key
from Heatmap.tests.torture.verdict import (
    Verdict,
    beat_spans,
    complete,
    integrity,
    missing_of,
    read_rows,
    read_spans,
    totals_fault,
    why_wrong,
    without,
)

ROOT = Path(__file__).resolve().parents[3]
EVENTS_PER_S = (20.0, 300.0)
CASCADE_PER_S = 900.0
HEARTBEAT_S = 0.2
LOST_GOAL_MS = 500.0
# Written about once a second, and never of the newest second.
COVERAGE_LAG_GOAL_S = 3.0
TAKE_OVER_GOAL_S = 10.0
# After so many kills a database is stopped in order, looked at as a whole, and a new one begun.
_KILLS_PER_DATABASE = 25
# An older file holds rows of this symbol, which is not recorded.
OLD_SYMBOL = "OLDUSDT"
_OLD_ROWS = 5000
# Up to this version an event has the columns that are written here.
_SAME_COLUMNS = 2
_START_LIMIT_S = 30.0
# Longer than what a recorder may be late with.
_LONGEST_RUN_S = 3.5
# How the kills are spread: while Python starts, while the file is made or migrated, then.
_MOMENTS = (("starting", 0.15), ("opening", 0.25), ("recording", 0.6))


class RecordCommand:
    """``python -m Heatmap record`` in a process of its own, from ``async with``."""

    def __init__(self, exchange: HostileExchange, database: Path) -> None:
        self._exchange = exchange
        self._database = database
        self._complaints = database.with_name(f"{database.name}.stderr")
        self.started_s = 0.0

    async def __aenter__(self) -> Self:
        self.started_s = time.monotonic()
        with self._complaints.open("ab") as complaints:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "Heatmap", "record", "--db", str(self._database)),
                *("--ws-url", self._exchange.ws_url, "--rest-url", self._exchange.rest_url),
                *("--symbol", ",".join(SYMBOLS)),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=complaints,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "HEATMAP_LOG": "ERROR"},
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.is_running:
            await self.kill()

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def complaints(self) -> str:
        return self._complaints.read_text("utf-8", "replace")

    async def kill(self) -> float:
        """Kill it; return when, monotonic."""
        killed_s = time.monotonic()
        if self.is_running:
            self._process.kill()
        await self._process.wait()
        return killed_s

    async def terminate(self) -> tuple[float, int | None]:
        """Ask it to end; return how long it took and its exit status."""
        begun_s = time.monotonic()
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 30)
        return time.monotonic() - begun_s, self._process.returncode


def old_database(path: Path, version: int, rng: random.Random) -> None:
    """Make a file as an earlier version of the program left it, with some rows in it."""
    scripts = [files("Heatmap.storage").joinpath(name).read_text("utf-8") for name in MIGRATIONS]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        written_by = min(version, _SAME_COLUMNS)
        apply_scripts(connection, 0, scripts[:written_by])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute("INSERT INTO meta (key, value) VALUES ('kind', 'live')")
        now_ms = time.time_ns() // 1_000_000
        connection.executemany(
            "INSERT INTO liq_events (ts_ms, symbol, side, price, qty, notional, source, raw_json, "
            "limit_price, original_qty, push_ms, receive_ms) VALUES (?, ?, 'BUY', ?, 1, ?, "
            "'BINANCE_USDM', '', 1, 1, ?, ?)",
            [
                (now_ms - age_ms, OLD_SYMBOL, price, price, now_ms, now_ms)
                for age_ms in range(_OLD_ROWS)
                for price in (rng.uniform(1, 2),)
            ],
        )
        apply_scripts(connection, written_by, scripts[:version])
        connection.execute("COMMIT")


@dataclass(slots=True)
class Findings:
    """What all kills together have shown."""

    kills: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    lost_ms: list[float] = field(default_factory=list)
    covered_losses: int = 0
    covered_losses_by_trade_time: int = 0
    coverage_lag_s: list[float] = field(default_factory=list)
    missing_after_all: int = 0
    wrong: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    candle_faults: list[str] = field(default_factory=list)
    candle_minutes: int = 0
    covered_without_heartbeats_ms: int = 0
    not_started: list[str] = field(default_factory=list)
    old_rows_lost: int = 0
    stop_s: list[float] = field(default_factory=list)
    bad_exits: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    take_over_s: list[float] = field(default_factory=list)
    missing_after_take_over: int = 0
    delivered: int = 0
    cascade_stops: int = 0


class Database:
    """One file, the kills that it has survived, and what was sent meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kills = 0
        # What was sent to the recorders of this file, and on which connections.
        self.issued: list[Issued] = []
        self.lines: list[Line] = []
        # What kills have lost, within what they may.
        self.lost: set[Key] = set()


class Killer:
    """Runs the kills."""

    def __init__(self, exchange: HostileExchange, folder: Path, rng: random.Random) -> None:
        self.found = Findings()
        self._exchange = exchange
        self._folder = folder
        self._rng = rng
        self._made = 0
        self._database = self._new_database()

    def _new_database(self) -> Database:
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir()
        return Database(folder / "kills.sqlite3")

    @asynccontextmanager
    async def _round(self, database: Database) -> AsyncIterator[None]:
        """Attribute what is sent inside to a database; ends when nobody is connected any more."""
        exchange = self._exchange
        order, line = len(exchange.issued), len(exchange.lines)
        yield
        await exchange.until(lambda: all(one.ended for one in exchange.lines[-8:]), 10)
        database.issued += exchange.issued[order:]
        database.lines += exchange.lines[line:]

    async def kill_once(self, moment: str) -> None:
        """Start a recorder, kill it, and look at what is there."""
        if moment == "opening":
            await self._kill_while_opening()
        else:
            await self._kill_main(moment)
        self.found.kills[moment] += 1

    async def _kill_main(self, moment: str) -> None:
        database, killed_s = self._database, 0.0
        # In a cascade full batches are written, in a calm market the clock's.
        self._exchange.pace.events_per_s = self._rng.choice(EVENTS_PER_S)
        before = len(database.issued)
        async with (
            self._round(database),
            RecordCommand(self._exchange, database.path) as command,
        ):
            if moment == "starting":
                await asyncio.sleep(self._rng.uniform(0, 0.1))  # the moment is what is tried
            else:
                await self._serving(command)
                # The moment is what is tried.
                await asyncio.sleep(self._rng.uniform(0, _LONGEST_RUN_S))
            killed_s = await command.kill()
        self._look(database, database.issued[before:], killed_s)
        database.kills += 1
        if database.kills >= _KILLS_PER_DATABASE:
            await self.finish()

    async def _kill_while_opening(self) -> None:
        """Kill it while it makes a file, or brings an old one up to date; then let it start."""
        database = self._new_database()
        killed_s = 0.0
        version = self._rng.randrange(len(MIGRATIONS))
        if version:
            old_database(database.path, version, self._rng)
        async with (
            self._round(database),
            RecordCommand(self._exchange, database.path) as command,
        ):
            # The lock comes first, then the file.
            await self._until(lambda: lock_path(database.path).exists() or not command.is_running)
            await asyncio.sleep(self._rng.uniform(0, 0.04))  # the moment is what is tried
            killed_s = await command.kill()
        # It may have come as far as to receive something.
        self._look(database, list(database.issued), killed_s)
        await self._stop_in_order(database)
        self._judge_whole(database)
        if version:
            with closing(sqlite3.connect(database.path)) as connection:
                kept = connection.execute(
                    "SELECT count(*) FROM liq_events WHERE symbol = ?", (OLD_SYMBOL,)
                ).fetchone()[0]
            self.found.old_rows_lost += _OLD_ROWS - kept

    async def finish(self) -> None:
        """Stop a recorder of the main database in order, judge the whole file, begin a new one."""
        await self._stop_in_order(self._database)
        self._judge_whole(self._database)
        self._database = self._new_database()

    def _judge_whole(self, database: Database) -> None:
        """Look at a file whose last recorder ended in order."""
        found = self.found
        rows = [row for row in read_rows(database.path) if row.values[1] != OLD_SYMBOL]
        by_key = {one.key: one for one in database.issued}
        missing = missing_of(database.issued, rows)
        found.missing_after_all += sum(one.key not in database.lost for one in missing)
        found.wrong += [w for row in rows if (w := why_wrong(row, by_key.get(row.key)))]
        found.wrong += ["stored twice"] * (len(rows) - len({row.key for row in rows}))
        found.delivered += sum(one.reached_s is not None for one in database.issued)
        for symbol in SYMBOLS:
            beats = complete(beat_spans(database.lines, symbol, reached=False))
            extra = without(read_spans(database.path, symbol), beats)
            found.covered_without_heartbeats_ms += sum(end - start for start, end in extra)

    async def stop_in_a_cascade(self) -> None:
        """Stop a recorder in order while very much comes; all that reached it must be stored."""
        pace, database = self._exchange.pace, self._new_database()
        usual = (pace.events_per_s, pace.tick_s)
        pace.events_per_s, pace.tick_s = CASCADE_PER_S, 0.004
        try:
            await self._stop_in_order(database)
        finally:
            pace.events_per_s, pace.tick_s = usual
        self._judge_whole(database)
        self.found.cascade_stops += 1

    async def take_over(self) -> None:
        """Kill the writer beside which a standby runs; nothing may be missing afterwards."""
        exchange = self._exchange
        database = self._new_database()
        async with (
            self._round(database),
            RecordCommand(exchange, database.path) as writer,
            RecordCommand(exchange, database.path) as standby,
        ):
            # Whichever of the two came first writes: the other one is told by who holds the lock.
            await exchange.until(lambda: len(exchange.serving()) == 2, _START_LIMIT_S)
            since = len(exchange.issued)
            if not (writer.is_running and standby.is_running):
                self.found.not_started.append("a standby")
                return
            await asyncio.sleep(self._rng.uniform(0.5, 3.0))  # the moment is what is tried
            first = _writer_of(database.path, writer, standby)
            second = standby if first is writer else writer
            killed_s = await first.kill()
            await exchange.until(lambda: len(exchange.serving()) == 1, 5)
            killed_ms = exchange.now_ms()
            await self._until(lambda: _newest_push_ms(database.path) > killed_ms, 20)
            self.found.take_over_s.append(time.monotonic() - killed_s)
            await self._note_end(second)
        self._check_totals(self._check_integrity(database))
        missing = missing_of(exchange.issued[since:], read_rows(database.path))
        self.found.missing_after_take_over += len(missing)
        self._judge_whole(database)
        self.found.kills["beside a standby"] += 1

    async def _stop_in_order(self, database: Database) -> None:
        async with (
            self._round(database),
            RecordCommand(self._exchange, database.path) as command,
        ):
            if await self._serving(command):
                await asyncio.sleep(self._rng.uniform(0, 0.3))  # the moment is what is tried
                await self._note_end(command)
        if "Traceback" in command.complaints or "ERROR" in command.complaints:
            self.found.complaints.append(command.complaints[-2000:])

    async def _note_end(self, command: RecordCommand) -> None:
        seconds, status = await command.terminate()
        self.found.stop_s.append(seconds)
        if status != 0:
            self.found.bad_exits.append(f"{status}: {command.complaints[-500:]}")

    async def _serving(self, command: RecordCommand) -> bool:
        """Wait until the recorder is known to read; a recorder that does not come is noted."""
        exchange = self._exchange
        is_served = await exchange.until(
            lambda: any(line.reached for line in exchange.serving()), _START_LIMIT_S
        )
        if not is_served:
            self.found.not_started.append(command.complaints[-500:] or "no word")
        return is_served

    async def _until(self, condition: Callable[[], bool], limit_s: float = _START_LIMIT_S) -> bool:
        until_s = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > until_s:
                return False
            await asyncio.sleep(0.002)  # between two looks at another process
        return True

    def _check_integrity(self, database: Database) -> Path:
        """Check a copy, so that the next recorder finds what the killed one has left."""
        folder = database.path.parent / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for suffix in ("", "-wal"):
            source = database.path.with_name(f"{database.path.name}{suffix}")
            if source.exists():
                shutil.copy(source, folder)
        copy = folder / database.path.name
        if copy.exists() and (words := integrity(copy)) != "ok":
            self.found.broken.append(words)
        return copy

    def _check_totals(self, copy: Path) -> None:
        if copy.exists() and (fault := totals_fault(copy, OLD_SYMBOL)):
            self.found.totals.append(fault)

    def _check_candles(self, copy: Path) -> None:
        if copy.exists():
            faults, minutes = candle_faults(copy, SYMBOLS)
            self.found.candle_faults += faults
            self.found.candle_minutes += minutes

    def _look(self, database: Database, issued: list[Issued], killed_s: float) -> None:
        found = self.found
        copy = self._check_integrity(database)
        self._check_totals(copy)
        self._check_candles(copy)
        delivered = [one for one in issued if one.row is not None and one.reached_s is not None]
        if not delivered:
            return
        if not copy.exists():
            found.missing_after_all += len(delivered)
            return
        missing = missing_of(delivered, read_rows(copy))
        database.lost |= {one.key for one in missing}
        killed_ms = self._exchange.now_ms() - (time.monotonic() - killed_s) * 1000.0
        for symbol in SYMBOLS:
            spans = read_spans(copy, symbol)
            lost = [one for one in missing if one.symbol == symbol]
            found.covered_losses += sum(_is_inside(one.data["E"], spans) for one in lost)
            found.covered_losses_by_trade_time += sum(
                _is_inside(one.data["o"]["T"], spans) for one in lost
            )
            lines = self._exchange.lines[-1:]
            beats = beat_spans(lines, symbol, reached=True)
            if beats:
                covered_ms = max((end for _, end in spans), default=beats[0][0])
                covered_ms = max(covered_ms, beats[0][0])
                found.coverage_lag_s.append(max(0.0, (killed_ms - covered_ms) / 1000.0))
        found.lost_ms.append(
            max(
                ((killed_s - one.written_s) * 1000.0 for one in missing if one.written_s),
                default=0.0,
            )
        )


def _is_inside(ts_ms: int, spans: list[tuple[int, int]]) -> bool:
    # A message of the very millisecond of the last heartbeat came after it.
    return any(start < ts_ms < end for start, end in spans)


def _writer_of(database: Path, one: RecordCommand, other: RecordCommand) -> RecordCommand:
    """Return the process that holds the writer's lock, told by the kernel's list of locks."""
    assert sys.platform == "linux"
    inode = lock_path(database).stat().st_ino
    holders = {
        int(line.split()[4])
        for line in Path("/proc/locks").read_text("utf-8").splitlines()
        if "->" not in line and line.split()[5].endswith(f":{inode}")
    }
    return next((command for command in (one, other) if command.pid in holders), one)


def _newest_push_ms(database: Path) -> int:
    with closing(sqlite3.connect(database_uri(database, "mode=ro"), uri=True)) as connection:
        newest: int | None = connection.execute("SELECT max(push_ms) FROM liq_events").fetchone()[0]
    return newest or 0


def has_standby() -> bool:
    """Tell whether this version's recorder can wait beside another one."""
    return "role" in RecorderStatus.__dataclass_fields__


def judge(verdict: Verdict, found: Findings, wanted: int, take_overs: int) -> None:
    """Assert what the kills must not have done."""
    verdict.tell("kills by moment", **dict(found.kills))
    verdict.at_least("kills done", sum(found.kills.values()), wanted)
    verdict.at_least("delivered events", found.delivered, 1)
    verdict.at_most("databases whose integrity_check is not ok", len(found.broken), 0)
    losses = [ms for ms in found.lost_ms if ms]
    verdict.at_most(
        "missing after a kill: age of the oldest, ms",
        max(losses, default=0.0),
        LOST_GOAL_MS,
        median=round(median(losses), 1) if losses else 0.0,
        kills_with_delivery=len(found.lost_ms),
        kills_with_loss=len(losses),
    )
    verdict.at_most("missing events in covered time, by push time", found.covered_losses, 0)
    verdict.at_most(
        "missing events in covered time, by trade time (up to 1 s before the push)",
        found.covered_losses_by_trade_time,
        0,
    )
    verdict.at_most(
        "coverage ends before the kill by, s, longest",
        max(found.coverage_lag_s, default=0.0),
        COVERAGE_LAG_GOAL_S,
        median=round(median(found.coverage_lag_s), 3) if found.coverage_lag_s else 0.0,
    )
    verdict.at_most("covered without heartbeats, ms in all", found.covered_without_heartbeats_ms, 0)
    verdict.at_most(
        "missing for another reason, or after a stop in order",
        found.missing_after_all,
        0,
        stops=len(found.stop_s),
        in_a_cascade=found.cascade_stops,
    )
    verdict.at_most("wrong rows", len(found.wrong), 0, first=found.wrong[:3])
    verdict.at_most("totals that do not fit the rows", len(found.totals), 0, first=found.totals[:3])
    verdict.at_least("minutes of candles fetched, in all files looked at", found.candle_minutes, 1)
    verdict.at_most(
        "candles fetched and missing, or untrue, after a kill",
        len(found.candle_faults),
        0,
        first=found.candle_faults[:3],
    )
    verdict.at_most("rows of an older file that are gone", found.old_rows_lost, 0)
    verdict.at_most(
        "recorders that did not start again", len(found.not_started), 0, words=found.not_started[:3]
    )
    verdict.at_most("time to stop on SIGTERM, s", max(found.stop_s, default=0.0), 3.0)
    verdict.at_most(
        "exit statuses on SIGTERM other than 0", len(found.bad_exits), 0, words=found.bad_exits[:3]
    )
    verdict.at_most("tracebacks and errors", len(found.complaints), 0, words=found.complaints[:2])
    if not take_overs:
        return
    if not has_standby():
        verdict.tell("kills beside a standby", skipped="this version has no standby")
        return
    verdict.at_most(
        "take-over by the standby, s, longest",
        max(found.take_over_s, default=0.0),
        TAKE_OVER_GOAL_S,
        times=len(found.take_over_s),
    )
    verdict.at_most("missing after a take-over", found.missing_after_take_over, 0)


async def run(options: argparse.Namespace, folder: Path, verdict: Verdict) -> None:
    """Do all kills, at most until the time is over."""
    rng = random.Random(options.seed)
    begun_s = time.monotonic()
    take_overs = min(options.take_overs, options.kills) if has_standby() else 0
    moments, weights = zip(*_MOMENTS, strict=True)
    plan = [*moments, *rng.choices(moments, weights, k=options.kills)]
    plan = plan[: options.kills - take_overs] + ["take-over"] * take_overs
    rng.shuffle(plan)
    verdict.tell(
        "set-up",
        kills=options.kills,
        seed=options.seed,
        events_per_s=EVENTS_PER_S,
        scaled={"heartbeat_s": HEARTBEAT_S},
    )
    exchange = HostileExchange(rng, heartbeat_s=HEARTBEAT_S, events_per_s=EVENTS_PER_S[-1])
    async with exchange:
        killer = Killer(exchange, folder, rng)
        for moment in plan:
            if time.monotonic() - begun_s > options.seconds:
                break
            if moment == "take-over":
                await killer.take_over()
            else:
                await killer.kill_once(moment)
        for _ in range(options.stops):
            await killer.stop_in_a_cascade()
        await killer.finish()
        verdict.tell("answers for candles", **dict(sorted(exchange.candles.answered.items())))
    verdict.tell("recorders killed", seconds=round(time.monotonic() - begun_s, 1))
    judge(verdict, killer.found, options.kills, options.take_overs)


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--take-overs", type=int, default=20, help="of the kills, beside a standby")
    parser.add_argument("--stops", type=int, default=30, help="stops in order, in a cascade")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1800.0)
    options = parser.parse_args(arguments)
    verdict = Verdict()
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="heatmap-kills-") as folder:
        asyncio.run(run(options, Path(folder), verdict))
    verdict.tell("verdict", ok=not verdict.failed, failed=verdict.failed)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
