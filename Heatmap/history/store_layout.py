"""Where the days lie: ``<store>/history/<dataset>/<SYMBOL>/<YYYY-MM-DD>.parquet``. Pure."""

from datetime import date
from pathlib import Path

_FOLDER = "history"


def history_folder(store: Path) -> Path:
    """Return the folder that holds all of history in a store's directory."""
    return store / _FOLDER


def day_path(store: Path, dataset: str, symbol: str, day: date) -> Path:
    """Return the file of a day.

    Parameters
    ----------
    store
        The directory that the user names, by default the data directory.
    dataset
        Its name in the store, such as ``agg_trades``.
    symbol, day
        Which.
    """
    return history_folder(store) / dataset / symbol / f"{day.isoformat()}.parquet"


def manifest_path(store: Path) -> Path:
    """Return the file that says what was imported."""
    return history_folder(store) / "manifest.sqlite3"


def work_folder(store: Path) -> Path:
    """Return the folder of what is not finished; whoever holds the lock may empty it."""
    return history_folder(store) / ".work"


def lock_path(store: Path) -> Path:
    """Return the file that an import locks; touched through SQLite only, and never deleted."""
    return history_folder(store) / "import.lock"
