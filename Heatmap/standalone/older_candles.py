"""Loads older candles when the chart is scrolled back, and says where that ends."""

from PyQt6.QtCore import QObject

from Heatmap.standalone.candle_counts import MOST_LOADED
from Heatmap.standalone.candle_switch import CandleSwitch
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.chart_words import limit_words, oldest_words
from Heatmap.standalone.replay_candles import ReplayCandles

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
    earlier
        Has those of an earlier time, while that is shown.
    """

    def __init__(self, page: ChartPage, switch: CandleSwitch, earlier: ReplayCandles) -> None:
        super().__init__(page)
        self._page = page
        self._switch = switch
        self._earlier = earlier
        earlier.older_wanted.connect(self._want_live)
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
        more = max(count, LEAST_COUNT)
        if self._page.candle_count >= MOST_LOADED:
            self.show_limit()
        elif not self._earlier.want_older(more):
            self._want_live(self._page.candle_count + more)

    def _want_live(self, count: int) -> None:
        self._switch.want_older(min(count, MOST_LOADED))
        self.show_limit()
