"""A market's state as a card on the chart, and what its button does."""

from collections.abc import Callable, Mapping

from PyQt6.QtCore import QObject

from Heatmap import MarketState
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.ui import StateTone, state_words


class StateCard(QObject):
    """Shows the card of a market's state on a chart page, where that state has one.

    Parameters
    ----------
    page
        Where it is shown; the card belongs to it.
    actions
        What the button of a card does, by the card's action (`Heatmap.ui.StateAction`). A card
        whose action is not among them has no button.
    """

    def __init__(self, page: ChartPage, actions: Mapping[str, Callable[[], None]]) -> None:
        super().__init__(page)
        self._page = page
        self._actions = actions
        page.card_action.connect(self._act)

    def show(self, state: MarketState | None) -> None:
        """Show what the chart says of a state; ``None``: nothing is known."""
        if state is None:
            self._page.hide_card()
            return
        words = state_words(state, self._page.clock)
        action = "" if words.action is None else str(words.action)
        button = words.button if action in self._actions else ""
        if words.card:
            is_bad = words.tone is StateTone.BAD
            self._page.show_card(words.card, button, action, is_bad=is_bad)
        else:
            self._page.hide_card()

    def _act(self, action: str) -> None:
        act = self._actions.get(action)
        if act is not None:
            act()
