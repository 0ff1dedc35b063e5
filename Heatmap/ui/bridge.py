"""The object on the web channel: what Python tells the page, and what the page reports.

Everything on it is visible to the page's JavaScript, hence it holds nothing but the messages.
Messages travel as JSON texts: Qt's own conversion of mappings would turn large whole numbers into
other types on the way.
"""

from functools import partial

from PyQt6.QtCore import QObject, pyqtSignal, pyqtSlot

from Heatmap.feeds.page.reports import MAX_REPORT_CHARS, PageReports, ReportReader
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.report_gate import LineLimit, ReportGate, page_words

_logger = get_logger(__name__)

# Warnings about reports that cannot be used: so many at once, then one in so many seconds.
_WARNINGS, _WARNING_S = 5, 60.0


class HeatmapBridge(QObject):
    """The layer's object on the page's web channel.

    Python emits the signals; the page calls the slots. Any script of the page can do so: a report
    that cannot be read, or that tells of what cannot be, is dropped with a line in the log, not too
    often; reports that come too fast wait, until only the last one of its kind is left.

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
        self._reader = ReportReader(reports)
        self._gate = ReportGate(self)
        self._warnings = LineLimit(_WARNINGS, _WARNING_S)

    @property
    def entry(self) -> int | None:
        """The number that the page was entered with last, see `ReportReader.entry`."""
        return self._reader.entry

    @entry.setter
    def entry(self, entry: int | None) -> None:
        self._reader.entry = entry

    @pyqtSlot("QVariant")
    def pageReady(self, payload: object) -> None:
        """Report that the layer is on the chart: ``entry``, the number that it was entered with."""
        self._take("pageReady", payload)

    @pyqtSlot("QVariant")
    def pageGone(self, payload: object) -> None:
        """Report that the chart that the layer was on has gone."""
        self._take("pageGone", payload)

    @pyqtSlot("QVariant")
    def pageBlank(self, payload: object) -> None:
        """Report that the chart has no candles any more."""
        self._take("pageBlank", payload)

    @pyqtSlot("QVariant")
    def pageLacks(self, payload: object) -> None:
        """Report what the page lacks, see `PageReports.page_lacks`: ``what``."""
        self._take("pageLacks", payload)

    @pyqtSlot("QVariant")
    def pageNeedsGrid(self, payload: object) -> None:
        """Report that an increment did not continue the shown grid."""
        self._take("pageNeedsGrid", payload)

    @pyqtSlot("QVariant")
    def pageMoved(self, payload: object) -> None:
        """Report what the pane shows.

        ``priceLow, priceHigh, startMs, endMs, widthPx, heightPx``; `startMs` may be missing.
        """
        self._take("pageMoved", payload)

    @pyqtSlot("QVariant")
    def pageAsked(self, payload: object) -> None:
        """Ask what lies at a place: ``priceLow, priceHigh, fromMs, toMs``, and ``isNow``."""
        self._take("pageAsked", payload)

    @pyqtSlot("QVariant")
    def pageChose(self, payload: object) -> None:
        """Report a click on what the chart offers: ``heat``."""
        self._take("pageChose", payload)

    @pyqtSlot("QVariant")
    def pagePicked(self, payload: object) -> None:
        """Report a click on a bubble: ``fromMs, toMs, priceLow, priceHigh, isLong, usd, count``."""
        self._take("pagePicked", payload)

    @pyqtSlot("QVariant")
    def pageOffset(self, payload: object) -> None:
        """Report what candle times are ahead of UTC: ``offsetMs, isCertain``."""
        self._take("pageOffset", payload)

    @pyqtSlot("QVariant")
    def pagePainted(self, payload: object) -> None:
        """Report how long painting took: ``paintMs, frames``."""
        self._take("pagePainted", payload)

    @pyqtSlot("QVariant")
    def pageFailed(self, payload: object) -> None:
        """Report an error of the layer's JavaScript."""
        if isinstance(payload, str):
            payload = payload[:MAX_REPORT_CHARS]
        self._take("pageFailed", payload)

    def _take(self, kind: str, payload: object) -> None:
        """Read a report when it is its turn."""
        if not isinstance(payload, str) or len(payload) > MAX_REPORT_CHARS:
            # Refused at once, and taken as it is: Qt would log what it cannot make a text of.
            self._read(kind, payload)
            return
        self._gate.take(kind, partial(self._read, kind, payload))

    def _read(self, kind: str, payload: object) -> None:
        try:
            self._reader.read(kind, payload)
        except ValueError as error:
            more = self._warnings.grant()
            if more is not None:
                words = page_words(str(error)) + more
                _logger.warning("The page sent a report (%s) that cannot be used: %s", kind, words)
