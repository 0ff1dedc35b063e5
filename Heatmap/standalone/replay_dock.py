"""The window's replay: its bar, its keys, and the candles of an earlier time."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from Heatmap import HeatmapService, ShownTime
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.replay_candles import ReplayCandles
from Heatmap.ui import HeatmapLayer, ReplayBar

if TYPE_CHECKING:
    from Heatmap.standalone.chart_page import ChartPage


class ReplayDock(QObject):
    """Puts a bar under the chart while an earlier time is shown, and gives the page its candles.

    Live candles that come meanwhile are kept for the end of it, see `candles`.

    Parameters
    ----------
    window
        Whose chart it is.
    chart
        The chart's view; it is put into `place` with the bar below it.
    page, layer
        The chart's page, and its layer.

    Attributes
    ----------
    changed
        Another time is shown, or the present again.
    place
        The chart with the bar: the window's central widget.
    bar
        The bar.
    candles
        What the chart shows of an earlier time.
    begin_action, as_of_action
        Ctrl+R and Ctrl+T; a menu may have them too.
    """

    changed = pyqtSignal()

    def __init__(
        self, window: QMainWindow, chart: QWidget, page: "ChartPage", layer: HeatmapLayer
    ) -> None:
        super().__init__(window)
        self._window = window
        # How often a change was noted: a bar that is shown notes one amid another.
        self._changes = 0
        self.place = QWidget()
        column = QVBoxLayout(self.place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(chart, 1)
        self.bar = ReplayBar(None, layer)
        self.bar.hide()
        self.candles = ReplayCandles(page, self.bar, self)
        self.candles.moved.connect(self.changed)
        column.addWidget(self.bar)
        self.bar.replay_changed.connect(self._note_change)
        self.begin_action = _action(window, self.tr("Replay"), "Ctrl+R", self._begin_or_end)
        self.as_of_action = _action(window, self.tr("As of a time…"), "Ctrl+T", self.bar.ask_as_of)
        window.windowTitleChanged.connect(self._mark_title)

    @property
    def keys(self) -> list[QAction]:
        """What the bar's keys do while it is seen."""
        bar = self.bar
        return [
            bar.play_action,
            bar.on_action,
            bar.back_action,
            bar.faster_action,
            bar.slower_action,
            bar.start_action,
            bar.live_action,
        ]

    # -- what the window asks -------------------------------------------------------------------

    @property
    def shown(self) -> ShownTime:
        """What the chart shows, ``NOW`` without a replay."""
        replay = self.bar.replay
        return ShownTime.NOW if replay is None else replay.shown

    @property
    def shown_ms(self) -> int | None:
        """Which moment that is, UTC milliseconds; ``None``: the present."""
        replay = self.bar.replay
        return replay.now_ms() if replay is not None and replay.is_active else None

    def titled(self, title: str) -> str:
        """Return a window's title that says where it is an earlier time that is shown."""
        prefix = self.tr("Replay: ")
        is_marked = self.shown is ShownTime.NOW or title.startswith(prefix)
        return title if is_marked else prefix + title

    def set_service(self, service: HeatmapService | None) -> None:
        """Replay what a service has recorded; ``None``: nothing."""
        self.bar.set_service(service)

    def leave(self) -> None:
        """Show the present, and read nothing any more."""
        self.bar.set_service(None)
        self.candles.end()

    # -- live candles on their way to the page --------------------------------------------------

    def take_history(
        self,
        symbol: str,
        interval: str,
        candles: Sequence[Candle],
        visible_bars: int,
        tick_size: Decimal | None,
    ) -> bool:
        """Take other live candles; ``False``: the page is to show them.

        In a replay the page gets those of its time instead, of the same symbol and interval.
        """
        self.candles.take_live((symbol, interval), candles, visible_bars, tick_size)
        self.bar.set_step(self.candles.interval_ms)
        return self.candles.are_shown

    # -- what the bar says ----------------------------------------------------------------------

    def _begin_or_end(self) -> None:
        replay = self.bar.replay
        if replay is not None:
            replay.back_to_live() if replay.is_active else self.bar.begin()

    def _note_change(self) -> None:
        is_shown = self.shown is not ShownTime.NOW
        self._changes += 1
        if self.bar.isHidden() == is_shown:
            changes = self._changes
            self.bar.setVisible(is_shown)
            if self._changes != changes:
                # A bar that comes into sight tells of itself: all below is done.
                return
        if is_shown:
            replay = self.bar.replay
            self.candles.follow(is_playing=replay is not None and replay.is_playing)
        elif self.candles.are_shown:
            self.candles.show_present()
        self._mark_title(self._window.windowTitle())
        self.changed.emit()

    # -- title -----------------------------------------------------------------------

    def _mark_title(self, title: str) -> None:
        """Say in the window's title that it is an earlier time, whoever sets the title."""
        marked = self.titled(title)
        if marked != title:
            self._window.setWindowTitle(marked)


def _action(window: QMainWindow, words: str, key: str, act: Callable[[], None]) -> QAction:
    action = QAction(words, window)
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(f"{words} ({native})")
    action.setIconVisibleInMenu(False)
    action.triggered.connect(lambda _on: act())
    window.addAction(action)
    return action
