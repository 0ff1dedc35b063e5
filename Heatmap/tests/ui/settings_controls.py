"""Works the controls of the settings tab as a user does, and finds them."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QRadioButton,
    QSlider,
    QTabBar,
    QTabWidget,
    QToolButton,
    QWidget,
)

from Heatmap import HeatmapSettings
from Heatmap.heatmap_settings import SETTINGS
from Heatmap.setting_fields import Choice, Number, Switch
from Heatmap.ui import HeatmapSettingsTab
from Heatmap.ui.settings.segments import Segments

FIELDS = [field.name for field in fields(HeatmapSettings)]
DAY_MS = 86_400_000


def turn_to_page_of(tab: HeatmapSettingsTab, name: str) -> None:
    """Bring the page to the front that has the widget called `name`, unfolded where it is rare."""
    pages, widget = tab.findChild(QTabWidget, "pages"), tab.findChild(QWidget, name)
    assert widget is not None
    pages.setCurrentIndex(
        next(i for i in range(pages.count()) if pages.widget(i).isAncestorOf(widget))
    )
    if name in SETTINGS and SETTINGS[name].is_rare and not widget.isVisible():
        pages.currentWidget().findChild(QToolButton, "more").click()


def choose(name: str, key: str) -> Callable[[HeatmapSettingsTab], None]:
    def act(tab: HeatmapSettingsTab) -> None:
        box = control(tab, name)
        assert isinstance(box, QComboBox | Segments)
        box.setCurrentIndex(box.findData(key))

    return act


def switch(name: str, on: bool) -> Callable[[HeatmapSettingsTab], None]:
    return lambda tab: tab.findChild(QCheckBox, name).setChecked(on)


def enter(name: str, text: str) -> Callable[[HeatmapSettingsTab], None]:
    def act(tab: HeatmapSettingsTab) -> None:
        edit = tab.findChild(QLineEdit, name)
        edit.setText(text)
        edit.editingFinished.emit()

    return act


def turn(name: str, shown: float) -> Callable[[HeatmapSettingsTab], None]:
    return lambda tab: tab.findChild(QDoubleSpinBox, name).setValue(shown)


def lock(shown: float) -> Callable[[HeatmapSettingsTab], None]:
    def act(tab: HeatmapSettingsTab) -> None:
        tab.findChild(QRadioButton, "clip_locked").setChecked(True)
        turn("clip_usd", shown)(tab)

    return act


def changes_of(name: str) -> tuple[Callable[[HeatmapSettingsTab], Any], object]:
    """Give another value than the default, and what sets it in the tab, by the setting's record."""
    default, kind = getattr(HeatmapSettings(), name), SETTINGS[name].kind
    match kind:
        case Switch():
            return switch(name, not default), not default
        case Choice():
            other = [key for key in kind.options if key != default][-1]
            return choose(name, other), other
        case Number():
            value = kind.low + 1 if kind.low + 1 != default else kind.low + 2
            return turn(name, value * kind.factor), int(value) if kind.is_whole else value
    raise TypeError(f"{name} needs a line of its own")


# What a record does not tell, or values worth their own digits.
_BY_HAND: dict[str, tuple[Callable[[HeatmapSettingsTab], Any], object]] = {
    # The tests begin with it switched on.
    "enabled": (switch("enabled", False), False),
    "opacity": (lambda tab: tab.findChild(QSlider, "opacity").setValue(33), 0.33),
    "predicted_clip_usd": (turn("predicted_clip_usd", 300_000), 300_000.0),
    "bubble_least_usd": (turn("bubble_least_usd", 50_000), 50_000.0),
    "minimum_notional": (turn("minimum_notional", 25_000), 25_000.0),
    "clip_percentile": (turn("clip_percentile", 98.25), 98.25),
    "clip_usd": (lock(250_000), 250_000.0),
    "resolution": (enter("resolution", "240x920"), "240x920"),
    "update_interval_ms": (turn("update_interval_ms", 500), 500),
    "retention_days": (turn("retention_days", 30), 30),
    "candle_retention_days": (turn("candle_retention_days", 60), 60),
    "symbols": (enter("symbols", " ethusdt,  BTCUSDT "), ("BTCUSDT", "ETHUSDT")),
    "cluster_line_count": (turn("cluster_line_count", 9), 9),
    "cluster_window_pct": (turn("cluster_window_pct", 3.5), 0.035),
    "min_cluster_size": (turn("min_cluster_size", 12), 12),
    "time_decay_minutes": (turn("time_decay_minutes", 90.5), 90.5),
    "lookback_time_constants": (turn("lookback_time_constants", 4.5), 4.5),
    "cluster_interval_s": (turn("cluster_interval_s", 2.5), 2.5),
}
CHANGES = {name: _BY_HAND[name] if name in _BY_HAND else changes_of(name) for name in SETTINGS}


def control(tab: HeatmapSettingsTab, name: str) -> QWidget:
    found = [child for child in tab.findChildren(QWidget) if child.objectName() == name]
    assert len(found) == 1, f"{name} has {len(found)} controls"
    return found[0]


def interactive(parent: QWidget) -> list[QWidget]:
    kinds = (QAbstractButton, QComboBox, QSlider, QLineEdit, QAbstractSpinBox, Segments)
    return [
        child
        for child in parent.findChildren(QWidget)
        if isinstance(child, kinds) and not is_inner(child)
    ]


def is_inner(widget: QWidget) -> bool:
    """Say whether a widget is a part of a control, such as the text of a spin box."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QAbstractSpinBox | QComboBox | QTabBar | Segments):
            return True
        above = above.parentWidget()
    return False


def pages(tab: HeatmapSettingsTab) -> list[QWidget]:
    box = tab.findChild(QTabWidget, "pages")
    return [box.widget(index).widget() for index in range(box.count())]
