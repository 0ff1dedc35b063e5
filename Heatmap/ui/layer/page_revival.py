"""Loads a page again whose render process has died."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from PyQt6.QtCore import QObject, QTimer, pyqtBoundSignal
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

MAX_DEATHS = 3
"""A page that dies more often than this within `MEMORY_S` is left alone."""
MEMORY_S = 60.0
# A host that looks after its page itself begins at once.
_PATIENCE_MS = 1000

_Status = QWebEnginePage.RenderProcessTerminationStatus


class PageRevival(QObject):
    """Reloads a page after its render process has died, unless somebody else does so at once.

    A reload brings back what `setHtml` was given, with its base URL, and the page's web channel;
    what the host had its scripts do since is the host's to do again, as after each load. A page
    that dies again and again is left as it is, until somebody loads it. Several may watch one page:
    it is loaded once.

    Parameters
    ----------
    page
        The page to watch.
    parent
        Qt parent.
    """

    def __init__(self, page: QWebEnginePage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._page = page
        # When the render process died lately, by the monotonic clock.
        self._deaths_s: deque[float] = deque(maxlen=MAX_DEATHS + 1)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._reload)
        page.renderProcessTerminated.connect(self._on_terminated)
        page.loadStarted.connect(self._patience.stop)

    def stop(self) -> None:
        """Watch no longer."""
        self._patience.stop()
        disconnect(self._page.renderProcessTerminated, self._on_terminated)
        disconnect(self._page.loadStarted, self._patience.stop)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        _logger.error("The chart page could not be looked after", exc_info=error)

    @guarded
    def _on_terminated(self, status: _Status, exit_code: int) -> None:
        if status is _Status.NormalTerminationStatus:
            return
        now_s = monotonic()
        self._deaths_s.append(now_s)
        recent = sum(now_s - death_s < MEMORY_S for death_s in self._deaths_s)
        how = f"{status.name.removesuffix('TerminationStatus').lower()}, code {exit_code}"
        if recent > MAX_DEATHS:
            _logger.error(
                "The chart page's render process died again (%s), more than %d times within %g s; "
                "the page stays as it is until it is loaded",
                how,
                MAX_DEATHS,
                MEMORY_S,
            )
            return
        _logger.warning("The chart page's render process died (%s); loading the page again", how)
        self._patience.start()

    @guarded
    def _reload(self) -> None:
        # Another layer of the page may have been first.
        if not self._page.isLoading():
            self._page.triggerAction(QWebEnginePage.WebAction.Reload)


def disconnect(signal: pyqtBoundSignal, slot: Callable[..., object]) -> None:
    """End a connection, which a host that disconnects all of a signal has ended already."""
    with suppress(TypeError, RuntimeError):
        signal.disconnect(slot)
