"""Keeps a window's place, size and docks: soon after each change, and when the window is closed.

Not at the end only: a program that is killed, or a computer that is switched off, tells nobody.
"""

from collections.abc import Callable

from PyQt6.QtCore import QByteArray, QEvent, QObject, QTimer
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget

from Heatmap.runtime.compat import override
from Heatmap.standalone.window_store import LAYOUT_VERSION, WindowStore

SETTLED_MS = 500
"""What was moved is kept once it has stayed so long."""
_CHANGES = (
    QEvent.Type.Move,
    QEvent.Type.Resize,
    QEvent.Type.WindowStateChange,
    # Of a dock that is opened or shut.
    QEvent.Type.Show,
    QEvent.Type.Hide,
)


class KeptPlace(QObject):
    """Restores a window's place and docks, and keeps them.

    Parameters
    ----------
    window
        Whose place it is; also the parent.
    store
        Where it is kept.
    has_guest
        Whether another dock stands for the moment in the place of the window's own: these are then
        kept as they were before.
    """

    def __init__(
        self, window: QMainWindow, store: WindowStore, has_guest: Callable[[], bool]
    ) -> None:
        super().__init__(window)
        self._window, self._store, self._has_guest = window, store, has_guest
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.timeout.connect(self._keep_settled)

    def restore(self) -> bool:
        """Put the window and its docks where they were, and keep them from now on.

        Returns
        -------
        bool
            Whether the docks are as they were kept.
        """
        geometry, state = self._store.bytes_of("geometry"), self._store.bytes_of("state")
        if geometry != QByteArray():
            self._window.restoreGeometry(geometry)
        has_docks = state != QByteArray() and self._window.restoreState(state, LAYOUT_VERSION)
        self.watch()
        return has_docks

    def watch(self) -> None:
        """Keep how it is from now on, after each change. Idempotent."""
        for one in self._watched():
            one.installEventFilter(self)

    def keep(self) -> None:
        """Keep how it is now."""
        self._settled.stop()
        self._store.set_bytes("geometry", self._window.saveGeometry())
        if not self._has_guest():
            self._store.set_bytes("state", self._window.saveState(LAYOUT_VERSION))

    def leave(self) -> None:
        """Keep nothing any more: another window has the place, or it is forgotten."""
        self._settled.stop()
        for one in self._watched():
            one.removeEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Notice that the window or one of its docks was moved, opened or shut."""
        if event is not None and event.type() in _CHANGES:
            self._settled.start()
        return super().eventFilter(watched, event)

    def _watched(self) -> list[QWidget]:
        return [self._window, *self._window.findChildren(QDockWidget)]

    def _keep_settled(self) -> None:
        # What is hidden is being closed, and was kept for the last time.
        if self._window.isVisible():
            self.keep()
