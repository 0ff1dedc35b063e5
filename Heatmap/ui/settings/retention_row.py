"""How long events are kept; a shorter time waits until what it deletes is confirmed."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFormLayout, QLabel, QPushButton

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.settings.setting_rows import FIELD_WIDTH, Change, SettingsPage, row_of
from Heatmap.ui.while_visible import WhileVisible

logger = get_logger(__name__)

_DAY_MS = 86_400_000


class RetentionConfirmation(QLabel):
    """What the retention that is set deletes, with the button that agrees to it.

    Stands below the number of days in `form`.
    """

    def __init__(
        self, page: SettingsPage, form: QFormLayout, service: HeatmapService, change: Change
    ) -> None:
        super().__init__()
        self._service = service
        page.add_row(
            form,
            row_of("retention_days", change),
        )
        self.setObjectName("retention_words")
        self.setToolTip(self.tr("What is kept in the database, and what is about to be deleted"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumWidth(FIELD_WIDTH + 120)
        # The longest text takes two lines: what stands below must not jump.
        self.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)
        form.addRow("", self)
        self._confirm = QPushButton(self.tr("Delete &now"))
        self._confirm.setObjectName("confirm_retention")
        self._confirm.setToolTip(
            self.tr("Delete the events that are older; this cannot be taken back by Cancel")
        )
        self._confirm.setAutoDefault(False)
        self._confirm.setEnabled(False)
        self._confirm.clicked.connect(self._delete)
        form.addRow("", self._confirm)
        # How many events the button was last said to delete; None: nothing to confirm.
        self._told_events: int | None = None
        self._visible = WhileVisible(self, self.refresh)

    def show_settings(self, _settings: HeatmapSettings) -> None:
        """Take note of changed settings: what was said of the former retention is over."""
        self.refresh()

    def refresh(self) -> None:
        """Show what the retention that is set deletes at present."""
        recorder = self._service.recorder_status()
        retention = None if recorder is None else recorder.retention
        self._told_events = None
        if retention is None or not self._service.is_running():
            words = self.tr("Not recording: nothing is deleted")
        elif retention.wanted_ms != self._service.settings.retention_ms:
            words = self.tr("Counting what that deletes")
        elif retention.is_pending:
            self._told_events = retention.expired_events
            words = self.tr(
                "Still kept for {kept}. Keeping them for {wanted} deletes {events}: "
                "waits for your confirmation."
            ).format(
                kept=self._days(retention.in_force_ms / _DAY_MS),
                wanted=self._days(self._service.settings.retention_days),
                events=self._events(retention.expired_events),
            )
        elif retention.deleted_events is not None:
            words = self.tr("In force, at the cost of {events}").format(
                events=self._events(retention.deleted_events)
            )
        else:
            words = self.tr("In force")
        self.setText(words)
        self._confirm.setEnabled(self._told_events is not None)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt, and say that there is one."""
        logger.error("the retention could not be confirmed", exc_info=error)
        self.setText(
            self.tr("Could not be confirmed: {reason}").format(reason=shown_text(repr(error)))
        )

    @guarded
    def _delete(self, _checked: bool) -> None:
        # Only what the text says: it may be a second old, and the number of days another by now.
        told = self._told_events
        self.refresh()
        if told is not None and told == self._told_events:
            self._service.confirm_retention()
            self._confirm.setEnabled(False)

    def _days(self, days: float) -> str:
        if days == 1:
            return self.tr("1 day")
        return self.tr("{count} days").format(count=self._number(days))

    def _events(self, count: int) -> str:
        if count == 1:
            return self.tr("1 event")
        return self.tr("{count} events").format(count=self._number(count))

    def _number(self, number: float) -> str:
        return self.locale().toString(float(number), "f", 0 if number == int(number) else 1)
