"""The buttons that take settings along, bring them back, and copy the status."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QStandardPaths
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QPushButton, QVBoxLayout, QWidget

from Heatmap.alerts.rules import Rule
from Heatmap.errors import SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import error_text, shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.setting_fields import UnusedValue
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.settings_file import (
    export_settings,
    import_alert_rules,
    import_settings,
)
from Heatmap.ui.texts import failure_words

logger = get_logger(__name__)

_FILE_NAME = "heatmap-settings.json"
_MOST_LINES = 6
_GAP, _MOST_WIDTH = 8, 530


class TakeAlong(QWidget):
    """Buttons for the settings as a whole, with a line below that says what became of it.

    Parameters
    ----------
    service
        Whose settings are exported, and what an import begins with.
    take
        Puts fields in force that an import brought, name to value, and alert rules, as one change;
        rules ``None``: the file has none.
    unused_words
        Says of a value of a file that it is not used, in one line.
    buttons
        Others that stand in the same place.
    """

    def __init__(
        self,
        service: HeatmapService,
        take: Callable[[dict[str, object], Sequence[Rule] | None], None],
        unused_words: Callable[[UnusedValue], str],
        buttons: list[QPushButton],
    ) -> None:
        super().__init__()
        self._service = service
        self._take = take
        self._unused_words = unused_words
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        grid = QGridLayout()
        grid.setHorizontalSpacing(_GAP)
        column.addLayout(grid)
        self._export = QPushButton(self.tr("&Export…"))
        self._export.setToolTip(self.tr("Write all settings to a file, as JSON"))
        self._export.clicked.connect(self._ask_where)
        self._import = QPushButton(self.tr("&Import…"))
        self._import.setToolTip(self.tr("Read settings from such a file; Undo takes them back"))
        self._import.clicked.connect(self._ask_which)
        shown = [self._export, self._import, *buttons]
        is_short = sum(button.sizeHint().width() + _GAP for button in shown) <= _MOST_WIDTH
        in_a_row = len(shown) if is_short else 2
        for index, button in enumerate(shown):
            button.setAutoDefault(False)
            grid.addWidget(button, index // in_a_row, index % in_a_row)
        grid.setColumnStretch(in_a_row, 1)
        self.words = Caption()
        self.words.setObjectName("take_along_words")
        self.words.setToolTip(self.tr("Result of the last export or import"))
        self.words.hide()
        column.addWidget(self.words)

    @guarded
    def export_to(self, path: str) -> None:
        """Write the settings to a file, and say so."""
        name = shown_text(Path(path).name)
        try:
            export_settings(self._service.settings, path, self._service.alert_rules)
        except SettingsError as error:
            reason = self.tr("{file}: {reason}")
            words = reason.format(file=name, reason=failure_words(error.failure))
            self._say(words, is_refusal=True)
        else:
            self._say(self.tr("Written to {file}").format(file=name), is_refusal=False)

    @guarded
    def import_from(self, path: str) -> None:
        """Put in force what a file has, and say what of it cannot be used, a line each."""
        name = shown_text(Path(path).name)
        before = self._service.settings
        try:
            settings, unused = import_settings(path, before)
            rules, unused_rules = import_alert_rules(path)
        except SettingsError as error:
            reason = self.tr("{file}: {reason}. Nothing was changed.")
            words = reason.format(file=name, reason=failure_words(error.failure))
            self._say(words, is_refusal=True)
            return
        old, new = before.as_mapping(), settings.as_mapping()
        changed = {field: value for field, value in new.items() if value != old[field]}
        has_other_rules = rules is not None and rules != self._service.alert_rules
        self._take(changed, rules)
        lines = [self.tr("{file}: {count} changed").format(file=name, count=len(changed))]
        if rules is not None and has_other_rules:
            lines.append(self.tr("Alert rules: {count}").format(count=len(rules)))
        refused = [*map(self._unused_words, unused), *map(self._unused_rule_words, unused_rules)]
        lines += refused[:_MOST_LINES]
        if len(refused) > _MOST_LINES:
            more = self.tr("and {count} more that cannot be used")
            lines.append(more.format(count=len(refused) - _MOST_LINES))
        self._say("\n".join(lines), is_refusal=bool(refused))

    def _unused_rule_words(self, text: str) -> str:
        return self.tr("An alert rule cannot be used: {rule}").format(rule=shown_text(text))

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt, and say that there is one."""
        logger.error("settings could not be exported or imported", exc_info=error)
        self._say(error_text(error), is_refusal=True)

    def _say(self, words: str, *, is_refusal: bool) -> None:
        self.words.is_refusal = is_refusal
        self.words.setText(words)
        self.words.show()

    @guarded
    def _ask_where(self, _checked: bool) -> None:
        dialog = self._file_dialog(self.tr("Export settings"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(_FILE_NAME)
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    @guarded
    def _ask_which(self, _checked: bool) -> None:
        dialog = self._file_dialog(self.tr("Import settings"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_from)
        dialog.open()

    def _file_dialog(self, title: str) -> QFileDialog:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        files = self.tr("Settings (*.json)")
        # Not exec: within a host's coroutine that would hold up its other tasks.
        dialog = QFileDialog(self, title, folder, files)
        dialog.finished.connect(dialog.deleteLater)
        return dialog
