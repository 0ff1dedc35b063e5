"""The form of a settings page: rows of a label and a field, with words below the field."""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QSize, Qt
from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.ui.settings.look import Caption, Heading, RefusalMark

Show = Callable[[HeatmapSettings], None]
"""Shows settings without changing them."""


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
    indent
        How far right the words begin, pixels.
    """

    def __init__(
        self,
        control: QWidget,
        *beside: QWidget,
        before: QWidget | None = None,
        caption: str = "",
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
        line.addStretch(1)
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
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 8)
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.form.setVerticalSpacing(6)
        self.form.setHorizontalSpacing(12)
        column.addLayout(self.form)
        column.addStretch(1)

    @override
    def minimumSizeHint(self) -> QSize:
        """Leave the height to `heightForWidth`: a form asks for what its narrowest width takes."""
        hint = super().minimumSizeHint()
        return QSize(hint.width(), 0 if self.hasHeightForWidth() else hint.height())

    def add_heading(self, text: str) -> None:
        """Begin a section."""
        heading = Heading(text, has_rule=self.form.rowCount() > 0)
        heading.setToolTip(text)
        self.form.addRow(heading)

    def add_row(self, row: SettingRow) -> None:
        """Put `row` below the others."""
        self.rows.append(row)
        if not row.label:
            self.form.addRow(row.field)
            return
        self.add_field(row.label, row.field, row.control)

    def add_field(self, text: str, field: QWidget, control: QWidget) -> None:
        """Put a field with a label in front, by whose mnemonic `control` is reached."""
        label = QLabel(text)
        label.setBuddy(control)
        label.setToolTip(control.toolTip())
        self.labels.append(label)
        self.form.addRow(label, field)
