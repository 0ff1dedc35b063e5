"""What a store already has: which days of a file are to be made, and which must not be."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

from Heatmap.history.datasets import AGG_TRADES, IMPORTER_VERSION, MINUTE_PROFILE
from Heatmap.history.day_table import DayRows
from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.file_names import parse_file_name
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

        A day's own file counts before a month's, whichever came first. Of several files of a day
        the one that is there counts.

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
            is_of_month = _is_monthly(known.source_name)
            if not is_there or (is_same and not is_current):
                due.add(day)
            elif is_same or (source.name.is_monthly and not is_of_month):
                continue
            elif replaces or (is_of_month and not source.name.is_monthly):
                due.add(day)
            elif known.source_name == source.path.name:
                raise FileFaultError(
                    FaultKind.REPLACED, name=known.source_name, had=known.sha256, got=sha256
                )
        return due

    def is_of_others(self, source: SourceFile, sha256: str) -> bool:
        """Whether one of a file's days is in the store from another file."""
        keys = [(source.dataset.name, source.symbol, one.isoformat()) for one in source.days]
        return any(key in self._days and self._days[key].sha256 != sha256 for key in keys)

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
        self, source: SourceFile, days: Sequence[DayRows]
    ) -> list[tuple[DayRows, ImportedDay]]:
        """Return the other days, near or far, whose ids reach into those of a file's days."""
        own = {one.day.isoformat() for one in days}
        others = [
            one
            for (dataset, symbol, day), one in self._days.items()
            if (dataset, symbol) == (source.dataset.name, source.symbol) and day not in own
        ]
        return [
            (rows, known)
            for rows in (days if source.dataset.has_ids else ())
            for known in others
            if None not in (known.first_id, known.last_id)
            and (known.first_id or 0) <= (rows.last_id or 0)
            and (known.last_id or 0) >= (rows.first_id or 0)
        ]


def _is_monthly(source_name: str) -> bool:
    name = parse_file_name(source_name)
    return name is not None and name.is_monthly
