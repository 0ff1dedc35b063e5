"""What a recorder is told (`RecorderConfig`) and what it tells (`RecorderStatus`)."""

import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from Heatmap.domain.candles import RunningMinute
from Heatmap.domain.coverage import HEARTBEAT_GAP_MS, PROOF_MS
from Heatmap.domain.events import REJECTED_COUNTER, UNREAD_COUNTER, RejectReason
from Heatmap.domain.instruments import Instrument
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.heatmap_settings import ALL_SYMBOLS, REST_URL, WS_URL
from Heatmap.ingestion.candles.candle_status import CandleStatus
from Heatmap.ingestion.connection.supervisor import ConnectionState, ConnectionTimes
from Heatmap.ingestion.recorder.recorder_glance import RecorderGlance, TickOrigin
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.ingestion.recorder.standby import SinkRole, is_among
from Heatmap.ingestion.venue import Venue
from Heatmap.ingestion.venues.table import BINANCE

_RATE_SPAN_S = 60.0
SINK_COUNTERS = frozenset({"received", "stored", "duplicates"})
"""Totals that the sink adds to with each batch, in the transaction that stores it."""


@dataclass(frozen=True, slots=True)
class RecorderConfig:
    """What to record, from where, and every limit.

    Attributes
    ----------
    symbols
        Recorded symbols, such as ``("BTCUSDT", "ETHUSDT")``, or ``("ALL",)``.
    ws_url, rest_url
        The bases; paths are appended.
    venue
        Whose the symbols are. What is stored and told of them names it: by `name_of`.
    retention_ms
        Events older than this, against the exchange's time, are deleted; where the sink has kept
        them for longer so far, only once that is confirmed.
    confirmed_deletions
        How many events shortening the retention to `retention_ms` may delete at most; ``None``: it
        waits for `Recorder.confirm_retention` in any case.
    keep_raw
        Whether the exchange's message is stored with each event.
    connection_times
        The connection's waiting times.
    heartbeat_gap_ms
        Heartbeats further apart than this, in the exchange's time, leave a hole in the coverage.
    proof_ms
        Coverage is proven for this long after a force order of any symbol.
    queue_limit
        How many events wait while the sink fails; what comes beyond is dropped and counted.
    batch_events, batch_s
        A batch is written when it has this many events, or after this time, seconds.
    coverage_s
        Least time between two writes of coverage and counters, seconds.
    allows_standby
        Whether to stand by while another recorder writes; otherwise starting fails.
    standby_poll_s
        Time between two attempts of a standby to write, seconds.
    standby_keep_s
        What a standby received within this time it writes when it takes over, seconds.
    retention_interval_s
        Time between two deletions of what expired, seconds.
    tick_refresh_s
        Time between two successful fetches of the tick sizes, seconds.
    candle_retention_ms
        How far back candles, open interest and funding are kept up; ``None``: they are not.
    keeps_candle_retention
        Whether the one that the sink was kept by so far goes before that.
    """

    symbols: tuple[str, ...] = ("BTCUSDT",)
    ws_url: str = WS_URL
    rest_url: str = REST_URL
    venue: Venue = BINANCE
    retention_ms: int = 14 * 86_400_000
    confirmed_deletions: int | None = None
    keep_raw: bool = True
    connection_times: ConnectionTimes = field(default_factory=ConnectionTimes)
    heartbeat_gap_ms: int = HEARTBEAT_GAP_MS
    proof_ms: int = PROOF_MS
    queue_limit: int = 100_000
    batch_events: int = 200
    batch_s: float = 0.25
    coverage_s: float = 1.0
    allows_standby: bool = True
    standby_poll_s: float = 1.0
    standby_keep_s: float = 30.0
    retention_interval_s: float = 600.0
    tick_refresh_s: float = 86_400.0
    candle_retention_ms: int | None = None
    keeps_candle_retention: bool = False

    @property
    def wanted(self) -> frozenset[str] | None:
        """The recorded symbols; ``None``: all."""
        return None if self.symbols == (ALL_SYMBOLS,) else frozenset(self.symbols)

    @property
    def candle_symbols(self) -> tuple[str, ...]:
        """Whose candles are kept up without being asked for: those recorded by name."""
        is_by_name = self.candle_retention_ms is not None and self.wanted is not None
        return self.symbols if is_by_name else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The recorded symbols as instruments are written."""
        return tuple(map(self.name_of, self.symbols))

    def instrument_of(self, symbol: str) -> Instrument:
        """Return the instrument that a symbol of the venue is."""
        return Instrument(self.venue.id, symbol)

    def name_of(self, symbol: str) -> str:
        """Return how that is written: ``BTCUSDT``, or ``bybit:BTCUSDT`` of another venue."""
        return str(self.instrument_of(symbol))


@dataclass(frozen=True, slots=True)
class TickSizeStatus:
    """The tick size of one symbol.

    Attributes
    ----------
    tick_size
        USD.
    age_s
        Seconds since it was fetched.
    origin
        `TickOrigin.LAST_KNOWN` while the latest refresh failed or did not list the symbol: what is
        shown is the last known.
    """

    tick_size: Decimal
    age_s: float
    origin: TickOrigin


@dataclass(frozen=True, slots=True)
class UnreadOrderFact:
    """A force order that could not be read.

    Attributes
    ----------
    symbol
        Whose; ``None``: not known.
    reason
        The sort of it.
    detail
        What was odd, as the parser has put it: one short printable line.
    """

    symbol: str | None
    reason: RejectReason
    detail: str


class SinkPart(StrEnum):
    """What of the sink can fail apart from the rest."""

    DATABASE = "database"
    SYMBOLS = "symbols"
    EVENTS = "events"
    REFUSED_EVENTS = "refused_events"
    COVERAGE = "coverage"
    COUNTERS = "counters"
    TICK_SIZES = "tick_sizes"
    RETENTION = "retention"
    END = "end"


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """A snapshot: plain facts, ready for JSON by `runtime.plain.as_plain`; never changes.

    Attributes
    ----------
    role
        Whether this recorder writes, or stands by while another one does.
    recorded_by_writer
        What the recorder that writes records, while this one stands by; ``None``: not known.
    not_recorded
        Symbols that a standby was asked for and that the writer does not record.
    is_waiting
        Whether this recorder is to write, and the database cannot be opened yet; `storage_fault`
        says why.
    connection
        The connection's state.
    connection_failure
        Why there is no data; ``None``: there is, or nothing has failed yet.
    attempts
        Attempts to connect since data came last, the present one included; 0 while they come.
    connected_since_ms
        First heartbeat (exchange time) of the present connection; ``None`` unless live.
    last_heartbeat_ms
        Newest heartbeat of a recorded symbol, exchange time; of BTCUSDT where all are recorded.
    last_heartbeat_monotonic_s
        When that was received: `time.monotonic` of this process, seconds.
    heartbeats
        Exchange time of the newest heartbeat by recorded instrument, as it is written.
    without_heartbeat
        Recorded symbols whose mark price has stayed away for 10 s of a live connection
        (`ConnectionTimes.silence_s`) while that of another came: the exchange does not know them.
    last_event_ms
        Trade time of the newest event of a recorded symbol.
    last_force_order_ms
        Push time of the latest force order of any symbol, which proves that the endpoint delivers.
    proven
        Whether that lies within the last 30 minutes of the exchange's time.
    mark_prices
        USD by instrument, as it is written: ``BTCUSDT``, ``bybit:BTCUSDT``.
    running_minutes
        What the minute that is not over has reached, by instrument; where candles are streamed.
    received
        Events of recorded symbols that came, including those that came twice.
    stored, duplicates
        How many of them were new to the sink, and how many it had.
    inserts_per_minute
        Events stored within the last minute.
    write_ms
        How long the latest batch took to write and commit, milliseconds; ``None``: there was none.
    overflowed
        Events that were dropped because the queue was full.
    queued
        Events that wait to be written; of a standby, those that it keeps.
    rejected
        Frames that gave no event, by reason.
    unread_orders
        Force orders of recorded symbols that could not be read, by reason; they are not stored, and
        their time does not count as recorded. Each is among `rejected` too.
    last_unread_order
        The latest of them; ``None``: there was none.
    reconnects, rotations
        Connections that replaced a lost one, and that replaced an ageing one without a break.
    storage_fault
        Why the sink, or a part of what belongs into it, cannot be written at present; ``None``: all
        of it can.
    storage_notices
        What a user should know about the sink, such as a damaged file that was set aside.
    retention
        How long events are kept; ``None``: not known yet.
    last_failure
        The latest failure of any part; stays after it is over.
    tick_sizes
        By instrument, as it is written.
    candles
        How candles, open interest and funding fare; ``None``: not known yet.
    """

    role: SinkRole = SinkRole.STOPPED
    recorded_by_writer: tuple[str, ...] | None = None
    not_recorded: tuple[str, ...] = ()
    is_waiting: bool = False
    connection: ConnectionState = ConnectionState.STOPPED
    connection_failure: Failure | None = None
    attempts: int = 0
    connected_since_ms: int | None = None
    last_heartbeat_ms: int | None = None
    last_heartbeat_monotonic_s: float | None = None
    heartbeats: Mapping[str, int] = field(default_factory=dict)
    without_heartbeat: tuple[str, ...] = ()
    last_event_ms: int | None = None
    last_force_order_ms: int | None = None
    proven: bool = False
    mark_prices: Mapping[str, float] = field(default_factory=dict)
    running_minutes: Mapping[str, RunningMinute] = field(default_factory=dict)
    received: int = 0
    stored: int = 0
    duplicates: int = 0
    inserts_per_minute: int = 0
    write_ms: float | None = None
    overflowed: int = 0
    queued: int = 0
    rejected: Mapping[RejectReason, int] = field(default_factory=dict)
    unread_orders: Mapping[RejectReason, int] = field(default_factory=dict)
    last_unread_order: UnreadOrderFact | None = None
    reconnects: int = 0
    rotations: int = 0
    storage_fault: Failure | None = None
    storage_notices: tuple[Failure, ...] = ()
    retention: RetentionStatus | None = None
    last_failure: Failure | None = None
    tick_sizes: Mapping[str, TickSizeStatus] = field(default_factory=dict)
    candles: CandleStatus | None = None

    @property
    def newest_heartbeat(self) -> tuple[int, float] | None:
        """The newest heartbeat: UTC ms, and the monotonic clock's seconds when it came."""
        received_s = self.last_heartbeat_monotonic_s
        if self.last_heartbeat_ms is None or received_s is None:
            return None
        return self.last_heartbeat_ms, received_s

    def glance(self, symbol: str) -> RecorderGlance:
        """Return what of it a picture of a symbol needs."""
        tick = self.tick_sizes.get(symbol)
        return RecorderGlance(
            role=self.role,
            connection=self.connection,
            connected_since_ms=self.connected_since_ms,
            has_storage_fault=self.storage_fault is not None,
            newest_heartbeat=self.newest_heartbeat,
            heartbeat_ms=self.heartbeats.get(symbol),
            mark_price=self.mark_prices.get(symbol),
            running_minute=self.running_minutes.get(symbol),
            tick_size=None if tick is None else tick.tick_size,
            tick_origin=None if tick is None else tick.origin,
            is_recorded_elsewhere=is_among(symbol, self.recorded_by_writer),
        )


