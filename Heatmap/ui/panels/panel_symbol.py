"""`PanelSymbol`: what panels show together where no chart does."""

from typing import TYPE_CHECKING, TypeAlias, Union

from PyQt6.QtCore import QObject, pyqtSignal

from Heatmap.domain.instruments import InstrumentName, shown_symbol

if TYPE_CHECKING:
    from Heatmap.ui.layer.chart_layer import HeatmapLayer


class PanelSymbol(QObject):
    """One symbol, and one time, of several panels: given to each of them in place of a layer.

    For a host whose chart is no web page, or that has none: tape, totals and replay bar that are
    made with it show its symbol, and the earlier time that ``service.replays.of(symbol)`` shows.

    Parameters
    ----------
    symbol
        As in `set_symbol`.
    parent
        Qt parent.

    Attributes
    ----------
    symbol_changed
        Another symbol is shown: `symbol`.

    Raises
    ------
    TypeError
        `symbol` is neither a text nor an `Instrument`, nor ``None``.
    """

    symbol_changed = pyqtSignal(object)

    def __init__(self, symbol: InstrumentName | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._symbol = shown_symbol(symbol)

    @property
    def symbol(self) -> str | None:
        """The symbol that is shown, as it is written; ``None``: none."""
        return self._symbol

    def set_symbol(self, symbol: InstrumentName | None) -> None:
        """Have the panels show another symbol.

        Parameters
        ----------
        symbol
            ``BTCUSDT``, ``BTC/USDT`` or ``BTC/USDT:USDT``, in capitals or not; an `Instrument` for
            another venue's; ``None``: none.

        Raises
        ------
        TypeError
            It is none of these.
        """
        shown = shown_symbol(symbol)
        if shown != self._symbol:
            self._symbol = shown
            self.symbol_changed.emit(shown)


PanelLayer: TypeAlias = Union["HeatmapLayer", PanelSymbol]
"""Whose symbol and time a panel shows."""
