"""Rules on the price near a level. Pure.

A level rings when the price comes within the rule's distance of it. It is the same level as one
that rang, and silent, until the price has been twice as far away: levels move a little each time
they are computed.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from Heatmap.alerts.alert import Alert, alert_id
from Heatmap.alerts.rules import Rule

_NEVER_S = -(1 << 60)
_LEAVES_AT = 2.0


class Level(NamedTuple):
    """One level: its price, USD, what stands there, USD, and who would be liquidated."""

    price: float
    usd: float
    side: str = ""


@dataclass(slots=True)
class LevelWatch:
    """One rule on one instrument.

    Attributes
    ----------
    rule, instrument
        Which.
    levels
        What is known at present.
    rung_prices
        Prices of levels that rang, and that the price has not left.
    rung_s
        The second of the last ring.
    """

    rule: Rule
    instrument: str
    levels: tuple[Level, ...] = ()
    rung_prices: list[float] = field(default_factory=list)
    rung_s: int = _NEVER_S

    def set_levels(self, levels: Iterable[Level]) -> None:
        """Take the levels as they are now; too small ones do not count."""
        least = self.rule.usd or 0.0
        self.levels = tuple(
            one for one in levels if least <= one.usd < math.inf and 0 < one.price < math.inf
        )

    def receive_price(self, ts_ms: int, price: float, *, is_late: bool) -> Iterator[Alert]:
        """Give what rings at a price: of several levels the largest one."""
        near = self.rule.distance
        if not 0 < price < math.inf:
            return  # no price, and no sign that a level was left
        self.rung_prices = [
            one for one in self.rung_prices if _percent(one, price) <= _LEAVES_AT * near
        ]
        reached = [one for one in self.levels if _percent(one.price, price) <= near]
        fresh = [
            one
            for one in reached
            if all(_percent(other, one.price) > near for other in self.rung_prices)
        ]
        if not fresh:
            return
        # All of them are silent from now on: they were reached together.
        self.rung_prices += [one.price for one in fresh]
        second = ts_ms // 1000
        if abs(second - self.rung_s) < self.rule.quiet:
            return
        self.rung_s = second
        largest = max(fresh, key=lambda one: (one.usd, one.price))
        yield Alert(
            alert_id(self.rule.id, self.instrument, largest.side, second),
            self.rule.id,
            self.rule.kind,
            self.instrument,
            largest.side,
            ts_ms,
            largest.usd,
            0,
            largest.price,
            is_late=is_late,
        )

    def to_plain(self) -> dict[str, Any]:
        """Return what is to be kept over a restart."""
        return {"rung_prices": list(self.rung_prices), "rung_s": self.rung_s}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Go on where `to_plain` was made."""
        self.rung_prices, self.rung_s = list(plain["rung_prices"]), plain["rung_s"]


def _percent(price: float, of: float) -> float:
    return abs(price - of) / of * 100 if of > 0 else float("inf")