def storage_failure(part: SinkPart, error: Exception) -> Failure:
    """Return why a part of what is to be written cannot be."""
    # What the storage says is enough for a user; anything else needs to be told what it is about.
    if isinstance(error, StorageError):
        return error.failure
    return Failure(FailureKind.NOT_WRITTEN, {"part": part.value, "error": repr(error)})


class StatusBoard:
    """Where the recorder's thread writes and any thread reads. Thread-safe."""

    def __init__(self) -> None:
        # Reentrant: the garbage collector may take a page of the host's while a snapshot is made,
        # and its layer's feed looks here before it goes.
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()
        self._rejected: Counter[RejectReason] = Counter()
        self._unread: Counter[RejectReason] = Counter()
        self._saved_unread: UnreadOrderFact | None = None
        # When events were stored, monotonic clock, and how many; not older than a minute.
        self._inserts: deque[tuple[float, int]] = deque()
        # Why something cannot be written, by what it is; the oldest fault first.
        self._storage_faults: dict[SinkPart, Failure] = {}
        # What the sink's totals do not contain yet, by the totals' names.
        self._unsaved: Counter[str] = Counter()
        self._mark_prices: dict[str, float] = {}
        self._running: dict[str, RunningMinute] = {}
        self._heartbeats: dict[str, int] = {}
        # Whose heartbeats are expected, when each was received last, and when the first of the
        # present connection was, on the monotonic clock.
        self._expected: tuple[str, ...] = ()
        self._missed_after_s = 0.0
        self._heard_s: dict[str, float] = {}
        self._newest_heard_s: float | None = None
        self._live_since_s: float | None = None
        # Tick size, when it was fetched on the monotonic clock, and whether the latest fetch
        # confirmed it.
        self._ticks: dict[str, tuple[Decimal, float, TickOrigin]] = {}

    def note(self, **values: object) -> None:
        """Set fields of the status by name."""
        with self._lock:
            self._values.update(values)

    def note_storage_fault(self, part: SinkPart, failure: Failure | None) -> None:
        """Note that a part of what is to be written cannot be, and why; ``None``: it can.

        Parts fail and recover apart from each other: what shows that one of them works must not
        hide what is wrong with another.
        """
        with self._lock:
            if failure is None:
                self._storage_faults.pop(part, None)
            else:
                self._storage_faults[part] = failure
                self._values["last_failure"] = failure

    def forget_storage_faults(self) -> None:
        """Begin without any: what an earlier run of the recorder ended with is over."""
        with self._lock:
            self._storage_faults.clear()

    def count(self, **increments: int) -> None:
        """Add to counters of the status by name.

        Those that count what is in the sink are added to its totals by the sink, together with what
        they count.
        """
        with self._lock:
            self._counts.update(increments)
            self._unsaved.update(
                {name: count for name, count in increments.items() if name not in SINK_COUNTERS}
            )

    def count_lost(self, events: int) -> None:
        """Count events that are dropped and that the sink never sees."""
        with self._lock:
            self._counts["overflowed"] += events
            # Together, so that the totals fit each other whenever the process ends.
            self._unsaved.update(received=events, overflowed=events)

    def note_batch(self, stored: int, duplicates: int, write_s: float, now_s: float) -> None:
        """Count a batch that was committed.

        Parameters
        ----------
        stored, duplicates
            Its events that were new to the sink, and those that the sink had.
        write_s
            How long writing took, seconds.
        now_s
            The monotonic clock.
        """
        self.count(stored=stored, duplicates=duplicates)
        with self._lock:
            self._values["write_ms"] = write_s * 1000
            self._inserts.append((now_s, stored))
            self._forget_inserts(now_s)

    def count_rejection(self, reason: RejectReason) -> None:
        """Count a frame that gave no event."""
        with self._lock:
            self._rejected[reason] += 1
            self._unsaved[REJECTED_COUNTER + reason.value] += 1

    def note_unread_order(self, order: UnreadOrderFact) -> None:
        """Count a force order that could not be read."""
        with self._lock:
            self._unread[order.reason] += 1
            self._unsaved[UNREAD_COUNTER + order.reason.value] += 1
            self._values["last_unread_order"] = order

    def unsaved_unread_order(self) -> UnreadOrderFact | None:
        """Return the latest unread order where the sink does not have it yet."""
        with self._lock:
            order: UnreadOrderFact | None = self._values.get("last_unread_order")
            return None if order == self._saved_unread else order

    def note_unread_order_saved(self, order: UnreadOrderFact) -> None:
        """Note that the sink has this one."""
        with self._lock:
            self._saved_unread = order

    def begin_totals(self) -> None:
        """Begin to count for the sink's totals; before, another recorder counted."""
        with self._lock:
            self._unsaved.clear()

    def unsaved_counts(self) -> dict[str, int]:
        """Return what is to be added to the sink's totals."""
        with self._lock:
            return {name: count for name, count in self._unsaved.items() if count}

    def note_saved(self, counts: Mapping[str, int]) -> None:
        """Note that these were added to the sink's totals."""
        with self._lock:
            self._unsaved.subtract(counts)

    def expect_heartbeats(self, symbols: Sequence[str], missed_after_s: float) -> None:
        """Set whose heartbeats are to come; those of others are told no longer.

        Parameters
        ----------
        symbols
            Whose mark prices are subscribed to.
        missed_after_s
            A symbol whose mark price stays away for this long while another's comes is named.
        """
        with self._lock:
            self._expected = tuple(symbols)
            self._missed_after_s = missed_after_s
            self._heartbeats = {
                symbol: ts_ms for symbol, ts_ms in self._heartbeats.items() if symbol in symbols
            }

    def note_heartbeat(
        self,
        symbol: str,
        ts_ms: int | None,
        price: float,
        now_s: float,
        covered: Sequence[str] = (),
    ) -> None:
        """Record a mark price of a symbol that is expected.

        Parameters
        ----------
        symbol, price
            Whose, and USD.
        ts_ms
            The exchange's time of it; ``None``: it names one that is not believed.
        now_s
            When it was received, monotonic clock.
        covered
            Whose heartbeat it is in place of `symbol`: recorded ones that have none of their own.
        """
        with self._lock:
            self._mark_prices[symbol] = price
            self._heard_s[symbol] = self._newest_heard_s = now_s
            if self._live_since_s is None:
                self._live_since_s = now_s
            if ts_ms is not None:
                self._heartbeats.update(dict.fromkeys(covered or (symbol,), ts_ms))
                self._values["last_heartbeat_ms"] = ts_ms
                self._values["last_heartbeat_monotonic_s"] = now_s

    def note_running(self, symbol: str, running: RunningMinute) -> None:
        """Take what a minute that is not over has reached."""
        with self._lock:
            self._running[symbol] = running

    def note_not_live(self) -> None:
        """Note that no connection delivers: no symbol is missed because of that."""
        with self._lock:
            self._live_since_s = None

    def note_tick_sizes(self, tick_sizes: Mapping[str, Decimal], now_s: float) -> None:
        """Set the tick sizes of a successful fetch; what it did not confirm is the last known."""
        with self._lock:
            self._demote_ticks()
            for symbol, tick_size in tick_sizes.items():
                self._ticks[symbol] = (tick_size, now_s, TickOrigin.EXCHANGE)

    def note_tick_failure(self) -> None:
        """Make every tick size the last known: the latest fetch failed."""
        with self._lock:
            self._demote_ticks()

    def snapshot(self, now_s: float) -> RecorderStatus:
        """Return the status as of now.

        Parameters
        ----------
        now_s
            The monotonic clock, for the tick sizes' age and the inserts of the last minute.
        """
        with self._lock:
            values: dict[str, Any] = {**self._values, **self._counts}
            values["storage_fault"] = next(iter(self._storage_faults.values()), None)
            return RecorderStatus(
                **values,
                # A snapshot changes nothing: another one may be made amid it, see the lock.
                inserts_per_minute=sum(
                    stored for at_s, stored in self._inserts if at_s > now_s - _RATE_SPAN_S
                ),
                rejected=dict(self._rejected),
                unread_orders=dict(self._unread),
                mark_prices=dict(self._mark_prices),
                running_minutes=dict(self._running),
                heartbeats=dict(self._heartbeats),
                without_heartbeat=self._without_heartbeat(),
                tick_sizes={
                    symbol: TickSizeStatus(tick_size, now_s - fetched_s, origin)
                    for symbol, (tick_size, fetched_s, origin) in self._ticks.items()
                },
            )

    def glance(self, symbol: str) -> RecorderGlance:
        """Return the same as the snapshot's `RecorderStatus.glance`, without a snapshot."""
        with self._lock:
            values = self._values
            newest_ms = values.get("last_heartbeat_ms")
            tick = self._ticks.get(symbol)
            return RecorderGlance(
                role=values.get("role", SinkRole.STOPPED),
                connection=values.get("connection", ConnectionState.STOPPED),
                connected_since_ms=values.get("connected_since_ms"),
                has_storage_fault=bool(self._storage_faults),
                # Both are noted together.
                newest_heartbeat=(
                    None if newest_ms is None else (newest_ms, values["last_heartbeat_monotonic_s"])
                ),
                heartbeat_ms=self._heartbeats.get(symbol),
                mark_price=self._mark_prices.get(symbol),
                running_minute=self._running.get(symbol),
                tick_size=None if tick is None else tick[0],
                tick_origin=None if tick is None else tick[2],
                is_recorded_elsewhere=is_among(symbol, values.get("recorded_by_writer")),
            )

    def _forget_inserts(self, now_s: float) -> None:
        while self._inserts and self._inserts[0][0] <= now_s - _RATE_SPAN_S:
            self._inserts.popleft()

    def _without_heartbeat(self) -> tuple[str, ...]:
        if self._live_since_s is None or self._newest_heard_s is None:
            return ()
        # Against the newest of all: a silence of the whole connection is no symbol's fault.
        due_s = self._newest_heard_s - self._missed_after_s
        since_s = self._live_since_s
        return tuple(
            symbol
            for symbol in self._expected
            if max(since_s, self._heard_s.get(symbol, since_s)) <= due_s
        )

    def _demote_ticks(self) -> None:
        for symbol, (tick_size, fetched_s, _) in self._ticks.items():
            self._ticks[symbol] = (tick_size, fetched_s, TickOrigin.LAST_KNOWN)
