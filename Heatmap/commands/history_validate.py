"""``python -m Heatmap history validate``: what is wrong or odd with imported days."""

import argparse
import sys
from typing import Any

from Heatmap.commands.arguments import file_path, say, say_json
from Heatmap.commands.history_options import chosen_days, chosen_symbol, store_directory
from Heatmap.history.datasets import MINUTE_PROFILE, dataset_named
from Heatmap.history.validation.findings import Finding, Validation
from Heatmap.history.validation.texts import advice_text, finding_text, validation_text
from Heatmap.history.validation.validate import Asked, validate_store
from Heatmap.runtime.plain import as_plain


def add_validate(subparsers: Any) -> argparse.ArgumentParser:
    """Add ``validate`` to the commands of history; its `act` takes the options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "validate",
        help="look for what is missing, doubled, impossible or odd in imported days",
        description="Check imported days: counts, ranges, duplicates, invalid values, gaps. "
        "Exit code 1 if something is wrong.",
        allow_abbrev=False,
    )
    parser.add_argument("--symbol", help="symbol, such as BTCUSDT; default: all")
    parser.add_argument("--datasets", metavar="NAMES", help="with commas between; default: all")
    parser.add_argument("--start-date", metavar="DAY", help="first day, such as 2025-01-01")
    parser.add_argument("--end-date", metavar="DAY", help="last day, included")
    parser.add_argument(
        "--store", type=file_path, metavar="DIR", help="imported days; default: the data directory"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(act=validate)
    return parser


def validate(options: argparse.Namespace) -> int:
    """Validate; returns the exit code.

    Raises
    ------
    HistoryError
        There is nothing to look at, or an option is wrong; one line says why.
    """
    validation = validate_store(store_directory(options), _asked(options), terminal=sys.stderr)
    if options.json:
        say_json(_plain(validation), indent=2)
    else:
        say(validation_text(validation))
    return 0 if validation.is_sound else 1


def _asked(options: argparse.Namespace) -> Asked:
    first, last = chosen_days(options)
    datasets = None
    if options.datasets is not None:
        names = [name.strip() for name in options.datasets.split(",")]
        datasets = {name if name == MINUTE_PROFILE else dataset_named(name).name for name in names}
    return Asked(chosen_symbol(options), datasets, first, last)


def _plain(validation: Validation) -> dict[str, Any]:
    return {
        "store": validation.store,
        "is_sound": validation.is_sound,
        "summaries": as_plain(validation.summaries),
        "findings": [_finding_plain(one) for one in validation.findings],
    }


def _finding_plain(finding: Finding) -> Any:
    plain: Any = as_plain(finding)
    words = {"weight": finding.weight.value, "text": finding_text(finding)}
    return plain | words | {"advice": advice_text(finding.check)}
