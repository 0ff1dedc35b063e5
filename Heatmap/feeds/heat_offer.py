"""The line on a chart whose symbol is not recorded: it offers the heat that can be had.

Part ``offer`` of the page, ``{"words": ..., "heat": a value of the setting}``; ``None``: nothing is
offered. A picture's own offer is part of its messages and comes before this one.
"""

from collections.abc import Callable

from Heatmap.feeds.layer_state import LayerState
from Heatmap.heatmap_settings import ALL_SYMBOLS, HeatmapSettings
from Heatmap.picture.texts import not_recorded_words
from Heatmap.sources.heat_source import OFFERED_HEAT, HeatOffer
from Heatmap.sources.registry import source_class

PART = "offer"
"""The part of the page that draws the line."""


def find_offer(
    state: LayerState | None,
    symbol: str | None,
    settings: HeatmapSettings,
    can_have_candles: Callable[[str], bool],
) -> HeatOffer | None:
    """Return what is offered where no picture is drawn; ``None``: nothing.

    Parameters
    ----------
    state
        Why no picture is drawn; ``None``: one is.
    symbol
        What the page shows.
    settings
        The current settings.
    can_have_candles
        Whether a symbol's candles can be fetched, which predicted levels are computed from.
    """
    # Where all are recorded, the symbol may only not have become known yet.
    is_missing = state is LayerState.NOT_RECORDED and ALL_SYMBOLS not in settings.symbols
    is_open = is_missing and source_class(settings.heat).needs_recording
    if not is_open or symbol is None or not can_have_candles(symbol):
        return None
    return HeatOffer(not_recorded_words(symbol), OFFERED_HEAT)


class OfferLine:
    """What the page was told last.

    Parameters
    ----------
    show
        Takes a payload for the page's part.
    """

    def __init__(self, show: Callable[[str, object], None]) -> None:
        self._show = show
        self._told: HeatOffer | None = None

    @property
    def heat(self) -> str | None:
        """The heat that is offered, a value of the setting; ``None``: none."""
        return None if self._told is None else self._told.heat

    def tell(self, offer: HeatOffer | None) -> None:
        """Have the page offer this, where it is another than before."""
        if offer != self._told:
            self._told = offer
            payload = None if offer is None else {"words": offer.words, "heat": offer.heat}
            self._show(PART, payload)

    def forget(self) -> None:
        """Note that the layer was cleared."""
        self._told = None
