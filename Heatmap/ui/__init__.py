"""The user interface: the layer on the chart page, the settings tab, and where it keeps them.

The public names are imported when they are first used, so that a program that needs only one of
them loads only that one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from Heatmap.ui.connection_dialog import ConnectionDialog
    from Heatmap.ui.host_alerts import HostAlerts
    from Heatmap.ui.language import install_translation, users_locale
    from Heatmap.ui.layer.chart_layer import HeatmapLayer
    from Heatmap.ui.market_watch import MarketWatch
    from Heatmap.ui.panels.alert_panel import AlertPanel
    from Heatmap.ui.panels.last_hour_line import LastHourLine
    from Heatmap.ui.panels.liquidation_tape import LiquidationTape
    from Heatmap.ui.panels.liquidation_totals import LiquidationTotals
    from Heatmap.ui.panels.market_state_line import MarketStateLine
    from Heatmap.ui.panels.panel_symbol import PanelSymbol
    from Heatmap.ui.panels.replay_bar import ReplayBar
    from Heatmap.ui.settings.alert_store import load_alert_rules, save_alert_rules
    from Heatmap.ui.settings.host_rows import HostChoice
    from Heatmap.ui.settings.settings_file import (
        export_settings,
        import_alert_rules,
        import_settings,
    )
    from Heatmap.ui.settings.settings_store import load_settings, save_settings
    from Heatmap.ui.settings.settings_tab import HeatmapSettingsTab
    from Heatmap.ui.settings.toggle_action import toggle_action
    from Heatmap.ui.state_texts import StateAction, StateTone, StateWords, state_words
    from Heatmap.ui.status_panel import StatusPanel
    from Heatmap.ui.texts import attention_words, failure_words, role_words

__all__ = [
    "AlertPanel",
    "ConnectionDialog",
    "HeatmapLayer",
    "HeatmapSettingsTab",
    "HostAlerts",
    "HostChoice",
    "LastHourLine",
    "LiquidationTape",
    "LiquidationTotals",
    "MarketStateLine",
    "MarketWatch",
    "PanelSymbol",
    "ReplayBar",
    "StateAction",
    "StateTone",
    "StateWords",
    "StatusPanel",
    "attention_words",
    "export_settings",
    "failure_words",
    "import_alert_rules",
    "import_settings",
    "install_translation",
    "load_alert_rules",
    "load_settings",
    "role_words",
    "save_alert_rules",
    "save_settings",
    "state_words",
    "toggle_action",
    "users_locale",
]

_HOMES = {
    "AlertPanel": "Heatmap.ui.panels.alert_panel",
    "ConnectionDialog": "Heatmap.ui.connection_dialog",
    "HeatmapLayer": "Heatmap.ui.layer.chart_layer",
    "HeatmapSettingsTab": "Heatmap.ui.settings.settings_tab",
    "HostAlerts": "Heatmap.ui.host_alerts",
    "HostChoice": "Heatmap.ui.settings.host_rows",
    "StateAction": "Heatmap.ui.state_texts",
    "StateTone": "Heatmap.ui.state_texts",
    "StateWords": "Heatmap.ui.state_texts",
    "LastHourLine": "Heatmap.ui.panels.last_hour_line",
    "LiquidationTape": "Heatmap.ui.panels.liquidation_tape",
    "LiquidationTotals": "Heatmap.ui.panels.liquidation_totals",
    "MarketStateLine": "Heatmap.ui.panels.market_state_line",
    "MarketWatch": "Heatmap.ui.market_watch",
    "PanelSymbol": "Heatmap.ui.panels.panel_symbol",
    "ReplayBar": "Heatmap.ui.panels.replay_bar",
    "StatusPanel": "Heatmap.ui.status_panel",
    "attention_words": "Heatmap.ui.texts",
    "failure_words": "Heatmap.ui.texts",
    "install_translation": "Heatmap.ui.language",
    "export_settings": "Heatmap.ui.settings.settings_file",
    "import_alert_rules": "Heatmap.ui.settings.settings_file",
    "import_settings": "Heatmap.ui.settings.settings_file",
    "load_alert_rules": "Heatmap.ui.settings.alert_store",
    "save_alert_rules": "Heatmap.ui.settings.alert_store",
    "load_settings": "Heatmap.ui.settings.settings_store",
    "role_words": "Heatmap.ui.texts",
    "save_settings": "Heatmap.ui.settings.settings_store",
    "state_words": "Heatmap.ui.state_texts",
    "users_locale": "Heatmap.ui.language",
    "toggle_action": "Heatmap.ui.settings.toggle_action",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
