"""The recorder against an exchange whose clock is wrong, or whose servers disagree.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_clocks --seconds 70``
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Heatmap.storage.sqlite.status import read_status
from Heatmap.tests.torture.faults import Step
from Heatmap.tests.torture.hostile_exchange import HostileExchange
from Heatmap.tests.torture.order_source import SYMBOLS
from Heatmap.tests.torture.run_torture import RecorderProcess, judge_end
from Heatmap.tests.torture.verdict import (
    SceneVerdict,
    Verdict,
    integrity,
    judge_rows,
    read_rows,
    read_spans,
    without,
)

_CONNECT_LIMIT_S = 15.0
_CALM_S = 3.0
_FAULT_S = 2.0
_YEARS_MS = 8 * 365 * 86_400_000
_NEAR_MS = 600_000
# Between two heartbeats, the delay of pushes, and what a busy machine adds.
_EDGE_S = 2.5


@dataclass(frozen=True, slots=True)
class Wrong:
    """How the exchange's clocks are wrong.

    Attributes
    ----------
    beats_off_ms, orders_off_ms
        As `HostileExchange` has them.
    lasts
        Whether it lasts for the whole time that is given, and not for two seconds.
    covers
        Whether the right time is covered all the while.
    """

    beats_off_ms: tuple[int, ...] = (0,)
    orders_off_ms: int = 0
    lasts: bool = False
    covers: bool = False


SCENES = {
    "all servers years ahead for two seconds": Wrong((_YEARS_MS,), _YEARS_MS),
    "all servers years behind for two seconds": Wrong((-_YEARS_MS,), -_YEARS_MS),
    "an hour ahead for two seconds": Wrong((3_600_000,), 3_600_000),
    "mark prices jump back and forth": Wrong((_YEARS_MS, 0, -_YEARS_MS), 0, True, True),
    "only mark prices are ahead": Wrong((_YEARS_MS,), 0, True),
    "only orders are ahead": Wrong((0,), _YEARS_MS, True, True),
}


async def play(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Play one scene in a folder of its own; return the names of the assertions that failed."""
    wrong, verdict = SCENES[name], SceneVerdict(name)
    database = folder / "heatmap.sqlite3"
    rng = random.Random(f"{options.seed} {name}")
    async with HostileExchange(rng, heartbeat_s=0.2) as exchange:
        settings: dict[str, Any] = {"db": str(database), "symbols": SYMBOLS, "times": {}}
        settings |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
        settings |= {"seed": options.seed, "trace": False}
        async with RecorderProcess(settings) as recorder:
            if not await exchange.until(exchange.serving, _CONNECT_LIMIT_S):
                raise RuntimeError(f"{name}: the recorder did not connect")
            begun_ms = exchange.now_ms()
            await asyncio.sleep(_CALM_S)
            wrong_ms = exchange.now_ms()
            exchange.beats_off_ms, exchange.orders_off_ms = wrong.beats_off_ms, wrong.orders_off_ms
            await asyncio.sleep(options.seconds if wrong.lasts else _FAULT_S)
            exchange.beats_off_ms, exchange.orders_off_ms = (0,), 0
            right_ms = exchange.now_ms()
            await asyncio.sleep(_CALM_S)
            await Step(exchange, 0).proven()
            exchange.client_may_leave = True
            ended_ms = exchange.now_ms()
            left = await recorder.stop()
    rows = read_rows(database)
    judge_rows(verdict, exchange, rows)
    judge_end(verdict, left, len(rows))
    verdict.at_most("connections lost", left["reconnects"] + len(exchange.unexpected), 0)
    verdict.at_most("faults of integrity", int(integrity(database) != "ok"), 0)
    least = [(begun_ms, ended_ms)] if wrong.covers else [(begun_ms, wrong_ms), (right_ms, ended_ms)]
    told = read_status(database)["symbols"]
    for symbol in SYMBOLS:
        spans = read_spans(database, symbol)
        far_ms = without(spans, [(begun_ms - _NEAR_MS, ended_ms + _NEAR_MS)])
        verdict.at_most(f"coverage of a wrong time, intervals, {symbol}", len(far_ms), 0)
        missing = max((end - start for start, end in without(least, spans)), default=0)
        verdict.at_most(f"longest right time not covered, s, {symbol}", missing / 1000, _EDGE_S)
        gaps = [gap["duration_ms"] for gap in told[symbol]["gaps"]]
        longest_s = max(gaps, default=0) / 1000
        limit_s = (right_ms - wrong_ms) / 1000 + 2 * _EDGE_S
        verdict.at_most(f"longest gap that the status tells, s, {symbol}", longest_s, limit_s)
    return [f"{name}: {failed}" for failed in verdict.failed]


async def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """Play all scenes side by side; return what failed."""
    plays = []
    for number, name in enumerate(SCENES):
        (folder / str(number)).mkdir()
        plays.append(play(name, folder / str(number), options))
    return [failed for one in await asyncio.gather(*plays) for failed in one]


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=70.0, help="s of a fault that lasts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heatmap-clocks-") as folder:
        failed = asyncio.run(run(Path(folder), options))
    seconds = round(time.monotonic() - begun_s, 1)
    Verdict().tell("verdict", ok=not failed, failed=failed, seconds=seconds)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
