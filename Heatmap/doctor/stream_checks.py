"""The doctor's look at the websocket, from the name of its server to the data.

Each check collects facts; what they mean stands in `way_table` and `stream_table`. The handshake
and the data are those of the recorder's own address; beside it a second connection is opened on
which a subscription is sent.
"""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    WebSocketException,
)
from websockets.uri import parse_uri

from Heatmap.doctor.addresses import Endpoint, read_endpoint
from Heatmap.doctor.doctor_config import DoctorConfig, DoctorTimes
from Heatmap.doctor.findings import Check, Finding, Result, bug, decide, not_possible
from Heatmap.doctor.stream_table import (
    ACKNOWLEDGEMENT,
    HANDSHAKE,
    HEARTBEAT,
    ORDERS,
    AcknowledgementFacts,
    HandshakeFacts,
    HeartbeatFacts,
    OrderFacts,
    Received,
    Refusal,
    read_acknowledgement,
    refused,
)
from Heatmap.doctor.way_table import NAME, TCP, TLS, NameFacts, TcpFacts, TlsFacts
from Heatmap.domain.events import LiquidationEvent, Rejection, RejectReason
from Heatmap.errors import Failure, FailureKind
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.ingestion.binance_forceorder_ws import OneAttempt, describe_error
from Heatmap.ingestion.proxies import Proxy, ProxyError, find_proxy
from Heatmap.ingestion.venues.binance.force_order import MarkPrice, parse_frame
from Heatmap.ingestion.venues.binance.streams import HEARTBEAT_SYMBOL, stream_url
from Heatmap.runtime.outside_text import error_text, shown_text
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

_COMMAND_ID = 1
_QUEUED_FRAMES = 4096
# As for the recorder's connection: what a network, a proxy or a wrong address raises.
_OPENING_ERRORS = (OSError, WebSocketException, ImportError, ValueError)


