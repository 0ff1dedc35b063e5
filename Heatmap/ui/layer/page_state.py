"""What is known of a layer's page, from what the page reports.

- A page is ready from its report that the layer is on a chart until it is left, loaded again, or
  says that the chart has gone. Only a ready page is told anything.
- A view is known from the page's report of it until the chart is empty or has gone.
- Any script of the page can report: one that says that the chart has gone, or is empty, and then
  nothing, is asked after `_DOUBT_MS`.
- What the page lacks, or its script fails with, is the fault until the page is ready; a failure of
  a page that paints goes `_FAULT_S` later.
"""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from PyQt6 import sip
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from Heatmap.domain.picked import PickedLiquidations
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind
from Heatmap.picture.messages import CellQuery
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.layer.candle_offset import CandleOffset
from Heatmap.ui.report_gate import LineLimit, page_words

if TYPE_CHECKING:
    from Heatmap.feeds.layer_port import LayerListener
    from Heatmap.ui.layer.page_link import PageLink

_logger = get_logger(__name__)

# A failure of the page's script is over when it has painted for so long since.
_FAULT_S = 3.0
# Errors of the page's script in the log: so many at once, then one in so many seconds. A host may
# open a window at each.
_ERRORS, _ERROR_S = 3, 60.0
# A page that says that its chart has gone, or is empty, and then nothing for so long, is asked.
_DOUBT_MS = 500


class PageState(QObject):
    """Keeps what a page has reported (`Heatmap.ui.bridge.PageReports`), and passes it on.

    Parameters
    ----------
    layer
        Qt parent.
    chart, candles
        What the page calls them, for messages.
    on_ready
        Called when the page is ready, before the listener is told.

    Attributes
    ----------
    listener
        Who is told; ``None``: nobody.
    is_ready
        Whether the page has its chart and takes grids.
    viewport
        What the chart showed last; ``None``: not known.
    offset
        By how much its candles are ahead of UTC.
    link
        The way to the page, once there is one.
    is_over
        Whether the layer has left: reports count for nothing then.
    picked
        The bubble that was clicked, a `PickedLiquidations`.
    """

    picked = pyqtSignal(object)

    def __init__(
        self, layer: QObject, chart: str, candles: str, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(layer)
        self.listener: LayerListener | None = None
        self.is_ready = False
        self.viewport: Viewport | None = None
        self.offset = CandleOffset()
        self.link: PageLink | None = None
        self.is_over = False
        self._chart = chart
        self._candles = candles
        self._on_ready = on_ready
        # What is amiss beside what the link knows.
        self._failure: Failure | None = None
        # When the page's script failed last, by the monotonic clock.
        self._failed_s: float | None = None
        self._errors = LineLimit(_ERRORS, _ERROR_S)
        self._doubt = QTimer(self)
        self._doubt.setSingleShot(True)
        self._doubt.setInterval(_DOUBT_MS)
        self._doubt.timeout.connect(self._ask_page)

    @property
    def failure(self) -> Failure | None:
        """Why the page cannot show the heatmap at present; ``None``: nothing is known of it."""
        return (None if self.link is None else self.link.failure) or self._failure

    def end(self) -> None:
        """Pass nothing on any more; touches nothing of Qt."""
        self.is_over = True
        self.is_ready = False
        self.listener = None

    def stop(self) -> None:
        """Ask the page nothing any more."""
        self._doubt.stop()

    def note_error(self, error: Exception) -> None:
        """Log an error of the layer's own, which must not reach Qt, and tell it as the fault."""
        _logger.error("The heatmap's layer failed", exc_info=error)
        self._failure = Failure(FailureKind.LAYER_FAILED, {"error": repr(error)})

    @guarded
    def page_is_ready(self, entry: int) -> None:
        """Take note that the layer is on the chart, unless it is that of a page that goes."""
        if self.is_over or self.link is None or not self.link.confirm(entry):
            return
        self._doubt.stop()
        self.is_ready = True
        self._failure, self._failed_s = None, None
        self._on_ready()
        if self.listener is not None:
            self.listener.page_ready()

    @guarded
    def page_is_gone(self) -> None:
        """Take note that the layer is on no chart any more; another one may come."""
        self.lose_page()
        self._look_again()

    @guarded
    def lose_page(self) -> None:
        """Take note that the layer is on no chart, as far as is known."""
        was_ready, self.is_ready = self.is_ready, False
        self.viewport = None
        self._failure, self._failed_s = None, None
        if was_ready and self.listener is not None:
            self.listener.page_gone()

    @guarded
    def page_is_blank(self) -> None:
        """Take note that the chart has no candles any more."""
        self.viewport = None
        if self.listener is not None:
            self.listener.view_lost()
        self._look_again()

    def _look_again(self) -> None:
        if not self.is_over and not sip.isdeleted(self):
            self._doubt.start()

    @guarded
    def _ask_page(self) -> None:
        """Have the layer's script say so, where it is on a chart that has candles after all."""
        is_doubtful = not self.is_ready or self.viewport is None
        if self.link is not None and not self.is_over and is_doubtful:
            self.link.ask_again(is_ready=self.is_ready)

    @guarded
    def page_lacks(self, what: str) -> None:
        """Take note of what the page has not got yet, so that somebody who wonders is told."""
        self._hear()
        names = {"chart": self._chart, "candles": self._candles}
        if self.is_ready:
            return
        if what in names:
            self._failure = Failure(FailureKind.PAGE_LACKS, {"name": names[what]})
        elif what == "match":
            self._failure = Failure(FailureKind.PAGE_MISMATCH, names)

    @guarded
    def page_needs_grid(self) -> None:
        """Ask the listener for a whole grid."""
        if self.is_ready and self.listener is not None:
            self.listener.page_ready()

    @guarded
    def page_moved(self, viewport: Viewport) -> None:
        """Pass on what the chart shows."""
        if self.is_over or not self.is_ready:
            return
        self.viewport = viewport
        if self.listener is not None:
            self.listener.viewport_changed(viewport)

    @guarded
    def page_asked(self, query: CellQuery) -> None:
        """Pass on which place is to be described."""
        if self.listener is not None:
            self.listener.cell_asked(query)

    @guarded
    def page_chose(self, heat: str) -> None:
        """Pass on which heat was clicked that the chart offered."""
        if self.listener is not None:
            self.listener.heat_chosen(heat)

    @guarded
    def page_picked(self, picked: PickedLiquidations) -> None:
        """Pass on which bubble was clicked."""
        if not self.is_over:
            self.picked.emit(picked)

    @guarded
    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        """Take note of what the page's candle times are ahead of UTC; say what was found."""
        self.offset.find(offset_ms, is_certain=is_certain)

    @guarded
    def page_failed(self, reason: str) -> None:
        """Log an error of the layer's JavaScript; kept until painting has gone on for a while."""
        more = self._errors.grant()
        if more is not None:
            _logger.error("The layer's JavaScript failed: %s%s", page_words(reason), more)
        self._hear()
        self._failed_s = monotonic()
        line = page_words(reason.partition("\n")[0])
        self._failure = Failure(FailureKind.PAGE_SCRIPT_FAILED, {"reason": line})

    @guarded
    def page_painted(self, timing: dict[str, float]) -> None:
        """Pass on how long painting took."""
        if self._failed_s is not None and monotonic() - self._failed_s > _FAULT_S:
            self._failure, self._failed_s = None, None
        if self.listener is not None:
            self.listener.painted(timing)

    def _hear(self) -> None:
        if self.link is not None:
            self.link.hear()
