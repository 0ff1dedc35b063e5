"""From which amount on there are bubbles: what is large for the symbol, or a fixed amount."""

from PyQt6.QtCore import QObject, QSignalBlocker
from PyQt6.QtWidgets import QButtonGroup

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Number
from Heatmap.ui.number_texts import short_usd
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.marked_buttons import MarkedRadio
from Heatmap.ui.settings.page_form import RowField, SettingRow, SettingsPage
from Heatmap.ui.settings.setting_rows import Change, number_box, plain, translated
from Heatmap.ui.while_visible import WhileVisible

BUBBLE_FIELD = "bubble_least_usd"


class BubbleRows(QObject):
    """Two rows of `page`: the automatic amount as it is now, and a fixed one.

    Fixing begins with the present automatic amount, so that the picture stays as it is.
    """

    def __init__(self, page: SettingsPage, service: HeatmapService, change: Change) -> None:
        super().__init__(page)
        record = SETTINGS[BUBBLE_FIELD]
        assert isinstance(record.kind, Number)  # noqa: S101 - so it is recorded
        self._kind = record.kind
        self._service = service
        self._change = change
        tool_tip = translated(record.help)
        self._automatic = MarkedRadio(self.tr("Automatic"))
        self._automatic.setObjectName("bubbles_automatic")
        self._fixed = MarkedRadio(self.tr("Fixed"))
        self._fixed.setObjectName("bubbles_fixed")
        self._now = Caption()
        self._now.setObjectName("bubbles_now")
        self._box = number_box(BUBBLE_FIELD, tool_tip, self._kind, translated(self._kind.suffix))
        for widget in (self._automatic, self._fixed, self._now):
            widget.setToolTip(tool_tip)
        # Apart from other radio buttons of the page.
        group = QButtonGroup(self)
        group.addButton(self._automatic)
        group.addButton(self._fixed)
        text = translated(record.label)
        label = page.make_label(text, self._automatic)
        # What is chosen has the keyboard.
        label.setBuddy(self._automatic)
        page.grid.add_row(RowField(self._automatic, aside=self._now), label)
        field = RowField(self._box, before=self._fixed)
        page.grid.add_row(field)
        page.rows.append(
            SettingRow((BUBBLE_FIELD,), text, plain(text), self._box, field, self._show)
        )
        self._fixed.toggled.connect(self._switch)
        self._box.valueChanged.connect(lambda value: change(**{BUBBLE_FIELD: value}))
        self._box.refused.connect(lambda text: change(**{BUBBLE_FIELD: text}))
        self._visible = WhileVisible(page, self._show_present)

    def _switch(self, is_fixed: bool) -> None:
        present_usd = self._present()[1]
        start_usd = self._kind.by_hand if present_usd is None else present_usd
        self._change(**{BUBBLE_FIELD: start_usd if is_fixed else None})

    def _show(self, settings: HeatmapSettings) -> None:
        least_usd = settings.bubble_least_usd
        with QSignalBlocker(self._automatic), QSignalBlocker(self._fixed):
            self._fixed.setChecked(least_usd is not None)
            self._automatic.setChecked(least_usd is None)
        self._box.setEnabled(least_usd is not None)
        if least_usd is not None:
            with QSignalBlocker(self._box):
                self._box.setValue(least_usd)
        self._show_present()

    def _show_present(self) -> None:
        # Only now they have the font of the host's style.
        width = max(self._automatic.sizeHint().width(), self._fixed.sizeHint().width())
        self._fixed.setMinimumWidth(width)
        symbol, present_usd = self._present()
        if self._service.settings.bubble_least_usd is not None:
            self._now.setText(self.tr("the largest 2 % of each symbol"))
            return
        if present_usd is None:
            self._now.setText(self.tr("the largest 2 % of each symbol"))
        else:
            words = self.tr("the largest 2 % of {symbol}: now {amount} USD")
            self._now.setText(words.format(symbol=symbol, amount=short_usd(present_usd)))
        with QSignalBlocker(self._box):
            # What fixing would begin with.
            self._box.setValue(self._kind.by_hand if present_usd is None else present_usd)

    def _present(self) -> tuple[str, float | None]:
        """Return the first chart with bubbles, and their least amount, USD."""
        for layer in self._service.status()["layers"]:
            least_usd = layer["measured"].get("bubble_least_usd")
            if least_usd is not None and layer["symbol"] is not None:
                return layer["symbol"], float(least_usd)
        return "", None
