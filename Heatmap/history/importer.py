"""Files of the archive into days of the store; each file by itself, several at a time.

Whoever runs it holds `ImportLock`. A file that breaks a rule is kept out with its reason and the
others go on; a store that cannot be written ends the run. Killed anywhere it goes on where it was.
"""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import count, pairwise
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from Heatmap.errors import HistoryError
from Heatmap.history.csv_head import read_head
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import AGG_TRADES, IMPORTER_VERSION, MINUTE_PROFILE
from Heatmap.history.day_table import DayRows, DayTable, shared_ids
from Heatmap.history.day_writer import DayFile, NewDay, sync_file
from Heatmap.history.engine import EnginePool, open_engine, require_duckdb
from Heatmap.history.faults import Fault, FaultKind, FileFaultError
from Heatmap.history.known_days import KnownDays
from Heatmap.history.manifest import EmptyDay, ImportedDay, ImportFault, Manifest
from Heatmap.history.progress import Progress
from Heatmap.history.ready_days import ReadyDays
from Heatmap.history.source_tree import Misplaced, SourceFile
from Heatmap.history.store_layout import day_path, work_folder
from Heatmap.history.texts import fault_text, size_text
from Heatmap.history.unpacking import Unpacked, checked_sha256, unpack, unpacked_size
from Heatmap.runtime.exchange_clock import wall_clock_ms

if TYPE_CHECKING:
    import duckdb

# What of the work on a file is unpacking it, for the bar.
_UNPACKING_SHARE = 0.3
_LARGE_BYTES = 500_000_000
_Advance: TypeAlias = Callable[[int], object]


