"""How a market's recording is, as a trader asks: are the data live, and if not, why not. Pure.

`market_state` looks at a recorder's status and says one thing, the worst first:

1. Not saved: liquidations wait in memory, because the database cannot be written.
2. Refused, offline, blind, connecting, stopped: nothing comes from the exchange.
3. Not recorded: data come, but nobody records this symbol.
4. Writer silent: another program is to record, and has stored nothing for a while.
5. Not sent: data come, but none of this symbol. Untimed: they come at a time that is not believed.
6. Not proven: no liquidation of any symbol for a while, so that the endpoint may not deliver.
7. Standby: another program records.
8. Quiet: other symbols are liquidated, this one is not.
9. Live, with or without a liquidation of the symbol so far.

Where another program records, this one's own connection counts only while nothing is stored: what
the other one stores is seen in the database (`blind_since_ms`).

The words are those of each edge: `Heatmap.ui.state_words` for Qt.
"""

from collections.abc import Collection, Sequence
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
WRITER_SILENT_AFTER_MS = 20_000
"""While data come here, so long nothing is said of another program that stores none."""
_ONE_LOSS_MS = 5_000
"""A last covered moment this near before the last heartbeat is the same loss."""

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
    WRITER_SILENT = "writer silent"
    NOT_SENT = "not sent"
    UNTIMED = "untimed"
    UNPROVEN = "unproven"
    STANDBY = "standby"
    QUIET = "quiet"
    FIRST_START = "first start"
    LIVE = "live"


BAD_SITUATIONS = frozenset(
    {
        Situation.NOT_SAVED,
        Situation.REFUSED,
        Situation.OFFLINE,
        Situation.BLIND,
        Situation.STOPPED,
        Situation.WRITER_SILENT,
        Situation.NOT_SENT,
    }
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
        Where the picture of a replay or an as-of picture stands, UTC milliseconds; ``None``: it is
        of the recorder's own time.
    since_ms
        Since when it is recorded, or since when nothing comes, UTC milliseconds; ``None``: not
        known.
    span_ms
        How long ago the symbol's last liquidation was (live), how long there was none of it
        (quiet) or of any symbol (not proven) since it is recorded, or how long the first data have
        been waited for (connecting), milliseconds; ``None``: not known, or none since it is
        recorded.
    attempt
        The number of the next attempt to connect since data came last.
    waiting
        Liquidations that wait to be written.
    failure
        Why nothing comes, or is written; ``None``: nothing has failed.
    recorded_kind
        Of the data that `situation` is about: behind a simulated market that is shown in their
        place, live ones.
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
    recorded_kind: DataKind = DataKind.LIVE

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


def recorded_symbols(own: Sequence[str], recorder: RecorderStatus | None) -> tuple[str, ...]:
    """Return which symbols are recorded, by this program or by the one that writes the database.

    Parameters
    ----------
    own
        What this program is to record; ``ALL`` among them: every symbol.
    recorder
        The recorder's status: a standby's says what the other program records, where that is known.
        ``None``: not started yet.
    """
    if recorder is None:
        return tuple(own)
    others = recorder.recorded_by_writer
    if recorder.role is SinkRole.STANDBY and others is not None:
        return others
    return tuple(symbol for symbol in own if symbol not in recorder.not_recorded)


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
    blind_since_ms: int | None = None,
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
    blind_since_ms
        Since when the store has nothing of the symbol, as `TapeNews` says it, UTC milliseconds;
        ``None``: it has, never had, or that is not known.
    """
    if recorder is None or not is_running:
        return MarketState(Situation.STOPPED, symbol, shown, shown_ms)
    state = _Facts(symbol, recorder, now_ms, recorded, last_event_ms, has_network, blind_since_ms)
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
    blind_since_ms: int | None

    def situation(self) -> Situation:
        recorder = self.recorder
        if recorder.storage_fault is not None and not self._is_standby:
            return Situation.NOT_SAVED
        if recorder.connection is not ConnectionState.LIVE and not self._is_stored_elsewhere:
            return self._without_data()
        recorded = recorded_symbols(tuple(self.recorded), recorder)
        if self.symbol not in recorded and ALL_SYMBOLS not in recorded:
            return Situation.NOT_RECORDED
        if self._is_writer_silent:
            return Situation.WRITER_SILENT
        if self.symbol in recorder.without_heartbeat and not self._is_standby:
            return Situation.NOT_SENT
        return self._with_data()

    @property
    def _is_standby(self) -> bool:
        return self.recorder.role is SinkRole.STANDBY

    @property
    def _is_stored_elsewhere(self) -> bool:
        """Whether another program stores what this one does not get."""
        has_any = self.last_event_ms is not None
        return self._is_standby and has_any and self.blind_since_ms is None

    @property
    def _is_writer_silent(self) -> bool:
        """Whether data come that the program which is to record does not store."""
        if not self._is_standby or self.blind_since_ms is None:
            return False
        # It may have started a moment ago, as this one has.
        return self.now_ms - self._after_connecting(self.blind_since_ms) >= WRITER_SILENT_AFTER_MS

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

    def _with_data(self) -> Situation:
        if self.recorder.connected_since_ms is None and not self._is_standby:
            # Their time and this computer's clock differ: until one is believed, none is covered.
            return Situation.UNTIMED
        silent_ms = self.span_ms(Situation.UNPROVEN)
        is_silent = silent_ms is not None and silent_ms >= UNPROVEN_AFTER_MS
        if is_silent and not self.recorder.proven:
            return Situation.UNPROVEN
        if self._is_standby:
            return Situation.STANDBY
        if self.last_event_ms is None:
            return Situation.FIRST_START
        began_ms = self._after_connecting(self.last_event_ms)
        others_ms = self.recorder.last_force_order_ms
        if others_ms is None or self.now_ms - began_ms < QUIET_AFTER_MS:
            return Situation.LIVE
        return Situation.QUIET if others_ms > began_ms else Situation.LIVE

    def _after_connecting(self, ts_ms: int) -> int:
        """Return a time, or when this connection began: before that nobody knows what came."""
        return max(ts_ms, self.recorder.connected_since_ms or ts_ms)

    def since_ms(self, situation: Situation) -> int | None:
        recorder = self.recorder
        if situation is Situation.WRITER_SILENT:
            return self.blind_since_ms
        if situation is Situation.NOT_SENT:
            return self.blind_since_ms or recorder.heartbeats.get(self.symbol)
        if situation not in {Situation.REFUSED, Situation.OFFLINE, Situation.BLIND}:
            return recorder.connected_since_ms
        heard_ms, stored_ms = recorder.last_heartbeat_ms, self.blind_since_ms
        if heard_ms is None or stored_ms is None:
            return heard_ms
        # The last second before a loss is not vouched for, and another program may have recorded
        # for longer: then the tape's time is said.
        return stored_ms if heard_ms - stored_ms <= _ONE_LOSS_MS else heard_ms

    def span_ms(self, situation: Situation) -> int | None:
        began_ms = None
        if situation is Situation.UNPROVEN:
            since_ms = self.recorder.connected_since_ms
            order_ms = self.recorder.last_force_order_ms or since_ms
            began_ms = None if order_ms is None else self._after_connecting(order_ms)
        elif self.last_event_ms is not None and situation in {Situation.LIVE, Situation.QUIET}:
            began_ms = self._after_connecting(self.last_event_ms)
            if situation is Situation.LIVE and began_ms != self.last_event_ms:
                return None
        return None if began_ms is None else max(0, self.now_ms - began_ms)
