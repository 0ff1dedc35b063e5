"""The words on the chart: amounts, the colour bar's labels, where the data come from. Pure."""

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import BINANCE_USDM, venue_title

BRIGHTEST = 255
_MINUTE_MS, _LONG_MINUTES, _LONG_HOURS = 60_000, 120, 48
_SOURCE_WORDS = {
    DataKind.LIVE: "{} liquidations",
    DataKind.SIMULATED: "Simulated liquidations",
    DataKind.REPLAY: "Replayed {} liquidations",
}
_SINCE_WORDS = "lower bound, recorded since"


def source_words(kind: DataKind, since_ms: int | None, venue: str = BINANCE_USDM) -> str:
    """Return the line that says where the data come from and since when they are recorded."""
    words = _SOURCE_WORDS[kind].format(venue_title(venue))
    if since_ms is None:
        return f"{words}: none recorded yet"
    since = datetime.fromtimestamp(since_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{words}, {_SINCE_WORDS} {since}"


def source_since(
    kind: DataKind, since_ms: int | None, venue: str = BINANCE_USDM
) -> dict[str, Any] | None:
    """Return the same line for a page that says times as its chart does.

    Returns
    -------
    ``{"words": ..., "ms": ...}`` or None
        The words up to the time, and that time; ``None``: nothing is recorded yet.
    """
    if since_ms is None:
        return None
    words = _SOURCE_WORDS[kind].format(venue_title(venue))
    return {"words": f"{words}, {_SINCE_WORDS}", "ms": since_ms}


def colour_bar_labels(scale: Scale, *, is_split: bool = False) -> list[list[Any]]:
    """Return the amounts along a colour bar, from the function that made the cells' levels.

    With split sides the bar runs from the strongest shorts over nothing to the strongest longs.

    Returns
    -------
    list of ``[place, text]``
        Place 0 to 1 along the bar; the last one stands for everything above as well.
    """
    places = (0.0, 0.5, 1.0)
    amounts = to_usd(np.array(places) * BRIGHTEST, scale).tolist()
    if scale.mode == "log":
        amounts[0] = scale.floor_usd
    labels: list[list[Any]] = [
        [place, usd_text(amount)] for place, amount in zip(places, amounts, strict=True)
    ]
    labels[-1][1] = f"\u2265{bound_text(amounts[-1])} USD"
    if not is_split:
        return labels
    ends = labels[-1][1]
    return [[0.0, f"shorts {ends}"], [0.5, labels[0][1]], [1.0, f"longs {ends}"]]


def usd_text(usd: float) -> str:
    """Return an amount with two significant digits: ``950``, ``1.2k``, ``35k``, ``2.5M``."""
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, "")):
        # Rounded first: 999,600 is 1.0M and not 1000k.
        if float(f"{usd:.2g}") >= unit:
            return f"{float(f'{usd:.2g}') / unit:g}{name}"
    return f"{usd:.2g}"


def bound_text(usd: float) -> str:
    """Return a lower bound with two significant digits, like `usd_text` but never more than it is.

    Parameters
    ----------
    usd
        Not negative.
    """
    if usd <= 0.0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(usd)) - 1)
    # What is a step but for the rounding of binary fractions is that step.
    return usd_text(math.floor(usd / step * (1 + 1e-12)) * step)


def age_text(age_ms: int) -> str:
    """Return an age in whole minutes, from two hours on in hours: ``12 min``, ``3 h``."""
    minutes = age_ms // _MINUTE_MS
    return f"{minutes} min" if minutes < _LONG_MINUTES else f"{minutes / 60:.0f} h"


def span_text(span_ms: float) -> str:
    """Return a length of time: ``12 min``, from two hours on ``6 h``, from two days on ``3 d``."""
    minutes = span_ms / _MINUTE_MS
    if minutes < _LONG_MINUTES:
        return f"{minutes:.3g} min"
    hours = minutes / 60
    return f"{hours:.3g} h" if hours < _LONG_HOURS else f"{hours / 24:.3g} d"


def cluster_words(cluster: LiquidationCluster, lookback_ms: int) -> str:
    """Return what a cluster line's label says after its price: whose, how much, how many, when."""
    amount, count = bound_text(cluster.total_notional), cluster.liquidation_count
    noun = "liquidation" if count == 1 else "liquidations"
    return f"{cluster.side}s \u2265 {amount} USD, {count} {noun}, last {span_text(lookback_ms)}"
