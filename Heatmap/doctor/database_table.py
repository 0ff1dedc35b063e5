"""The database: what its facts mean for a recorder. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from Heatmap.doctor.findings import Advice, Found, Result, Row, always
from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure
from Heatmap.storage.sqlite.health import DatabaseFacts
from Heatmap.storage.sqlite.migrations import SCHEMA_VERSION

_MIB, _GIB = 2**20, 2**30
# A busy day is some 100 MB with raw messages.
_FREE_WARNING_BYTES, _FREE_LEAST_BYTES = _GIB, 64 * _MIB
_FREE_LEAST_INODES = 16


@dataclass(frozen=True, slots=True)
class DatabaseCheck:
    """What was looked at, and what of it is to be recorded into.

    Attributes
    ----------
    wanted_kind
        What is to be recorded into it.
    failure
        Why nothing could be read; ``None``: it could.
    waited_s
        How long the file system was waited for in vain, seconds; ``None``: it answered.
    path, exists, size_bytes, writer_active, is_writable, free_bytes, free_inodes, damaged_rows
        As in `DatabaseFacts`.
    is_ours
        Whether the file says what it holds: it is there and not empty.
    kind, schema_version
        What it says; meaningless where it is not ours.
    expected_version
        The schema version of this program.
    schema_changes
        What of its schema is not ours, in the storage's words; empty: nothing.
    is_mendable
        Whether only indexes differ.
    damage
        What SQLite's check named first; empty: nothing.
    is_checked
        Whether that check came to its end.
    """

    wanted_kind: DataKind = DataKind.LIVE
    failure: Failure | None = None
    waited_s: float | None = None
    path: str = ""
    exists: bool = False
    size_bytes: int = 0
    is_ours: bool = False
    kind: DataKind = DataKind.LIVE
    schema_version: int = SCHEMA_VERSION
    expected_version: int = SCHEMA_VERSION
    schema_changes: str = ""
    is_mendable: bool = False
    damage: str = ""
    is_checked: bool = True
    writer_active: bool = False
    is_writable: bool = True
    free_bytes: int = 0
    free_inodes: int | None = None
    damaged_rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: DatabaseFacts, wanted_kind: DataKind) -> "DatabaseCheck":
        """Return what was read of a file, or of the place for one."""
        identity = facts.identity
        return cls(
            wanted_kind=wanted_kind,
            path=str(facts.path),
            exists=facts.exists,
            size_bytes=facts.size_bytes,
            is_ours=identity is not None,
            kind=wanted_kind if identity is None else identity.kind,
            schema_version=SCHEMA_VERSION if identity is None else identity.version,
            schema_changes="" if identity is None else identity.schema_faults.words,
            is_mendable=identity is not None and identity.schema_faults.is_mendable,
            damage=facts.faults[0] if facts.faults else "",
            is_checked=facts.faults is not None,
            writer_active=facts.writer_active,
            is_writable=facts.is_writable,
            free_bytes=facts.free_bytes,
            free_inodes=facts.free_inodes,
            damaged_rows=facts.damaged_rows,
        )


DATABASE: Sequence[Row[DatabaseCheck]] = (
    Row(lambda f: f.waited_s is not None, Result.FAIL, Found.DISK_SILENT, Advice.LOCAL_DISK),
    Row(lambda f: f.failure is not None, Result.FAIL, Found.DATABASE_FAILED),
    Row(lambda f: not f.is_writable, Result.FAIL, Found.NOT_WRITABLE, Advice.CHANGE_PERMISSIONS),
    Row(lambda f: f.kind is not f.wanted_kind, Result.FAIL, Found.OTHER_KIND, Advice.OTHER_FILE),
    Row(
        lambda f: bool(f.schema_changes),
        Result.FAIL,
        Found.SCHEMA_CHANGED,
        lambda f: Advice.UNDO_INDEX if f.is_mendable else Advice.UNDO_CHANGE,
    ),
    Row(lambda f: bool(f.damage), Result.FAIL, Found.DAMAGED, Advice.LEFT_AS_IT_WAS),
    Row(
        lambda f: f.free_inodes is not None and f.free_inodes < _FREE_LEAST_INODES,
        Result.FAIL,
        Found.NO_INODES,
        Advice.DELETE_FILES,
    ),
    Row(
        lambda f: f.free_bytes < _FREE_LEAST_BYTES,
        Result.FAIL,
        Found.DISK_FULL,
        Advice.FREE_SPACE,
    ),
    Row(
        lambda f: f.free_bytes < _FREE_WARNING_BYTES,
        Result.WARN,
        Found.DATABASE,
        Advice.FREE_SPACE_OR_RETENTION,
    ),
    Row(
        lambda f: f.schema_version < f.expected_version,
        Result.WARN,
        Found.OLD_SCHEMA,
        Advice.START_RECORDER,
    ),
    Row(lambda f: bool(f.damaged_rows), Result.WARN, Found.DAMAGED_ROWS, Advice.LEFT_OUT),
    Row(lambda f: not f.is_checked, Result.WARN, Found.DATABASE, Advice.CHECK_BY_HAND),
    Row(always, Result.OK, Found.DATABASE),
)
