"""The venues that can be recorded: one row each."""

from types import MappingProxyType

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
