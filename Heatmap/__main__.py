"""The command line: the window, the headless recorder, the status.

Only the standard library and the settings are imported before the command is known, so that
``record`` and ``status`` load neither Qt nor numpy.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from Heatmap._version import __version__
from Heatmap.compat import override
from Heatmap.errors import HeatmapError, SettingsError
from Heatmap.heatmap_settings import REST_URL, WS_URL, HeatmapSettings
from Heatmap.model import DataKind
from Heatmap.standalone.exchange.data_clock import MAX_SPEED, MIN_SPEED

if TYPE_CHECKING:
    from Heatmap.ingestion.recorder import RecorderStatus

EXIT_USAGE = 2
STATUS_LINE_PERIOD_S = 60.0

# Fields with an option of another name or with a meaning of their own on the command line.
_NOT_AN_OPTION = frozenset({"enabled", "symbols"})


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, which says where to read on."""

    @override
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = words[0] if words and words[0] in _COMMANDS else "window"
    try:
        if command == "window":
            return _window(words)
        return _COMMANDS[command](words[1:])
    except HeatmapError as error:
        print(f"Heatmap: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        # Whoever read the output has gone; nothing is left to be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# -- the window -----------------------------------------------------------------------------------


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m Heatmap",
        description="Liquidation heatmap of Binance BTCUSDT behind the candles.",
        epilog="Commands: record (headless recorder), status (what a database holds); "
        "each has its own --help.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Heatmap {__version__}")
    parser.add_argument(
        "--source",
        choices=("auto", "live", "demo"),
        help="auto (default): Binance, else a simulated market until Binance delivers",
    )
    parser.add_argument("--symbol", help="what to show, default BTCUSDT")
    parser.add_argument("--disabled", action="store_true", help="start with the heatmap off")
    parser.add_argument("--theme", choices=("dark", "light"))
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE.png", help="save a picture at the end"
    )
    parser.add_argument("--exit-after", type=_positive, metavar="SECONDS", help="end by itself")
    _add_exchange_options(parser)
    replay = parser.add_argument_group("replay of a recording")
    replay.add_argument("--replay", type=Path, metavar="MESSAGES.jsonl")
    replay.add_argument("--candles", type=Path, metavar="KLINES.csv")
    replay.add_argument("--from", dest="start", metavar="TIME", help="such as 2024-12-05T01:00:00Z")
    replay.add_argument(
        "--speed", type=_speed, default=1.0, help="data time per real time, 0.1 to 600"
    )
    settings = parser.add_argument_group("settings, for this run only")
    defaults = HeatmapSettings().to_texts()
    for name, text in defaults.items():
        if name not in _NOT_AN_OPTION:
            option = "--" + name.replace("_", "-")
            settings.add_argument(
                option, dest=f"set_{name}", metavar="VALUE", help=f"default {text}"
            )
    return parser


def _window(words: Sequence[str]) -> int:
    parser = _window_parser()
    options = parser.parse_args(words)
    texts = {
        name.removeprefix("set_"): text
        for name, text in vars(options).items()
        if name.startswith("set_") and text is not None
    }
    if options.symbol is not None:
        texts["symbols"] = options.symbol
    if options.disabled:
        texts["enabled"] = "no"
    _check_settings(parser, texts)
    source = _source(parser, options)
    if options.screenshot is not None:
        _require_writable(options.screenshot)
    _log_to_stderr()

    from Heatmap.standalone.application import WindowOptions, run_window  # noqa: PLC0415
    from Heatmap.standalone.exchange.recording import parse_time  # noqa: PLC0415

    return run_window(
        WindowOptions(
            source=source,
            db=options.db,
            ws_url=options.ws_url,
            rest_url=options.rest_url,
            setting_texts=texts,
            messages=options.replay,
            candles=options.candles,
            start_ms=parse_time(options.start) if source == "replay" else 0,
            speed=options.speed,
            screenshot=options.screenshot,
            exit_after_s=options.exit_after,
            theme=options.theme,
        ),
        _say,
    )


