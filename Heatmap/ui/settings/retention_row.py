"""How long events are kept; a shorter time waits until what it deletes is confirmed."""

from PyQt6.QtWidgets import QPushButton, QSizePolicy

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.page_form import SettingsPage
from Heatmap.ui.settings.setting_rows import Change, row_of
from Heatmap.ui.while_visible import WhileVisible

logger = get_logger(__name__)

_DAY_MS = 86_400_000


class RetentionConfirmation(Caption):
    """What the retention that is set deletes, with the button that agrees to it.

    Stands below the number of days; the button only where there is something to delete.
    """

    def __init__(self, page: SettingsPage, service: HeatmapService, change: Change) -> None:
        super().__init__()
        self._service = service
        row = row_of("retention_days", change)
        self.setObjectName("retention_words")
        self.setToolTip(self.tr("What is kept in the database, and what is about to be deleted"))
        self._confirm = QPushButton(self.tr("Delete &now"))
        self._confirm.setObjectName("confirm_retention")
        self._confirm.setToolTip(
            self.tr("Delete what is older for good: neither Undo nor Cancel brings it back")
        )
        self._confirm.setAutoDefault(False)
        self._confirm.setEnabled(False)
        self._confirm.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._confirm.clicked.connect(self._delete)
        row.field.add_below(self)
        row.field.add_below(self._confirm)
        self._confirm.hide()
        page.add_row(row)
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
            words = self.tr("{events} deleted").format(
                events=self._events(retention.deleted_events)
            )
        else:
            words = self.tr("Nothing is old enough to be deleted")
        self.setText(words)
        self._allow(is_allowed=self._told_events is not None)

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
            self._allow(is_allowed=False)

    def _allow(self, *, is_allowed: bool) -> None:
        self._confirm.setEnabled(is_allowed)
        self._confirm.setVisible(is_allowed)

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
