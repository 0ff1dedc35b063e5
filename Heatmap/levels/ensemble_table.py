"""What an ensemble was learned to be: its parts, as plain values that turn into JSON and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.yields import (
    Estimate,
    Score,
    Verdict,
    Volume,
    parse_fit,
    plain_fit,
    read_json,
)

_BILLION = 1e9


@dataclass(frozen=True, slots=True)
class EnsemblePart:
    """One model of the sum.

    Attributes
    ----------
    name
        Which model.
    share
        Part of all messages that it explains, on time that it was not fitted on.
    weight
        Messages per message that it alone would foretell.
    longs, shorts
        Rates of its causes, before the weight: messages per 1e9 USD of entries reached, by distance
        bin or in one number; of the price path: messages per unit of each term.
    """

    name: str
    share: float
    weight: float
    longs: tuple[float, ...]
    shorts: tuple[float, ...]

    @property
    def rates(self) -> NDArray[np.float64]:
        """(2, k) float64, with the weight."""
        return self.weight * np.array([self.longs, self.shorts])


@dataclass(frozen=True, slots=True)
class EnsembleTable:
    """A fit of all parts. Immutable.

    Attributes
    ----------
    name, version, venue, symbol, fitted_ms, volume, data_from_ms, data_until_ms, minutes, source
        As in `YieldTable`.
    messages
        How many it was fitted on.
    usd_per_message
        Mean notional of a message.
    background_per_minute
        Messages per minute that no part explains by what is reached, of longs and of shorts.
    is_provisional
        The dollars are not fitted to this market.
    parts
        What is added up.
    by_volume
        Names of the parts whose rates are per USD of volume.
    score
        On time that was held out, parts and all; ``None``: not scored.
    """

    name: str
    version: int
    venue: str
    symbol: str
    fitted_ms: int
    volume: Volume
    data_from_ms: int
    data_until_ms: int
    minutes: int
    messages: int
    source: str
    usd_per_message: Estimate
    background_per_minute: tuple[float, float]
    is_provisional: bool
    parts: tuple[EnsemblePart, ...]
    by_volume: tuple[str, ...]
    score: Score | None = None

    @property
    def verdict(self) -> Verdict:
        """What its score says."""
        return Verdict.UNKNOWN if self.score is None else self.score.verdict

    def part(self, name: str) -> EnsemblePart | None:
        """Return a part; ``None``: it has none of that name."""
        return next((one for one in self.parts if one.name == name), None)

    def usd_per_usd(self, name: str) -> NDArray[np.float64]:
        """Return what a part liquidates per USD of entries that are reached, (2, k) float64."""
        part = self.part(name)
        if part is None:
            return np.zeros((2, 1))
        return part.rates / _BILLION * self.usd_per_message.value

    def expected_messages(self, causes: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the messages that it expects of each minute and side, (n, 2).

        Parameters
        ----------
        causes : name of a part to (n, 2, k) float64
            As in the fit: billions of USD reached, and terms of the path.
        """
        total = np.zeros((1, 2)) + np.array(self.background_per_minute)
        for part in self.parts:
            total = total + np.einsum("nsk,sk->ns", causes[part.name], part.rates)
        return np.asarray(total)

    def for_volume(self, volume: Volume) -> "EnsembleTable":
        """Return it for candles of a market; provisional where it was fitted on another."""
        if volume is self.volume:
            return self
        factor = self.volume.to_other
        parts = tuple(
            replace(one, weight=one.weight * factor) if one.name in self.by_volume else one
            for one in self.parts
        )
        return replace(self, volume=volume, is_provisional=True, parts=parts)

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(plain_fit(self), indent=1, ensure_ascii=False) + "\n"


def parse_ensemble(text: str) -> EnsembleTable:
    """Read a table from JSON.

    Raises
    ------
    SettingsError
        It is no such table; the message is one line.
    """
    return read_json(text, _parse, "ensemble: expected parts as `levels fit` writes them")


def _parse(plain: Any) -> EnsembleTable:
    return EnsembleTable(
        **parse_fit(plain),
        messages=int(plain["messages"]),
        parts=tuple(_part(one) for one in plain["parts"]),
        by_volume=tuple(str(one) for one in plain["by_volume"]),
    )


def _part(plain: Any) -> EnsemblePart:
    part = EnsemblePart(
        str(plain["name"]),
        float(plain["share"]),
        float(plain["weight"]),
        tuple(map(float, plain["longs"])),
        tuple(map(float, plain["shorts"])),
    )
    numbers = (part.share, part.weight, *part.longs, *part.shorts)
    if not all(math.isfinite(one) and one >= 0 for one in numbers):
        raise ValueError(f"{part.name} has a number that is not finite, or below 0")
    if len(part.longs) != len(part.shorts):
        raise ValueError(f"{part.name} has {len(part.longs)} rates of longs, but of shorts others")
    return part
