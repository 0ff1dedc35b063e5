"""Work that is done once a second, but only while a widget is seen."""

from collections.abc import Callable

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QWidget

from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.seen_filter import SeenFilter

logger = get_logger(__name__)

PERIOD_MS = 1000


class WhileVisible(SeenFilter):
    """Calls `work` when `widget` is shown, and once a second until it is hidden.

    Belongs to the widget and goes with it. An exception of `work` is logged, since PyQt would end
    the host's process for it.
    """

    def __init__(self, widget: QWidget, work: Callable[[], None]) -> None:
        super().__init__(widget)
        self._work = work
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self._run)
        self.is_whole = True

    @override
    def note_seen(self, *, is_seen: bool) -> None:
        """Begin when the widget is shown, and end when it is hidden."""
        if is_seen:
            self._timer.start()
            self._run()
        else:
            self._timer.stop()

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            logger.exception("what is shown of the status could not be refreshed")
