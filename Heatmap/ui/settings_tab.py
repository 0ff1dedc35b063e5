"""The Heatmap tab of a settings dialog; what is changed is applied and stored at once."""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QSettings, QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QLinearGradient, QPainter, QPixmap
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)

from Heatmap.errors import SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import (
    DECAYS_S,
    NORMALIZATIONS,
    PALETTES,
    SHAPES,
    SIDES,
    WINDOWS_S,
    HeatmapSettings,
)
from Heatmap.model import DataKind
from Heatmap.ui.palettes import swatch_colours
from Heatmap.ui.settings_store import replace_texts, save_settings, stored_texts

_SWATCH_SIZE = QSize(96, 14)


class HeatmapSettingsTab(QWidget):
    """Controls for the heatmap's settings, for a host's tabbed dialog.

    Each change is applied to the service and stored at once, so the picture is the preview.
    `restore` puts back what was in force when the tab was made: a modal dialog calls it on Cancel.
    The tab follows changes that come from elsewhere.

    Parameters
    ----------
    service
        The service to set.
    store
        Where changed fields are kept; ``None``: nowhere.
    """

    def __init__(
        self, service: HeatmapService, store: QSettings | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._store = store
        self._before = service.settings
        # Options of this run only are in force without being stored: the two differ.
        self._stored_before = {} if store is None else stored_texts(store)
        self._form = QFormLayout(self)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self._enabled = QCheckBox(self.tr("Show the heatmap behind the candles"))
        self._enabled.setObjectName("enabled")
        self._enabled.setToolTip(self.tr("Recording goes on while the heatmap is off"))
        self._enabled.toggled.connect(lambda on: self._change(enabled=on))
        self._form.addRow(self.tr("&Heatmap"), self._enabled)
        self._form.addRow(self.tr("Data source"), QLabel(self._source_text()))
        self._choices: dict[str, QComboBox] = {}
        self._add_choice(
            "window",
            self.tr("&Window"),
            [(key, self._window_text(key)) for key in WINDOWS_S],
            self.tr("Time span of the heatmap, back from now"),
        )
        self._opacity, self._opacity_text = self._add_opacity()
        self._add_choice(
            "palette",
            self.tr("&Palette"),
            [(key, key.capitalize()) for key in PALETTES],
            self.tr("Colours from little to much; Daylight is for light backgrounds"),
        )
        self._paint_swatches()
        self._add_choice(
            "normalization",
            self.tr("&Normalisation"),
            list(zip(NORMALIZATIONS, self._normalization_texts(), strict=True)),
            self.tr("How USD become brightness; the scale ends at a high percentile"),
        )
        self._add_choice(
            "decay",
            self.tr("&Decay"),
            [(key, self._decay_text(key)) for key in DECAYS_S],
            self.tr("How fast a liquidation fades: after this time 37 % are left"),
        )
        self._add_choice(
            "shape",
            self.tr("&Shape"),
            list(zip(SHAPES, self._shape_texts(), strict=True)),
            self.tr("Bands keep a price level visible to the right of its liquidations"),
        )
        self._add_choice(
            "side",
            self.tr("S&ide"),
            list(zip(SIDES, self._side_texts(), strict=True)),
            self.tr("Whose liquidations are drawn"),
        )
        self._resolution = self._add_resolution()
        self._switches: dict[str, QCheckBox] = {}
        for name, text in (
            ("gap_hatch", self.tr("Hatch time that was not recorded")),
            ("colour_bar", self.tr("Colour bar in USD")),
            ("source_line", self.tr("Source of the data")),
        ):
            self._add_switch(name, text)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        # Two lines always: a text that comes must not be cut off by a dialog of fixed size.
        self._problem.setMinimumHeight(2 * self._problem.fontMetrics().lineSpacing() + 4)
        self._form.addRow(self._problem)
        self._show(service.settings)
        service.add_settings_listener(self._show)
        self.destroyed.connect(_forgetter(service, self._show))

    def restore(self) -> None:
        """Put back what was in force, and what was stored, when the tab was made."""
        self._service.apply_settings(self._before)
        if self._store is not None:
            replace_texts(self._store, self._stored_before)

    def problem_text(self) -> str:
        """Return why the last entry was refused; empty: it was not."""
        return self._problem.text()

    # -- rows ---------------------------------------------------------------------------------

    def _add_choice(
        self, name: str, label: str, options: Sequence[tuple[str, str]], tool_tip: str
    ) -> None:
        box = QComboBox()
        box.setObjectName(name)
        box.setToolTip(tool_tip)
        for key, text in options:
            box.addItem(text, key)
        box.currentIndexChanged.connect(lambda _index: self._change(**{name: box.currentData()}))
        self._form.addRow(label, box)
        self._choices[name] = box

    def _add_switch(self, name: str, text: str) -> None:
        box = QCheckBox(text)
        box.setObjectName(name)
        box.setToolTip(text)
        box.toggled.connect(lambda on: self._change(**{name: on}))
        self._form.addRow("" if self._switches else self.tr("On the chart"), box)
        self._switches[name] = box

    def _add_opacity(self) -> tuple[QSlider, QLabel]:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName("opacity")
        slider.setRange(0, 100)
        slider.setMinimumWidth(220)
        slider.setToolTip(self.tr("How strongly the brightest cell covers the background"))
        text = QLabel()
        row = QHBoxLayout()
        row.addWidget(slider)
        row.addWidget(text)
        slider.valueChanged.connect(lambda percent: self._change(opacity=percent / 100))
        label = QLabel(self.tr("&Opacity"))
        label.setBuddy(slider)
        self._form.addRow(label, row)
        return slider, text

    def _add_resolution(self) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName("resolution")
        edit.setMinimumWidth(220)
        edit.setPlaceholderText("auto, 240x920, 3px")
        edit.setToolTip(
            self.tr("auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px")
        )
        edit.editingFinished.connect(lambda: self._change(resolution=edit.text().strip()))
        self._form.addRow(self.tr("&Resolution"), edit)
        return edit

    def _paint_swatches(self) -> None:
        box = self._choices["palette"]
        box.setIconSize(_SWATCH_SIZE)
        for index in range(box.count()):
            box.setItemIcon(index, _swatch(swatch_colours(box.itemData(index))))

    # -- values -------------------------------------------------------------------------------

    def _change(self, **values: object) -> None:
        try:
            settings = self._service.settings.changed(**values)
        except SettingsError as error:
            self._problem.setText(str(error))
            return
        self._problem.clear()
        self._service.apply_settings(settings)
        if self._store is not None:
            save_settings(self._store, settings, values)

    def _show(self, settings: HeatmapSettings) -> None:
        """Show `settings` without applying them again."""
        with QSignalBlocker(self._enabled):
            self._enabled.setChecked(settings.enabled)
        for name, box in self._choices.items():
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(getattr(settings, name)))
        for name, switch in self._switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(getattr(settings, name))
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(settings.opacity * 100))
        self._opacity_text.setText(f"{round(settings.opacity * 100)} %")
        if not self._resolution.hasFocus():
            self._resolution.setText(settings.resolution)

    # -- texts --------------------------------------------------------------------------------

    def _source_text(self) -> str:
        kinds = {
            DataKind.LIVE: self.tr("Binance USD-M futures, liquidations of {symbols}"),
            DataKind.SIMULATED: self.tr("Simulated market, liquidations of {symbols}"),
            DataKind.REPLAY: self.tr("Recording, liquidations of {symbols}"),
        }
        symbols = ", ".join(self._service.settings.symbols)
        return kinds[self._service.kind].format(symbols=symbols)

    def _window_text(self, key: str) -> str:
        return {"2h": self.tr("2 hours"), "8h": self.tr("8 hours"), "2d": self.tr("2 days")}[key]

    def _decay_text(self, key: str) -> str:
        return {
            "off": self.tr("Off"),
            "20m": self.tr("20 minutes"),
            "60m": self.tr("60 minutes"),
            "6h": self.tr("6 hours"),
        }[key]

    def _normalization_texts(self) -> list[str]:
        return [self.tr("Linear"), self.tr("Square root"), self.tr("Logarithmic")]

    def _shape_texts(self) -> list[str]:
        return [self.tr("Bands"), self.tr("Spots"), self.tr("Cells")]

    def _side_texts(self) -> list[str]:
        return [self.tr("Longs and shorts"), self.tr("Longs only"), self.tr("Shorts only")]


def _forgetter(
    service: HeatmapService, listener: Callable[[HeatmapSettings], None]
) -> Callable[[], None]:
    """Return a function that unregisters `listener` when its widget is gone."""

    def forget() -> None:
        service.remove_settings_listener(listener)

    return forget


def _swatch(colours: Sequence[str]) -> QIcon:
    pixmap = QPixmap(_SWATCH_SIZE)
    gradient = QLinearGradient(0, 0, _SWATCH_SIZE.width(), 0)
    for index, colour in enumerate(colours):
        gradient.setColorAt(index / (len(colours) - 1), QColor(colour))
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), gradient)
    painter.end()
    return QIcon(pixmap)
