"""Where the scale of the colours ends: at a percentile, or locked in USD."""

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QObject, QSignalBlocker
from PyQt6.QtWidgets import QButtonGroup

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Number
from Heatmap.ui.number_texts import short_usd
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.marked_buttons import MarkedRadio
from Heatmap.ui.settings.number_box import NumberBox
from Heatmap.ui.settings.page_form import RowField, SettingRow, SettingsPage
from Heatmap.ui.settings.setting_rows import Change, number_box, plain, translated
from Heatmap.ui.while_visible import WhileVisible

FIRST_CLIP_USD = 1_000_000.0
"""What a locked scale begins with where no picture tells its own end."""
LOCK_DIGITS = 3
_PERCENT_WIDTH = 96
_ENDS = ("clip_usd", "predicted_clip_usd")
"""The settings that lock a scale; the first one that is drawn is told of."""
CLIP_FIELDS = ("clip_percentile", "clip_usd")
"""The fields that these rows show, in this order."""


class ClipRows(QObject):
    """Two rows of `page`: where the automatic scale ends, and where the locked one does.

    Locking begins with the present automatic end, so that the picture stays as it is.
    """

    def __init__(self, page: SettingsPage, service: HeatmapService, change: Change) -> None:
        super().__init__(page)
        self._service = service
        self._change = change
        self._automatic = MarkedRadio(translated(SETTINGS["clip_percentile"].label))
        self._automatic.setObjectName("clip_automatic")
        self._automatic.setToolTip(
            self.tr("The brightest colour follows the data: this share of the cells lies below it")
        )
        self._locked = MarkedRadio(translated(SETTINGS["clip_usd"].label))
        self._locked.setObjectName("clip_locked")
        self._locked.setToolTip(
            self.tr("The brightest colour always means the same amount, so pictures compare")
        )
        self._percentile, self._usd = (self._make_box(name) for name in CLIP_FIELDS)
        self._percentile.setMinimumWidth(_PERCENT_WIDTH)
        self._now = Caption()
        self._now.setObjectName("clip_now")
        self._now.setToolTip(self.tr("Where the scale of the present picture ends"))
        never = Caption(self.tr("colours never move"))
        never.setToolTip(self._locked.toolTip())
        # Apart from other radio buttons of the page.
        group = QButtonGroup(self)
        label = page.make_label(self.tr("Full colour from"), self._percentile)
        label.setToolTip(self.tr("What is this much or more gets the brightest colour"))
        for name, radio, box, words in (
            ("clip_percentile", self._automatic, self._percentile, self._now),
            ("clip_usd", self._locked, self._usd, never),
        ):
            group.addButton(radio)
            field = RowField(box, before=radio, aside=words)
            page.grid.add_row(field, label if box is self._percentile else None)
            page.rows.append(
                SettingRow((name,), radio.text(), plain(radio.text()), box, field, self._show)
            )
        self._locked.toggled.connect(self._switch)
        self._percentile.valueChanged.connect(lambda value: change(clip_percentile=value))
        self._percentile.refused.connect(lambda text: change(clip_percentile=text))
        self._usd.valueChanged.connect(lambda value: change(clip_usd=value))
        self._usd.refused.connect(lambda text: change(clip_usd=text))
        self._visible = WhileVisible(page, self._show_present)

    @staticmethod
    def _make_box(name: str) -> NumberBox:
        record = SETTINGS[name]
        assert isinstance(record.kind, Number)  # noqa: S101 - so they are recorded
        suffix = translated(record.kind.suffix)
        return number_box(name, translated(record.help), record.kind, suffix)

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
        # Only now they have the font of the host's style.
        width = max(self._automatic.sizeHint().width(), self._locked.sizeHint().width())
        self._automatic.setMinimumWidth(width)
        self._locked.setMinimumWidth(width)
        status = self._service.status()
        present_usd = present_clip_usd(status)
        words = self.tr("no picture now")
        for name in _ENDS:
            end_usd = present_clip_usd(status, name)
            kind = SETTINGS[name].kind
            if end_usd is not None and isinstance(kind, Number):
                amount = short_usd(end_usd) + translated(kind.suffix)
                words = self.tr("now {amount}").format(amount=amount)
                break
        self._now.setText(words)
        if self._service.settings.clip_usd is None:
            with QSignalBlocker(self._usd):
                # What locking would begin with.
                self._usd.setValue(FIRST_CLIP_USD if present_usd is None else rounded(present_usd))


def present_clip_usd(status: Mapping[str, Any], name: str = "clip_usd") -> float | None:
    """Return where the first picture's scale ends, USD; ``None`` where there is none.

    Parameters
    ----------
    status
        The service's.
    name
        The setting that locks a scale of this kind, by which the status calls its end.
    """
    for layer in status["layers"]:
        clip_usd = layer["measured"].get(name)
        if clip_usd is not None:
            return max(float(clip_usd), SETTINGS.range(name)[0])
    return None


def rounded(amount_usd: float) -> float:
    """Return `amount_usd` with as many digits as a user wants to read."""
    return float(f"{amount_usd:.{LOCK_DIGITS}g}")
