"""Where databases stand when the user does not say."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError

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
        raise raised(
            StorageError, FailureKind.NO_DATA_DIRECTORY, directory=directory, reason=error
        ) from error
    return directory / _NAMES[kind]


def data_directory(
    platform: str, environment: Mapping[str, str], home: Callable[[], PurePath]
) -> PurePath:
    """Return where programs keep their data.

    Parameters
    ----------
    platform
        As `sys.platform`.
    environment
        The process's environment.
    home
        Gives the home directory; asked only where the environment does not tell.

    Raises
    ------
    RuntimeError
        `home` knows none.
    """
    if platform == "win32":
        # A relative one would depend on where the program was started; so XDG says as well.
        local = PureWindowsPath(environment.get("LOCALAPPDATA", ""))
        return local if local.is_absolute() else home() / "AppData" / "Local"
    if platform == "darwin":
        return home() / "Library" / "Application Support"
    data = PurePosixPath(environment.get("XDG_DATA_HOME", ""))
    return data if data.is_absolute() else home() / ".local" / "share"


def _data_directory() -> Path:
    try:
        return Path(data_directory(sys.platform, os.environ, Path.home))
    except RuntimeError as error:
        raise raised(StorageError, FailureKind.NO_HOME) from error
