"""What a validation finds: facts. Their words are in `texts`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_PLACES = 5
"""So many places of a finding are named."""


class Weight(StrEnum):
    """What a finding means for whoever uses the data."""

    #: Something is missing, doubled, impossible, or not what the manifest says.
    WRONG = "wrong"
    #: It may be true, but should be looked at.
    ODD = "odd"


class Check(StrEnum):
    """What was looked for, in the order in which it is told.

    Behind each stand the names of `Finding.values`.
    """

    UNREADABLE = "unreadable"  # reason
    COLUMNS = "columns"  # expected, got
    LOST_FILE = "lost_file"
    UNKNOWN_FILE = "unknown_file"
    MANIFEST = "manifest"  # expected, got
    OLDER_IMPORTER = "older_importer"  # expected, got
    CHECKSUM = "checksum"  # expected, got
    KEPT_OUT = "kept_out"  # kind, detail
    REJECTED = "rejected"
    EMPTY = "empty"
    UNSORTED = "unsorted"
    DUPLICATES = "duplicates"
    MISSING_VALUE = "missing_value"  # column
    NOT_FINITE = "not_finite"  # column
    NOT_POSITIVE = "not_positive"  # column
    IMPOSSIBLE = "impossible"  # rule
    OUTSIDE_DAY = "outside_day"
    MISSING_DAYS = "missing_days"
    MISSING_IDS = "missing_ids"
    OVERLAPPING_IDS = "overlapping_ids"
    IN_TWO_DAYS = "in_two_days"
    MISSING_STEPS = "missing_steps"  # step_ms
    LONG_GAP = "long_gap"  # limit_ms
    QUIET = "quiet"  # limit_ms
    TIME_BACKWARD = "time_backward"
    BLANK = "blank"  # column
    JUMP = "jump"  # limit
    UNUSUAL = "unusual"  # rule
    PROFILE_SUM = "profile_sum"  # expected, got
    VOLUME_DIFFERS = "volume_differs"  # expected, got


ODD_CHECKS = frozenset(
    {
        Check.OLDER_IMPORTER,
        Check.UNKNOWN_FILE,
        Check.QUIET,
        Check.LONG_GAP,
        Check.IN_TWO_DAYS,
        Check.TIME_BACKWARD,
        Check.BLANK,
        Check.JUMP,
        Check.UNUSUAL,
        Check.VOLUME_DIFFERS,
    }
)
"""What these find is odd; what the others find is wrong."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    Attributes
    ----------
    day
        The day's file, ``2025-01-31``; a finding of several days names the first.
    start_ms, end_ms
        Its time, UTC milliseconds; ``None``: it has none.
    detail
        What stands there, such as an id or a value; may be empty.
    """

    day: str
    start_ms: int | None = None
    end_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found in one symbol of one dataset.

    Attributes
    ----------
    check
        What was looked for.
    count
        How many rows, ids, steps, days or files; what it is follows from the check.
    days
        In how many days.
    values
        As `Check` says, of the first place.
    places
        The first few places, in order.
    """

    check: Check
    dataset: str
    symbol: str
    count: int
    days: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[Place, ...] = ()

    @property
    def weight(self) -> Weight:
        """Whether it is wrong or odd."""
        return Weight.ODD if self.check in ODD_CHECKS else Weight.WRONG


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is of one symbol of one dataset.

    Attributes
    ----------
    market
        ``um``, ``cm`` or ``spot``; empty: the manifest does not say.
    days, rows, bytes
        How many days could be read, with how many rows in files of what size.
    first_day, last_day
        Of those that are there.
    first_ms, last_ms
        First and last time of a row, UTC milliseconds; ``None``: there is none.
    price_low, price_high
        USD; ``None`` where the dataset has no prices.
    """

    dataset: str
    symbol: str
    market: str
    days: int
    rows: int
    bytes: int
    first_day: str
    last_day: str
    first_ms: int | None
    last_ms: int | None
    price_low: float | None
    price_high: float | None


@dataclass(frozen=True, slots=True)
class Validation:
    """All of it.

    Attributes
    ----------
    store
        The folder of history.
    summaries
        By dataset and symbol.
    findings
        What is wrong first, then what is odd; by dataset, symbol and check.
    """

    store: str
    summaries: tuple[Summary, ...]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong; something may be odd."""
        return not any(one.weight is Weight.WRONG for one in self.findings)


class Ledger:
    """Collects what is found in the days of one symbol of one dataset, one entry for each check.

    A check may have several entries where it tells columns or rules apart.
    """

    def __init__(self, dataset: str, symbol: str) -> None:
        self._dataset = dataset
        self._symbol = symbol
        self._found: dict[tuple[Check, str], Finding] = {}

    def add(
        self,
        check: Check,
        day: str,
        count: int = 1,
        places: tuple[Place, ...] = (),
        of: str = "",
        **values: Any,
    ) -> None:
        """Add what was found in a day; nothing happens where `count` is 0.

        Parameters
        ----------
        of
            The column or rule, where the check tells those apart.
        """
        if not count:
            return
        known = self._found.get((check, of))
        given = places or (Place(day),)
        if known is None:
            found = Finding(check, self._dataset, self._symbol, count, 1, values, given)
        else:
            found = Finding(
                check,
                self._dataset,
                self._symbol,
                known.count + count,
                known.days + (known.places[-1].day != day),
                known.values,
                known.places + given,
            )
        self._found[check, of] = found

    def findings(self) -> list[Finding]:
        """Return what was found, in the order of the checks."""
        order = list(Check)
        return [
            Finding(
                one.check,
                one.dataset,
                one.symbol,
                one.count,
                one.days,
                one.values,
                one.places[:MOST_PLACES],
            )
            for _, one in sorted(
                self._found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
            )
        ]
