"""``python -m Heatmap status``: what a database holds. Loads neither Qt nor numpy."""

import json
from collections.abc import Sequence
from typing import Any

from Heatmap.commands.arguments import Parser, file_path, say
from Heatmap.domain.events import DataKind
from Heatmap.storage.location import default_database
from Heatmap.storage.sqlite.status import read_status


def run(words: Sequence[str]) -> int:
    """Print the status as JSON; returns the exit code."""
    parser = Parser(
        prog="python -m Heatmap status",
        description="Print what a database holds as JSON: events, coverage, gaps, writer.",
        allow_abbrev=False,
    )
    parser.add_argument("--db", type=file_path, metavar="FILE")
    options = parser.parse_args(words)

    status: dict[str, Any] = read_status(options.db or default_database(DataKind.LIVE))
    say(json.dumps(status, indent=2))
    return 0
