"""Which of the recorded symbols the window shows: the first that has candles."""

from contextlib import suppress

from PyQt6.QtCore import QSettings

from Heatmap import HeatmapSettings
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.standalone.candle_switch import View, symbols_to_try
from Heatmap.standalone.sources import Source
from Heatmap.standalone.status_line import without_candles_words

_SHOWN_SYMBOL = "Window/symbol"


class SymbolChoice:
    """Knows what is recorded, what has no candles, and what was shown last.

    Parameters
    ----------
    store
        Where the symbol that was shown last is kept.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store
        self._recorded: tuple[str, ...] = ()
        # Those that the source does not have.
        self._unknown: set[str] = set()

    def set_recorded(self, recorded: tuple[str, ...]) -> None:
        """Take the symbols of the settings; where they are others, all may have candles."""
        if recorded != self._recorded:
            self._recorded = recorded
            self._unknown.clear()

    def begin(self) -> None:
        """Begin with another source: all may have candles."""
        self._unknown.clear()

    def note_unknown(self, symbol: str) -> None:
        """Take note that the source has no candles of a symbol."""
        self._unknown.add(symbol)

    def note_shown(self, symbol: str) -> None:
        """Keep what is shown, for the next run too."""
        self._store.setValue(_SHOWN_SYMBOL, symbol)

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
        """Say which of the recorded symbols cannot be shown; empty: all can."""
        names = [name for name in self._recorded if name in self._unknown]
        if source is not None and source.symbol:
            recorded = self._recorded[0] if self._recorded else ALL_SYMBOLS
            names = [] if recorded in (ALL_SYMBOLS, source.symbol) else [recorded]
        return without_candles_words(names)

    def _candidates(
        self, source: Source | None, recorded: tuple[str, ...], shown: View | None
    ) -> list[str]:
        is_same = shown is not None and shown.source is source
        others = [shown.symbol] if shown is not None and is_same else []
        return symbols_to_try(source, recorded, *others, self._shown_last())

    def _shown_last(self) -> str:
        """Return the symbol that was shown last, also in an earlier run; empty: not known."""
        text = str(self._store.value(_SHOWN_SYMBOL, ""))
        with suppress(SettingsError):
            return HeatmapSettings.from_texts({"symbols": text}).symbols[0]
        return ""
