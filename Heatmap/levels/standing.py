"""What stands at a time, level by level, as plain values."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, MINUTE_MS, SHORTS, SIDES
from Heatmap.levels.consumption import consume
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT
from Heatmap.levels.market import Market, clock_decay
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.yields import Score, Verdict

#: Width of the levels told: 0.1 % of the price.
LEVEL_ROWS = 10
# Farther than the farthest bin nothing stands.
_MARGIN = 0.23
_ALMOST_NOTHING_USD = 0.5
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class DistanceShare:
    """Part of a level that was entered so far away from it.

    Attributes
    ----------
    from_pct, to_pct
        Distance of the entries, %.
    leverage_low, leverage_high
        The leverages of isolated positions that are liquidated there.
    share
        Of the level's dollars.
    """

    from_pct: float
    to_pct: float
    leverage_low: float
    leverage_high: float
    share: float


@dataclass(frozen=True, slots=True)
class Level:
    """One price range in which liquidations are expected if the price goes there.

    Attributes
    ----------
    low_usd, high_usd
        The range.
    side
        Who would be liquidated: ``longs`` or ``shorts``.
    expected_usd
        In the range; as Binance would report it, a lower bound.
    cumulative_usd
        From the price up to the range's far end.
    distance_pct
        From the price to the range's near end, %.
    shares
        By distance of the entries; those of a hundredth and more, the largest first.
    """

    low_usd: float
    high_usd: float
    side: str
    expected_usd: float
    cumulative_usd: float
    distance_pct: float
    shares: tuple[DistanceShare, ...]


@dataclass(frozen=True, slots=True)
class StandingLevels:
    """All levels at a time.

    Attributes
    ----------
    symbol
        As the exchange writes it.
    at_ms
        What was known by then, UTC milliseconds.
    price_usd
        The newest close; ``None``: there is no candle.
    levels
        From the lowest price up; ranges with nothing in them are left out.
    fit
        Name of the yields; ``None``: there were none.
    score, verdict
        How good they are on time held out.
    is_provisional
        The dollars are not fitted to this market.
    minutes
        How many candles it is from.
    notes
        Why it is empty, partial or provisional.
    """

    symbol: str
    at_ms: int
    price_usd: float | None
    levels: tuple[Level, ...]
    fit: str | None
    score: Score | None
    verdict: Verdict
    is_provisional: bool
    minutes: int
    notes: tuple[Note, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return everything as what JSON can hold."""
        return asdict(self)


def standing_levels(
    market: Market,
    at_ms: int,
    half_life_ms: float | None = None,
    pause: Callable[[], None] | None = None,
) -> StandingLevels:
    """Return what the calibrated model says stands at a time.

    Parameters
    ----------
    market
        Candles closed later are not looked at.
    at_ms
        UTC milliseconds.
    half_life_ms
        As in `ModelOptions`.
    pause
        As for `consume`.
    """
    candles = market.candles[market.candles["open_ms"] + MINUTE_MS <= at_ms]
    minutes = prepare_minutes(candles)
    notes = list(minutes.notes)
    table = market.table_at(at_ms)
    price = float(minutes.close_usd[-1]) if len(minutes) else None
    levels: tuple[Level, ...] = ()
    if table is None:
        notes.append(Note(NoteKind.NO_YIELDS))
    elif price is not None:
        rows, is_cut = rows_over(minutes, FIT_WIDTH, _MARGIN)
        if is_cut:
            notes.append(Note(NoteKind.TOO_WIDE))
        decay = clock_decay(minutes, half_life_ms)
        standing = consume(
            minutes, minutes.volume_usd, rows, decay, with_standing=True, pause=pause
        )
        expected = standing.standing_usd * table.usd_per_usd[:, :, None]
        rate = market.brackets.in_force(market.symbol, at_ms).rates[0]
        levels = _levels(expected, rows, float(minutes.log_close[-1]), float(rate))
    if table is not None and table.is_provisional:
        notes.append(Note(NoteKind.PROVISIONAL_USD))
    return StandingLevels(
        symbol=market.symbol,
        at_ms=at_ms,
        price_usd=price,
        levels=levels,
        fit=None if table is None else table.name,
        score=None if table is None else table.score,
        verdict=Verdict.UNKNOWN if table is None else table.verdict,
        is_provisional=table is not None and table.is_provisional,
        minutes=len(minutes),
        notes=tuple(notes),
    )


def leverage_at(side: int, distance_pct: float, rate: float) -> float:
    """Return the leverage of an isolated position that is liquidated at a distance.

    ``1/L = 1 - (1 - d)(1 - m)`` for a long, ``(1 + d)(1 + m) - 1`` for a short.
    """
    distance = distance_pct / 100.0
    if side == LONGS:
        return 1.0 / (1.0 - (1.0 - distance) * (1.0 - rate))
    return 1.0 / ((1.0 + distance) * (1.0 + rate) - 1.0)


def _levels(
    expected: NDArray[np.float64], rows: LogRows, log_price: float, rate: float
) -> tuple[Level, ...]:
    """Group the rows of both sides by tens; only below the price are longs, above it shorts."""
    here = int(rows.rows(np.array([log_price]))[0])
    found: list[Level] = []
    for side in (LONGS, SHORTS):
        mine = expected[side].copy()
        mine[:, slice(here, None) if side == LONGS else slice(None, here + 1)] = 0.0
        # Groups lie on multiples, so that they stay where they are.
        group = (rows.first + np.arange(rows.count)) // LEVEL_ROWS
        first = int(group[0])
        starts = np.flatnonzero(np.diff(group, prepend=first - 1))
        sums = np.add.reduceat(mine, starts, axis=1)
        total = sums.sum(axis=0)
        outward = total[::-1].cumsum()[::-1] if side == LONGS else total.cumsum()
        for k in np.flatnonzero(total > _ALMOST_NOTHING_USD).tolist():
            low = math.exp((first + k) * LEVEL_ROWS * rows.width)
            high = math.exp((first + k + 1) * LEVEL_ROWS * rows.width)
            price = math.exp(log_price)
            near = max(1 - high / price, 0.0) if side == LONGS else max(low / price - 1, 0.0)
            found.append(
                Level(
                    low,
                    high,
                    SIDES[side],
                    float(total[k]),
                    float(outward[k]),
                    near * 100.0,
                    _shares(sums[:, k] / total[k], side, rate),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.low_usd, one.side)))


def _shares(parts: NDArray[np.float64], side: int, rate: float) -> tuple[DistanceShare, ...]:
    chosen = [int(one) for one in np.argsort(-parts, kind="stable") if parts[one] >= _LEAST_SHARE]
    return tuple(
        DistanceShare(
            DISTANCE_EDGES_PCT[one],
            DISTANCE_EDGES_PCT[one + 1],
            leverage_at(side, DISTANCE_EDGES_PCT[one + 1], rate),
            leverage_at(side, DISTANCE_EDGES_PCT[one], rate),
            float(parts[one]),
        )
        for one in chosen
    )
