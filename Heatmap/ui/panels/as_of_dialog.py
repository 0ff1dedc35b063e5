"""A small dialog that asks for a moment of the recording."""

import re

from PyQt6.QtCore import QDateTime, QLocale, QTimeZone, pyqtSignal
from PyQt6.QtWidgets import (
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from Heatmap.runtime.compat import override
from Heatmap.ui.language import users_locale, write_as_user
from Heatmap.ui.panels.recording_timeline import RecordingTimeline

_HOUR_MS = 3_600_000
HOURS_AGO = (1, 4, 24)
"""Moments that a click chooses."""
_EDGE_PX, _GAP_PX, _WIDTH_PX = 16, 10, 420


class AsOfDialog(QDialog):
    """Asks for a moment within what was recorded.

    Parameters
    ----------
    timeline
        Knows what was recorded, and how times are written.
    zone
        By whose clock the moment is entered.
    at_ms, present_ms
        What is entered at first, and now, UTC milliseconds.
    parent
        Qt parent.

    Attributes
    ----------
    chosen
        The moment, UTC milliseconds: its button was clicked, or Enter pressed.
    """

    chosen = pyqtSignal(object)

    def __init__(
        self,
        timeline: RecordingTimeline,
        zone: QTimeZone,
        at_ms: int,
        present_ms: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self._timeline = timeline
        self._zone = zone
        recorded = timeline.recorded
        start_ms = present_ms if recorded is None else recorded.start_ms
        self.setWindowTitle(self.tr("As of a time"))
        self.setMinimumWidth(_WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE_PX, _EDGE_PX, _EDGE_PX, _EDGE_PX)
        column.setSpacing(_GAP_PX)
        words = QLabel(self.tr("Show what was known at this time. Recording goes on."))
        words.setWordWrap(True)
        column.addWidget(words)
        self.moment = QDateTimeEdit()
        self.moment.setCalendarPopup(True)
        self.moment.setLocale(users_locale())
        self.moment.setDisplayFormat(_form())
        self.moment.setAccessibleName(self.tr("Time"))
        # The zone first: the limits and the value are in it.
        self.moment.setTimeZone(zone)
        self.moment.setDateTimeRange(self._time(start_ms), self._time(present_ms))
        self.moment.setDateTime(self._time(at_ms))
        self.moment.dateTimeChanged.connect(lambda _time: self._show_note())
        row = QHBoxLayout()
        row.addWidget(self.moment, 1)
        # Of the moment that is entered: where clocks are set back an hour is there twice.
        self.zone_name = QLabel()
        row.addWidget(self.zone_name)
        column.addLayout(row)
        self.ago: list[QPushButton] = []
        column.addLayout(self._ago_row(start_ms, present_ms))
        self.note = QLabel()
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        # With a parent from the beginning: by its style there may be no icons on buttons.
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        show = self.buttons.addButton(self.tr("Show"), QDialogButtonBox.ButtonRole.AcceptRole)
        if show is not None:
            show.setDefault(True)
            show.setEnabled(recorded is not None)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self._show_note()
        self.moment.setFocus()

    def _ago_row(self, start_ms: int, present_ms: int) -> QHBoxLayout:
        row = QHBoxLayout()
        for hours in HOURS_AGO:
            ms = present_ms - hours * _HOUR_MS
            button = QPushButton(self.tr("{hours} h ago").format(hours=hours))
            button.setAutoDefault(False)
            button.setEnabled(start_ms <= ms)
            button.clicked.connect(lambda _on, ms=ms: self._enter(ms))
            self.ago.append(button)
            row.addWidget(button)
        return row

    @property
    def moment_ms(self) -> int:
        """The moment that is entered, UTC milliseconds."""
        return self.moment.dateTime().toMSecsSinceEpoch()

    @override
    def accept(self) -> None:
        """Tell the moment, and close."""
        self.chosen.emit(self.moment_ms)
        super().accept()

    def _time(self, ms: int) -> QDateTime:
        return QDateTime.fromMSecsSinceEpoch(ms, self._zone)

    def _enter(self, ms: int) -> None:
        self.moment.setDateTime(self._time(ms))
        # Qt does not tell of the second of two hours that are written alike.
        self._show_note()

    def _show_note(self) -> None:
        """Say what was recorded, whether this moment was, and by which clock it is meant."""
        self.zone_name.setText(self.moment.dateTime().timeZoneAbbreviation())
        recorded = self._timeline.recorded
        if recorded is None:
            self.note.setText(self.tr("Nothing recorded yet"))
        elif self._timeline.is_hole(self.moment_ms):
            self.note.setText(self.tr("Not recorded at this time: the chart is hatched there."))
        else:
            start = self._timeline.moment_text(recorded.start_ms, has_seconds=False)
            self.note.setText(self.tr("Recorded since {time}").format(time=start))


def _form() -> str:
    """Return how the locale writes a day in digits, with the whole year, and a time of it."""
    day = users_locale().dateFormat(QLocale.FormatType.ShortFormat)
    return re.sub("y+", "yyyy", day) + " HH:mm:ss"
