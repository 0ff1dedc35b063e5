"""The object on the web channel: what Python tells the page, and what the page reports.

Everything on it is visible to the page's JavaScript, hence it holds nothing but the messages.
Messages travel as JSON texts: Qt's own conversion of mappings would turn large whole numbers into
other types on the way.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from PyQt6.QtCore import QObject, pyqtSignal, pyqtSlot

from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HEATS
from Heatmap.picture.messages import CellQuery
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.report_gate import LineLimit, ReportGate, page_words

_logger = get_logger(__name__)

# Longer reports are not from our JavaScript.
_MAX_REPORT_CHARS = 10_000
# What a chart can show: prices of any symbol, sizes of any screen, times from 1653 to 2286. Beyond
# that the arithmetic of grids, of SQLite or of calendars ends.
_MAX_PRICE = 1e12
_MAX_PANE_PX = 1e5
_MAX_TIME_MS = 1e13
# Zones are at most 14 h from UTC; a host may shift its candles by days.
_MAX_OFFSET_MS = 31 * 86_400_000.0
_MAX_PAINT_MS = 60_000.0
_MAX_FRAMES = 100_000.0
_MAX_ENTRY = 2.0**53
# Warnings about reports that cannot be used: so many at once, then one in so many seconds.
_WARNINGS, _WARNING_S = 5, 60.0


class PageReports(Protocol):
    """What the page's reports are handed to, on the GUI thread."""

    def page_is_ready(self, entry: int) -> None:
        """Take note that the layer is on the chart; `entry`: the number of the page's entering."""

    def page_is_gone(self) -> None:
        """Take note that the chart that the layer was on has gone."""

    def page_is_blank(self) -> None:
        """Take note that the chart has no candles any more."""

    def page_lacks(self, what: str) -> None:
        """Take what the page lacks: ``chart``, ``candles``, a ``match`` of both; or empty."""

    def page_needs_grid(self) -> None:
        """Take note that an increment did not fit, so that a whole grid is needed."""

    def page_moved(self, viewport: Viewport) -> None:
        """Take the part of the chart that is shown now."""

    def page_asked(self, query: CellQuery) -> None:
        """Take the place under the crosshair, which is to be described."""

    def page_chose(self, heat: str) -> None:
        """Take the heat that was offered and clicked, one of `HEATS`."""

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        """Take what candle times are ahead of UTC, and whether the page could tell."""

    def page_failed(self, reason: str) -> None:
        """Take an error of the layer's JavaScript, in words."""

    def page_painted(self, timing: dict[str, float]) -> None:
        """Take the mean time of painting a frame (``paint_ms``) and the count (``frames``)."""


