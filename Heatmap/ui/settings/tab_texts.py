"""What the settings tab says of values that cannot be used, and of where data come from."""

from PyQt6.QtCore import QCoreApplication

from Heatmap.domain.events import DataKind
from Heatmap.heatmap_settings import ALL_SYMBOLS, HeatmapSettings
from Heatmap.runtime.outside_text import shown_text
from Heatmap.setting_fields import UnusedValue
from Heatmap.ui.settings.page_form import SettingRow
from Heatmap.ui.settings.settings_store import UnusedText

_LONGEST_TEXT = 30


def refusal_text(row: SettingRow, value: object) -> str:
    """Say that a value was refused for the field of a row."""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    refusal = row.refusal or _tr("{setting}: “{text}” cannot be used")
    return refusal.format(setting=row.words, text=_shortened(text))


def unused_text(unused: UnusedText, setting: str) -> str:
    """Say that what is stored is not used.

    Parameters
    ----------
    unused
        What.
    setting
        What its row is called; of no matter where no setting of this version has that name.
    """
    if not unused.is_known:
        return _tr("“{name}” is stored, but no setting of this version").format(
            name=_shortened(unused.name)
        )
    return _tr("{setting}: the stored “{text}” cannot be used").format(
        setting=setting, text=_shortened(unused.text)
    )


def unused_value_text(unused: UnusedValue, setting: str) -> str:
    """Say that a value of an imported file is not used.

    Parameters
    ----------
    unused
        What.
    setting
        What its row is called; of no matter where no setting of this version has that name.
    """
    if not unused.is_known:
        return _tr("“{name}” is no setting of this version").format(name=_shortened(unused.name))
    return _tr("{setting}: {text} cannot be used").format(
        setting=setting, text=_shortened(unused.text)
    )


def source_text(kind: DataKind, settings: HeatmapSettings) -> str:
    """Say where the liquidations come from."""
    kinds = {
        DataKind.LIVE: _tr("Data source: Binance USD-M futures, liquidations of {symbols}"),
        DataKind.SIMULATED: _tr("Data source: simulated market, liquidations of {symbols}"),
        DataKind.REPLAY: _tr("Data source: a recording, liquidations of {symbols}"),
    }
    is_all = ALL_SYMBOLS in settings.symbols
    symbols = _tr("all symbols") if is_all else ", ".join(settings.symbols)
    return kinds[kind].format(symbols=symbols)


def _tr(text: str) -> str:
    return QCoreApplication.translate("HeatmapSettingsTab", text)


def _shortened(text: str) -> str:
    text = shown_text(text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
