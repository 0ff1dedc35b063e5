"""The torture run in short: every kind of fault at least once, some kills. `make torture` is long.

The programs are those of the long form. A few of them run side by side, because most of their time
is the recorder's own waiting; all at once would make two cores late, and times are what they judge.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from Heatmap.tests.systems import posix_only

pytestmark = posix_only

ROOT = Path(__file__).resolve().parents[3]
# Far beyond what they take; pytest's own limit comes later.
LIMIT_S = 100.0
AT_A_TIME = 4
# Less waiting where the client can only wait. What ends a connection is done where no rotation can
# help it out.
COMMON = ("run_torture", "--seed", "5", "--seconds", "80", "--silence", "1.5", "--delay", "0.8")
DROPS = (*COMMON, "--sort", "drops", "--faults", "18", "--rotate-after", "3600", "--parts", "2")
PROGRAMS = {
    "half of the drops": (*DROPS, "--part", "0"),
    "the other drops": (*DROPS, "--part", "1"),
    "other faults": (*COMMON, "--sort", "others", "--faults", "24", "--rotate-after", "1.5"),
    # The freezes last longer than the limit of silence, as in the long form.
    "freezes, storage": ("run_faults", "--frozen", "4", "--broken", "4", "--silence", "1.5"),
    "tampering": ("run_tampering", "--changes", "3", "--rounds", "1", "--seed", "5"),
    "absurd answers": (
        *("run_rest", "--seed", "5", "--only", "a huge exponent", "nested without end"),
        *("a redirect", "a bomb in gzip", "headers without end"),
    ),
    "wrong clocks": ("run_clocks", "--seconds", "12"),
    "exits": ("run_exits", "--exits", "12"),
    "files": ("run_files", "--calm", "1", "--notice", "4", "--seed", "5"),
    "kills": ("run_kills", "--kills", "5", "--take-overs", "1", "--stops", "3", "--seed", "5"),
}
Runs = dict[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """Run the programs one after the other, a few of them at a time."""
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))

    def run(program: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", f"Heatmap.tests.torture.{program}", *options],
            cwd=ROOT,
            # Times are those of the long form; here other tests run beside.
            env={**os.environ, "PYTHONPATH": search, "TORTURE_PATIENCE": "4"},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    executor = ThreadPoolExecutor(AT_A_TIME)
    yield {name: executor.submit(run, *arguments) for name, arguments in PROGRAMS.items()}
    executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_that_was_delivered_is_lost_and_nothing_is_left(runs: Runs, name: str) -> None:
    ended = runs[name].result(LIMIT_S)
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one for one in told if not one.get("ok", True)] == []
    assert sum("goal" in one for one in told) > 10
    assert ended.stderr == ""
    assert ended.returncode == 0