def _source(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    replay = (options.replay, options.candles, options.start)
    if not any(replay):
        return options.source or "auto"
    if not all(replay):
        parser.error("a replay needs --replay, --candles and --from together")
    if options.source is not None:
        parser.error(f"--replay and --source {options.source} exclude each other: leave one out")
    return "replay"


# -- the recorder ---------------------------------------------------------------------------------


def _record(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m Heatmap record",
        description="Record liquidations into the database until SIGINT or SIGTERM.",
        allow_abbrev=False,
    )
    parser.add_argument("--symbol", metavar="BTCUSDT,ETHUSDT|all", help="default BTCUSDT")
    parser.add_argument("--retention-days", metavar="DAYS", help="default 14")
    parser.add_argument("--keep-raw", metavar="yes|no", help="default yes")
    _add_exchange_options(parser)
    options = parser.parse_args(words)
    texts = {
        name: text
        for name, text in (
            ("symbols", options.symbol),
            ("retention_days", options.retention_days),
            ("keep_raw", options.keep_raw),
        )
        if text is not None
    }
    settings = _check_settings(parser, texts)
    _log_to_stderr()

    from Heatmap.ingestion.recorder import Recorder, RecorderConfig  # noqa: PLC0415
    from Heatmap.storage.location import default_database  # noqa: PLC0415
    from Heatmap.storage.sqlite_store import SqliteStore  # noqa: PLC0415

    database = options.db or default_database(DataKind.LIVE)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    config = RecorderConfig(
        symbols=settings.symbols,
        ws_url=options.ws_url,
        rest_url=options.rest_url,
        retention_ms=settings.retention_ms,
        keep_raw=settings.keep_raw,
    )
    recorder = Recorder(config, lambda: SqliteStore(database, DataKind.LIVE))
    recorder.start()
    _say(f"recording {', '.join(settings.symbols)} into {database}")
    try:
        while not ended.wait(STATUS_LINE_PERIOD_S):
            _say(_recorder_words(recorder.status()))
    finally:
        recorder.stop()
    _say(_recorder_words(recorder.status()))
    return 0


def _recorder_words(status: "RecorderStatus") -> str:
    words = [
        status.connection_words,
        f"{status.stored} stored",
        f"{status.duplicates} duplicates",
        f"{sum(status.rejected.values())} rejected",
        f"{status.queued} waiting",
        f"{status.reconnects} reconnects",
    ]
    if status.overflowed:
        words.append(f"{status.overflowed} LOST because the database could not be written")
    if status.storage_fault is not None:
        words.append(f"not written: {status.storage_fault}")
    return ", ".join(words)


# -- the status -----------------------------------------------------------------------------------


def _status(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m Heatmap status",
        description="Print what a database holds as JSON: events, coverage, gaps, writer.",
        allow_abbrev=False,
    )
    parser.add_argument("--db", type=Path, metavar="FILE")
    options = parser.parse_args(words)

    from Heatmap.storage.location import default_database  # noqa: PLC0415
    from Heatmap.storage.status import read_status  # noqa: PLC0415

    status: dict[str, Any] = read_status(options.db or default_database(DataKind.LIVE))
    print(json.dumps(status, indent=2))
    return 0


_COMMANDS = {"record": _record, "status": _status}


# -- shared ---------------------------------------------------------------------------------------


def _add_exchange_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--db", type=Path, metavar="FILE", help="database, default in the data directory"
    )
    parser.add_argument("--ws-url", default=WS_URL, metavar="URL", help=f"default {WS_URL}")
    parser.add_argument("--rest-url", default=REST_URL, metavar="URL", help=f"default {REST_URL}")


def _check_settings(parser: argparse.ArgumentParser, texts: dict[str, str]) -> HeatmapSettings:
    try:
        return HeatmapSettings.from_texts(texts)
    except SettingsError as error:
        parser.error(str(error))


def _require_writable(path: Path) -> None:
    directory = path.resolve().parent
    if not directory.is_dir() or not os.access(directory, os.W_OK) or path.is_dir():
        raise HeatmapError(
            f"the picture cannot be written to {path}: name a file in a directory that exists "
            "and can be written to"
        )


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _speed(text: str) -> float:
    number = float(text)
    if not MIN_SPEED <= number <= MAX_SPEED:
        raise argparse.ArgumentTypeError(
            f"expected a speed from {MIN_SPEED:g} to {MAX_SPEED:g}, got {text}"
        )
    return number


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=os.environ.get("HEATMAP_LOG", "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
