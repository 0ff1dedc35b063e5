"""The REST client of this program: whoever asks the exchange over HTTP asks through it.

What comes back is another machine's word, so nothing of it is without a limit: the whole takes at
most a given time, however slowly it drips; it is cut off while it is read, both as it travels and
unpacked, headers included; and it is taken from the exchange that was asked: a redirect is a
refusal, as it is for the websocket. None of it holds the loop for long.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import classify_status
from Heatmap.ingestion.proxies import Proxy, ProxyError, find_proxy
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import shown_text

#: The status of an answer that is one.
OK = 200
#: The status of one that begins where it was asked to.
PARTIAL = 206

# Unpacked in pieces of this size; between two of them the loop gets its turn.
_PIECE_BYTES = 2**18
# What all headers of an answer may take.
_HEADER_BYTES = 2**17
# Why something was refused is short, where it is said at all.
_REFUSAL_BYTES = 2**16
_SHOWN_CHARS = 200
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_DEFLATE_METHOD = 8


class RestError(ExchangeError):
    """There was no answer that can be used; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure_text(failure), failure)


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What the exchange answered.

    Attributes
    ----------
    status
        HTTP's.
    retry_after, date
        The headers of these names.
    body
        Unpacked. Of a refusal only the beginning.
    asked_ms, answered_ms
        This machine's clock when the request went out and when the headers were there, UTC ms.
    """

    status: int
    retry_after: str | None
    date: str | None
    body: bytes
    asked_ms: float
    answered_ms: float

    @property
    def refusal(self) -> Failure | None:
        """What a status other than 200 means; a redirect is one. ``None``: it is 200."""
        if self.status == OK:
            return None
        return classify_status(self.status, self.retry_after, self.date)


class RestClient:
    """Asks one exchange; use it in ``async with``. One request at a time, each by a new connection.

    Parameters
    ----------
    base
        Such as ``https://fapi.binance.com``; empty: what is asked for are whole addresses.
    limit_bytes
        What an answer may be long at most, unpacked or not.
    timeout_s
        What a request may take in all, seconds.
    """

    def __init__(self, base: str, *, limit_bytes: int, timeout_s: float) -> None:
        self._base = base.rstrip("/")
        self._limit_bytes = limit_bytes
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._connector: _Connector | None = None
        self._proxy: Proxy | None = None

    @property
    def proxy(self) -> Proxy | None:
        """The proxy that led to the exchange at the latest request; known after the first one."""
        return self._proxy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> RestAnswer:
        """Ask for a path below the base.

        Raises
        ------
        RestError
            There was no answer in time, none that can be read, or one far too long.
        """
        async with self._in_time():
            return await self._get(f"{self._base}{path}", query)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> RestAnswer:
        """Send `body` to a path below the base; of the answer no body is read.

        Raises
        ------
        RestError
            As `get`. What was sent may have arrived.
        """
        async with self._in_time():
            url = f"{self._base}{path}"
            session = await self._open(url)
            if self._connector is not None:
                self._connector.was_too_long = False
            asked_ms = time.time() * 1000
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False, **self._way()
            ) as response:
                answered_ms = time.time() * 1000
                retry_after, date = (response.headers.get(name) for name in ("Retry-After", "Date"))
                return RestAnswer(response.status, retry_after, date, b"", asked_ms, answered_ms)

    @asynccontextmanager
    async def open_file(self, path: str, from_byte: int = 0) -> AsyncIterator["RestFile"]:
        """Ask for a file below the base, which is read piece by piece and not unpacked.

        The limit of time is one for the beginning of the answer, and for each piece.

        Parameters
        ----------
        path
            Below the base.
        from_byte
            Where to begin; servers that cannot do that answer with 200 and all of it.

        Raises
        ------
        RestError
            As `get`.
        """
        url = f"{self._base}{path}"
        headers = {"Accept-Encoding": "identity"}
        if from_byte:
            headers["Range"] = f"bytes={from_byte}-"
        async with AsyncExitStack() as stack:
            async with self._in_time():
                session = await self._open(url)
                response = await stack.enter_async_context(
                    session.get(url, headers=headers, allow_redirects=False, **self._way())
                )
            yield RestFile(response, self._in_time)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except TimeoutError:
            raise RestError(
                Failure(FailureKind.NO_ANSWER_WITHIN, {"limit_s": self._timeout_s})
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if self._connector is not None and self._connector.was_too_long:
                raise RestError(_too_long(self._limit_bytes)) from None
            reason = str(error) or type(error).__name__
            raise RestError(Failure(FailureKind.REQUEST_FAILED, {"reason": reason})) from error

    async def _get(self, url: str, query: Mapping[str, str] | None) -> RestAnswer:
        session = await self._open(url)
        if self._connector is not None:
            self._connector.was_too_long = False
        asked_ms = time.time() * 1000
        async with session.get(url, params=query, allow_redirects=False, **self._way()) as response:
            answered_ms = time.time() * 1000
            is_refused = response.status != OK
            limit_bytes = min(_REFUSAL_BYTES, self._limit_bytes) if is_refused else 0
            body = await self._read(response, limit_bytes or self._limit_bytes, cuts=is_refused)
            headers = response.headers
            return RestAnswer(
                response.status,
                headers.get("Retry-After"),
                headers.get("Date"),
                body,
                asked_ms,
                answered_ms,
            )

    async def close(self) -> None:
        """Let go of the connection; the next request makes another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _open(self, url: str) -> aiohttp.ClientSession:
        try:
            # Each time, as for each connection of the stream: another network has another proxy.
            proxy = find_proxy(url)
        except ProxyError as error:
            raise RestError(error.failure) from None
        if proxy != self._proxy:
            await self.close()
        if self._session is None:
            self._proxy = proxy
            self._connector = _Connector(self._proxy, self._limit_bytes + _HEADER_BYTES)
            self._session = aiohttp.ClientSession(
                connector=self._connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is asked for is what can be unpacked with a limit, see `_Unpacker`.
                headers={"Accept-Encoding": "gzip, deflate"},
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    def _way(self) -> dict[str, Any]:
        """Return how aiohttp is told of a proxy that speaks HTTP; SOCKS is the connector's."""
        proxy = self._proxy
        if proxy is None or proxy.is_socks:
            return {}
        auth = None if proxy.user is None else aiohttp.BasicAuth(proxy.user, proxy.password or "")
        return {"proxy": proxy.shown, "proxy_auth": auth}

    async def _read(
        self, response: aiohttp.ClientResponse, limit_bytes: int, *, cuts: bool
    ) -> bytes:
        body = bytearray()
        travelled = 0
        unpacker = _Unpacker(response.headers.get("Content-Encoding", ""))
        async for chunk in response.content.iter_any():
            travelled += len(chunk)
            for piece in unpacker.pieces(chunk):
                body += piece
                if len(body) > limit_bytes:
                    break
                await asyncio.sleep(0)
            if max(len(body), travelled) > limit_bytes:
                if cuts:
                    return bytes(body[:limit_bytes])
                raise RestError(_too_long(limit_bytes))
        if not cuts:
            unpacker.require_end()
        return bytes(body)


class RestFile:
    """An answer whose body is read piece by piece; made by `RestClient.open_file`."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        in_time: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._response = response
        self._in_time = in_time

    @property
    def status(self) -> int:
        """HTTP's: 200 from the beginning, 206 from where it was asked for, or a refusal."""
        return self._response.status

    @property
    def refusal(self) -> Failure | None:
        """What another status than these two means."""
        if self.status in (OK, PARTIAL):
            return None
        headers = self._response.headers
        return classify_status(self.status, headers.get("Retry-After"), headers.get("Date"))

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body.

        Raises
        ------
        RestError
            It breaks off, or nothing more comes in time.
        """
        while True:
            async with self._in_time():
                piece = await self._response.content.readany()
            if not piece:
                return
            yield piece


class _Unpacker:
    """Unpacks a body piece by piece, so that it never grows beyond what its reader allows."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            shown = shown_text(encoding, _SHOWN_CHARS)
            raise ValueError(f"the answer is packed as {shown}, which was not asked for")
        self._is_packed = self._encoding not in ("", "identity")
        self._stream: Any = None

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Unpack what has arrived; stop in between where it is too much."""
        if not self._is_packed:
            yield chunk
            return
        rest = chunk
        while rest:
            if self._stream is None or self._stream.eof:
                # The packed parts of a gzip file may follow each other.
                self._stream = zlib.decompressobj(self._window(rest))
            try:
                piece = self._stream.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise ValueError(f"the answer cannot be unpacked: {error}") from None
            rest = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            yield piece

    def require_end(self) -> None:
        """Raise ValueError where the packed data break off."""
        if self._stream is not None and not self._stream.eof:
            raise ValueError("the answer breaks off")

    def _window(self, begin: bytes) -> int:
        if self._encoding != "deflate":
            return _GZIP
        # Some servers mean the bare data by it, and not the format with a head as the rules say.
        return _ZLIB if begin[0] & 0x0F == _DEFLATE_METHOD else _RAW


class _Handler(ResponseHandler):
    """Ends a connection that brings more than it may, whatever it is that it brings.

    aiohttp limits the length of a header, not their number.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limit_bytes: int, on_too_long: Callable[[], None]
    ) -> None:
        super().__init__(loop)
        self._left_bytes = limit_bytes
        self._on_too_long = on_too_long

    @override
    def data_received(self, data: bytes) -> None:
        self._left_bytes -= len(data)
        if self._left_bytes >= 0:
            super().data_received(data)
        elif self.transport is not None:
            self._on_too_long()
            self.transport.abort()


