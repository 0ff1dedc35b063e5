"""The standalone window: candles, tool bar, settings dialog, status bar.

It uses the plugin's public surface only, as a host does; `make check` holds that.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from PyQt6.QtCore import QSettings, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QShowEvent
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QMainWindow

from Heatmap import Failure, HeatmapService, HeatmapSettings, wants_room
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_counts import (
    first_candles,
    loaded_candles,
    step_of_digits,
    visible_candles,
)
from Heatmap.standalone.candle_switch import USUAL_SYMBOL, CandleCounts, CandleSwitch, View
from Heatmap.standalone.chart_choices import ChartChoices
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.docks import Docks
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.market_watch import MarketWatch
from Heatmap.standalone.older_candles import OlderCandles
from Heatmap.standalone.settings_dialog import SettingsDialog
from Heatmap.standalone.sources import Source
from Heatmap.standalone.state_card import StateCard
from Heatmap.standalone.status_bar import StatusBar
from Heatmap.standalone.status_line import (
    connection_words,
    event_words,
    source_words,
    timing_words,
    title_words,
)
from Heatmap.standalone.symbol_choice import SymbolChoice
from Heatmap.standalone.theme import THEME_PALETTES, background, colour, style_sheet
from Heatmap.standalone.tool_bar import ToolBar
from Heatmap.ui import HeatmapLayer, StateAction, failure_words, save_settings

logger = get_logger(__name__)

STATUS_PERIOD_MS = 1000
RESIZED_MS = 400
"""Another width of the pane is taken over once it has stayed so long."""


class ChartWindow(QMainWindow):
    """Candles of one symbol with the heatmap behind them.

    `load` is awaited first; `show_source` then shows a source, later perhaps another. The symbol is
    the first of the recorded ones that has candles; whatever is chosen, candles, heat, title,
    digits and watermark change together, when the new candles are there.

    More than 25 methods: what the program asks of it, what the user does and what candles bring all
    end in the same few changes of one picture.

    Parameters
    ----------
    store
        Where settings that the user changes are kept.
    theme
        ``dark`` or ``light``.
    """

    closed = pyqtSignal()

    def __init__(self, store: QSettings, theme: str) -> None:
        super().__init__()
        self._store = store
        self._theme = theme
        # What is shown, and what is to be: another one while its candles load.
        self._source: Source | None = None
        self._target: Source | None = None
        self._waiting: Source | None = None
        # The recorder whose settings are shown and set.
        self._service: HeatmapService | None = None
        # Sources and candles are changed one after the other.
        self._switching = asyncio.Lock()
        self._shown_window_ms = 0
        self._shown_tick_size: Decimal | None = None
        self._symbols = SymbolChoice(store)
        # The page shows candles of the target.
        self._has_candles = asyncio.Event()
        # Candles are to be loaded, or to be left; `tend` does it.
        self._work = asyncio.Event()
        self.page = ChartPage(self)
        self._candles = CandleSwitch(
            self._show_history,
            self.page.update_candle,
            self.page.add_older_candles,
            self._note_unknown,
            self._work.set,
        )
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setCentralWidget(self.view)
        self.layer = HeatmapLayer(
            self.page,
            chart="chart",
            candles="candleSeries",
            bars="barsSeries",
            legend="heatLegend",
        )
        # This page's candles are in UTC: nothing is to be found out.
        self.layer.set_time_offset(0)
        self.tool_bar = ToolBar()
        self.tool_bar.field_chosen.connect(lambda name, value: self._change(**{name: value}))
        self.tool_bar.interval_chosen.connect(self._request_candles)
        self.tool_bar.theme_asked.connect(self._switch_theme)
        self.tool_bar.settings_asked.connect(self.open_settings)
        self.addToolBar(self.tool_bar)
        self.status_bar = StatusBar()
        self.setStatusBar(self.status_bar)
        self.docks = Docks(self, self.layer)
        self.market = MarketWatch()
        self.card = StateCard(
            self.page,
            {
                StateAction.SHOW_PREDICTED: lambda: self._change(heat="predicted"),
                StateAction.RECORD_SYMBOL: lambda: self._change(symbols=self._with_shown()),
                StateAction.CHECK_CONNECTION: self.open_settings,
            },
        )
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(RESIZED_MS)
        self._resized.timeout.connect(self._request_candles)
        self.page.pane_resized.connect(self._resized.start)
        # A row of the tape may be of a time before all candles: these are loaded first.
        self.docks.tape.event_activated.connect(
            lambda event: self.page.scroll_to(event.ts_ms, event.price)
        )
        self.page.place_reached.connect(self.layer.show_place)
        self._older = OlderCandles(self.page, self._candles)
        self.chart_choices = ChartChoices(store, self.page, self.docks.tape)
        self._apply_theme()
        self.resize(1180, 700)
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(STATUS_PERIOD_MS)
        self._status_timer.timeout.connect(self.refresh_status)

    # -- for the application --------------------------------------------------------------------

    async def load(self) -> None:
        """Load the chart page.

        Raises
        ------
        PageError
            The chart library is missing, or the page did not load.
        """
        await self.page.load_chart(self._theme)
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
        async with self._switching:
            if at_once:
                self._leave_source()
            self._target, self._waiting = source, waiting
            self._has_candles.clear()
            self._symbols.begin()
            self._follow((waiting or source).service)
            settings = self._settings()
            if at_once:
                self._source = source
                symbol = self._symbols.first(source, settings.symbols, self._candles.shown)
                self._name_source(source, symbol)
                self.layer.set_symbol(symbol)
                source.service.attach(self.layer)
                self.docks.set_service(source.service)
            self._show_settings(settings)
            await self._candles.carry_out(self._candle_counts)

    async def tend(self) -> None:
        """Load candles whenever others are wanted, until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            async with self._switching:
                await self._candles.carry_out(self._candle_counts)

    async def leave(self) -> None:
        """Stop the candles and detach the heatmap; the sources are closed by whoever made them."""
        self._status_timer.stop()
        async with self._switching:
            self._leave_source()
            self._follow(None)
            await self._candles.carry_out(self._candle_counts)
        self.layer.detach()

    def announce(self, text: str) -> None:
        """Say what is going on while there is no source yet."""
        self.tool_bar.source_name.setText(text)
        self.setWindowTitle(text)

    async def wait_for_candles(self, patience_s: float | None) -> bool:
        """Wait until the page shows candles of the source that was asked for last.

        ``False`` when it takes too long; ``None``: as long as it takes.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._has_candles.wait()
                # A candle that comes before the first frame would shift the visible range.
                await self.page.wait_for_frame()
        except TimeoutError:
            return False
        return True

    def refresh_status(self) -> None:
        """Show connection, events and timings as they are now."""
        source = self._source
        if source is None:
            return
        self._show_price_format()
        self._older.show_limit()
        self.market.follow(source.service, self.layer.symbol)
        self.card.show(self.market.state())
        status = source.service.status()
        texts = [_connection_of(source)]
        if self._waiting is not None:
            texts.append(_connection_of(self._waiting))
        failures = [status["failure"], *(layer["failure"] for layer in status["layers"])]
        texts += [failure_words(Failure.from_plain(one)) for one in failures if one is not None]
        texts += [*self._candles.problems(), self._symbols.words(self._target)]
        self.status_bar.show_texts(
            "; ".join(filter(None, texts)),
            event_words(source.service.recorder_status()),
            timing_words(status),
        )

    def status_text(self) -> str:
        """Return the status bar as one line of text."""
        self.refresh_status()
        return self.status_bar.text()

    @override
    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin with docks where there is room for them."""
        self.docks.begin(self.width())
        super().showEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Tell that the user has closed the window."""
        super().closeEvent(event)
        self.closed.emit()

    # -- parts --------------------------------------------------------------------------------

    def open_settings(self) -> None:
        """Open the settings dialog; what is changed there shows at once, Cancel takes it back."""
        if self._service is not None:
            dialog = SettingsDialog(self._service, self._store, self._theme, self)
            colour(dialog, self._theme)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    # -- settings -----------------------------------------------------------------------------

    def _change(self, **values: object) -> None:
        service = self._service
        if service is not None:
            settings = service.settings.changed(**values)
            service.apply_settings(settings)
            save_settings(self._store, settings, values)

    def _show_settings(self, settings: HeatmapSettings) -> None:
        self.tool_bar.show_settings(settings)
        self.page.set_room(has_room=wants_room(settings.heat))
        self.page.set_bars(has_bars=settings.candle_bars and settings.enabled)
        self._symbols.set_recorded(settings.symbols)
        self._request_candles()

    def _switch_theme(self) -> None:
        before, self._theme = self._theme, "light" if self._theme == "dark" else "dark"
        self._store.setValue("Window/theme", self._theme)
        self._apply_theme()
        self.page.set_theme(self._theme)
        service = self._service
        if service is not None:
            # Not stored: they go with the theme, until the user chooses a palette.
            palettes = {
                name: THEME_PALETTES[self._theme]
                for name in ("palette", "predicted_palette")
                if getattr(service.settings, name) == THEME_PALETTES[before]
            }
            service.apply_settings(service.settings.changed(**palettes))

    def _apply_theme(self) -> None:
        colour(self, self._theme)
        self.setStyleSheet(style_sheet(self._theme))
        self.page.setBackgroundColor(background(self._theme))

    # -- source and candles -------------------------------------------------------------------

    def _name_source(self, source: Source, symbol: str) -> None:
        self.setWindowTitle(title_words(symbol, source.name))
        self.tool_bar.source_name.setText(f"{symbol}  {source_words(source.name)}")

    def _leave_source(self) -> None:
        """Show nothing any more: no candle of one source under the name of another."""
        self._has_candles.clear()
        self._waiting = self._target = None
        if self._candles.shown is not None:
            self.page.clear_candles()
        self._candles.leave()
        source, self._source = self._source, None
        self.market.leave()
        self.page.hide_card()
        if source is not None:
            source.service.detach(self.layer)
            self.docks.set_service(None)

    def _follow(self, service: HeatmapService | None) -> None:
        """Show and set the settings of `service`, and no other's."""
        before, self._service = self._service, service
        if before is service:
            return
        # A dialog sets the service that it was opened for.
        for dialog in self.findChildren(SettingsDialog):
            dialog.reject()
        if before is not None:
            before.remove_settings_listener(self._show_settings)
        if service is not None:
            service.add_settings_listener(self._show_settings)

    def _settings(self) -> HeatmapSettings:
        return HeatmapSettings() if self._service is None else self._service.settings

    def _candle_counts(self, view: View) -> CandleCounts:
        window_ms = self._settings().window_ms
        first = first_candles(window_ms, view.interval)
        return CandleCounts(first, loaded_candles(window_ms, view.interval))

    def _request_candles(self) -> None:
        """Have other candles loaded, or others of them shown, when settings or interval say so."""
        target = self._target
        if target is None:
            return
        settings = self._settings()
        symbol = self._symbols.best(target, settings.symbols, self._candles.shown)
        pane_px = self.page.pane_px
        view = View(target, symbol, self.tool_bar.interval(settings.window_ms, pane_px))
        self._candles.want(view)
        if settings.covers_pane:
            return
        if view == self._candles.shown and settings.window_ms != self._shown_window_ms:
            self._shown_window_ms = settings.window_ms
            self.page.show_newest(visible_candles(settings.window_ms, view.interval))

    def _with_shown(self) -> tuple[str, ...]:
        """Return the symbols to record with the shown one among them."""
        return tuple(dict.fromkeys((*self._settings().symbols, self.layer.symbol or USUAL_SYMBOL)))

    def _note_unknown(self, view: View) -> None:
        """Go on with the next symbol: the source does not have this one."""
        if view.source is self._target and not view.source.symbol:
            self._symbols.note_unknown(view.symbol)
            self._request_candles()

    def _show_history(self, view: View, candles: Sequence[Candle]) -> None:
        """Show a view as a whole: every part of the picture changes here, and nowhere else."""
        source = view.source
        if source is not self._source:
            if self._source is not None:
                self._source.service.detach(self.layer)
            self._source = source
            self.layer.set_symbol(view.symbol)
            source.service.attach(self.layer)
            self.docks.set_service(source.service)
        self.layer.set_symbol(view.symbol)
        self._name_source(source, view.symbol)
        settings = self._settings()
        self._shown_window_ms = settings.window_ms
        self._shown_tick_size = self._known_tick_size() or step_of_digits(candles)
        self.page.set_candles(
            candles,
            visible_candles(settings.window_ms, view.interval),
            self._shown_tick_size,
            (view.symbol, view.interval),
        )
        if not source.symbol:
            self._symbols.note_shown(view.symbol)
        if source is self._target:
            self._has_candles.set()

    def _known_tick_size(self) -> Decimal | None:
        """Return the tick size of the shown symbol where the exchange has told it, ever."""
        source, symbol = self._source, self.layer.symbol
        if source is None or symbol is None:
            return None
        origin = source.service.status()["tick_sizes"].get(symbol, "assumed")
        return None if origin == "assumed" else source.service.tick_size(symbol)

    def _show_price_format(self) -> None:
        """Show prices with the digits of the tick size, which may be told after the candles."""
        tick_size = self._known_tick_size()
        is_shown = self._candles.shown is not None
        if is_shown and tick_size is not None and tick_size != self._shown_tick_size:
            self._shown_tick_size = tick_size
            self.page.set_price_format(tick_size)


def _connection_of(source: Source) -> str:
    service = source.service
    return connection_words(source.name, service.recorder_status(), is_running=service.is_running())
