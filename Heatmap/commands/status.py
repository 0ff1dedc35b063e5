"""``python -m Heatmap status``: what a database holds. Loads neither Qt nor numpy."""

from collections.abc import Sequence

from Heatmap.commands.arguments import Parser, add_database_option, add_redis_options, say_json
from Heatmap.commands.log_output import start_log
from Heatmap.storage.store import open_store


def run(words: Sequence[str]) -> int:
    """Print the status as JSON; returns the exit code."""
    parser = Parser(
        prog="python -m Heatmap status",
        description="Print as JSON what a database holds: liquidations, recorded time, gaps, and "
        "who writes it.",
        allow_abbrev=False,
    )
    add_database_option(parser)
    add_redis_options(parser, "also say how much a recorder has published to Redis")
    options = parser.parse_args(words)
    start_log(options)

    store = open_store(options.db)
    if options.redis is None:
        say_json(store.status(), indent=2)
        return 0
    # An extra: only whoever asks for it needs it.
    from Heatmap.publish import check_redis, redis_facts  # noqa: PLC0415

    address = check_redis(options.redis, options.redis_prefix)
    facts = redis_facts(store, address, options.redis_prefix)
    say_json({**store.status(), "redis": facts}, indent=2)
    return 0
