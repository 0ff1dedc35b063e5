"""The whole torture run for ``make torture``: connection faults, absurd answers and kills side by
side, and then freezes and storage faults, what another program does to the file and its content,
wrong clocks, and hosts that end without stopping the service.

Prints the assertions of all, one JSON object a line, and exits with 1 where one does not hold.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


async def _run(name: str, *options: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"Heatmap.tests.torture.{name}", *options),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            _print({"run": name, **json.loads(line)})
        return await process.wait() == 0
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _print(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


async def _run_all(options: argparse.Namespace) -> bool:
    runs = []
    seed, seconds = str(options.seed), str(options.seconds)
    common = ("--seed", seed, "--seconds", seconds)
    if options.faults:
        runs.append(_run("run_torture", "--faults", str(options.faults), *common))
    if options.answers:
        runs.append(_run("run_rest", "--seed", seed))
    if options.kills:
        runs.append(_run("run_kills", "--kills", str(options.kills), *common))
    begun_s = time.monotonic()
    results = list(await asyncio.gather(*runs))
    if options.frozen or options.broken:
        # Alone, because they are about time.
        limits = ("--frozen", str(options.frozen), "--broken", str(options.broken))
        results.append(await _run("run_faults", "--seed", seed, *limits))
    if options.tampering:
        rounds = ("--rounds", str(options.tampering))
        results.append(await _run("run_tampering", "--seed", seed, *rounds))
    if options.clocks:
        results.append(await _run("run_clocks", "--seed", seed, "--seconds", str(options.clocks)))
    if options.exits:
        results.append(await _run("run_exits", "--seed", seed, "--exits", str(options.exits)))
    if options.files:
        results.append(await _run("run_files", "--seed", seed, "--calm", str(options.files)))
    seconds_taken = round(time.monotonic() - begun_s, 1)
    _print({"run": "all", "name": "verdict", "ok": all(results), "seconds": seconds_taken})
    return all(results)


def main(arguments: list[str] | None = None) -> int:
    """Run all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make torture", description="Torture the recorder.")
    parser.add_argument("--faults", type=int, default=1000, help="0: none (default 1000)")
    parser.add_argument("--kills", type=int, default=200, help="0: none (default 200)")
    parser.add_argument("--answers", type=int, default=1, help="absurd ones over HTTP, 0: none")
    parser.add_argument("--frozen", type=int, default=60, help="s of a freeze, 0: none")
    parser.add_argument("--broken", type=int, default=30, help="s of a storage fault, 0: none")
    parser.add_argument(
        "--tampering", type=int, default=3, help="rounds of changes by another program, 0: none"
    )
    parser.add_argument("--clocks", type=float, default=70, help="s of a wrong clock, 0: none")
    parser.add_argument("--exits", type=int, default=50, help="hosts that end, 0: none")
    parser.add_argument("--files", type=float, default=5, help="s of calm around it, 0: none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=1800.0, help="limit of faults and of kills"
    )
    options = parser.parse_args(arguments)
    # As on Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return 0 if asyncio.run(_run_all(options)) else 1


if __name__ == "__main__":
    sys.exit(main())
