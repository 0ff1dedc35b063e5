"""The candles of the chart: what the recorder has fetched, the rest over HTTP, then live.

- The history is what the recorder's table holds; only what it lacks is asked for, which is at least
  the candle in progress. The first picture does not wait for the table: at first no more is asked
  for than is in sight, and the rest follows as the recorder fetches it.
- Where the table does not grow (another recorder writes, or it does not reach so far back), the
  rest is asked for as well.
- A second client of the exchange: it shares with the recorder's what a refusal or a broken
  connection means, and how long to wait after it.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from PyQt6.QtCore import QCoreApplication
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from Heatmap.errors import ExchangeError, Failure, FailureKind, HeatmapError
from Heatmap.ingestion.binance_forceorder_ws import OneAttempt, describe_error
from Heatmap.ingestion.connection.supervisor import Backoff
from Heatmap.ingestion.proxies import find_proxy
from Heatmap.ingestion.rest_client import RestClient, RestError
from Heatmap.ingestion.venues.binance.streams import stream_name
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_requests import (
    LARGEST_ANSWER_BYTES,
    PAGE_CANDLES,
    CandleFeedError,
    fetch_page,
)
from Heatmap.standalone.candle_table import NOTHING_KEPT, CandleTable
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.exchange.wire import parse_kline_frame
from Heatmap.ui import failure_words

__all__ = ["LIVE", "Candle", "CandleFeed", "CandleFeedTimes", "CandleTable"]

logger = get_logger(__name__)

#: What `on_state` is told once history is complete and the stream is open.
LIVE = "live"
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
    first_look_s, longest_look_s
        Limits of the wait from one look at the table to the next, while older candles are missing.
    patience_s
        After this long without any of them they are asked for.
    """

    silence_s: float = 15.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    request_timeout_s: float = 20.0
    first_look_s: float = 0.5
    longest_look_s: float = 5.0
    patience_s: float = 10.0


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
        Gets the history, oldest first, the last one in progress: at first, and when more was missed
        than can be filled in.
    on_candle
        Gets one candle: the newest again with what was added to it, or one after it.
    on_state
        Gets one line: ``live``, or what keeps the candles from coming.
    table
        Where candles are before the exchange is asked; ``None``: there is none, and the whole
        history is asked for at once.
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
        table: CandleTable | None = None,
        times: CandleFeedTimes | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._rest_url = rest_url.rstrip("/")
        self._ws_url = f"{ws_url.rstrip('/')}/market/ws/{stream_name(symbol, f'kline_{interval}')}"
        self._symbol = symbol
        self._interval = interval
        self._interval_ms = INTERVALS_MS[interval]
        self._count = count
        self._table = table
        self._on_history = on_history
        self._on_candle = on_candle
        self._on_state = on_state
        self._times = times or CandleFeedTimes()
        first_s, longest_s = self._times.first_backoff_s, self._times.longest_backoff_s
        rng = rng or random.Random()  # noqa: S311  # jitter needs no cryptography
        self._backoff = Backoff(first_s, longest_s, rng)
        # That of older candles, which are asked for beside what is new.
        self._older_backoff = Backoff(first_s, longest_s, rng)
        self._task: asyncio.Task[None] | None = None
        # The newest candle that was delivered; None: history comes first.
        self._newest: Candle | None = None
        # From when on everything was delivered, UTC ms.
        self._known_from_ms = 0
        # The exchange has nothing older.
        self._is_complete = False
        # Why no candles come, and when that is tried again, monotonic clock; `None`: they come.
        self._failure: Failure | None = None
        self._due_s = 0.0
        # More candles are wanted than before.
        self._more_wanted = asyncio.Event()
        self._is_symbol_unknown = False

    @property
    def is_symbol_unknown(self) -> bool:
        """Whether the exchange has said last that it has no such symbol, or no candle of it."""
        return self._is_symbol_unknown

    def trouble(self, *, has_candles: bool) -> str:
        """Return what keeps candles from coming, and the time to the next attempt; empty: nothing.

        Parameters
        ----------
        has_candles
            Whether some are shown that stand still meanwhile.
        """
        if self._failure is None:
            return ""
        left_s = max(0, math.ceil(self._due_s - monotonic()))
        words = (
            _tr("candles stand still: {reason}; next attempt in {count} s")
            if has_candles
            else _tr("no candles: {reason}; next attempt in {count} s")
        )
        return words.format(reason=failure_words(self._failure), count=left_s)

    @property
    def is_complete(self) -> bool:
        """Whether the exchange has nothing that is older than what was delivered."""
        return self._is_complete

    def want(self, count: int) -> None:
        """Deliver so many candles in the end, and what is missing of them soon.

        Needs a table: what is older is delivered to its `CandleTable.on_older`.
        """
        self._count = max(self._count, count)
        self._more_wanted.set()

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
            self._tell(_tr("loading candles"))
            failure = Failure(FailureKind.STREAM_ENDED)
            self._is_symbol_unknown = False
            try:
                async with RestClient(
                    self._rest_url,
                    limit_bytes=LARGEST_ANSWER_BYTES,
                    timeout_s=self._times.request_timeout_s,
                ) as client:
                    await self._deliver(client)
            except CandleFeedError as error:
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
            self._failure = failure
            self._due_s = monotonic() + delay_s
            self._tell(self.trouble(has_candles=False))
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
            self._failure = None
            self._tell(LIVE)
            older = asyncio.create_task(self._complete(client), name=f"older {self._symbol}")
            try:
                while True:
                    candle = await self._next_candle(connection)
                    if candle is None:
                        await self._require_standstill(client)
                    else:
                        self._backoff.reset()
                        self._take(candle)
            finally:
                older.cancel()
                await asyncio.gather(older, return_exceptions=True)

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
            raise CandleFeedError(Failure(FailureKind.CANDLES_SILENT, values))

    async def _catch_up(self, client: RestClient) -> None:
        """Deliver what is missing up to now: the history, or what came since the newest candle."""
        newest = self._newest
        if newest is not None:
            page = await self._fetch(client, self._since(newest.open_ms), None)
            if page and page[0].open_ms <= newest.open_ms:
                for candle in page:
                    self._take(candle)
                return
        candles = await self._history(client)
        if not candles:
            values = {"symbol": self._symbol, "interval": self._interval}
            raise CandleFeedError(Failure(FailureKind.NO_CANDLES, values), is_symbol_unknown=True)
        self._on_history(candles)
        # Afterwards: what a failing callback did not take counts as not delivered.
        self._newest = candles[-1]

    def _since(self, open_ms: int) -> int:
        """Return how many candles at most it takes to reach back to one."""
        if self._table is None:
            return min(self._count, PAGE_CANDLES)
        # One more, as the clock may be a little behind the exchange's.
        behind = max(self._table.clock() - open_ms, 0) // self._interval_ms + 2
        return min(behind, self._count, PAGE_CANDLES)

    async def _history(self, client: RestClient) -> list[Candle]:
        """Return what the table holds and the exchange adds to it; without a table, all of it."""
        table, needed, kept = self._table, self._count, NOTHING_KEPT
        if table is not None:
            now_ms = table.clock()
            start_ms = now_ms - self._count * self._interval_ms
            kept = await table.newest_kept(start_ms, now_ms, self._interval_ms)
            needed = min(table.first_count, self._count)
        self._is_complete = False
        behind = self._since(kept.end_ms) if kept.candles else needed
        candles = await self._fetch_before(client, None, min(behind, needed))
        self._known_from_ms = candles[0].open_ms if candles else 0
        if kept.start_ms < self._known_from_ms <= kept.end_ms:
            candles = [*kept.before(self._known_from_ms), *candles]
            self._known_from_ms, self._is_complete = kept.start_ms, False
        if candles and len(candles) < needed and not self._is_complete:
            # What is in sight is there at once, whatever the table lacks of it.
            before_ms, missing = self._known_from_ms, needed - len(candles)
            candles = [*await self._fetch_before(client, before_ms, missing), *candles]
            self._known_from_ms = min(before_ms, candles[0].open_ms)
        return candles

    async def _fetch_before(
        self, client: RestClient, before_ms: int | None, count: int
    ) -> list[Candle]:
        """Ask for the newest `count` candles that began before a time; ``None``: up to now."""
        candles: list[Candle] = []
        while len(candles) < count and not self._is_complete:
            if candles:
                before_ms = candles[0].open_ms
            wanted = min(count - len(candles), PAGE_CANDLES)
            page = await self._fetch(client, wanted, None if before_ms is None else before_ms - 1)
            candles = page + candles
            # A page that is not full reaches back to the market's beginning.
            self._is_complete = len(page) < wanted or candles[0].open_ms <= 0
        return candles

    async def _complete(self, client: RestClient) -> None:
        """Deliver older candles until there are as many as are wanted."""
        table, newest = self._table, self._newest
        if table is None or newest is None:
            return
        try:
            await self._complete_from(table, client, newest.open_ms)
        except Exception:
            # A bug, of this feed or of a callback: said loudly, but the newest candles go on.
            logger.exception("older candles of %s do not come", self._symbol)

    async def _complete_from(self, table: CandleTable, client: RestClient, newest_ms: int) -> None:
        clock, times = asyncio.get_running_loop().time, self._times
        look_s, asks_s = times.first_look_s, clock() + times.patience_s
        # The exchange has refused: whoever waits, it is not asked before.
        not_before_s = 0.0
        while not self._is_complete:
            wanted_ms = newest_ms - (self._count - 1) * self._interval_ms
            is_enough = self._known_from_ms <= wanted_ms
            if await self._is_asked_for_more(None if is_enough else look_s):
                # Somebody waits for them: what the table lacks is asked for at once.
                look_s, asks_s = times.first_look_s, max(clock(), not_before_s)
                wanted_ms = newest_ms - (self._count - 1) * self._interval_ms
                if self._known_from_ms <= wanted_ms:
                    continue
            look_s = min(2 * look_s, times.longest_look_s)
            known_ms, is_over = self._known_from_ms, clock() >= asks_s
            kept = await table.newest_kept(wanted_ms, known_ms, self._interval_ms)
            if self._known_from_ms != known_ms:
                continue  # the history was loaded anew meanwhile
            if kept.end_ms == known_ms:
                # All that is missing, or at least as much as is there: each time all is drawn anew.
                is_much = kept.end_ms - kept.start_ms >= newest_ms - known_ms
                if is_over or is_much or kept.start_ms <= wanted_ms:
                    self._deliver_older(table, kept.before(known_ms), kept.start_ms)
                    asks_s = clock() + times.patience_s
            elif is_over:
                asks_s = not_before_s = clock() + await self._ask_for_older(
                    table, client, wanted_ms
                )

    async def _is_asked_for_more(self, timeout_s: float | None) -> bool:
        """Wait until more is wanted than before, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._more_wanted.wait()
        is_asked = self._more_wanted.is_set()
        self._more_wanted.clear()
        return is_asked

    async def _ask_for_older(self, table: CandleTable, client: RestClient, wanted_ms: int) -> float:
        """Ask the exchange for what the table does not get; return until the next time, seconds."""
        known_ms = self._known_from_ms
        missing = -(-(known_ms - wanted_ms) // self._interval_ms)
        try:
            page = await self._fetch_before(client, known_ms, min(missing, PAGE_CANDLES))
        except (CandleFeedError, HeatmapError) as error:
            failure = getattr(error, "failure", None)
            logger.info("older candles of %s: %s", self._symbol, error)
            hold_s = failure.hold_s if isinstance(failure, Failure) else None
            return max(self._older_backoff.next_delay(), hold_s or 0.0)
        self._older_backoff.reset()
        if page and self._known_from_ms == known_ms:
            self._deliver_older(table, page, page[0].open_ms)
        return 0.0

    def _deliver_older(self, table: CandleTable, older: list[Candle], from_ms: int) -> None:
        if older:
            table.on_older(older)
        self._known_from_ms = from_ms

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
        return await fetch_page(client, self._symbol, self._interval, limit, end_ms)

    def _tell(self, state: str) -> None:
        if self._on_state is not None:
            self._on_state(state)


def _tr(text: str) -> str:
    return QCoreApplication.translate("CandleFeed", text)
