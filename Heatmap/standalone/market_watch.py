"""How the recording of the shown symbol is: asked once a second, by bar, card and title alike."""

from typing import TYPE_CHECKING, Any

from Heatmap import DataKind, HeatmapService, MarketState, ShownTime, market_state

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = {
    DataKind.LIVE: ShownTime.NOW,
    DataKind.SIMULATED: ShownTime.SIMULATED,
    DataKind.REPLAY: ShownTime.REPLAY,
}


class MarketWatch:
    """Follows one symbol of one service; `follow` and `leave` may be called at any time."""

    def __init__(self) -> None:
        self._service: HeatmapService | None = None
        self._symbol = ""
        # The symbol's newest liquidation, UTC milliseconds.
        self._last_event_ms: int | None = None
        # What is stored of it has been read.
        self._is_known = False
        self._end: Callable[[], None] = _nothing

    def follow(self, service: HeatmapService, symbol: str | None) -> None:
        """Watch a symbol, and no other any more."""
        if service is self._service and symbol == self._symbol:
            return
        self.leave()
        if symbol is None:
            return
        self._service, self._symbol = service, symbol
        try:
            self._end = service.recorded.follow_tape(symbol, self._take)
        except ValueError:
            # No symbol of an exchange: nothing is recorded of it.
            self._is_known = True

    def leave(self) -> None:
        """Watch nothing."""
        self._end()
        self._service, self._symbol, self._end = None, "", _nothing
        self._last_event_ms, self._is_known = None, False

    def state(self) -> MarketState | None:
        """Return how it is now; ``None``: it is not known yet."""
        service = self._service
        if service is None or not self._is_known:
            return None
        return market_state(
            self._symbol,
            service.recorder_status(),
            service.clock(),
            is_running=service.is_running(),
            recorded=service.settings.symbols,
            last_event_ms=self._last_event_ms,
            shown=_SHOWN[service.kind],
        )

    def _take(self, news: Any) -> None:
        self._is_known = True
        # Rows begin with their time.
        newest_ms = max((row[0] for row in news.rows), default=None)
        if newest_ms is not None:
            self._last_event_ms = max(newest_ms, self._last_event_ms or 0)


def _nothing() -> None:
    """Follow nothing, so end nothing."""
