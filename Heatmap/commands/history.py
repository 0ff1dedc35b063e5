"""``python -m Heatmap history``: the exchange's archive, and recordings that complete each other.

Loads no Qt, and DuckDB only where rows are read.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from Heatmap.commands import history_texts
from Heatmap.commands.arguments import (
    EXIT_INTERRUPTED,
    Parser,
    file_path,
    say,
    say_json,
    url,
    whole_number,
)
from Heatmap.commands.history_liquidations import (
    add_export,
    add_liquidation_options,
    import_liquidations,
)
from Heatmap.commands.history_options import chosen_days, chosen_symbol, store_directory
from Heatmap.commands.history_validate import add_validate
from Heatmap.commands.log_output import start_log
from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import ARCHIVE_URL, DATASETS, FOR_LEVELS, dataset_named, datasets_of
from Heatmap.history.days import day_of
from Heatmap.history.engine import require_duckdb
from Heatmap.history.preflight import can_read_any, look_before, missing_days
from Heatmap.history.progress import Progress, ProgressBar
from Heatmap.history.source_tree import SourceTree, find_files
from Heatmap.history.store_status import store_status
from Heatmap.history.whole_import import import_tree
from Heatmap.runtime.exchange_clock import wall_clock_ms

_MOST_JOBS = 64


def run(words: Sequence[str]) -> int:
    """Do what a command of history asks for; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    start_log(options)
    try:
        return int(options.act(options))
    except KeyboardInterrupt:
        say(history_texts.STOPPED)
        return EXIT_INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options ask for, checked."""

    symbol: str
    market: Market
    datasets: tuple[Dataset, ...] | None
    first: date | None
    last: date | None

    @classmethod
    def of(cls, options: argparse.Namespace) -> "_Wanted":
        symbol = chosen_symbol(options)
        if symbol is None:
            raise HistoryError("expected --symbol, such as BTCUSDT, got none")
        market = Market(options.market)
        first, last = chosen_days(options)
        return cls(symbol, market, _datasets(options.datasets, market), first, last)

    def files(self, root: Path) -> SourceTree:
        tree = find_files(root, self.symbol, self.market, self.datasets, self.first, self.last)
        if not tree.files and not tree.misplaced:
            raise HistoryError(
                f"{root} has no files of {self.symbol} from {self.first or 'its first day'} to "
                f"{self.last or 'its last day'}; choose other days, or get them with "
                "`history download`"
            )
        return tree


def _datasets(text: str | None, market: Market) -> tuple[Dataset, ...] | None:
    if text is None:
        return None
    found = tuple(dict.fromkeys(dataset_named(name.strip()) for name in text.split(",")))
    for one in found:
        if market not in one.markets:
            raise HistoryError(
                f"{one.archive} exists for --market {' or '.join(one.markets)} only, got {market}"
            )
    return found


def _download(options: argparse.Namespace) -> int:
    wanted = _Wanted.of(options)
    first = wanted.first
    if first is None:
        raise HistoryError("expected a --start-date such as 2025-01-01, got none")
    # A day's files come on the next one.
    yesterday = day_of(wall_clock_ms()) - timedelta(days=1)
    last = min(wanted.last or yesterday, yesterday)
    if last < first:
        raise HistoryError(f"expected a --start-date up to yesterday, {yesterday}, got {first}")
    datasets = wanted.datasets or datasets_of(wanted.market, FOR_LEVELS)
    if not datasets:
        raise HistoryError(f"expected --datasets with --market {wanted.market}, got none")
    # The client for HTTP takes longer to load than a day takes to import.
    import asyncio  # noqa: PLC0415

    from Heatmap.history.download import Downloader, Fetched, plan_periods  # noqa: PLC0415

    periods = plan_periods(datasets, first, last)
    downloader = Downloader(
        options.to,
        options.base_url,
        wanted.market,
        wanted.symbol,
        replaces=options.replace,
        on_wait=lambda text: say(f"waiting: {text}"),
    )
    progress = Progress(len(periods), None)
    with ProgressBar(progress, sys.stderr):
        report = asyncio.run(downloader.run(periods, progress))
    if report.counts[Fetched.ABSENT] == sum(report.counts.values()):
        raise HistoryError(
            f"the archive has no files of {wanted.symbol} from {first} to {last} "
            f"({', '.join(one.archive for one in datasets)}); check symbol, market and days"
        )
    say(history_texts.download_text(report, options.to, progress.standing().elapsed_s))
    return 0 if report.is_whole else 1


def _check(options: argparse.Namespace) -> int:
    wanted = _Wanted.of(options)
    tree = wanted.files(options.data_dir)
    found = look_before(tree, store_directory(options), wanted.first, wanted.last)
    say_json(found.plain, indent=2)
    return 0 if found.is_ready else 1


def _import(options: argparse.Namespace) -> int:
    if options.liquidations is not None and options.data_dir is not None:
        raise HistoryError(
            "expected --data-dir with the archive's files, or --liquidations, got both; "
            "import one after the other"
        )
    if options.liquidations is not None:
        return import_liquidations(options)
    require_duckdb()
    if options.data_dir is None:
        raise HistoryError(
            "expected --data-dir with the archive's files, or --liquidations, got none"
        )
    if not 1 <= options.jobs <= _MOST_JOBS:
        raise HistoryError(f"expected --jobs from 1 to {_MOST_JOBS}, got {options.jobs}")
    wanted = _Wanted.of(options)
    tree = wanted.files(options.data_dir)
    if not can_read_any(tree):
        raise HistoryError(
            f"no permission to read any of the {len(tree.files)} files of {wanted.symbol} in "
            f"{options.data_dir}, such as {tree.files[0].path}; change their permissions"
        )
    report = import_tree(
        tree,
        store_directory(options),
        replaces=options.replace,
        jobs=options.jobs,
        terminal=sys.stderr,
    )
    missing = missing_days(tree, wanted.first, wanted.last)
    if options.json:
        say_json(history_texts.import_plain(report, missing, tree.ignored), indent=2)
    else:
        say(history_texts.import_text(report, missing, tree.ignored))
    return 0 if report.is_whole else 1


def _status(options: argparse.Namespace) -> int:
    say_json(store_status(store_directory(options), chosen_symbol(options)), indent=2)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m Heatmap history",
        description="Binance's public archive of trades and candles, for levels of the past: "
        "download it, check it, and keep it as one Parquet file a day. Also export and merge "
        "recorded liquidations. Files that are read are never changed.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(
        required=True, metavar="download|check|import|validate|status|export", parser_class=Parser
    )
    download = _action(actions, "download", "download files of the archive", _download)
    download.add_argument(
        "--to",
        type=file_path,
        required=True,
        metavar="DIR",
        help="directory for the archive's files",
    )
    download.add_argument(
        "--base-url",
        type=url("http", "https"),
        default=ARCHIVE_URL,
        metavar="URL",
        help="where the archive is, default %(default)s",
    )
    check = _action(actions, "check", "say as JSON whether an import would succeed", _check)
    check.add_argument(
        "--data-dir",
        type=file_path,
        required=True,
        metavar="DIR",
        help="directory of the archive's files; only read",
    )
    imported = _action(actions, "import", "import files, day by day", _import)
    imported.add_argument(
        "--data-dir",
        type=file_path,
        metavar="DIR",
        help="directory of the archive's files, as `download` writes them or as SYMBOL/dataset/; "
        "only read",
    )
    imported.add_argument(
        "--jobs",
        type=whole_number,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="files to import at the same time, default %(default)s",
    )
    add_liquidation_options(imported)
    for action in (download, imported):
        action.add_argument(
            "--replace",
            action="store_true",
            help="also take files that were published again with changes",
        )
    status = _action(actions, "status", "print as JSON what is imported", _status)
    status.set_defaults(symbol=None)
    for action in (check, imported, status):
        action.add_argument(
            "--store",
            type=file_path,
            metavar="DIR",
            help="imported days; default: the data directory",
        )
    add_validate(actions)
    add_export(actions)
    return parser


def _action(actions: Any, name: str, text: str, act: Any) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
    )
    action.set_defaults(act=act, market=Market.USD_M.value, datasets=None)
    action.set_defaults(start_date=None, end_date=None)
    action.add_argument("--symbol", default="BTCUSDT", help="symbol, default BTCUSDT")
    if act is _status:
        return action
    action.add_argument(
        "--market",
        choices=[one.value for one in Market],
        default=Market.USD_M.value,
        help="um: USD-M futures (default), cm: COIN-M futures, or spot",
    )
    action.add_argument("--start-date", metavar="DAY", help="first day, such as 2025-01-01")
    action.add_argument("--end-date", metavar="DAY", help="last day, included")
    names = ",".join(one.archive for one in DATASETS)
    what = ",".join(one.archive for one in FOR_LEVELS) if act is _download else "all that are there"
    action.add_argument(
        "--datasets", metavar="NAMES", help=f"with commas between: {names}; default {what}"
    )
    return action
