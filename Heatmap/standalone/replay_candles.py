"""The candles of a window's chart while an earlier time is shown, and those for the end of it.

- The chart shows what was known at the moment, and nothing that came later.
- A small step reads and tells the page only what is different. A moment later all of it is read
  once more: what was fetched meanwhile is then there too.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from Heatmap import Candle as StoredCandle
from Heatmap.errors import HeatmapError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_parts import CandleParts
from Heatmap.standalone.candle_table import as_drawn
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.ui import ReplayBar

if TYPE_CHECKING:
    from Heatmap.standalone.chart_page import ChartPage

logger = get_logger(__name__)

# So often the candles follow a time that goes on.
_FOLLOW_MS = 200
# So many times what is in sight at first is read.
_MORE = 2
# Older ones that are missing are looked for so often.
_OLDER_LOOKS = 8
# Without any candle, and after an error, they are looked for again after this; a step is checked.
_RETRY_MS = 1500

_open_ms = attrgetter("open_ms")


class ReplayCandles(QObject):
    """Gives the page the candles of an earlier time; keeps live ones that come meanwhile.

    Parameters
    ----------
    page
        The chart's page.
    bar
        Has what knows the moment.
    parent
        Qt parent.

    Attributes
    ----------
    moved
        Another moment was sought, and its candles are shown: the last close is another one.
    older_wanted
        Older ones than were recorded: so many live candles would hold them.
    """

    moved = pyqtSignal()
    older_wanted = pyqtSignal(int)

    def __init__(self, page: "ChartPage", bar: ReplayBar, parent: QObject) -> None:
        super().__init__(parent)
        self._page = page
        self._parts = CandleParts(page, self)
        self._bar = bar
        # What the candles are of, as ``BTCUSDT`` and ``1m``.
        self._names = "", "1m"
        self._visible_bars = 0
        self._tick_size: Decimal | None = None
        # Live ones, by the time at which they begin.
        self._live: dict[int, Candle] = {}
        # What the page shows of an earlier time, and of which; `None`: it shows the present.
        self._shown: list[Candle] | None = None
        self._candles_ms = 0
        # What could not be read last, in words: told once.
        self._failure = ""
        # They are those that were stored; else they were at hand, or could not be read.
        self._are_stored = False
        # It plays, or has since they were read.
        self._has_played = False
        # Another time was sought: what is being read is of the one before.
        self._is_stale = False
        self._reading: asyncio.Task[None] | None = None
        self._older: asyncio.Task[None] | None = None
        self._follow_timer = QTimer(self)
        self._follow_timer.setInterval(_FOLLOW_MS)
        self._follow_timer.timeout.connect(self._read_soon)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(_RETRY_MS)
        self._retry.timeout.connect(lambda: self._read_soon(is_check=True))
        # A turn of its own: a lot is to be done where a replay ends.
        self._end_timer = QTimer(self)
        self._end_timer.setSingleShot(True)
        self._end_timer.timeout.connect(self._show_present)
        # The next reading is of all that is shown.
        self._is_check = False

    @property
    def are_shown(self) -> bool:
        """Whether the page shows candles of an earlier time."""
        return self._shown is not None

    @property
    def closes(self) -> tuple[float, float] | None:
        """Close of the last candle but one, and of the last; ``None``: not known yet."""
        shown = self._shown
        if not shown:
            return None
        return shown[-2 if len(shown) > 1 else -1].close, shown[-1].close

    @property
    def interval_ms(self) -> int:
        """How long a candle is, milliseconds."""
        return INTERVALS_MS[self._names[1]]

    # -- live candles on their way to the page --------------------------------------------------

    def take_live(
        self,
        names: tuple[str, str],
        candles: Sequence[Candle],
        visible_bars: int,
        tick_size: Decimal | None,
    ) -> None:
        """Take other live candles: what they are of, and how they are to be shown."""
        is_other = names != self._names
        self._names, self._visible_bars, self._tick_size = names, visible_bars, tick_size
        self._live = {one.open_ms: one for one in candles}
        self._parts.forget()
        if self._shown is not None and not self._end_timer.isActive():
            self.show_anew() if is_other else self._read_soon(is_check=True)

    def update(self, candle: Candle) -> None:
        """Take the newest live candle, again or as one more."""
        self._live[candle.open_ms] = candle
        if self._shown is None:
            self._page.update_candle(candle)

    def older(self, candles: Sequence[Candle]) -> None:
        """Take live candles before all others; those that were known at the moment are shown."""
        self._live = {one.open_ms: one for one in candles} | self._live
        if self._shown is None:
            self._parts.add_older(candles)
        elif self._shown:
            self._show_older(self._live_before(self._shown[0].open_ms))

    def forget_live(self) -> None:
        """Forget the live candles: they are of a source that is left."""
        self._live = {}
        self._parts.forget()
        if self._shown is not None:
            self._shown = []
            self._page.clear_candles()

    # -- what is shown --------------------------------------------------------------------------

    def follow(self, *, is_playing: bool) -> None:
        """Show the candles of the moment, and of those that follow while it plays."""
        self._end_timer.stop()
        self._has_played = self._has_played or is_playing
        if self._shown is None:
            self.show_anew()
        else:
            self._read_soon()
        (self._follow_timer.start if is_playing else self._follow_timer.stop)()

    def show_anew(self) -> None:
        """Show no candle until those of the time are read: a later one would tell what came."""
        self._shown = []
        self._parts.forget()
        self._page.clear_candles()
        self._read_soon()

    def show_present(self) -> None:
        """Show the live candles, in a moment."""
        self._follow_timer.stop()
        self._retry.stop()
        self._end_timer.start(0)

    def _show_present(self) -> None:
        self.end()
        candles = sorted(self._live.values(), key=_open_ms)
        self._parts.set_candles(candles, self._visible_bars, self._tick_size, self._names)

    def end(self) -> None:
        """Show no earlier time any more, and leave on the page what there is."""
        for timer in (self._follow_timer, self._retry, self._end_timer):
            timer.stop()
        self._shown = None
        self._is_stale = self._has_played = self._is_check = False
        self._parts.forget()
        for task in (self._reading, self._older):
            if task is not None:
                task.cancel()

    def want_older(self, count: int) -> bool:
        """Show so many more before all others, as far as they were recorded.

        Returns
        -------
        bool
            Whether an earlier time is shown, so that they are looked for.
        """
        shown = self._shown
        if shown is None:
            return False
        is_free = self._older is None or self._older.done()
        if shown and is_free and not self._parts.is_under_way:
            first = shown[0]
            self._begin_older(first, first.open_ms - count * self.interval_ms, 0)
        return True

    # -- reading --------------------------------------------------------------------------------

    def _read_soon(self, *, is_check: bool = False) -> None:
        """Read the candles of the time, one reading at a time; none of the present.

        All that are shown where what is stored is to be looked at once more.
        """
        self._is_check = self._is_check or is_check
        if self._shown is None or not self._names[0]:
            return
        if self._reading is not None and not self._reading.done():
            self._is_stale = True
            return
        self._is_stale = False
        self._reading = asyncio.get_running_loop().create_task(
            self._read(), name="Heatmap replay candles"
        )

    async def _read(self) -> None:
        replay = self._bar.replay
        if replay is None or self._shown is None:
            return
        now_ms, names, interval_ms = replay.now_ms(), self._names, self.interval_ms
        # Where it plays, or has until now, the chart stays where it is scrolled. A seek shows its
        # moment.
        is_later = now_ms >= self._candles_ms if self._has_played else now_ms == self._candles_ms
        goes_on, self._has_played = is_later, replay.is_playing
        is_check, self._is_check = self._is_check, False
        start_ms, is_part = self._start_ms(now_ms, is_check=is_check)
        try:
            found = await replay.candles(names[0], start_ms, now_ms + 1, interval_ms)
        except (HeatmapError, ValueError) as error:
            if str(error) != self._failure:
                self._failure = str(error)
                logger.warning("candles of an earlier time: %s", error)
            self._are_stored = False
            self._retry.start()
            return
        # The time may have gone back meanwhile.
        if replay.is_active and names == self._names and now_ms <= replay.now_ms():
            self._take(found, start_ms, now_ms, is_part=is_part, goes_on=goes_on)
            if not is_part:
                self._look_for_older(start_ms, _OLDER_LOOKS)
            elif not replay.is_playing and not is_check:
                self._retry.start()
        else:
            self._is_stale = self._shown is not None
        if self._is_stale:
            QTimer.singleShot(0, self._read_soon)

    def _start_ms(self, now_ms: int, *, is_check: bool) -> tuple[int, bool]:
        """Return from where on candles are read, and whether those before it are shown already."""
        shown, step_ms = self._shown, self.interval_ms
        begin_ms = now_ms // step_ms * step_ms
        count = max(len(self._live), _MORE * self._visible_bars)
        if shown and self._are_stored:
            last_ms = shown[-1].open_ms
            # Of those that are shown enough must be left, and they must go on without a break.
            is_left = begin_ms - shown[0].open_ms >= min(count // 2, self._visible_bars) * step_ms
            if is_left and begin_ms - last_ms <= self._visible_bars * step_ms:
                return (shown[0].open_ms if is_check else min(begin_ms, last_ms)), True
        return begin_ms - count * step_ms, False

    def _take(
        self,
        found: Sequence[StoredCandle],
        start_ms: int,
        now_ms: int,
        *,
        is_part: bool,
        goes_on: bool,
    ) -> None:
        """Show candles of the time in the place of those from a time on, or of all."""
        shown = self._shown
        if shown is None:
            return
        self._candles_ms = now_ms
        fresh = [as_drawn(one) for one in found]
        first_ms = fresh[0].open_ms if fresh else start_ms
        # What is shown before the first that is stored has come from elsewhere.
        keep = bisect_left(shown, first_ms, key=_open_ms)
        if is_part and (keep or fresh):
            self._splice(shown[:keep], fresh, goes_on=goes_on)
        else:
            self._take_all(fresh, start_ms, goes_on=goes_on)
        if not goes_on:
            self.moved.emit()

    def _take_all(self, fresh: list[Candle], start_ms: int, *, goes_on: bool) -> None:
        self._are_stored = bool(fresh)
        if fresh:
            # Live ones go back farther where little was recorded.
            fresh = [*self._live_before(fresh[0].open_ms, start_ms), *fresh]
        else:
            # Nothing was kept of them: those that are at hand were known once they were over.
            fresh = self._live_before(self._candles_ms - self.interval_ms + 1)
            # The recorder may be about to fetch them: then all are read.
            self._retry.start()
        before, self._shown = self._shown, fresh
        if not (before and fresh):
            if before or fresh:
                self._parts.set_candles(fresh, self._visible_bars, self._tick_size, self._names)
        elif not (goes_on and before == fresh):
            self._parts.replace_candles(fresh, self._visible_bars, shows_newest=not goes_on)

    def _live_before(self, ms: int, start_ms: int = 0) -> list[Candle]:
        """Return the live candles that began in a half-open time, oldest first."""
        found = (one for at_ms, one in self._live.items() if start_ms <= at_ms < ms)
        return sorted(found, key=_open_ms)

    def _splice(self, kept: list[Candle], fresh: list[Candle], *, goes_on: bool) -> None:
        """Show some candles, and `fresh` behind them, where more or others were shown there."""
        before = (self._shown or [])[len(kept) :]
        same = 0
        while same < min(len(before), len(fresh)) and before[same] == fresh[same]:
            same += 1
        self._shown = [*kept, *fresh]
        is_on = same == len(before) or (
            same == len(before) - 1 < len(fresh) and before[same].open_ms == fresh[same].open_ms
        )
        if goes_on and is_on:
            for candle in fresh[same:]:
                self._page.update_candle(candle)
            return
        # The last one again, where nothing is different: the chart goes there all the same.
        different = fresh[same:] or fresh[-1:]
        edge_ms = different[0].open_ms if different else kept[-1].open_ms + 1
        if self._parts.is_under_way:
            self._parts.replace_candles(self._shown, self._visible_bars, shows_newest=not goes_on)
        else:
            self._page.replace_from(edge_ms, different, shows_newest=not goes_on)

    # -- older ones -----------------------------------------------------------------------------

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
        replay, names = self._bar.replay, self._names
        if replay is None:
            return
        try:
            found = await replay.candles(names[0], start_ms, first.open_ms, self.interval_ms)
        except (HeatmapError, ValueError) as error:
            logger.info("older candles of an earlier time: %s", error)
            return
        shown = self._shown
        if shown and shown[0] == first and replay.is_active and names == self._names:
            older = [as_drawn(one) for one in found if one.open_ms < first.open_ms]
            first_ms = older[0].open_ms if older else first.open_ms
            more = [*self._live_before(first_ms, start_ms), *older]
            self._show_older(more)
            if not more and not looks and self._live:
                count = (max(self._live) - start_ms) // self.interval_ms
                self.older_wanted.emit(count + 1)
            if looks:
                self._look_for_older(start_ms, looks - 1)

    def _show_older(self, candles: list[Candle]) -> None:
        if self._shown and candles:
            self._shown = [*candles, *self._shown]
            self._parts.add_older(candles)
