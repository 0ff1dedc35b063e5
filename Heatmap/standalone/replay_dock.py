"""The window's replay: its bar, its keys, and the candles of an earlier time."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from Heatmap import HeatmapService, ShownTime
from Heatmap.errors import HeatmapError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_table import as_drawn
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.ui import HeatmapLayer, ReplayBar

if TYPE_CHECKING:
    from Heatmap.standalone.chart_page import ChartPage

logger = get_logger(__name__)

# So often the candles follow a time that goes on.
_FOLLOW_MS = 200
# So many times what is in sight at first is read.
_MORE = 2
# Older ones that are missing are looked for so often.
_OLDER_LOOKS = 8
# Without any candle they are looked for again after this.
_RETRY_MS = 1500


class ReplayDock(QObject):
    """Puts a bar under the chart while an earlier time is shown, and gives the page its candles.

    Live candles that come meanwhile are kept for the end of it; `history`, `update` and `older`
    take them in the page's place.

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
    begin_action, as_of_action
        Ctrl+R and Ctrl+T; a menu may have them too.
    """

    changed = pyqtSignal()

    def __init__(
        self, window: QMainWindow, chart: QWidget, page: "ChartPage", layer: HeatmapLayer
    ) -> None:
        super().__init__(window)
        self._window = window
        self._page = page
        self._symbol = ""
        self._interval_ms = INTERVALS_MS["1m"]
        self._visible_bars = 0
        # Live ones, by the time at which they begin.
        self._live: dict[int, Candle] = {}
        self._tick_size: Decimal | None = None
        # What the page shows of an earlier time, and of which; `None`: it shows the present.
        self._shown: list[Candle] | None = None
        self._candles_ms = 0
        # It plays, or has since they were read.
        self._has_played = False
        # Another time was sought: what is being read is of the one before.
        self._is_stale = False
        self._reading: asyncio.Task[None] | None = None
        self._older: asyncio.Task[None] | None = None
        # How often a change was noted: a bar that is shown notes one amid another.
        self._changes = 0
        self.place = QWidget()
        column = QVBoxLayout(self.place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(chart, 1)
        self.bar = ReplayBar(None, layer)
        self.bar.hide()
        column.addWidget(self.bar)
        self.bar.replay_changed.connect(self._note_change)
        self.begin_action = _action(window, self.tr("Replay"), "Ctrl+R", self._begin_or_end)
        self.as_of_action = _action(window, self.tr("As of a time…"), "Ctrl+T", self.bar.ask_as_of)
        self._timer = QTimer(self)
        self._timer.setInterval(_FOLLOW_MS)
        self._timer.timeout.connect(self._read_soon)
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

    @property
    def closes(self) -> tuple[float, float] | None:
        """Closes of the two newest candles of the time that is shown, USD; ``None``: not known."""
        closes = [one.close for one in (self._shown or [])[-2:]]
        return (closes[0], closes[-1]) if closes else None

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
        self._shown = None
        self._timer.stop()
        for task in (self._reading, self._older):
            if task is not None:
                task.cancel()

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
        self._symbol, self._interval_ms = symbol, INTERVALS_MS[interval]
        self._visible_bars, self._tick_size = visible_bars, tick_size
        self._live = {one.open_ms: one for one in candles}
        self.bar.set_step(self._interval_ms)
        if self.shown is ShownTime.NOW:
            return False
        self._show_anew()
        return True

    def update(self, candle: Candle) -> None:
        """Take the newest live candle, again or as one more."""
        self._live[candle.open_ms] = candle
        if self._shown is None:
            self._page.update_candle(candle)

    def older(self, candles: Sequence[Candle]) -> None:
        """Take live candles before all others."""
        self._live = {one.open_ms: one for one in candles} | self._live
        if self._shown is None:
            self._page.add_older_candles(candles)

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
            if self._shown is None:
                self._show_anew()
            else:
                self._read_soon()
            replay = self.bar.replay
            is_playing = replay is not None and replay.is_playing
            self._has_played = self._has_played or is_playing
            (self._timer.start if is_playing else self._timer.stop)()
        elif self._shown is not None:
            self._show_present()
        self._mark_title(self._window.windowTitle())
        self.changed.emit()

    def _show_anew(self) -> None:
        """Show no candle until those of the time are read: a later one would tell what came."""
        self._shown = []
        self._page.clear_candles()
        self._read_soon()

    def _show_present(self) -> None:
        self._timer.stop()
        self._shown = None
        self._is_stale = False
        candles = [self._live[open_ms] for open_ms in sorted(self._live)]
        self._page.set_candles(candles, self._visible_bars, self._tick_size)

    def _read_soon(self) -> None:
        """Read the candles of the time, one reading at a time; none of the present."""
        if self._shown is None:
            return
        if self._reading is not None and not self._reading.done():
            self._is_stale = True
            return
        self._is_stale = False
        self._reading = asyncio.get_running_loop().create_task(
            self._read(), name="Heatmap replay candles"
        )

    async def _read(self) -> None:
        replay = self.bar.replay
        if replay is None or self._shown is None:
            return
        now_ms, interval_ms, symbol = replay.now_ms(), self._interval_ms, self._symbol
        # Where it plays, or has until now, what came since is enough. A seek shows its moment,
        # wherever the chart has been scrolled.
        is_later = now_ms >= self._candles_ms if self._has_played else now_ms == self._candles_ms
        goes_on, self._has_played = is_later, replay.is_playing
        start_ms = self._start_ms(now_ms, goes_on=goes_on)
        try:
            found = await replay.candles(symbol, start_ms, now_ms + 1, interval_ms)
        except (HeatmapError, ValueError) as error:
            logger.warning("candles of an earlier time: %s", error)
            return
        is_same = (interval_ms, symbol) == (self._interval_ms, self._symbol)
        # The time may have gone back meanwhile.
        if replay.is_active and is_same and now_ms <= replay.now_ms():
            self._show([as_drawn(one) for one in found], now_ms, goes_on=goes_on)
            if not goes_on:
                self._look_for_older(start_ms, _OLDER_LOOKS)
        else:
            self._is_stale = self._shown is not None
        if self._is_stale:
            QTimer.singleShot(0, self._read_soon)

    def _look_for_older(self, start_ms: int, looks: int) -> None:
        """Look some more times for candles before all others: the recorder may be fetching them."""
        shown = self._shown
        if shown and looks and shown[0].open_ms > start_ms:
            first = shown[0]
            QTimer.singleShot(_RETRY_MS, lambda: self._begin_older(first, start_ms, looks))

    def _begin_older(self, first: Candle, start_ms: int, looks: int) -> None:
        # Others are shown by now: they are looked after by themselves.
        if self._shown and self._shown[0] == first:
            task = self._read_older(first, start_ms, looks)
            self._older = asyncio.get_running_loop().create_task(task, name="Heatmap older candles")

    async def _read_older(self, first: Candle, start_ms: int, looks: int) -> None:
        replay, symbol, interval_ms = self.bar.replay, self._symbol, self._interval_ms
        if replay is None:
            return
        try:
            found = await replay.candles(symbol, start_ms, first.open_ms, interval_ms)
        except (HeatmapError, ValueError) as error:
            logger.info("older candles of an earlier time: %s", error)
            return
        shown = self._shown
        if shown and shown[0] == first and replay.is_active and symbol == self._symbol:
            older = [as_drawn(one) for one in found if one.open_ms < first.open_ms]
            if older:
                self._shown = [*older, *shown]
                self._page.replace_candles(self._shown, shows_newest=False)
            self._look_for_older(start_ms, looks - 1)

    def _start_ms(self, now_ms: int, *, goes_on: bool) -> int:
        """Return where the candles begin: as many as there are live ones, or the last one."""
        known = self._shown
        if known and goes_on:
            step = (now_ms - known[-1].open_ms) // self._interval_ms
            if step <= self._visible_bars:
                return known[-1].open_ms
        count = max(len(self._live), _MORE * self._visible_bars)
        return (now_ms // self._interval_ms - count) * self._interval_ms

    def _show(self, candles: list[Candle], now_ms: int, *, goes_on: bool) -> None:
        """Show candles of the time: as many more as came since, or all of them anew."""
        shown = self._shown
        if shown is None:
            return
        self._candles_ms = now_ms
        if goes_on and shown and candles and shown[-1].open_ms == candles[0].open_ms:
            for candle in candles:
                if candle != shown[-1]:
                    self._page.update_candle(candle)
            self._shown = [*shown[:-1], *candles]
            return
        if not candles:
            # Nothing was kept of them: those that are at hand were known once they were over.
            ended = now_ms - self._interval_ms
            candles = [one for at_ms, one in sorted(self._live.items()) if at_ms <= ended]
            # The recorder may be about to fetch them: then all are read.
            self._candles_ms = -1
            QTimer.singleShot(_RETRY_MS, self._read_soon)
        self._shown = candles
        if shown and candles:
            self._page.replace_candles(candles, shows_newest=True)
        else:
            self._page.set_candles(candles, self._visible_bars, self._tick_size)

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
