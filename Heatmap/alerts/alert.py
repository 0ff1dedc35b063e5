"""What rings: one alert, as a fact. Pure."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, UTC milliseconds: what comes after it has no date."""


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
        made = cls(**{**plain, "kind": AlertKind(plain["kind"])})
        texts = (made.id, made.rule_id, made.instrument, made.side)
        is_sound = (
            all(isinstance(one, str) for one in texts)
            and type(made.ts_ms) is type(made.count) is int
            and 0 <= made.ts_ms <= LATEST_MS
            and _is_amount(made.usd)
            and (made.price is None or _is_amount(made.price))
            and isinstance(made.is_late, bool)
        )
        if not is_sound:
            raise ValueError("a value of an alert is of another type")
        return made


def _is_amount(one: object) -> bool:
    return isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)


def alert_id(rule_id: str, instrument: str, side: str, mark: int) -> str:
    """Return an alert's id; `mark` is a second, or what tells two of one rule apart."""
    return ":".join(filter(None, (rule_id, instrument, side, str(mark))))
