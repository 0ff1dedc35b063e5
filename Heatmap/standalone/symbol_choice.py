"""Which symbol the window shows: the user's choice, else the first recorded one with candles."""

from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.standalone.candle_switch import View, symbols_to_try
from Heatmap.standalone.sources import Source
from Heatmap.standalone.status_line import without_candles_words
from Heatmap.standalone.window_store import WindowStore

_SHOWN, _CHOSEN = "symbol", "chosenSymbol"


class SymbolChoice:
    """Knows what is recorded, what has no candles, what was chosen, and what was shown last.

    Parameters
    ----------
    store
        Where the symbols are kept that were chosen and shown last.
    """

    def __init__(self, store: WindowStore) -> None:
        self._store = store
        self._recorded: tuple[str, ...] = ()
        self._chosen = store.symbol(_CHOSEN)
        # What is chosen is not for this run only.
        self._is_kept = True
        # Those that the source does not have.
        self._unknown: set[str] = set()

    def set_recorded(self, recorded: tuple[str, ...]) -> None:
        """Take the symbols of the settings; where they are others, all may have candles."""
        if recorded != self._recorded:
            self._recorded = recorded
            self._unknown.clear()

    def choose(self, symbol: str) -> None:
        """Show this symbol from now on, recorded or not; the first recorded one: as by itself."""
        self._unknown.discard(symbol)
        self._chosen = "" if self._recorded[:1] == (symbol,) else symbol
        self._is_kept = True
        self.keep()

    def forget_choice(self) -> None:
        """Show the first recorded one, for this run: the command line has named it."""
        self._chosen, self._is_kept = "", False

    def keep(self) -> None:
        """Keep what was chosen, unless it is for this run only."""
        if self._is_kept:
            self._store.set_text(_CHOSEN, self._chosen)

    def begin(self) -> None:
        """Begin with another source: all may have candles."""
        self._unknown.clear()

    def note_unknown(self, symbol: str) -> None:
        """Take note that the source has no candles of a symbol."""
        self._unknown.add(symbol)

    def note_shown(self, symbol: str) -> None:
        """Keep what is shown, for the next run too."""
        self._store.set_text(_SHOWN, symbol)

    def first(self, source: Source | None, recorded: tuple[str, ...], shown: View | None) -> str:
        """Return the best one, whether or not it has candles.

        Parameters
        ----------
        source
            What is to be shown.
        recorded
            As `HeatmapSettings.symbols`.
        shown
            What is shown now.
        """
        return self._candidates(source, recorded, shown)[0]

    def best(self, source: Source | None, recorded: tuple[str, ...], shown: View | None) -> str:
        """Return the best one that may have candles; where none has, the first again and again."""
        names = self._candidates(source, recorded, shown)
        return next((name for name in names if name not in self._unknown), names[0])

    def words(self, source: Source | None) -> str:
        """Say which symbols cannot be shown of those that should be; empty: all can."""
        wanted = [*filter(None, [self._chosen]), *self._recorded]
        names = [name for name in dict.fromkeys(wanted) if name in self._unknown]
        if source is not None and source.symbol:
            recorded = self._recorded[0] if self._recorded else ALL_SYMBOLS
            names = [] if recorded in (ALL_SYMBOLS, source.symbol) else [recorded]
        return without_candles_words(names)

    def _candidates(
        self, source: Source | None, recorded: tuple[str, ...], shown: View | None
    ) -> list[str]:
        is_same = shown is not None and shown.source is source
        others = [shown.symbol] if shown is not None and is_same else []
        wanted = [*filter(None, [self._chosen]), *recorded]
        return symbols_to_try(source, wanted, *others, self._store.symbol(_SHOWN))
