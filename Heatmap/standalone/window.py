"""The standalone window: tool bar, chart, docks, status bar, and what their actions do.

It uses the plugin's public surface only, as a host does; `make check` holds that. What is shown on
the chart is `ShownMarket`'s.
"""

import asyncio
from dataclasses import replace
from functools import partial

from PyQt6.QtCore import QSettings, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QGuiApplication, QShowEvent
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QMainWindow, QWidget

from Heatmap import (
    HeatmapService,
    HeatmapSettings,
    ShownTime,
    Situation,
    wants_room,
)
from Heatmap.runtime.compat import override
from Heatmap.standalone.actions import Actions, with_keys
from Heatmap.standalone.alert_bell import AlertBell
from Heatmap.standalone.candle_counts import SELECTABLE_INTERVALS
from Heatmap.standalone.chart_choices import ChartChoices
from Heatmap.standalone.chart_keys import ChartKeys
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.deeds import Deeds, shut_topmost
from Heatmap.standalone.docks import Docks
from Heatmap.standalone.instrument_list import InstrumentList
from Heatmap.standalone.interval_box import IntervalBox
from Heatmap.standalone.kept_place import KeptPlace
from Heatmap.standalone.keyboard_focus import AltTap, FocusReturn
from Heatmap.standalone.older_candles import OlderCandles
from Heatmap.standalone.replay_dock import ReplayDock
from Heatmap.standalone.scale_bar import ScaleBar
from Heatmap.standalone.settings_dock import ALERTS_PAGE, SettingsDock, shut_docked
from Heatmap.standalone.shown_market import ShownMarket
from Heatmap.standalone.sources import Source
from Heatmap.standalone.state_card import StateCard
from Heatmap.standalone.status_bar import StatusBar
from Heatmap.standalone.status_line import (
    connecting_words,
    paused_words,
    timing_words,
    title_words,
    tray_words,
)
from Heatmap.standalone.symbol_list import SymbolRow, symbol_rows
from Heatmap.standalone.theme import background, colour, style_sheet
from Heatmap.standalone.tool_bar import ToolBar
from Heatmap.standalone.troubles import Troubles
from Heatmap.standalone.window_choices import window_choices
from Heatmap.standalone.window_places import first_size
from Heatmap.standalone.window_store import WindowStore
from Heatmap.ui import (
    HeatmapLayer,
    LastHourLine,
    MarketWatch,
    StateTone,
    state_words,
)

STATUS_PERIOD_MS = 1000
RESIZED_MS = 400
"""Another width of the pane is taken over once it has stayed so long."""
LEAST_SIZE = 760, 460
FIRST_SIZE = 1180, 700
_BAD_TITLE = (StateTone.BAD, StateTone.REPLAY, StateTone.SIMULATED)


