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
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from Heatmap._version import __version__
from Heatmap.compat import override
from Heatmap.errors import HeatmapError, SettingsError, StorageError
from Heatmap.heatmap_settings import ALL_SYMBOLS, REST_URL, WS_URL, HeatmapSettings, allowed_values
from Heatmap.model import DataKind
from Heatmap.standalone.exchange.data_clock import MAX_SPEED, MIN_SPEED

if TYPE_CHECKING:
    from Heatmap.ingestion.recorder import Recorder, RecorderStatus

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
STATUS_LINE_PERIOD_S = 60.0
WATCH_PERIOD_S = 0.25
_STDIN = 0

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
        epilog="Commands: record (headless recorder), status (what a database holds), doctor "
        "(what of the connection works); each has its own --help.",
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
        "--screenshot", type=_png, metavar="FILE.png", help="save a picture at the end"
    )
    parser.add_argument("--exit-after", type=_seconds, metavar="SECONDS", help="end by itself")
    _add_exchange_options(parser)
    replay = parser.add_argument_group("replay of a recording")
    replay.add_argument(
        "--replay", type=_file, metavar="MESSAGES.jsonl", help="a forceOrder message a line"
    )
    replay.add_argument(
        "--candles", type=_file, metavar="KLINES.csv", help="one-minute candles, with a header"
    )
    replay.add_argument("--from", dest="start", metavar="TIME", help="such as 2024-12-05T01:00:00Z")
    replay.add_argument(
        "--speed", type=_speed, metavar="N", help="data time per real time, 0.1 to 600; default 1"
    )
    settings = parser.add_argument_group("settings, for this run only")
    defaults = HeatmapSettings().to_texts()
    for name, text in defaults.items():
        if name not in _NOT_AN_OPTION:
            option = "--" + name.replace("_", "-")
            settings.add_argument(
                option,
                dest=f"set_{name}",
                metavar="VALUE",
                help=f"{allowed_values(name)}; default {text}",
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
    settings = _check_settings(parser, texts)
    if settings.symbols == (ALL_SYMBOLS,):
        parser.error("--symbol: a chart shows one symbol; all can be recorded by: record")
    source = _source(parser, options)
    _log_to_stderr()

    from Heatmap.standalone.application import WindowOptions, run_window  # noqa: PLC0415
    from Heatmap.standalone.exchange.recording import parse_time  # noqa: PLC0415

    return run_window(
        WindowOptions(
            source=source,
            db=options.db,
            ws_url=options.ws_url or WS_URL,
            rest_url=options.rest_url or REST_URL,
            setting_texts=texts,
            messages=options.replay,
            candles=options.candles,
            start_ms=parse_time(options.start) if source == "replay" else 0,
            speed=options.speed or 1.0,
            screenshot=options.screenshot,
            exit_after_s=options.exit_after,
            theme=options.theme,
        ),
        _say,
    )


def _source(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    replay = (options.replay, options.candles, options.start)
    addresses = options.ws_url is not None or options.rest_url is not None
    if not any(replay):
        if options.speed is not None:
            parser.error("--speed is for a replay: name --replay, --candles and --from as well")
        if options.source == "demo" and addresses:
            parser.error("--source demo has an exchange of its own: leave the addresses out")
        return options.source or "auto"
    if addresses:
        parser.error("a replay has an exchange of its own: leave the addresses out")
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
    parser.add_argument(
        "--retention-days",
        metavar="DAYS",
        help="default: as the database was kept so far, 14 for a new one; a shorter one is asked "
        "about first",
    )
    parser.add_argument(
        "--confirm-retention",
        action="store_true",
        help="shorten the retention without asking; deletes the events that are older",
    )
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
    from Heatmap.storage.status import kept_retention_ms  # noqa: PLC0415

    database = options.db or default_database(DataKind.LIVE)
    retention_ms = settings.retention_ms
    if options.retention_days is None:
        with suppress(StorageError):  # not there yet, or refused below
            retention_ms = kept_retention_ms(database) or retention_ms
    ended = threading.Event()
    # A terminal that is closed ends it as tidily as a service manager does.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: ended.set())
    config = RecorderConfig(
        symbols=settings.symbols,
        ws_url=options.ws_url or WS_URL,
        rest_url=options.rest_url or REST_URL,
        retention_ms=retention_ms,
        confirms_retention=options.confirm_retention,
        keep_raw=settings.keep_raw,
    )
    recorder = Recorder(config, lambda: SqliteStore.for_recorder(database, DataKind.LIVE))
    recorder.start()
    try:
        _watch(recorder, f"recording {', '.join(settings.symbols)} into {database}", ended)
    finally:
        recorder.stop()
    _say(_recorder_words(recorder.status()))
    return 0


def _watch(recorder: "Recorder", what: str, ended: threading.Event) -> None:
    """Print what the recorder does until it is to end: each change of its role, and once a minute.

    Parameters
    ----------
    recorder
        Started.
    what
        What it does as the writer, in words.
    ended
        Set when it is to end.
    """
    role, roles = None, 0
    line_due_s = time.monotonic() + STATUS_LINE_PERIOD_S
    question = _RetentionQuestion(recorder)
    while True:
        status = recorder.status()
        if status.role != role:
            role = status.role
            roles += 1
            took_over = "took over: " if roles > 1 else ""
            _say(took_over + what if role == "writer" else f"{status.role_words} ({what})")
        question.ask_where_needed(status)
        if time.monotonic() >= line_due_s:
            line_due_s += STATUS_LINE_PERIOD_S
            _say(_recorder_words(status))
        if ended.wait(WATCH_PERIOD_S):
            return


class _RetentionQuestion:
    """Asks once whether events may be deleted because their retention is to be shorter."""

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder
        self._is_asked = False

    def ask_where_needed(self, status: "RecorderStatus") -> None:
        """Ask on a terminal; without one, say how to confirm."""
        retention = status.retention
        if self._is_asked or retention is None or not retention.is_pending:
            return
        self._is_asked = True
        if not os.isatty(_STDIN):
            _say(f"{retention.words()}: run once with --confirm-retention")
            return
        _say(f"{retention.words()}: delete {retention.expired_events} events? (y/n)")
        if hasattr(signal, "SIGTTIN"):
            # Sent to the background, a recorder must go on and not be stopped for its question.
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        # A daemon, so that a question which nobody answers does not hold up the end.
        threading.Thread(target=self._wait_for_answer, name="answer", daemon=True).start()

    def _wait_for_answer(self) -> None:
        # Not through sys.stdin: a thread that waits in there would break the interpreter's end.
        try:
            answer = os.read(_STDIN, 100).strip().lower()
        except OSError:  # the terminal is gone, or another program's
            answer = b""
        if answer in (b"y", b"yes") and self._recorder.confirm_retention():
            _say("the retention is shortened")
        else:
            _say("nothing is deleted")


def _recorder_words(status: "RecorderStatus") -> str:
    words = [
        *(["standby"] if status.role == "standby" else []),
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
    if status.not_recorded:
        words.append(f"NOT recorded: {', '.join(status.not_recorded)}")
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


# -- the doctor -----------------------------------------------------------------------------------


def _doctor(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="python -m Heatmap doctor",
        description="Connect as the recorder would and say what works, one line per check; "
        "changes no database. Exit code 1 when something failed.",
        allow_abbrev=False,
    )
    parser.add_argument("--symbol", help="one symbol or all, default BTCUSDT")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=20.0,
        metavar="N",
        help="how long to wait for a force order of any symbol, default 20",
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects at the end")
    _add_exchange_options(parser)
    options = parser.parse_args(words)
    texts = {} if options.symbol is None else {"symbols": options.symbol}
    symbols = _check_settings(parser, texts).symbols
    if len(symbols) > 1:
        parser.error(f"--symbol takes one symbol or all, got {options.symbol}")
    _log_to_stderr()

    from Heatmap.ingestion.doctor import DoctorConfig, diagnose  # noqa: PLC0415
    from Heatmap.ingestion.doctor_words import Finding, exit_code  # noqa: PLC0415
    from Heatmap.storage.health import examine_database  # noqa: PLC0415
    from Heatmap.storage.location import default_database  # noqa: PLC0415

    config = DoctorConfig(
        options.ws_url or WS_URL, options.rest_url or REST_URL, symbols[0], options.seconds
    )
    database = options.db or default_database(DataKind.LIVE)

    def report(finding: Finding) -> None:
        if not options.json:
            _say(finding.line())

    try:
        findings = diagnose(config, lambda: examine_database(database, DataKind.LIVE), report)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        _say(json.dumps([finding.as_mapping() for finding in findings], indent=2))
    return exit_code(findings)


_COMMANDS = {"doctor": _doctor, "record": _record, "status": _status}


# -- shared ---------------------------------------------------------------------------------------


def _add_exchange_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--db", type=_file, metavar="FILE", help="database, default in the data directory"
    )
    parser.add_argument("--ws-url", type=_url("ws", "wss"), metavar="URL", help=f"default {WS_URL}")
    parser.add_argument(
        "--rest-url", type=_url("http", "https"), metavar="URL", help=f"default {REST_URL}"
    )


def _check_settings(parser: argparse.ArgumentParser, texts: dict[str, str]) -> HeatmapSettings:
    try:
        return HeatmapSettings.from_texts(texts)
    except SettingsError as error:
        parser.error(str(error))


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")


def _url(*schemes: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname:
            raise argparse.ArgumentTypeError(
                f"expected an address like {schemes[-1]}://host, got {text!r}"
            )
        return text

    return check


def _file(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("expected a file name, got nothing")
    return Path(text)


def _png(text: str) -> Path:
    path = _file(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"expected a file name that ends in .png, got {text!r}")
    return path


def _speed(text: str) -> float:
    with suppress(ValueError):
        if MIN_SPEED <= float(text) <= MAX_SPEED:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a speed from {MIN_SPEED:g} to {MAX_SPEED:g}, got {text!r}"
    )


def _log_to_stderr() -> None:
    level = (os.environ.get("HEATMAP_LOG") or "WARNING").upper()
    if level not in logging.getLevelNamesMapping():
        raise SettingsError(
            f"HEATMAP_LOG must be DEBUG, INFO, WARNING or ERROR, got {level!r}; correct or unset it"
        )
    logging.basicConfig(
        level=level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
