"""The words on the chart: of the colour bar, cluster lines, bubbles and an offer. Pure."""

from typing import Any

import numpy as np

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.domain.phrases import Moment, Phrase, say, significant
from Heatmap.sources.amount_texts import (
    EXPECTED_DIGITS,
    count_text,
    scale_end_text,
    span_text,
    usd_text,
)

BRIGHTEST = 255
BUBBLE_WORDS = {
    "legend": say("Recorded:"),
    "happened": say("Hit:"),
    "since": say("Recorded since {time}:"),
    "nothing": say("Nothing recorded yet"),
    "missing": say("not recorded"),
    "longs": say("longs"),
    "shorts": say("shorts"),
    "longsLiquidated": say("Longs liquidated"),
    "shortsLiquidated": say("Shorts liquidated"),
    "amount": say("\u2265 {usd} USD in {count}"),
    "time": say("Time"),
}
"""What the page says of bubbles; it fills in how much, how many and since when."""
CANDLE_BAR_WORDS = {
    "title": say("Liquidated per candle: shorts up, longs down"),
    "longs": say("Longs of the candle"),
    "shorts": say("Shorts of the candle"),
    "amount": say("\u2265 {usd} USD"),
    "missing": say("not recorded"),
}
"""What the page says of the bars per candle, and of one candle in the crosshair's box."""
LEVEL_WORDS = {
    "sum": say("\u2248 at a level: USD expected of the whole level"),
    "longs": say("longs"),
    "shorts": say("shorts"),
}
"""What the page says of the labels at the right edge: what their amounts are, and their colours."""
_LEVEL_TAG_WORDS = {
    "longs": say("Longs"),
    "shorts": say("Shorts"),
    "count": say("Liquidations"),
    "recorded": say("Recorded"),
    "amount": say("\u2265 {usd} USD"),
}
PAGE_WORDS = {
    "now": say("as of now"),
    "hours": say("{number} h window"),
    "days": say("{number} d window"),
}
"""What the page says by itself: the time right of now, and where the window begins."""


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
    return [
        [0.0, say("shorts {amount}", amount=ends)],
        [0.5, labels[0][1]],
        [1.0, say("longs {amount}", amount=ends)],
    ]


def scale_end_words(scale: Scale) -> Phrase:
    """Return the amount at the end of a colour bar beside words that say its unit."""
    end = to_usd(np.array([float(BRIGHTEST)]), scale).tolist()[0]
    return say("\u2265 {amount}", amount=usd_text(end))


def not_recorded_words(symbol: str) -> Phrase:
    """Say that a symbol is not recorded; a click on the line shows the other heat."""
    return say("{symbol} is not recorded. Show predicted levels instead", symbol=symbol)


def moment_text(ms: int) -> Moment:
    """Return a day and a time in UTC, for a page whose chart does not say times its own way."""
    return Moment(ms)


def level_text(usd: float) -> Phrase:
    """Return the amount of a level: two digits, it is right within a factor of two or three."""
    return say("\u2248 {amount}", amount=usd_text(usd, EXPECTED_DIGITS))


def level_tag_words(span_ms: int | None, part: float) -> dict[str, Phrase]:
    """Return what the page says of the tags of the strongest levels.

    Parameters
    ----------
    span_ms
        Of which time they are, milliseconds; ``None``: of what is in sight.
    part
        How wide a level is, as a part of its price.
    """
    heading = say("Largest in sight")
    if span_ms is not None:
        heading = say("Largest in {span}", span=span_text(span_ms))
    wide = say("{number} % wide", number=significant(part * 100, 3))
    return {"heading": heading, "wide": wide, **_LEVEL_TAG_WORDS}


def profile_words(long_usd: float, short_usd: float) -> tuple[Phrase, Phrase]:
    """Return what the price profile's bars of longs and of shorts stand for together."""
    longs, shorts = usd_text(long_usd), usd_text(short_usd)
    return (
        say("longs \u2265 {amount} USD", amount=longs),
        say("shorts \u2265 {amount} USD", amount=shorts),
    )


def cluster_words(cluster: LiquidationCluster, lookback_ms: int) -> Phrase:
    """Return what a cluster line's label says after its price: whose, how much, how many, when."""
    values = {
        "amount": usd_text(cluster.total_notional),
        "number": count_text(cluster.liquidation_count),
        "span": span_text(lookback_ms),
    }
    if cluster.side == "long":
        return say("longs \u2265 {amount} USD, {number}, last {span}", **values)
    return say("shorts \u2265 {amount} USD, {number}, last {span}", **values)
