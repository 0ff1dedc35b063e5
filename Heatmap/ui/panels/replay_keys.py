"""The keys of a replay bar, also where a window has several of them."""

import itertools
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QAction, QKeySequence, QShortcutEvent
from PyQt6.QtWidgets import QApplication, QWidget

from Heatmap.runtime.compat import override

_times = itertools.count(1)


class ReplayKey(QAction):
    """An action of a bar, with a key that works while the bar is seen.

    Where other bars in the same window have the key too, which Qt takes for nobody's, it is that of
    the bar with the keyboard, or else of the one that was used last.

    Parameters
    ----------
    bar
        Whose it is: hidden, it takes no key from others.
    words
        What it is called.
    key
        Such as ``Shift+Up``.
    act
        What it does.
    """

    def __init__(self, bar: QWidget, words: str, key: str, act: Callable[[], None]) -> None:
        super().__init__(bar)
        self._bar = bar
        self._used = 0
        self.setShortcut(QKeySequence(key))
        self.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.name(words)
        self._act = act
        self.triggered.connect(self._do)
        bar.addAction(self)

    @property
    def key_text(self) -> str:
        """The key in the user's language."""
        return self.shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def name(self, words: str) -> None:
        """Name it, and say its key in its tool tip."""
        self.setText(words)
        self.setToolTip(f"{words} ({self.key_text})")

    def note_use(self) -> None:
        """Take note that its bar is used now."""
        self._used = next(_times)

    def _do(self, _is_on: bool) -> None:
        self.note_use()
        self._act()

    @override
    def event(self, event: QEvent | None) -> bool:
        """Have the right one of several bars act."""
        if isinstance(event, QShortcutEvent) and event.isAmbiguous():
            rivals = self._rivals()
            if len(rivals) > 1:
                max(rivals, key=ReplayKey._claim).trigger()
                return True
        return super().event(event)

    def _rivals(self) -> Sequence["ReplayKey"]:
        """Return those of all bars in this window that would act, this one among them."""
        window = self._bar.window()
        found = [] if window is None else window.findChildren(ReplayKey)
        return [
            one
            for one in found
            if one.shortcut() == self.shortcut()
            and one.isEnabled()
            and one._bar.isVisible()  # noqa: SLF001 - of this class
            and one._bar.window() is window  # noqa: SLF001 - of this class
        ]

    def _claim(self) -> tuple[bool, int]:
        focused = QApplication.focusWidget()
        has_focus = focused is not None and self._bar.isAncestorOf(focused)
        return has_focus, max(one._used for one in self._bar.findChildren(ReplayKey))  # noqa: SLF001
