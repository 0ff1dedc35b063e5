"""The pages of the settings tab, made of the settings' records; and the rows that need more."""

from collections.abc import Iterable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QLabel, QLineEdit, QToolButton, QWidget

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings, parse_field
from Heatmap.setting_fields import Page, Text
from Heatmap.sources.registry import source_class
from Heatmap.ui.palettes import swatch_colours
from Heatmap.ui.settings.clip_rows import CLIP_FIELDS, ClipRows
from Heatmap.ui.settings.page_form import RowField, SettingRow, SettingsPage, Show
from Heatmap.ui.settings.retention_row import RetentionConfirmation
from Heatmap.ui.settings.setting_rows import (
    FIELD_WIDTH,
    Change,
    plain,
    row_of,
    show_text,
    take_text,
    translated,
)


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
    unfolded
        The user has unfolded the rare rows; tells the field of the last one.
    """

    unfolded = pyqtSignal(QWidget)

    def __init__(self, page: Page, service: HeatmapService, change: Change) -> None:
        super().__init__()
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
                self.add_heading(translated(section.heading))
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

    def _add(self, name: str, service: HeatmapService, change: Change) -> None:
        """Add the row of a field; a few need more than their record tells."""
        if name == CLIP_FIELDS[0]:
            ClipRows(self, service, change)
        elif name in CLIP_FIELDS:
            return
        elif name == "symbols":
            SymbolRows(self, change)
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


class SymbolRows(QLineEdit):
    """The list of recorded symbols, and the switch that records all of them."""

    def __init__(self, page: SettingsPage, change: Change) -> None:
        super().__init__()
        record = SETTINGS["symbols"]
        label, kind = translated(record.label), record.kind
        self._change = change
        # What the list goes back to when not all are recorded any more.
        self._listed = HeatmapSettings().symbols
        self.setObjectName("symbols")
        self.setMinimumWidth(FIELD_WIDTH)
        self.setToolTip(translated(record.help))
        refusal = ""
        if isinstance(kind, Text):
            self.setPlaceholderText(translated(kind.placeholder))
            refusal = translated(kind.refusal)
        self.editingFinished.connect(lambda: take_text(self, self._take_symbols))
        field = RowField(self, caption=translated(record.caption))
        page.add_row(
            SettingRow(("symbols",), label, plain(label), self, field, self._show_symbols, refusal)
        )
        self._all = QCheckBox(self.tr("&All symbols of the exchange"))
        self._all.setObjectName("all_symbols")
        self._all.setToolTip(self.tr("Record every symbol; the database grows faster"))
        self._all.toggled.connect(self._switch_all)
        page.grid.add_row(self._all)

    def _take_symbols(self, text: str) -> None:
        self._change(symbols=parse_field("symbols", text))

    def _switch_all(self, is_all: bool) -> None:
        self._change(symbols=(ALL_SYMBOLS,) if is_all else self._listed)

    def _show_symbols(self, settings: HeatmapSettings) -> None:
        is_all = ALL_SYMBOLS in settings.symbols
        self._all.blockSignals(True)
        self._all.setChecked(is_all)
        self._all.blockSignals(False)
        self.setEnabled(not is_all)
        if not is_all:
            self._listed = settings.symbols
        show_text(self, ", ".join(self._listed))