class HeatmapBridge(QObject):
    """The layer's object on the page's web channel.

    Python emits the signals; the page calls the slots. Any script of the page can do so: a report
    that cannot be read, or that tells of what cannot be, is dropped with a line in the log, not too
    often; reports that come too fast wait, until only the last one of its kind is left.

    More than 25 methods: each report has a slot, which the page calls by its name, and a reader.

    Parameters
    ----------
    reports
        Receives the page's reports.
    parent
        Qt parent.
    """

    #: Grid in place of the one before: meta as JSON, cells as `pack_cells` gives them.
    gridShown = pyqtSignal(str, str)
    #: Columns to add: meta as JSON, cells as `pack_cells` gives them.
    cellsAppended = pyqtSignal(str, str)
    #: Options to change, as JSON.
    optionsSet = pyqtSignal(str)
    #: Candle time minus UTC, milliseconds, as JSON; ``null``: the page is to find it.
    timeOffsetSet = pyqtSignal(str)
    #: Name of a part of the page, and what it is to show, as JSON; ``null``: nothing any more.
    partShown = pyqtSignal(str, str)
    #: The grid and what the parts show go.
    cleared = pyqtSignal()

    def __init__(self, reports: PageReports, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reports = reports
        self._gate = ReportGate(self)
        self._warnings = LineLimit(_WARNINGS, _WARNING_S)
        #: The number that the page was entered with last: reports of another entering are dropped.
        self.entry: int | None = None

    @pyqtSlot("QVariant")
    def pageReady(self, payload: object) -> None:
        """Report that the layer is on the chart: ``entry``, the number that it was entered with."""
        self._take("ready", self._take_ready, payload)

    @pyqtSlot("QVariant")
    def pageGone(self, payload: object) -> None:
        """Report that the chart that the layer was on has gone."""
        self._take("gone", self._take_gone, payload)

    @pyqtSlot("QVariant")
    def pageBlank(self, payload: object) -> None:
        """Report that the chart has no candles any more."""
        self._take("blank", self._take_blank, payload)

    @pyqtSlot("QVariant")
    def pageLacks(self, payload: object) -> None:
        """Report what the page lacks, see `PageReports.page_lacks`: ``what``."""
        self._take("lacks", self._take_lack, payload)

    @pyqtSlot("QVariant")
    def pageNeedsGrid(self, payload: object) -> None:
        """Report that an increment did not continue the shown grid."""
        self._take("needs grid", self._take_need, payload)

    @pyqtSlot("QVariant")
    def pageMoved(self, payload: object) -> None:
        """Report what the pane shows.

        ``priceLow, priceHigh, startMs, endMs, widthPx, heightPx``; `startMs` may be missing.
        """
        self._take("moved", self._take_view, payload)

    @pyqtSlot("QVariant")
    def pageAsked(self, payload: object) -> None:
        """Ask what lies at a place: ``priceLow, priceHigh, fromMs, toMs``, and ``isNow``."""
        self._take("asked", self._take_query, payload)

    @pyqtSlot("QVariant")
    def pageChose(self, payload: object) -> None:
        """Report a click on what the chart offers: ``heat``."""
        self._take("chose", self._take_choice, payload)

    @pyqtSlot("QVariant")
    def pageOffset(self, payload: object) -> None:
        """Report what candle times are ahead of UTC: ``offsetMs, isCertain``."""
        self._take("offset", self._take_offset, payload)

    @pyqtSlot("QVariant")
    def pagePainted(self, payload: object) -> None:
        """Report how long painting took: ``paintMs, frames``."""
        self._take("painted", self._take_timing, payload)

    @pyqtSlot("QVariant")
    def pageFailed(self, payload: object) -> None:
        """Report an error of the layer's JavaScript."""
        if isinstance(payload, str):
            payload = payload[:_MAX_REPORT_CHARS]
        self._take("failed", self._take_failure, payload)

    def _take(self, kind: str, read: Callable[[str], None], payload: object) -> None:
        """Read a report when it is its turn."""
        if not isinstance(payload, str):
            # Taken as it is: Qt would log each one that it cannot make a text of.
            self._refuse(kind, ValueError(f"a JSON text expected, got {type(payload).__name__}"))
            return
        if len(payload) > _MAX_REPORT_CHARS:
            self._refuse(kind, ValueError(f"{len(payload)} characters"))
            return
        self._gate.take(kind, partial(self._read, kind, read, payload))

    def _read(self, kind: str, read: Callable[[str], None], payload: str) -> None:
        try:
            read(payload)
        except ValueError as error:
            self._refuse(kind, error)

    def _refuse(self, kind: str, error: ValueError) -> None:
        more = self._warnings.grant()
        if more is not None:
            words = page_words(str(error)) + more
            _logger.warning("The page sent a report (%s) that cannot be used: %s", kind, words)

    def _parse(self, payload: str) -> dict[str, Any]:
        """Read a report of the present entering; one that does not say which counts as such."""
        message = _parse_object(payload)
        if self.entry is not None and message.get("entry", self.entry) != self.entry:
            raise ValueError(f"entry must be {self.entry}, got {message['entry']!r}")
        return message

    def _take_ready(self, payload: str) -> None:
        entry = _number(_parse_object(payload), "entry", 0, _MAX_ENTRY)
        if entry != int(entry):
            raise ValueError(f"entry must be a whole number, got {entry}")
        self._reports.page_is_ready(int(entry))

    def _take_gone(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_is_gone()

    def _take_blank(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_is_blank()

    def _take_lack(self, payload: str) -> None:
        self._reports.page_lacks(str(self._parse(payload).get("what")))

    def _take_need(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_needs_grid()

    def _take_view(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_moved(parse_viewport(payload))

    def _take_query(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_asked(parse_query(payload))

    def _take_choice(self, payload: str) -> None:
        heat = self._parse(payload).get("heat")
        if heat not in HEATS:
            raise ValueError(f"heat must be one of {', '.join(HEATS)}, got {heat!r}")
        self._reports.page_chose(str(heat))

    def _take_offset(self, payload: str) -> None:
        message = self._parse(payload)
        offset_ms = _number(message, "offsetMs", -_MAX_OFFSET_MS, _MAX_OFFSET_MS)
        self._reports.page_found_offset(offset_ms, is_certain=message.get("isCertain") is True)

    def _take_timing(self, payload: str) -> None:
        message = self._parse(payload)
        timing = {
            "paint_ms": _number(message, "paintMs", 0, _MAX_PAINT_MS),
            "frames": _number(message, "frames", 0, _MAX_FRAMES),
        }
        self._reports.page_painted(timing)

    def _take_failure(self, payload: str) -> None:
        try:
            reason = json.loads(payload)
        except (ValueError, RecursionError):
            reason = None
        # Whatever came: an error must not get lost because of its form.
        self._reports.page_failed(str(reason or payload))


def parse_viewport(payload: str) -> Viewport:
    """Read the page's report of what it shows.

    Raises
    ------
    ValueError
        It is not the JSON object described at `HeatmapBridge.pageMoved`, a number is not finite or
        far from what any chart shows, or the price range or the size is empty.
    """
    message = _parse_object(payload)
    start_ms, end_ms = message.get("startMs"), message.get("endMs")
    viewport = Viewport(
        price_low=_price(message, "priceLow"),
        price_high=_price(message, "priceHigh"),
        end_ms=None if end_ms is None else _time_ms(message, "endMs"),
        width_px=_number(message, "widthPx", 0, _MAX_PANE_PX),
        height_px=_number(message, "heightPx", 0, _MAX_PANE_PX),
        start_ms=None if start_ms is None else _time_ms(message, "startMs"),
    )
    if viewport.price_low >= viewport.price_high:
        raise ValueError(f"the price range is empty: {viewport}")
    if viewport.width_px <= 0 or viewport.height_px <= 0:
        raise ValueError(f"the pane has no size: {viewport}")
    return viewport


def parse_query(payload: str) -> CellQuery:
    """Read the page's question about a place of the picture.

    Raises
    ------
    ValueError
        It is not the JSON object described at `HeatmapBridge.pageAsked`, a number is not finite or
        far from what any chart shows, or the place is empty.
    """
    message = _parse_object(payload)
    query = CellQuery(
        price_low=_price(message, "priceLow"),
        price_high=_price(message, "priceHigh"),
        from_ms=_time_ms(message, "fromMs"),
        to_ms=_time_ms(message, "toMs"),
        is_now=message.get("isNow") is True,
    )
    if query.price_low >= query.price_high or query.from_ms >= query.to_ms:
        raise ValueError(f"the place is empty: {query}")
    return query


def _parse_object(payload: str) -> dict[str, Any]:
    if len(payload) > _MAX_REPORT_CHARS:
        raise ValueError(f"{len(payload)} characters")
    try:
        message = json.loads(payload)
    except RecursionError:
        # An exception that is not expected in a slot ends the host.
        raise ValueError("nested too deeply") from None
    if not isinstance(message, dict):
        raise ValueError(f"not an object: {payload[:80]}")  # noqa: TRY004  # one error for callers
    return message


def _price(message: dict[str, Any], name: str) -> float:
    return _number(message, name, -_MAX_PRICE, _MAX_PRICE)


def _time_ms(message: dict[str, Any], name: str) -> int:
    return round(_number(message, name, -_MAX_TIME_MS, _MAX_TIME_MS))


def _number(message: dict[str, Any], name: str, low: float, high: float) -> float:
    value = message.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared before it is converted: there are whole numbers that no float can hold.
    if value is None or not is_number or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    return float(value)
