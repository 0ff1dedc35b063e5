"""How a market's recording is, as a trader asks: are the data live, and if not, why not. Pure.

`market_state` looks at a recorder's status and says one thing, the worst first:

1. Not saved: liquidations wait in memory, because the database cannot be written.
2. Refused, offline, blind, connecting, stopped: nothing comes from the exchange.
3. Not recorded: data come, but nobody records this symbol.
4. Not proven: no liquidation of any symbol for a while, so that the endpoint may not deliver.
5. Standby: another program records.
6. Quiet: other symbols are liquidated, this one is not.
7. Live, with or without a liquidation of the symbol so far.

The words are those of each edge: `Heatmap.ui.state_words` for Qt.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure, FailureKind
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole

QUIET_AFTER_MS = 10 * 60_000
"""A symbol is quiet after this time without a liquidation while others have some."""
UNPROVEN_AFTER_MS = 60_000
"""Without a liquidation of any symbol nothing is said before this time has passed."""

_REFUSALS = frozenset(
    {
        FailureKind.REGION,
        FailureKind.FIREWALL,
        FailureKind.BANNED,
        FailureKind.TOO_MANY_REQUESTS,
    }
)


class Situation(StrEnum):
    """What is to be said of a market's recording."""

    NOT_SAVED = "not saved"
    REFUSED = "refused"
    OFFLINE = "offline"
    BLIND = "blind"
    CONNECTING = "connecting"
    STOPPED = "stopped"
    NOT_RECORDED = "not recorded"
    UNPROVEN = "unproven"
    STANDBY = "standby"
    QUIET = "quiet"
    FIRST_START = "first start"
    LIVE = "live"


BAD_SITUATIONS = frozenset(
    {Situation.NOT_SAVED, Situation.REFUSED, Situation.OFFLINE, Situation.BLIND, Situation.STOPPED}
)
"""In these, what happens now may be missing for good."""


class ShownTime(StrEnum):
    """Which time and market a chart shows."""

    NOW = "now"
    SIMULATED = "simulated"
    REPLAY = "replay"
    AS_OF = "as of"


@dataclass(frozen=True, slots=True)
class MarketState:
    """How a market's recording is, and what its chart shows.

    Attributes
    ----------
    situation
        The worst thing that is so.
    symbol
        Whose chart it is.
    shown
        Which time and market the chart shows; `situation` is the recording's in any case.
    shown_ms
        Where an as-of picture stands, UTC milliseconds; ``None`` otherwise.
    since_ms
        Since when it is recorded, or since when nothing comes, UTC milliseconds; ``None``: not
        known.
    span_ms
        How long ago the symbol's last liquidation was (live, quiet), that of any symbol was (not
        proven), or how long the first data have been waited for (connecting), milliseconds;
        ``None``: not known.
    attempt
        The number of the next attempt to connect since data came last.
    waiting
        Liquidations that wait to be written.
    failure
        Why nothing comes, or is written; ``None``: nothing has failed.
    """

    situation: Situation
    symbol: str
    shown: ShownTime = ShownTime.NOW
    shown_ms: int | None = None
    since_ms: int | None = None
    span_ms: int | None = None
    attempt: int = 0
    waiting: int = 0
    failure: Failure | None = None

    @property
    def is_bad(self) -> bool:
        """Whether what happens now may be missing for good."""
        return self.situation in BAD_SITUATIONS


def shown_time(kind: DataKind) -> ShownTime:
    """Return what the chart of a service of this kind shows, as long as nobody goes back."""
    return {
        DataKind.LIVE: ShownTime.NOW,
        DataKind.SIMULATED: ShownTime.SIMULATED,
        DataKind.REPLAY: ShownTime.REPLAY,
    }[kind]


