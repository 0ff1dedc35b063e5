"""Where the database is and how large, with the button that shows its folder."""

import re
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QWidget

from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.ui.settings.folder_button import folder_button
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.page_form import SettingsPage
from Heatmap.ui.status_panel import breakable, size_words
from Heatmap.ui.while_visible import WhileVisible

_LEAST_SIZE = 64
# Where a long name may go on in the next line.
_BREAKS = re.compile(r"([_.-]|\w{16})")


class DatabaseRow(QWidget):
    """The row of the database, as the last one of `page`."""

    def __init__(self, page: SettingsPage, service: HeatmapService) -> None:
        super().__init__()
        self._service = service
        tool_tip = self.tr("Where the recorded events are, and what room they take")
        whole = shown_text(str(service.database), LONGEST_MESSAGE_CHARS)
        path = QLabel(_BREAKS.sub("\\1\u200b", breakable(_short(whole))))
        path.setObjectName("status_path")
        # A path may contain anything.
        path.setTextFormat(Qt.TextFormat.PlainText)
        path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        path.setWordWrap(True)
        path.setToolTip(whole)
        self._size = Caption()
        self._size.setObjectName("database_size")
        self._size.least_width = _LEAST_SIZE
        self._size.setToolTip(tool_tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(path, 3)
        row.addWidget(self._size, 1)
        button = folder_button(service)
        if button is not None:
            row.addWidget(button)
        label = QLabel(self.tr("Database"))
        label.setToolTip(tool_tip)
        page.labels.append(label)
        page.grid.add_row(self, label)
        page.grid.setAlignment(label, Qt.AlignmentFlag.AlignVCenter)
        self._visible = WhileVisible(self, self._refresh)

    def _refresh(self) -> None:
        size_bytes = self._service.status().get("database_bytes")
        self._size.setText("" if size_bytes is None else size_words(size_bytes))


def _short(path: str) -> str:
    """Return a path with the user's own folder as ``~``."""
    home = Path.home()
    # A part of a name is no folder: /home/ann has nothing of /home/anna.
    if home == Path(home.anchor) or not Path(path).is_relative_to(home):
        return path
    return str("~" / Path(path).relative_to(home))
