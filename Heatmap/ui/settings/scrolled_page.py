"""A page of the settings tab, where a low screen or a large font leaves no room for all of it."""

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QFrame, QScrollArea, QWidget

from Heatmap.runtime.compat import override


class ScrolledPage(QScrollArea):
    """Scrolls up and down; nothing is cut off at the right."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # A page has the colour of its tab, in any style.
        page.setAutoFillBackground(False)
        viewport = self.viewport()
        if viewport is not None:
            viewport.setAutoFillBackground(False)
        self.setMinimumWidth(page.minimumSizeHint().width() + self._bar_width())

    @override
    def sizeHint(self) -> QSize:
        """Ask for the whole page, where Qt would ask for a part."""
        page = self.widget()
        hint = super().sizeHint() if page is None else page.sizeHint()
        return hint + QSize(self._bar_width(), 0)

    def _bar_width(self) -> int:
        bar = self.verticalScrollBar()
        return 0 if bar is None else bar.sizeHint().width()
