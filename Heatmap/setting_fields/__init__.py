"""What a setting is: one record for each, and everything else about it is made from that.

`Heatmap.heatmap_settings` gives each of its fields a record with `setting`. Reading texts, checking
values, the command line, what is built again, the page's options, the rows of the settings tab and
the table of the README come from the records. Pure; no Qt.
"""

from Heatmap.setting_fields.cluster_fields import CLUSTER_WINDOW_PCT, ClusterFields
from Heatmap.setting_fields.json_texts import UnusedValue
from Heatmap.setting_fields.kinds import Choice, Kind, Number, Option, Switch, Text
from Heatmap.setting_fields.records import Effect, Page, Section, Setting, SettingRecords, setting
from Heatmap.setting_fields.resolution import Resolution, wrong_resolution
from Heatmap.setting_fields.settings_base import SettingsBase, to_text

__all__ = [
    "CLUSTER_WINDOW_PCT",
    "Choice",
    "ClusterFields",
    "Effect",
    "Kind",
    "Number",
    "Option",
    "Page",
    "Resolution",
    "Section",
    "Setting",
    "SettingRecords",
    "SettingsBase",
    "Switch",
    "Text",
    "UnusedValue",
    "setting",
    "to_text",
    "wrong_resolution",
]
