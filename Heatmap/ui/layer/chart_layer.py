"""`HeatmapLayer`: the heatmap on one chart of a web page."""

import itertools
import json
import math
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.domain.instruments import Instrument, shown_symbol
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure
from Heatmap.feeds.layer_port import LayerListener, LayerPort
from Heatmap.feeds.page.options import DEFAULT_OPTIONS, checked_option
from Heatmap.picture.messages import CellLines
from Heatmap.runtime.guarded import guarded
from Heatmap.ui.bridge import HeatmapBridge
from Heatmap.ui.farewell import Farewell
from Heatmap.ui.layer.chart_texts import in_users_language, language_of_page
from Heatmap.ui.layer.page_link import PageLink
from Heatmap.ui.layer.page_scripts import enter_script, require_variable
from Heatmap.ui.layer.page_state import PageState
from Heatmap.ui.texts import failure_words

_OPAQUE = 255
# The part of the page that shows what lies at the crosshair.
_TOOLTIP = "tooltip"
# The one that scrolls to a place and marks it.
_PLACE = "place_mark"
_numbers = itertools.count(1)


class HeatmapLayer(QObject):
    """The heatmap behind the candles of a Lightweight Charts 5 page.

    May be made before or after the page has loaded; the page may create its chart at any later
    time, replace it, or be loaded again: the layer finds it and reports `LayerListener.page_ready`
    each time. A page whose render process died is loaded again when nobody else does so within a
    second. Nothing is sent to a page that is not ready. All calls on the GUI thread. After
    `detach` the layer does nothing any more; `detach` may be called again.

    More than 25 methods: a host, a feed and the page each have their own way of talking to a layer,
    and each method hands on to the part that does it.

    Parameters
    ----------
    page
        The page; the layer belongs to it and goes with it.
    chart, candles
        Names of the chart and of its candle series in the page's JavaScript: dotted identifiers,
        which may be top-level ``let`` variables that get their values later.
    channel
        The host's web channel, where the host sets it on the page only later. ``None``: the one
        that the page has when it has loaded, or a new one where it has none.
    symbol
        The symbol that the page shows, see `set_symbol`.
    symbol_map
        Returns the exchange's symbol for what the page calls it, or ``None`` where there is none;
        for names that `set_symbol` does not read, such as ``BTC-USD``. It is called with each name
        as it was given, but never with ``None``.
    bars
        Name of a series in a pane of its own, in which the bars of longs and shorts per candle are
        drawn, where the setting `candle_bars` wants them; it may come and go. ``None``: they stand
        in the lower part of the candles' pane.
    legend
        Name of an object of the page that shows the legend in a place of its own: its method
        ``show`` is called with what there is to say whenever that changes, and with ``null`` where
        there is nothing (see ``HostedWords`` in ``ui/js/heatmap_hosted_legend.js``). ``None``: the
        layer paints it in a corner of the pane, see the setting `legend_corner`.

    Attributes
    ----------
    symbol_changed
        Another symbol is shown: `symbol`.
    liquidations_picked
        A bubble was clicked: a `PickedLiquidations`.

    Raises
    ------
    ValueError
        `chart`, `candles`, `bars` or `legend` is not a dotted identifier, or begins with a
        reserved word.
    TypeError
        `symbol` is neither a text nor ``None``.
    """

    symbol_changed = pyqtSignal(object)
    liquidations_picked = pyqtSignal(object)

    def __init__(
        self,
        page: QWebEnginePage,
        chart: str = "chart",
        candles: str = "priceSeries",
        channel: QWebChannel | None = None,
        symbol: str | Instrument | None = None,
        symbol_map: Callable[[str], str | Instrument | None] | None = None,
        bars: str | None = None,
        legend: str | None = None,
    ) -> None:
        super().__init__(page)
        for name in (chart, candles, bars, legend):
            if name is not None:
                require_variable(name)
        self._bars = bars
        self._legend = legend
        self._chart = chart
        self._candles = candles
        self._symbol_map = symbol_map
        self._symbol = self._symbol_of(symbol)
        self._options = dict(DEFAULT_OPTIONS)
        # What each part of the page shows, as JSON.
        self._shown: dict[str, str] = {}
        # Who is to be told that the layer goes; a page that goes takes it along.
        self._leave: Callable[[LayerPort], None] | None = None
        self.destroyed.connect(Farewell((_end_of, weakref.ref(self))))
        # Several layers may share a page and its channel.
        self._name = f"orderPilotHeatmap{next(_numbers)}"
        self._page = PageState(self, chart, candles, self._tell_all)
        self._page.picked.connect(self.liquidations_picked)
        self._bridge = HeatmapBridge(self._page, self)
        self._link = PageLink(
            page, self._bridge, self._name, channel, self._script, self._page.lose_page
        )
        self._page.link = self._link
        self._link.open()

    @property
    def symbol(self) -> str | None:
        """The symbol that the page shows; ``None``: not known."""
        return self._symbol

    @property
    def is_ready(self) -> bool:
        """Whether the page has its chart and takes grids."""
        return self._page.is_ready

    @property
    def fault(self) -> str:
        """Why the page cannot show the heatmap at present; empty: nothing is known to be amiss."""
        return failure_words(self.failure)

    @property
    def failure(self) -> Failure | None:
        """The same as a fact; ``None``: nothing is known to be amiss."""
        return self._page.failure

    @property
    def viewport(self) -> Viewport | None:
        """What the chart showed last; ``None`` before its first report."""
        return self._page.viewport

    def set_listener(self, listener: LayerListener | None) -> None:
        """Name who feeds the layer, in place of the one before.

        A listener that comes after the page was ready is told so, and the last viewport, from the
        event loop, not within this call.
        """
        self._page.listener = listener
        if listener is not None and self._page.is_ready:
            QTimer.singleShot(0, self._brief_listener)

    def set_leave_listener(self, leave: Callable[[LayerPort], None] | None) -> None:
        """Name who is told once that the layer is detached, or went with its page.

        A layer has one owner: the one before is told now, as a new one is of a layer that has gone.
        """
        before, self._leave = self._leave, None
        if leave is not None and before is not None:
            before(self)
        if leave is not None and self._page.is_over:
            leave(self)
            return
        self._leave = leave

    def set_symbol(self, symbol: str | Instrument | None) -> None:
        """Say which symbol the page shows; the grid of another one goes at once.

        ``BTCUSDT``, ``BTC/USDT`` or ``BTC/USDT:USDT``, in capitals or not, also with a prefix such
        as ``bitunix:``; the layer's `symbol_map` has the first word. An `Instrument` names the
        venue whose liquidations are meant; a text means Binance's. ``None``: not known.

        Raises
        ------
        TypeError
            It is neither of these.
        """
        symbol = self._symbol_of(symbol)
        if symbol == self._symbol:
            return
        self._symbol = symbol
        self.clear()
        if self._page.listener is not None:
            self._page.listener.symbol_changed()
        self.symbol_changed.emit(symbol)

    def _symbol_of(self, name: str | Instrument | None) -> str | None:
        """Return the instrument as it is written; what is none, such as a share, stays."""
        if isinstance(name, str) and self._symbol_map is not None:
            name = self._symbol_map(name)
        return shown_symbol(name)

    @property
    def time_offset_ms(self) -> float | None:
        """By how much the page's candle times are ahead of UTC, as told or found.

        Where a host goes on from its history by candles of another offset, that of the newest is
        found. ``None`` until the page has candles.
        """
        return self._page.offset.ms

    def set_time_offset(self, offset_ms: float | None) -> None:
        """Say by how much the page's candle times are ahead of UTC, milliseconds.

        ``None``, as in the beginning: the layer finds it. It can while the chart is up to date, or
        where only one of UTC and this machine's own zone is possible; else it keeps what it found
        last (UTC if nothing), and logs a warning once.

        An offset belongs to the candle: what was certain of some stays until the next ``setData``,
        although others follow that have another one. What is told holds for the candles to come,
        and for those before of which nothing was told and which no clock has proved; not for
        candles that are of now by UTC or this machine's zone, and by what was told are not.

        Raises
        ------
        ValueError
            The offset is not finite.
        """
        if offset_ms is not None and not math.isfinite(offset_ms):
            raise ValueError(f"the offset must be finite, got {offset_ms}")
        self._page.offset.told_ms = None if offset_ms is None else float(offset_ms)
        self._send("timeOffsetSet", json.dumps(self._page.offset.told_ms))

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        """Show a grid in place of the one before; nothing while the page is not ready.

        Parameters
        ----------
        meta
            ``priceLow`` (lower edge of row 0, USD), ``binUsd``, ``rows``, ``timeStartMs`` (left
            edge of column 0, UTC, a multiple of ``binMs``), ``binMs``, ``cols``, ``windowStartMs``
            and ``endMs`` (the hatch ends there), ``gaps`` (``[from_ms, to_ms, "gap" or
            "unproven"]`` each) and ``sequence``; ``nowMs``, now by the data's clock, where it may
            differ from this machine's; ``paletteOption``, which option says its palette; for the
            words in the corner ``scale`` with its ``labels`` (``[place from 0 to 1, text]`` each),
            ``sourceText``, and ``sourceSince`` (``words`` up to the time, and that time, ``ms``)
            for a chart with its own time format. Where the grid has them: ``alphaExponent`` (how
            alpha rises with the level), ``legendSide`` (``left``: the words stand in the lower left
            corner), ``standing`` (true: what the last column shows is drawn on to the pane's right
            edge), ``toldEverywhere`` (true: the crosshair asks also where nothing is
            painted), and ``offer`` (``words`` and ``heat``: one line on the chart; a click on it is
            `LayerListener.heat_chosen`), which each message brings anew.
        packed
            Cells as `Heatmap.picture.packing.pack_cells` gives them: (rows, cols) uint8 in C order,
            row 0 the lowest price, column 0 the oldest. 0 is nothing, 1 to 255 little to much.
        """
        self._send("gridShown", _encode(meta), packed)

    def append_cells(self, meta: Mapping[str, Any], packed: str) -> None:
        """Change and add columns at the right of the shown grid, drop some at its left.

        Where this does not continue the shown grid, `LayerListener.page_ready` follows.

        Parameters
        ----------
        meta
            ``sequence`` (the one before plus one), ``firstCol`` (absolute number of the first
            column: its left edge divided by ``binMs``), ``cols``, ``dropCols``, ``timeStartMs``
            (the new left edge), ``windowStartMs``, ``endMs``; ``gaps`` where they changed;
            ``nowMs`` and ``offer`` as in `show_grid`.
        packed
            Cells, (rows, cols) uint8, as in `show_grid`.
        """
        self._send("cellsAppended", _encode(meta), packed)

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Change how the grid is drawn; what is not named stays. Kept across loads of the page.

        Parameters
        ----------
        options
            Some of ``visible`` (bool), ``opacity`` (alpha of the strongest cell, 0 to 1),
            ``palette`` and ``predictedPalette`` (of `Heatmap.heatmap_settings.PALETTES`; each grid
            says which is its own), ``hatch`` (bool: whether
            gaps are hatched), ``colourBar`` and ``sourceLine`` (bool: the words in the corner),
            ``profile`` (bool: longs and shorts per price row at the right edge), ``tooltip``
            (bool: what lies under the crosshair),
            ``label`` (str: written large behind the candles, empty: nothing).

        Raises
        ------
        SettingsError
            An unknown option, or a value that it does not take; nothing is changed.
        """
        checked = {name: checked_option(name, value) for name, value in options.items()}
        if all(self._options[name] == value for name, value in checked.items()):
            return
        self._options.update(checked)
        self._send("optionsSet", _encode(self._options))

    def clear(self) -> None:
        """Take the grid and what the parts show off the chart; the options and the label stay."""
        self._shown = dict.fromkeys(self._shown, "null")
        self._send("cleared")

    def show_part(self, name: str, payload: object) -> None:
        """Show something by one of the page's parts, until another payload or `clear`.

        Shown again on each page that comes later, and on each chart.

        Parameters
        ----------
        name
            The part's, as its file in ``ui/js/parts`` registers it, such as ``cluster_lines``. One
            that does not exist is the page's `fault`.
        payload
            What the part takes, see its file; anything that JSON can hold, in place of the payload
            before. ``None``: nothing any more.

        Raises
        ------
        ValueError, TypeError
            JSON cannot hold `payload`; nothing is changed.
        """
        encoded = _encode(payload)
        self._shown[name] = encoded
        self._send("partShown", name, encoded)

    def show_cell(self, report: CellLines | None) -> None:
        """Show at the crosshair what lies there; ``None``: nothing is known."""
        lines = [] if report is None else asdict(report)["lines"]
        # An answer to one question: not shown again.
        self._send("partShown", _TOOLTIP, _encode({"lines": lines}))

    def show_place(self, ts_ms: int, price: float) -> None:
        """Scroll the chart to a time and a price, where they are out of sight, and mark the place.

        The mark goes by itself after a moment. Where the chart has no candle of that time yet it
        scrolls to its oldest one, and marks nothing.

        Parameters
        ----------
        ts_ms
            UTC milliseconds.
        price
            USD.
        """
        # Not shown again on a page that comes later.
        self._send("partShown", _PLACE, _encode({"ms": ts_ms, "price": price}))

    def detach(self) -> None:
        """Leave page and channel for good: drawing, series, listeners and registration go."""
        if self._page.is_over:
            return
        self._end()
        if sip.isdeleted(self):
            # The page went, and took the layer along.
            return
        self._page.stop()
        # Afterwards the layer lives as long as Python refers to it, not as long as the page.
        self._link.close(partial(self.setParent, None))

    @guarded
    def _end(self) -> None:
        """Do nothing any more, and say so; touches nothing of Qt."""
        self._page.end()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave(self)

    def _send(self, message: str, *content: str) -> None:
        """Tell the page something; nothing while it is not ready, or has taken the layer along."""
        if self._page.is_ready and not sip.isdeleted(self):
            self._link.send(message, *content)

    def _script(self, entry: int, link: int) -> str:
        self._bridge.entry = entry
        config = {
            "entry": entry,
            "link": link,
            "name": self._name,
            "chart": self._chart,
            "candles": self._candles,
            "options": self._options,
            "timeOffsetMs": self._page.offset.told_ms,
            "pageColour": self._page_colour(),
            "language": language_of_page(),
        }
        return enter_script(config, self._chart, self._candles, self._bars, self._legend)

    def _page_colour(self) -> str | None:
        """Return what a page shows where it paints nothing; ``None``: whatever is behind it."""
        colour = self._link.page_colour()
        return colour.name() if colour.alpha() == _OPAQUE else None

    def note_error(self, error: Exception) -> None:
        """Log an error of the layer's own, which must not reach Qt, and tell it as the fault."""
        self._page.note_error(error)

    def _tell_all(self) -> None:
        """Tell a page that is ready whatever was changed since its script was made."""
        self._send("optionsSet", _encode(self._options))
        self._send("timeOffsetSet", json.dumps(self._page.offset.told_ms))
        for name, payload in self._shown.items():
            self._send("partShown", name, payload)

    @guarded
    def _brief_listener(self) -> None:
        page = self._page
        if page.listener is None or not page.is_ready:
            return
        if page.viewport is not None:
            page.listener.viewport_changed(page.viewport)
        page.listener.page_ready()


def _end_of(layer: "weakref.ref[HeatmapLayer]") -> None:
    """End a layer whose page has gone."""
    gone = layer()
    if gone is not None:
        gone._end()  # noqa: SLF001 - of this module


def _encode(message: object) -> str:
    return json.dumps(in_users_language(message), allow_nan=False)
