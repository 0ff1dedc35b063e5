"""A market of which everything is known: candles, and positions that they liquidate.

Nothing here uses the code under test but for its types: each position is followed on its own.
"""

from dataclasses import dataclass

import numpy as np

from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS

START_MS = 1_733_184_000_000
PLACES = (1 / 6, 1 / 2, 5 / 6)


def market(
    n: int, seed: int = 1, volatility: float = 5e-4, volume_scatter: float = 1.0
) -> np.ndarray:
    """Return candles of a price that wanders; busy and quiet hours follow each other."""
    random = np.random.default_rng(seed)
    close = np.log(95_000) + np.cumsum(volatility * random.standard_t(5, n) * 0.77)
    opened = np.concatenate([[np.log(95_000)], close[:-1]])
    hours = random.normal(0, volume_scatter, n // 60 + 1).repeat(60)[:n]
    candles = np.zeros(n, CANDLE_DTYPE)
    candles["open_ms"] = START_MS + np.arange(n) * MINUTE_MS
    candles["open"], candles["close"] = np.exp(opened), np.exp(close)
    wick = np.abs(random.normal(0, volatility / 2, (2, n)))
    candles["high"] = np.exp(np.maximum(opened, close) + wick[0])
    candles["low"] = np.exp(np.minimum(opened, close) - wick[1])
    candles["quote_volume"] = 2e7 * np.exp(hours + random.normal(0, volume_scatter / 2, n))
    candles["taker_buy_quote"] = candles["quote_volume"] * random.uniform(0.3, 0.7, n)
    return candles


def covered(candles: np.ndarray) -> np.ndarray:
    """Return coverage of all candles."""
    first, last = candles["open_ms"][[0, -1]]
    return np.array([(first, last + MINUTE_MS)], INTERVAL_DTYPE)


@dataclass(frozen=True)
class Positions:
    """Positions with what became of them; all (m,)."""

    minute: np.ndarray  # of the entry
    side: np.ndarray  # 0 long, 1 short
    kind: np.ndarray  # number of the bin or tier
    weight: np.ndarray
    level: np.ndarray  # log price of the liquidation
    ended: np.ndarray  # minute in which it was liquidated; -1: not


def follow(
    candles: np.ndarray,
    minute: np.ndarray,
    side: np.ndarray,
    kind: np.ndarray,
    distance: np.ndarray,
    place: np.ndarray,
    weight: np.ndarray,
) -> Positions:
    """Open positions and follow each until the price reaches its level, later than its minute.

    Parameters
    ----------
    distance
        Parts of the entry price.
    place
        Where in its minute's range each is opened, 0 to 1.
    """
    low, high = candles["low"], candles["high"]
    entry = np.log(low[minute] + (high[minute] - low[minute]) * place)
    level = entry + np.where(side == 0, np.log1p(-distance), np.log1p(distance))
    # A level between two candles was passed.
    before = np.concatenate([candles["open"][:1], candles["close"][:-1]])
    reached_low, reached_high = np.log(np.minimum(low, before)), np.log(np.maximum(high, before))
    ended = np.full(len(minute), -1)
    order = np.lexsort((side, minute))
    group = 2 * minute[order] + side[order]
    for mine in np.split(order, np.flatnonzero(np.diff(group)) + 1):
        opened, sign = int(minute[mine[0]]), -1.0 if side[mine[0]] == 0 else 1.0
        path = -reached_low if sign < 0 else reached_high
        extreme = np.maximum.accumulate(path[opened + 1 :])
        found = np.searchsorted(extreme, sign * level[mine], side="left")
        is_reached = found < len(extreme)
        ended[mine[is_reached]] = opened + 1 + found[is_reached]
    return Positions(minute, side, kind, weight, level, ended)


def messages_of(candles: np.ndarray, positions: Positions, seed: int = 5) -> np.ndarray:
    """Return one message for each liquidated position, some time in its last minute."""
    random = np.random.default_rng(seed)
    is_over = positions.ended >= 0
    messages = np.zeros(int(is_over.sum()), MESSAGE_DTYPE)
    within = random.integers(0, MINUTE_MS, len(messages))
    messages["ts_ms"] = candles["open_ms"][positions.ended[is_over]] + within
    messages["notional"] = random.lognormal(8, 1.2, len(messages))
    messages["is_long"] = positions.side[is_over] == 0
    return messages


def draw(
    candles: np.ndarray,
    edges: np.ndarray,
    per_usd: np.ndarray,
    volume: np.ndarray,
    seed: int = 3,
) -> Positions:
    """Draw positions bin by bin: a Poisson number per USD of volume, at random within the bin.

    Parameters
    ----------
    edges : (2, n_bins + 1) float64
        Of distances in log price, longs and shorts.
    per_usd : (2, n_bins) float64
        Positions per USD.
    volume : (n,) float64
        USD of entries of each minute.
    """
    random = np.random.default_rng(seed)
    parts = []
    for side in range(2):
        for kind in range(per_usd.shape[1]):
            number = random.poisson(volume * per_usd[side, kind])
            minute = np.repeat(np.arange(len(volume)), number)
            logs = random.uniform(edges[side, kind], edges[side, kind + 1], len(minute))
            distance = -np.expm1(-logs) if side == 0 else np.expm1(logs)
            parts.append((minute, np.full(len(minute), side), np.full(len(minute), kind), distance))
    minute, side, kind, distance = (np.concatenate(one) for one in zip(*parts, strict=True))
    place = random.choice(PLACES, len(minute))
    return follow(candles, minute, side, kind, distance, place, np.ones(len(minute)))


def every_position(candles: np.ndarray, edges: np.ndarray, per_bin: int) -> Positions:
    """Open positions at each place of each minute, at even distances within each bin."""
    n = len(candles)
    minute, side, kind, nth, place = (
        one.ravel()
        for one in np.meshgrid(
            np.arange(n),
            [0, 1],
            np.arange(edges.shape[1] - 1),
            np.arange(per_bin),
            PLACES,
            indexing="ij",
        )
    )
    low, high = edges[side, kind], edges[side, kind + 1]
    logs = low + (high - low) * (nth + 0.5) / per_bin
    distance = np.where(side == 0, -np.expm1(-logs), np.expm1(logs))
    weight = candles["quote_volume"][minute] / (per_bin * len(PLACES))
    return follow(candles, minute, side, kind, distance, place, weight)
