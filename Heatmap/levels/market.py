"""What is known of a market, and what it means minute by minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import OPEN_INTEREST_DTYPE
from Heatmap.levels.brackets import BracketBook
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.notes import Note
from Heatmap.levels.shipped import (
    shipped_brackets,
    shipped_ensemble,
    shipped_scores,
    shipped_yields,
)
from Heatmap.levels.taker_selection import TakerTrades
from Heatmap.levels.yields import Score, Volume, YieldTable, in_force

# A funding rate beyond this is a wrong number; Binance caps far below.
_MAX_FUNDING = 0.1


@dataclass(frozen=True)
class Market:
    """What is known of a market.

    Attributes
    ----------
    symbol
        As the exchange writes it.
    candles : (n,) CANDLE_DTYPE
        Closed minutes.
    volume
        Which market's volume the candles have.
    funding : (k,) FUNDING_DTYPE
        ``None``: unknown.
    open_interest : (k,) OPEN_INTEREST_DTYPE
        ``None``: unknown.
    fits
        Own tables of yields, of any time.
    ensembles
        Ensembles that were learned, of any time.
    shipped
        The table that is always known; ``None``: there is none for this market.
    shipped_ensemble
        The one that is always known; ``None``: there is none for this market.
    brackets
        Tables of maintenance margins.
    scores
        Model to what is known of its skill; the calibrated model's is in its table.
    trades
        Single trades, for `py_liquidation_map`; ``None``: unknown.
    notes
        What there is to say of where the candles come from.
    """

    symbol: str
    candles: NDArray[np.void]
    volume: Volume = Volume.FUTURES
    funding: NDArray[np.void] | None = None
    open_interest: NDArray[np.void] | None = None
    fits: Sequence[YieldTable] = ()
    ensembles: Sequence[EnsembleTable] = ()
    shipped: YieldTable | None = field(default_factory=shipped_yields)
    shipped_ensemble: EnsembleTable | None = field(default_factory=shipped_ensemble)
    brackets: BracketBook = field(default_factory=shipped_brackets)
    scores: Mapping[str, Score] = field(default_factory=shipped_scores)
    trades: TakerTrades | None = None
    notes: tuple[Note, ...] = ()

    def table_at(self, at_ms: int) -> YieldTable | None:
        """Return the yields valid at a time, for this market's volume.

        Provisional where they were fitted on another market or symbol.
        """
        table = in_force(self.fits, self.shipped, at_ms)
        if table is None:
            return None
        table = table.for_volume(self.volume)
        is_other = table.symbol != self.symbol
        return replace(table, is_provisional=True) if is_other else table

    def ensemble_at(self, at_ms: int) -> EnsembleTable | None:
        """Return the ensemble valid at a time, for this market's volume; as `table_at`."""
        table = in_force(self.ensembles, self.shipped_ensemble, at_ms)
        if table is None:
            return None
        table = table.for_volume(self.volume)
        is_other = table.symbol != self.symbol
        return replace(table, is_provisional=True) if is_other else table


def clock_decay(minutes: Minutes, half_life_ms: float | None) -> NDArray[np.float64]:
    """Return by how much the exponent of the decay grows before each minute, (n,)."""
    if half_life_ms is None or not len(minutes):
        return np.zeros(len(minutes))
    steps = np.diff(minutes.open_ms, prepend=minutes.open_ms[:1])
    return np.asarray(steps * (np.log(2) / half_life_ms))


def funding_shift(minutes: Minutes, funding: NDArray[np.void]) -> NDArray[np.float64]:
    """Return by how much all levels move before each minute, in log price, (n,).

    A long that pays the rate f at the mark price M loses f M of its margin, so its level rises by
    about f M; a short receives it, and its level rises as well.
    """
    shift = np.zeros(len(minutes))
    with np.errstate(invalid="ignore"):
        funding = funding[np.abs(funding["rate"]) < _MAX_FUNDING]
    at = np.searchsorted(minutes.open_ms, funding["paid_ms"], side="left")
    is_inside = (at < len(minutes)) & (at > 0)
    np.add.at(shift, at[is_inside], np.log1p(funding["rate"][is_inside]))
    return shift


def open_interest_entries(
    minutes: Minutes, open_interest: NDArray[np.void] | None
) -> NDArray[np.float64]:
    """Return increases of open interest as entries of the minute in which they became known."""
    entries = np.zeros(len(minutes))
    known = good_open_interest(open_interest)
    if len(known) < 2 or not len(minutes):  # noqa: PLR2004 - a difference needs two
        return entries
    rise = np.maximum(np.diff(known["usd"]), 0.0)
    at = np.searchsorted(minutes.closes_ms, known["known_ms"][1:], side="left")
    is_inside = at < len(minutes)
    np.add.at(entries, at[is_inside], rise[is_inside])
    return entries


def good_open_interest(open_interest: NDArray[np.void] | None) -> NDArray[np.void]:
    """Return what is above 0, in order of time; nothing where nothing is known."""
    if open_interest is None:
        return np.zeros(0, OPEN_INTEREST_DTYPE)
    is_good = np.isfinite(open_interest["usd"]) & (open_interest["usd"] > 0)
    return np.sort(open_interest[is_good], order="known_ms")
