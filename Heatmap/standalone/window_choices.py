"""What is chosen for a window and is no setting of the heatmap's: axes, candles, look, language."""

from collections.abc import Callable

from PyQt6.QtCore import QCoreApplication, QSettings

from Heatmap.standalone.chart_choices import ChartChoices
from Heatmap.standalone.chart_clock import LOCAL, UTC, zone_names
from Heatmap.standalone.chart_page import LOOKS as CANDLE_LOOKS
from Heatmap.standalone.chart_page import SCALES
from Heatmap.standalone.language_choice import NAMES, stored_language
from Heatmap.standalone.theme import stored_look, theme_of
from Heatmap.ui import HostChoice


def window_choices(
    store: QSettings,
    chart: ChartChoices,
    theme: Callable[[], str],
    choose_look: Callable[[str], object],
    choose_language: Callable[[str], object],
) -> list[HostChoice]:
    """Return the rows for the settings' chart page, from top to bottom.

    Parameters
    ----------
    store
        Where look and language are kept.
    chart
        How the window's chart is set.
    theme
        Which one the windows have: it may be another than the kept one, for this run.
    choose_look, choose_language
        Put them in force in all windows, and keep them.
    """
    scales = (_tr("Linear"), _tr("Log"), _tr("Percent"))
    candles = (_tr("Teal and red"), _tr("White and grey"))
    looks = {"system": _tr("System"), "dark": _tr("Dark"), "light": _tr("Light")}
    zones = {UTC: UTC, LOCAL: _tr("This computer's")}
    return [
        HostChoice(
            "price_axis",
            _tr("Price axis"),
            _tr("How the price axis is scaled; keys and the status bar change it too"),
            list(zip(SCALES, scales, strict=True)),
            lambda: chart.scale,
            chart.set_scale,
            default=SCALES[0],
        ),
        HostChoice(
            "time_zone",
            _tr("Time zone"),
            _tr("Time zone of the axis and of the lists beside the chart"),
            [(name, zones.get(name, name.replace("_", " "))) for name in zone_names()],
            lambda: chart.time_zone,
            chart.set_time_zone,
            default=UTC,
        ),
        HostChoice(
            "candle_colours",
            _tr("Candles"),
            _tr("White and grey ones stand out from the colours of the heat"),
            list(zip(CANDLE_LOOKS, candles, strict=True)),
            lambda: chart.look,
            chart.set_look,
            default=CANDLE_LOOKS[0],
        ),
        HostChoice(
            "look",
            _tr("L&ook"),
            _tr("The colours of all windows; palettes that you have not chosen yourself follow"),
            list(looks.items()),
            lambda: _look(store, theme()),
            choose_look,
            default="dark",
        ),
        HostChoice(
            "language",
            _tr("Language"),
            _tr("Of all windows, at once; numbers and dates follow it"),
            [(key, name or _tr("As the system")) for key, name in NAMES.items()],
            lambda: stored_language(store),
            choose_language,
        ),
    ]


def _look(store: QSettings, theme: str) -> str:
    look = stored_look(store)
    return look if theme_of(look) == theme else theme


def _tr(text: str) -> str:
    return QCoreApplication.translate("WindowChoices", text)
