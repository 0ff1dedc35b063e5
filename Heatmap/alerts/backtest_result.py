"""How often a rule would have rung, as a fact. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from Heatmap.alerts.alert import Alert
from Heatmap.alerts.rules import Rule, rule_text


class Untold(StrEnum):
    """Why it is not known.

    Attributes
    ----------
    LEVELS
        What stood at which level at a past time is not kept.
    RECORDING
        Whether the program ran while nothing was recorded is not kept.
    NO_USUAL_MINUTE
        Too little was recorded to know a usual minute.
    NOTHING_RECORDED
        There is no recording of it.
    """

    LEVELS = "levels"
    RECORDING = "recording"
    NO_USUAL_MINUTE = "no_usual_minute"
    NOTHING_RECORDED = "nothing_recorded"


@dataclass(frozen=True, slots=True)
class AlertBacktest:
    """What a rule would have done.

    Attributes
    ----------
    rule
        Which.
    count
        How often it would have rung; ``None``: not known, see `untold`. A lower bound where not all
        of the time was recorded.
    latest
        The newest of those, at most 20.
    from_ms, until_ms
        In what time, UTC milliseconds; ``None``: nothing is recorded.
    recorded_share
        Which part of it was recorded, 0 to 1; of all instruments the mean.
    untold
        Why `count` is not known; ``None``: it is.
    day_count
        How often in the last 24 hours before the question; ``None``: not known, as `count`.
    day_share
        Which part of those was recorded, as `recorded_share`.
    """

    rule: Rule
    count: int | None
    latest: tuple[Alert, ...] = ()
    from_ms: int | None = None
    until_ms: int | None = None
    recorded_share: float = 0.0
    untold: Untold | None = None
    day_count: int | None = None
    day_share: float = 0.0

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            "rule": rule_text(self.rule),
            "id": self.rule.id,
            "count": self.count,
            "from_ms": self.from_ms,
            "until_ms": self.until_ms,
            "recorded_share": self.recorded_share,
            "untold": self.untold,
            "day_count": self.day_count,
            "day_share": self.day_share,
            "latest": [one.to_json() for one in self.latest],
        }
