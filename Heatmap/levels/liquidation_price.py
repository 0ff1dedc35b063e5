"""The price at which a position is liquidated.

With wallet balance ``W``, quantity ``q``, entry price ``E``, side ``s`` (+1 long, -1 short) and the
bracket's rate ``m`` and amount ``c``: ``LP = (W + c - s q E) / (q (m - s))``. Isolated:
``W = q E / L``. The bracket is that of the notional at LP: the formula is continuous in it, so the
first bracket whose cap is not below ``q LP`` is the right one. Source: Binance's formula of the
liquidation price of USD-M futures; the exchange compares the *mark price* with it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.brackets import BracketTable

_SIGNS = {LONGS: 1.0, SHORTS: -1.0}


def isolated_wallet_usd(
    entry_price: ArrayLike, quantity: ArrayLike, leverage: ArrayLike
) -> NDArray[np.float64]:
    """Return the margin of an isolated position, ``q E / L``, USD."""
    entry, held, times = (np.asarray(one, float) for one in (entry_price, quantity, leverage))
    return np.asarray(held * entry / times)


def bankruptcy_price(side: int, entry_price: ArrayLike, leverage: ArrayLike) -> NDArray[np.float64]:
    """Return the price at which an isolated position's margin is gone, ``E (1 -+ 1/L)``, USD.

    A liquidation order of Binance is sent with it as its limit price.
    """
    entry, times = np.asarray(entry_price, float), np.asarray(leverage, float)
    return np.asarray(entry * (1 - _SIGNS[side] / times))


def liquidation_price(
    side: int,
    entry_price: ArrayLike,
    quantity: ArrayLike,
    wallet_usd: ArrayLike,
    table: BracketTable,
) -> NDArray[np.float64]:
    """Return the mark price at which positions are liquidated.

    Parameters
    ----------
    side
        ``LONGS`` or ``SHORTS``.
    entry_price, quantity, wallet_usd
        USD, contracts in the base currency, USD; broadcast against each other.
    table
        The brackets.

    Returns
    -------
    float64, USD, of the broadcast shape
        NaN where no price above 0 liquidates (a long with more margin than notional), or an input
        is not finite or not above 0.
    """
    sign = _SIGNS[side]
    entry, held, wallet = np.broadcast_arrays(
        *(np.asarray(one, np.float64) for one in (entry_price, quantity, wallet_usd))
    )
    is_known = np.isfinite(entry) & np.isfinite(held) & np.isfinite(wallet)
    is_known &= (entry > 0) & (held > 0) & (wallet >= 0)
    entry, held = np.where(is_known, entry, 1.0), np.where(is_known, held, 1.0)
    margin = np.where(is_known, wallet, 0.0) - sign * held * entry
    # One row per bracket.
    by_bracket = (margin + _column(table.amounts_usd, margin)) / (
        held * (_column(table.rates, margin) - sign)
    )
    fits = held * by_bracket <= _column(table.caps_usd, margin)
    fits[-1] = True
    first = np.argmax(fits, axis=0)
    price = np.take_along_axis(by_bracket, first[None], axis=0)[0]
    return np.asarray(np.where(is_known & (price > 0), price, np.nan))


def liquidation_distance(
    side: int, notional_usd: ArrayLike, leverage: ArrayLike, table: BracketTable
) -> NDArray[np.float64]:
    """Return how far from its entry an isolated position is liquidated, as a part of the entry.

    Parameters
    ----------
    side
        ``LONGS`` or ``SHORTS``.
    notional_usd, leverage
        Notional at the entry; broadcast against each other.
    table
        The brackets.

    Returns
    -------
    float64, of the broadcast shape
        Above 0. NaN where such a position cannot be opened: its leverage is above what its size
        may have, or its margin is below its maintenance margin from the start.
    """
    notional, times = np.broadcast_arrays(
        np.asarray(notional_usd, np.float64), np.asarray(leverage, np.float64)
    )
    # The entry at 1 USD: the quantity is the notional then.
    wallet = isolated_wallet_usd(1.0, notional, times)
    distance = _SIGNS[side] * (1.0 - liquidation_price(side, 1.0, notional, wallet, table))
    may_open = times <= table.max_leverages[table.index(notional)]
    return np.asarray(np.where(may_open & (distance > 0), distance, np.nan))


def _column(values: NDArray[np.float64], like: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(-1, *(1,) * like.ndim)
