"""What rings: one alert, as a fact. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class AlertKind(StrEnum):
    """What a rule watches for."""

    LARGE = "large"
    CASCADE = "cascade"
    NEAR_LEVEL = "near"
    RECORDING_STOPS = "stops"
    NOT_SAVED = "unsaved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Its id is the same whatever way led to it, so that nobody is told twice.

    Attributes
    ----------
    id
        Of the rule, the instrument, the side and the second: stable over restarts.
    rule_id
        Which rule rang.
    kind
        What that watches for.
    instrument
        As it is written: ``BTCUSDT``, ``bybit:BTCUSDT``; empty for the recording as a whole.
    side
        Who was liquidated: ``long``, ``short``; empty: neither (a level, the recording).
    ts_ms
        When it came true, the exchange's time, UTC milliseconds.
    usd
        What was liquidated, or stands at the level, USD: a lower bound. 0 for the recording.
    count
        Liquidations that make it up; 0 for a level and the recording.
    price
        Price of the largest liquidation, or of the level, USD; ``None``: there is none.
    is_late
        It was found so long after `ts_ms` that it does not ring: it happened while this program
        was away.
    """

    id: str
    rule_id: str
    kind: AlertKind
    instrument: str
    side: str
    ts_ms: int
    usd: float = 0.0
    count: int = 0
    price: float | None = None
    is_late: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Alert":
        """Return the alert that `to_json` made plain.

        Raises
        ------
        ValueError, TypeError
            It is no such data.
        """
        return cls(**{**plain, "kind": AlertKind(plain["kind"])})


def alert_id(rule_id: str, instrument: str, side: str, mark: int) -> str:
    """Return an alert's id; `mark` is a second, or what tells two of one rule apart."""
    return ":".join(filter(None, (rule_id, instrument, side, str(mark))))
