"""The standalone window: candles, toolbar, settings dialog, status bar.

It uses the plugin's public surface only, as a host does; `make check` holds that.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

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

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.heatmap_settings import WINDOWS_S
from Heatmap.runtime.compat import override
from Heatmap.standalone.candle_feed import LIVE, CandleFeed
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.sources import Source
from Heatmap.standalone.status_line import connection_words, event_words, timing_words
from Heatmap.ui import HeatmapLayer, HeatmapSettingsTab, save_settings

if TYPE_CHECKING:
    from decimal import Decimal

logger = logging.getLogger(__name__)

STATUS_PERIOD_MS = 1000
CANDLE_COUNT = 1500
"""Candles loaded at the start, so that the chart can be scrolled back."""
SPARE_CANDLES = 50
THEME_PALETTES = {"dark": "aurora", "light": "daylight"}
"""Palette that suits a background, where the user has not chosen one."""
MOST_AUTOMATIC_CANDLES = 720
"""With the automatic interval a window shows at most this many candles."""
MOST_CANDLES = 6_000
"""No more are loaded, whatever interval is chosen for a long window."""
"""Candle interval that shows a window in a few hundred candles."""
SELECTABLE_INTERVALS = ("1m", "3m", "5m", "15m", "1h")


class SettingsDialog(QDialog):
    """The settings of the standalone window: the plugin's tab in a dialog."""

    def __init__(
        self, service: HeatmapService, store: QSettings, theme: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        # A window whose only purpose is the heatmap does not switch it off at a reset.
        defaults = HeatmapSettings(enabled=True, palette=THEME_PALETTES[theme])
        self.tab = HeatmapSettingsTab(service, store, defaults=defaults)
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

    `load` is awaited first; `show_source` then shows a source, later perhaps another.

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
        self._source: Source | None = None
        self._feed: CandleFeed | None = None
        self._interval = ""
        self._waiting: Source | None = None
        # Sources and intervals are changed one after the other.
        self._switching = asyncio.Lock()
        self._shown_window_ms = 0
        self._shown_tick_size: Decimal | None = None
        self._candle_state = ""
        # The page shows candles of the present source.
        self._has_candles = asyncio.Event()
        # Candles of another interval are wanted; `tend` loads them.
        self._reload_wanted = asyncio.Event()
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

    async def show_source(self, source: Source, waiting: Source | None = None) -> None:
        """Show the candles and the heatmap of `source`, instead of the one before.

        Parameters
        ----------
        source
            What to show.
        waiting
            The source in whose place it is shown; the status bar says how that one fares.
        """
        async with self._switching:
            await self._leave_source()
            self._source, self._waiting = source, waiting
            settings = source.service.settings
            symbol = settings.symbols[0]
            self._interval = self._wanted_interval(settings)
            self._name_source(source, symbol)
            self.layer.set_symbol(symbol)
            source.service.add_settings_listener(self._show_settings)
            source.service.attach(self.layer)
            self._show_settings(settings)
            await self._restart_candles(source)

    async def tend(self) -> None:
        """Load the candles anew whenever another interval is chosen, until cancelled."""
        while True:
            await self._reload_wanted.wait()
            self._reload_wanted.clear()
            async with self._switching:
                if self._source is not None:
                    await self._restart_candles(self._source)

    async def leave(self) -> None:
        """Stop the candles and detach the heatmap; the sources are closed by whoever made them."""
        self._status_timer.stop()
        async with self._switching:
            await self._leave_source()
        self.layer.detach()

    def announce(self, text: str) -> None:
        """Say what is going on while there is no source yet."""
        self._source_name.setText(text)
        self.setWindowTitle(text)

    async def wait_for_candles(self, patience_s: float) -> bool:
        """Wait until the page shows candles; ``False`` when it takes too long."""
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
        words = connection_words(source.name, status)
        if self._waiting is not None:
            words += "; " + connection_words(self._waiting.name, self._waiting.service.status())
        problems = [status["error"], *(layer["error"] for layer in status["layers"])]
        if self._candle_state not in ("", LIVE):
            problems.append(f"candles: {self._candle_state}")
        self._connection.setText("; ".join([words, *filter(None, problems)]))
        self._connection.setToolTip(self._connection.text())
        self._events.setText(event_words(status))
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
            bar.addWidget(self._connection, 2)
            bar.addWidget(self._events, 1)
            bar.addPermanentWidget(self._timing)

    def open_settings(self) -> None:
        """Open the settings dialog; what is changed there shows at once, Cancel takes it back."""
        if self._source is not None:
            dialog = SettingsDialog(self._source.service, self._store, self._theme, self)
            _colour(dialog, self._theme)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    # -- settings -----------------------------------------------------------------------------

    def _change(self, **values: object) -> None:
        source = self._source
        if source is not None:
            settings = source.service.settings.changed(**values)
            source.service.apply_settings(settings)
            save_settings(self._store, settings, values)

    def _show_settings(self, settings: HeatmapSettings) -> None:
        with QSignalBlocker(self._toggle):
            self._toggle.setChecked(settings.enabled)
        with QSignalBlocker(self._windows):
            self._windows.setCurrentIndex(self._windows.findData(settings.window))
        self._request_candles()

    def _switch_theme(self) -> None:
        before, self._theme = self._theme, "light" if self._theme == "dark" else "dark"
        self._store.setValue("Window/theme", self._theme)
        self._apply_theme()
        self.page.set_theme(self._theme)
        source = self._source
        if source is not None and source.service.settings.palette == THEME_PALETTES[before]:
            # Not stored: it goes with the theme, until the user chooses a palette.
            palette = THEME_PALETTES[self._theme]
            source.service.apply_settings(source.service.settings.changed(palette=palette))

    def _apply_theme(self) -> None:
        colours = _CHROME[self._theme]
        _colour(self, self._theme)
        self.setStyleSheet(_STYLE.format(**colours))
        self.page.setBackgroundColor(QColor(colours["background"]))

    # -- source and candles -------------------------------------------------------------------

    def _name_source(self, source: Source, symbol: str) -> None:
        self.setWindowTitle(f"{symbol} liquidations - {source.name}")
        self._source_name.setText(f"{symbol}  {source.name}")

    async def _leave_source(self) -> None:
        self._has_candles.clear()
        source, self._source = self._source, None
        self._waiting = None
        feed, self._feed = self._feed, None
        # A dialog sets the service that it was opened for.
        for dialog in self.findChildren(SettingsDialog):
            dialog.reject()
        if feed is not None:
            await feed.stop()
            # No candle of one source under the name of another.
            self.page.clear_candles()
        if source is not None:
            source.service.remove_settings_listener(self._show_settings)
            source.service.detach(self.layer)

    def _wanted_interval(self, settings: HeatmapSettings) -> str:
        return str(self._intervals.currentData()) or automatic_interval(settings.window_ms)

    def _visible_bars(self, settings: HeatmapSettings) -> int:
        return min(settings.window_ms // INTERVALS_MS[self._interval], MOST_CANDLES)

    def _request_candles(self) -> None:
        """Load the candles anew when another interval or window is wanted."""
        source = self._source
        if source is None:
            return
        settings = source.service.settings
        if self._wanted_interval(settings) != self._interval:
            self._reload_wanted.set()
        elif settings.window_ms != self._shown_window_ms:
            self._shown_window_ms = settings.window_ms
            self.page.show_newest(self._visible_bars(settings))

    async def _restart_candles(self, source: Source) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            await feed.stop()
        settings = source.service.settings
        self._interval = self._wanted_interval(settings)
        self._shown_window_ms = settings.window_ms
        self._feed = CandleFeed(
            source.rest_url,
            source.ws_url,
            settings.symbols[0],
            self._interval,
            count=min(
                MOST_CANDLES, max(CANDLE_COUNT, self._visible_bars(settings) + SPARE_CANDLES)
            ),
            on_history=self._show_history,
            on_candle=self.page.update_candle,
            on_state=self._note_candle_state,
        )
        await self._feed.start()

    def _show_history(self, candles: Sequence[Candle]) -> None:
        source = self._source
        if source is None:
            return
        self._show_price_format()
        self.page.set_candles(candles, self._visible_bars(source.service.settings))
        self._has_candles.set()

    def _show_price_format(self) -> None:
        """Show prices with the digits of the tick size, which may be told after the candles."""
        source = self._source
        if source is not None:
            tick_size = source.service.tick_size(source.service.settings.symbols[0])
            if tick_size != self._shown_tick_size:
                self._shown_tick_size = tick_size
                self.page.set_price_format(tick_size)

    def _note_candle_state(self, text: str) -> None:
        self._candle_state = text


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
