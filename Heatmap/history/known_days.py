"""What a store already has: which days of a file are to be made, and which must not be."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TypeAlias

from Heatmap.history.datasets import AGG_TRADES, IMPORTER_VERSION, MINUTE_PROFILE
from Heatmap.history.day_table import DayRows
from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.manifest import EmptyDay, ImportedDay, Manifest
from Heatmap.history.source_tree import SourceFile
from Heatmap.history.store_layout import day_path

_Key: TypeAlias = tuple[str, str, str]


class KnownDays:
    """What the manifest says, read once and kept up while days are put in.

    Parameters
    ----------
    store, manifest
        The store's directory, and its manifest.
    """

    def __init__(self, store: Path, manifest: Manifest) -> None:
        self._store = store
        self._days: dict[_Key, ImportedDay] = {}
        # Days that a file was found to have no rows of, with its checksum.
        self._empty: set[tuple[_Key, str]] = set()
        self._markets: dict[tuple[str, str], str] = {}
        self.add(manifest.days())
        self.add_empty(manifest.empty_days())

    def add(self, rows: Iterable[ImportedDay]) -> None:
        """Take days as they were put into the store."""
        for one in rows:
            self._days[(one.dataset, one.symbol, one.day)] = one
            self._markets[(one.dataset, one.symbol)] = one.market

    def add_empty(self, days: Iterable[EmptyDay]) -> None:
        """Take days that a file has no rows of."""
        self._empty.update(((one.dataset, one.symbol, one.day), one.sha256) for one in days)

    def due(self, source: SourceFile, sha256: str, *, replaces: bool) -> set[date]:
        """Return which of a file's days are to be made.

        Parameters
        ----------
        source, sha256
            The file and its checksum.
        replaces
            Whether it takes the place of what came from another state of it.

        Raises
        ------
        FileFaultError
            The store has one of them from another state of this file, or of another market.
        """
        dataset, symbol = source.dataset.name, source.symbol
        market = self._markets.get((dataset, symbol), source.market.value)
        if market != source.market.value:
            raise FileFaultError(FaultKind.OTHER_MARKET, expected=market, got=source.market.value)
        due = set()
        for day in source.days:
            key = (dataset, symbol, day.isoformat())
            known = self._days.get(key)
            if known is None:
                if (key, sha256) not in self._empty:
                    due.add(day)
                continue
            if known.importer_version > IMPORTER_VERSION:
                raise FileFaultError(
                    FaultKind.NEWER_IMPORTER,
                    expected=IMPORTER_VERSION,
                    got=known.importer_version,
                )
            is_same, is_there = known.sha256 == sha256, self._is_in_place(key)
            is_current = is_there and known.importer_version == IMPORTER_VERSION
            if not is_there or (is_same and not is_current) or (not is_same and replaces):
                due.add(day)
            elif not is_same and known.source_name == source.path.name:
                raise FileFaultError(
                    FaultKind.REPLACED, name=known.source_name, had=known.sha256, got=sha256
                )
        return due

    def lacks(self, source: SourceFile) -> bool:
        """Whether one of a file's days is not in the store."""
        keys = [(source.dataset.name, source.symbol, one.isoformat()) for one in source.days]
        return any(key not in self._days for key in keys)

    def _is_in_place(self, key: _Key) -> bool:
        dataset, symbol, day = key
        names = [dataset, MINUTE_PROFILE] if dataset == AGG_TRADES.name else [dataset]
        return all(
            day_path(self._store, name, symbol, date.fromisoformat(day)).is_file() for name in names
        )

    def overlapping(
        self, source: SourceFile, days: Iterable[DayRows]
    ) -> list[tuple[DayRows, ImportedDay]]:
        """Return the days before and after whose ids reach into those of a file's days."""
        found = []
        for rows in days if source.dataset.has_ids else ():
            for step in (-1, 1):
                other = date.fromordinal(rows.day.toordinal() + step).isoformat()
                known = self._days.get((source.dataset.name, source.symbol, other))
                if known is None or None in (known.first_id, known.last_id):
                    continue
                low, high = rows.first_id or 0, rows.last_id or 0
                if (known.last_id or 0) >= low if step < 0 else (known.first_id or 0) <= high:
                    found.append((rows, known))
        return found
