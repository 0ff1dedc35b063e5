"""What a layer's script reports of its page: read, checked, and handed on. Pure.

Any script of the page can report, and whatever it likes: what cannot be read, or tells of what
cannot be, is refused. A report has the name of its kind, which is that of the slot on the bridge.
"""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from Heatmap.domain.picked import PickedLiquidations
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HEATS
from Heatmap.picture.messages import CellQuery

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REPORT_CHARS = 10_000
"""Longer reports are not from our JavaScript."""
# What a chart can show: prices of any symbol, sizes of any screen, times from 1653 to 2286. Beyond
# that the arithmetic of grids, of SQLite or of calendars ends.
_MAX_PRICE = 1e12
_MAX_PANE_PX = 1e5
_MAX_TIME_MS = 1e13
# Zones are at most 14 h from UTC; a host may shift its candles by days.
_MAX_OFFSET_MS = 31 * 86_400_000.0
_MAX_PAINT_MS = 60_000.0
_MAX_FRAMES = 100_000.0
_MAX_USD, _MAX_COUNT = 1e15, 1e9
_MAX_ENTRY = 2.0**53


class PageReports(Protocol):
    """What the page's reports are handed to, on the GUI thread."""

    def page_is_ready(self, entry: int) -> None:
        """Note that the layer is on the chart; `entry`: the number of the page's entering."""

    def page_is_gone(self) -> None:
        """Note that the chart that the layer was on has gone."""

    def page_is_blank(self) -> None:
        """Note that the chart has no candles any more."""

    def page_lacks(self, what: str) -> None:
        """Take what the page lacks: ``chart``, ``candles``, a ``match`` of both; or empty."""

    def page_needs_grid(self) -> None:
        """Note that an increment did not fit, so that a whole grid is needed."""

    def page_moved(self, viewport: Viewport) -> None:
        """Take the part of the chart that is shown now."""

    def page_asked(self, query: CellQuery) -> None:
        """Take the place under the crosshair, which is to be described."""

    def page_chose(self, heat: str) -> None:
        """Take the heat that was offered and clicked, one of `HEATS`."""

    def page_picked(self, picked: PickedLiquidations) -> None:
        """Take the bubble that was clicked."""

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        """Take what candle times are ahead of UTC, and whether the page could tell."""

    def page_failed(self, reason: str) -> None:
        """Take an error of the layer's JavaScript, in words."""

    def page_painted(self, timing: dict[str, float]) -> None:
        """Take the mean time of painting a frame (``paint_ms``) and the count (``frames``)."""


class _EarlierEntryError(Exception):
    """The report was under way when the page was entered again, and is out of date."""


class ReportReader:
    """Reads reports by the name of their kind, and hands them on.

    Parameters
    ----------
    reports
        Receives them.

    Attributes
    ----------
    entry
        The number that the page was entered with last: reports of an earlier entering are dropped,
        of any other refused. ``None``: of any.
    """

    def __init__(self, reports: PageReports) -> None:
        self.entry: int | None = None
        self._reports = reports
        self._readers: dict[str, Callable[[str], None]] = {
            "pageReady": self._take_ready,
            "pageGone": self._take_gone,
            "pageBlank": self._take_blank,
            "pageLacks": self._take_lack,
            "pageNeedsGrid": self._take_need,
            "pageMoved": self._take_view,
            "pageAsked": self._take_query,
            "pageChose": self._take_choice,
            "pagePicked": self._take_pick,
            "pageOffset": self._take_offset,
            "pagePainted": self._take_timing,
            "pageFailed": self._take_failure,
        }

    def read(self, kind: str, payload: object) -> None:
        """Read one report.

        Raises
        ------
        ValueError
            It cannot be used; nothing was handed on.
        """
        if not isinstance(payload, str):
            raise ValueError(f"a JSON text expected, got {type(payload).__name__}")  # noqa: TRY004 - one error for callers
        if kind == "pageFailed":
            payload = payload[:MAX_REPORT_CHARS]
        if len(payload) > MAX_REPORT_CHARS:
            raise ValueError(f"{len(payload)} characters")
        reader = self._readers.get(kind)
        if reader is None:
            raise ValueError(f"no report is called {kind[:80]!r}")
        with suppress(_EarlierEntryError):
            reader(payload)

    def _parse(self, payload: str) -> dict[str, Any]:
        """Read a report of the present entering; one that does not say which counts as such."""
        message = _parse_object(payload)
        entry = message.get("entry", self.entry)
        if self.entry is None or entry == self.entry:
            return message
        if type(entry) is int and 0 < entry < self.entry:
            raise _EarlierEntryError
        raise ValueError(f"entry must be {self.entry}, got {entry!r}")

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

    def _take_pick(self, payload: str) -> None:
        self._parse(payload)
        self._reports.page_picked(parse_pick(payload))

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


def parse_pick(payload: str) -> PickedLiquidations:
    """Read the page's report of a bubble that was clicked.

    Raises
    ------
    ValueError
        It is not the JSON object described at `HeatmapBridge.pagePicked`, a number is not finite or
        far from what any chart shows, or there is nothing between two of them.
    """
    message = _parse_object(payload)
    picked = PickedLiquidations(
        from_ms=_time_ms(message, "fromMs"),
        to_ms=_time_ms(message, "toMs"),
        price_low=_price(message, "priceLow"),
        price_high=_price(message, "priceHigh"),
        is_long=message.get("isLong") is True,
        usd=_number(message, "usd", 0, _MAX_USD),
        count=round(_number(message, "count", 1, _MAX_COUNT)),
    )
    if picked.price_low > picked.price_high or picked.from_ms > picked.to_ms:
        raise ValueError(f"the place is empty: {picked}")
    return picked


def _parse_object(payload: str) -> dict[str, Any]:
    if len(payload) > MAX_REPORT_CHARS:
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
