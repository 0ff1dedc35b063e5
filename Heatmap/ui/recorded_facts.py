"""What was recorded of some symbols, followed for as long as a widget is seen."""

from collections.abc import Callable, Iterable
from functools import partial

from PyQt6.QtWidgets import QWidget

from Heatmap.feeds.replay_reads import RecordedTime
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.seen_filter import SeenFilter
from Heatmap.ui.ties import Ties, Weakly

logger = get_logger(__name__)

MOST_SYMBOLS = 12
"""Of more symbols only the first ones are followed: each has its whole recording read."""


class RecordedFacts(SeenFilter):
    """Follows what was recorded of symbols while `widget` is seen; belongs to it.

    Parameters
    ----------
    widget
        Hidden, it follows nothing; what was known stays.
    service
        Whose recording.
    on_news
        Called when something new is known.
    """

    def __init__(
        self, widget: QWidget, service: HeatmapService, on_news: Callable[[], object]
    ) -> None:
        super().__init__(widget)
        self._service = service
        self._on_news = on_news
        self._symbols: tuple[str, ...] = ()
        self._is_seen = False
        self._known: dict[str, RecordedTime | None] = {}
        # By symbol.
        self._ties = Ties(widget)
        self.is_whole = True

    def want(self, symbols: Iterable[str]) -> None:
        """Follow these symbols from now on, and no others."""
        self._symbols = tuple(symbols)[:MOST_SYMBOLS]
        self._fit()

    def of(self, symbol: str) -> RecordedTime | None:
        """Return what was recorded of a symbol; ``None``: nothing, or it is not known yet."""
        return self._known.get(symbol)

    def is_known(self, symbol: str) -> bool:
        """Whether the recording was looked at."""
        return symbol in self._known

    @override
    def note_seen(self, *, is_seen: bool) -> None:
        """Follow while the widget is seen."""
        self._is_seen = is_seen
        self._fit()

    def _fit(self) -> None:
        wanted = self._symbols if self._is_seen else ()
        for symbol in self._ties.names():
            if symbol not in wanted:
                self._ties.cut(symbol)
        for symbol in wanted:
            if symbol not in self._ties.names():
                self._begin(symbol)

    def _begin(self, symbol: str) -> None:
        take = partial(Weakly(self._take), symbol)
        try:
            self._ties.tie(symbol, self._service.recorded.follow_time(symbol, take))
        except ValueError:
            logger.debug("nothing is known of %r", symbol, exc_info=True)

    def _take(self, symbol: str, recorded: RecordedTime | None) -> None:
        self._known[symbol] = recorded
        self._on_news()
