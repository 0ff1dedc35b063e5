"""The recorded symbols: a card for each, a field that adds one, and a switch that records all."""

from PyQt6.QtWidgets import QLineEdit

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings, parse_field
from Heatmap.setting_fields import Section, Text
from Heatmap.ui.settings.marked_buttons import MarkedBox
from Heatmap.ui.settings.page_form import RowField, SettingRow, SettingsPage
from Heatmap.ui.settings.setting_rows import (
    FIELD_WIDTH,
    Change,
    plain,
    show_text,
    take_text,
    translated,
)
from Heatmap.ui.settings.symbol_cards import SymbolCards


class SymbolRows(QLineEdit):
    """Adds symbols to those that are recorded; the cards above take them away."""

    def __init__(self, page: SettingsPage, service: HeatmapService, change: Change) -> None:
        super().__init__()
        record = SETTINGS["symbols"]
        label, kind = translated(record.label), record.kind
        self._change = change
        # What the list goes back to when not all are recorded any more.
        self._listed = HeatmapSettings().symbols
        self.cards = SymbolCards(service, self._stop)
        self.cards.setObjectName("symbol_cards")
        self.cards.setToolTip(self.tr("Recorded symbols"))
        page.grid.add_row(self.cards, is_wide=True)
        self.setObjectName("symbols")
        self.setMinimumWidth(FIELD_WIDTH)
        self.setToolTip(translated(record.help))
        refusal = ""
        if isinstance(kind, Text):
            self.setPlaceholderText(translated(kind.placeholder))
            refusal = translated(kind.refusal)
        self.editingFinished.connect(lambda: take_text(self, self._add))
        self._all = MarkedBox(self.tr("&All symbols of the exchange"))
        self._all.setObjectName("all_symbols")
        self._all.setToolTip(self.tr("Record every symbol; the database grows faster"))
        self._all.toggled.connect(self._switch_all)
        field = RowField(self, self._all, caption=translated(record.caption))
        page.rows.append(
            SettingRow(("symbols",), label, plain(label), self, field, self._show_symbols, refusal)
        )
        page.grid.add_row(field, is_wide=True)
        heading = page.headings[Section.SYMBOLS]
        heading.setText(label)
        heading.setBuddy(self)

    def show_settings(self, settings: HeatmapSettings) -> None:
        """Show the cards of changed settings, also while an entry is refused."""
        self.cards.show_symbols(settings.symbols)

    def _add(self, text: str) -> None:
        if not text:
            self._change(symbols=self._listed)
            return
        found = parse_field("symbols", text)
        # What is none is refused as a whole, in its own words.
        is_list = isinstance(found, tuple) and ALL_SYMBOLS not in found
        added = (*self._listed, *found) if isinstance(found, tuple) and is_list else found
        self._change(symbols=tuple(dict.fromkeys(added)) if isinstance(added, tuple) else added)

    def _stop(self, symbol: str) -> None:
        self._change(symbols=tuple(one for one in self._listed if one != symbol))

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
        show_text(self, "")
