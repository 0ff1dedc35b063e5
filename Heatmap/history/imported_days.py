"""Which days were imported, as the manifest says. Only reads, beside whoever imports.

A file that the manifest does not name is one that an import has not finished: it is not read.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from Heatmap.domain.candles import MINUTE_MS, Span
from Heatmap.history.manifest import Manifest
from Heatmap.history.store_layout import day_path, manifest_path
from Heatmap.levels.yields import Volume

_SPOT = "spot"
#: The datasets of which futures and spot each have their own.
TRADED = ("klines_1m", "trades", "agg_trades", "minute_profile")


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day of a dataset.

    Attributes
    ----------
    path
        Its Parquet file.
    first_ms, last_ms
        Times of the first and the last row, UTC milliseconds; a second outside of the day at most.
    volume
        Of which market it is.
    """

    path: Path
    first_ms: int
    last_ms: int
    volume: Volume

    @property
    def minutes(self) -> Span:
        """The time from its first to its last minute, whole minutes."""
        begin_ms, last_ms = (at // MINUTE_MS * MINUTE_MS for at in (self.first_ms, self.last_ms))
        return begin_ms, last_ms + MINUTE_MS

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether some of its rows may lie in a half-open time."""
        return self.first_ms < end_ms and self.last_ms >= start_ms


StoredDays = Mapping[str, Sequence[StoredDay]]
"""Days of one symbol by dataset, in order."""


class ImportedDays:
    """The days of one store, read again when the manifest has changed. Safe from any thread.

    Parameters
    ----------
    store
        The directory that `history import` calls the store; need not exist.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] = ()
        self._known: dict[str, StoredDays] = {}

    def of(self, symbol: str) -> StoredDays:
        """Return what was imported of a symbol: the same object, and quick, while nothing is new.

        Raises
        ------
        HistoryError
            The manifest cannot be read.
        """
        with self._lock:
            # Before it is read: what is written meanwhile is then read at the next look.
            stamp = self._look()
            if stamp != self._stamp:
                self._known.clear()
                self._stamp = stamp
            found = self._known.get(symbol)
            if found is None:
                found = self._known[symbol] = self._read(symbol) if stamp else {}
            return found

    def _look(self) -> tuple[int, ...]:
        try:
            found = manifest_path(self._store).stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, symbol: str) -> StoredDays:
        found: dict[str, list[StoredDay]] = {}
        with Manifest(self._store) as manifest:
            rows = manifest.days(symbol=symbol)
        for row in rows:
            if row.first_ms is None or row.last_ms is None:
                continue
            volume = Volume.SPOT if row.market == _SPOT else Volume.FUTURES
            path = day_path(self._store, row.dataset, symbol, date.fromisoformat(row.day))
            found.setdefault(row.dataset, []).append(
                StoredDay(path, row.first_ms, row.last_ms, volume)
            )
        return _of_one_market(found)


def _of_one_market(days: dict[str, list[StoredDay]]) -> StoredDays:
    """Return the candles and trades of one market: of futures where there are any."""
    markets = {day.volume for name in TRADED for day in days.get(name, ())}
    if len(markets) > 1:
        for name in TRADED:
            days[name] = [day for day in days.get(name, ()) if day.volume is Volume.FUTURES]
    return {name: some for name, some in days.items() if some}
