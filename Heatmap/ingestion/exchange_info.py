"""The tick sizes, from the exchange's ``exchangeInfo``: fetched at start, then once a day.

The tick size of a symbol can change, so it is never a constant here. REST has nothing to do with
the stream: whatever fails here is reported, retried and leaves recording alone.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from Heatmap.domain.failure_texts import failure_text, raised
from Heatmap.domain.instruments import canonical_symbol, parse_tick_size
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import Backoff, ConnectionMemory
from Heatmap.ingestion.exchange_listing import Listing
from Heatmap.ingestion.recorder.recorder_loop import in_daemon_thread
from Heatmap.ingestion.rest_client import RestClient, RestError
from Heatmap.ingestion.venue import Instruments
from Heatmap.ingestion.venues.numbers import EARLIEST_MS, LATEST_MS

_PATH = "/fapi/v1/exchangeInfo"
_TIMEOUT_S = 15.0
# The whole answer is about 2 MB; an answer far larger is not it.
_LARGEST_ANSWER_BYTES = 32 * 2**20
# The exchange lists under a thousand; each that is kept is a row of the database.
_MOST_SYMBOLS = 20_000
_LONGEST_TIME_CHARS = 20
_REASON_CHARS = 120
# What reading an entry of another shape raises.
_ODD_ENTRY = (ValueError, RecursionError, LookupError, TypeError, AttributeError)
_FIRST_RETRY_S, _LONGEST_RETRY_S = 2.0, 900.0


@dataclass(frozen=True, slots=True)
class ExchangeInfo:
    """What is used of ``exchangeInfo``.

    Attributes
    ----------
    server_ms
        The exchange's clock as the answer names it; ``None`` where it does not.
    tick_sizes
        USD by symbol, exactly as written (``0.10``).
    refused
        Symbols that are listed with something that is no tick size, and why it is none.
    """

    server_ms: int | None
    tick_sizes: Mapping[str, Decimal]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> Failure | None:
        """Whose tick sizes cannot be used; ``None``: all can."""
        if not self.refused:
            return None
        symbol, reason = next(iter(self.refused.items()))
        count = len(self.refused)
        kind = FailureKind.TICK_SIZE_ODD if count == 1 else FailureKind.TICK_SIZES_ODD
        return Failure(kind, {"symbol": symbol, "reason": reason, "count": count})


def parse_exchange_info(text: str | bytes, symbols: Collection[str] | None) -> ExchangeInfo:
    """Read the answer of ``exchangeInfo``.

    Parameters
    ----------
    text
        The answer's body.
    symbols
        Whose tick sizes are wanted; ``None``: all. A symbol that is not listed is not in the
        result.

    Returns
    -------
    ExchangeInfo
        The tick sizes found. What is wrong with one entry does not hide the others.

    Raises
    ------
    ExchangeError
        The answer is not JSON of the documented shape, or all that is wanted of it is odd.
    """
    listing = Listing(text.encode(errors="replace") if isinstance(text, str) else text)
    tick_sizes: dict[str, Decimal] = {}
    refused: dict[str, str] = {}
    odd = ""
    try:
        for entry in listing.entries():
            try:
                symbol, tick_size = _read_entry(entry, symbols, refused)
            except _ODD_ENTRY as error:
                odd = f"{type(error).__name__} {error!s:.80}"
                continue
            if tick_size is None:
                continue
            if tick_sizes.setdefault(symbol, tick_size) != tick_size:
                refused[symbol] = "it is listed twice, with two tick sizes"
            if len(tick_sizes) > _MOST_SYMBOLS:
                break
    except ValueError as error:
        raise _not_as_documented(str(error)) from error
    if len(tick_sizes) > _MOST_SYMBOLS:
        raise _not_as_documented(f"more than {_MOST_SYMBOLS} symbols")
    for symbol in refused:
        tick_sizes.pop(symbol, None)
    if (odd or refused) and not tick_sizes:
        raise _not_as_documented(next(iter(refused.values()), odd))
    return ExchangeInfo(_server_ms(listing.server_time), tick_sizes, refused)


def _not_as_documented(why: str) -> ExchangeError:
    reason = ascii(why)[1:-1][:120]
    return raised(ExchangeError, FailureKind.NOT_DOCUMENTED, request="exchangeInfo", reason=reason)


def _read_entry(
    text: bytes, symbols: Collection[str] | None, refused: dict[str, str]
) -> tuple[str, Decimal | None]:
    """Return a symbol and its tick size, ``None`` where it is not wanted or was refused."""
    entry = json.loads(text)
    symbol = canonical_symbol(entry["symbol"])
    if symbols is not None and symbol not in symbols:
        return symbol, None
    try:
        return symbol, _tick_size(entry)
    except _ODD_ENTRY as error:
        refused[symbol] = ascii(str(error))[1:-1][:_REASON_CHARS]
        return symbol, None


def _tick_size(entry: Mapping[str, object]) -> Decimal:
    filters = entry["filters"]
    if not isinstance(filters, list):
        raise TypeError("filters is not a list")
    texts = [one["tickSize"] for one in filters if one["filterType"] == "PRICE_FILTER"]
    if len(texts) != 1:
        raise ValueError("there is no tickSize in one PRICE_FILTER")
    return parse_tick_size(texts[0])


def _server_ms(text: bytes) -> int | None:
    if not text.isdigit() or len(text) > _LONGEST_TIME_CHARS:
        return None
    ts_ms = int(text)
    return ts_ms if EARLIEST_MS <= ts_ms < LATEST_MS else None


async def fetch_exchange_info(rest_url: str, symbols: Collection[str] | None) -> ExchangeInfo:
    """Ask the exchange for the tick sizes.

    Parameters
    ----------
    rest_url
        The base, such as ``https://fapi.binance.com``.
    symbols
        Whose; ``None``: all.

    Raises
    ------
    ExchangeError
        There was no answer, a refusal, or not the documented answer; one line says which.
    """
    try:
        async with RestClient(
            rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=_TIMEOUT_S
        ) as client:
            answer = await client.get(_PATH)
    except RestError as error:
        values = {"request": "exchangeInfo"}
        failure = Failure(FailureKind.NOT_ANSWERED, values, error.failure)
        raise ExchangeError(failure_text(failure), failure) from error
    if answer.refusal is not None:
        raise ExchangeError(failure_text(answer.refusal), answer.refusal)
    # Not in the loop, which has sockets to read.
    return await in_daemon_thread(partial(parse_exchange_info, answer.body, symbols))


class TickSizeRefresher:
    """Fetches the tick sizes and knows when to do so again. Not thread-safe.

    Parameters
    ----------
    rest_url
        The base of the REST interface.
    symbols
        Whose; ``None``: all.
    refresh_s
        Time between two successful fetches, seconds.
    rng
        Where the jitter of the retries comes from.
    fetch
        As `Venue.fetch_instruments`.
    memory
        How long the exchange wants to be left alone over REST, whoever asked it; ``None``: nothing
        else asks.
    clock
        The monotonic clock, seconds.
    """

    def __init__(
        self,
        rest_url: str,
        symbols: Collection[str] | None,
        *,
        refresh_s: float,
        rng: random.Random,
        fetch: Callable[[str, Collection[str] | None], Awaitable[Instruments]] | None = None,
        memory: ConnectionMemory | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch_exchange_info if fetch is None else fetch
        self._rest_url = rest_url
        self._symbols = symbols
        self._refresh_s = refresh_s
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S, rng)
        self._memory = ConnectionMemory() if memory is None else memory
        self._clock = clock
        self._due_s = clock()

    @property
    def next_delay_s(self) -> float:
        """How long to wait before the next `refresh`, seconds; it may grow meanwhile."""
        return max(self._due_s, self._memory.rest_held_until_s) - self._clock()

    async def wait(self) -> None:
        """Wait until the next `refresh` is due, and the exchange may be asked."""
        # Not for an event: the wait may grow meanwhile, and never shrinks.
        while (delay_s := self.next_delay_s) > 0:  # noqa: ASYNC110
            await asyncio.sleep(delay_s)

    async def refresh(self) -> Instruments:
        """Fetch once; `next_delay_s` is then a day, or after an error what the error asks for.

        Of one answer all tick sizes are returned: it names each instrument anyway, and more may be
        shown than is recorded. `ExchangeInfo.refused` is about those that are wanted.

        What cannot be used of an answer is asked for again as after an error.

        Raises
        ------
        ExchangeError
            As `fetch_exchange_info`.
        """
        delay_s = self._backoff.next_delay()
        try:
            info = self._about_wanted(await self._fetch(self._rest_url, None))
            if not info.refused:
                self._backoff.reset()
                delay_s = self._refresh_s
        except ExchangeError as error:
            if error.failure.hold_s is not None:
                self._memory.hold_rest(self._clock() + error.failure.hold_s)
            raise
        finally:
            self._due_s = self._clock() + delay_s
        return info

    def _about_wanted(self, info: Instruments) -> Instruments:
        if self._symbols is None:
            return info
        refused = {one: why for one, why in info.refused.items() if one in self._symbols}
        return ExchangeInfo(info.server_ms, info.tick_sizes, refused)

    def missing(self, info: Instruments) -> tuple[str, ...]:
        """Return the wanted symbols that the exchange does not list."""
        listed = info.tick_sizes.keys() | info.refused.keys()
        return tuple(sorted(set(self._symbols or ()) - listed))