class Result(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    SKIPPED = "skipped"
    # Its days are in the store, some of them from other files, which count before it.
    THERE_ALREADY = "there_already"
    KEPT_OUT = "kept_out"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file.

    Attributes
    ----------
    path, dataset
        Which.
    result
        What became of it.
    days, rows, csv_bytes
        How many of each were put into the store.
    fault
        Why it is kept out.
    """

    path: Path
    dataset: str
    result: Result
    days: int = 0
    rows: int = 0
    csv_bytes: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all.

    Attributes
    ----------
    outcomes
        Of each file, in their order.
    stopped
        Why not all were reached, in words; empty: they were.
    elapsed_s
        How long it took.
    """

    outcomes: tuple[FileOutcome, ...] = ()
    stopped: str = ""
    elapsed_s: float = 0.0

    def of(self, result: Result) -> list[FileOutcome]:
        """Return those of one result."""
        return [one for one in self.outcomes if one.result is result]

    @property
    def is_whole(self) -> bool:
        """Whether every file is in the store."""
        return not self.stopped and not self.of(Result.KEPT_OUT)


class _StoreError(Exception):
    """The store cannot be written, or there is no memory: no other file would fare better."""


class Importer:
    """Imports files into one store.

    Parameters
    ----------
    store
        Its directory.
    manifest
        Writing.
    replaces
        Whether another checksum than that of the imported file is taken.
    jobs
        How many files at a time; two are a quarter faster than one on two cores.
    """

    def __init__(
        self, store: Path, manifest: Manifest, *, replaces: bool = False, jobs: int = 1
    ) -> None:
        require_duckdb()
        self._store = store
        self._manifest = manifest
        self._replaces = replaces
        self._jobs = jobs
        self._threads = 1
        self._numbers = count(1)
        self._guard = threading.Lock()
        self._is_stopped = threading.Event()
        self._known = KnownDays(store, manifest)
        self._engines = EnginePool(work_folder(store), self._threads)
        self._ready = ReadyDays(manifest, work_folder(store) / "ready")
        # Files of which a day could not be put into the store.
        self._failed: dict[Path, Exception] = {}

    def progress_of(self, files: Sequence[SourceFile]) -> Progress:
        """Return a counter for `run`."""
        return Progress(len(files), float(sum(map(_csv_size, files))))

    def require_room(self, files: Sequence[SourceFile]) -> None:
        """Refuse to begin where the disk has too little room for what is not there yet.

        Raises
        ------
        HistoryError
            It has.
        """
        missing = [one for one in files if self._replaces or self._known.lacks(one)]
        needed = needed_bytes(missing, self._jobs)
        free = shutil.disk_usage(self._store).free
        if needed > free:
            raise HistoryError(
                f"the import needs about {size_text(needed)} in {self._store}, and the disk has "
                f"{size_text(free)} left; make room, or choose another --store"
            )

    def run(
        self,
        files: Sequence[SourceFile],
        misplaced: Sequence[Misplaced],
        progress: Progress,
        spares: Sequence[SourceFile] = (),
    ) -> ImportReport:
        """Import files, and say of the misplaced ones what is wrong.

        Days of files that are kept out are taken from the first of `spares` that has them.

        Raises
        ------
        HistoryError
            The manifest cannot be written.
        KeyboardInterrupt
            Files that were begun are finished or given up first; nothing half is left.
        """
        # A single file has the engine's threads for itself.
        self._threads = max(1, (cpu_count() or 1) // max(1, min(self._jobs, len(files))))
        work = work_folder(self._store)
        shutil.rmtree(work, ignore_errors=True)  # what a killed import has left
        self._engines = EnginePool(work, self._threads)
        outcomes = [self._keep_out_misplaced(one) for one in misplaced]
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="import") as pool:
            futures = [pool.submit(self._import, one, progress) for one in files]
            try:
                done = self._settle([one.result() for one in futures])
                done += self._import_spares(files, spares, [one for one, _ in done], progress)
            except BaseException:
                self._is_stopped.set()
                pool.shutdown(cancel_futures=True)
                with suppress(HistoryError):
                    self._ready.put()
                raise
            finally:
                self._engines.close()
                shutil.rmtree(work, ignore_errors=True)
        for dataset, symbol in {(one.dataset, one.symbol) for one in files}:
            self._note_holes(dataset, symbol)
        stopped = next((reason for _, reason in done if reason), "")
        outcomes += [outcome for outcome, _ in done]
        return ImportReport(tuple(outcomes), stopped, progress.standing().elapsed_s)

    def _settle(self, done: Sequence[tuple[FileOutcome, str]]) -> list[tuple[FileOutcome, str]]:
        """Put what is still ready into the store, and return what became of files after all."""
        self._put_ready()
        return [self._settled(*one) for one in done]

    def _import_spares(
        self,
        files: Sequence[SourceFile],
        spares: Sequence[SourceFile],
        outcomes: Sequence[FileOutcome],
        progress: Progress,
    ) -> list[tuple[FileOutcome, str]]:
        """Take the days of files that were kept out from others that have them too."""
        lacking = {
            (source.dataset, day)
            for source, outcome in zip(files, outcomes, strict=True)
            if outcome.result is Result.KEPT_OUT
            for day in source.days
        }
        done = []
        for spare in spares:
            days = tuple(day for day in spare.days if (spare.dataset, day) in lacking)
            if not days:
                continue
            progress.expect(1)
            ended = self._import(replace(spare, days=days), progress)
            ((outcome, stopped),) = self._settle([ended])
            done.append((outcome, stopped))
            if outcome.result is not Result.KEPT_OUT:
                lacking -= {(spare.dataset, day) for day in days}
        # What is wrong with the files stays said, though their days are there.
        for source, outcome in zip(files, outcomes, strict=True):
            if done and outcome.fault is not None:
                name = source.dataset.name
                self._put_fault(name, source.symbol, _period(source), outcome.fault)
        return done

    def _import(self, source: SourceFile, progress: Progress) -> tuple[FileOutcome, str]:
        """Import one file; return what became of it, and why no other may be begun."""
        name = source.dataset.name
        size = _csv_size(source)
        told = 0.0

        def advance(size_bytes: int) -> None:
            nonlocal told
            told += size_bytes * _UNPACKING_SHARE
            progress.advance(size_bytes * _UNPACKING_SHARE)

        if self._is_stopped.is_set():
            return FileOutcome(source.path, name, Result.NOT_REACHED), ""
        work = work_folder(self._store) / str(next(self._numbers))
        try:
            work.mkdir(parents=True)
            outcome = self._import_in(source, work, advance)
        except FileFaultError as error:
            self._put_fault(name, source.symbol, _period(source), error.fault)
            outcome = FileOutcome(source.path, name, Result.KEPT_OUT, fault=error.fault)
        except (OSError, _StoreError) as error:
            self._is_stopped.set()
            return FileOutcome(source.path, name, Result.NOT_REACHED), self._stop_text(error)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if outcome.result in (Result.SKIPPED, Result.THERE_ALREADY):
            progress.end_file(left_out_bytes=size)
        else:
            progress.end_file(size - told)
        return outcome, ""

    def _import_in(self, source: SourceFile, work: Path, advance: _Advance) -> FileOutcome:
        import duckdb  # noqa: PLC0415 - an extra: imported where it is used, and only there

        name = source.dataset.name
        sha256, published = checked_sha256(source.path)
        due = self._known.due(source, sha256, replaces=self._replaces)
        if not due:
            is_other = self._known.is_of_others(source, sha256)
            result = Result.THERE_ALREADY if is_other else Result.SKIPPED
            return FileOutcome(source.path, name, result)
        # With numpy, which nothing else here needs: a file that is skipped does not wait for it.
        from Heatmap.history.line_shapes import LineShapes  # noqa: PLC0415

        shapes = LineShapes()
        csv = unpack(
            source.path, source.name.stem, work / "rows.csv", advance=advance, watch=shapes.feed
        )
        head = read_head(csv.first, csv.second, source.dataset, source.market)
        is_plain = shapes.are_plain(head.columns, is_spot=source.market is Market.SPOT)
        with self._engine(csv, work) as connection:
            table = DayTable(
                connection,
                source.dataset,
                source.market,
                source.symbol,
                source.name.first,
                source.name.last,
            )
            try:
                table.load(csv, head, is_plain=is_plain)
                days = [one for one in table.days() if one.day in due]
                made = [self._written(source, table, one, work) for one in days]
                table.drop()
            except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
                raise _StoreError(_first_line(error)) from error
            except duckdb.Error as error:
                raise FileFaultError(FaultKind.BROKEN, reason=_first_line(error)) from error
        self._discard(csv, source)
        file_facts = _FileFacts(source, sha256, published, int(head.has_header))
        with self._guard:
            self._require_no_overlap(source, days, work)
            fresh = [
                self._new_day(file_facts, one, profile_rows, work)
                for one, profile_rows in zip(days, made, strict=True)
            ]
            self._ready.add(source, fresh, csv.size_bytes)
            self._known.add(one.row for day in fresh for one in day.files)
            self._note_days_without_rows(file_facts, due, days)
            if self._ready.are_due:
                self._put_ready()
        rows = sum(one.rows for one in days)
        return FileOutcome(source.path, name, Result.IMPORTED, len(days), rows, csv.size_bytes)

    def _written(self, source: SourceFile, table: DayTable, rows: DayRows, work: Path) -> int:
        """Write a day's files beside the store; return the number of rows of its profile."""
        part = _part(work, source.dataset.name, rows.day)
        table.write(rows.day, part)
        sync_file(part)
        if source.dataset is not AGG_TRADES:
            return 0
        part = _part(work, MINUTE_PROFILE, rows.day)
        profile_rows = table.write_profile(rows.day, part)
        sync_file(part)
        return profile_rows

    @contextmanager
    def _engine(self, csv: Unpacked, work: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
        if csv.size_bytes <= _LARGE_BYTES:
            with self._engines.lent() as connection:
                yield connection
            return
        # A month of trades is beyond the engine's memory.
        spill, database = work / "spill", work / "rows.duckdb"
        with closing(open_engine(spill, database=database, threads=self._threads)) as connection:
            yield connection

    def _new_day(self, facts: "_FileFacts", rows: DayRows, profile_rows: int, work: Path) -> NewDay:
        source = facts.source
        row = facts.row(rows, wall_clock_ms())
        made = [(source.dataset.name, row)]
        if source.dataset is AGG_TRADES:
            made.append((MINUTE_PROFILE, facts.profile_row(row, profile_rows)))
        files = (
            DayFile(
                _part(work, name, rows.day),
                day_path(self._store, name, source.symbol, rows.day),
                one,
            )
            for name, one in made
        )
        return NewDay(tuple(files), _period(source))

    def _put_ready(self) -> None:
        """Put what is ready into the store; what cannot be is told by `_settled`."""
        failed = self._ready.put()
        for source, error in failed:
            self._failed[source.path] = error
            if isinstance(error, FileFaultError):
                self._put_fault(source.dataset.name, source.symbol, _period(source), error.fault)
            else:
                self._is_stopped.set()
        if failed:
            self._known = KnownDays(self._store, self._manifest)

    def _settled(self, outcome: FileOutcome, stopped: str) -> tuple[FileOutcome, str]:
        """Return what became of a file after all, and why no other may be begun."""
        error = self._failed.get(outcome.path)
        if error is None or outcome.result is not Result.IMPORTED:
            return outcome, stopped
        if isinstance(error, FileFaultError):
            kept_out = FileOutcome(
                outcome.path, outcome.dataset, Result.KEPT_OUT, fault=error.fault
            )
            return kept_out, stopped
        not_reached = FileOutcome(outcome.path, outcome.dataset, Result.NOT_REACHED)
        return not_reached, self._stop_text(error)

    def _require_no_overlap(self, source: SourceFile, days: list[DayRows], work: Path) -> None:
        """Refuse days with ids that the day before or after has."""
        name = source.dataset.name
        for rows, known in self._known.overlapping(source, days):
            target = day_path(self._store, name, source.symbol, date.fromisoformat(known.day))
            path = self._ready.waiting_file(target) or target
            if not path.is_file():
                continue
            count, first = shared_ids(_part(work, name, rows.day), path)
            if count:
                raise FileFaultError(
                    FaultKind.OVERLAP, day=known.day, got=f"{count} of them, the first {first}"
                )

    def _note_days_without_rows(
        self, facts: "_FileFacts", due: set[date], days: list[DayRows]
    ) -> None:
        source = facts.source
        empty = [
            EmptyDay(
                source.dataset.name,
                source.symbol,
                day.isoformat(),
                source.path.name,
                facts.sha256,
            )
            for day in sorted(due - {one.day for one in days})
        ]
        self._manifest.put_empty(empty)
        self._known.add_empty(empty)

    def _note_holes(self, dataset: Dataset, symbol: str) -> None:
        """Say where ids are missing between days that follow each other."""
        if not dataset.has_ids:
            return
        notes = []
        for before, after in pairwise(self._manifest.days(dataset.name, symbol)):
            days = date.fromisoformat(before.day), date.fromisoformat(after.day)
            missing = (after.first_id or 0) - (before.last_id or 0) - 1
            if days[1].toordinal() - days[0].toordinal() == 1 and missing > 0:
                fault = Fault(FaultKind.HOLE_BEFORE, {"count": missing, "day": before.day})
                key = (dataset.name, symbol, after.day)
                notes.append(ImportFault(*key, None, fault.kind.value, fault_text(fault)))
        self._manifest.put_notes(dataset.name, symbol, FaultKind.HOLE_BEFORE.value, notes)

    def _keep_out_misplaced(self, one: Misplaced) -> FileOutcome:
        day = one.name.first.isoformat()
        self._put_fault(one.dataset.name, one.name.symbol, day, one.fault)
        return FileOutcome(one.path, one.dataset.name, Result.KEPT_OUT, fault=one.fault)

    def _put_fault(self, dataset: str, symbol: str, day: str, fault: Fault) -> None:
        found = ImportFault(dataset, symbol, day, fault.line, fault.kind.value, fault_text(fault))
        self._manifest.put_faults([found])

    @staticmethod
    def _discard(csv: Unpacked, source: SourceFile) -> None:
        """Make room as soon as the unpacked file is not needed."""
        if csv.path != source.path:
            csv.path.unlink(missing_ok=True)

    def _stop_text(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or str(error)
        return (
            f"{self._store} cannot be written ({reason}); what was imported is whole: make room or "
            "allow it, and run the same command again"
        )


@dataclass(frozen=True, slots=True)
class _FileFacts:
    """A file, and what the manifest says of the days that come from it."""

    source: SourceFile
    sha256: str
    published_sha256: str | None
    header: int

    def row(self, rows: DayRows, imported_ms: int) -> ImportedDay:
        return ImportedDay(
            dataset=self.source.dataset.name,
            symbol=self.source.symbol,
            day=rows.day.isoformat(),
            source_name=self.source.path.name,
            sha256=self.sha256,
            published_sha256=self.published_sha256,
            header=self.header,
            rows=rows.rows,
            rejected=0,
            first_ms=rows.first_ms,
            last_ms=rows.last_ms,
            first_id=rows.first_id,
            last_id=rows.last_id,
            holes=rows.holes,
            duplicates=rows.duplicates,
            importer_version=IMPORTER_VERSION,
            imported_ms=imported_ms,
            market=self.source.market.value,
        )

    @staticmethod
    def profile_row(row: ImportedDay, rows: int) -> ImportedDay:
        return replace(
            row,
            dataset=MINUTE_PROFILE,
            rows=rows,
            first_id=None,
            last_id=None,
            holes=None,
            duplicates=0,
        )


def needed_bytes(files: Iterable[SourceFile], jobs: int) -> float:
    """Return about how much room an import takes: its days, and what is unpacked meanwhile."""
    found = list(files)
    largest = sorted((_csv_size(one) for one in found), reverse=True)[:jobs]
    return sum(0.4 * _csv_size(one) for one in found) + sum(largest)


def _csv_size(source: SourceFile) -> int:
    try:
        return unpacked_size(source.path, source.name.stem)
    except FileFaultError:
        return source.size_bytes  # said of it where it is read


def _part(work: Path, dataset: str, day: date) -> Path:
    # Not named as days are: who looks for those in all folders must not find it.
    return work / f"{dataset}-{day.isoformat()}.part"


def _period(source: SourceFile) -> str:
    day = source.name.first.isoformat()
    return day[:7] if source.name.is_monthly else day


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
