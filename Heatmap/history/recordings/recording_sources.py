"""Where a recording to be merged comes from: exported files, or another database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from Heatmap.domain.recordings import RECORDER, ImportedCoverage, RecordedEvent, RecordingHead
from Heatmap.errors import HistoryError
from Heatmap.history.recordings.columns import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    SUFFIXES,
    coverage_path,
)
from Heatmap.history.recordings.row_files import NumberedRow, read_rows, row_error
from Heatmap.history.recordings.row_keys import OtherKeyError, own_event_of
from Heatmap.history.recordings.rows import (
    SUMS_MODULUS,
    Whose,
    as_import,
    coverage_of,
    event_row,
    row_hash,
    whose_of,
)
from Heatmap.ingestion.venue import Completeness
from Heatmap.runtime.outside_text import error_text, shown_text
from Heatmap.storage.store import Address, Store, open_store

_EVENT_NAMES = tuple(one.name for one in EVENT_COLUMNS)
_SQLITE_MAGIC = b"SQLite format 3\0"
Result = TypeVar("Result")


class RecordingSource(Protocol):
    """A recording that can be read as a whole."""

    @property
    def name(self) -> str:
        """What it is called, as its origin from now on."""

    @property
    def has_coverage(self) -> bool:
        """Whether it says at all what time it covers."""

    @property
    def left_out(self) -> int:
        """How many of its events were spoilt, of those that were read last."""

    def is_at(self, address: Address) -> bool:
        """Whether it is the database at an address."""

    def read(self, take: Callable[[RecordingHead, Iterator[RecordedEvent]], Result]) -> Result:
        """Read it; `take` gets what it says of itself, and its events one by one.

        Raises
        ------
        HistoryError
            It is damaged; `take` ends by it where that shows only amid the events.
        StorageError
            The database cannot be read.
        """


def open_source(text: str) -> RecordingSource:
    """Return the recording that a user names: a database, or a file that was exported.

    Raises
    ------
    HistoryError
        It is neither.
    """
    if "://" in text:
        return DatabaseSource(open_store(text))
    path = Path(text)
    try:
        with path.open("rb") as file:
            begin = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise HistoryError(
            f"{path} cannot be read: {error_text(error)}; expected a database of this program or "
            f"an exported recording ({', '.join(SUFFIXES)})"
        ) from error
    return DatabaseSource(open_store(path)) if begin == _SQLITE_MAGIC else FileSource(path)


class DatabaseSource:
    """Another database of this program; it is only read, also while it is recorded into."""

    has_coverage = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self.left_out = 0
        self.name = shown_text(str(store.address).replace("\\", "/").rpartition("/")[2], 60)

    def is_at(self, address: Address) -> bool:
        """Whether it is the database at an address."""
        own = self._store.address
        if isinstance(own, str) or isinstance(address, str):
            return own == address
        return own.resolve() == address.resolve()

    def read(self, take: Callable[[RecordingHead, Iterator[RecordedEvent]], Result]) -> Result:
        """Read it as of one moment."""
        self.left_out = 0
        with closing(self._store.open_reader()) as reader:
            return reader.read_recording(lambda head, events: take(head, self._sound(head, events)))

    def _sound(
        self, head: RecordingHead, events: Iterator[RecordedEvent]
    ) -> Iterator[RecordedEvent]:
        """Leave out what an exported file could not have either, as `export_recording` does."""
        self.left_out = head.left_out
        whose = Whose(head.kind, head.market)
        for one in events:
            row = event_row(whose, one, Completeness.UNKNOWN)
            try:
                own_event_of(dict(zip(_EVENT_NAMES, row, strict=True)))
            except OtherKeyError as error:
                # Left out, it would be missing amid time that counts as proven.
                raise HistoryError(
                    f"{self.name}: a liquidation of {one.event.instrument} at {one.event.ts_ms} "
                    f"cannot be trusted: {error}; history export leaves out such rows"
                ) from error
            except ValueError:
                self.left_out += 1
            else:
                yield as_import(one)


@dataclass(frozen=True, slots=True)
class _Tie:
    """What the coverage says of the liquidations that it belongs to."""

    events: int
    rows_sum: int


class FileSource:
    """A recording that was exported: a file of liquidations, and beside it what they cover."""

    left_out = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = coverage_path(path)
        self.name = shown_text(path.name, 60)
        self.has_coverage = self._beside.is_file()

    def is_at(self, address: Address) -> bool:
        """Whether it is the database at an address: never."""
        del address
        return False

    def read(self, take: Callable[[RecordingHead, Iterator[RecordedEvent]], Result]) -> Result:
        """Read both files; refuse liquidations that are not those of the coverage."""
        whose, covered, tie, covered_sum = self._read_coverage()
        rows = read_rows(self._path, EVENT_COLUMNS)
        with closing(rows):  # type: ignore[type-var] # a generator
            first = next(rows, None)
            whose = whose or self._whose(first)
            own = tuple(one.interval for one in covered if one.origin == RECORDER)
            imported = tuple(one for one in covered if one.origin != RECORDER)
            head = RecordingHead(whose.kind, own, imported, market=whose.market)
            return take(head, self._events(whose, first, rows, tie, covered_sum))

    def _whose(self, first: NumberedRow | None) -> Whose:
        if first is None:
            raise HistoryError(f"{self._path} is empty; there is nothing to import")
        return _checked_whose(self._path, first)

    def _read_coverage(self) -> tuple[Whose | None, list[ImportedCoverage], _Tie | None, int]:
        if not self.has_coverage:
            return None, [], None, 0
        whose: Whose | None = None
        tie: _Tie | None = None
        covered = []
        names = [one.name for one in COVERAGE_COLUMNS if one.name not in ("events", "rows_sum")]
        covered_sum = 0
        for number, row in read_rows(self._beside, COVERAGE_COLUMNS):
            found = _checked_whose(self._beside, (number, row))
            try:
                covered.append(coverage_of(row))
                known = _Tie(int(str(row["events"])), int(str(row["rows_sum"]), 16))
            except ValueError as error:
                raise row_error(self._beside, number, error) from error
            if (whose, tie) not in ((None, None), (found, known)):
                raise HistoryError(
                    f"{self._beside}, row {number}: expected the same kind, market, events and "
                    "rows_sum as in the rows before, got others; export the recording again"
                )
            whose, tie = found, known
            covered_sum += row_hash(row[name] for name in names)
        return whose, covered, tie, covered_sum

    def _events(
        self,
        whose: Whose,
        first: NumberedRow | None,
        rows: Iterator[NumberedRow],
        tie: _Tie | None,
        rows_sum: int,
    ) -> Iterator[RecordedEvent]:
        count = 0
        numbered = first
        while numbered is not None:
            found = _checked_whose(self._path, numbered)
            number, row = numbered
            if found != whose:
                raise HistoryError(
                    f"{self._path}, row {number}: expected {_words(whose)} data as in the rest, "
                    f"got {_words(found)}; export the recording again"
                )
            try:
                event = own_event_of(row)
            except ValueError as error:
                raise row_error(self._path, number, error) from error
            count += 1
            rows_sum += row_hash(row[name] for name in _EVENT_NAMES)
            yield event
            numbered = next(rows, None)
        if tie is not None and tie != _Tie(count, rows_sum % SUMS_MODULUS):
            of_others = ", with other contents" if tie.events == count else ""
            raise HistoryError(
                f"{self._beside} belongs to other liquidations: expected {tie.events:,}, "
                f"{self._path.name} has {count:,}{of_others}; one of them was changed or cut off. "
                "Export both again, or move the coverage away: then no hole is filled"
            )


def _words(whose: Whose) -> str:
    market = "" if whose.market is None else whose.market.name
    return f"{whose.kind} ({market})" if market else whose.kind.value


def _checked_whose(path: Path, numbered: NumberedRow) -> Whose:
    number, row = numbered
    try:
        return whose_of(row)
    except ValueError as error:
        raise row_error(path, number, error) from error
