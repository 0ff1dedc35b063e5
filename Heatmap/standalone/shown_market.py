"""What the window shows: one source, one symbol, one interval, and the heat on them.

Whatever is chosen, candles, heat, title, digits and panels change together, when the new candles
are there. Span and heat may be this window's own: see `ShownMarket.set_field`.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from PyQt6.QtCore import QObject, pyqtSignal

from Heatmap import (
    HeatmapService,
    HeatmapSettings,
    LayerOverrides,
    heat_of_unrecorded,
    recorded_symbols,
)
from Heatmap.standalone.candle_counts import (
    first_candles,
    loaded_candles,
    step_of_digits,
    visible_candles,
)
from Heatmap.standalone.candle_switch import CandleCounts, CandleSwitch, View
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.replay_dock import ReplayDock
from Heatmap.standalone.sources import Source
from Heatmap.standalone.symbol_choice import SymbolChoice
from Heatmap.standalone.window_store import WindowStore
from Heatmap.ui import HeatmapLayer, save_settings

OWN_FIELDS = ("window", "heat")
"""Settings that a window may have of its own."""


class ShownMarket(QObject):
    """Changes source, symbol and interval of one chart page as a whole.

    Parameters
    ----------
    page, layer
        The chart page and the heatmap on it.
    replay
        Takes candles in the page's place while an earlier time is shown.
    store
        What the window keeps.
    interval
        Gives the candles' interval for a window of so many milliseconds, and a pane so wide, CSS
        pixels.

    Attributes
    ----------
    settings_changed
        What is in force for this window: `HeatmapSettings`.
    service_changed
        Another service is set and shown: a `HeatmapService`, or ``None``.
    named
        What is shown has another name: `shown` and the layer's symbol.
    attached
        The panels' service, or ``None``.
    is_one_of_several
        Whether span and heat are chosen for this window alone, where there are others.
    """

    settings_changed = pyqtSignal(object)
    service_changed = pyqtSignal(object)
    named = pyqtSignal()
    attached = pyqtSignal(object)

    def __init__(
        self,
        page: ChartPage,
        layer: HeatmapLayer,
        replay: ReplayDock,
        store: WindowStore,
        interval: Callable[[int, float | None], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._layer = layer
        self._replay = replay
        self._store = store
        self._interval = interval
        # What is shown, and what is to be: another one while its candles load.
        self.source: Source | None = None
        self.target: Source | None = None
        self.waiting: Source | None = None
        # The recorder whose settings are shown and set.
        self.service: HeatmapService | None = None
        self.symbols = SymbolChoice(store)
        self.is_one_of_several = False
        # Close of the candle before the newest, and of the newest one, USD.
        self.closes: tuple[float, float] | None = None
        self._newest_ms = 0
        self.tick_size: Decimal | None = None
        self._own = {name: store.setting(name) for name in OWN_FIELDS}
        self._known: HeatmapSettings | None = None
        # What will be in force, as long as there is no service: its database is being read.
        self.expected = HeatmapSettings()
        self._overrides = LayerOverrides()
        # Sources and candles are changed one after the other.
        self._switching = asyncio.Lock()
        self._shown_window_ms = 0
        # The page shows candles of the target.
        self._has_candles = asyncio.Event()
        # Candles are to be loaded, or to be left; `tend` does it.
        self._work = asyncio.Event()
        self.candles = CandleSwitch(
            self._show_history,
            self._show_candle,
            replay.candles.older,
            self._note_unknown,
            self._work.set,
        )
        self._overrides.add_listener(self._show_settings)

    @property
    def settings(self) -> HeatmapSettings:
        """What is in force for this window."""
        service = self.service
        return self._overrides.applied(self.expected if service is None else service.settings)

    @property
    def recorded(self) -> tuple[str, ...]:
        """The symbols that are recorded: by this program, or by the one that writes."""
        service = self.service
        recorder = None if service is None else service.recorder_status()
        return recorded_symbols(self.settings.symbols, recorder)

    @property
    def is_recorded(self) -> bool:
        """Whether the symbol's liquidations are recorded, by whomever."""
        service, symbol = self.service, self._layer.symbol
        return service is not None and symbol is not None and service.is_recorded(symbol)

    # -- for the window -------------------------------------------------------------------------

    async def show_source(self, source: Source, waiting: Source | None, *, at_once: bool) -> None:
        """Show `source`, see `ChartWindow.show_source`."""
        async with self._switching:
            if at_once:
                self._leave_source()
            self.target, self.waiting = source, waiting
            self._has_candles.clear()
            self.symbols.begin()
            self._follow((waiting or source).service)
            if at_once:
                self.source = source
                recorded = self.settings.symbols
                self.symbols.set_recorded(recorded)
                self._name(self.symbols.first(source, recorded, self.candles.shown))
                source.service.attach(self._layer, self._overrides)
                self.attached.emit(source.service)
            self._show_settings()
            await self.candles.carry_out(self._candle_counts)

    async def tend(self) -> None:
        """Load candles whenever others are wanted, until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            async with self._switching:
                await self.candles.carry_out(self._candle_counts)

    async def leave(self) -> None:
        """Stop the candles and detach the heatmap."""
        async with self._switching:
            self._leave_source()
            self._follow(None)
            await self.candles.carry_out(self._candle_counts)

    async def wait_for_candles(self) -> None:
        """Wait until the page shows candles of the source that was asked for last."""
        await self._has_candles.wait()
        # A candle that comes before the first frame would shift the visible range.
        await self._page.wait_for_frame()

    def choose_symbol(self, symbol: str) -> None:
        """Show another symbol, recorded or not, as soon as its candles are there."""
        self.symbols.choose(symbol)
        self.request_candles()

    def set_field(self, name: str, value: object) -> None:
        """Set a setting, for the service and the next start.

        Where there are other windows, span and heat are set for this one alone. Whoever sets them
        for the service, as the settings do, sets them for all windows.
        """
        service = self.service
        if service is None:
            return
        if self.is_one_of_several and name in OWN_FIELDS:
            self._keep_own(name, str(value))
            self.fit_overrides()
            return
        if name in OWN_FIELDS:
            self._keep_own(name, None)
        settings = service.settings.changed(**{name: value})
        service.apply_settings(settings)
        save_settings(self._store.program, settings, [name])
        self.fit_overrides()

    def keep(self) -> None:
        """Keep symbol, span and heat as they are: another program may have forgotten them."""
        self.symbols.keep()
        for name, value in self._own.items():
            self._store.set_text(name, value or "")

    def request_candles(self) -> None:
        """Have other candles loaded, or others of them shown, when settings or interval say so."""
        target = self.target
        if target is None:
            return
        settings = self.settings
        symbol = self.symbols.best(target, settings.symbols, self.candles.shown)
        view = View(target, symbol, self._interval(settings.window_ms, self._page.pane_px))
        self.candles.want(view)
        if view == self.candles.shown and target is self.source:
            # Another source was wanted meanwhile, and this one is again before that had any.
            self._has_candles.set()
        if settings.covers_pane:
            return
        if view == self.candles.shown and settings.window_ms != self._shown_window_ms:
            self._shown_window_ms = settings.window_ms
            self._page.show_newest(visible_candles(settings.window_ms, view.interval))

    def show_price_format(self) -> None:
        """Show prices with the digits of the tick size, which may be told after the candles."""
        tick_size = self._known_tick_size()
        is_shown = self.candles.shown is not None
        if is_shown and tick_size is not None and tick_size != self.tick_size:
            self.tick_size = tick_size
            self._page.set_price_format(tick_size)

    # -- settings -----------------------------------------------------------------------------

    def _follow(self, service: HeatmapService | None) -> None:
        """Show and set the settings of `service`, and no other's."""
        before, self.service = self.service, service
        if before is service:
            return
        if before is not None:
            before.remove_settings_listener(self._take_settings)
        self._known = None if service is None else service.settings
        if service is not None:
            service.add_settings_listener(self._take_settings)
        self.fit_overrides()
        self.service_changed.emit(service)

    def _take_settings(self, settings: HeatmapSettings) -> None:
        """Take what is set for the service: of span and heat it is set for this window too."""
        before, self._known = self._known, settings
        for name in OWN_FIELDS:
            if before is not None and getattr(before, name) != getattr(settings, name):
                self._keep_own(name, None)
        self.fit_overrides()
        self._show_settings()

    def _keep_own(self, name: str, value: str | None) -> None:
        self._own[name] = value
        self._store.set_text(name, value or "")

    def fit_overrides(self) -> None:
        """Give the layer what is this window's own; again whenever another program may record.

        Of a symbol that is not recorded there are predicted levels only.
        """
        own, service, symbol = dict(self._own), self.service, self._layer.symbol
        if service is not None and symbol is not None and not self.is_recorded:
            heat = own["heat"] or service.settings.heat
            shown = heat_of_unrecorded(heat)
            own["heat"] = own["heat"] if shown == heat else shown
        self._overrides.change(**own)

    def _show_settings(self) -> None:
        settings = self.settings
        self.symbols.set_recorded(settings.symbols)
        self.settings_changed.emit(settings)
        self.request_candles()

    # -- source and candles -------------------------------------------------------------------

    def _name(self, symbol: str) -> None:
        self._layer.set_symbol(symbol)
        self.fit_overrides()
        self.named.emit()

    def _leave_source(self) -> None:
        """Show nothing any more: no candle of one source under the name of another."""
        self._has_candles.clear()
        self.waiting = self.target = self.closes = None
        has_candles = self.candles.shown is not None
        self._page.hide_card()
        self.candles.leave()
        source, self.source = self.source, None
        if source is not None:
            source.service.detach(self._layer)
            self.attached.emit(None)
        # Last: a replay that ends with its source shows live candles.
        self._replay.candles.forget_live()
        if has_candles:
            self._page.clear_candles()

    def _candle_counts(self, view: View) -> CandleCounts:
        window_ms = self.settings.window_ms
        first = first_candles(window_ms, view.interval)
        return CandleCounts(first, loaded_candles(window_ms, view.interval))

    def _note_unknown(self, view: View) -> None:
        """Go on with the next symbol: the source does not have this one."""
        if view.source is self.target and not view.source.symbol:
            self.symbols.note_unknown(view.symbol)
            self.request_candles()

    def _show_history(self, view: View, candles: Sequence[Candle]) -> None:
        """Show a view as a whole: every part of the picture changes here, and nowhere else."""
        source = view.source
        if source is not self.source:
            if self.source is not None:
                self.source.service.detach(self._layer)
            self.source = source
            self._layer.set_symbol(view.symbol)
            source.service.attach(self._layer, self._overrides)
            self.attached.emit(source.service)
        closes = [one.close for one in candles[-2:]]
        self.closes = (closes[0], closes[-1]) if closes else None
        self._newest_ms = candles[-1].open_ms if candles else 0
        self._name(view.symbol)
        settings = self.settings
        self._shown_window_ms = settings.window_ms
        self.tick_size = self._known_tick_size() or step_of_digits(candles)
        shown = candles, visible_candles(settings.window_ms, view.interval), self.tick_size
        if not self._replay.take_history(view.symbol, view.interval, *shown):
            self._page.set_candles(*shown, (view.symbol, view.interval))
        self.named.emit()
        if not source.symbol:
            self.symbols.note_shown(view.symbol)
        if source is self.target:
            self._has_candles.set()

    def _show_candle(self, candle: Candle) -> None:
        self._replay.candles.update(candle)
        if self.closes is not None and candle.open_ms > self._newest_ms:
            self.closes = self.closes[1], candle.close
        elif self.closes is not None and candle.open_ms == self._newest_ms:
            self.closes = self.closes[0], candle.close
        self._newest_ms = max(self._newest_ms, candle.open_ms)

    def _known_tick_size(self) -> Decimal | None:
        """Return the tick size of the shown symbol where the exchange has told it, ever."""
        source, symbol = self.source, self._layer.symbol
        if source is None or symbol is None:
            return None
        origin = source.service.tick_origin(symbol)
        if origin == "assumed":
            return source.listed.get(symbol)
        return source.service.tick_size(symbol)
