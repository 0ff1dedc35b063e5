"""Tables of yields: what was liquidated per USD of entries that the price reached.

Plain values that turn into JSON and back; the shipped table and a user's fits have one layout.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.errors import SettingsError
from Heatmap.levels.arrays import SIDES
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT

#: Spot over futures volume of BTCUSDT on Binance, the middle of 1,077 bars of 4 h (2025-10-06 to
#: 2026-04-04; 5 to 95 %: 0.07 to 0.27). For yields per USD of spot volume on futures candles.
SPOT_OVER_FUTURES = 0.117

_BILLION = 1e9
_TIMES = ("fitted_ms", "data_from_ms", "data_until_ms")


class HasTimes(Protocol):
    """What was fitted at a time, on data up to a time; UTC milliseconds."""

    @property
    def fitted_ms(self) -> int:
        """When."""

    @property
    def data_until_ms(self) -> int:
        """Up to when."""


Fitted = TypeVar("Fitted", bound=HasTimes)
Read = TypeVar("Read")


class Volume(StrEnum):
    """Which market's volume the entries are."""

    SPOT = "spot"
    FUTURES = "futures"

    @property
    def to_other(self) -> float:
        """What yields per USD of it are multiplied by to be those per USD of the other one."""
        return SPOT_OVER_FUTURES if self is Volume.SPOT else 1 / SPOT_OVER_FUTURES


class Verdict(StrEnum):
    """What a score says of a model, beside distance alone."""

    BETTER = "better than distance"
    NO_BETTER = "no better than distance"
    WORSE = "worse than distance"
    UNKNOWN = "not scored"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 90 % interval."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What it says as a gain over distance: better or worse only where all of it is."""
        if self.low > 0:
            return Verdict.BETTER
        return Verdict.WORSE if self.high < 0 else Verdict.NO_BETTER


@dataclass(frozen=True, slots=True)
class Score:
    """How well a model foretold the number of messages, given the path of the price.

    Attributes
    ----------
    folds
        How time was held out.
    events
        Messages in the time that was held out.
    over_constant, over_distance
        Bits per message more than a constant rate, and than distance alone.
    """

    folds: str
    events: int
    over_constant: Estimate
    over_distance: Estimate

    @property
    def verdict(self) -> Verdict:
        """Better, or worse, only where the whole interval over distance alone is."""
        return self.over_distance.verdict


@dataclass(frozen=True, slots=True)
class BinYield:
    """The yield of one side and distance bin.

    Attributes
    ----------
    from_pct, to_pct
        Distance of the liquidation price from the entry, %.
    messages_per_busd
        Messages per 1e9 USD of entries reached, with its 90 % interval.
    reached_busd
        Exposure: entries reached, 1e9 USD.
    messages
        How many messages the fit gave to it.
    data_share
        How far the value is data; 0: prior only.
    """

    from_pct: float
    to_pct: float
    messages_per_busd: Estimate
    reached_busd: float
    messages: float
    data_share: float


@dataclass(frozen=True, slots=True)
class YieldTable:
    """A fit. Immutable.

    Attributes
    ----------
    name, version, venue, symbol
        What it is of.
    fitted_ms
        When it was made, UTC milliseconds; at earlier times it is not used.
    volume
        The market whose volume the entries were: dollars of other candles differ.
    data_from_ms, data_until_ms, minutes
        What it was fitted on: first and last time, covered minutes.
    source
        The same in words.
    usd_per_message
        Mean notional of a message.
    background_per_minute
        Messages per minute that no level explains, of longs and of shorts.
    factors
        What the prior was multiplied by, of longs and of shorts.
    is_provisional
        The dollars are not fitted to this market.
    longs, shorts
        One for each distance bin, from near to far.
    score
        On time that was held out; ``None``: not scored.
    notes
        What else there is to know, in words.
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
    source: str
    usd_per_message: Estimate
    background_per_minute: tuple[float, float]
    factors: tuple[float, float]
    is_provisional: bool
    longs: tuple[BinYield, ...]
    shorts: tuple[BinYield, ...]
    score: Score | None = None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What its score says."""
        return Verdict.UNKNOWN if self.score is None else self.score.verdict

    @property
    def messages_per_usd(self) -> NDArray[np.float64]:
        """(2, N_BINS) float64, messages per USD of entries reached."""
        return np.array(
            [
                [one.messages_per_busd.value / _BILLION for one in side]
                for side in (self.longs, self.shorts)
            ]
        )

    @property
    def usd_per_usd(self) -> NDArray[np.float64]:
        """(2, N_BINS) float64, USD liquidated per USD of entries reached."""
        return self.messages_per_usd * self.usd_per_message.value

    def for_volume(self, volume: Volume) -> "YieldTable":
        """Return the table for candles of a market; provisional where it was fitted on another."""
        if volume is self.volume:
            return self
        factor = self.volume.to_other
        return replace(
            self,
            volume=volume,
            is_provisional=True,
            factors=(self.factors[0] * factor, self.factors[1] * factor),
            longs=tuple(_scaled(one, factor) for one in self.longs),
            shorts=tuple(_scaled(one, factor) for one in self.shorts),
        )

    def to_json(self) -> str:
        """Return the table as JSON."""
        plain = plain_fit(self)
        plain["sides"] = {"longs": plain.pop("longs"), "shorts": plain.pop("shorts")}
        return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def read_json(text: str, read: Callable[[Any], Read], expected: str) -> Read:
    """Read JSON that anybody may have written.

    Parameters
    ----------
    text
        JSON, or anything else.
    read
        Makes the result of what was read.
    expected
        What was expected, for the message.

    Raises
    ------
    SettingsError
        It is not that; the message is one line.
    """
    try:
        return read(json.loads(text))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise SettingsError(f"{expected}, got {type(error).__name__}: {error}") from None


