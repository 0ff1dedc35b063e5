"""Writes what a database has recorded into two files: liquidations, and what time they cover."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.recordings import RECORDER, RecordedEvent, RecordingHead
from Heatmap.errors import HistoryError
from Heatmap.history.engine import require_duckdb
from Heatmap.history.recordings.columns import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    SUFFIXES,
    Row,
    coverage_path,
)
from Heatmap.history.recordings.reports import ExportReport
from Heatmap.history.recordings.row_files import write_rows
from Heatmap.history.recordings.row_keys import own_event_of
from Heatmap.history.recordings.rows import (
    SUMS_MODULUS,
    Whose,
    coverage_row,
    event_row,
    row_hash,
)
from Heatmap.ingestion.venue import Completeness
from Heatmap.ingestion.venues.table import VENUES
from Heatmap.runtime.outside_text import error_text
from Heatmap.storage.coverage import without_future
from Heatmap.storage.store import Store, StoreReader


def export_recording(
    store: Store, path: Path, now_ms: int, *, replaces: bool = False
) -> ExportReport:
    """Export a database's recording; a recorder may write it meanwhile.

    Parameters
    ----------
    store
        The database, which is only read.
    path
        The file of the liquidations; its end tells the format.
    now_ms
        This machine's time, UTC milliseconds: covered time of a later one is left out.
    replaces
        Whether files that are there are replaced.

    Raises
    ------
    HistoryError
        The files cannot be written, or there is nothing to export; nothing was replaced.
    StorageError
        The database cannot be read.
    """
    suffix = path.suffix.lower()
    beside = coverage_path(path)
    _require_place(path, beside, suffix, replaces=replaces)
    with closing(store.open_reader()) as reader:
        try:
            return _Export(path, beside, suffix, now_ms).run(reader)
        except OSError as error:
            raise HistoryError(
                f"{path} cannot be written: {error_text(error)}; choose another place"
            ) from error


def _require_place(path: Path, beside: Path, suffix: str, *, replaces: bool) -> None:
    if suffix not in SUFFIXES:
        raise HistoryError(
            f"expected a file that ends with {', '.join(SUFFIXES)}, got {path.name!r}"
        )
    if suffix == ".parquet":
        require_duckdb()
    if not path.parent.is_dir():
        raise HistoryError(f"expected a directory {path.parent}, there is none; make it first")
    for one in (path, beside):
        if one.is_dir() or (one.exists() and not replaces):
            raise HistoryError(f"{one} is there already; choose another name, or add --replace")


class _Export:
    """One export: counts what goes through it. `run` is called once."""

    def __init__(self, path: Path, beside: Path, suffix: str, now_ms: int) -> None:
        self._targets = (path, beside)
        self._parts = tuple(
            one.with_name(f".{one.stem}.{os.getpid()}.part{suffix}") for one in (path, beside)
        )
        self._suffix = suffix
        self._now_ms = now_ms
        self._events: Counter[str] = Counter()
        self._venues: dict[str, Completeness] = {}
        self._rows_sum = 0
        self._left_out = 0
        self._first_ms: int | None = None
        self._last_ms: int | None = None

    def run(self, reader: StoreReader) -> ExportReport:
        newest_push_ms = reader.newest_push_ms()
        try:
            return reader.read_recording(
                lambda head, events: self._write(head, events, newest_push_ms)
            )
        finally:
            for one in self._parts:
                with suppress(OSError):
                    one.unlink(missing_ok=True)

    def _write(
        self, head: RecordingHead, events: Iterator[RecordedEvent], newest_push_ms: int | None
    ) -> ExportReport:
        whose = Whose(head.kind, head.market)
        write_rows(self._parts[0], self._suffix, EVENT_COLUMNS, self._event_rows(whose, events))
        covered = [(one, RECORDER) for one in self._credible(head, head.coverage, newest_push_ms)]
        covered += [
            (interval, one.origin)
            for one in head.imported
            for interval in self._credible(head, (one.interval,), newest_push_ms)
        ]
        if not self._events and not covered:
            raise HistoryError("the database has recorded nothing yet; there is nothing to export")
        for interval, _ in covered:
            self._venues.setdefault(interval.venue, _completeness_of(interval.venue))
        count = self._events.total()
        named = [coverage_row(whose, interval, origin) for interval, origin in covered]
        rows_sum = (self._rows_sum + sum(map(row_hash, named))) % SUMS_MODULUS
        rows = [(*row, count, f"{rows_sum:032x}") for row in named]
        write_rows(self._parts[1], self._suffix, COVERAGE_COLUMNS, rows)
        self._put_in_place()
        return ExportReport(
            self._targets,
            head.kind,
            dict(sorted(self._events.items())),
            head.left_out + self._left_out,
            self._first_ms,
            self._last_ms,
            len(rows),
            dict(sorted(self._venues.items())),
        )

    def _event_rows(self, whose: Whose, events: Iterator[RecordedEvent]) -> Iterator[Row]:
        names = [one.name for one in EVENT_COLUMNS]
        for one in events:
            venue = one.event.source
            if venue not in self._venues:
                self._venues[venue] = _completeness_of(venue)
            row = event_row(whose, one, self._venues[venue])
            try:
                # What no import would take is spoilt, such as a symbol of wrong bytes.
                own_event_of(dict(zip(names, row, strict=True)))
            except ValueError:
                self._left_out += 1
                continue
            self._events[str(one.event.instrument)] += 1
            self._rows_sum = (self._rows_sum + row_hash(row)) % SUMS_MODULUS
            if self._first_ms is None:
                self._first_ms = one.event.ts_ms
            self._last_ms = one.event.ts_ms
            yield row

    def _credible(
        self,
        head: RecordingHead,
        coverage: tuple[CoverageInterval, ...],
        newest_push_ms: int | None,
    ) -> tuple[CoverageInterval, ...]:
        if head.kind is not DataKind.LIVE:
            return coverage
        return without_future(coverage, self._now_ms, newest_push_ms)

    def _put_in_place(self) -> None:
        for one in self._parts:
            with one.open("r+b") as file:
                os.fsync(file.fileno())
        # First away with the coverage of what was there: it must never stand beside other events.
        self._targets[1].unlink(missing_ok=True)
        for part, target in zip(self._parts, self._targets, strict=True):
            part.replace(target)


def _completeness_of(venue: str) -> Completeness:
    known = VENUES.get(venue)
    return Completeness.UNKNOWN if known is None else known.completeness
