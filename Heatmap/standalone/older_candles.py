"""Loads older candles when the chart is scrolled back, and says where that ends."""

from PyQt6.QtCore import QObject

from Heatmap.standalone.candle_counts import MOST_LOADED
from Heatmap.standalone.candle_switch import CandleSwitch
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.chart_words import limit_words, oldest_words

LEAST_COUNT = 500
"""At least so many are loaded at once: each time the whole chart is laid out anew."""


class OlderCandles(QObject):
    """Belongs to a chart page, and asks the candles' switch for what that wants.

    Parameters
    ----------
    page
        Tells how many candles it wants, and says why there are none.
    switch
        Has the shown view's candles.
    """

    def __init__(self, page: ChartPage, switch: CandleSwitch) -> None:
        super().__init__(page)
        self._page = page
        self._switch = switch
        page.older_wanted.connect(self._want)

    def show_limit(self) -> None:
        """Say at the oldest candle why there are none before it, where that is so."""
        view = self._switch.shown
        if view is None:
            return
        if self._page.candle_count >= MOST_LOADED:
            self._page.set_limit(limit_words(MOST_LOADED))
        else:
            self._page.set_limit(oldest_words(view.symbol) if self._switch.has_all else "")

    def _want(self, count: int) -> None:
        wanted = self._page.candle_count + max(count, LEAST_COUNT)
        self._switch.want_older(min(wanted, MOST_LOADED))
        self.show_limit()
