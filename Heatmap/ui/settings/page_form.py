"""The form of a settings page: rows of a label and a field, with words below the field."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QObject, QSize
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.ui.settings.look import Caption, Heading, RefusalMark
from Heatmap.ui.settings.row_grid import RowGrid

if TYPE_CHECKING:
    from Heatmap.setting_fields import Section

Show = Callable[[HeatmapSettings], None]
"""Shows settings without changing them."""

_LEAST_ASIDE = 56


class RowField(QWidget):
    """What stands in the field of a row: the control, what is beside it, and words below.

    Parameters
    ----------
    control
        What takes the keyboard.
    beside
        Stand right of it.
    before
        Stands left of it; ``None``: nothing does.
    caption
        Words below it at all times.
    aside
        Words right of all that, in as many lines as they need.
    indent
        How far right the words begin, pixels.
    """

    def __init__(
        self,
        control: QWidget,
        *beside: QWidget,
        before: QWidget | None = None,
        caption: str = "",
        aside: Caption | None = None,
        indent: int = 0,
    ) -> None:
        super().__init__()
        self.control = control
        self._mark = RefusalMark(control)
        self._refusal = Caption()
        self._refusal.is_refusal = True
        self._refusal.setObjectName(f"{control.objectName()}_refusal")
        self._refusal.setToolTip(control.toolTip())
        self._refusal.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in (before, control, *beside):
            if widget is not None:
                line.addWidget(widget)
        if aside is None:
            line.addStretch(1)
        else:
            aside.least_width = _LEAST_ASIDE
            line.addWidget(aside, 1)
        self._column.addLayout(line)
        self._indent = indent
        if caption:
            words = Caption(caption)
            words.setToolTip(control.toolTip())
            self.add_below(words)
        self.add_below(self._refusal)
        control.installEventFilter(self)

    def add_below(self, widget: QWidget) -> None:
        """Add a widget below what is there."""
        if self._indent:
            margins = widget.contentsMargins()
            margins.setLeft(self._indent)
            widget.setContentsMargins(margins)
        self._column.addWidget(widget)

    def refuse(self, words: str) -> None:
        """Mark the control, and say below it why its entry was refused; empty: it was not."""
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))
        self._mark.setVisible(bool(words))
        self._mark.fit(self.control.size())
        self.control.setAccessibleDescription(words)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the mark as large as the control."""
        if event is not None and event.type() == QEvent.Type.Resize and watched is self.control:
            self._mark.fit(self.control.size())
        return super().eventFilter(watched, event)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One row.

    Attributes
    ----------
    names
        The settings' fields that it shows.
    label
        What stands in front, with its mnemonic; empty: the control has its own text.
    words
        The name of it in a sentence.
    control
        What takes the keyboard; named as the field.
    field
        What goes into the form, with the control in it.
    show
        Shows the settings without changing them.
    refusal
        What to say about a text that is not allowed, with ``{text}`` for it; empty: that in general
        words.
    """

    names: tuple[str, ...]
    label: str
    words: str
    control: QWidget
    field: RowField
    show: Show
    refusal: str = ""


class SettingsPage(QWidget):
    """A page of rows below each other, in one form, so that all fields stand in one column."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[SettingRow] = []
        self.labels: list[QLabel] = []
        self.headings: dict[Section, QLabel] = {}
        self._labelled: list[tuple[QLabel, QWidget]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 8)
        self.grid = RowGrid(vertical_spacing=6)
        column.addLayout(self.grid)
        column.addStretch(1)

    @override
    def minimumSizeHint(self) -> QSize:
        """Leave the height to `heightForWidth`: a form asks for what its narrowest width takes."""
        hint = super().minimumSizeHint()
        return QSize(hint.width(), 0 if self.hasHeightForWidth() else hint.height())

    def add_heading(self, text: str) -> QLabel:
        """Begin a section; returns what stands above it."""
        heading = Heading(text, has_rule=self.grid.row_count() > 0)
        heading.setToolTip(text)
        self.grid.add_row(heading, is_wide=True)
        return heading

    def add_row(self, row: SettingRow) -> None:
        """Put `row` below the others."""
        self.rows.append(row)
        if not row.label:
            self.grid.add_row(row.field, is_wide=True)
            return
        label = self.make_label(row.label, row.control)
        label.setBuddy(row.control)
        self.grid.add_row(row.field, label)

    def make_label(self, text: str, control: QWidget) -> QLabel:
        """Make the label in front of a control, beside the middle of it."""
        label = QLabel(text)
        label.setToolTip(control.toolTip())
        self.labels.append(label)
        self._labelled.append((label, control))
        return label

    def fit_labels(self) -> None:
        """Put each label beside the middle of its control, as high as the style makes these."""
        for label, control in self._labelled:
            room = control.sizeHint().height() - label.fontMetrics().height()
            label.setContentsMargins(0, max(0, room // 2), 0, 0)
