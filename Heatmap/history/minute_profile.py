"""The price bins of a minute profile: what was traded in each minute at each price. Pure.

A day's bin is the largest power of ten that is at most a 2,000th of the day's first price: 10 USD
from 20,000 to 200,000 USD, 1 USD from 2,000. So a bin is 0.005 % to 0.05 % of the price. A bin is
named by its lower edge; a price on an edge belongs to the upper bin.
"""

import math
from decimal import Decimal

_BINS_AT_LEAST = 2_000
# Of a bin: brings a price that binary fractions put just below its edge to that edge.
_EDGE_SHARE = 1e-9


def profile_bin_usd(price: float) -> float:
    """Return the height of a day's price bins, USD.

    Parameters
    ----------
    price
        The day's first price, USD, above 0.
    """
    exponent = math.floor(math.log10(price / _BINS_AT_LEAST) + 1e-12)
    return float(Decimal(1).scaleb(exponent))


def profile_query(table: str, bin_usd: float) -> str:
    """Return the query that makes a minute profile of a table of trades.

    Its columns are ``ts_ms`` (the minute's begin), ``price_bin`` (lower edge, USD), ``notional``
    and ``taker_buy`` (USD; the second is the buyers' part who took), ``trades`` (rows).
    """
    return (
        "SELECT ts_ms // 60000 * 60000 AS ts_ms, "
        f"(floor(price / {bin_usd!r} + {_EDGE_SHARE!r}) * {bin_usd!r})::FLOAT AS price_bin, "
        "sum(price * qty) AS notional, "
        "sum(CASE WHEN buyer_is_maker THEN 0 ELSE price * qty END) AS taker_buy, "
        f"count(*) AS trades FROM {table} GROUP BY 1, 2 ORDER BY 1, 2"
    )
