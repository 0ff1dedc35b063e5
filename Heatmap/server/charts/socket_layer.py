"""A layer whose page is a browser's: what `Heatmap.ui.HeatmapLayer` is on a page of Qt.

- The page is ready from its report of the present entry until it says that its chart has gone, or
  does not read what it is told. Only a ready page is told anything.
- `enter` begins anew: reports of the entry before are refused, and the page reports itself again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from Heatmap.domain.picked import PickedLiquidations
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.layer_port import LayerListener, LayerPort
from Heatmap.feeds.page.options import DEFAULT_OPTIONS, checked_option
from Heatmap.feeds.page.reports import ReportReader
from Heatmap.picture.messages import CellLines, CellQuery
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.server.charts.outbox import Outbox

logger = get_logger(__name__)

NAME = "heatmap"
"""Of the layer on its page."""
_MOST_ERRORS = 3


class SocketLayer:
    """The heatmap on the chart of one browser's page. A `LayerPort`; on the server's loop.

    More than 25 methods: what a page reports and what a feed asks are two interfaces, and each is
    as long as it has to be.

    Parameters
    ----------
    outbox
        Takes what the page is told.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._reader = ReportReader(self)
        self._reader.entry = 0
        self._symbol: str | None = None
        self._listener: LayerListener | None = None
        self._options: dict[str, Any] = dict(DEFAULT_OPTIONS)
        # What each part of the page shows, as JSON.
        self._shown: dict[str, str] = {}
        self._is_ready = False
        self._viewport: Viewport | None = None
        self._failure: Failure | None = None
        # Errors of its script that were logged: any script of the page can report some.
        self._errors = 0

    # -- the page -----------------------------------------------------------------------------

    def enter(self, symbol: str) -> dict[str, Any]:
        """Begin anew with a symbol; returns what the page's script is attached with."""
        self.page_is_gone()
        if symbol != self._symbol:
            self._symbol = symbol
            self.clear()
            if self._listener is not None:
                self._listener.symbol_changed()
        self._reader.entry = (self._reader.entry or 0) + 1
        return {
            "entry": self._reader.entry,
            "link": 1,
            "name": NAME,
            "chart": "chart",
            "candles": "candleSeries",
            "options": self._options,
            # The page gives its candles in UTC.
            "timeOffsetMs": 0,
            "pageColour": None,
        }

    def report(self, kind: str, payload: object) -> None:
        """Take a report of the page.

        Raises
        ------
        ValueError
            It cannot be used.
        """
        self._reader.read(kind, payload)

    # -- what the page reports (PageReports) --------------------------------------------------

    def page_is_ready(self, entry: int) -> None:
        """Begin to show: the layer is on the chart."""
        if entry != self._reader.entry:
            return
        self._is_ready, self._failure = True, None
        self._send("optionsSet", json.dumps(self._options))
        for name, payload in self._shown.items():
            self._send("partShown", name, payload)
        if self._listener is not None:
            self._listener.page_ready()

    def page_is_gone(self) -> None:
        """Show nothing: the chart has gone."""
        was_ready, self._is_ready = self._is_ready, False
        self._viewport = None
        if was_ready and self._listener is not None:
            self._listener.page_gone()

    def page_is_blank(self) -> None:
        """Draw nothing: the chart has no candles."""
        self._viewport = None
        if self._listener is not None:
            self._listener.view_lost()

    def page_lacks(self, what: str) -> None:
        """Do nothing: our own page has its chart, or says so by itself."""

    def page_needs_grid(self) -> None:
        """Ask for a whole picture."""
        if self._is_ready and self._listener is not None:
            self._listener.page_ready()

    def page_moved(self, viewport: Viewport) -> None:
        """Pass on what the chart shows."""
        if self._is_ready:
            self._viewport = viewport
            if self._listener is not None:
                self._listener.viewport_changed(viewport)

    def page_asked(self, query: CellQuery) -> None:
        """Pass on which place is to be described."""
        if self._listener is not None:
            self._listener.cell_asked(query)

    def page_chose(self, heat: str) -> None:
        """Pass on which heat was clicked that the chart offered."""
        if self._listener is not None:
            self._listener.heat_chosen(heat)

    def page_picked(self, picked: PickedLiquidations) -> None:
        """Do nothing: no tape stands beside a browser's chart."""

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        """Do nothing: the page was told the offset."""

    def page_failed(self, reason: str) -> None:
        """Keep an error of the layer's JavaScript, and log the first ones."""
        line = shown_text(reason.partition("\n")[0], LONGEST_MESSAGE_CHARS)
        self._failure = Failure(FailureKind.PAGE_SCRIPT_FAILED, {"reason": line})
        self._errors += 1
        if self._errors <= _MOST_ERRORS:
            logger.error("a browser's chart failed: %s", line)

    def page_painted(self, timing: dict[str, float]) -> None:
        """Pass on how long painting took."""
        if self._listener is not None:
            self._listener.painted(timing)

    # -- what a feed asks (LayerPort) ---------------------------------------------------------

    @property
    def symbol(self) -> str | None:
        """Symbol that the page shows; ``None``: not known yet."""
        return self._symbol

    @property
    def failure(self) -> Failure | None:
        """Why the page cannot show the heatmap; ``None``: nothing is known of it."""
        return self._failure

    def set_listener(self, listener: LayerListener | None) -> None:
        """Tell `listener` from now on."""
        self._listener = listener

    def set_leave_listener(self, leave: Callable[[LayerPort], None] | None) -> None:
        """Do nothing: whoever made the layer ends its feed."""

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        """Replace the picture."""
        self._send("gridShown", json.dumps(dict(meta), allow_nan=False), packed)

    def append_cells(self, meta: Mapping[str, Any], packed: str) -> None:
        """Replace or add columns of the picture."""
        self._send("cellsAppended", json.dumps(dict(meta), allow_nan=False), packed)

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Change what the page applies by itself."""
        checked = {name: checked_option(name, value) for name, value in options.items()}
        if any(self._options[name] != value for name, value in checked.items()):
            self._options.update(checked)
            self._send("optionsSet", json.dumps(self._options))

    def clear(self) -> None:
        """Remove the picture, and what the parts show."""
        self._shown = dict.fromkeys(self._shown, "null")
        self._send("cleared")

    def show_part(self, name: str, payload: object) -> None:
        """Show something by a part of the page, until another payload or `clear`."""
        encoded = json.dumps(payload, allow_nan=False)
        self._shown[name] = encoded
        self._send("partShown", name, encoded)

    def show_cell(self, report: CellLines | None) -> None:
        """Show what lies at the place that was asked about last."""
        lines = [] if report is None else asdict(report)["lines"]
        self._send("partShown", "tooltip", json.dumps({"lines": lines}))

    def _send(self, message: str, *content: str) -> None:
        if not self._is_ready:
            return
        self._outbox.put(message, *content)
        if self._outbox.is_stalled:
            # Nothing is built for who does not read; it is entered anew when it reads again.
            self.page_is_gone()
