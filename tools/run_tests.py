"""Run the tests; without arguments in two halves at the same time, on two cores.

The tests of the user interface keep one Qt loop for all of them, beside which no other event loop
can run: they are a process of their own. With arguments everything goes to one pytest.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
INTERFACE = "Heatmap/tests/ui"


def _start(arguments: list[str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )


def _run_halves() -> int:
    """Run both halves; the output of the second one follows that of the first."""
    with tempfile.TemporaryFile() as output:
        interface = _start([INTERFACE], output)
        try:
            print(f"test: all but {INTERFACE}, which runs at the same time", flush=True)
            code = _start([f"--ignore={INTERFACE}"]).wait()
            interface_code = interface.wait()
        except BaseException:
            interface.kill()
            interface.wait()
            raise
        output.seek(0)
        print(f"test: {INTERFACE}", flush=True)
        sys.stdout.buffer.write(output.read())
        sys.stdout.buffer.flush()
    return code or interface_code


def main() -> int:
    """Return pytest's exit status, of the half that failed."""
    arguments = sys.argv[1:]
    return _start(arguments).wait() if arguments else _run_halves()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
