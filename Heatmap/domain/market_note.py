"""Of which market the data of a store are, as far as somebody noted it. Pure."""

from dataclasses import dataclass

FUTURES, SPOT = "futures", "spot"
"""Which market's volume candles may have."""


@dataclass(frozen=True, slots=True)
class MarketNote:
    """What is noted of a market that is simulated or replayed; nobody notes the real one.

    Attributes
    ----------
    name
        Which simulated market; empty: none, or it was not noted.
    candles
        ``futures`` or ``spot``: whose volume the candles have. Dollars of predicted levels depend
        on it.
    """

    name: str = ""
    candles: str = FUTURES
