"""The heatmap's switch in a host's tool bar follows the setting, and sets it."""

from typing import Any

from PyQt6.QtCore import QEvent, QSettings
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QApplication, QMainWindow, QToolBar, QToolButton

from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import control
from Heatmap.ui import HeatmapSettingsTab, load_settings, toggle_action


def test_the_switch_of_a_tool_bar_follows_the_setting_both_ways(
    qtbot: Any, service: PreparedService, store: QSettings, tab: HeatmapSettingsTab
) -> None:
    window, bar = QMainWindow(), QToolBar()
    qtbot.addWidget(window)
    window.addToolBar(bar)
    action = toggle_action(service, store, bar)
    bar.addAction(action)
    action.setShortcut(QKeySequence("Shift+H"))
    window.show()
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    assert button.isChecked()
    assert store.allKeys() == []
    button.click()
    assert service.settings.enabled is False
    assert load_settings(store).enabled is False
    assert store.allKeys() == ["Heatmap/enabled"]
    # Whoever else sets it: the settings tab, the host.
    control(tab, "enabled").setChecked(True)  # type: ignore[attr-defined]
    assert button.isChecked()
    service.apply_settings(service.settings.changed(enabled=False))
    assert not button.isChecked()
    assert control(tab, "enabled").isChecked() is False  # type: ignore[attr-defined]


def test_an_action_that_is_gone_is_not_told_any_more(service: PreparedService) -> None:
    parent = QAction()
    action = toggle_action(service, parent=parent)
    action.trigger()
    assert service.settings.enabled is False
    assert len(service._settings_listeners) == 1
    action.deleteLater()
    QApplication.sendPostedEvents(action, QEvent.Type.DeferredDelete)
    assert service._settings_listeners == []
    service.apply_settings(service.settings.changed(enabled=True))
