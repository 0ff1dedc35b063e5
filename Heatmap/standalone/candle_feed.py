"""The candles of the chart: history over HTTP, then live over a websocket.

A second client of the exchange: it shares with the recorder's what a refusal or a broken connection
means, and how long to wait after it.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from Heatmap import failure_text
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.binance_forceorder_ws import OneAttempt, describe_error
from Heatmap.ingestion.connection.supervisor import Backoff
from Heatmap.ingestion.proxies import find_proxy
from Heatmap.ingestion.rest_client import RestAnswer, RestClient, RestError
from Heatmap.ingestion.venues.binance.streams import stream_name
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.exchange.wire import parse_kline_frame, parse_kline_rows

__all__ = ["LIVE", "Candle", "CandleFeed", "CandleFeedTimes"]

logger = get_logger(__name__)

#: What `on_state` is told once history is complete and the stream is open.
LIVE = "live"
_LOADING = "loading candles"
_PAGE_CANDLES = 1500
# A page takes about 250 kB.
_LARGEST_ANSWER_BYTES = 2**20
_INVALID_SYMBOL = -1121
# A name that cannot be looked up is a ValueError, a SOCKS proxy without its package an ImportError.
_REQUEST_ERRORS = (WebSocketException, OSError, ImportError, ValueError)


@dataclass(frozen=True, slots=True)
class CandleFeedTimes:
    """Waiting times, seconds.

    Attributes
    ----------
    silence_s
        After this long without a candle the exchange is asked whether there should be one.
    first_backoff_s, longest_backoff_s
        Limits of the wait after a failure.
    open_timeout_s, close_timeout_s
        Limits of the websocket's handshakes.
    request_timeout_s
        Limit of one HTTP request.
    """

    silence_s: float = 15.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    request_timeout_s: float = 20.0


class _FeedError(Exception):
    """The feed has to begin again; `failure` says why."""

    def __init__(self, failure: Failure, *, is_symbol_unknown: bool = False) -> None:
        super().__init__(failure_text(failure))
        self.failure = failure
        self.is_symbol_unknown = is_symbol_unknown


class CandleFeed:
    """Deliver a symbol's candles until it is stopped; keeps trying whatever fails.

    The callbacks are called in the loop of `start`. `start` and `stop` are idempotent; a stopped
    feed may be started again and begins with its history.

    Parameters
    ----------
    rest_url, ws_url
        Bases, such as ``https://fapi.binance.com`` and ``wss://fstream.binance.com``.
    symbol
        As ``BTCUSDT``.
    interval
        As ``1m``.
    count
        How many candles of history.
    on_history
        Gets the whole history, oldest first, the last one in progress: at first, and when more
        was missed than can be filled in.
    on_candle
        Gets one candle: the newest again with what was added to it, or one after it.
    on_state
        Gets one line: ``live``, or what keeps the candles from coming.
    times
        Waiting times.
    rng
        Where the jitter comes from.
    """

    def __init__(
        self,
        rest_url: str,
        ws_url: str,
        symbol: str,
        interval: str,
        *,
        count: int = 1000,
        on_history: Callable[[list[Candle]], None],
        on_candle: Callable[[Candle], None],
        on_state: Callable[[str], None] | None = None,
        times: CandleFeedTimes | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._rest_url = rest_url.rstrip("/")
        self._ws_url = f"{ws_url.rstrip('/')}/market/ws/{stream_name(symbol, f'kline_{interval}')}"
        self._symbol = symbol
        self._interval = interval
        self._count = count
        self._on_history = on_history
        self._on_candle = on_candle
        self._on_state = on_state
        self._times = times or CandleFeedTimes()
        self._backoff = Backoff(
            self._times.first_backoff_s,
            self._times.longest_backoff_s,
            rng or random.Random(),  # noqa: S311  # jitter needs no cryptography
        )
        self._task: asyncio.Task[None] | None = None
        # The newest candle that was delivered; None: history comes first.
        self._newest: Candle | None = None
        self._is_symbol_unknown = False

    @property
    def is_symbol_unknown(self) -> bool:
        """Whether the exchange has said last that it has no such symbol, or no candle of it."""
        return self._is_symbol_unknown

    async def start(self) -> None:
        """Begin in the background."""
        if self._task is None:
            self._newest = None
            self._backoff.reset()
            self._task = asyncio.create_task(self._run(), name=f"candles {self._symbol}")

    async def stop(self) -> None:
        """End it; when this returns, no callback comes any more and no connection is left."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._tell(_LOADING)
            failure = Failure(FailureKind.STREAM_ENDED)
            self._is_symbol_unknown = False
            try:
                async with RestClient(
                    self._rest_url,
                    limit_bytes=_LARGEST_ANSWER_BYTES,
                    timeout_s=self._times.request_timeout_s,
                ) as client:
                    await self._deliver(client)
            except _FeedError as error:
                failure = error.failure
                self._is_symbol_unknown = error.is_symbol_unknown
            except RestError as error:
                failure = error.failure
            except ExchangeError as error:
                failure = error.failure
            except _REQUEST_ERRORS as error:
                failure = describe_error(error)
            except Exception as error:
                # A bug, of this feed or of a callback: said loudly, but the chart's candles go on.
                logger.exception("the candle feed failed")
                failure = Failure.of(error)
            delay_s = self._backoff.next_delay()
            if failure.hold_s is not None:
                delay_s = max(delay_s, failure.hold_s)
            self._tell(f"no candles: {failure_text(failure)}; next attempt in {delay_s:.0f} s")
            await asyncio.sleep(delay_s)

    async def _deliver(self, client: RestClient) -> None:
        """Serve one connection; ends with an exception only."""
        proxy = find_proxy(self._ws_url)
        async with OneAttempt(
            self._ws_url,
            open_timeout=self._times.open_timeout_s,
            close_timeout=self._times.close_timeout_s,
            proxy=None if proxy is None else proxy.address,
        ) as connection:
            # The stream is open first, so nothing falls between history and stream.
            await self._catch_up(client)
            self._tell(LIVE)
            while True:
                candle = await self._next_candle(connection)
                if candle is None:
                    await self._require_standstill(client)
                else:
                    self._backoff.reset()
                    self._take(candle)

    async def _next_candle(self, connection: ClientConnection) -> Candle | None:
        """Return the next candle of the stream, ``None`` after a silence."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._times.silence_s):
                while True:
                    text = await connection.recv()
                    candle = parse_kline_frame(text, self._symbol, self._interval)
                    if candle is not None:
                        return candle
        return None

    async def _require_standstill(self, client: RestClient) -> None:
        """Make sure that a silent stream is silent because nothing is traded.

        Old endpoints accept a connection and never deliver: the stream's silence proves nothing.
        """
        before = self._newest
        await self._catch_up(client)
        if self._newest != before:
            values = {"silence_s": self._times.silence_s}
            raise _FeedError(Failure(FailureKind.CANDLES_SILENT, values))

    async def _catch_up(self, client: RestClient) -> None:
        """Deliver what is missing up to now: the history, or what came since the newest candle."""
        wanted = min(self._count, _PAGE_CANDLES)
        page = await self._fetch(client, wanted, None)
        newest = self._newest
        if newest is not None and page and page[0].open_ms <= newest.open_ms:
            for candle in page:
                self._take(candle)
            return
        candles = page
        # A page that is not full reaches back to the market's beginning.
        while len(page) == wanted and len(candles) < self._count and candles[0].open_ms > 0:
            wanted = min(self._count - len(candles), _PAGE_CANDLES)
            page = await self._fetch(client, wanted, candles[0].open_ms - 1)
            candles = page + candles
        if not candles:
            values = {"symbol": self._symbol, "interval": self._interval}
            raise _FeedError(Failure(FailureKind.NO_CANDLES, values), is_symbol_unknown=True)
        self._on_history(candles)
        # Afterwards: what a failing callback did not take counts as not delivered.
        self._newest = candles[-1]

    def _take(self, candle: Candle) -> None:
        """Deliver a candle unless it is older than what was delivered."""
        newest = self._newest
        if newest is not None and (
            candle.open_ms < newest.open_ms
            or candle == newest
            or (candle.open_ms == newest.open_ms and newest.is_closed)
        ):
            return
        self._on_candle(candle)
        self._newest = candle

    async def _fetch(self, client: RestClient, limit: int, end_ms: int | None) -> list[Candle]:
        """Ask for the newest `limit` candles that open up to `end_ms` (``None``: now)."""
        query = {"symbol": self._symbol, "interval": self._interval, "limit": str(limit)}
        if end_ms is not None:
            query["endTime"] = str(end_ms)
        answer = await client.get("/fapi/v1/klines", query)
        if (refusal := answer.refusal) is not None:
            raise _in_its_words(refusal, answer)
        return parse_kline_rows(answer.body, are_all_closed=end_ms is not None)

    def _tell(self, state: str) -> None:
        if self._on_state is not None:
            self._on_state(state)


def _in_its_words(refusal: Failure, answer: RestAnswer) -> _FeedError:
    """Say why a request was refused, in the exchange's words where it gives any."""
    try:
        told: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return _FeedError(refusal)
    if refusal.hold_s is None and isinstance(told, dict) and "msg" in told:
        code = told.get("code")
        values = {"reason": ascii(str(told["msg"])[:80])[1:-1], "code": str(code)[:20]}
        failure = Failure(FailureKind.REQUEST_REFUSED, values)
        return _FeedError(failure, is_symbol_unknown=code == _INVALID_SYMBOL)
    return _FeedError(refusal)
