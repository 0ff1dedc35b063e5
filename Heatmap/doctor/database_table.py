"""The database: what its facts mean for a recorder. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from Heatmap.doctor.findings import Advice, Found, Result, Row, always
from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure
from Heatmap.storage.store import DatabaseFacts

_MIB, _GIB = 2**20, 2**30
# A busy day is some 100 MB with raw messages.
_FREE_WARNING_BYTES, _FREE_LEAST_BYTES = _GIB, 64 * _MIB
_FREE_LEAST_INODES = 16


@dataclass(frozen=True, slots=True)
class DatabaseCheck(DatabaseFacts):
    """What was looked at, and for which purpose.

    Attributes
    ----------
    wanted_kind
        What is to be recorded into it.
    failure
        Why nothing could be read; ``None``: it could.
    waited_s
        How long it was waited for in vain, seconds; ``None``: it answered.
    """

    wanted_kind: DataKind = DataKind.LIVE
    failure: Failure | None = None
    waited_s: float | None = None

    @classmethod
    def of(cls, facts: DatabaseFacts, wanted_kind: DataKind) -> "DatabaseCheck":
        """Return what was read of a store, or of the place for one."""
        read = {one.name: getattr(facts, one.name) for one in fields(DatabaseFacts)}
        return cls(**read, wanted_kind=wanted_kind)


DATABASE: Sequence[Row[DatabaseCheck]] = (
    Row(lambda f: f.waited_s is not None, Result.FAIL, Found.DISK_SILENT, Advice.LOCAL_DISK),
    Row(lambda f: f.failure is not None, Result.FAIL, Found.DATABASE_FAILED),
    Row(lambda f: not f.is_writable, Result.FAIL, Found.NOT_WRITABLE, Advice.CHANGE_PERMISSIONS),
    Row(
        lambda f: f.kind not in (None, f.wanted_kind),
        Result.FAIL,
        Found.OTHER_KIND,
        Advice.OTHER_FILE,
    ),
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
        lambda f: f.free_bytes is not None and f.free_bytes < _FREE_LEAST_BYTES,
        Result.FAIL,
        Found.DISK_FULL,
        Advice.FREE_SPACE,
    ),
    Row(
        lambda f: f.free_bytes is not None and f.free_bytes < _FREE_WARNING_BYTES,
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
