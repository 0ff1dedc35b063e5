"""Makes the rows of a settings page: a label, a control, and how it shows a setting."""

from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtCore import QCoreApplication, QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QLinearGradient, QPainter, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
)

from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Choice, Number, Switch, Text
from Heatmap.ui.settings.look import Caption, indicator_width
from Heatmap.ui.settings.marked_buttons import MarkedBox
from Heatmap.ui.settings.number_box import NumberBox
from Heatmap.ui.settings.page_form import RowField, SettingRow
from Heatmap.ui.settings.segments import Segments

SWATCH_SIZE = QSize(96, 14)
FIELD_WIDTH = 230
"""Width of lists, sliders and texts, CSS pixels."""
NUMBER_WIDTH = 130
"""Least width of numbers."""
MOST_SEGMENTS_WIDTH = 372
"""A choice whose values are wider side by side is a list to open."""
_MOST_SEGMENTS = 8

Change = Callable[..., None]
"""Takes one field by name and puts it in force; a value that is not allowed is refused in words."""


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
    options: Sequence[tuple[str, str, str]],
    change: Change,
    swatches: Callable[[str], Sequence[str]] | None = None,
    caption: str = "",
) -> SettingRow:
    """Make a row that offers some values: side by side where they fit, else in a list.

    Parameters
    ----------
    name, label, tool_tip, caption
        The field, and the texts.
    options
        Each value with its text and its short one.
    change
        Told the value that was chosen.
    swatches
        Gives the colours that stand for a value.
    """
    box = choice_box(options, swatches)
    _equip(box, name, tool_tip, FIELD_WIDTH if isinstance(box, QComboBox) else 0)
    box.currentIndexChanged.connect(lambda _index: change(**{name: box.currentData()}))

    def show(settings: HeatmapSettings) -> None:
        with QSignalBlocker(box):
            box.setCurrentIndex(box.findData(getattr(settings, name)))

    field = RowField(box, caption=caption)
    return SettingRow((name,), label, plain(label), box, field, show)


def choice_box(
    options: Sequence[tuple[str, str, str]],
    swatches: Callable[[str], Sequence[str]] | None = None,
) -> Segments | QComboBox:
    """Make the control of `choice_row`."""
    return (None if swatches else _segments(options)) or _list(options, swatches)


def _segments(options: Sequence[tuple[str, str, str]]) -> Segments | None:
    """Return the values side by side; ``None``: they do not fit."""
    if len(options) > _MOST_SEGMENTS:
        return None
    box = Segments()
    for key, text, short in options:
        box.addItem(short or text, key)
    return box if box.sizeHint().width() <= MOST_SEGMENTS_WIDTH else None


def _list(
    options: Sequence[tuple[str, str, str]], swatches: Callable[[str], Sequence[str]] | None
) -> QComboBox:
    box = QComboBox()
    if swatches is not None:
        box.setIconSize(SWATCH_SIZE)
    for key, text, _short in options:
        if swatches is None:
            box.addItem(text, key)
        else:
            box.addItem(_swatch(swatches(key)), text, key)
    return box


def switch_row(
    name: str, text: str, tool_tip: str, change: Change, caption: str = ""
) -> SettingRow:
    """Make a row that is on or off."""
    box = MarkedBox(text)
    _equip(box, name, tool_tip)
    box.toggled.connect(lambda on: change(**{name: on}))

    def show(settings: HeatmapSettings) -> None:
        with QSignalBlocker(box):
            box.setChecked(getattr(settings, name))

    field = RowField(box, caption=caption, indent=indicator_width(box))
    return SettingRow((name,), "", plain(text), box, field, show)


def slider_row(
    name: str, label: str, tool_tip: str, words: str, change: Change, caption: str = ""
) -> SettingRow:
    """Make a row for a part from 0 to 1, with a slider that is followed while it is dragged.

    `words` has ``{percent}`` for the number that stands beside the slider.
    """
    slider = QSlider(Qt.Orientation.Horizontal)
    _equip(slider, name, tool_tip, FIELD_WIDTH)
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

    field = RowField(slider, text, caption=caption)
    return SettingRow((name,), label, plain(label), slider, field, show)


