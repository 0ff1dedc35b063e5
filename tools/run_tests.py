"""Run the tests; without arguments in five parts, three of them at a time, on two cores.

The tests of the user interface keep one Qt loop for all of them, beside which no other event loop
can run: they are a process of their own. Those of integration wait most of their time, for sockets
and other programs: they are two. The torture judges times, so that nothing runs beside it. With
arguments everything goes to one pytest.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
AT_A_TIME = 3
POLL_S = 0.2
TESTS = "Heatmap/tests"
#: The first letter of the tests of integration that belong to the second half.
HALF = "s"
#: Begins when all other parts have ended.
ALONE = "the torture"
TORTURE = f"{TESTS}/integration/test_torture_short.py"


def parts() -> list[tuple[str, list[str]]]:
    """Return the name of each part and its arguments for pytest: the longest first, one alone."""
    folder = ROOT / TESTS / "integration"
    names = sorted(path.name for path in folder.glob("test_*.py"))
    halves: list[list[str]] = [[], []]
    for name in names:
        halves[name.removeprefix("test_") >= HALF].append(f"{TESTS}/integration/{name}")
    halves[1].remove(TORTURE)
    others = [f"--ignore={TESTS}/{one}" for one in ("integration", "ui")]
    return [
        ("the user interface", [f"{TESTS}/ui"]),
        (f"integration, from {HALF}", halves[1]),
        (f"integration, up to {HALF}", halves[0]),
        ("all others", others),
        (ALONE, [TORTURE]),
    ]


def _start(arguments: Sequence[str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )


def _run_parts() -> int:
    """Run all parts; the output of each is printed when it ends."""
    waiting = parts()
    running: dict[subprocess.Popen[bytes], tuple[str, IO[bytes]]] = {}
    code = 0
    try:
        while waiting or running:
            while waiting and len(running) < (1 if waiting[0][0] == ALONE else AT_A_TIME):
                name, arguments = waiting.pop(0)
                output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the part has ended
                running[_start(arguments, output)] = (name, output)
                print(f"test: {name}, begun; its output comes when it has ended", flush=True)
            for process in list(running):
                try:
                    code = process.wait(POLL_S) or code
                except subprocess.TimeoutExpired:
                    continue
                name, written = running.pop(process)
                print(f"test: {name}", flush=True)
                with written:
                    written.seek(0)
                    sys.stdout.buffer.write(written.read())
                sys.stdout.buffer.flush()
    except BaseException:
        for process in running:
            process.kill()
            process.wait()
        raise
    return code


def main() -> int:
    """Return pytest's exit status, of a part that failed."""
    arguments = sys.argv[1:]
    return _start(arguments).wait() if arguments else _run_parts()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
