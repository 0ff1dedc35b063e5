"""A page of the settings tab, where a low screen or a large font leaves no room for all of it."""

from PyQt6 import sip
from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget

from Heatmap.runtime.compat import override

_MARGIN = 12


class ScrolledPage(QScrollArea):
    """Scrolls up and down; nothing is cut off at the right."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        # What `lead_to` scrolls to.
        self._wanted: QWidget | None = None
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
        self.fit()

    def fit(self) -> None:
        """Ask for the width that the page takes by now."""
        page = self.widget()
        if page is not None:
            # A page that is not in front is not told what its labels take by now.
            for layout in page.findChildren(QLayout):
                layout.invalidate()
            self.setMinimumWidth(page.minimumSizeHint().width() + self._bar_width())

    @override
    def sizeHint(self) -> QSize:
        """Ask for the whole page, where Qt would ask for a part."""
        page = self.widget()
        if page is None:
            return super().sizeHint()
        hint = page.sizeHint()
        if page.hasHeightForWidth():
            hint.setHeight(page.heightForWidth(max(hint.width(), page.width())))
        return hint + QSize(self._bar_width(), 0)

    def lead_to(self, widget: QWidget) -> None:
        """Scroll to a widget of the page, also where its place is only just being found."""
        self._wanted = widget
        self._scroll()
        QTimer.singleShot(0, self._scroll)

    def _scroll(self) -> None:
        wanted = self._wanted
        if wanted is not None and not sip.isdeleted(wanted):
            self.ensureWidgetVisible(wanted, 0, _MARGIN)

    def _bar_width(self) -> int:
        bar = self.verticalScrollBar()
        return 0 if bar is None else bar.sizeHint().width()