def number_row(
    name: str,
    label: str,
    tool_tip: str,
    change: Change,
    kind: Number,
    suffix: str,
    caption: str = "",
) -> SettingRow:
    """Make a row for a number.

    Parameters
    ----------
    name, label, tool_tip, caption
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

        field = RowField(box, aside=aside_words(caption, tool_tip))
        return SettingRow((name,), label, plain(label), box, field, show)

    auto = MarkedBox(QCoreApplication.translate("HeatmapSettings", "Automatic"))
    auto.setObjectName(f"{name}_auto")
    auto.setToolTip(tool_tip)
    auto.toggled.connect(lambda on: change(**{name: None if on else box.value() / kind.factor}))

    def show_either(settings: HeatmapSettings) -> None:
        value = getattr(settings, name)
        with QSignalBlocker(auto), QSignalBlocker(box):
            auto.setChecked(value is None)
            # A number that is entered takes the place of the automatic one.
            box.setValue((kind.by_hand if value is None else value) * kind.factor)

    field = RowField(box, auto, caption=caption)
    return SettingRow((name,), label, plain(label), box, field, show_either)


def aside_words(words: str, tool_tip: str) -> Caption | None:
    """Make the words beside a control; ``None``: there are none."""
    if not words:
        return None
    caption = Caption(words)
    caption.setToolTip(tool_tip)
    return caption


def number_box(name: str, tool_tip: str, kind: Number, suffix: str) -> NumberBox:
    """Make the control of `number_row`."""
    box = NumberBox()
    _equip(box, name, tool_tip, NUMBER_WIDTH)
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
    caption: str = "",
    aside: Caption | None = None,
) -> SettingRow:
    """Make a row for a text that is put in force once it is entered."""
    edit = QLineEdit()
    _equip(edit, name, tool_tip, NUMBER_WIDTH if aside is not None else FIELD_WIDTH)
    edit.setPlaceholderText(placeholder)
    edit.editingFinished.connect(lambda: take_text(edit, lambda text: change(**{name: text})))

    def show(settings: HeatmapSettings) -> None:
        show_text(edit, getattr(settings, name))

    field = RowField(edit, caption=caption, aside=aside)
    return SettingRow((name,), label, plain(label), edit, field, show, refusal)


def row_of(
    name: str,
    change: Change,
    swatches: Callable[[str], Sequence[str]] | None = None,
    *,
    has_caption: bool = True,
    aside: Caption | None = None,
) -> SettingRow:
    """Make the row of the field `name` from its record.

    Parameters
    ----------
    name, change
        The field, and who is told its value.
    swatches
        Gives the colours that stand for a value of a choice.
    has_caption
        Whether the words below it are shown, where there are any.
    aside
        Words beside the control of a text; ``None``: there are none.
    """
    record = SETTINGS[name]
    label, help_text, kind = translated(record.label), translated(record.help), record.kind
    caption = translated(record.caption) if has_caption else ""
    match kind:
        case Switch():
            return switch_row(name, label, help_text, change, caption)
        case Choice():
            options = [
                (key, translated(one.label), translated(one.short))
                for key, one in kind.options.items()
            ]
            return choice_row(name, label, help_text, options, change, swatches, caption)
        case Number(is_slider=True):
            words = QCoreApplication.translate("HeatmapSettings", "{percent} %")
            return slider_row(name, label, help_text, words, change, caption)
        case Number():
            suffix = translated(kind.suffix)
            return number_row(name, label, help_text, change, kind, suffix, caption)
        case Text():
            return text_row(
                name,
                label,
                help_text,
                change,
                refusal=translated(kind.refusal),
                placeholder=translated(kind.placeholder),
                caption=caption,
                aside=aside,
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


def _equip(control: Any, name: str, tool_tip: str, width: int = 0) -> None:
    control.setObjectName(name)
    control.setToolTip(tool_tip)
    if width:
        control.setMinimumWidth(width)


def _swatch(colours: Sequence[str]) -> QIcon:
    pixmap = QPixmap(SWATCH_SIZE)
    gradient = QLinearGradient(0, 0, SWATCH_SIZE.width(), 0)
    for index, colour in enumerate(colours):
        gradient.setColorAt(index / (len(colours) - 1), QColor(colour))
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), gradient)
    painter.end()
    return QIcon(pixmap)
