"""The tick sizes, from the exchange's ``exchangeInfo``: fetched at start, then once a day.

The tick size of a symbol can change, so it is never a constant here. REST has nothing to do with
the stream: whatever fails here is reported, retried and leaves recording alone.
"""

import json
import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import aiohttp

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.connection.addresses import is_loopback
from Heatmap.ingestion.connection.supervisor import Backoff, Failure, classify_status

_PATH = "/fapi/v1/exchangeInfo"
_OK = 200
_TIMEOUT_S = 15.0
# The whole answer is about 2 MB; an answer far larger is not it.
_LARGEST_ANSWER_BYTES = 32 * 2**20
# What reading an answer of another shape raises; a bad Decimal is no ValueError.
_ODD_ANSWER = (
    ValueError,
    InvalidOperation,
    RecursionError,
    LookupError,
    TypeError,
    AttributeError,
)
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
    """

    server_ms: int | None
    tick_sizes: Mapping[str, Decimal]


class _RefusedError(ExchangeError):
    """The request was refused with an HTTP status; its failure says how long to stay away."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


def parse_exchange_info(text: str | bytes, symbols: Collection[str] | None) -> ExchangeInfo:
    """Read the answer of ``exchangeInfo``.

    Parameters
    ----------
    text
        The answer's body.
    symbols
        Whose tick sizes are wanted; ``None``: all. Other symbols are not looked at, and a symbol
        that is not listed is not in the result.

    Returns
    -------
    ExchangeInfo
        The tick sizes found.

    Raises
    ------
    ExchangeError
        The answer is not JSON of the documented shape, or a wanted symbol's tick size is not a
        positive number.
    """
    try:
        answer = json.loads(text)
        server_ms = answer.get("serverTime")
        tick_sizes = dict(_tick_sizes(answer["symbols"], symbols))
    except _ODD_ANSWER as error:
        raise ExchangeError(
            "exchangeInfo is not what the exchange documents (symbols with a PRICE_FILTER): "
            f"{type(error).__name__} {error!s:.80}"
        ) from error
    return ExchangeInfo(server_ms if type(server_ms) is int else None, tick_sizes)


def _tick_sizes(
    listed: Iterable[Mapping[str, object]], symbols: Collection[str] | None
) -> Iterator[tuple[str, Decimal]]:
    for entry in listed:
        symbol = entry["symbol"]
        if not isinstance(symbol, str):
            raise TypeError(f"symbol is {symbol!r:.40}, not a string")
        if symbols is not None and symbol not in symbols:
            continue
        try:
            yield symbol, _tick_size(entry)
        except _ODD_ANSWER:
            # Where all symbols are asked for, one that is odd does not hide the others.
            if symbols is not None:
                raise


def _tick_size(entry: Mapping[str, object]) -> Decimal:
    filters = entry["filters"]
    if not isinstance(filters, list):
        raise TypeError("filters is not a list")
    texts = [one["tickSize"] for one in filters if one["filterType"] == "PRICE_FILTER"]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise ValueError(f"{entry['symbol']} has no tickSize of text in one PRICE_FILTER")
    tick_size = Decimal(texts[0])
    if not tick_size.is_finite() or tick_size <= 0:
        raise ValueError(f"tickSize of {entry['symbol']} is {texts[0]:.40}")
    return tick_size


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
    # As for the websocket, the system's proxy is used where one is set.
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=not is_loopback(rest_url)) as session,
            session.get(f"{rest_url.rstrip('/')}{_PATH}") as response,
        ):
            if response.status != _OK:
                headers = response.headers
                raise _RefusedError(
                    classify_status(
                        response.status, headers.get("Retry-After"), headers.get("Date")
                    )
                )
            if (response.content_length or 0) > _LARGEST_ANSWER_BYTES:
                raise ExchangeError("exchangeInfo is too large to be the exchange's answer")
            body = await response.read()
    except TimeoutError:
        raise ExchangeError(f"exchangeInfo: no answer within {_TIMEOUT_S:.0f} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ExchangeError(f"exchangeInfo: {str(error) or type(error).__name__}") from error
    return parse_exchange_info(body, symbols)


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
    """

    def __init__(
        self,
        rest_url: str,
        symbols: Collection[str] | None,
        *,
        refresh_s: float,
        rng: random.Random,
    ) -> None:
        self._rest_url = rest_url
        self._symbols = symbols
        self._refresh_s = refresh_s
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S, rng)
        self._delay_s = 0.0

    @property
    def next_delay_s(self) -> float:
        """How long to wait before the next `refresh`, seconds."""
        return self._delay_s

    async def refresh(self) -> ExchangeInfo:
        """Fetch once; `next_delay_s` is then a day, or after an error what the error asks for.

        Raises
        ------
        ExchangeError
            As `fetch_exchange_info`.
        """
        self._delay_s = self._backoff.next_delay()
        try:
            info = await fetch_exchange_info(self._rest_url, self._symbols)
        except _RefusedError as refused:
            self._delay_s = max(self._delay_s, refused.failure.hold_s or 0.0)
            raise
        self._backoff.reset()
        self._delay_s = self._refresh_s
        return info

    def missing(self, info: ExchangeInfo) -> tuple[str, ...]:
        """Return the wanted symbols that the exchange does not list."""
        return tuple(sorted(set(self._symbols or ()) - info.tick_sizes.keys()))
