"""The object on the web channel: what Python tells the page, and what the page reports.

Everything on it is visible to the page's JavaScript, hence it holds nothing but the messages.
Messages travel as JSON texts: Qt's own conversion of mappings would turn large whole numbers into
other types on the way.
"""

import json
import logging
import sys
from typing import Any, Protocol

from PyQt6.QtCore import QObject, pyqtSignal, pyqtSlot

from Heatmap.domain.events import Viewport
from Heatmap.picture.messages import CellQuery

_logger = logging.getLogger(__name__)

# Longer reports are not from our JavaScript.
_MAX_REPORT_CHARS = 10_000


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

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        """Take what candle times are ahead of UTC, and whether the page could tell."""

    def page_failed(self, reason: str) -> None:
        """Take an error of the layer's JavaScript, in words."""

    def page_painted(self, timing: dict[str, float]) -> None:
        """Take the mean time of painting a frame (``paintMs``) and the count (``frames``)."""


class HeatmapBridge(QObject):
    """The layer's object on the page's web channel.

    Python emits the signals; the page calls the slots. A report that cannot be read is logged and
    dropped: any script of the page can call a slot.

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
    #: What lies at the place that was asked about, as JSON; ``null``: nothing is known.
    cellDescribed = pyqtSignal(str)
    #: Price clusters in place of those before, as JSON.
    levelsShown = pyqtSignal(str)
    #: The grid and the levels go.
    cleared = pyqtSignal()

    def __init__(self, reports: PageReports, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reports = reports

    @pyqtSlot(str)
    def pageReady(self, payload: str) -> None:
        """Report that the layer is on the chart: ``entry``, the number that it was entered with."""
        try:
            entry = _number(_parse_object(payload), "entry")
        except ValueError as error:
            _logger.warning("The page reported a chart that nobody looked for: %s", error)
            return
        self._reports.page_is_ready(int(entry))

    @pyqtSlot(str)
    def pageGone(self, _payload: str) -> None:
        """Report that the chart that the layer was on has gone."""
        self._reports.page_is_gone()

    @pyqtSlot(str)
    def pageBlank(self, _payload: str) -> None:
        """Report that the chart has no candles any more."""
        self._reports.page_is_blank()

    @pyqtSlot(str)
    def pageLacks(self, payload: str) -> None:
        """Report what the page lacks, see `PageReports.page_lacks`: ``what``."""
        try:
            what = _parse_object(payload).get("what")
        except ValueError as error:
            _logger.warning("The page reported a lack that cannot be: %s", error)
            return
        self._reports.page_lacks(str(what))

    @pyqtSlot(str)
    def pageNeedsGrid(self, _payload: str) -> None:
        """Report that an increment did not continue the shown grid."""
        self._reports.page_needs_grid()

    @pyqtSlot(str)
    def pageMoved(self, payload: str) -> None:
        """Report what the pane shows: ``priceLow, priceHigh, endMs, widthPx, heightPx``."""
        try:
            viewport = parse_viewport(payload)
        except ValueError as error:
            _logger.warning("The page reported a view that cannot be used: %s", error)
            return
        self._reports.page_moved(viewport)

    @pyqtSlot(str)
    def pageAsked(self, payload: str) -> None:
        """Ask what lies at a place: ``priceLow, priceHigh, fromMs, toMs``."""
        try:
            query = parse_query(payload)
        except ValueError as error:
            _logger.warning("The page asked about a place that cannot be: %s", error)
            return
        self._reports.page_asked(query)

    @pyqtSlot(str)
    def pageOffset(self, payload: str) -> None:
        """Report what candle times are ahead of UTC: ``offsetMs, isCertain``."""
        try:
            message = _parse_object(payload)
            offset_ms = _number(message, "offsetMs")
        except ValueError as error:
            _logger.warning("The page reported a time offset that cannot be used: %s", error)
            return
        self._reports.page_found_offset(offset_ms, is_certain=message.get("isCertain") is True)

    @pyqtSlot(str)
    def pagePainted(self, payload: str) -> None:
        """Report how long painting took: ``paintMs, frames``."""
        try:
            message = _parse_object(payload)
            timing = {name: _number(message, name) for name in ("paintMs", "frames")}
        except ValueError as error:
            _logger.warning("The page reported timings that cannot be used: %s", error)
            return
        self._reports.page_painted(timing)

    @pyqtSlot(str)
    def pageFailed(self, payload: str) -> None:
        """Report an error of the layer's JavaScript."""
        try:
            reason = json.loads(payload)
        except (ValueError, RecursionError):
            reason = None
        # Whatever came: an error must not get lost because of its form.
        self._reports.page_failed(str(reason or payload)[:_MAX_REPORT_CHARS])


def parse_viewport(payload: str) -> Viewport:
    """Read the page's report of what it shows.

    Raises
    ------
    ValueError
        It is not the JSON object described at `HeatmapBridge.pageMoved`, a number is not finite,
        or the price range or the size is empty.
    """
    message = _parse_object(payload)
    end_ms = message.get("endMs")
    viewport = Viewport(
        price_low=_number(message, "priceLow"),
        price_high=_number(message, "priceHigh"),
        end_ms=None if end_ms is None else round(_number(message, "endMs")),
        width_px=_number(message, "widthPx"),
        height_px=_number(message, "heightPx"),
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
        It is not the JSON object described at `HeatmapBridge.pageAsked`, a number is not finite,
        or the place is empty.
    """
    message = _parse_object(payload)
    query = CellQuery(
        price_low=_number(message, "priceLow"),
        price_high=_number(message, "priceHigh"),
        from_ms=round(_number(message, "fromMs")),
        to_ms=round(_number(message, "toMs")),
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


def _number(message: dict[str, Any], name: str) -> float:
    value = message.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Not by `isfinite`, which fails at a whole number that no float can hold.
    if value is None or not is_number or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{name} must be a number, got {value!r}")
    return float(value)
