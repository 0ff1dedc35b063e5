"""What follows whether a widget is seen."""

from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QWidget

from Heatmap.runtime.compat import override


class SeenFilter(QObject):
    """Is told when a widget is shown and hidden; belongs to the widget and goes with it.

    Whoever inherits from it sets `is_whole` when its attributes are there.

    Attributes
    ----------
    is_whole
        Whether events are looked at. Of the class: where the garbage collector takes a widget that
        is still shown, Qt tells that it is hidden when the attributes of this object are gone, and
        an error then would end the host's process.
    """

    is_whole = False

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.installEventFilter(self)

    def note_seen(self, *, is_seen: bool) -> None:
        """Take note that the widget is shown now, or hidden."""

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the widget's being shown and hidden."""
        if self.is_whole and event is not None:
            kind = event.type()
            if kind in (QEvent.Type.Show, QEvent.Type.Hide):
                self.note_seen(is_seen=kind == QEvent.Type.Show)
        return super().eventFilter(watched, event)
