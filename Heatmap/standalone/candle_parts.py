"""Many candles on their way to the chart's page: in parts, the newest first.

Each part is told in a turn of the loop of its own, so that no turn takes long.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer

from Heatmap.standalone.exchange.market import Candle

if TYPE_CHECKING:
    from Heatmap.standalone.chart_page import ChartPage

# So many are told at once, or so many times what is in sight: the page asks for older ones where
# fewer lie left of that.
_AT_ONCE, _AT_ONCE_PART = 800, 1.6


class CandleParts(QObject):
    """Tells a page candles; what it has not been told yet comes by itself.

    Parameters
    ----------
    page
        The chart's page.
    parent
        Qt parent.
    """

    def __init__(self, page: "ChartPage", parent: QObject) -> None:
        super().__init__(parent)
        self._page = page
        # Older than all that the page has.
        self._untold: list[Candle] = []

    @property
    def is_under_way(self) -> bool:
        """Whether the page has not been told all of them."""
        return bool(self._untold)

    def set_candles(
        self,
        candles: Sequence[Candle],
        visible_bars: int,
        tick_size: Decimal | None,
        names: tuple[str, str] | None,
    ) -> None:
        """Show other candles, see `ChartPage.set_candles`."""
        newest = self._take(candles, visible_bars)
        self._page.set_candles(newest, visible_bars, tick_size, names)

    def replace_candles(
        self, candles: Sequence[Candle], visible_bars: int, *, shows_newest: bool
    ) -> None:
        """Show other candles where there are some, see `ChartPage.replace_candles`."""
        newest = self._take(candles, visible_bars)
        self._page.replace_candles(newest, shows_newest=shows_newest)

    def add_older(self, candles: Sequence[Candle]) -> None:
        """Put candles before all others."""
        self._untold = [*candles, *self._untold]
        self._tell_more()

    def forget(self) -> None:
        """Tell nothing more: the page shows something else."""
        self._untold = []

    def _take(self, candles: Sequence[Candle], visible_bars: int) -> Sequence[Candle]:
        count = max(_AT_ONCE, int(_AT_ONCE_PART * visible_bars))
        self._untold = [*candles[:-count]]
        self._tell_more_soon()
        return candles[-count:]

    def _tell_more_soon(self) -> None:
        if self._untold:
            QTimer.singleShot(0, self._tell_more)

    def _tell_more(self) -> None:
        untold = self._untold
        if untold:
            part, self._untold = untold[-_AT_ONCE:], untold[:-_AT_ONCE]
            self._page.add_older_candles(part)
            self._tell_more_soon()
