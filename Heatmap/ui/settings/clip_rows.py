"""Where the scale of the colours ends: at a percentile, or locked in USD."""

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QButtonGroup, QFormLayout, QLabel, QRadioButton, QWidget

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Number, Page
from Heatmap.ui.settings.setting_rows import (
    Change,
    SettingRow,
    SettingsPage,
    number_box,
    plain,
    translated,
)
from Heatmap.ui.while_visible import WhileVisible

FIRST_CLIP_USD = 1_000_000.0
"""What a locked scale begins with where no picture tells its own end."""
LOCK_DIGITS = 3
CLIP_FIELDS = ("clip_percentile", "clip_usd")
"""The fields that these rows show, in this order."""


class ClipRows(QWidget):
    """Two rows of `page`: where the automatic scale ends, and where the locked one does.

    Locking begins with the present automatic end, so that the picture stays as it is.
    """

    def __init__(
        self, page: SettingsPage, form: QFormLayout, service: HeatmapService, change: Change
    ) -> None:
        super().__init__(page)
        self.hide()
        self._service = service
        self._change = change
        self._automatic = QRadioButton(translated(SETTINGS["clip_percentile"].label))
        self._automatic.setObjectName("clip_automatic")
        self._automatic.setToolTip(
            self.tr("The brightest colour follows the data: so many per cent of the cells are less")
        )
        self._locked = QRadioButton(translated(SETTINGS["clip_usd"].label))
        self._locked.setObjectName("clip_locked")
        self._locked.setToolTip(
            self.tr("The brightest colour always means the same amount, so pictures compare")
        )
        self._percentile, self._usd = (
            number_box(name, translated(record.help), record.kind, translated(record.kind.suffix))
            for name, record in SETTINGS.on_page(Page.SCALE).items()
            if name in CLIP_FIELDS and isinstance(record.kind, Number)
        )
        self._now = QLabel()
        self._now.setObjectName("clip_now")
        self._now.setToolTip(self.tr("Where the scale of the present picture ends"))
        # Apart from other radio buttons of the page.
        group = QButtonGroup(self)
        group.addButton(self._automatic)
        group.addButton(self._locked)
        self._locked.toggled.connect(self._switch)
        self._percentile.valueChanged.connect(lambda value: change(clip_percentile=value))
        self._percentile.refused.connect(lambda text: change(clip_percentile=text))
        self._usd.valueChanged.connect(lambda value: change(clip_usd=value))
        self._usd.refused.connect(lambda text: change(clip_usd=text))
        form.addRow(self._automatic, self._percentile)
        form.addRow(self._locked, self._usd)
        form.addRow("", self._now)
        page.rows.append(
            SettingRow(
                ("clip_percentile",),
                self._automatic.text(),
                plain(self._automatic.text()),
                self._percentile,
                self._percentile,
                self._show,
            )
        )
        page.rows.append(
            SettingRow(
                ("clip_usd",),
                self._locked.text(),
                plain(self._locked.text()),
                self._usd,
                self._usd,
                self._show,
            )
        )
        self._visible = WhileVisible(page, self._show_present)

    def _switch(self, is_locked: bool) -> None:
        present_usd = present_clip_usd(self._service.status())
        start_usd = FIRST_CLIP_USD if present_usd is None else rounded(present_usd)
        self._change(clip_usd=start_usd if is_locked else None)

    def _show(self, settings: HeatmapSettings) -> None:
        is_locked = settings.clip_usd is not None
        with QSignalBlocker(self._automatic), QSignalBlocker(self._locked):
            self._locked.setChecked(is_locked)
            self._automatic.setChecked(not is_locked)
        self._percentile.setEnabled(not is_locked)
        self._usd.setEnabled(is_locked)
        with QSignalBlocker(self._percentile):
            self._percentile.setValue(settings.clip_percentile)
        if settings.clip_usd is not None:
            with QSignalBlocker(self._usd):
                self._usd.setValue(settings.clip_usd)

    def _show_present(self) -> None:
        present_usd = present_clip_usd(self._service.status())
        if present_usd is None:
            self._now.setText(self.tr("No picture at present"))
            return
        amount = self.locale().toString(present_usd, "f", 0)
        self._now.setText(
            self.tr("At present the scale ends at {amount} USD").format(amount=amount)
        )
        if self._service.settings.clip_usd is None:
            with QSignalBlocker(self._usd):
                # What locking would begin with.
                self._usd.setValue(rounded(present_usd))


def present_clip_usd(status: Mapping[str, Any]) -> float | None:
    """Return where the first picture's scale ends, USD; ``None`` where there is none."""
    for layer in status["layers"]:
        clip_usd = layer["measured"].get("clip_usd")
        if clip_usd is not None:
            return max(float(clip_usd), SETTINGS.range("clip_usd")[0])
    return None


def rounded(amount_usd: float) -> float:
    """Return `amount_usd` with as many digits as a user wants to read."""
    return float(f"{amount_usd:.{LOCK_DIGITS}g}")
