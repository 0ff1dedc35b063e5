"""Liquidation prices of single positions, and the brackets that they come of. Pure."""

import math
from typing import Any

import numpy as np

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.liquidation_price import (
    bankruptcy_price,
    isolated_wallet_usd,
    liquidation_price,
)
from Heatmap.runtime.plain import as_plain

_SIDES = {"long": LONGS, "short": SHORTS}


def highest_leverage(table: BracketTable, notional_usd: float) -> float:
    """Return the highest leverage that a position of a size may have."""
    return float(table.max_leverages[table.index(np.array([notional_usd]))][0])


def margin_answer(
    symbol: str, side: str, entry: float, leverage: float, quantity: float, table: BracketTable
) -> dict[str, Any]:
    """Return where an isolated position is liquidated; ``None`` where no price does it."""
    number = _SIDES[side]
    wallet = isolated_wallet_usd(entry, quantity, leverage)
    price = float(liquidation_price(number, entry, quantity, wallet, table))
    notional = entry * quantity
    return {
        "symbol": symbol,
        "side": side,
        "entry": entry,
        "leverage": leverage,
        "quantity": quantity,
        "notional": notional,
        "margin": float(wallet),
        "liquidation_price": price if math.isfinite(price) else None,
        "bankruptcy_price": float(bankruptcy_price(number, entry, leverage)),
        "distance_pct": abs(price / entry - 1) * 100 if math.isfinite(price) else None,
        "maintenance_margin": float(table.maintenance_usd(np.array([notional]))[0]),
        "highest_leverage": highest_leverage(table, notional),
        "brackets_from": table.source,
        "is_flat": table.is_flat,
    }


def brackets_answer(symbol: str, at_ms: int, table: BracketTable) -> dict[str, Any]:
    """Return the maintenance margins valid at a time; an open cap is ``None``."""
    return {
        "symbol": symbol,
        "at": at_ms,
        "valid_from": table.valid_from_ms,
        "source": table.source,
        "is_flat": table.is_flat,
        "brackets": [
            {
                "cap": as_plain(one.cap_usd),
                "rate": one.rate,
                "amount": amount,
                "highest_leverage": one.max_leverage,
            }
            for one, amount in zip(table.brackets, table.amounts_usd.tolist(), strict=True)
        ],
    }
