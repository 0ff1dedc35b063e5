"""The words on the chart: of the colour bar, cluster lines, bubbles and an offer. Pure."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.sources.amount_texts import bound_text, scale_end_text, span_text, usd_text

BRIGHTEST = 255
BUBBLE_WORDS = {
    "legend": "Recorded:",
    "since": "Recorded since {time}:",
    "nothing": "Nothing recorded yet",
    "missing": "not recorded",
    "longs": "longs",
    "shorts": "shorts",
    "longsLiquidated": "Longs liquidated",
    "shortsLiquidated": "Shorts liquidated",
    "amount": "\u2265 {usd} USD in {count}",
    "time": "Time",
}
"""What the page says of bubbles; it fills in how much, how many and since when."""
CANDLE_BAR_WORDS = {"title": "Liquidated per candle: shorts up, longs down"}
"""What the page says of the bars per candle."""
LEVEL_WORDS = {
    "sum": "\u2248 at a level: USD expected of the whole level",
    "longs": "longs",
    "shorts": "shorts",
}
"""What the page says of the labels at the right edge: what their amounts are, and their colours."""


def colour_bar_labels(
    scale: Scale, *, is_split: bool = False, unit: str = "USD"
) -> list[list[Any]]:
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
    labels[-1][1] = scale_end_text(amounts[-1], unit)
    if not is_split:
        return labels
    ends = labels[-1][1]
    return [[0.0, f"shorts {ends}"], [0.5, labels[0][1]], [1.0, f"longs {ends}"]]


def not_recorded_words(symbol: str) -> str:
    """Say that a symbol is not recorded; a click on the line shows the other heat."""
    return f"{symbol} is not recorded. Show predicted levels instead"


def moment_text(ms: int) -> str:
    """Return a day and a time in UTC, for a page whose chart does not say times its own way."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def level_text(usd: float) -> str:
    """Return the amount of a level: two digits, it is right within a factor of two or three."""
    return f"\u2248 {usd_text(usd)}"


def cluster_words(cluster: LiquidationCluster, lookback_ms: int) -> str:
    """Return what a cluster line's label says after its price: whose, how much, how many, when."""
    amount, count = bound_text(cluster.total_notional), cluster.liquidation_count
    noun = "liquidation" if count == 1 else "liquidations"
    return f"{cluster.side}s \u2265 {amount} USD, {count} {noun}, last {span_text(lookback_ms)}"
