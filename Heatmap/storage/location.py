"""Where databases stand when the user does not say."""

import os
import sys
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError

_NAMES = {
    DataKind.LIVE: "heatmap.sqlite3",
    DataKind.SIMULATED: "heatmap-simulated.sqlite3",
    DataKind.REPLAY: "heatmap-replay.sqlite3",
}


def default_database(kind: DataKind) -> Path:
    r"""Return the path of the database for data of `kind` in the user's data directory.

    The directory is made when it is missing. It is ``$XDG_DATA_HOME/Heatmap`` (or
    ``~/.local/share/Heatmap``), ``%LOCALAPPDATA%\Heatmap`` on Windows, and
    ``~/Library/Application Support/Heatmap`` on macOS.

    Raises
    ------
    StorageError
        The directory cannot be made.
    """
    directory = _data_directory() / "Heatmap"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the data directory {directory} cannot be made ({error.strerror}); "
            "name a database in a writable directory"
        ) from error
    return directory / _NAMES[kind]


def _data_directory() -> Path:
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support"
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError as error:
        raise StorageError("no home directory is known; name a database file") from error
