"""Run the tests; without arguments in seven parts, six of them at a time, on two cores.

The tests of the user interface keep one Qt loop for a whole process, beside which no other event
loop can run: they are processes of their own. They and those of behaviour wait for more than half
of their time, for pages, sockets and other programs: they are two parts each, and all four run
beside each other. All others wait for little: in two parts they take what the four leave of the
processor, and both cores when those have ended. The torture judges times, so that nothing runs
beside it. With arguments everything goes to one pytest.

``--coverage`` alone runs the same parts and says which lines of the package they have run. Each
part writes a data file of its own; all are put together at the end. Other programs that a test
starts, and JavaScript, are not measured.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
AT_A_TIME = 6
POLL_S = 0.2
TESTS = "Heatmap/tests"
#: Where the tests of a folder are parted: the first letter of those of the second half.
HALVES = {"ui": "o", "behaviour": "r"}
#: Part of its own: about half of the time of those that are in no folder above.
STORAGE = "storage and server"
STORAGE_FOLDERS = [f"{TESTS}/unit/storage", f"{TESTS}/unit/server"]
OTHERS = "all others"
#: Give way to the parts that wait for others, which are late where they may not go on at once.
YIELDING = (STORAGE, OTHERS)
NICENESS = 5
#: Begins when all other parts have ended.
ALONE = "the torture"
TORTURE = f"{TESTS}/behaviour/test_torture_short.py"
COVERAGE = "--coverage"
#: Which data file a part writes, by coverage's own variable.
COVERAGE_FILE = "COVERAGE_FILE"


def parts() -> list[tuple[str, list[str]]]:
    """Return the name of each part and its arguments for pytest: the longest first, one alone."""
    found: list[tuple[str, list[str]]] = []
    for folder, letter in HALVES.items():
        halves: list[list[str]] = [[], []]
        for path in sorted((ROOT / TESTS / folder).glob("test_*.py")):
            is_second = path.name.removeprefix("test_") >= letter
            halves[is_second].append(f"{TESTS}/{folder}/{path.name}")
        found += [(f"{folder}, from {letter}", halves[1]), (f"{folder}, up to {letter}", halves[0])]
    found = [(name, [one for one in files if one != TORTURE]) for name, files in found]
    elsewhere = [*(f"{TESTS}/{folder}" for folder in HALVES), *STORAGE_FOLDERS]
    others = [f"--ignore={folder}" for folder in elsewhere]
    return [*found, (STORAGE, STORAGE_FOLDERS), (OTHERS, others), (ALONE, [TORTURE])]


def _start(
    arguments: Sequence[str],
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )


def _give_way(pid: int) -> None:
    """Let a process, and those that it will start, have the processor after all others."""
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _environment(folder: str) -> dict[str, str]:
    """Return the environment of the parts, whose bytecode goes to `folder` if it may not elsewhere.

    The tests start hundreds of programs, each of which would compile all that it imports.
    """
    environment = dict(os.environ)
    if environment.pop("PYTHONDONTWRITEBYTECODE", "") != "":
        environment["PYTHONPYCACHEPREFIX"] = folder
    return environment


def _run_parts() -> int:
    """Run all parts; the output of each is printed when it ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return _run_parts_in(_environment(folder))


def _run_coverage() -> int:
    """Run all parts and report which lines they ran; nonzero too where that is too few."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = _environment(folder)
        data = Path(folder, "coverage")
        data.mkdir()
        code = _run_parts_in(environment, data)
        environment[COVERAGE_FILE] = str(ROOT / ".coverage")
        for words in (["combine", "--quiet", str(data)], ["report"]):
            command = [sys.executable, "-m", "coverage", *words]
            code = (
                subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode or code
            )
    return code


def _run_parts_in(environment: Mapping[str, str], data: Path | None = None) -> int:
    waiting = parts()
    running: dict[subprocess.Popen[bytes], tuple[str, IO[bytes]]] = {}
    code = 0
    try:
        while waiting or running:
            while waiting and len(running) < (1 if waiting[0][0] == ALONE else AT_A_TIME):
                name, arguments = waiting.pop(0)
                output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the part has ended
                own = dict(environment)
                if data is not None:
                    own[COVERAGE_FILE] = str(data / f".coverage.{len(waiting)}")
                    # No part alone reaches the share that all together have to.
                    arguments = ["--cov", "--cov-report=", "--cov-fail-under=0", *arguments]
                process = _start(arguments, output, own)
                running[process] = (name, output)
                if name in YIELDING:
                    _give_way(process.pid)
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
    if arguments == [COVERAGE]:
        return _run_coverage()
    return _start(arguments).wait() if arguments else _run_parts()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
