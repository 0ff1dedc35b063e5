"""The rows of a settings page: a label, a control, and how it shows a setting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QCoreApplication, QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QLinearGradient, QPainter, QPixmap
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Choice, Number, Switch, Text
from Heatmap.ui.settings.number_box import NumberBox

SWATCH_SIZE = QSize(96, 14)
FIELD_WIDTH = 240
"""Width of a page's fields, CSS pixels, so that they stand in a column."""

Change = Callable[..., None]
"""Takes one field by name and puts it in force; a value that is not allowed is refused in words."""

Show = Callable[[HeatmapSettings], None]
"""Shows settings without changing them."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One row.

    Attributes
    ----------
    names
        The settings' fields that it shows.
    label
        What stands in front, with its mnemonic; empty: the control has its own text.
    words
        The name of it in a sentence.
    control
        What takes the keyboard; named as the field.
    field
        What goes into the form: the control, or what contains it.
    show
        Shows the settings without changing them.
    refusal
        What to say about a text that is not allowed, with ``{text}`` for it; empty: that in general
        words.
    """

    names: tuple[str, ...]
    label: str
    words: str
    control: QWidget
    field: QWidget
    show: Show
    refusal: str = ""


class SettingsPage(QWidget):
    """A page of rows below each other; made by its subclasses."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[SettingRow] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 12, 12, 12)

    def add_form(self) -> QFormLayout:
        """Add a form to the page, and return it."""
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(16)
        self.column.addLayout(form)
        return form

    def add_row(self, form: QFormLayout, row: SettingRow) -> None:
        """Put `row` below those of `form`."""
        self.rows.append(row)
        if not row.label:
            form.addRow(row.field)
            return
        label = QLabel(row.label)
        label.setBuddy(row.control)
        label.setToolTip(row.control.toolTip())
        form.addRow(label, row.field)


def translated(text: str) -> str:
    """Return a text of a setting's record in the user's language."""
    return QCoreApplication.translate("HeatmapSettings", text) if text else ""


def plain(label: str) -> str:
    """Return a label's text without its mnemonic."""
    return label.replace("&", "")


def choice_row(
    name: str,
    label: str,
    tool_tip: str,
    options: Sequence[tuple[str, str]],
    change: Change,
    swatches: Callable[[str], Sequence[str]] | None = None,
) -> SettingRow:
    """Make a row that offers some values.

    Parameters
    ----------
    name, label, tool_tip
        The field, and the texts.
    options
        Each value with its text.
    change
        Told the value that was chosen.
    swatches
        Gives the colours that stand for a value.
    """
    box = QComboBox()
    _equip(box, name, tool_tip)
    for key, text in options:
        box.addItem(text, key)
    if swatches is not None:
        box.setIconSize(SWATCH_SIZE)
        for index, (key, _text) in enumerate(options):
            box.setItemIcon(index, _swatch(swatches(key)))
    box.currentIndexChanged.connect(lambda _index: change(**{name: box.currentData()}))

    def show(settings: HeatmapSettings) -> None:
        with QSignalBlocker(box):
            box.setCurrentIndex(box.findData(getattr(settings, name)))

    return SettingRow((name,), label, plain(label), box, box, show)


def switch_row(name: str, text: str, tool_tip: str, change: Change) -> SettingRow:
    """Make a row that is on or off."""
    box = QCheckBox(text)
    _equip(box, name, tool_tip)
    box.toggled.connect(lambda on: change(**{name: on}))

    def show(settings: HeatmapSettings) -> None:
        with QSignalBlocker(box):
            box.setChecked(getattr(settings, name))

    return SettingRow((name,), "", plain(text), box, box, show)


def slider_row(name: str, label: str, tool_tip: str, words: str, change: Change) -> SettingRow:
    """Make a row for a part from 0 to 1, with a slider that is followed while it is dragged.

    `words` has ``{percent}`` for the number that stands beside the slider.
    """
    slider = QSlider(Qt.Orientation.Horizontal)
    _equip(slider, name, tool_tip)
    slider.setRange(0, 100)
    slider.setPageStep(5)
    slider.valueChanged.connect(lambda percent: change(**{name: percent / 100}))
    text = QLabel()
    text.setMinimumWidth(text.fontMetrics().horizontalAdvance(words.format(percent=100)))
    text.setToolTip(tool_tip)

    def show(settings: HeatmapSettings) -> None:
        percent = round(getattr(settings, name) * 100)
        with QSignalBlocker(slider):
            slider.setValue(percent)
        text.setText(words.format(percent=percent))

    return SettingRow((name,), label, plain(label), slider, side_by_side(slider, text), show)


