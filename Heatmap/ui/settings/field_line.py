"""Several controls of a row side by side, each of which can be refused, with words below."""

from collections.abc import Mapping

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from Heatmap.runtime.compat import override
from Heatmap.ui.settings.look import Caption, RefusalMark


class FieldLine(QWidget):
    """Controls side by side.

    Parameters
    ----------
    widgets
        From left to right; a label among them stands between controls.
    stretched
        Takes the room that is left; ``None``: none does.
    """

    def __init__(self, *widgets: QWidget, stretched: QWidget | None = None) -> None:
        super().__init__()
        self._marks = {
            widget: RefusalMark(widget) for widget in widgets if not isinstance(widget, QLabel)
        }
        self._refusal = Caption()
        self._refusal.is_refusal = True
        self._refusal.setObjectName(f"{widgets[0].objectName()}_refusal")
        self._refusal.setToolTip(widgets[0].toolTip())
        self._refusal.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in widgets:
            # A caption asks for the height of its width; in a line it stands in the middle.
            line.addWidget(
                widget,
                1 if widget is stretched else 0,
                Qt.AlignmentFlag(0) if widget is stretched else Qt.AlignmentFlag.AlignVCenter,
            )
            widget.installEventFilter(self)
        if stretched is None:
            line.addStretch(1)
        self._column.addLayout(line)
        self._column.addWidget(self._refusal)

    def add_below(self, widget: QWidget) -> None:
        """Add a widget below what is there."""
        self._column.addWidget(widget)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark controls, and say below them why; by the name of each control."""
        words = []
        for control, mark in self._marks.items():
            problem = problems.get(control.objectName(), "")
            mark.setVisible(bool(problem))
            mark.fit(control.size())
            control.setAccessibleDescription(problem)
            if problem:
                words.append(problem)
        self._refusal.setText("\n".join(words))
        self._refusal.setVisible(bool(words))

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the marks as large as their controls."""
        if event is not None and event.type() == QEvent.Type.Resize:
            for control, mark in self._marks.items():
                if control is watched:
                    mark.fit(control.size())
        return super().eventFilter(watched, event)