def parse_yields(text: str) -> YieldTable:
    """Read a table from JSON.

    Raises
    ------
    SettingsError
        It is no such table; the message is one line.
    """
    table = read_json(text, _parse, "yields: expected a table as `levels fit` writes it")
    for name, side in zip(SIDES, (table.longs, table.shorts), strict=True):
        _require_bins(name, side)
    return table


def parse_scores(text: str) -> dict[str, Score]:
    """Read scores by model from JSON.

    Raises
    ------
    SettingsError
        There are none; the message is one line.
    """
    return read_json(
        text,
        lambda plain: {name: parse_score(one) for name, one in plain["models"].items()},
        "scores: expected one for each model",
    )


def in_force(tables: Sequence[Fitted], shipped: Fitted | None, at_ms: int) -> Fitted | None:
    """Return the newest fit that was made by a time; the shipped one counts as always known."""
    known = [one for one in tables if one.fitted_ms <= at_ms and one.data_until_ms <= at_ms]
    return max(known, key=lambda one: one.fitted_ms) if known else shipped


def _parse(plain: Any) -> YieldTable:
    return YieldTable(
        **parse_fit(plain),
        factors=parse_pair(plain["factors"]),
        longs=tuple(_bin(one) for one in plain["sides"]["longs"]),
        shorts=tuple(_bin(one) for one in plain["sides"]["shorts"]),
        notes=tuple(str(one) for one in plain.get("notes", ())),
    )


def _bin(plain: Any) -> BinYield:
    return BinYield(
        float(plain["from_pct"]),
        float(plain["to_pct"]),
        parse_estimate(plain["messages_per_busd"]),
        float(plain["reached_busd"]),
        float(plain["messages"]),
        float(plain["data_share"]),
    )


def parse_fit(plain: Any) -> dict[str, Any]:
    """Read from plain values the fields that every fit has: of what it is, and how good."""
    return {
        "name": str(plain["name"]),
        "version": int(plain["version"]),
        "venue": str(plain["venue"]),
        "symbol": str(plain["symbol"]),
        "fitted_ms": iso_ms(plain["fitted"]),
        "volume": Volume(plain["volume"]),
        "data_from_ms": iso_ms(plain["data_from"]),
        "data_until_ms": iso_ms(plain["data_until"]),
        "minutes": int(plain["minutes"]),
        "source": str(plain["source"]),
        "usd_per_message": parse_estimate(plain["usd_per_message"]),
        "background_per_minute": parse_pair(plain["background_per_minute"]),
        "is_provisional": bool(plain["is_provisional"]),
        "score": None if plain.get("score") is None else parse_score(plain["score"]),
    }


def plain_fit(fit: Any) -> dict[str, Any]:
    """Return a fit, a dataclass, as plain values with its times as texts; see `parse_fit`."""
    plain = asdict(fit)
    for key in _TIMES:
        plain[key.removesuffix("_ms")] = iso_text(plain.pop(key))
    return plain


def parse_score(plain: Any) -> Score:
    """Read a score from plain values."""
    return Score(
        str(plain["folds"]),
        int(plain["events"]),
        parse_estimate(plain["over_constant"]),
        parse_estimate(plain["over_distance"]),
    )


def parse_estimate(plain: Any) -> Estimate:
    """Read an estimate from plain values."""
    return Estimate(float(plain["value"]), float(plain["low"]), float(plain["high"]))


def parse_pair(plain: Any) -> tuple[float, float]:
    """Read two numbers: of longs and of shorts."""
    longs, shorts = plain
    return float(longs), float(shorts)


def _scaled(one: BinYield, factor: float) -> BinYield:
    rate = one.messages_per_busd
    scaled = Estimate(rate.value * factor, rate.low * factor, rate.high * factor)
    return replace(one, messages_per_busd=scaled)


def _require_bins(name: str, side: Sequence[BinYield]) -> None:
    expected = list(pairwise(DISTANCE_EDGES_PCT))
    if [(one.from_pct, one.to_pct) for one in side] != expected:
        raise SettingsError(
            f"yields: {name} must have the {len(expected)} distance bins from "
            f"{expected[0][0]:g} to {expected[-1][1]:g} %, got {len(side)} bins"
        )
    for one in side:
        if not (math.isfinite(one.messages_per_busd.value) and one.messages_per_busd.value >= 0):
            raise SettingsError(
                f"yields: {name} at {one.from_pct:g} % must be a number from 0, "
                f"got {one.messages_per_busd.value!r}"
            )


def iso_text(ms: int) -> str:
    """Return a time, UTC milliseconds, as ISO 8601."""
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat()


def iso_ms(text: Any) -> int:
    """Read a time; without a zone it is UTC."""
    day = datetime.fromisoformat(str(text))
    return round((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp() * 1_000)
