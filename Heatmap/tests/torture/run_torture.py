"""The torture run: a real recorder with a real database against an exchange that misbehaves.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_torture --faults 1000 --seed 1 --seconds 1500``
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Self

from Heatmap.tests.torture.faults import FAULTS, Step, weight
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS
from Heatmap.tests.torture.verdict import (
    Verdict,
    integrity,
    judge_candles,
    judge_coverage,
    judge_rows,
    read_rows,
)

ROOT = Path(__file__).resolve().parents[3]
BLINDNESS_GOAL_S = 2.0
CANDLES_MS = 10 * 86_400_000
SPACING_GOAL_S = 1.0
# What a fault may take in all: the hold, the backoff, the limit of silence, a busy machine.
_RECOVERY_LIMIT_S = 30.0
# Of the faults, so many are left to warm up before memory is measured.
_WARM_UP = 0.1
_RSS_GROWTH_GOAL_BYTES = 6 * 2**20
_TRACED_GROWTH_GOAL_BYTES = 512 * 2**10


class RecorderProcess:
    """The recorder's process (`Heatmap.tests.torture.recorder_process`), from ``async with``."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self.times: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "Heatmap.tests.torture.recorder_process"),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.times = (await self._read())["times"]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    async def measure(self) -> dict[str, Any]:
        """Return what the recorder holds and tells at present."""
        return await self.command("measure")

    async def stop(self) -> dict[str, Any]:
        """Stop the recorder and its process; return what was left, and how long it took."""
        begun_s = time.monotonic()
        left = await self.command("stop")
        await self._process.wait()
        return {**left, "stop_s": time.monotonic() - begun_s, "exit": self._process.returncode}

    async def command(self, word: str, limit_s: float = 30.0) -> dict[str, Any]:
        """Let the process do what `recorder_process` says of the word; return what it measured."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        await self._process.stdin.drain()
        return await self._read(limit_s)

    async def _read(self, limit_s: float = 30.0) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), limit_s)
        if not line:
            raise RuntimeError("the recorder's process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


def script(rng: random.Random, count: int, sort: str) -> list[str]:
    """Return the kinds of fault in order: every kind at least once if there are as many.

    Parameters
    ----------
    rng
        Where the choices come from.
    count
        How many.
    sort
        ``all``; ``drops``: those that end all connections, where no rotation helps; ``others``.
    """
    drops = [kind for kind, fault in FAULTS.items() if fault.ends and not fault.rotating]
    choices = {
        "all": list(FAULTS),
        "drops": drops,
        "others": [kind for kind in FAULTS if kind not in drops],
    }[sort]
    kinds = list(choices)
    rng.shuffle(kinds)
    kinds += rng.choices(choices, [weight(one) for one in choices], k=max(0, count - len(kinds)))
    kinds = kinds[:count]
    rng.shuffle(kinds)
    return kinds


class Torture:
    """Does the faults one after the other and keeps what each brought."""

    def __init__(
        self, exchange: HostileExchange, times: dict[str, float], delay_s: float, verdict: Verdict
    ) -> None:
        self.done: Counter[str] = Counter()
        self.blindness_s: dict[str, list[float]] = defaultdict(list)
        self.excess_s = 0.0
        self.excess_kind = ""
        self.needless: list[str] = []
        self.never_back: list[str] = []
        self._exchange = exchange
        self._times = times
        self._delay_s = delay_s
        self._verdict = verdict

    def _is_calm(self) -> bool:
        serving = self._exchange.serving()
        return bool(serving) and all(line.reached >= 4 for line in serving)

    async def do(self, kind: str) -> bool:
        """Do one fault and wait until it is over; return whether the recorder is back."""
        exchange, fault = self._exchange, FAULTS[kind]
        rng = exchange.rng
        await exchange.until(self._is_calm, _RECOVERY_LIMIT_S)
        if fault.rotating:
            limit_s = self._times["rotate_after_s"] + 3.0
            await exchange.until(lambda: len(Step(exchange, 0).each()) > 1, limit_s)
        # At any phase between two heartbeats.
        await asyncio.sleep(rng.uniform(0, exchange.pace.heartbeat_s))
        outages, lines = len(exchange.outages), len(exchange.lines)
        late = exchange.late_leaves
        step = Step(exchange, self._delay_s)
        try:
            await fault.act(step)
            is_back = await exchange.until(self._is_calm, _RECOVERY_LIMIT_S)
        finally:
            step.clean_up()
            exchange.gates.clear()
        self.done[kind] += 1
        if not is_back:
            self.never_back.append(kind)
            return False
        self._note_outages(kind, outages)
        if not fault.ends and len(exchange.outages) - outages > exchange.late_leaves - late:
            self.needless.append(f"{kind}: {[line.ended for line in exchange.lines[lines - 1 :]]}")
        return True

    def _note_outages(self, kind: str, since: int) -> None:
        fault = FAULTS[kind]
        for outage in self._exchange.outages[since:]:
            assert outage.end_s is not None
            blind_s = outage.end_s - outage.start_s
            self.blindness_s[kind].append(blind_s)
            if fault.refused:
                continue
            # Where nothing but silence tells, the limit of silence comes first.
            beyond_s = blind_s - fault.silences * self._times["silence_s"]
            if (excess_s := beyond_s / fault.faults) > self.excess_s:
                self.excess_s, self.excess_kind = excess_s, kind

    def judge(self) -> None:
        """Assert how long the recorder was blind, and that it kept what it need not leave."""
        verdict = self._verdict
        for kind, values in sorted(self.blindness_s.items()):
            verdict.tell(
                f"blindness, s: {kind}",
                times=len(values),
                median=round(median(values), 3),
                max=round(max(values), 3),
                faults=FAULTS[kind].faults,
            )
        plain = [
            value
            for kind, values in self.blindness_s.items()
            for value in values
            if FAULTS[kind].faults == 1 and not FAULTS[kind].silences and not FAULTS[kind].refused
        ]
        verdict.at_most(
            "blindness after a drop, s, longest",
            max(plain, default=0.0),
            BLINDNESS_GOAL_S,
            median=round(median(plain), 3) if plain else None,
        )
        verdict.at_most(
            "blindness per fault, s, longest (refusals aside, beyond the limit of silence)",
            self.excess_s,
            BLINDNESS_GOAL_S,
            kind=self.excess_kind,
        )
        verdict.at_most("faults that were not recovered from", len(self.never_back), 0)
        verdict.at_most(
            "connections lost without need",
            len(self.needless) + len(self._exchange.unexpected),
            0,
            which=[*self.needless, *self._exchange.unexpected][:5],
            left_as_the_exchange_was_held_up=self._exchange.late_leaves,
        )


def judge_attempts(verdict: Verdict, exchange: HostileExchange) -> None:
    """Assert that the exchange was not hammered, and that waiting times were kept."""
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(exchange.attempts)]
    verdict.at_least(
        "time between two attempts, s, least",
        min(gaps, default=SPACING_GOAL_S),
        SPACING_GOAL_S,
        attempts=len(exchange.attempts),
    )
    early = late = 0
    for earlier, later in pairwise(exchange.attempts):
        gate = earlier.gate
        asked_s = float(dict(gate.headers).get("Retry-After", 0)) if gate else 0.0
        if asked_s:
            early += later.at_s - earlier.at_s < asked_s
            # The wait and its jitter, the backoff's first, and a busy machine.
            late += later.at_s - earlier.at_s > asked_s * 1.1 + 2.0
    verdict.at_most("attempts before a Retry-After was over", early, 0)
    verdict.at_most("attempts long after a Retry-After was over", late, 0)


async def settled(recorder: RecorderProcess, like: dict[str, Any] | None) -> dict[str, Any]:
    """Measure once nothing is on its way or waits: until it is as before, or for at most 10 s.

    Compared with before, each count is the least that was seen. A hand-over and a request for
    candles may be under way together, and one begins while the other ends: neither is there at
    every look, but what is left behind is.
    """
    until_s = time.monotonic() + 10.0
    names = ("tasks", "threads", "sockets")
    before: dict[str, Any] | None = None
    while True:
        measured = await recorder.measure()
        if like is not None:
            if before is not None:
                measured |= {name: min(measured[name], before[name]) for name in names}
            is_settled = all(measured[name] <= like[name] for name in names)
            # What waits to be written takes memory, too.
            is_settled = is_settled and not measured["queued"]
        else:
            is_settled = before is not None and all(measured[n] == before[n] for n in names)
        if is_settled:
            return measured
        if time.monotonic() > until_s:
            return measured
        before = measured
        await asyncio.sleep(0.3)  # between two looks at another process


def judge_resources(
    verdict: Verdict, start: dict[str, Any], end: dict[str, Any], *, traced: bool
) -> None:
    """Assert that the recorder holds at the end what it held after warming up.

    Besides what it keeps of the log, which is there until the log is written back.
    """
    figures = [("resident", "rss_bytes", _RSS_GROWTH_GOAL_BYTES)]
    if traced:
        figures.append(("Python's", "traced_bytes", _TRACED_GROWTH_GOAL_BYTES))
    for words, name, goal in figures:
        before, after = (one[name] - one["log_copy_bytes"] for one in (start, end))
        verdict.at_most(
            f"{words} memory gained besides the log's copy, bytes",
            after - before,
            goal,
            start=before,
            end=after,
            log_copy=end["log_copy_bytes"],
        )
    # A request for candles may be under way, one at a time: a task, and a connection of its own.
    for name, goal in (("tasks", 1), ("threads", 0), ("sockets", 1)):
        verdict.at_most(f"{name} gained", end[name] - start[name], goal, start=start[name])


def judge_end(verdict: Verdict, left: dict[str, Any], stored: int) -> None:
    """Assert that the recorder ended in order and told the truth about itself."""
    verdict.at_most("time to stop, s", left["stop_s"], 3.0)
    verdict.at_most("threads left after stopping", left["threads"] - 1, 0)
    verdict.at_most("sockets left after stopping", left["sockets"], 0)
    verdict.at_most("errors logged or not retrieved", len(left["errors"]), 0, which=left["errors"])
    verdict.at_most("events dropped or left unwritten", left["overflowed"] + left["queued"], 0)
    verdict.at_most(
        "events received that are neither stored nor duplicates",
        abs(left["received"] - left["stored"] - left["duplicates"]),
        0,
        received=left["received"],
        duplicates=left["duplicates"],
    )
    verdict.at_most("rows besides those counted as stored", abs(stored - left["stored"]), 0)
    verdict.tell("rejected", **left["rejected"])


async def run(options: argparse.Namespace, folder: Path, verdict: Verdict) -> None:
    """Run the whole of it in a folder that may be thrown away."""
    database = folder / "torture.sqlite3"
    times = {"silence_s": options.silence, "rotate_after_s": options.rotate_after}
    exchange = HostileExchange(random.Random(options.seed))
    exchange.silence_s = options.silence
    kinds = script(random.Random(options.seed), options.faults, options.sort)
    kinds = kinds[options.part :: options.parts]
    begun_s = time.monotonic()
    async with exchange:
        settings: dict[str, Any] = {"db": str(database), "symbols": SYMBOLS, "times": times}
        settings |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
        settings |= {"seed": options.seed, "trace": not options.no_trace}
        settings["candle_retention_ms"] = CANDLES_MS
        async with RecorderProcess(settings) as recorder:
            verdict.tell(
                "set-up",
                faults=len(kinds),
                seed=options.seed,
                scaled={**times, "heartbeat_s": exchange.pace.heartbeat_s},
                not_scaled={k: v for k, v in recorder.times.items() if k not in times},
                delay_s=options.delay,
            )
            torture = Torture(exchange, recorder.times, options.delay, verdict)
            start: dict[str, Any] | None = None
            for number, kind in enumerate(kinds):
                if time.monotonic() - begun_s > options.seconds:
                    break
                if start is None and number >= len(kinds) * _WARM_UP:
                    start = await settled(recorder, None)
                if not await torture.do(kind):
                    break
                if number % 100 == 99:
                    seconds = round(time.monotonic() - begun_s, 1)
                    verdict.tell("progress", faults=number + 1, seconds=seconds)
            await exchange.until(lambda: len(exchange.serving()) == 1, 10)
            end = await settled(recorder, start)
            await Step(exchange, 0).proven()
            exchange.client_may_leave = True
            left = await recorder.stop()
    verdict.at_least("faults done", sum(torture.done.values()), len(kinds))
    verdict.tell("faults by kind", **dict(sorted(torture.done.items())))
    verdict.tell(
        "recorder",
        seconds=round(time.monotonic() - begun_s, 1),
        **{name: left[name] for name in ("received", "stored", "reconnects", "rotations")},
    )
    rows = read_rows(database)
    judge_rows(verdict, exchange, rows)
    torture.judge()
    judge_coverage(verdict, exchange, database, SYMBOLS)
    judge_candles(verdict, exchange.candles, database, SYMBOLS)
    judge_attempts(verdict, exchange)
    judge_resources(verdict, start or end, end, traced=not options.no_trace)
    judge_end(verdict, left, len(rows))
    verdict.at_most("faults of integrity", int(integrity(database) != "ok"), 0)


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1800.0, help="limit of the faults' time")
    parser.add_argument("--silence", type=float, default=3.5, help="limit of silence, s (live 10)")
    parser.add_argument("--delay", type=float, default=3.0, help="a delayed connection's wait, s")
    parser.add_argument("--rotate-after", type=float, default=8.0, help="s (live 23.5 h)")
    parser.add_argument("--sort", choices=("all", "drops", "others"), default="all")
    parser.add_argument("--parts", type=int, default=1, help="do each so-manieth fault only")
    parser.add_argument("--part", type=int, default=0, help="which of the parts")
    parser.add_argument("--no-trace", action="store_true", help="do not trace Python's memory")
    options = parser.parse_args(arguments)
    verdict = Verdict()
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="heatmap-torture-") as folder:
        asyncio.run(run(options, Path(folder), verdict))
    verdict.tell("verdict", ok=not verdict.failed, failed=verdict.failed)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