class ChartWindow(QMainWindow):
    """Candles of one symbol with the heatmap behind them.

    `load` is awaited first; `show_source` then shows a source, later perhaps another. The symbol is
    what the user has chosen, else the first of the recorded ones that has candles.

    More than 25 methods: what a user, a source and the page do all end in the same few changes.

    Parameters
    ----------
    store
        Where settings that the user changes are kept.
    theme
        ``dark`` or ``light``.
    number
        Of the window, from 1: by it its place, size, symbol and interval are kept.

    Attributes
    ----------
    closed
        The user has closed it.
    state_told
        How the recording is, for who sees no window: as the icon in the tray says it.
    another_asked, simulated_asked, quit_asked
        The user wants one more window, a simulated market, or the end of the program.
    look_chosen, language_chosen
        The user wants this look or language in all windows: one of `LOOKS`, of `NAMES`.
    offers_simulated
        Whether the program can show a simulated market.
    place
        Keeps where the window and its docks are.
    """

    closed = pyqtSignal()
    state_told = pyqtSignal(str)
    another_asked = pyqtSignal()
    simulated_asked = pyqtSignal()
    quit_asked = pyqtSignal()
    look_chosen = pyqtSignal(str)
    language_chosen = pyqtSignal(str)

    def __init__(self, store: QSettings, theme: str, number: int = 1) -> None:
        super().__init__()
        self.store = WindowStore(store, number)
        self.theme = theme
        self.offers_simulated = False
        self.page = ChartPage(self)
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.layer = HeatmapLayer(
            self.page,
            chart="chart",
            candles="candleSeries",
            bars="barsSeries",
            legend="heatLegend",
        )
        # This page's candles are in UTC: nothing is to be found out.
        self.layer.set_time_offset(0)
        self.replay = ReplayDock(self, self.view, self.page, self.layer)
        self.replay.changed.connect(self.refresh_status)
        self.setCentralWidget(self.replay.place)
        self.tool_bar = ToolBar(self)
        self.market = ShownMarket(
            self.page, self.layer, self.replay, self.store, self.tool_bar.interval, self
        )
        self._connect_tool_bar()
        self.addToolBar(self.tool_bar)
        self.interval_box = IntervalBox(self, SELECTABLE_INTERVALS)
        self.interval_box.interval_chosen.connect(self.tool_bar.intervals.choose)
        self.interval_box.left.connect(self.view.setFocus)
        self.status_bar = StatusBar()
        self.last_hour = LastHourLine(None, self.layer)
        self.status_bar.right.addWidget(self.last_hour)
        self.setStatusBar(self.status_bar)
        self.docks = Docks(self, self.layer, self.store)
        self._focus_return = FocusReturn(self, self.view)
        for part in (*self.docks.all, self.replay.bar, self.status_bar.offer):
            self._focus_return.watch(part)
        self._watch = MarketWatch(self.refresh_status)
        self._troubles = Troubles(self.market, self.layer)
        self._deeds = Deeds(self)
        self._instruments = InstrumentList(self.tool_bar.symbols.refresh)
        self.status_bar.action_asked.connect(self._deeds.carry_out)
        self.card = StateCard(self.page, self._deeds.offer, self._deeds.carry_out)
        self.chart_choices = ChartChoices(
            self.store.program, self.page, self.docks, self.store.group
        )
        self._older = OlderCandles(self.page, self.market.candles, self.replay.candles)
        self._connect_page()
        self.actions_ = self._make_actions()
        self.bell = AlertBell(
            self.tool_bar.bell, self.docks.alerts_toggle, self.docks.alerts, self.store.program
        )
        self.scale_bar = ScaleBar(
            [self.actions_[f"scale_{name}"] for name in ("auto", "log", "percent")],
            self.page.times,
            lambda: self.shown_ms,
            self.chart_choices.set_time_zone,
        )
        self.status_bar.right.addWidget(self.scale_bar)
        # Two clocks, one time, however fast it goes.
        self.replay.bar.moment_shown.connect(self.scale_bar.show_time)
        self._connect_market()
        self._apply_theme()
        self.place = KeptPlace(self, self.store, self._has_settings)
        self._restore_place()
        # Those who wait for candles, until the window is left.
        self._waits: set[asyncio.Future[None]] = set()
        self._is_left = False
        self._status_timer = self._made_status_timer()

    # -- for the application --------------------------------------------------------------------

    async def load(self) -> None:
        """Load the chart page, or return where `leave` was called meanwhile.

        Raises
        ------
        PageError
            The chart library is missing, or the page did not load.
        """
        self.status_bar.announce(self.tr("Starting…"))
        self.market.fit_overrides()
        self._show_settings(self.market.settings)
        if await self.page.load_chart(self.theme):
            self._status_timer.start()

    async def show_source(
        self, source: Source, waiting: Source | None = None, *, at_once: bool = True
    ) -> None:
        """Show the candles and the heatmap of `source`, instead of the one before.

        Parameters
        ----------
        source
            What to show.
        waiting
            The source in whose place it is shown: the status bar says how that one fares, and the
            settings are those of its recorder.
        at_once
            Without candles, until they come; else what is shown stays until then, and `tend` has
            to run.
        """
        await self.market.show_source(source, waiting, at_once=at_once)

    async def tend(self) -> None:
        """Load candles and instruments whenever others are wanted, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.market.tend(), name="Heatmap candles")
            tasks.create_task(self._instruments.run(), name="Heatmap instruments")

    async def leave(self) -> None:
        """Stop the candles and detach the heatmap; the sources are closed by whoever made them.

        What waits for the chart or its candles waits no more.
        """
        self._is_left = True
        self.place.leave()
        self._status_timer.stop()
        self.page.give_up()
        for waiting in self._waits:
            waiting.cancel()
        self.replay.leave()
        self._watch.follow(None, None)
        await self.market.leave()
        self.layer.detach()

    def announce(self, text: str) -> None:
        """Say what is going on while there is no source yet."""
        self.status_bar.announce(text)
        self.setWindowTitle(text)

    async def wait_for_candles(self, patience_s: float | None) -> bool:
        """Wait until the page shows candles of the source that was asked for last.

        ``False`` when it takes too long, or the window is left; ``None``: as long as it takes.
        """
        if self._is_left:
            return False
        waiting = asyncio.ensure_future(self.market.wait_for_candles())
        self._waits.add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=patience_s)
            return waiting.done() and not waiting.cancelled() and waiting.result() is None
        finally:
            self._waits.discard(waiting)
            waiting.cancel()

    def refresh_status(self) -> None:
        """Show the state, the title, the offer and unseen alerts as they are now."""
        self.bell.refresh()
        source, waiting = self.market.source, self.market.waiting
        if source is None:
            return
        self.market.show_price_format()
        self.market.fit_overrides()
        self._older.show_limit()
        self._watch.follow((waiting or source).service, self.layer.symbol)
        state = self._watch.state(source.service.kind)
        if state is None:
            # It is told in a moment; what was said of another symbol is not so of this one.
            self.status_bar.announce(connecting_words(self.layer.symbol or ""))
            self.status_bar.show_offer("")
            self.card.show(None)
            self._show_title("")
            return
        # What it is called does not change with the time that is shown.
        name = state_words(state, self._clock)
        words = name
        if self.replay.shown is not ShownTime.NOW:
            state = replace(state, shown=self.replay.shown, shown_ms=self.replay.shown_ms)
            words = state_words(state, self._clock)
        elif source.is_paused:
            words = name = paused_words(words, self.page.clock(source.service.clock()))
        trouble, details = self._troubles.words(source, waiting)
        is_waiting = state.situation is Situation.CONNECTING
        is_calm = not (state.is_bad or is_waiting) and words.tone is not StateTone.REPLAY
        self.status_bar.show_words(words, trouble if is_calm else "", [trouble, *details])
        self.card.show(words)
        # Once: the card has it where there is one to be seen.
        is_on_card = bool(words.card) and self.page.has_card
        self.status_bar.show_offer(
            "" if is_on_card else self._deeds.offer(words.action, words.button)
        )
        self._show_title(name.word if name.tone in _BAD_TITLE else "")
        self.state_told.emit(tray_words(state.symbol, name.word, self._hour_amounts()))
        self._deeds.refresh()

    def status_text(self) -> str:
        """Return all that the status bar knows, and what was measured, as one line of text."""
        self.refresh_status()
        source = self.market.source
        timing = "" if source is None else timing_words(source.service.status())
        return "  |  ".join(filter(None, [self.status_bar.text(), timing]))

    def set_theme(self, theme: str) -> None:
        """Use the ``dark`` or ``light`` colours."""
        self.theme = theme
        self._apply_theme()
        self.page.set_theme(theme)
        for dock in self.findChildren(SettingsDock):
            dock.tab.show_choices()

    @property
    def settings_page(self) -> int | None:
        """Which page of the open settings is in front, from 0; ``None``: they are shut."""
        docks = self.findChildren(SettingsDock)
        return docks[0].tab.page_number if docks else None

    def open_settings(self, page: int | None = None) -> None:
        """Open the settings beside the chart, or bring those to the front that are open.

        `page` is the one in front, from 0; ``None``: that which is, or the first.
        """
        service = self.market.service
        if service is None:
            return
        docks = self.findChildren(SettingsDock)
        if not docks:
            store = self.store.program
            choices = window_choices(
                store,
                self.chart_choices,
                lambda: self.theme,
                self.look_chosen.emit,
                self.language_chosen.emit,
            )
            docks = [SettingsDock(service, store, self.theme, self, choices)]
            docks[0].tab.alerts.set_time_zone(self.docks.alerts.time_zone)
            colour(docks[0], self.theme)
            self._focus_return.watch(docks[0])
            self.docks.note_sizes()
            docks[0].open_beside(self)
            if self.docks.are_open and not docks[0].isFloating():
                # In the place of the panels, which come back.
                self.docks.make_room()
                docks[0].closed.connect(self.docks.come_back)
                docks[0].moved_out.connect(self.docks.come_back)
        if page is not None:
            docks[0].tab.page_number = page
        docks[0].come_forward()

    def parts(self) -> list[tuple[QWidget, QWidget]]:
        """Return where F6 leads, one after the other: bar, chart, docks that are open.

        Each with what gets the keyboard in it.
        """
        # A floating one is a window of its own.
        beside = [one for one in self.findChildren(SettingsDock) if not one.isFloating()]
        settings = [(one, one.tab) for one in beside if one.isVisible()]
        bar, chart = (self.tool_bar, self.tool_bar.menu_button), (self.view, self.view)
        return [bar, chart, *self.docks.parts(), *settings]

    # -- Qt -----------------------------------------------------------------------------------

    @override
    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin with docks where there is room for them."""
        super().showEvent(event)
        if self.focusWidget() is None or self.tool_bar.isAncestorOf(self.focusWidget()):
            # Its keys are the ones that are pressed first.
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Keep place and docks; tell that the user has closed the window."""
        self.keep_place()
        super().closeEvent(event)
        self.closed.emit()

    def keep_place(self) -> None:
        """Shut the settings, and keep where the window and its docks are, and what it shows."""
        for dock in self.findChildren(SettingsDock):
            dock.close()
        self.place.keep()
        self.store.set_text("interval", self.tool_bar.intervals.currentData())
        self.market.keep()
        self.chart_choices.keep()

    # -- inside -------------------------------------------------------------------------------

    def _made_status_timer(self) -> QTimer:
        timer = QTimer(self)
        # Qt gathers the others of all windows at one moment, which would have them wait together.
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(STATUS_PERIOD_MS)
        timer.timeout.connect(self.refresh_status)
        return timer

    def _make_actions(self) -> Actions:
        actions = Actions(self, self._deeds.handlers())
        actions.add("panels", self.docks.toggle)
        actions.add("alerts", self.docks.alerts_toggle)
        actions.add("replay", self.replay.begin_action)
        actions.add("as_of", self.replay.as_of_action)
        actions.fill_menu()
        self.tool_bar.add_actions(
            actions.menu,
            (
                (self.docks.alerts_toggle, "bell", True),
                (self.replay.begin_action, "replay", False),
                (actions["save_picture"], "camera", False),
                (self.docks.toggle, "panels", False),
                (actions["settings"], "settings", True),
            ),
        )
        button = self.tool_bar.menu_button
        button.setToolTip(with_keys(self.tr("Menu"), actions.open_menu))
        button.setAccessibleName(self.tr("Menu"))
        actions.open_menu.triggered.connect(lambda _checked: button.showMenu())
        keys = ChartKeys(self.view)
        keys.letter_typed.connect(self.tool_bar.symbols.search)
        keys.digit_typed.connect(self.interval_box.begin)
        keys.scroll_asked.connect(self.page.scroll)
        keys.zoom_asked.connect(self.page.zoom)
        keys.escape_pressed.connect(partial(shut_topmost, self))
        keys.alt_tapped.connect(button.showMenu)
        AltTap(self).tapped.connect(button.showMenu)
        box = self.tool_bar.symbols
        box.setToolTip(with_keys(self.tr("Find a symbol"), actions["find_symbol"]))
        return actions

    def _connect_market(self) -> None:
        market = self.market
        market.settings_changed.connect(self._show_settings)
        market.service_changed.connect(self._on_service)
        market.named.connect(lambda: self.tool_bar.symbols.set_symbol(self.layer.symbol or ""))
        market.named.connect(self.refresh_status)
        market.attached.connect(self.docks.set_service)
        market.attached.connect(self.bell.set_service)
        market.attached.connect(self.last_hour.set_service)
        market.attached.connect(self.replay.set_service)
        self.docks.alerts.edit_wanted.connect(lambda: self.open_settings(ALERTS_PAGE))
        self.docks.free_place = partial(shut_docked, self)
        self.docks.changed = lambda: self.last_hour.setVisible(not self.docks.totals.isVisible())

    def _connect_tool_bar(self) -> None:
        self.tool_bar.field_chosen.connect(self.market.set_field)
        self.tool_bar.interval_chosen.connect(self._keep_interval)
        self.tool_bar.symbols.symbol_chosen.connect(self.market.choose_symbol)
        self.tool_bar.symbols.left.connect(self.view.setFocus)
        self.tool_bar.symbols.set_source(self._symbol_rows)

    def _connect_page(self) -> None:
        page = self.page
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(RESIZED_MS)
        self._resized.timeout.connect(self._take_width)
        page.pane_resized.connect(self._resized.start)
        # A row of the tape may be of a time before all candles: these are loaded first.
        self.docks.tape.event_activated.connect(
            lambda event: page.scroll_to(event.ts_ms, event.price)
        )
        page.place_reached.connect(self.layer.show_place)
        page.card_shut.connect(self.refresh_status)
        page.card_fitted.connect(self.refresh_status)
        page.scale_moved.connect(self._deeds.refresh)

    @property
    def shown_ms(self) -> int | None:
        """The time that the chart shows, UTC milliseconds; ``None``: nothing yet."""
        source = self.market.source
        return self.replay.shown_ms or (None if source is None else source.service.clock())

    def _clock(self, ts_ms: int) -> str:
        """Return a time as the chart says it; with the day where that is not today's.

        Not the day of the newest candle: candles may stand still, or be of the time that is shown.
        """
        source = self.market.waiting or self.market.source
        now_ms = ts_ms if source is None else source.service.clock()
        return self.page.times.clock(ts_ms, now_ms)

    def _hour_amounts(self) -> tuple[str, str] | None:
        """Return the last hour's longs and shorts; ``None``: they are not followed just now."""
        totals = self.docks.totals
        if self.replay.shown is not ShownTime.NOW:
            return None
        if totals.isVisible():
            _hour, longs, shorts, _share = totals.texts()[0]
            return longs, shorts
        return self.last_hour.amounts if self.last_hour.isVisible() else None

    def _take_width(self) -> None:
        """Have candles that are as fine as the pane's width allows, and say so in the bar."""
        self.tool_bar.show_settings(self.market.settings, self.page.pane_px)
        self.market.request_candles()

    def _show_settings(self, settings: HeatmapSettings) -> None:
        self.tool_bar.show_settings(settings, self.page.pane_px)
        has_room = wants_room(settings.heat)
        has_tags = not has_room and settings.enabled and settings.level_tags > 0
        self.page.set_room(has_room=has_room, has_tags=has_tags)
        self.page.set_bars(has_bars=settings.candle_bars and settings.enabled)
        self._deeds.refresh()

    def _on_service(self, _service: HeatmapService | None) -> None:
        # The settings set the service that they were opened for.
        for dock in self.findChildren(SettingsDock):
            dock.close()

    def _keep_interval(self) -> None:
        self.store.set_text("interval", self.tool_bar.intervals.currentData())
        self.market.request_candles()

    def _apply_theme(self) -> None:
        self.setStyleSheet(style_sheet(self.theme))
        # Afterwards: another style sheet gives each widget the palette that it had before.
        colour(self, self.theme)
        self.page.setBackgroundColor(background(self.theme))
        self.tool_bar.set_theme(self.theme)
        self.status_bar.set_theme(self.theme)

    def _restore_place(self) -> None:
        self.setMinimumSize(*LEAST_SIZE)
        size, screen = QSize(*FIRST_SIZE), self.screen()
        # A screen that nobody looks at is no reason for a small picture.
        if screen is not None and QGuiApplication.platformName() != "offscreen":
            size = first_size(size, screen.availableSize(), self.minimumSize())
        self.resize(size)
        if self.place.restore():
            self.docks.keep_open()
        intervals = self.tool_bar.intervals
        intervals.show_index(intervals.findData(self.store.text("interval")))

    def _has_settings(self) -> bool:
        return any(not dock.isHidden() for dock in self.findChildren(SettingsDock))

    def _symbol_rows(self, typed: str) -> list[SymbolRow]:
        source = self.market.source
        if source is None:
            return []
        self._instruments.want(source)
        recorder = source.service.recorder_status()
        told = () if recorder is None else (*recorder.tick_sizes, *recorder.mark_prices)
        known, recorded = {*source.listed, *told}, self.market.recorded
        return symbol_rows(
            typed,
            recorded,
            known,
            only=source.symbol,
            shown=self.layer.symbol or "",
            listing=self._instruments.state,
        )

    def _show_title(self, state: str) -> None:
        exponent = 0
        if self.market.tick_size is not None:
            exponent = int(self.market.tick_size.normalize().as_tuple().exponent)
        # The present price would tell what came later.
        is_now = self.replay.shown is ShownTime.NOW
        closes = self.market.closes if is_now else self.replay.candles.closes
        title = title_words(self.layer.symbol or "", state, closes, max(0, -exponent))
        self.setWindowTitle(self.replay.titled(title))
