"""Days of the simulated market as a fit sees them, and the truth that it has to find."""

from dataclasses import dataclass

import numpy as np

from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS
from Heatmap.levels.consumption import consume
from Heatmap.levels.counts import Counts, count_messages
from Heatmap.levels.ladders import N_BINS, log_edges
from Heatmap.levels.minutes import ENTRY_PLACES, Minutes, prepare_minutes
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.standalone.exchange.market import DAY_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.simulated_positions import (
    HOLDING_DAYS,
    Entries,
    PositionMix,
    Positions,
)

LAST_DAY = 20_777
# Bins of the tiers, counted with what is nearer than all bins: up to 0.3 % (150x, and most that is
# averaged), 0.5 % (125x), 0.85 % (100x), and beyond (20x and 10x).
_TIERS = (0, 4, 6, 8)
_NOTIONAL_OF_LOT = 0.001


def sums_by_tier(by_bin: np.ndarray) -> np.ndarray:
    """Add up values of bins to those of leverage tiers, the nearest first, (2, 4) float64."""
    return np.add.reduceat(by_bin, _TIERS, axis=1)


@dataclass(frozen=True)
class SimulatedDays:
    """Some days with all candles that their positions were opened in.

    Attributes
    ----------
    market
        The simulated market.
    days
        Covered days.
    candles : (n,) CANDLE_DTYPE
        Of these days and the two weeks before them.
    minutes, rows
        The same, made ready; rows of a basis point.
    """

    market: SimulatedMarket
    days: range
    candles: np.ndarray
    minutes: Minutes
    rows: LogRows

    @classmethod
    def of(cls, seed: int, count: int, entries: Entries = Entries.BY_VOLUME) -> "SimulatedDays":
        """Generate `count` days of a market."""
        market = SimulatedMarket(seed, mix=PositionMix(entries=entries))
        days = range(LAST_DAY - count + 1, LAST_DAY + 1)
        first_ms, end_ms = (days[0] - HOLDING_DAYS) * DAY_MS, (LAST_DAY + 1) * DAY_MS
        candles = np.array(
            [
                (
                    one.open_ms,
                    one.open,
                    one.high,
                    one.low,
                    one.close,
                    one.quote_volume,
                    one.taker_buy_quote,
                )
                for one in market.candles(MINUTE_MS, first_ms, end_ms)
            ],
            CANDLE_DTYPE,
        )
        minutes = prepare_minutes(candles)
        return cls(market, days, candles, minutes, rows_over(minutes, FIT_WIDTH)[0])

    def reached_usd(self, *, even: bool = False) -> np.ndarray:
        """Return what each minute reached, (n, 2, N_BINS), of its volume or of even entries."""
        usd = self.minutes.volume_usd
        entries = np.full(len(usd), usd.mean()) if even else usd
        return consume(self.minutes, entries, self.rows).reached_usd

    def counts(self, *, reported: bool = True) -> Counts:
        """Return the liquidations of the covered days; all of them, where not `reported`."""
        end_ms = (self.days[-1] + 1) * DAY_MS
        coverage = np.array([(self.days[0] * DAY_MS, end_ms)], INTERVAL_DTYPE)
        messages = self._reported() if reported else self._all()
        return count_messages(self.minutes, messages, coverage)

    def true_messages_per_busd(self) -> np.ndarray:
        """Return positions opened per 1e9 USD traded, by their distance as a map sees it.

        Returns
        -------
        (2, N_BINS + 1) float64
            Longs and shorts; the first column has what stands nearer than the nearest bin, which a
            map cannot tell from it.
        """
        number = np.zeros((2, N_BINS + 1))
        for day in range(self.days[0] - HOLDING_DAYS, self.days[-1] + 1):
            positions = self.market.positions(day)
            candles = self.candles[(day - self.days[0] + HOLDING_DAYS) * 1440 :][:1440]
            for side in range(2):
                mine = positions.at(positions.is_long == (side == 0))
                opened = candles[mine.minute]
                level = np.log(mine.level / 10)
                for place in ENTRY_PLACES:
                    entry = np.log(opened["low"] + (opened["high"] - opened["low"]) * place)
                    distance = entry - level if side == 0 else level - entry
                    edges = np.concatenate([[-1.0], log_edges(side)])
                    number[side] += np.histogram(distance, edges)[0] / len(ENTRY_PLACES)
        return number / (self.candles["quote_volume"].sum() / 1e9)

    def _all(self) -> np.ndarray:
        parts = []
        for day in self.days:
            ended = self.market.ended(day)
            at_ms = day * DAY_MS + ended.minute * MINUTE_MS
            parts.append(_messages(at_ms, ended.liquidated))
        return np.concatenate(parts)

    def _reported(self) -> np.ndarray:
        orders = self.market.force_orders(self.days[0] * DAY_MS, (self.days[-1] + 1) * DAY_MS)
        return np.array(
            [
                (
                    one["o"]["T"],
                    float(one["o"]["ap"]) * float(one["o"]["z"]),
                    one["o"]["S"] == "SELL",
                )
                for one in orders
            ],
            MESSAGE_DTYPE,
        )


def _messages(at_ms: np.ndarray, positions: Positions) -> np.ndarray:
    messages = np.zeros(len(at_ms), MESSAGE_DTYPE)
    messages["ts_ms"] = at_ms
    messages["notional"] = positions.lots * _NOTIONAL_OF_LOT * positions.level / 10
    messages["is_long"] = positions.is_long
    return messages
