"""Work that is done once a second, but only while a widget is seen."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QTimer
from PyQt6.QtWidgets import QWidget

from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

PERIOD_MS = 1000


class WhileVisible(QObject):
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
        widget.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the widget's being shown and hidden."""
        if event is not None and event.type() == QEvent.Type.Show:
            self._timer.start()
            self._run()
        elif event is not None and event.type() == QEvent.Type.Hide:
            self._timer.stop()
        return super().eventFilter(watched, event)

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            logger.exception("what is shown of the status could not be refreshed")
