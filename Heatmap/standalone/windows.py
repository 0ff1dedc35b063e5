"""All windows of one run: on one recorder, each with its own symbol, span, interval and place."""

import asyncio
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QRect, QSettings, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QApplication

from Heatmap import HeatmapService
from Heatmap.errors import HeatmapError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.kept_windows import KeptWindows
from Heatmap.standalone.shown_market import OWN_FIELDS
from Heatmap.standalone.sources import Source
from Heatmap.standalone.theme import LOOK_SETTING, THEME_PALETTES, dress, theme_of
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.window_moment import WindowMoment
from Heatmap.standalone.window_places import place_beside
from Heatmap.standalone.window_store import (
    MOST_WINDOWS,
    WindowStore,
)

logger = get_logger(__name__)

CANDLE_PATIENCE_S = 10.0
"""A window that is made anew shows the earlier time again only if it has candles by then."""

MakeWindow = Callable[[QSettings, str, int], ChartWindow]


class Windows(QObject):
    """Opens, closes and remembers windows.

    A window that is closed beside others is forgotten; where all of them are closed together, as
    by "close all" of the system's task bar, all come back at the next start.

    Parameters
    ----------
    store
        Where it is kept which windows there are.
    theme
        ``dark`` or ``light``.
    make
        Makes a window.
    tasks
        Where what windows do goes on.

    Attributes
    ----------
    all_closed
        The last window was closed, or the user wants the end.
    language_chosen
        The user wants another language, one of `NAMES`; `renew` once it is in use.
    state_told
        How the recording is that the first window shows.
    """

    all_closed = pyqtSignal()
    language_chosen = pyqtSignal(str)
    state_told = pyqtSignal(str)

    def __init__(
        self, store: QSettings, theme: str, make: MakeWindow, tasks: asyncio.TaskGroup
    ) -> None:
        super().__init__()
        self._store = store
        self._theme = theme
        self._make = make
        self._tasks = tasks
        self._open: list[ChartWindow] = []
        self._kept = KeptWindows(store, lambda: [one.store.number for one in self._open], self)
        self._tending: dict[ChartWindow, asyncio.Task[None]] = {}
        # Those that the user has closed and that are being left.
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_ending = False
        self._show_simulated: Callable[[], object] | None = None
        self._source: Source | None = None
        self._waiting: Source | None = None
        # One after the other: what is made anew, and what is shown meanwhile.
        self._renewing = asyncio.Lock()
        self._palette_before = QApplication.palette()
        _dress(self._theme)

    def offer_simulated(self, show: Callable[[], object]) -> None:
        """Let windows offer a simulated market where nothing comes from the exchange.

        Parameters
        ----------
        show
            Shows it in all windows; called on the GUI thread.
        """
        self._show_simulated = show
        for window in self._open:
            window.offers_simulated = True

    def say(self, text: str) -> None:
        """Say for a moment in all windows what was done, or could not be done."""
        for window in self._open:
            window.status_bar.say(text)

    @property
    def open_windows(self) -> tuple[ChartWindow, ...]:
        """The windows that are open, in the order in which they were opened."""
        return tuple(self._open)

    async def open_first(self) -> ChartWindow:
        """Open the first of the windows of the last run.

        Raises
        ------
        PageError
            Its chart page could not be loaded.
        """
        return await self._open_one(self._kept.to_open.pop(0))

    async def open_others(self) -> None:
        """Open the other windows of the last run.

        Raises
        ------
        PageError
            A chart page could not be loaded.
        """
        while self._kept.to_open and not self._is_ending:
            await self._open_one(self._kept.to_open.pop(0))
        self._kept.keep()

    async def open_another(self, like: ChartWindow) -> ChartWindow | None:
        """Open one more window that shows what `like` shows; ``None``: there are too many.

        Raises
        ------
        PageError
            Its chart page could not be loaded.
        """
        number = self._kept.free_number()
        if number is None:
            like.status_bar.say(
                self.tr("There are {count} windows, and no more can be opened").format(
                    count=MOST_WINDOWS
                )
            )
            return None
        store = WindowStore(self._store, number)
        like.place.keep()
        store.begin_like(like.store)
        settings = like.market.settings
        # It may have been opened a moment ago, and show nothing yet.
        store.set_text("chosenSymbol", like.layer.symbol or like.store.symbol("chosenSymbol"))
        store.set_text("interval", like.tool_bar.intervals.currentData())
        for name in OWN_FIELDS:
            store.set_text(name, str(getattr(settings, name)))
        return await self._open_one(number, _place_beside(like, self._open))

    async def show_source(
        self, source: Source, waiting: Source | None = None, *, at_once: bool = True
    ) -> None:
        """Show a source in all windows, and in those that are opened later."""
        async with self._renewing:
            self._source, self._waiting = source, waiting
            for window in self.open_windows:
                # It may have been closed while another one took its turn.
                if window in self._open:
                    await window.show_source(source, waiting, at_once=at_once)

    def renew(self) -> None:
        """Make all windows anew, each where and as it is: with texts of the present language.

        A window is replaced once the new one shows its chart. One whose page does not load stays.
        """
        self._tasks.create_task(self._renew_all(), name="Heatmap windows")

    def keep(self) -> None:
        """Keep all windows as they are, in the store's file too: the process may be ended."""
        for window in self._open:
            window.place.keep()
        self._kept.keep()
        self._store.sync()

    async def leave(self) -> None:
        """Leave all windows; they are opened again at the next start."""
        self._is_ending = True
        for window in self.open_windows:
            await self._leave(window)
            window.close()
            window.deleteLater()
        self._kept.end()
        while self._leaving:
            await asyncio.gather(*self._leaving)
        self._open.clear()
        _dress(self._theme, self._palette_before)

    # -- inside -------------------------------------------------------------------------------

    async def _open_one(self, number: int, place: QRect | None = None) -> ChartWindow:
        window = self._made(number)
        if place is not None:
            window.resize(place.size())
            window.move(place.topLeft())
        self._open.append(window)
        self._kept.keep()
        self._tell_count()
        window.show()
        await window.load()
        if self._is_ending or window not in self._open:
            return window
        self._tending[window] = self._tasks.create_task(window.tend(), name="Heatmap candles")
        if self._source is not None:
            await window.show_source(self._source, self._waiting)
        return window

    def _on_simulated_asked(self) -> None:
        if self._show_simulated is not None:
            self.say(self.tr("Opening a simulated market…"))
            self._show_simulated()

    def _made(self, number: int) -> ChartWindow:
        window = self._make(self._store, self._theme, number)
        window.closed.connect(lambda: self._on_closed(window))
        window.quit_asked.connect(self._on_quit)
        window.look_chosen.connect(self._choose_look)
        window.language_chosen.connect(self.language_chosen)
        window.offers_simulated = self._show_simulated is not None
        window.simulated_asked.connect(self._on_simulated_asked)
        window.state_told.connect(lambda text: self._on_state(window, text))
        window.another_asked.connect(lambda: self._begin_another(window))
        return window

    async def _renew_all(self) -> None:
        async with self._renewing:
            for window in self.open_windows:
                if not self._is_ending and window in self._open:
                    await self._renew_one(window)

    async def _renew_one(self, before: ChartWindow) -> None:
        """Put a new window in the place of one that is open."""
        moment = WindowMoment(before)
        before.keep_place()
        before.place.leave()
        window = self._made(before.store.number)
        window.show()
        try:
            await window.load()
        except HeatmapError as error:
            # It says what it said, and goes on.
            logger.warning("a window could not be made anew: %s", error)
            window.hide()
            await window.leave()
            window.deleteLater()
            before.place.watch()
            return
        if self._is_ending or before not in self._open:
            # It was closed meanwhile, and so is this one.
            window.hide()
            await self._leave_closed(window)
            return
        self._open[self._open.index(before)] = window
        self._tell_count()
        before.hide()
        await self._leave_closed(before)
        self._tending[window] = self._tasks.create_task(window.tend(), name="Heatmap candles")
        if self._source is not None:
            await window.show_source(self._source, self._waiting)
        moment.bring_settings(window)
        # The earlier time is one of its symbol, which comes with its candles.
        if await window.wait_for_candles(CANDLE_PATIENCE_S) and window in self._open:
            moment.bring_time(window)

    def _on_state(self, window: ChartWindow, text: str) -> None:
        if window in self._open[:1]:
            self.state_told.emit(text)

    def _begin_another(self, like: ChartWindow) -> None:
        self._tasks.create_task(self._another(like), name="Heatmap window")

    async def _another(self, like: ChartWindow) -> None:
        try:
            await self.open_another(like)
        except HeatmapError as error:
            # The others go on, and so does the recording.
            logger.warning("another window could not be opened: %s", error)
            for window in self._open[1:]:
                if window not in self._tending:
                    window.close()
            self.say(str(error))

    def _on_closed(self, window: ChartWindow) -> None:
        if self._is_ending or window not in self._open:
            return
        is_last = len(self._open) == 1
        self._kept.note_closed(window.store.number, is_last=is_last)
        if is_last:
            # It is left with everything else.
            self.all_closed.emit()
            return
        self._open.remove(window)
        task = self._tasks.create_task(self._leave_closed(window), name="Heatmap window")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        self._tell_count()

    def _on_quit(self) -> None:
        """End the program: what was closed before stays closed."""
        self._kept.forget_closed()
        self.all_closed.emit()

    async def _leave_closed(self, window: ChartWindow) -> None:
        await self._leave(window)
        window.deleteLater()

    async def _leave(self, window: ChartWindow) -> None:
        tending = self._tending.pop(window, None)
        if tending is not None:
            tending.cancel()
        await window.leave()

    def _tell_count(self) -> None:
        for window in self._open:
            window.market.is_one_of_several = len(self._open) > 1

    def _choose_look(self, look: str) -> None:
        before, self._theme = self._theme, theme_of(look)
        self._store.setValue(LOOK_SETTING, look)
        if before == self._theme:
            return
        _dress(self._theme)
        for window in self._open:
            window.set_theme(self._theme)
        for service in {one.market.service for one in self._open}:
            if service is not None:
                follow_theme(service, before, self._theme)


def _dress(theme: str, palette: QPalette | None = None) -> None:
    """Have what stands in no window look as the windows do, or by a palette of its own."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return
    if palette is None:
        dress(application, theme)
    else:
        application.setPalette(palette)


def _place_beside(like: ChartWindow, windows: Sequence[ChartWindow]) -> QRect:
    """Return a place for one more window: as large, and on top of no other's corner.

    Its upper left corner is the frame's, its size that of what is in the frame.
    """
    is_large = like.isMaximized() or like.isFullScreen()
    inner = like.normalGeometry() if is_large else like.geometry()
    place = QRect(inner.topLeft() if is_large else like.pos(), inner.size())
    screen = like.screen()
    room = place if screen is None else screen.availableGeometry()
    taken = {(one.pos().x(), one.pos().y()) for one in windows}
    return place_beside(place, room, taken, like.minimumSize())


def follow_theme(service: HeatmapService, before: str, theme: str) -> None:
    """Have the palettes go with the theme, until the user chooses others. They are not stored."""
    palettes = {
        name: THEME_PALETTES[theme]
        for name in ("palette", "predicted_palette")
        if getattr(service.settings, name) == THEME_PALETTES[before]
    }
    service.apply_settings(service.settings.changed(**palettes))
