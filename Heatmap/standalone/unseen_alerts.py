"""How many alerts nobody has looked at, over restarts and for all windows of a program."""

from collections.abc import Sequence

from PyQt6.QtCore import QSettings

from Heatmap import Alert

KEY = "Window/alertsSeen"
"""In a store: the id of the newest alert that was looked at."""


class UnseenAlerts:
    """Counts what was found after the newest alert that the user has seen.

    Parameters
    ----------
    store
        Where that one is kept: windows on one store have seen the same.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store

    def count(self, latest: Sequence[Alert]) -> int:
        """Return how many of the latest alerts, oldest first, nobody has looked at."""
        seen = str(self._store.value(KEY, ""))
        places = (at for at in range(len(latest) - 1, -1, -1) if latest[at].id == seen)
        return len(latest) - 1 - next(places, -1)

    def note_seen(self, latest: Sequence[Alert]) -> None:
        """Take note that the user looks at all of them."""
        if latest and self.count(latest):
            self._store.setValue(KEY, latest[-1].id)
