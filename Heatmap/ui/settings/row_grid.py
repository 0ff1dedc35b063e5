"""Rows of a label and a field, of which some may be folded away."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QWidget

_LABELS, _FIELDS = 0, 1


class RowGrid(QGridLayout):
    """Puts rows below each other; each as high as its words are at the width that there is.

    WORKAROUND QFormLayout: where rows are hidden it gives lines of one row to another, so that
    words of several lines are cut off.
    """

    def __init__(self, vertical_spacing: int) -> None:
        super().__init__()
        self.setVerticalSpacing(vertical_spacing)
        self.setHorizontalSpacing(12)
        self.setColumnStretch(_FIELDS, 1)
        self._rows: list[tuple[QWidget, ...]] = []

    def row_count(self) -> int:
        """Return how many rows there are, those that are hidden too."""
        return len(self._rows)

    def add_row(
        self, field: QWidget, label: QWidget | None = None, *, is_wide: bool = False
    ) -> int:
        """Put a row below the others, and return its number.

        Parameters
        ----------
        field
            Stands right of the labels, or, where it is wide, below them too.
        label
            Stands in front, beside the first line of the field; ``None``: nothing does.
        is_wide
            Whether the field takes the room of the label.
        """
        row = len(self._rows)
        if is_wide:
            self.addWidget(field, row, _LABELS, 1, 2)
        else:
            self.addWidget(field, row, _FIELDS)
        if label is not None:
            self.addWidget(label, row, _LABELS, Qt.AlignmentFlag.AlignTop)
        self._rows.append((field,) if label is None else (field, label))
        return row

    def set_row_visible(self, row: int, *, is_visible: bool) -> None:
        """Show a row, or hide it without a gap."""
        for widget in self._rows[row]:
            widget.setVisible(is_visible)
