"""numpy dtypes of what the levels are computed from. NaN stands for what is unknown."""

import numpy as np

#: One closed minute. ``open_ms``: UTC milliseconds; prices USD; ``quote_volume`` and
#: ``taker_buy_quote``: USD traded, and the part of it that buyers took.
CANDLE_DTYPE = np.dtype(
    [
        ("open_ms", np.int64),
        ("open", np.float64),
        ("high", np.float64),
        ("low", np.float64),
        ("close", np.float64),
        ("quote_volume", np.float64),
        ("taker_buy_quote", np.float64),
    ]
)

#: Open interest as it became known. ``known_ms``: UTC milliseconds (label and publication delay);
#: ``usd``: USD.
OPEN_INTEREST_DTYPE = np.dtype([("known_ms", np.int64), ("usd", np.float64)])

#: A funding that was paid. ``paid_ms``: UTC milliseconds; ``rate``: 0.0001 is 0.01 %, longs pay.
FUNDING_DTYPE = np.dtype([("paid_ms", np.int64), ("rate", np.float64)])

#: One liquidation, as the fits need it; arrays with more fields serve too. ``ts_ms``: UTC
#: milliseconds; ``notional``: USD; ``is_long``: a long was liquidated.
MESSAGE_DTYPE = np.dtype([("ts_ms", np.int64), ("notional", np.float64), ("is_long", np.bool_)])

#: A trade of a taker. ``ts_ms``: UTC milliseconds; ``price`` USD; ``usd``: price times quantity;
#: ``is_buy``: the taker bought, so that the maker sold.
TRADE_DTYPE = np.dtype(
    [("ts_ms", np.int64), ("price", np.float64), ("usd", np.float64), ("is_buy", np.bool_)]
)

#: How many trades takers made in a minute. ``open_ms``: UTC milliseconds.
TRADE_COUNT_DTYPE = np.dtype([("open_ms", np.int64), ("buys", np.int64), ("sells", np.int64)])

#: Covered time. Half-open; UTC milliseconds.
INTERVAL_DTYPE = np.dtype([("from_ms", np.int64), ("until_ms", np.int64)])

MINUTE_MS = 60_000
LONGS, SHORTS = 0, 1
"""Index of a side wherever an array has one row or column per side."""
SIDES = ("longs", "shorts")
