"""The labels of the strongest standing levels at the right edge: told when they have changed.

Part ``level_labels`` of the page, the strongest level first; ``None``: there are none::

    {"levels": [{"price": USD, "usd": USD, "text": "≈ 1.4M", "side": "longs" or "shorts"}],
     "words": {"sum", "longs", "shorts": what the legend says of them},
     "endMs": UTC milliseconds}
"""

from collections.abc import Callable
from typing import Any

from Heatmap.picture.messages import PictureMessage
from Heatmap.picture.texts import LEVEL_WORDS, level_text

PART = "level_labels"
"""The part of the page that draws them."""


class LevelLabels:
    """What labels the page was told last.

    Parameters
    ----------
    show
        Takes a payload for the page's part.
    """

    def __init__(self, show: Callable[[str, object], None]) -> None:
        self._show = show
        # Without the time, which moves on all the while.
        self._told: list[dict[str, Any]] = []

    def tell(self, message: PictureMessage) -> None:
        """Tell the labels of a picture that was sent, where they are others than before."""
        levels = [
            {"price": one.price, "usd": one.usd, "text": level_text(one.usd), "side": one.side}
            for one in message.marks
        ]
        if _seen(levels) == _seen(self._told):
            return
        self._told = levels
        if not levels:
            self._show(PART, None)
            return
        end_ms = message.meta["endMs"]
        self._show(PART, {"levels": levels, "words": LEVEL_WORDS, "endMs": end_ms})

    def forget(self) -> None:
        """Take them off the page: the picture that they belong to goes, or has gone."""
        told, self._told = self._told, []
        if told:
            # The layer would show them again on each page that comes later.
            self._show(PART, None)


def _seen(levels: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what a label shows."""
    return [(one["price"], one["text"], one["side"]) for one in levels]
