"""The pages of the settings tab, made of the settings' records; and the rows that need more."""

from collections.abc import Iterable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QLineEdit, QToolButton, QWidget

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Page, Section, Switch
from Heatmap.sources.registry import source_class
from Heatmap.ui.palettes import swatch_colours
from Heatmap.ui.settings.bubble_rows import BUBBLE_FIELD, BubbleRows
from Heatmap.ui.settings.clip_rows import CLIP_FIELDS, ClipRows
from Heatmap.ui.settings.page_form import SettingsPage, Show
from Heatmap.ui.settings.present_size import PresentSize
from Heatmap.ui.settings.retention_row import RetentionConfirmation
from Heatmap.ui.settings.setting_rows import Change, row_of, translated
from Heatmap.ui.settings.switch_grid import SwitchGrid
from Heatmap.ui.settings.symbol_rows import SymbolRows


class RecordsPage(SettingsPage):
    """A page with a row for each record of it, section by section, the rare ones folded.

    Parameters
    ----------
    page
        Which one.
    service, change
        The service to set, and who is told changed fields.

    Attributes
    ----------
    page
        Which one it is.
    unfolded
        The user has unfolded the rare rows; tells the field of the last one.
    """

    unfolded = pyqtSignal(QWidget)

    def __init__(self, page: Page, service: HeatmapService, change: Change) -> None:
        super().__init__()
        self.page = page
        # Calls of the rows that show more than their field.
        self.refreshers: list[Show] = [self._grey]
        # Rows of the grid that are folded, and whether they are shown.
        self._rare_rows: list[int] = []
        self._is_open = False
        records = SETTINGS.on_page(page)
        section = None
        for name, record in records.items():
            if record.is_rare:
                continue
            if record.section is not section:
                section = record.section
                self.headings[section] = self.add_heading(translated(section.heading))
                if section is Section.SHOWN:
                    self._add_switches(section, change)
            if not (section is Section.SHOWN and isinstance(record.kind, Switch)):
                self._add(name, service, change)
        self._more = QToolButton()
        self._more.hide()
        rare = [name for name, record in records.items() if record.is_rare]
        if rare:
            self._add_fold()
            first = self.grid.row_count()
            for name in rare:
                self._add(name, service, change)
            self._rare_rows = list(range(first, self.grid.row_count()))
            self.unfold(is_open=False)

    def unfold(self, *, is_open: bool) -> None:
        """Show the rare rows, or fold them away."""
        self._is_open = is_open
        self._more.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._more.setText(self.tr("Less") if is_open else self.tr("More…"))
        for row in self._rare_rows:
            self.grid.set_row_visible(row, is_visible=is_open)

    def lead_to(self, name: str) -> None:
        """Show the row of the field `name`, which stands here, and give it the keyboard."""
        if SETTINGS[name].is_rare:
            self.unfold(is_open=True)
        row = next(row for row in self.rows if name in row.names)
        row.control.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(row.control, QLineEdit):
            row.control.selectAll()

    def _turn_fold(self) -> None:
        self.unfold(is_open=not self._is_open)
        if self._is_open:
            self.unfolded.emit(self.rows[-1].field)

    def _add_fold(self) -> None:
        self._more.setObjectName("more")
        self._more.setToolTip(self.tr("Settings that are seldom changed"))
        self._more.setAutoRaise(True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._more.clicked.connect(self._turn_fold)
        self._more.show()
        self.grid.add_row(self._more, is_wide=True)

    def _grey(self, settings: HeatmapSettings) -> None:
        """Have the rows that act on recorded heat only grey while other heat is drawn."""
        is_of_recorded = source_class(settings.heat).takes_recorded_settings
        for row in self.rows:
            if any(SETTINGS[name].is_of_recorded for name in row.names):
                row.field.setEnabled(is_of_recorded)

    def _add_switches(self, section: Section, change: Change) -> None:
        """Put the switches of a section side by side."""
        grid = SwitchGrid()
        for name, record in SETTINGS.on_page(section.page).items():
            if record.section is section and isinstance(record.kind, Switch):
                row = row_of(name, change, has_caption=False)
                self.rows.append(row)
                grid.add(row.field)
        self.grid.add_row(grid, is_wide=True)

    def _add(self, name: str, service: HeatmapService, change: Change) -> None:
        """Add the row of a field; a few need more than their record tells."""
        if name == CLIP_FIELDS[0]:
            ClipRows(self, service, change)
        elif name in CLIP_FIELDS:
            return
        elif name == BUBBLE_FIELD:
            BubbleRows(self, service, change)
        elif name == "resolution":
            row = row_of(name, change, aside=PresentSize(service))
            self.add_row(row)
        elif name == "symbols":
            rows = SymbolRows(self, service, change)
            self.refreshers.append(rows.show_settings)
        elif name == "retention_days":
            confirmation = RetentionConfirmation(self, service, change)
            self.refreshers.append(confirmation.show_settings)
        else:
            swatches = swatch_colours if name.endswith("palette") else None
            self.add_row(row_of(name, change, swatches))


def align_labels(pages: Sequence[SettingsPage], others: Iterable[QLabel]) -> None:
    """Make the labels of all pages equally wide, so that the fields stay where they are."""
    for page in pages:
        page.fit_labels()
    labels = [*others, *(label for page in pages for label in page.labels)]
    width = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(width)
