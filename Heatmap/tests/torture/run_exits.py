"""Hosts that end without stopping the service, in any order; what was received must be stored.

Prints one JSON object a line, an assertion each, and exits with 1 where one does not hold:
``python -m Heatmap.tests.torture.run_exits --exits 50``
"""

import argparse
import random
import signal
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from Heatmap.tests.behaviour.nested_host import BEGINNINGS, ENDINGS, Ended, run_host
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.torture.verdict import Verdict

# Between two orders: some are on their way at any moment.
_PACE_S = 0.01


@contextmanager
def pouring() -> Iterator[ScriptedExchange]:
    """Give an exchange that sends liquidations without end."""
    ended = threading.Event()
    with ScriptedExchange() as exchange:

        def pour() -> None:
            while not ended.wait(_PACE_S):
                exchange.liquidate(price="100000.5")

        thread = threading.Thread(target=pour)
        thread.start()
        try:
            yield exchange
        finally:
            ended.set()
            thread.join(10)


def _unstored(ended: Ended, database: Path) -> int:
    """Return how many events were received that are not in the file."""
    told = ended.told
    if not told:
        return 1
    with closing(sqlite3.connect(database)) as connection:
        rows: int = connection.execute("SELECT count(*) FROM liq_events").fetchone()[0]
    return abs(int(told["received"]) - int(told["duplicates"]) - rows)


def run(exits: int, seed: int, verdict: Verdict) -> None:
    """Have so many hosts end, and assert how, by the way of ending."""
    rng = random.Random(seed)
    codes: dict[str, list[int]] = {ends: [] for ends in ENDINGS}
    errors: dict[str, list[str]] = {ends: [] for ends in ENDINGS}
    unstored = dict.fromkeys(ENDINGS, 0)
    with pouring() as exchange:
        for number in range(exits):
            ends = ENDINGS[number % len(ENDINGS)]
            begins, events = rng.choice(BEGINNINGS), rng.randrange(1, 60)
            with tempfile.TemporaryDirectory(prefix="heatmap-exits-") as folder:
                directory = Path(folder)
                ended = run_host(exchange, directory, begins=begins, ends=ends, events=events)
                codes[ends].append(ended.code)
                unstored[ends] += _unstored(ended, directory / "x.sqlite3")
            if ended.errors:
                errors[ends].append(ended.errors[-500:])
    for ends in ENDINGS:
        failed = [code for code in codes[ends] if code]
        verdict.at_most(f"exits other than 0: {ends}", len(failed), 0, of=len(codes[ends]))
        verdict.at_most(
            f"hosts that complained: {ends}", len(errors[ends]), 0, first=errors[ends][:1]
        )
        verdict.at_most(f"events received that are not stored: {ends}", unstored[ends], 0)
    verdict.at_least("exits", sum(map(len, codes.values())), exits)


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--exits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    verdict = Verdict()
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(options.exits, options.seed, verdict)
    verdict.tell("verdict", ok=not verdict.failed, failed=verdict.failed)
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
