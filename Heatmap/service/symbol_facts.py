"""What a service knows of symbols: which are recorded, which exist, and their tick sizes."""

from collections.abc import Callable
from decimal import Decimal

from Heatmap.domain.instruments import BINANCE_USDM, instrument_of, parse_symbol
from Heatmap.heatmap_settings import ALL_SYMBOLS, HeatmapSettings
from Heatmap.ingestion.recorder.recorder_glance import RecorderGlance

FALLBACK_TICK_SIZE = Decimal("0.1")
"""Tick size of BTCUSDT as of 2026; serves until the exchange or the database tells one."""

# What the exchange's contracts are quoted in; those that it has told are known anyway.
_QUOTES = ("USDT", "USDC")


class SymbolFacts:
    """Tells what the exchange has told, or else the database, or else what is assumed.

    Parameters
    ----------
    glance
        Gives what the exchange has told of a symbol.
    want_candles
        Has a symbol's candles kept up.
    settings
        Gives the current settings.
    """

    def __init__(
        self,
        glance: Callable[[str], RecorderGlance | None],
        want_candles: Callable[[str], object],
        settings: Callable[[], HeatmapSettings],
    ) -> None:
        # Symbol to tick size, USD, as the database knew them at the start.
        self._stored: dict[str, Decimal] = {}
        self._glance = glance
        self._want_candles = want_candles
        self._settings = settings

    def learn(self, stored: dict[str, Decimal]) -> None:
        """Take what the database knows: symbol to tick size, USD."""
        self._stored.update(stored)

    def seen(self, glance: Callable[[str], RecorderGlance | None]) -> "SymbolFacts":
        """Return the same for other threads, which only look: it has no candles kept up.

        Parameters
        ----------
        glance
            Gives what the exchange has told of a symbol, to any thread.
        """
        other = SymbolFacts(glance, lambda _symbol: None, self._settings)
        # What is learned of one is known to both.
        other._stored = self._stored
        return other

    def require_recorded(self, name: str) -> str:
        """Return the symbol; ValueError unless it is recorded."""
        symbol, recorded = parse_symbol(name), self._settings().symbols
        if symbol not in recorded and ALL_SYMBOLS not in recorded:
            raise ValueError(
                f"symbol must be one that is recorded ({', '.join(recorded)}), got {name!r}"
            )
        return symbol

    def is_recorded(self, symbol: str) -> bool:
        """Whether a symbol is to be recorded, by this program or by the one that writes."""
        told, recorded = self._glance(symbol), self._settings().symbols
        if told is None or told.is_recorded_elsewhere is None:
            return symbol in recorded or ALL_SYMBOLS in recorded
        return told.is_recorded_elsewhere

    def is_recorded_elsewhere(self, symbol: str) -> bool:
        """Whether another program, which writes the database, records a symbol."""
        told = self._glance(symbol)
        return told is not None and told.is_recorded_elsewhere is True

    def is_known(self, symbol: str) -> bool:
        """Whether the exchange has told of `symbol`, or had when the database was written."""
        told = self._glance(symbol)
        is_told = told is not None and (told.mark_price is not None or told.tick_size is not None)
        return is_told or symbol in self._stored

    def can_have_candles(self, symbol: str) -> bool:
        """Whether `symbol` may be one of the exchange's, so that it is asked for its candles.

        What is not recorded, the exchange has not told of: then the name decides, since a host's
        chart may show shares as well.
        """
        one = instrument_of(symbol)
        is_pair = one.venue == BINANCE_USDM and one.symbol.endswith(_QUOTES)
        return is_pair or self.is_known(symbol)

    def note_shown(self, symbol: str) -> None:
        """Have a shown symbol's candles kept up, where the exchange may have it."""
        if self.can_have_candles(symbol):
            self._want_candles(symbol)

    def tick_size(self, symbol: str) -> Decimal:
        """Return the tick size in use for `symbol`, USD: the exchange's, the last known, or 0.1."""
        told = self._glance(symbol)
        if told is not None and told.tick_size is not None:
            return told.tick_size
        return self._stored.get(symbol, FALLBACK_TICK_SIZE)

    def tick_origin(self, symbol: str) -> str:
        """Return where that comes from: ``exchange``, ``last known`` or ``assumed``."""
        told = self._glance(symbol)
        if told is not None and told.tick_origin is not None:
            return told.tick_origin.value
        return "last known" if symbol in self._stored else "assumed"
