"""Whether a layer's picture is drawn, and the first reason why it is not. Pure.

A picture is drawn while the heatmap is switched on, the page has a chart, says which symbol that
shows and this one is recorded; and where there are rows for what the chart shows.
"""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from Heatmap.aggregation.resolution import can_lay_rows
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Resolution


class LayerState(StrEnum):
    """Whether a layer's picture is drawn, or why it is not: of several reasons the first of these.

    Attributes
    ----------
    STOPPED
        Nobody feeds the layer: the service was not started or was stopped, or could not feed it, or
        the host has closed its loop.
    OFF
        The heatmap is switched off.
    NO_CHART
        The page has no chart yet, or not any more; the failure says why where that is known.
    NO_SYMBOL
        The page does not say which symbol it shows.
    NOT_RECORDED
        Its symbol is not among the recorded ones; with predicted levels, nor among the exchange's.
    NO_VIEW
        The chart has no candles yet, or is too small to draw on.
    FAILED
        Reading, building or telling the page failed, which is tried again; the failure says why.
        What was drawn before may still be seen.
    BUILDING
        The first picture is on its way.
    DRAWN
        The page has a picture.
    """

    STOPPED = "stopped"
    OFF = "off"
    NO_CHART = "no chart"
    NO_SYMBOL = "no symbol"
    NOT_RECORDED = "not recorded"
    NO_VIEW = "no view"
    FAILED = "failed"
    BUILDING = "building"
    DRAWN = "drawn"


def find_obstacle(
    settings: HeatmapSettings,
    symbol: str | None,
    *,
    is_page_ready: bool,
    needs_recording: bool,
    is_known: Callable[[str], bool],
    is_recorded_elsewhere: Callable[[str], bool] = lambda _symbol: False,
) -> LayerState | None:
    """Return the first reason why no picture is to be drawn; ``None``: there is none.

    Parameters
    ----------
    settings
        The current settings.
    symbol
        What the page shows; ``None``: not known.
    is_page_ready
        Whether the page has a chart.
    needs_recording
        Whether the heat has nothing of a symbol that is not recorded.
    is_known
        Whether a symbol is one of the exchange's, where that is enough.
    is_recorded_elsewhere
        Whether another program, which writes the database, records a symbol.
    """
    if not settings.enabled:
        return LayerState.OFF
    if not is_page_ready:
        return LayerState.NO_CHART
    if symbol is None:
        return LayerState.NO_SYMBOL
    recorded = settings.symbols
    # A share may be called ALL. Candles can be had of more than is recorded.
    asks_exchange = ALL_SYMBOLS in recorded or not needs_recording
    is_recorded = symbol != ALL_SYMBOLS and (
        symbol in recorded or (asks_exchange and is_known(symbol)) or is_recorded_elsewhere(symbol)
    )
    return None if is_recorded else LayerState.NOT_RECORDED


def has_rows(
    viewport: Viewport,
    settings: HeatmapSettings,
    symbol: str | None,
    tick_size: Callable[[str], Decimal],
) -> bool:
    """Tell whether there are rows for a view: a page can report what no chart shows."""
    if symbol is None or not viewport.is_drawable:
        return viewport.is_drawable
    return can_lay_rows(viewport, tick_size(symbol), Resolution.parse(settings.resolution))


def page_options(settings: HeatmapSettings, label: str) -> dict[str, Any]:
    """Return what the page applies by itself, see `LayerPort.set_options`.

    Parameters
    ----------
    settings
        The current settings.
    label
        Short text on the picture; empty: none.
    """
    options = SETTINGS.page_options().items()
    return {"label": label, **{option: getattr(settings, name) for name, option in options}}
