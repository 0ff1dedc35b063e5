"""What the commands share: their parser, the types of their arguments, what they print."""

import argparse
import codecs
import errno
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from Heatmap.commands.log_output import add_log_options, note_said
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import REST_URL, WS_URL, HeatmapSettings
from Heatmap.ingestion.connection.addresses import base_words, is_base
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.runtime.safe_log import safe_lines
from Heatmap.storage.store import Address, parse_address

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, which says where to read on; knows the log's options."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        add_log_options(self)

    @override
    def error(self, message: str) -> NoReturn:
        """End the program with one line and exit code 2."""
        line = shown_text(message, LONGEST_MESSAGE_CHARS)
        self.exit(EXIT_USAGE, f"{self.prog}: {line} (see {self.prog} --help)\n")


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--db``; it is ``None`` unless it is given."""
    parser.add_argument(
        "--db",
        type=store_address,
        metavar="FILE",
        help="database file; default: the one in the data directory",
    )


def add_exchange_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--db``, ``--ws-url`` and ``--rest-url``; each is ``None`` unless it is given."""
    add_database_option(parser)
    parser.add_argument(
        "--ws-url",
        type=url("ws", "wss"),
        metavar="URL",
        help=f"where the exchange streams from, default {WS_URL}",
    )
    parser.add_argument(
        "--rest-url",
        type=url("http", "https"),
        metavar="URL",
        help=f"where the exchange answers requests, default {REST_URL}",
    )


def add_redis_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--redis`` and ``--redis-prefix``; the help says what for."""
    parser.add_argument(
        "--redis",
        metavar="URL",
        help=f"{what}, such as redis://127.0.0.1:6379/0; needs the extra redis",
    )
    parser.add_argument(
        "--redis-prefix",
        default="heatmap",
        metavar="NAME",
        help="how all names in Redis begin, default %(default)s",
    )


def refuse_addresses_of_demo(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program with one line where a simulated market is given an exchange's addresses."""
    if options.source == "demo" and (options.ws_url or options.rest_url):
        parser.error("--source demo simulates the exchange: leave out --ws-url and --rest-url")


def check_settings(parser: argparse.ArgumentParser, texts: dict[str, str]) -> HeatmapSettings:
    """Return the settings that `texts` give, or end the program with one line."""
    try:
        return HeatmapSettings.from_texts(texts)
    except SettingsError as error:
        parser.error(str(error))


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")


_MOST_DIGITS = 30


def whole_number(text: str) -> int:
    """Read a whole number, 0 or above."""
    # Python reads no number of thousands of digits, and nobody means one.
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a whole number, got {text[:40]!r}")


def url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of addresses with one of these schemes, to which paths are added."""

    def check(text: str) -> str:
        if is_base(text, schemes):
            return text
        raise argparse.ArgumentTypeError(f"expected {base_words(schemes)}, got {text!r}")

    return check


def file_path(text: str) -> Path:
    """Read the name of a file."""
    if not text:
        raise argparse.ArgumentTypeError("expected a file name, got nothing")
    return Path(text)


def store_address(text: str) -> Address:
    """Read where a database is: a file, or a text with the scheme of a storage engine."""
    if not text:
        raise argparse.ArgumentTypeError("expected a file name, got nothing")
    return parse_address(text)


def announce(text: str) -> None:
    """Print text for the user, and write it into the log file where there is one.

    Raises
    ------
    BrokenPipeError
        Nobody reads it any more.
    """
    note_said(text)
    say(text)


def say_json(data: object, indent: int | None = None) -> None:
    """Print data as JSON for the user, or for another program.

    Names of any script are readable where the output is UTF-8, as it is in a terminal. Elsewhere
    they are escaped as JSON has it, which every program reads.
    """
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    try:
        is_utf_8 = codecs.lookup(getattr(sys.stdout, "encoding", None) or "ascii").name == "utf-8"
        text.encode()
    except (LookupError, UnicodeEncodeError):
        is_utf_8 = False
    # What `say` writes out, such as a control character, JSON has escapes of its own for.
    say(text if is_utf_8 and safe_lines(text) == text else json.dumps(data, indent=indent))


def say(text: str) -> None:
    """Print text for the user, at once: without control characters, passwords and tokens.

    Raises
    ------
    BrokenPipeError
        Nobody reads it any more.
    """
    text = safe_lines(text)
    try:
        try:
            print(text, flush=True)
        except UnicodeEncodeError:  # where `prepare_output` was not called
            encoding = sys.stdout.encoding
            print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        if error.errno == errno.EINVAL:  # what Windows calls a pipe whose reader has gone
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
        raise
