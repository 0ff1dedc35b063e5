"""The standalone window: candles, toolbar, settings dialog, status bar.

It uses the plugin's public surface only, as a host does; `make check` holds that.
"""

import asyncio
import html
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

from PyQt6.QtCore import QSettings, QSignalBlocker, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QCloseEvent, QColor, QPalette
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from Heatmap import Failure, HeatmapService, HeatmapSettings
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import ALL_SYMBOLS, WINDOWS_S
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_switch import CandleCounts, CandleSwitch, View, symbols_to_try
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.sources import Source
from Heatmap.standalone.status_line import connection_words, event_words, timing_words
from Heatmap.ui import HeatmapLayer, HeatmapSettingsTab, failure_words, save_settings

logger = get_logger(__name__)

STATUS_PERIOD_MS = 1000
CANDLE_COUNT = 1500
"""Candles that are loaded, so that the chart can be scrolled back."""
SPARE_CANDLES = 50
THEME_PALETTES = {"dark": "aurora", "light": "daylight"}
"""Palette that suits a background, where the user has not chosen one."""
MOST_AUTOMATIC_CANDLES = 720
"""With the automatic interval a window shows at most this many candles."""
MOST_CANDLES = 6_000
"""No more are loaded, whatever interval is chosen for a long window."""
SELECTABLE_INTERVALS = ("1m", "3m", "5m", "15m", "1h")
_SHOWN_SYMBOL = "Window/symbol"
# Candles that are looked at for their digits.
_DIGITS_CANDLES = 200


def window_defaults(theme: str) -> HeatmapSettings:
    """Return the settings of a window whose only purpose is the heatmap, for a theme.

    A reset does not switch the heatmap off, and the chart is full on its first day.
    """
    palette = THEME_PALETTES[theme]
    return HeatmapSettings(enabled=True, heat="both", palette=palette, predicted_palette=palette)


class SettingsDialog(QDialog):
    """The settings of the standalone window: the plugin's tab in a dialog."""

    def __init__(
        self, service: HeatmapService, store: QSettings, theme: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.tab = HeatmapSettingsTab(service, store, defaults=window_defaults(theme))
        tabs = QTabWidget()
        tabs.addTab(self.tab, self.tr("Heatmap"))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._accept_unless_refused)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)
        layout.addWidget(buttons)

    def _accept_unless_refused(self) -> None:
        """Close, unless something was entered that cannot be used: that must not go unnoticed."""
        if not self.tab.problem_text():
            self.accept()


