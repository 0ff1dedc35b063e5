"""``python -m Heatmap status``: what a database holds. Loads neither Qt nor numpy."""

from collections.abc import Sequence

from Heatmap.commands.arguments import Parser, say_json, store_address
from Heatmap.storage.store import open_store


def run(words: Sequence[str]) -> int:
    """Print the status as JSON; returns the exit code."""
    parser = Parser(
        prog="python -m Heatmap status",
        description="Print what a database holds as JSON: events, coverage, gaps, writer.",
        allow_abbrev=False,
    )
    parser.add_argument("--db", type=store_address, metavar="FILE")
    options = parser.parse_args(words)

    say_json(open_store(options.db).status(), indent=2)
    return 0