class _Heard:
    """What came over the recorder's connection; filled by `_listen`."""

    def __init__(self) -> None:
        self.opened_s = time.monotonic()
        self.mark_prices: dict[str, tuple[MarkPrice, int]] = {}
        self.order: LiquidationEvent | None = None
        self.order_after_s = 0.0
        self.others: Counter[RejectReason] = Counter()
        self.latest_other = ""
        self.unread = 0
        self.ended: Failure | None = None
        self._changed = asyncio.Event()

    def take(self, frame: bytes) -> None:
        receive_ms = time.time_ns() // 1_000_000
        for item in parse_frame(frame, receive_ms, keep_raw=False):
            match item:
                case MarkPrice(symbol=symbol):
                    self.mark_prices.setdefault(symbol, (item, receive_ms))
                case LiquidationEvent() if self.order is None:
                    self.order = item
                    self.order_after_s = time.monotonic() - self.opened_s
                case Rejection(reason, detail, unread):
                    self.others[reason] += 1
                    self.unread += unread is not None
                    self.latest_other = f"{reason.value}: {detail}"
        self._changed.set()

    def end(self, failure: Failure) -> None:
        self.ended = failure
        self._changed.set()

    def received(self) -> Received:
        return Received(
            self.mark_prices,
            self.order,
            self.order_after_s,
            dict(self.others),
            self.latest_other,
            self.unread,
            self.ended,
        )

    async def wait_for(self, is_there: Callable[[], bool], until_s: float) -> None:
        """Wait until something is there, the connection has ended, or the time has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until_s - time.monotonic())):
                while not is_there() and self.ended is None:
                    self._changed.clear()
                    await self._changed.wait()


class _Visit:
    """What the checks of the websocket know of each other."""

    def __init__(self, config: DoctorConfig, tasks: asyncio.TaskGroup) -> None:
        self.config = config
        self.times = config.times
        self.tasks = tasks
        self.endpoint: Endpoint = read_endpoint(config.ws_url)
        self.data_url, self.command_url, self.streams = _addresses(self.endpoint, config)
        self.is_secure = urlsplit(self.data_url).scheme == "wss"
        # Where the first connection leads: to the proxy, or to the exchange.
        self.proxy: Proxy | None = None
        self.host, self.port = "", 0
        self.addresses: list[str] = []
        # The one that accepted.
        self.address = ""
        self.connection: ClientConnection | None = None
        self.heard = _Heard()
        self.is_acknowledged = False

    def find_target(self) -> None:
        """Find out where the recorder's connection would lead first.

        Raises
        ------
        WebSocketException, ValueError
            The address is none.
        ProxyError
            The proxy that is set cannot be used.
        """
        target = parse_uri(self.data_url)
        self.host, self.port = target.host, target.port
        self.proxy = find_proxy(self.data_url)
        if self.proxy is not None:
            self.host, self.port = self.proxy.host, self.proxy.port

    async def open(self, url: str) -> ClientConnection:
        # As the recorder opens its own.
        return await OneAttempt(
            url,
            open_timeout=self.times.open_s,
            close_timeout=self.times.close_s,
            ping_interval=None,
            max_queue=_QUEUED_FRAMES,
            compression=None,
            proxy=None if self.proxy is None else self.proxy.address,
            logger=_logger,
        )

    async def close(self) -> None:
        if self.connection is not None:
            await _close(self.connection, self.times)


_StreamCheck: TypeAlias = Callable[[_Visit], Awaitable[Finding]]


# -- the websocket --------------------------------------------------------------------------------


async def examine_stream(
    config: DoctorConfig, tasks: asyncio.TaskGroup, report: Callable[[Finding], None]
) -> None:
    """Make the websocket's checks, in their order.

    Parameters
    ----------
    config
        What to look at, and for how long.
    tasks
        Where the listening to the connection runs; it ends with this function.
    report
        Called with each finding.
    """
    visit = _Visit(config, tasks)
    barrier: Check | None = None
    try:
        for check, look, is_needed in _STREAM_CHECKS:
            if barrier is not None:
                finding = not_possible(check, barrier)
            else:
                finding = await _made(check, look(visit))
            if is_needed and finding.result is Result.FAIL and visit.connection is None:
                barrier = check
            report(finding)
    finally:
        await visit.close()


async def _made(check: Check, look: Awaitable[Finding]) -> Finding:
    """Await a check; a bug in it must not keep the others from being made."""
    try:
        return await look
    except Exception as error:
        _logger.exception("the check %s has a bug", check.value)
        return bug(check, error)


async def _check_name(visit: _Visit) -> Finding:
    return decide(Check.NAME, NAME, await _name_facts(visit))


async def _name_facts(visit: _Visit) -> NameFacts:
    loop = asyncio.get_running_loop()
    try:
        visit.find_target()
    except ProxyError as error:
        return NameFacts(failure=error.failure)
    except (WebSocketException, ValueError) as error:
        return NameFacts(reason=error_text(error), is_address_odd=True)
    try:
        async with asyncio.timeout(visit.times.name_s):
            found = await loop.getaddrinfo(visit.host, visit.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return NameFacts(visit.host, waited_s=visit.times.name_s)
    except (OSError, ValueError) as error:
        return NameFacts(visit.host, reason=error_text(error))
    visit.addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    proxy = visit.proxy
    return NameFacts(
        visit.host,
        tuple(visit.addresses),
        "" if proxy is None else proxy.shown,
        "" if proxy is None else proxy.setting,
        proxy is not None and proxy.looks_up,
    )


def system_words(number: int) -> str:
    """Return what the system calls an error of a socket."""
    if sys.platform == "win32" and number in socket.errorTab:
        # Sockets have numbers of their own there: the C library calls all of them unknown.
        return socket.errorTab[number].rstrip(".")
    return os.strerror(number)


async def _check_tcp(visit: _Visit) -> Finding:
    failed: dict[str, Failure] = {}
    address, took_s = "", 0.0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(visit.times.tcp_s):
            for address in visit.addresses:
                begun_s = time.perf_counter()
                try:
                    async with asyncio.timeout(visit.times.address_s):
                        _, writer = await asyncio.open_connection(address, visit.port)
                except TimeoutError:
                    values = {"limit_s": visit.times.address_s}
                    failed[address] = Failure(FailureKind.NO_ANSWER_WITHIN, values)
                except OSError as error:
                    # asyncio puts its own words in the place of the system's.
                    reason = system_words(error.errno) if error.errno else error_text(error)
                    failed[address] = Failure(FailureKind.REQUEST_FAILED, {"reason": reason})
                else:
                    took_s = time.perf_counter() - begun_s
                    await _drop(writer)
                    visit.address = address
                    return decide(Check.TCP, TCP, TcpFacts(address, visit.port, took_s, failed))
    # Where the time was over before all were tried, the last is still without a reason.
    for address in visit.addresses:
        failed.setdefault(address, Failure(FailureKind.NOT_TRIED))
    return decide(Check.TCP, TCP, TcpFacts("", visit.port, failed=failed))


async def _check_tls(visit: _Visit) -> Finding:
    return decide(Check.TLS, TLS, await _tls_facts(visit))


async def _tls_facts(visit: _Visit) -> TlsFacts:
    if not visit.is_secure or visit.proxy is not None:
        return TlsFacts(visit.is_secure, is_behind_proxy=visit.proxy is not None)
    try:
        async with asyncio.timeout(visit.times.tls_s):
            _, writer = await asyncio.open_connection(
                visit.address,
                visit.port,
                ssl=ssl.create_default_context(),
                server_hostname=visit.host,
            )
    except TimeoutError:
        return TlsFacts(waited_s=visit.times.tls_s)
    except ssl.SSLCertVerificationError as error:
        return TlsFacts(reason=shown_text(error.verify_message), is_certificate=True)
    except (OSError, ValueError) as error:
        return TlsFacts(reason=error_text(error))
    secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate: dict[str, Any] = secured.getpeercert() or {}
    version = secured.version() or "TLS"
    await _drop(writer)
    expiry = certificate["notAfter"]
    return TlsFacts(
        version=version,
        names=tuple(value for _, value in certificate.get("subjectAltName", ())),
        expiry=expiry,
        left_s=ssl.cert_time_to_seconds(expiry) - time.time(),
    )


async def _check_handshake(visit: _Visit) -> Finding:
    begun_s = time.perf_counter()
    try:
        visit.connection = connection = await visit.open(visit.data_url)
    except InvalidStatus as error:
        return refused(Check.HANDSHAKE, _refusal(error, visit.endpoint))
    except _OPENING_ERRORS as error:
        failed = HandshakeFacts(visit.endpoint, failure=describe_error(error))
        return decide(Check.HANDSHAKE, HANDSHAKE, failed)
    took_s = time.perf_counter() - begun_s
    visit.heard = _Heard()
    visit.tasks.create_task(_listen(connection, visit.heard))
    tls = shown = setting = ""
    if visit.proxy is not None:
        secured = connection.transport.get_extra_info("ssl_object")
        tls = secured.version() or "TLS" if secured else ""
        shown, setting = visit.proxy.shown, visit.proxy.setting
    path = urlsplit(visit.data_url).path
    facts = HandshakeFacts(visit.endpoint, path, took_s, tls, shown, setting)
    return decide(Check.HANDSHAKE, HANDSHAKE, facts)


async def _check_acknowledgement(visit: _Visit) -> Finding:
    finding = await _subscribe(visit)
    visit.is_acknowledged = finding.result is Result.OK
    if finding.result is Result.FAIL:
        heard = visit.heard
        limit_s = time.monotonic() + visit.times.acknowledge_s
        await heard.wait_for(lambda: heard.received().is_anything, limit_s)
        if heard.received().is_anything:
            # The recorder subscribes by its address and needs no answer.
            values = {**finding.values, "has_data": True}
            return replace(finding, result=Result.WARN, values=values)
    return finding


async def _subscribe(visit: _Visit) -> Finding:
    try:
        connection = await visit.open(visit.command_url)
    except InvalidStatus as error:
        return refused(Check.ACKNOWLEDGEMENT, _refusal(error, visit.endpoint))
    except _OPENING_ERRORS as error:
        facts = AcknowledgementFacts(visit.endpoint, describe_error(error))
        return decide(Check.ACKNOWLEDGEMENT, ACKNOWLEDGEMENT, facts)
    begun_s = time.perf_counter()
    command = {"method": "SUBSCRIBE", "params": visit.streams, "id": _COMMAND_ID}
    try:
        async with asyncio.timeout(visit.times.acknowledge_s):
            await connection.send(json.dumps(command))
            answer = await _answer(connection)
        facts = AcknowledgementFacts(
            visit.endpoint,
            refusal=read_acknowledgement(answer),
            took_s=time.perf_counter() - begun_s,
        )
    except TimeoutError:
        facts = AcknowledgementFacts(visit.endpoint, waited_s=visit.times.acknowledge_s)
    except ConnectionClosed as error:
        failure = Failure(FailureKind.NOT_SUBSCRIBED, cause=describe_error(error))
        facts = AcknowledgementFacts(visit.endpoint, failure)
    finally:
        await _close(connection, visit.times)
    return decide(Check.ACKNOWLEDGEMENT, ACKNOWLEDGEMENT, facts)


def _refusal(error: InvalidStatus, endpoint: Endpoint) -> Refusal:
    headers = error.response.headers
    return Refusal.of(
        error.response.status_code, headers.get("Retry-After"), headers.get("Date"), endpoint
    )


async def _check_heartbeat(visit: _Visit) -> Finding:
    heard, wanted = visit.heard, visit.config.heartbeat_symbol
    waited_s = visit.times.heartbeat_s
    await heard.wait_for(lambda: wanted in heard.mark_prices, time.monotonic() + waited_s)
    facts = HeartbeatFacts.of(
        heard.received(), wanted, waited_s, visit.endpoint, is_acknowledged=visit.is_acknowledged
    )
    return decide(Check.HEARTBEAT, HEARTBEAT, facts)


async def _check_orders(visit: _Visit) -> Finding:
    heard, waited_s = visit.heard, visit.config.order_s
    # Where a mark price has not come in ten times its period, nothing will.
    is_over = not heard.received().is_anything
    if not is_over:
        await heard.wait_for(lambda: heard.order is not None, heard.opened_s + waited_s)
    facts = OrderFacts.of(heard.received(), waited_s, visit.endpoint, is_over=is_over)
    return decide(Check.ORDERS, ORDERS, facts)


#: What is looked at, how, and whether the checks after it are of no use where it fails.
_STREAM_CHECKS: Sequence[tuple[Check, _StreamCheck, bool]] = (
    (Check.NAME, _check_name, True),
    (Check.TCP, _check_tcp, True),
    (Check.TLS, _check_tls, True),
    (Check.HANDSHAKE, _check_handshake, True),
    (Check.ACKNOWLEDGEMENT, _check_acknowledgement, False),
    (Check.HEARTBEAT, _check_heartbeat, False),
    (Check.ORDERS, _check_orders, False),
)


def _addresses(endpoint: Endpoint, config: DoctorConfig) -> tuple[str, str, list[str]]:
    """Return the address of the data, the one of commands, and the streams."""
    # A second symbol's mark price tells a wrong symbol from a silent endpoint.
    symbols = (
        (ALL_SYMBOLS,)
        if config.symbol == ALL_SYMBOLS
        else tuple(dict.fromkeys((config.symbol, HEARTBEAT_SYMBOL)))
    )
    data_url = stream_url(endpoint.base, symbols)
    streams = unquote(data_url.partition("?streams=")[2])
    if endpoint.route is None:
        return data_url, f"{endpoint.base}/market/ws", streams.split("/")
    named = f"{endpoint.base}{endpoint.path}"
    joint = "?streams=" if endpoint.form == "stream" else "/"
    return f"{named}{joint}{quote(streams, safe='/@!')}", named, streams.split("/")


async def _listen(connection: ClientConnection, heard: _Heard) -> None:
    try:
        while True:
            heard.take(await connection.recv(decode=False))
    except ConnectionClosed as error:
        heard.end(describe_error(error))


async def _answer(connection: ClientConnection) -> dict[str, object]:
    """Return the answer to the command; data and whatever else comes before it is dropped."""
    while True:
        try:
            content = json.loads(await connection.recv(decode=False))
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict) and (
            content.get("id") == _COMMAND_ID or (not content.get("id") and "error" in content)
        ):
            return content


async def _drop(writer: asyncio.StreamWriter) -> None:
    """End a connection that has shown what it was opened for, without waiting for the peer."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _close(connection: ClientConnection, times: DoctorTimes) -> None:
    try:
        async with asyncio.timeout(2 * times.close_s):
            await connection.close()
    except TimeoutError:
        connection.transport.abort()
