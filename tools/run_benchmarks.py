"""Run the benchmarks one after the other and print what they measured, a JSON object a line.

Each ``Heatmap/tests/bench/bench_*.py`` is a program that prints its measurements as JSON objects,
one a line, and fails where an answer is wrong. Names given as arguments choose among them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "Heatmap" / "tests" / "bench"
LIMIT_S = 900.0


def _objects(name: str, output: str) -> tuple[list[dict[str, object]], list[str]]:
    """Split the output of a benchmark into measurements and lines that are none."""
    measured: list[dict[str, object]] = []
    others: list[str] = []
    for line in filter(str.strip, output.splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            measured.append({"file": name, **value})
        else:
            others.append(line)
    return measured, others


def _run(path: Path) -> bool:
    # A benchmark stands in a folder of its own, so the package is found by the path.
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    try:
        result = subprocess.run(
            [sys.executable, str(path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": search},
            stdout=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"bench: {path.name} took longer than {LIMIT_S:.0f} s", file=sys.stderr)
        return False
    measured, others = _objects(path.name, result.stdout)
    for value in measured:
        print(json.dumps(value), flush=True)
    for line in others:
        print(f"bench: {path.name} printed no JSON object: {line}", file=sys.stderr)
    if result.returncode:
        print(f"bench: {path.name} failed, exit status {result.returncode}", file=sys.stderr)
    elif not measured:
        print(f"bench: {path.name} measured nothing", file=sys.stderr)
    return result.returncode == 0 and bool(measured) and not others


def main(names: list[str], folder: Path = FOLDER) -> int:
    """Run the benchmarks named, or all; 1 where one failed or there is none."""
    paths = [
        path
        for path in sorted(folder.glob("bench_*.py"))
        if not names or any(name in path.stem for name in names)
    ]
    if not paths:
        print(f"bench: no benchmark {' or '.join(names)} in {folder}", file=sys.stderr)
        return 1
    results = [_run(path) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
