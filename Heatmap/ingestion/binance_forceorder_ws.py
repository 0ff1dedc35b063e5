"""The sockets: one connection to a venue's streams, kept alive, two during a rotation.

The decisions are `Heatmap.ingestion.connection.supervisor`'s; this module carries them out with the
websockets library. Its own reconnecting iterator is not used: it gives up at 403, 418, 429 and
451, and hammers a server that accepts and closes.
"""

import asyncio
import contextlib
import math
import random
import socket
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxyStatus,
    InvalidStatus,
    WebSocketException,
)
from websockets.frames import Close as CloseFrame

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.extra_streams import ExtraStreams
from Heatmap.ingestion.connection.supervisor import (
    Close,
    Command,
    ConnectionMemory,
    ConnectionState,
    ConnectionSupervisor,
    ConnectionTimes,
    Open,
    classify_status,
)
from Heatmap.ingestion.proxies import ProxyError, find_proxy
from Heatmap.ingestion.venue import MarkPrice, ParsedItem, Ping, Venue
from Heatmap.ingestion.venues.binance.usd_margined import BinanceUsdMargined
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

# A force order takes about 400 bytes, a list of them for every symbol at most some 200,000.
_LARGEST_FRAME_BYTES = 2**20
# The library stops reading the socket beyond this. Its default of 16 would leave what arrives in a
# cascade in the kernel's buffer, which a reset connection takes with it.
_QUEUED_FRAMES = 4096
_BINANCE = BinanceUsdMargined()
# What opening a connection raises when the network, a proxy or the address is at fault. The
# library raises ImportError for a SOCKS proxy without its package, ValueError for a bad host name.
_OPENING_ERRORS = (OSError, WebSocketException, ImportError, ValueError, ProxyError)


class StreamListener(Protocol):
    """Whom the stream tells; called in the stream's loop, must not block."""

    def item_received(self, number: int, item: ParsedItem) -> None:
        """Take an event, a mark price, a candle or a rejection of this connection."""

    def connection_ended(self, number: int) -> None:
        """Note that the connection of this number brings nothing more."""

    def connection_changed(self) -> None:
        """Note that the state, the reason or a counter of the connection is another."""


def describe_error(
    error: BaseException,
    refusal: Callable[[int, str | None, str | None], Failure] = classify_status,
) -> Failure:
    """Say in one line why a connection could not be opened or was lost.

    Parameters
    ----------
    error
        What was raised.
    refusal
        As `Venue.refusal`.
    """
    values: dict[str, object] = {}
    match error:
        case InvalidStatus(response=response):
            headers = response.headers
            return refusal(response.status_code, headers.get("Retry-After"), headers.get("Date"))
        case ProxyError():
            return error.failure
        case InvalidProxyStatus(response=response):
            kind, values = FailureKind.PROXY_REFUSED, {"status": response.status_code}
        case ConnectionClosed(rcvd=CloseFrame(code=code, reason=reason)):
            kind, values = FailureKind.CLOSED_BY_EXCHANGE, {"code": int(code), "reason": reason}
        case ConnectionClosed():
            kind = FailureKind.BROKE_OFF
        case socket.gaierror():
            kind, values = FailureKind.NAME_NOT_RESOLVED, {"reason": error}
        case TimeoutError():
            kind = FailureKind.NO_ANSWER
        case ssl.SSLError():
            kind, values = FailureKind.NO_SECURE_CONNECTION, {"reason": error.reason or error}
        case _:
            reason = str(error) or type(error).__name__
            kind, values = FailureKind.NO_CONNECTION, {"reason": reason}
    return Failure(kind, values)


