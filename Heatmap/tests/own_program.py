"""Programs of a test's own, each run by an interpreter of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_program(
    program: str, *words: object, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `program` in the repository's folder, without a display; `words` are its arguments."""
    return subprocess.run(  # noqa: S603 - this interpreter, with words of the tests
        [sys.executable, "-c", program, *map(str, words)],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