class ChartWindow(QMainWindow):
    """Candles of one symbol with the heatmap behind them.

    `load` is awaited first; `show_source` then shows a source, later perhaps another. The symbol is
    the first of the recorded ones that has candles; whatever is chosen, candles, heat, title,
    digits and watermark change together, when the new candles are there.

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
        # Symbols that the target does not have, among those that are recorded.
        self._unknown: set[str] = set()
        self._recorded: tuple[str, ...] = ()
        # The page shows candles of the target.
        self._has_candles = asyncio.Event()
        # Candles are to be loaded, or to be left; `tend` does it.
        self._work = asyncio.Event()
        self._candles = CandleSwitch(
            self._show_history,
            self._show_candle,
            self._show_older,
            self._note_unknown,
            self._work.set,
        )
        self.page = ChartPage(self)
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setCentralWidget(self.view)
        self.layer = HeatmapLayer(self.page, chart="chart", candles="candleSeries")
        # This page's candles are in UTC: nothing is to be found out.
        self.layer.set_time_offset(0)
        self._toggle = QAction(self.tr("Heatmap"), self)
        self._windows = QComboBox()
        self._intervals = QComboBox()
        self._source_name = QLabel()
        self._connection = QLabel()
        self._events = QLabel()
        self._timing = QLabel()
        self._build_tool_bar()
        self._build_status_bar()
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
            self._unknown.clear()
            self._follow((waiting or source).service)
            settings = self._settings()
            if at_once:
                self._source = source
                symbol = self._symbols(settings)[0]
                self._name_source(source, symbol)
                self.layer.set_symbol(symbol)
                source.service.attach(self.layer)
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
        self._source_name.setText(text)
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
        status = source.service.status()
        texts = [_connection_of(source)]
        if self._waiting is not None:
            texts.append(_connection_of(self._waiting))
        failures = [status["failure"], *(layer["failure"] for layer in status["layers"])]
        texts += [failure_words(Failure.from_plain(one)) for one in failures if one is not None]
        texts += [*self._candles.problems(), self._unknown_words()]
        line = "; ".join(filter(None, texts))
        self._connection.setText(line)
        # A tool tip has no format of its own: what looks like mark-up would be taken for it.
        self._connection.setToolTip(html.escape(line))
        self._events.setText(event_words(source.service.recorder_status()))
        self._timing.setText(timing_words(status))

    def status_text(self) -> str:
        """Return the status bar as one line of text."""
        self.refresh_status()
        labels = (self._connection, self._events, self._timing)
        return "  |  ".join(label.text() for label in labels if label.text())

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Tell that the user has closed the window."""
        super().closeEvent(event)
        self.closed.emit()

    # -- parts --------------------------------------------------------------------------------

    def _build_tool_bar(self) -> None:
        bar = QToolBar(self.tr("Heatmap"))
        bar.setMovable(False)
        self._toggle.setCheckable(True)
        self._toggle.setToolTip(self.tr("Show or hide the heatmap; recording goes on either way"))
        self._toggle.toggled.connect(lambda on: self._change(enabled=on))
        bar.addAction(self._toggle)
        for key in WINDOWS_S:
            self._windows.addItem(key, key)
        self._windows.setToolTip(self.tr("Time span of the heatmap"))
        self._windows.currentIndexChanged.connect(
            lambda _index: self._change(window=self._windows.currentData())
        )
        bar.addWidget(self._windows)
        self._intervals.addItem(self.tr("auto"), "")
        for interval in SELECTABLE_INTERVALS:
            self._intervals.addItem(interval, interval)
        self._intervals.setToolTip(self.tr("Candle interval"))
        self._intervals.currentIndexChanged.connect(lambda _index: self._request_candles())
        bar.addWidget(self._intervals)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spacer)
        self._source_name.setObjectName("sourceName")
        self._source_name.setTextFormat(Qt.TextFormat.PlainText)
        bar.addWidget(self._source_name)
        theme = bar.addAction(self.tr("Dark / light"))
        settings = bar.addAction(self.tr("Settings…"))
        if theme is not None and settings is not None:
            theme.triggered.connect(self._switch_theme)
            settings.triggered.connect(self.open_settings)
        self.addToolBar(bar)

    def _build_status_bar(self) -> None:
        bar = self.statusBar()
        if bar is not None:
            bar.setSizeGripEnabled(False)
            for label in (self._connection, self._events, self._timing):
                label.setTextFormat(Qt.TextFormat.PlainText)
            bar.addWidget(self._connection, 2)
            bar.addWidget(self._events, 1)
            bar.addPermanentWidget(self._timing)

    def open_settings(self) -> None:
        """Open the settings dialog; what is changed there shows at once, Cancel takes it back."""
        if self._service is not None:
            dialog = SettingsDialog(self._service, self._store, self._theme, self)
            _colour(dialog, self._theme)
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
        with QSignalBlocker(self._toggle):
            self._toggle.setChecked(settings.enabled)
        with QSignalBlocker(self._windows):
            self._windows.setCurrentIndex(self._windows.findData(settings.window))
        self.page.set_room(has_room=settings.heat != "recorded")
        if settings.symbols != self._recorded:
            self._recorded = settings.symbols
            self._unknown.clear()
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
        colours = _CHROME[self._theme]
        _colour(self, self._theme)
        self.setStyleSheet(_STYLE.format(**colours))
        self.page.setBackgroundColor(QColor(colours["background"]))

    # -- source and candles -------------------------------------------------------------------

    def _name_source(self, source: Source, symbol: str) -> None:
        self.setWindowTitle(f"{symbol} liquidations - {source.name}")
        self._source_name.setText(f"{symbol}  {source.name}")

    def _leave_source(self) -> None:
        """Show nothing any more: no candle of one source under the name of another."""
        self._has_candles.clear()
        self._waiting = self._target = None
        if self._candles.shown is not None:
            self.page.clear_candles()
        self._candles.leave()
        source, self._source = self._source, None
        if source is not None:
            source.service.detach(self.layer)

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

    def _symbols(self, settings: HeatmapSettings) -> list[str]:
        """Return which symbols may be shown, the best first."""
        shown = self._candles.shown
        is_same = shown is not None and shown.source is self._target
        others = [shown.symbol] if shown is not None and is_same else []
        return symbols_to_try(self._target, settings.symbols, *others, self._last_symbol())

    def _last_symbol(self) -> str:
        """Return the symbol that was shown last, also in an earlier run; empty: not known."""
        text = str(self._store.value(_SHOWN_SYMBOL, ""))
        with suppress(SettingsError):
            return HeatmapSettings.from_texts({"symbols": text}).symbols[0]
        return ""

    def _wanted_interval(self, settings: HeatmapSettings) -> str:
        return str(self._intervals.currentData()) or automatic_interval(settings.window_ms)

    def _visible_bars(self, interval: str) -> int:
        return min(self._settings().window_ms // INTERVALS_MS[interval], MOST_CANDLES)

    def _candle_counts(self, view: View) -> CandleCounts:
        first = min(MOST_CANDLES, self._visible_bars(view.interval) + SPARE_CANDLES)
        return CandleCounts(first, max(CANDLE_COUNT, first))

    def _request_candles(self) -> None:
        """Have other candles loaded, or others of them shown, when settings or interval say so."""
        target = self._target
        if target is None:
            return
        settings = self._settings()
        symbols = self._symbols(settings)
        # Where none is known the first is asked for again and again.
        symbol = next((name for name in symbols if name not in self._unknown), symbols[0])
        view = View(target, symbol, self._wanted_interval(settings))
        self._candles.want(view)
        if view == self._candles.shown and settings.window_ms != self._shown_window_ms:
            self._shown_window_ms = settings.window_ms
            self.page.show_newest(self._visible_bars(view.interval))

    def _note_unknown(self, view: View) -> None:
        """Go on with the next symbol: the source does not have this one."""
        if view.source is self._target and not view.source.symbol:
            self._unknown.add(view.symbol)
            self._request_candles()

    def _unknown_words(self) -> str:
        """Say which of the recorded symbols cannot be shown."""
        target = self._target
        names = [name for name in self._recorded if name in self._unknown]
        if target is not None and target.symbol:
            recorded = self._recorded[0] if self._recorded else ALL_SYMBOLS
            names = [] if recorded in (ALL_SYMBOLS, target.symbol) else [recorded]
        return f"no candles of {', '.join(names)} here" if names else ""

    def _show_history(self, view: View, candles: Sequence[Candle]) -> None:
        """Show a view as a whole: every part of the picture changes here, and nowhere else."""
        source = view.source
        if source is not self._source:
            if self._source is not None:
                self._source.service.detach(self.layer)
            self._source = source
            self.layer.set_symbol(view.symbol)
            source.service.attach(self.layer)
        self.layer.set_symbol(view.symbol)
        self._name_source(source, view.symbol)
        settings = self._settings()
        self._shown_window_ms = settings.window_ms
        self._shown_tick_size = self._known_tick_size() or _tick_size_of(candles)
        self.page.set_candles(candles, self._visible_bars(view.interval), self._shown_tick_size)
        if not source.symbol:
            self._store.setValue(_SHOWN_SYMBOL, view.symbol)
        if source is self._target:
            self._has_candles.set()

    def _show_candle(self, candle: Candle) -> None:
        self.page.update_candle(candle)

    def _show_older(self, candles: Sequence[Candle]) -> None:
        self.page.add_older_candles(candles)

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


def _tick_size_of(candles: Sequence[Candle]) -> Decimal:
    """Return the step of the digits in which candles are told, where no tick size is known."""
    prices = [price for one in candles[-_DIGITS_CANDLES:] for price in (one.high, one.low)]
    digits = [Decimal(repr(price)).normalize().as_tuple().exponent for price in prices]
    return Decimal(1).scaleb(min((e for e in digits if isinstance(e, int)), default=0))


def automatic_interval(window_ms: int) -> str:
    """Return the finest candle interval of which a window holds at most 720."""
    for interval in SELECTABLE_INTERVALS:
        if window_ms <= MOST_AUTOMATIC_CANDLES * INTERVALS_MS[interval]:
            return interval
    return SELECTABLE_INTERVALS[-1]


_CHROME = {
    "dark": {
        "background": "#0f1218",
        "field": "#1a1f29",
        "text": "#c3c8d4",
        "edge": "#2b3240",
        "accent": "#2f6fdb",
    },
    "light": {
        "background": "#f7f8fa",
        "field": "#ffffff",
        "text": "#333a47",
        "edge": "#cfd5de",
        "accent": "#2f6fdb",
    },
}
_STYLE = """
QMainWindow, QToolBar, QStatusBar {{ background: {background}; color: {text}; }}
QToolBar {{ border: 0; border-bottom: 1px solid {edge}; spacing: 6px; padding: 3px; }}
QToolBar QToolButton, QToolBar QLabel, QStatusBar QLabel {{ color: {text}; padding: 2px 6px; }}
QToolBar QToolButton:hover {{ background: {field}; border-radius: 3px; }}
QToolBar QToolButton:checked {{ background: {accent}; color: white; border-radius: 3px; }}
QToolBar QComboBox {{ background: {field}; color: {text}; border: 1px solid {edge};
    border-radius: 3px; padding: 1px 6px; }}
QToolBar QComboBox::drop-down {{ border: 0; width: 16px; }}
QComboBox QAbstractItemView {{ background: {field}; color: {text}; }}
QLabel#sourceName {{ font-weight: bold; }}
"""


def _connection_of(source: Source) -> str:
    service = source.service
    return connection_words(source.name, service.recorder_status(), is_running=service.is_running())


def _colour(window: QWidget, theme: str) -> None:
    """Give a window and everything in it the colours of a theme."""
    colours = _CHROME[theme]
    # From the two colours Qt derives those of edges and shadows.
    palette = QPalette(QColor(colours["field"]), QColor(colours["background"]))
    for role, name in (
        (QPalette.ColorRole.Base, "field"),
        (QPalette.ColorRole.WindowText, "text"),
        (QPalette.ColorRole.Text, "text"),
        (QPalette.ColorRole.ButtonText, "text"),
        (QPalette.ColorRole.Highlight, "accent"),
    ):
        palette.setColor(role, QColor(colours[name]))
    # One by one: below a style sheet palettes are not handed on.
    for widget in (window, *window.findChildren(QWidget)):
        widget.setPalette(palette)
