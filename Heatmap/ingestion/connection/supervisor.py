"""When to connect, when to give a connection up, and when to replace it. Pure decisions.

The rules that `ConnectionSupervisor` enforces:

1. A second passes between the outcome of one attempt and the start of the next, always.
2. A connection that delivered a heartbeat and was lost is replaced as soon as rule 1 allows.
3. Attempts that delivered none back off: 1 s, doubling to 60 s, with jitter. An accepted handshake
   is no delivery: an endpoint that accepts and closes, or accepts and stays silent, is backed off.
4. A refusal with a waiting time (418, 429, 403, 451) is waited out, whatever happens meanwhile.
5. A connection without a heartbeat for 10 s is suspect. It gets a moment to deliver what already
   waits in its socket (this process may have slept, not the exchange), then it is given up.
6. Before the exchange's limit of 24 h a second connection is opened beside the first; the first is
   closed when the second has been proven by heartbeats that overlap with those of the first.

All of this holds across supervisors that are handed one `ConnectionMemory`, so that starting anew
is no way around it.

Clock and random generator are arguments: seconds of any monotonic clock, and `random.Random`.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TypeAlias

from Heatmap.errors import Failure, FailureKind

_DAY_S = 86_400.0
# The exchange bans for 2 minutes to 3 days.
_LONGEST_HOLD_S = 3 * _DAY_S
_SERVER_ERRORS = range(500, 600)
# What each refusal means, and how long to stay away where the answer does not say.
_REFUSALS = {
    HTTPStatus.TOO_MANY_REQUESTS: (FailureKind.TOO_MANY_REQUESTS, 60.0),
    HTTPStatus.IM_A_TEAPOT: (FailureKind.BANNED, 120.0),
    HTTPStatus.FORBIDDEN: (FailureKind.FIREWALL, 300.0),
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: (FailureKind.REGION, 300.0),
}


class ConnectionState(StrEnum):
    """How the connection is.

    Attributes
    ----------
    STOPPED
        Nobody connects.
    CONNECTING
        An attempt is under way.
    OPEN
        Connected; no data yet.
    LIVE
        Data come.
    BLIND
        Not connected; the next attempt waits.
    """

    STOPPED = "stopped"
    CONNECTING = "connecting"
    OPEN = "open"
    LIVE = "live"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class ConnectionTimes:
    """Every waiting time of the connection, seconds.

    Attributes
    ----------
    silence_s
        A connection without a heartbeat for this long is suspect.
    drain_s
        How long a suspect connection may deliver what was already on its way.
    first_backoff_s, longest_backoff_s
        Limits of the wait after attempts that delivered no heartbeat.
    spacing_s
        Least time from the outcome of one attempt to the next attempt.
    rotate_after_s
        Age at which a connection is replaced; the exchange ends it at 24 h.
    handover_s
        Longest time that two proven connections run side by side.
    open_timeout_s, close_timeout_s
        Limits of the opening and closing handshakes.
    """

    silence_s: float = 10.0
    drain_s: float = 0.5
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    spacing_s: float = 1.0
    rotate_after_s: float = 23.5 * 3600.0
    handover_s: float = 10.0
    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Open:
    """Open a connection, and report on it under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection: after its closing handshake, or at once where it is dead."""

    number: int
    at_once: bool


Command: TypeAlias = Open | Close


def classify_status(status: int, retry_after: str | None, date: str | None = None) -> Failure:
    """Say what an HTTP status of the exchange means, and how long to stay away.

    Parameters
    ----------
    status
        The status of a refused handshake or request.
    retry_after
        The answer's ``Retry-After``: seconds, or a date.
    date
        The answer's ``Date``, against which a dated ``Retry-After`` counts.

    Returns
    -------
    Failure
        With `Failure.hold_s` for 403, 418, 429 and 451; 5xx and the rest are left to the backoff.
    """
    if status in _REFUSALS:
        kind, hold_s = _REFUSALS[HTTPStatus(status)]
        asked_s = retry_after_s(retry_after, date)
        hold_s = hold_s if asked_s is None else min(max(asked_s, 1.0), _LONGEST_HOLD_S)
        return Failure(kind, {"status": status, "hold_s": hold_s})
    if status in _SERVER_ERRORS:
        return Failure(FailureKind.EXCHANGE_FAULT, {"status": status})
    return Failure(FailureKind.UNEXPECTED_STATUS, {"status": status})


def retry_after_s(retry_after: str | None, date: str | None) -> float | None:
    """Return how long an answer's ``Retry-After`` asks to wait, seconds.

    Parameters
    ----------
    retry_after
        Seconds, or a date; ``None``: the answer has none.
    date
        The answer's ``Date``, against which a date counts.

    Returns
    -------
    float or None
        May be negative or infinite; ``None``: it says nothing that can be read.
    """
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return (until - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):  # no date, or only one of the two names its zone
        return None


class Backoff:
    """Growing waiting times with jitter: the n-th is between half and all of ``2**n * first``.

    Parameters
    ----------
    first_s
        Least waiting time, seconds.
    longest_s
        Greatest waiting time, seconds.
    rng
        Where the jitter comes from.
    ceiling_s
        What it had grown to before, seconds; ``None``: nothing.
    """

    def __init__(
        self, first_s: float, longest_s: float, rng: random.Random, ceiling_s: float | None = None
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._rng = rng
        self._ceiling_s = first_s if ceiling_s is None else ceiling_s

    @property
    def ceiling_s(self) -> float:
        """What it has grown to, seconds."""
        return self._ceiling_s

    def next_delay(self) -> float:
        """Return the next waiting time, seconds, and grow."""
        self._ceiling_s = min(self._ceiling_s * 2, self._longest_s)
        return max(self._first_s, self._ceiling_s * self._rng.uniform(0.5, 1.0))

    def reset(self) -> None:
        """Start again from the first; only healthy data is a reason."""
        self._ceiling_s = self._first_s


@dataclass(slots=True)
class ConnectionMemory:
    """What the next supervisor of the same address must know of the one before.

    Whoever stops recording and starts it again must not come sooner for it than the exchange
    allows. One supervisor at a time keeps it up to date; not thread-safe.

    Attributes
    ----------
    spaced_until_s
        No attempt before this because of the attempt before it; seconds of the monotonic clock, as
        are the following two.
    backed_off_until_s
        No attempt before this because attempts delivered nothing.
    held_until_s
        No attempt before this because the exchange asked for it.
    backoff_s
        What the backoff has grown to; ``None``: it has not begun.
    failure
        Why there is no data; ``None``: there was some since.
    rest_held_until_s
        Nothing is fetched over REST before this, because the exchange asked for it; seconds of the
        monotonic clock. The supervisor does not look at it.
    """

    spaced_until_s: float = -math.inf
    backed_off_until_s: float = -math.inf
    held_until_s: float = -math.inf
    backoff_s: float | None = None
    failure: Failure | None = None
    rest_held_until_s: float = -math.inf

    def hold_rest(self, until_s: float) -> None:
        """Fetch nothing over REST before this, whoever asks; an earlier time changes nothing."""
        self.rest_held_until_s = max(self.rest_held_until_s, until_s)


@dataclass(slots=True)
class _Connection:
    number: int
    opened_s: float | None = None
    # When it is judged, unless a heartbeat comes first.
    deadline_s: float = math.inf
    # Its deadline has passed once; it is delivering what was on its way.
    suspect: bool = False
    proven_s: float | None = None
    # The exchange's time of the first and the latest heartbeat, by symbol.
    first_ms: dict[str, int] = field(default_factory=dict)
    latest_ms: dict[str, int] = field(default_factory=dict)


class ConnectionSupervisor:
    """Keeps one connection alive, and two during a rotation. Never waits, never connects.

    Feed it with the ``receive_*`` methods as things happen, carry out what `commands` returns, and
    come back after `next_delay` or at the next happening. Reports about a connection that was
    closed by a command are ignored. Not thread-safe.

    Parameters
    ----------
    times
        The waiting times.
    rng
        Where the jitter comes from.
    memory
        What the supervisor before this one left; kept up to date for the one after it.
    """

    def __init__(
        self, times: ConnectionTimes, rng: random.Random, memory: ConnectionMemory | None = None
    ) -> None:
        self._times = times
        self._rng = rng
        self._memory = ConnectionMemory() if memory is None else memory
        self._backoff = Backoff(
            times.first_backoff_s, times.longest_backoff_s, rng, self._memory.backoff_s
        )
        # Oldest first: the serving one, then the one that is to replace it.
        self._connections: list[_Connection] = []
        self._attempts = 0
        # Of these, those since data came last.
        self._attempts_without_data = 0
        self._was_open = False
        self._reconnects = 0
        self._rotations = 0
        self._last_failure = self._memory.failure

    @property
    def reconnects(self) -> int:
        """How many connections were opened because the one before had been lost."""
        return self._reconnects

    @property
    def attempts_without_data(self) -> int:
        """How many attempts there were since data came last, the present one included."""
        return self._attempts_without_data

    @property
    def rotations(self) -> int:
        """How many times an ageing connection was replaced without a break."""
        return self._rotations

    @property
    def last_failure(self) -> Failure | None:
        """Why the latest attempt or connection ended; ``None``: none has yet."""
        return self._last_failure

    def state(self) -> ConnectionState:
        """Return what to tell a user."""
        if any(connection.proven_s is not None for connection in self._connections):
            return ConnectionState.LIVE
        if any(connection.opened_s is not None for connection in self._connections):
            return ConnectionState.OPEN
        return ConnectionState.CONNECTING if self._connections else ConnectionState.BLIND

    def receive_opened(self, number: int, now_s: float) -> None:
        """Note that the handshake of an attempt succeeded; nothing is proven by it."""
        if (connection := self._find(number)) is None:
            return
        connection.opened_s = now_s
        connection.deadline_s = now_s + self._times.silence_s
        self._memory.spaced_until_s = now_s + self._times.spacing_s
        if self._was_open and connection is self._connections[0]:
            self._reconnects += 1
        self._was_open = True

    def receive_heartbeat(self, number: int, symbol: str, ts_ms: int, now_s: float) -> None:
        """Note that a mark price came: the connection delivers.

        Parameters
        ----------
        number
            The connection's.
        symbol, ts_ms
            Whose mark price, and the exchange's time of it.
        now_s
            The monotonic clock.
        """
        if (connection := self._find(number)) is None:
            return
        connection.deadline_s = now_s + self._times.silence_s
        connection.suspect = False
        connection.first_ms.setdefault(symbol, ts_ms)
        connection.latest_ms[symbol] = ts_ms
        if connection.proven_s is None:
            connection.proven_s = now_s
            self._attempts_without_data = 0
            self._backoff.reset()
            self._memory.backoff_s = self._backoff.ceiling_s
            self._memory.failure = None

    def receive_failed(self, number: int, failure: Failure, now_s: float) -> None:
        """Note that an attempt did not become a connection."""
        if (connection := self._find(number)) is not None:
            self._memory.spaced_until_s = now_s + self._times.spacing_s
            self._remove(connection, failure, now_s)

    def receive_lost(self, number: int, failure: Failure, now_s: float) -> None:
        """Note that an open connection ended, other than by a command."""
        if (connection := self._find(number)) is not None:
            self._remove(connection, failure, now_s)

    def receive_restart(self, now_s: float) -> None:
        """Note that no connection of before exists: their owner starts anew."""
        for connection in tuple(self._connections):
            self._memory.spaced_until_s = now_s + self._times.spacing_s
            self._remove(connection, Failure(FailureKind.RESTARTED), now_s)

    def receive_stop(self, now_s: float) -> None:
        """Note that their owner ends every connection; an attempt under way counts as one."""
        if any(connection.opened_s is None for connection in self._connections):
            self._memory.spaced_until_s = now_s + self._times.spacing_s
        self._connections.clear()

    def commands(self, now_s: float) -> list[Command]:
        """Return what is to be done now; it counts as done."""
        commands: list[Command] = [*self._give_up_silent(now_s), *self._finish_rotation(now_s)]
        if now_s >= self._next_attempt_s():
            self._attempts += 1
            self._attempts_without_data += not self._connections
            self._connections.append(_Connection(self._attempts))
            commands.append(Open(self._attempts))
        return commands

    def next_delay(self, now_s: float) -> float:
        """Return after how many seconds `commands` has something new at the latest; may be inf."""
        due_s = min(
            self._next_attempt_s(),
            self._handover_limit_s(),
            *(connection.deadline_s for connection in self._connections),
            math.inf,
        )
        return max(0.0, due_s - now_s)

    def _find(self, number: int) -> _Connection | None:
        return next((one for one in self._connections if one.number == number), None)

    def _attempt_due_s(self) -> float:
        return max(
            self._memory.spaced_until_s, self._memory.backed_off_until_s, self._memory.held_until_s
        )

    def _next_attempt_s(self) -> float:
        """When the next attempt is due; inf while none is wanted."""
        if not self._connections:
            return self._attempt_due_s()
        serving = self._connections[0]
        if len(self._connections) > 1 or serving.opened_s is None or serving.proven_s is None:
            return math.inf
        return max(serving.opened_s + self._times.rotate_after_s, self._attempt_due_s())

    def _give_up_silent(self, now_s: float) -> Iterator[Command]:
        for connection in tuple(self._connections):
            if now_s < connection.deadline_s:
                continue
            if not connection.suspect:
                connection.suspect = True
                connection.deadline_s = now_s + self._times.drain_s
                continue
            self._remove(connection, self._silence(connection), now_s)
            yield Close(connection.number, at_once=True)

    def _silence(self, connection: _Connection) -> Failure:
        is_new = connection.proven_s is None
        kind = FailureKind.NO_MARK_PRICE if is_new else FailureKind.WENT_SILENT
        return Failure(kind, {"silence_s": self._times.silence_s})

    def _handover_limit_s(self) -> float:
        if len(self._connections) < 2:  # noqa: PLR2004 - the serving one and its successor
            return math.inf
        proven_s = self._connections[1].proven_s
        return math.inf if proven_s is None else proven_s + self._times.handover_s

    def _finish_rotation(self, now_s: float) -> Iterator[Command]:
        limit_s = self._handover_limit_s()
        if limit_s == math.inf:
            return
        serving, successor = self._connections
        if now_s >= limit_s or _overlap(serving, successor):
            self._connections.remove(serving)
            self._rotations += 1
            yield Close(serving.number, at_once=False)

    def _remove(self, connection: _Connection, failure: Failure, now_s: float) -> None:
        self._connections.remove(connection)
        self._last_failure = self._memory.failure = failure
        if failure.hold_s is not None:
            self._memory.held_until_s = now_s + failure.hold_s * self._rng.uniform(1.0, 1.1)
        if connection.proven_s is not None:
            self._backoff.reset()
            self._memory.backed_off_until_s = now_s
        else:
            self._memory.backed_off_until_s = now_s + self._backoff.next_delay()
        self._memory.backoff_s = self._backoff.ceiling_s


def _overlap(serving: _Connection, successor: _Connection) -> bool:
    """Whether the serving connection has delivered past the successor's first heartbeats.

    Strictly past them, so that no message can fall between the two.
    """
    return all(
        symbol in successor.first_ms and latest_ms > successor.first_ms[symbol]
        for symbol, latest_ms in serving.latest_ms.items()
    )
