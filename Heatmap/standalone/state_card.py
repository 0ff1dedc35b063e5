"""A market's state as a card on the chart, and what its button does."""

from collections.abc import Callable

from PyQt6.QtCore import QObject

from Heatmap.standalone.chart_page import ChartPage
from Heatmap.ui import StateAction, StateTone, StateWords

Offer = Callable[[StateAction | None, str], str]


class StateCard(QObject):
    """Shows the card of a market's state on a chart page, where that state has one.

    Parameters
    ----------
    page
        Where it is shown; the card belongs to it.
    offer
        Gives the words of an action's button; empty: it cannot be done here, and has none.
    act
        Does what the button says.
    """

    def __init__(
        self, page: ChartPage, offer: Offer, act: Callable[[StateAction | None], object]
    ) -> None:
        super().__init__(page)
        self._page = page
        self._offer = offer
        page.card_action.connect(lambda name: act(StateAction(name)))

    def show(self, words: StateWords | None) -> None:
        """Show what the chart says of a state; ``None``: nothing is known."""
        if words is None or not words.card:
            self._page.hide_card()
            return
        button = self._offer(words.action, words.button)
        action = str(words.action) if button else ""
        self._page.show_card(words.card, button, action, is_bad=words.tone is StateTone.BAD)
