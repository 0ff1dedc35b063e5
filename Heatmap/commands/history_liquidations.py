"""``python -m Heatmap history export`` and ``history import --liquidations``.

What knows the venues loads the client for HTTP, which takes a good part of the time in which a day
is imported: so that is loaded where it is used.
"""

import argparse
from typing import Any

from Heatmap.commands.arguments import add_database_option, file_path, say, say_json
from Heatmap.domain.recordings import LONGEST_ORIGIN_CHARS, RECORDER
from Heatmap.errors import HistoryError
from Heatmap.runtime.exchange_clock import wall_clock_ms
from Heatmap.runtime.plain import as_plain
from Heatmap.storage.store import open_store


def add_export(subparsers: Any) -> argparse.ArgumentParser:
    """Add ``export`` to the commands of history; its `act` takes the options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "export",
        help="write recorded liquidations, and when was recorded, to files",
        description="Write recorded liquidations to a file, and when was recorded to a second one "
        "beside it. A recorder may go on meanwhile.",
        allow_abbrev=False,
    )
    _add_database(parser)
    parser.add_argument(
        "--to",
        type=file_path,
        required=True,
        metavar="FILE",
        help="file to write: .parquet, .csv or .jsonl; only .parquet needs DuckDB",
    )
    parser.add_argument("--replace", action="store_true", help="overwrite existing files")
    parser.set_defaults(act=export)
    return parser


def add_liquidation_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``import`` takes for liquidations; its `act` asks `import_liquidations` for them."""
    parser.add_argument(
        "--liquidations",
        metavar="FILE",
        help="add the liquidations of an exported recording, or of another database, to --db",
    )
    parser.add_argument(
        "--origin", metavar="NAME", help="name of that recording; default: the name of its file"
    )
    _add_database(parser)


def export(options: argparse.Namespace) -> int:
    """Export; returns the exit code."""
    from Heatmap.history.recordings.export_recording import export_recording  # noqa: PLC0415 - slow
    from Heatmap.history.recordings.texts import export_text  # noqa: PLC0415 - slow

    now_ms = wall_clock_ms()
    report = export_recording(
        open_store(options.db), options.to, now_ms, replaces=bool(options.replace)
    )
    if options.json:
        say_json(as_plain(report))
    else:
        say(export_text(report, now_ms))
    return 0


def import_liquidations(options: argparse.Namespace) -> int:
    """Merge the recording `options.liquidations` into `options.db`; returns the exit code.

    Without ``--db`` it is the database of that kind in the data directory. Also read, where they
    are there: ``origin`` and ``json``.

    Raises
    ------
    HistoryError, StorageError
        Nothing was stored; one line says why.
    """
    from Heatmap.history.recordings.merge_recording import merge_recording  # noqa: PLC0415 - slow
    from Heatmap.history.recordings.recording_sources import open_source  # noqa: PLC0415 - slow
    from Heatmap.history.recordings.texts import merge_text  # noqa: PLC0415 - slow

    source = open_source(options.liquidations)
    origin = _origin(getattr(options, "origin", None))
    db = getattr(options, "db", None)
    kind = source.read(lambda head, _: head.kind)
    now_ms = wall_clock_ms()
    report = merge_recording(source, open_store(db, kind), now_ms, origin=origin)
    if getattr(options, "json", False):
        say_json(as_plain(report))
    else:
        say(merge_text(report, now_ms))
    return 0


def _origin(name: str | None) -> str | None:
    if name is None:
        return None
    if not 0 < len(name) <= LONGEST_ORIGIN_CHARS or not name.isprintable() or name == RECORDER:
        raise HistoryError(
            f"--origin must be a name of 1 to {LONGEST_ORIGIN_CHARS} printable characters, "
            f"and not {RECORDER!r}; got {name[:40]!a}"
        )
    return name


def _add_database(parser: argparse.ArgumentParser) -> None:
    add_database_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