def number_row(
    name: str, label: str, tool_tip: str, change: Change, kind: Number, suffix: str
) -> SettingRow:
    """Make a row for a number.

    Parameters
    ----------
    name, label, tool_tip
        The field, and the texts.
    change
        Told the number, once it is entered; at each step of an arrow. A text that is none is told
        as it is, and refused.
    kind
        Range, step and decimals.
    suffix
        Stands behind the number, with its blank.
    """
    box = number_box(name, tool_tip, kind, suffix)
    box.valueChanged.connect(
        lambda shown: change(**{name: round(shown) if kind.is_whole else shown / kind.factor})
    )
    box.refused.connect(lambda text: change(**{name: text}))
    if not kind.or_auto:

        def show(settings: HeatmapSettings) -> None:
            with QSignalBlocker(box):
                box.setValue(getattr(settings, name) * kind.factor)

        return SettingRow((name,), label, plain(label), box, box, show)

    auto = QCheckBox(QCoreApplication.translate("HeatmapSettings", "Automatic"))
    auto.setObjectName(f"{name}_auto")
    auto.setToolTip(tool_tip)
    auto.toggled.connect(lambda on: change(**{name: None if on else box.value() / kind.factor}))

    def show_either(settings: HeatmapSettings) -> None:
        value = getattr(settings, name)
        with QSignalBlocker(auto), QSignalBlocker(box):
            auto.setChecked(value is None)
            # A number that is entered takes the place of the automatic one.
            box.setValue((kind.by_hand if value is None else value) * kind.factor)

    return SettingRow((name,), label, plain(label), box, side_by_side(box, auto), show_either)


def number_box(name: str, tool_tip: str, kind: Number, suffix: str) -> NumberBox:
    """Make the control of `number_row`."""
    box = NumberBox()
    _equip(box, name, tool_tip)
    box.setDecimals(kind.decimals)
    box.setRange(kind.low * kind.factor, kind.high * kind.factor)
    box.setSuffix(suffix)
    box.setGroupSeparatorShown(True)
    # Not at each digit: "500" would pass through 5 and 50.
    box.setKeyboardTracking(False)
    if kind.step:
        box.setSingleStep(kind.step)
    else:
        box.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
    return box


def text_row(
    name: str,
    label: str,
    tool_tip: str,
    change: Change,
    *,
    refusal: str,
    placeholder: str,
) -> SettingRow:
    """Make a row for a text that is put in force once it is entered."""
    edit = QLineEdit()
    _equip(edit, name, tool_tip)
    edit.setPlaceholderText(placeholder)
    edit.editingFinished.connect(lambda: take_text(edit, lambda text: change(**{name: text})))

    def show(settings: HeatmapSettings) -> None:
        show_text(edit, getattr(settings, name))

    return SettingRow((name,), label, plain(label), edit, edit, show, refusal)


def row_of(
    name: str,
    change: Change,
    swatches: Callable[[str], Sequence[str]] | None = None,
) -> SettingRow:
    """Make the row of the field `name` from its record.

    Parameters
    ----------
    name, change
        The field, and who is told its value.
    swatches
        Gives the colours that stand for a value of a choice.
    """
    record = SETTINGS[name]
    label, help_text, kind = translated(record.label), translated(record.help), record.kind
    match kind:
        case Switch():
            return switch_row(name, label, help_text, change)
        case Choice():
            options = [(key, translated(one.label)) for key, one in kind.options.items()]
            return choice_row(name, label, help_text, options, change, swatches)
        case Number(is_slider=True):
            words = QCoreApplication.translate("HeatmapSettings", "{percent} %")
            return slider_row(name, label, help_text, words, change)
        case Number():
            return number_row(name, label, help_text, change, kind, translated(kind.suffix))
        case Text():
            return text_row(
                name,
                label,
                help_text,
                change,
                refusal=translated(kind.refusal),
                placeholder=translated(kind.placeholder),
            )
    raise TypeError(f"no row is known for {type(kind).__name__} of {name}")


def take_text(edit: QLineEdit, take: Callable[[str], object]) -> None:
    """Hand on what was entered; from here on the control may show it in another spelling."""
    edit.setModified(False)
    take(edit.text().strip())


def show_text(edit: QLineEdit, text: str) -> None:
    """Show `text`, unless the user is just writing another."""
    if not (edit.hasFocus() and edit.isModified()) and edit.text() != text:
        edit.setText(text)


def side_by_side(first: QWidget, *others: QWidget) -> QWidget:
    """Return a widget with all of them in a row; the first takes the room that is left."""
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(first, 1)
    for other in others:
        layout.addWidget(other)
    return box


def _equip(control: Any, name: str, tool_tip: str) -> None:
    control.setObjectName(name)
    control.setToolTip(tool_tip)
    control.setMinimumWidth(FIELD_WIDTH)


def _swatch(colours: Sequence[str]) -> QIcon:
    pixmap = QPixmap(SWATCH_SIZE)
    gradient = QLinearGradient(0, 0, SWATCH_SIZE.width(), 0)
    for index, colour in enumerate(colours):
        gradient.setColorAt(index / (len(colours) - 1), QColor(colour))
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), gradient)
    painter.end()
    return QIcon(pixmap)
