"""Where a command's log goes: to stderr, and to a file that is rotated; as lines, or as JSON.

A library of this process logs here too, so every line is made safe on its way out: no password, no
control character.
"""

import argparse
import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from Heatmap.errors import SettingsError
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import error_text
from Heatmap.runtime.safe_log import SafeFilter, SafeFormatter, get_logger, safe_lines

LARGEST_FILE_BYTES = 10 * 2**20
KEPT_FILES = 5
"""Beside the one that is written, as ``FILE.1`` to ``FILE.5``."""
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SQLITE = b"SQLite format 3\0"

_said = get_logger("Heatmap.said")
"""What a command also prints."""


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--log-file`` and ``--log-json``; a command below another one takes them too."""
    group = parser.add_argument_group("log")
    # No default: that of a command below would take the place of what was given above.
    group.add_argument(
        "--log-file",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"also write the log to this file; it begins a new one after "
        f"{LARGEST_FILE_BYTES // 2**20} MiB and keeps {KEPT_FILES} old ones",
    )
    group.add_argument(
        "--log-json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="write each line of the log as a JSON object",
    )


def start_log(options: argparse.Namespace) -> None:
    """Send the log to stderr, and to the file that `options` name.

    ``HEATMAP_LOG`` names the least level of both; by default stderr gets warnings and errors, and
    the file also what is in order.

    Raises
    ------
    SettingsError
        There is no such level, or the file cannot be written.
    """
    named = (os.environ.get("HEATMAP_LOG") or "").upper()
    if named and named not in logging.getLevelNamesMapping():
        raise SettingsError(
            f"HEATMAP_LOG must be DEBUG, INFO, WARNING or ERROR, got {named!r}; correct or unset it"
        )
    is_json = getattr(options, "log_json", False)
    handlers: list[logging.Handler] = [_Terminal()]
    handlers[0].setLevel(named or "WARNING")
    path = getattr(options, "log_file", None)
    if path is not None:
        handlers.append(_open_file(Path(path), getattr(options, "db", None)))
        handlers[1].setLevel(named or "INFO")
    for one in handlers:
        one.setFormatter(JsonFormatter() if is_json else SafeFormatter(_LINE))
    logging.basicConfig(level=min(one.level for one in handlers), handlers=handlers)


def note_said(text: str) -> None:
    """Write into the log file what was printed; without a file nothing happens."""
    _said.info("%s", text)


class JsonFormatter(logging.Formatter):
    """Makes of a record one JSON object: ``time``, ``level``, ``logger``, ``message``.

    ``time`` is UTC as ISO 8601. What went wrong has its ``traceback``.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        SafeFilter().filter(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        plain = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": safe_lines(record.getMessage()),
        }
        if record.exc_text:
            plain["traceback"] = safe_lines(record.exc_text)
        return json.dumps(plain)


class _Terminal(logging.StreamHandler):  # type: ignore[type-arg] # of a stream, whichever
    """Stderr; what a command prints is not said twice."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name != _said.name:
            super().emit(record)


class _LogFile(RotatingFileHandler):
    """A log file. Where it can't be written any more that is said once, and the program goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=LARGEST_FILE_BYTES,
            backupCount=KEPT_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self._is_told = False

    @override
    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802 - as it is called
        if self._is_told:
            return
        self._is_told = True
        reason = error_text(sys.exc_info()[1] or OSError("unknown reason"))
        with suppress(OSError, ValueError):
            print(f"Heatmap: the log file is incomplete: {reason}", file=sys.stderr)  # noqa: T201


def _open_file(path: Path, database: object) -> _LogFile:
    try:
        if _is_database(path, database):
            raise SettingsError(f"--log-file {path}: that is a database; choose another file")
        return _LogFile(path)
    except (OSError, ValueError) as error:
        reason = error_text(error)
        raise SettingsError(
            f"--log-file {path} cannot be written: {reason}; choose another file"
        ) from None


def _is_database(path: Path, database: object) -> bool:
    """Tell whether lines at the end of a file would spoil a database."""
    if isinstance(database, str | Path) and Path(database).absolute() == path.absolute():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
