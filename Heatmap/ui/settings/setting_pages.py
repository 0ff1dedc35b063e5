"""The pages of the settings tab, made of the settings' records; and the rows that need more."""

from PyQt6.QtWidgets import QCheckBox, QFormLayout, QLineEdit

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings, parse_field
from Heatmap.setting_fields import Page, Text
from Heatmap.sources.registry import source_class
from Heatmap.ui.palettes import swatch_colours
from Heatmap.ui.settings.clip_rows import CLIP_FIELDS, ClipRows
from Heatmap.ui.settings.retention_row import RetentionConfirmation
from Heatmap.ui.settings.setting_rows import (
    FIELD_WIDTH,
    Change,
    SettingRow,
    SettingsPage,
    Show,
    plain,
    row_of,
    show_text,
    take_text,
    translated,
)


class RecordsPage(SettingsPage):
    """A page with a row for each record of it, in their order.

    Parameters
    ----------
    page
        Which one.
    service, change
        The service to set, and who is told changed fields.
    """

    def __init__(self, page: Page, service: HeatmapService, change: Change) -> None:
        super().__init__()
        # Calls of the rows that show more than their field.
        self.refreshers: list[Show] = [self._grey]
        form = self.add_form()
        for name in SETTINGS.on_page(page):
            self._add(name, form, service, change)
        self.column.addStretch(1)

    def _grey(self, settings: HeatmapSettings) -> None:
        """Have the rows that act on recorded heat only grey while other heat is drawn."""
        is_of_recorded = source_class(settings.heat).takes_recorded_settings
        for row in self.rows:
            if any(SETTINGS[name].is_of_recorded for name in row.names):
                row.field.setEnabled(is_of_recorded)

    def _add(self, name: str, form: QFormLayout, service: HeatmapService, change: Change) -> None:
        """Add the row of a field; a few need more than their record tells."""
        if name == CLIP_FIELDS[0]:
            ClipRows(self, form, service, change)
        elif name in CLIP_FIELDS:
            return
        elif name == "symbols":
            SymbolRows(self, form, change)
        elif name == "retention_days":
            confirmation = RetentionConfirmation(self, form, service, change)
            self.refreshers.append(confirmation.show_settings)
        else:
            swatches = swatch_colours if name.endswith("palette") else None
            self.add_row(form, row_of(name, change, swatches))


class SymbolRows(QLineEdit):
    """The list of recorded symbols, and the switch that records all of them."""

    def __init__(self, page: SettingsPage, form: QFormLayout, change: Change) -> None:
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
        page.add_row(
            form,
            SettingRow(("symbols",), label, plain(label), self, self, self._show_symbols, refusal),
        )
        self._all = QCheckBox(self.tr("&All symbols of the exchange"))
        self._all.setObjectName("all_symbols")
        self._all.setToolTip(self.tr("Record every symbol; the database grows faster"))
        self._all.toggled.connect(self._switch_all)
        form.addRow("", self._all)

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
