"""The venues that can be recorded: one row each."""

from types import MappingProxyType

from Heatmap.domain.instruments import written_venue
from Heatmap.ingestion.venue import Venue
from Heatmap.ingestion.venues.binance.usd_margined import BinanceUsdMargined

BINANCE: Venue = BinanceUsdMargined()

VENUES: MappingProxyType[str, Venue] = MappingProxyType(
    {venue.id: venue for venue in (BINANCE,)},
)
"""By stored name."""

NAMED_VENUES = frozenset(VENUES) | {
    *("BYBIT", "OKX", "GATE", "BITGET", "HTX", "BITMEX", "DERIBIT", "KRAKEN", "DYDX", "BITFINEX"),
    *("KUCOIN", "MEXC", "BINGX", "HYPERLIQUID", "BINANCE_COINM"),
}
"""Whoever asks for one of these by name is given nothing of another's, recorded or not."""


def venue_names() -> tuple[str, ...]:
    """Return the written names of those that can be recorded, the usual one first."""
    return tuple(map(written_venue, VENUES))


def venue_named(name: str) -> Venue:
    """Return a venue by its written name, such as ``binance``.

    Raises
    ------
    ValueError
        None of that name can be recorded; one line names those that can.
    """
    for stored, venue in VENUES.items():
        if written_venue(stored) == name:
            return venue
    raise ValueError(f"expected a venue of {', '.join(venue_names())}, got {name!r}")