def market_state(
    symbol: str,
    recorder: RecorderStatus | None,
    now_ms: int,
    *,
    is_running: bool,
    recorded: Collection[str],
    last_event_ms: int | None,
    shown: ShownTime = ShownTime.NOW,
    shown_ms: int | None = None,
    has_network: bool | None = None,
) -> MarketState:
    """Say how the recording of `symbol` is.

    Parameters
    ----------
    symbol
        As the chart has it.
    recorder
        The recorder's status; ``None``: it was never started.
    now_ms
        The exchange's time, UTC milliseconds.
    is_running
        Whether the recorder's thread lives.
    recorded
        The symbols that are to be recorded; ``ALL`` among them: every one.
    last_event_ms
        When the symbol's newest recorded liquidation was, UTC milliseconds; ``None``: none is
        recorded.
    shown, shown_ms
        What the chart shows.
    has_network
        Whether this computer has a network, where the system tells; ``None``: it does not.
    """
    if recorder is None or not is_running:
        return MarketState(Situation.STOPPED, symbol, shown, shown_ms)
    state = _Facts(symbol, recorder, now_ms, recorded, last_event_ms, has_network)
    situation = state.situation()
    return MarketState(
        situation,
        symbol,
        shown,
        shown_ms,
        state.since_ms(situation),
        state.span_ms(situation),
        recorder.attempts,
        recorder.queued,
        recorder.storage_fault if situation is Situation.NOT_SAVED else recorder.connection_failure,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    symbol: str
    recorder: RecorderStatus
    now_ms: int
    recorded: Collection[str]
    last_event_ms: int | None
    has_network: bool | None

    def situation(self) -> Situation:
        recorder = self.recorder
        if recorder.storage_fault is not None and recorder.role is not SinkRole.STANDBY:
            return Situation.NOT_SAVED
        if recorder.connection is not ConnectionState.LIVE:
            return self._without_data()
        if not self._is_recorded():
            return Situation.NOT_RECORDED
        silent_ms = self.span_ms(Situation.UNPROVEN)
        if not recorder.proven and silent_ms is not None and silent_ms >= UNPROVEN_AFTER_MS:
            return Situation.UNPROVEN
        if recorder.role is SinkRole.STANDBY:
            return Situation.STANDBY
        return self._with_data()

    def _without_data(self) -> Situation:
        failure = self.recorder.connection_failure
        if failure is None:
            # Nothing has failed yet, or the connection was lost a moment ago.
            is_new = self.recorder.last_heartbeat_ms is None
            return Situation.CONNECTING if is_new else Situation.BLIND
        if failure.kind in _REFUSALS:
            return Situation.REFUSED
        unresolved = failure.kind is FailureKind.NAME_NOT_RESOLVED
        if self.has_network is False or (unresolved and self.has_network is None):
            return Situation.OFFLINE
        return Situation.BLIND

    def _is_recorded(self) -> bool:
        missing = self.recorder.not_recorded
        if self.symbol in missing:
            return False
        return self.symbol in self.recorded or ALL_SYMBOLS in self.recorded

    def _with_data(self) -> Situation:
        if self.last_event_ms is None:
            return Situation.FIRST_START
        proof_ms = self.recorder.last_force_order_ms
        others_ms = self.last_event_ms if proof_ms is None else proof_ms
        is_quiet = self.now_ms - self.last_event_ms >= QUIET_AFTER_MS
        return Situation.QUIET if is_quiet and others_ms > self.last_event_ms else Situation.LIVE

    def since_ms(self, situation: Situation) -> int | None:
        if situation in {Situation.REFUSED, Situation.OFFLINE, Situation.BLIND}:
            return self.recorder.last_heartbeat_ms
        return self.recorder.connected_since_ms

    def span_ms(self, situation: Situation) -> int | None:
        began_ms = {
            Situation.LIVE: self.last_event_ms,
            Situation.QUIET: self.last_event_ms,
            Situation.UNPROVEN: self.recorder.last_force_order_ms
            or self.recorder.connected_since_ms,
        }.get(situation)
        return None if began_ms is None else max(0, self.now_ms - began_ms)
