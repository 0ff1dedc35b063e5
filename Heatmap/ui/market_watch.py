"""How the recording of a symbol is: what `Heatmap.market_state` is asked with."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from time import monotonic

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
from Heatmap.feeds.recorded_books import TapeNews
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

# What is said in these depends on what the database holds of the symbol.
_OF_STORED = frozenset({Situation.LIVE, Situation.QUIET, Situation.FIRST_START, Situation.STANDBY})


class MarketWatch:
    """Follows what is stored of one symbol, and says how its recording is.

    It reads until ``follow(None, None)``; call that when nobody asks any more.

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
        self._blind_since_ms: int | None = None
        # Since when the first data are waited for, monotonic clock; `None`: they are not.
        self._waiting_since_s: float | None = None
        # Whether the database has been asked about it.
        self._is_known = False
        self._leave: Callable[[], None] | None = None

    def follow(self, service: HeatmapService | None, symbol: str | None) -> None:
        """Follow a symbol of a service, instead of the one before; ``None``: none.

        A service that does not run yet is followed when it does. What is no symbol of an exchange
        counts as not recorded.
        """
        symbol = symbol or ""
        if (service, symbol) == (self._service, self._symbol):
            return
        if self._leave is not None:
            self._leave()
        self._service, self._symbol = service, symbol
        self._leave, self._last_ms, self._is_known = None, None, False
        self._blind_since_ms = self._waiting_since_s = None
        if service is None or not symbol:
            return
        try:
            self._leave = service.recorded.follow_tape(symbol, self._take)
        except ValueError:
            # What is no symbol of the exchange is not recorded.
            self._is_known = True
            logger.debug("nothing is known of %r", symbol, exc_info=True)

    def state(self, shown: DataKind) -> MarketState | None:
        """Say how the recording is; ``None``: nothing is followed, or known yet.

        Parameters
        ----------
        shown
            The kind of data that the chart shows, which may be another market than the followed
            one. Of an earlier time replace `shown` and `shown_ms` in the answer.
        """
        service = self._service
        if service is None:
            return None
        state = market_state(
            self._symbol,
            service.recorder_status(),
            service.clock(),
            is_running=service.is_running(),
            recorded=service.settings.symbols,
            last_event_ms=self._last_ms,
            shown=shown_time(shown),
            has_network=has_network(),
            blind_since_ms=self._blind_since_ms,
        )
        state = replace(state, recorded_kind=service.kind, span_ms=self._span_ms(state))
        # Of another market or time it is said at once that it is one.
        is_now = state.shown is ShownTime.NOW
        if self._is_known or not is_now or state.situation not in _OF_STORED:
            return state
        return None

    def _span_ms(self, state: MarketState) -> int | None:
        """Return the state's span; how long the first data are waited for is known here only."""
        if state.situation is not Situation.CONNECTING:
            self._waiting_since_s = None
            return state.span_ms
        now_s = monotonic()
        if self._waiting_since_s is None:
            self._waiting_since_s = now_s
        return int((now_s - self._waiting_since_s) * 1000)

    def _take(self, news: TapeNews) -> None:
        if news.rows:
            newest_ms = max(row[0] for row in news.rows)
            self._last_ms = max(newest_ms, self._last_ms or 0)
        self._blind_since_ms = news.blind_since_ms
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
