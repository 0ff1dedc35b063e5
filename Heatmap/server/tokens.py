"""The token that is asked for off loopback: made once, kept in a file that only its user reads."""

import os
import secrets
import stat
from pathlib import Path

from Heatmap.errors import ServerError
from Heatmap.server import texts

_LEAST_CHARS = 16
_MODE = 0o600
_OTHERS = 0o077


def read_or_make_token(path: Path) -> str:
    """Return the token of a file, which is made where it is missing.

    Raises
    ------
    ServerError
        It cannot be made or read, is too short, or others may read it.
    """
    try:
        _make_where_missing(path)
    except OSError as error:
        raise ServerError(texts.token_unusable(path, error.strerror or error)) from error
    return _read(path)


def check_token_file(path: Path) -> None:
    """Look whether a token can be read from a file, or made in its folder; writes nothing.

    Raises
    ------
    ServerError
        It cannot.
    """
    if path.exists():
        _read(path)
    elif not os.access(path.parent, os.W_OK):
        there = (
            "its folder is another user's" if path.parent.exists() else "there is no such folder"
        )
        raise ServerError(texts.token_unusable(path, there))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read(4096).strip()
    except (OSError, UnicodeError) as error:
        raise ServerError(texts.token_unusable(path, error)) from error
    # Windows has no such modes: a user's own directory is the user's there.
    if os.name == "posix" and mode & _OTHERS:
        raise ServerError(texts.token_open(path, mode))
    if len(token) < _LEAST_CHARS:
        reason = f"it has {len(token)} characters, at least {_LEAST_CHARS} are needed"
        raise ServerError(texts.token_unusable(path, reason))
    return token


def _make_where_missing(path: Path) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        return
    with open(number, "w", encoding="ascii") as file:  # noqa: PTH123 - a number, not a path
        file.write(secrets.token_urlsafe(32) + "\n")
