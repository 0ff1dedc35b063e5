"""How late a loop is while the learner works beside it: calm, then learning, in one run.

Run as ``python Heatmap/tests/bench/bench_learning.py``: one JSON object a line. The loop asks to be
called every 2 ms, as a host's does that draws; how late each call comes is what a user feels. The
learner is the service's own, on 30 days of candles with 11,000 messages.
"""

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.learn import Learning
from Heatmap.service.learning import LevelLearner
from Heatmap.storage.store import open_store
from Heatmap.tests.bench.measurements import at_most
from Heatmap.tests.stored_market import SYMBOL, made_candles, made_events, store_market

PERIOD_S = 0.002
CALM_S = 10.0
STALL_LIMIT_MS = 8.0
MOST_LEARNING_S = 120.0


async def lags_ms(until: asyncio.Event) -> np.ndarray:
    """Return how late the loop's calls came until then, (n,) float64."""
    lags = []
    while not until.is_set():
        due_s = time.perf_counter() + PERIOD_S
        await asyncio.sleep(PERIOD_S)
        lags.append((time.perf_counter() - due_s) * 1000)
    return np.array(lags)


async def measure(learner: LevelLearner) -> tuple[np.ndarray, np.ndarray]:
    """Return the lags of a calm loop, and of one beside which is learned."""
    end = asyncio.Event()
    asyncio.get_running_loop().call_later(CALM_S, end.set)
    calm = await lags_ms(end)
    learned = asyncio.Event()

    async def watch() -> None:
        async with asyncio.timeout(MOST_LEARNING_S):
            while not learner.statuses():  # noqa: ASYNC110 - another thread brings it about
                await asyncio.sleep(0.05)
        learned.set()

    learner.start()
    watching = asyncio.create_task(watch())
    busy = await lags_ms(learned)
    await watching
    return calm, busy


def make_month(path: Path) -> None:
    """Store it, and keep nothing of it: the garbage collector would look at it again and again."""
    candles = made_candles(30 * 1440)
    store_market(path, candles, made_events(candles, 0.2))


def main() -> int:
    """Run it; 1 where the loop is later than its goal."""
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "learning.sqlite3"
        make_month(path)
        source = LevelStore.of(open_store(path))
        learner = LevelLearner(
            source, lambda: (SYMBOL,), lambda: 31 * 86_400_000, first_s=0.0, look_s=600.0
        )
        try:
            calm, busy = asyncio.run(measure(learner))
        finally:
            learner.stop()
        status = learner.statuses()[0]
        if status.last_result is not Learning.TAKEN or not source.ensembles.names(SYMBOL):
            raise SystemExit(f"nothing was learned: {status}")
    results = []
    for share, words in ((0.5, "half"), (0.99, "99 %"), (1.0, "all")):
        before, after = (float(np.quantile(one, share)) for one in (calm, busy))
        # Where others use the machine a calm loop is late as well.
        limit = max(STALL_LIMIT_MS, 1.5 * before)
        if share == 1.0:
            limit = max(5 * STALL_LIMIT_MS, 2.5 * before)
        name = f"learning: {words} of the loop's calls late by at most, ms"
        results.append(at_most(name, after, before, limit))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
