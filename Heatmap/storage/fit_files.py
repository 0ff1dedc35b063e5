"""What was learned, beside a database file: dated JSON files, one for each fit; none is changed.

Past columns of a picture were drawn with the fit of their time, so that old ones are kept.
"""

import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.domain.instruments import InstrumentName, instrument_of
from Heatmap.errors import StorageError
from Heatmap.storage.engine import Address

_LARGEST_BYTES = 2**20
# Ten years of daily fits.
_MOST_FILES = 4_000
_SAFE = re.compile(r"[^\w.-]+")


class FitFiles:
    """The fits beside one store. Safe to use from any thread; of writers the last one wins.

    Parameters
    ----------
    address
        The store's. Only beside a file there is a place for them.
    what
        What is fitted; empty: yields. Each has files of its own.
    """

    def __init__(self, address: Address, what: str = "") -> None:
        self.folder = None if isinstance(address, str) else _folder(address)
        self._what = f".{what}" if what else ""

    def read(self, instrument: InstrumentName) -> dict[str, str]:
        """Return the text of each fit of an instrument by file name, the oldest first.

        What cannot be read, or is far too large, is left out.
        """
        if self.folder is None:
            return {}
        found: dict[str, str] = {}
        for path in sorted(self.folder.glob(f"{self._stem(instrument)}-*Z.json"))[-_MOST_FILES:]:
            with contextlib.suppress(OSError, UnicodeError):
                if path.stat().st_size <= _LARGEST_BYTES:
                    found[path.name] = path.read_text("utf-8")
        return found

    def names(self, instrument: InstrumentName) -> tuple[str, ...]:
        """Return the file names of an instrument's fits, the oldest first; reads none of them."""
        if self.folder is None:
            return ()
        found = self.folder.glob(f"{self._stem(instrument)}-*Z.json")
        return tuple(sorted(path.name for path in found))

    def write(self, instrument: InstrumentName, fitted_ms: int, text: str) -> Path:
        """Write a fit, whole or not at all; return its file.

        Parameters
        ----------
        instrument
            Whose.
        fitted_ms
            When it was made, UTC milliseconds; gives the file its name.
        text
            JSON.

        Raises
        ------
        StorageError
            There is no place for it, or it cannot be written.
        """
        if self.folder is None:
            raise StorageError(
                "a fit is kept in a file beside the database; expected a database that is a file"
            )
        moment = datetime.fromtimestamp(fitted_ms / 1000, UTC).strftime("%Y-%m-%dT%H%M%SZ")
        path = self.folder / f"{self._stem(instrument)}-{moment}.json"
        half = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(exist_ok=True)
            with half.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
            raise StorageError(
                f"the fit {path} cannot be written ({error.strerror or error}); expected a "
                "directory with room that may be written"
            ) from error
        return path

    def _stem(self, instrument: InstrumentName) -> str:
        """Return the beginning of an instrument's files: letters and digits of any script."""
        one = instrument_of(instrument)
        return f"{_SAFE.sub('_', one.venue)}-{_SAFE.sub('_', one.symbol)}{self._what}"


def _folder(database: Path) -> Path:
    return database.with_name(f"{database.stem}-fits")
