"""How the recording of a symbol is: what `Heatmap.market_state` is asked with."""

from collections.abc import Callable
from functools import cache

from PyQt6.QtNetwork import QNetworkInformation

from Heatmap import (
    DataKind,
    HeatmapService,
    MarketState,
    ShownTime,
    Situation,
    market_state,
    shown_time,
)
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)


class MarketWatch:
    """Follows the newest liquidation of one symbol, and says how its recording is.

    Parameters
    ----------
    on_known
        Called when the database has told of a symbol for the first time.
    """

    def __init__(self, on_known: Callable[[], object]) -> None:
        self._on_known = on_known
        self._service: HeatmapService | None = None
        self._symbol = ""
        self._last_ms: int | None = None
        # Whether the database has been asked about it.
        self._is_known = False
        self._leave: Callable[[], None] | None = None

    def follow(self, service: HeatmapService | None, symbol: str | None) -> None:
        """Follow a symbol of a service, instead of the one before; ``None``: none."""
        symbol = symbol or ""
        if (service, symbol) == (self._service, self._symbol):
            return
        if self._leave is not None:
            self._leave()
        self._service, self._symbol = service, symbol
        self._leave, self._last_ms, self._is_known = None, None, False
        if service is None or not symbol:
            return
        try:
            self._leave = service.recorded.follow_tape(symbol, self._take)
        except ValueError:
            # What is no symbol of the exchange is not recorded.
            self._is_known = True
            logger.debug("nothing is known of %r", symbol, exc_info=True)

    def state(self, shown: DataKind) -> MarketState | None:
        """Say how the recording is; ``None``: nothing is known yet.

        Parameters
        ----------
        shown
            What the chart shows, which may be another market than the followed one.
        """
        service = self._service
        if service is None:
            return None
        if not self._is_known and service.is_running():
            # Of another market or time it is said at once that it is one.
            is_now = shown_time(shown) is ShownTime.NOW
            symbol = self._symbol
            return None if is_now else MarketState(Situation.CONNECTING, symbol, shown_time(shown))
        return market_state(
            self._symbol,
            service.recorder_status(),
            service.clock(),
            is_running=service.is_running(),
            recorded=service.settings.symbols,
            last_event_ms=self._last_ms,
            shown=shown_time(shown),
            has_network=has_network(),
        )

    def _take(self, news: object) -> None:
        rows = getattr(news, "rows", [])
        if rows:
            newest_ms = max(row[0] for row in rows)
            self._last_ms = max(newest_ms, self._last_ms or 0)
        was_known, self._is_known = self._is_known, True
        if not was_known:
            self._on_known()


def has_network() -> bool | None:
    """Whether this computer has a network; ``None``: the system does not tell."""
    found = _network()
    if found is None:
        return None
    reached = found.reachability()
    if reached is QNetworkInformation.Reachability.Unknown:
        return None
    return reached is not QNetworkInformation.Reachability.Disconnected


@cache
def _network() -> QNetworkInformation | None:
    """Ask the system once for what tells of its network: in vain, that takes milliseconds."""
    return QNetworkInformation.instance() if QNetworkInformation.loadDefaultBackend() else None
