"""Runs a host that has Qt's loop inside another one, and leaves the service to itself at the end.

It begins with ``asyncio.run(main)`` and runs its qasync loop inside that coroutine. What is made a
task in its window's constructor, or awaited in ``main``, is on the outer loop, which has no turn
before the end; a Qt slot is on the inner one. Application and loop are locals of ``main``, closing
the window only makes a task, and nobody awaits `HeatmapService.stop`.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

#: Where the service is started: in a slot, in the constructor, or awaited before the inner loop.
BEGINNINGS = ("slot", "constructor", "awaited")
#: Who ends what, in which order.
ENDINGS = (
    "the loop is closed",
    "the loop is left open",
    "the window goes first",
    "the application goes first",
    "the process exits in a slot",
    "a stop has begun",
)
_PROGRAM = "Heatmap.tests.behaviour.nested_host_program"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one host does.

    Attributes
    ----------
    begins, ends
        One of `BEGINNINGS`, and one of `ENDINGS`.
    ws_url, rest_url, database
        What is recorded, and where to.
    events
        It ends once so many were stored and drawn.
    uses
        What of the service the host uses once its loop runs: ``status``, or ``nothing`` but the
        page of its chart.
    stops
        Whether it stops the service in the inner loop before it ends.
    """

    begins: str
    ends: str
    ws_url: str
    rest_url: str
    database: str
    events: int = 1
    uses: str = "status"
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a host has ended: its exit status, what it wrote to standard error, what it told."""

    code: int
    errors: str
    told: dict[str, Any]


def run_host(exchange: ScriptedExchange, directory: Path, **plan: Any) -> Ended:
    """Run a host in a process of its own until it ends by itself."""
    plan |= {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
    complete = Plan(database=str(directory / "x.sqlite3"), **plan)
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-X", "faulthandler", "-m", _PROGRAM, json.dumps(asdict(complete))],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = result.stdout.splitlines()
    return Ended(result.returncode, result.stderr, json.loads(lines[-1]) if lines else {})