class _Unresolved(AbstractResolver):
    """Leaves a name as it is: the proxy's client sees to it."""

    @override
    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [
            {"hostname": host, "host": host, "port": port, "family": family, "proto": 0, "flags": 0}
        ]

    @override
    async def close(self) -> None:
        pass


class _Connector(aiohttp.TCPConnector):
    """Makes a connection for each request, through SOCKS where that is set."""

    def __init__(self, proxy: Proxy | None, limit_bytes: int) -> None:
        self._socks = proxy if proxy is not None and proxy.is_socks else None
        # A cache would keep a name that the network has just given another address.
        super().__init__(
            force_close=True,
            use_dns_cache=False,
            resolver=None if self._socks is None else _Unresolved(),
        )
        # WORKAROUND aiohttp 3.13 has no public way to another protocol, nor to SOCKS.
        self._factory = partial(  # type: ignore[assignment]
            _Handler, self._loop, limit_bytes, self._note_too_long
        )
        self.was_too_long = False

    def _note_too_long(self) -> None:
        self.was_too_long = True

    @override
    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: list[Any],
        req: Any,
        timeout: Any,  # noqa: ASYNC109 - the base class's
        **options: Any,
    ) -> tuple[Any, ResponseHandler]:
        if self._socks is None:
            return await super()._wrap_create_connection(
                *args, addr_infos=addr_infos, req=req, timeout=timeout, **options
            )
        host, port = addr_infos[0][4][:2]
        sock = await connect_socks(self._socks, host, port)
        options.pop("client_error", None)
        transport, protocol = await self._loop.create_connection(*args, **options, sock=sock)
        return transport, protocol


async def connect_socks(proxy: Proxy, host: str, port: int) -> Any:
    """Return a socket that leads through a SOCKS proxy.

    Raises
    ------
    OSError
        The proxy does not answer, or refuses.
    """
    # An extra: imported where a SOCKS proxy is set, and only there.
    from python_socks import ProxyError as SocksError  # noqa: PLC0415
    from python_socks import ProxyType  # noqa: PLC0415
    from python_socks.async_.asyncio import Proxy as SocksProxy  # noqa: PLC0415

    kind = ProxyType.SOCKS5 if proxy.scheme.startswith("socks5") else ProxyType.SOCKS4
    client = SocksProxy(
        kind, proxy.host, proxy.port, proxy.user, proxy.password, rdns=proxy.looks_up
    )
    try:
        return await client.connect(host, port)
    except SocksError as error:
        reason = shown_text(str(error), _SHOWN_CHARS)
        raise OSError(f"the proxy {proxy.shown} ({proxy.setting}) refused: {reason}") from None


def _too_long(limit_bytes: int) -> Failure:
    return Failure(FailureKind.ANSWER_TOO_LONG, {"limit_mib": limit_bytes / 2**20})
