"""What is wrong with a file of the archive: facts. Their words are in `texts`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """Why a file is kept out of the store, or what should be known of it.

    Behind each stand the names of its values.
    """

    NOT_READABLE = "not_readable"  # reason
    BROKEN = "broken"  # reason
    TOO_LARGE = "too_large"  # packed, got
    WRONG_MEMBER = "wrong_member"  # expected, got
    WRONG_FOLDER = "wrong_folder"  # expected, got
    CHECKSUM = "checksum"  # published, got
    CHECKSUM_FILE = "checksum_file"  # expected, got
    EMPTY = "empty"
    FIRST_BYTE = "first_byte"  # got
    COLUMNS = "columns"  # expected, got
    UNIT = "unit"  # market, got
    MARKET = "market"  # market, got
    CUT_OFF = "cut_off"
    REJECTED = "rejected"  # count, reason
    NOT_PLAIN = "not_plain"  # count, column, expected, got
    LINES = "lines"  # expected, got
    OUTSIDE = "outside"  # count, got
    INVALID = "invalid"  # count, column, got
    SYMBOL = "symbol"  # count, expected, got
    KEY_CONFLICT = "key_conflict"  # count, got
    NOT_DOUBLED = "not_doubled"  # count
    OVERLAP = "overlap"  # day, got
    REPLACED = "replaced"  # name, had, got
    OTHER_MARKET = "other_market"  # expected, got
    NEWER_IMPORTER = "newer_importer"  # expected, got
    HELD = "held"  # reason
    # What does not keep a file out.
    HOLE_BEFORE = "hole_before"  # count, day

    @property
    def is_note(self) -> bool:
        """Whether the day is in the store all the same."""
        return self is FaultKind.HOLE_BEFORE


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    kind
        What it is.
    values
        Numbers and texts, as `FaultKind` says.
    line
        Where in the CSV, from 1; ``None``: nowhere in particular.
    """

    kind: FaultKind
    values: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None


class FileFaultError(Exception):
    """A file cannot be taken; caught where files are gone through."""

    def __init__(self, kind: FaultKind, line: int | None = None, **values: object) -> None:
        super().__init__(kind.value)
        self.fault = Fault(kind, values, line)
