"""numpy dtypes that travel between the packages."""

import numpy as np

#: One liquidation, as the grid needs it. ``ts_ms``: UTC milliseconds; ``price`` and ``notional``:
#: USD; ``is_long``: a long was liquidated (the order's side was SELL).
EVENT_DTYPE = np.dtype(
    [("ts_ms", np.int64), ("price", np.float64), ("notional", np.float64), ("is_long", np.bool_)]
)
