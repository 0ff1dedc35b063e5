"""What a window shows at a moment, for another one that takes its place."""

from Heatmap import ShownTime
from Heatmap.standalone.window import ChartWindow


class WindowMoment:
    """Takes note of what a window shows and does not keep: an earlier time, and its settings' page.

    Place, docks, symbol, interval and the chart's own choices are in the store.

    Parameters
    ----------
    window
        The window as it is now.
    """

    def __init__(self, window: ChartWindow) -> None:
        self._settings_page = window.settings_page
        self._symbol = window.layer.symbol
        replay = window.replay.bar.replay
        self._shown = window.replay.shown
        self._shown_ms = window.replay.shown_ms
        self._is_playing = replay is not None and replay.is_playing
        self._speed = 1.0 if replay is None else replay.speed

    def bring_settings(self, window: ChartWindow) -> None:
        """Show the same symbol, and open the settings, in a window that shows its source."""
        if self._symbol and window.layer.symbol != self._symbol:
            window.market.choose_symbol(self._symbol)
        if self._settings_page is not None:
            window.open_settings(self._settings_page)

    def bring_time(self, window: ChartWindow) -> None:
        """Show the same earlier time in a window that has candles."""
        replay = window.replay.bar.replay
        if replay is None or self._shown_ms is None:
            return
        if self._shown is ShownTime.AS_OF:
            replay.show_as_of(self._shown_ms)
            return
        replay.begin(self._shown_ms)
        replay.set_speed(self._speed)
        if self._is_playing:
            replay.play()
