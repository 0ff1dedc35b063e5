"""Which windows come back at the next start."""

from collections.abc import Callable

from PyQt6.QtCore import QObject, QSettings, QTimer

from Heatmap.standalone.window_store import WindowStore, free_number, keep_windows, kept_windows

TOGETHER_MS = 1000
"""Windows that are closed within so short a time of each other are closed together."""


class KeptWindows(QObject):
    """Keeps which windows are open, and forgets those that are closed beside others.

    Those of the last run that are still to be opened count as open. Where all windows are closed
    together, all come back.

    Parameters
    ----------
    store
        The program's store.
    open_numbers
        Tells the numbers of the windows that are open.
    parent
        Whose it is.

    Attributes
    ----------
    to_open
        Numbers of the windows of the last run that are still to be opened, in their order.
    """

    def __init__(
        self, store: QSettings, open_numbers: Callable[[], list[int]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store, self._open_numbers = store, open_numbers
        self.to_open = kept_windows(store)
        # Numbers of those that were closed a moment ago, perhaps with all others.
        self._just_closed: list[int] = []
        self._are_closed_together = False
        self._forgetting = QTimer(self)
        self._forgetting.setSingleShot(True)
        self._forgetting.setInterval(TOGETHER_MS)
        self._forgetting.timeout.connect(self.forget_closed)

    def free_number(self) -> int | None:
        """Return the number of one more window; ``None``: there are too many."""
        return free_number(self._numbers())

    def keep(self) -> None:
        """Keep which windows there are."""
        keep_windows(self._store, sorted(set(self._numbers())))

    def note_closed(self, number: int, *, is_last: bool) -> None:
        """Take note that the user has closed a window, the last one or one beside others."""
        if is_last:
            self._are_closed_together = True
            self._forgetting.stop()
            self.keep()
        else:
            self._just_closed.append(number)
            self._forgetting.start()

    def forget_closed(self) -> None:
        """Forget the windows that were closed beside others, unless all were closed together."""
        if self._just_closed and not self._are_closed_together:
            self._forgetting.stop()
            closed, self._just_closed = self._just_closed, []
            self.keep()
            for number in closed:
                WindowStore(self._store, number).forget()

    def end(self) -> None:
        """Keep once more which windows there are: another program may have forgotten some."""
        self.forget_closed()
        self.keep()

    def _numbers(self) -> list[int]:
        return [*self._open_numbers(), *self.to_open, *self._just_closed]