class OneAttempt(connect):
    """Opens a connection with one attempt.

    The library would follow a redirect at once, again and again, without the time that has to lie
    between two attempts.
    """

    @override
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Take a redirect for the refusal that it is: the exchange does not move."""
        return exc


class ForceOrderStream:
    """Delivers what the exchange sends, until it is cancelled.

    `run` may be awaited again after it ended. Everything belongs to the loop's thread.

    Parameters
    ----------
    url
        As `stream_url` gives it.
    times
        The connection's waiting times.
    rng
        Where the jitter comes from.
    listener
        Whom to tell.
    heartbeat_symbols
        Whose mark prices show that the connection delivers; those of others show nothing.
    keep_raw
        Asked for each frame: whether events carry its text.
    memory
        As for `ConnectionSupervisor`; its times are those of `time.monotonic`.
    venue
        Whose messages they are.
    subscriptions
        What is sent on each connection once it is open.
    extra
        What else is subscribed, which may change; ``None``: nothing.
    """

    def __init__(
        self,
        url: str,
        times: ConnectionTimes,
        rng: random.Random,
        listener: StreamListener,
        *,
        heartbeat_symbols: Collection[str],
        keep_raw: Callable[[], bool],
        memory: ConnectionMemory | None = None,
        venue: Venue = _BINANCE,
        subscriptions: Sequence[str] = (),
        extra: ExtraStreams | None = None,
    ) -> None:
        self._url = url
        self._venue = venue
        self._subscriptions = tuple(subscriptions)
        self._extra = ExtraStreams() if extra is None else extra
        self._extra.attach(self._send_to_open)
        # Messages on their way.
        self._sending: set[asyncio.Future[None]] = set()
        self._times = times
        self._listener = listener
        self._heartbeat_symbols = frozenset(heartbeat_symbols)
        self._keep_raw = keep_raw
        self._supervisor = ConnectionSupervisor(times, rng, memory)
        self._open: dict[int, ClientConnection] = {}
        # Set when the supervisor heard something that may call for a command.
        self._changed = asyncio.Event()

    @property
    def state(self) -> ConnectionState:
        """What to tell a user."""
        return self._supervisor.state()

    @property
    def reconnects(self) -> int:
        """How many connections were opened because the one before had been lost."""
        return self._supervisor.reconnects

    @property
    def attempts_without_data(self) -> int:
        """How many attempts to connect there were since data came last."""
        return self._supervisor.attempts_without_data

    @property
    def rotations(self) -> int:
        """How many ageing connections were replaced without a break."""
        return self._supervisor.rotations

    @property
    def last_failure(self) -> Failure | None:
        """Why the latest attempt or connection ended."""
        return self._supervisor.last_failure

    async def run(self) -> None:
        """Keep connected and deliver; ends only by being cancelled."""
        clock = asyncio.get_running_loop().time
        self._supervisor.receive_restart(clock())
        # An earlier run may have left a reason to wait, which a user should see.
        self._listener.connection_changed()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._changed.clear()
                    for command in self._supervisor.commands(clock()):
                        self._carry_out(command, tasks)
                        self._listener.connection_changed()
                    delay_s = self._supervisor.next_delay(clock())
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(delay_s if math.isfinite(delay_s) else None):
                            await self._changed.wait()
        except asyncio.CancelledError:
            self._supervisor.receive_stop(clock())
            raise

    def _carry_out(self, command: Command, tasks: asyncio.TaskGroup) -> None:
        match command:
            case Open(number):
                tasks.create_task(self._serve(number))
            case Close(number, at_once) if number in self._open:
                connection = self._open[number]
                if at_once:
                    _logger.warning("connection %d: gave up on it", number)
                    # A dead peer answers no closing handshake.
                    connection.transport.abort()
                else:
                    tasks.create_task(connection.close())
            case _:
                pass  # ended by itself in the meantime

    async def _serve(self, number: int) -> None:
        """Run one connection from its attempt to its end."""
        clock = asyncio.get_running_loop().time
        try:
            connection = await self._connect()
        except _OPENING_ERRORS as error:
            self._failed(number, describe_error(error, self._venue.refusal))
            return
        except Exception as error:
            _logger.exception("connection %d: unexpected error while opening", number)
            self._failed(number, Failure.of(error))
            return
        self._open[number] = connection
        self._supervisor.receive_opened(number, clock())
        self._report_change()
        failure: Failure | None = Failure(FailureKind.CLOSED)
        pinging = None
        try:
            await _send_all(connection, (*self._subscriptions, *self._extra.on_open))
            if self._venue.ping is not None:
                pinging = asyncio.ensure_future(_keep_alive(connection, self._venue.ping))
            await self._receive(number, connection)
        except ConnectionClosed as error:
            failure = describe_error(error, self._venue.refusal)
        except asyncio.CancelledError:
            failure = None  # nothing failed: its owner ends it
            # What the library has read by now was delivered: it is handed over before the end.
            await _close(connection)
            with contextlib.suppress(ConnectionClosed):
                await self._receive(number, connection)
            raise
        except Exception as error:
            _logger.exception("connection %d: unexpected error", number)
            failure = Failure.of(error)
        finally:
            if pinging is not None:
                pinging.cancel()
            del self._open[number]
            self._listener.connection_ended(number)
            if failure is not None:
                self._supervisor.receive_lost(number, failure, clock())
            self._report_change()
            await _close(connection)

    def _send_to_open(self, texts: Sequence[str]) -> None:
        for connection in self._open.values():
            sending = asyncio.ensure_future(_send_all(connection, texts))
            self._sending.add(sending)
            sending.add_done_callback(self._note_sent)

    def _note_sent(self, sending: "asyncio.Future[None]") -> None:
        self._sending.discard(sending)
        if not sending.cancelled():
            # Whoever reads from a connection notices that it has broken.
            sending.exception()

    def _failed(self, number: int, failure: Failure) -> None:
        _logger.info("connection %d: %s", number, failure_text(failure))
        self._supervisor.receive_failed(number, failure, asyncio.get_running_loop().time())
        self._report_change()

    def _report_change(self) -> None:
        self._changed.set()
        self._listener.connection_changed()

    async def _connect(self) -> ClientConnection:
        # Each time anew: the network may be another one by now.
        proxy = find_proxy(self._url)
        return await OneAttempt(
            self._url,
            open_timeout=self._times.open_timeout_s,
            close_timeout=self._times.close_timeout_s,
            # The mark price tells a dead connection sooner than a ping would, and the library
            # would judge by its ping before it has read what came while this process slept. The
            # exchange's own pings are answered by the library in any case.
            ping_interval=None,
            max_size=_LARGEST_FRAME_BYTES,
            max_queue=_QUEUED_FRAMES,
            compression=None,
            proxy=None if proxy is None else proxy.address,
            logger=_logger,
        )

    async def _receive(self, number: int, connection: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            # As bytes: the library would end the connection at the first frame that is not UTF-8.
            frame = await connection.recv(decode=False)
            received_ms = time.time_ns() // 1_000_000
            items = self._venue.parse(frame, received_ms, keep_raw=self._keep_raw())
            for item in items:
                self._listener.item_received(number, item)
                if isinstance(item, MarkPrice) and item.symbol in self._heartbeat_symbols:
                    self._heartbeat(number, item, clock())

    def _heartbeat(self, number: int, item: MarkPrice, now_s: float) -> None:
        state = self._supervisor.state()
        self._supervisor.receive_heartbeat(number, item.symbol, item.ts_ms, now_s)
        # During a rotation each heartbeat may complete the overlap.
        if len(self._open) > 1 or state is not ConnectionState.LIVE:
            self._report_change()


async def _send_all(connection: ClientConnection, texts: Sequence[str]) -> None:
    for text in texts:
        await connection.send(text)


async def _keep_alive(connection: ClientConnection, ping: Ping) -> None:
    with contextlib.suppress(ConnectionClosed):  # whoever reads from it notices
        while True:
            await asyncio.sleep(ping.every_s)
            await connection.send(ping.text)


async def _close(connection: ClientConnection) -> None:
    """Close a connection within its limits, and leave no socket whatever becomes of that.

    In a task of its own: up to Python 3.11.3 a time limit inside a task that is being cancelled is
    taken for the cancellation, and closing would end in the middle.
    """
    closing = asyncio.ensure_future(connection.close())
    try:
        await asyncio.wait([closing])
    finally:
        connection.transport.abort()
    if not closing.cancelled():
        # Retrieved here; an ended connection has nothing more to say.
        closing.exception()
