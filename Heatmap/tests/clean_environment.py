"""The environment of tests, benchmarks and torture: without what a user has set for other programs.

A habit of one user (a scale factor, flags of Chromium, a proxy, a language) must not decide whether
a test passes. ``conftest.py`` removes what takes effect later; what the interpreter and pytest read
at their own start is removed by this file as a program, which the Makefile puts before each
command::

    python -I Heatmap/tests/clean_environment.py COMMAND ...

Standard library only: it runs before anything else may be imported.
"""

import os
import sys
import time
from collections.abc import MutableMapping

# Whole families, whatever their members are called: each version of Qt has new ones.
_PREFIXES = (
    "QT_",
    "QTWEBENGINE",
    "QSG_",
    "QML_",
    "QML2_",
    "LC_",
    "HEATMAP_",
    "WEBSOCKETS_",
    "AIOHTTP_",
)
_NAMES = frozenset(
    {
        # Where settings and databases of the user would be found.
        *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
        *("XDG_CONFIG_DIRS", "XDG_DATA_DIRS"),
        *(
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "ftp_proxy",
            "ws_proxy",
            "wss_proxy",
        ),
        *("LANG", "LANGUAGE", "TZ", "COLUMNS", "LINES", "FORCE_COLOR", "PY_COLORS"),
    }
)
# Where the drawing goes is for the one who starts it to say.
_KEPT = frozenset({"QT_QPA_PLATFORM"})
# Read at a start that is over by the time of a conftest.
_START_PREFIXES = ("PYTHON", "PYTEST_")
_KEPT_AT_START = frozenset({"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"})
#: Qt warns about any locale that is not UTF-8, and a warning fails a test; one zone for all.
SET = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def habits(environment: MutableMapping[str, str], *, at_start: bool) -> list[str]:
    """Return the names in `environment` that a user has set for other programs.

    Parameters
    ----------
    environment
        As `os.environ`.
    at_start
        Also what Python and pytest read when they start.
    """
    found = []
    for name in environment:
        is_habit = name.startswith(_PREFIXES) or name in _NAMES or name.lower() in _NAMES
        if at_start and name.startswith(_START_PREFIXES):
            is_habit = name not in _KEPT_AT_START
        if is_habit and name not in _KEPT:
            found.append(name)
    return found


def clean(environment: MutableMapping[str, str], *, at_start: bool = False) -> None:
    """Remove the habits from `environment`, and set the locale and the zone of all tests."""
    for name in habits(environment, at_start=at_start):
        del environment[name]
    environment.update(SET)


def clean_process() -> None:
    """Clean the environment of this process and of those that it starts."""
    clean(os.environ)
    if hasattr(time, "tzset"):
        time.tzset()


if __name__ == "__main__":
    clean(os.environ, at_start=True)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller's own command, no shell
