"""The user interface: the layer on the chart page, the settings tab, and where it keeps them.

The public names are imported when they are first used, so that a program that needs only one of
them loads only that one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from Heatmap.ui.layer.chart_layer import HeatmapLayer
    from Heatmap.ui.settings.settings_file import export_settings, import_settings
    from Heatmap.ui.settings.settings_store import load_settings, save_settings
    from Heatmap.ui.settings.settings_tab import HeatmapSettingsTab
    from Heatmap.ui.settings.toggle_action import toggle_action
    from Heatmap.ui.status_panel import StatusPanel
    from Heatmap.ui.texts import failure_words

__all__ = [
    "HeatmapLayer",
    "HeatmapSettingsTab",
    "StatusPanel",
    "export_settings",
    "failure_words",
    "import_settings",
    "load_settings",
    "save_settings",
    "toggle_action",
]

_HOMES = {
    "HeatmapLayer": "Heatmap.ui.layer.chart_layer",
    "HeatmapSettingsTab": "Heatmap.ui.settings.settings_tab",
    "StatusPanel": "Heatmap.ui.status_panel",
    "export_settings": "Heatmap.ui.settings.settings_file",
    "failure_words": "Heatmap.ui.texts",
    "import_settings": "Heatmap.ui.settings.settings_file",
    "load_settings": "Heatmap.ui.settings.settings_store",
    "save_settings": "Heatmap.ui.settings.settings_store",
    "toggle_action": "Heatmap.ui.settings.toggle_action",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
