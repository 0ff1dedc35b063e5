"""Work on a way that may take seconds, in a thread of its own: a test, or a look at an address."""

import threading
from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from Heatmap.alerts.ways import WaySpec, make_way, send_test
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.alert_ways import message_words

logger = get_logger(__name__)

_LOOK_MS = 50


class WayTrial(QObject):
    """Runs one piece of work after the other; a newer one takes the place of one that runs.

    The thread tells nothing to Qt, which may be gone by then: it is looked at.

    Attributes
    ----------
    answered
        Tells what went wrong, a `Failure`; ``None``: nothing did.
    """

    answered = pyqtSignal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # What the present work has answered, in a list of its own; None: none is under way.
        self._answer: list[Failure | None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def send(self, spec: WaySpec) -> None:
        """Send a test on a way."""
        # Texts are translated in Qt's thread.
        words = message_words()
        self._run(lambda: send_test(make_way(spec), words))

    def check(self, spec: WaySpec) -> None:
        """Find out whether a way can be made; that of a service loads a package first."""

        def make() -> None:
            make_way(spec)

        self._run(make)

    def drop(self) -> None:
        """Want no answer any more of what is under way."""
        self._answer = None

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("a way of alerts could not be tried", exc_info=error)

    def _run(self, work: Callable[[], Failure | None]) -> None:
        answer: list[Failure | None] = []
        self._answer = answer

        def run() -> None:
            try:
                answer.append(work())
            except SettingsError as error:
                answer.append(error.failure)
            except Exception as error:  # noqa: BLE001 - its own words may hold the address
                kind = {"error": type(error).__name__}
                answer.append(Failure(FailureKind.INTERNAL, kind))

        threading.Thread(target=run, name="heatmap-worker", daemon=True).start()
        self._timer.start()

    @guarded
    def _look(self) -> None:
        if self._answer is None:
            self._timer.stop()
        elif self._answer:
            answer, self._answer = self._answer[0], None
            self._timer.stop()
            self.answered.emit(answer)
