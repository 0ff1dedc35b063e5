"""What the loopback exchange answers over HTTP, with Binance's bounds and limits. Pure."""

from collections.abc import Mapping

from Heatmap.standalone.exchange.market import (
    DAY_MS,
    FUNDING_MS,
    INTERVALS_MS,
    Candle,
    Market,
)
from Heatmap.standalone.exchange.wire import (
    compact,
    funding_row,
    kline_row,
    open_interest_row,
)

_KLINES_LIMIT, _KLINES_MAX = 500, 1500
_OPEN_INTEREST_LIMIT, _OPEN_INTEREST_MAX = 30, 500
_FUNDING_LIMIT, _FUNDING_MAX = 100, 1000
_OPEN_INTEREST_SPAN_MS = 30 * DAY_MS
_SHORTEST_PERIOD_MS = INTERVALS_MS["5m"]
# Milliseconds since 1970 have 13; a number of thousands is none that Python would read.
_MAX_DIGITS = 16


class RequestError(Exception):
    """A request that Binance answers with an error code and status 400."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def klines_json(market: Market, now_ms: int, query: Mapping[str, str]) -> str:
    """Answer ``/fapi/v1/klines`` as of `now_ms`.

    With ``startTime`` the oldest ``limit`` candles from there on, else the newest ones up to
    ``endTime``; both bounds are inclusive and compared with the candle's opening.
    """
    _require_symbol(market, query)
    interval_ms = INTERVALS_MS.get(_required(query, "interval"))
    if interval_ms is None:
        raise RequestError(-1120, "Invalid interval.")
    limit = _limit(query, _KLINES_LIMIT, _KLINES_MAX)
    start_ms, end_ms = _bounds(query, now_ms)
    candles = _candles(market, interval_ms, start_ms, min(end_ms, now_ms), now_ms, limit)
    return compact([kline_row(interval_ms, candle) for candle in candles])


def open_interest_json(market: Market, now_ms: int, query: Mapping[str, str]) -> str:
    """Answer ``/futures/data/openInterestHist`` as of `now_ms`.

    The newest ``limit`` values up to ``endTime``, none before ``startTime``; of the last month
    only.
    """
    _require_symbol(market, query)
    period_ms = INTERVALS_MS.get(_required(query, "period"))
    if period_ms is None or period_ms < _SHORTEST_PERIOD_MS:
        raise RequestError(-1130, "parameter 'period' is invalid.")
    limit = _limit(query, _OPEN_INTEREST_LIMIT, _OPEN_INTEREST_MAX)
    start_ms, end_ms = _bounds(query, now_ms)
    oldest_ms = now_ms - _OPEN_INTEREST_SPAN_MS
    if 0 <= start_ms < oldest_ms:
        raise RequestError(-1130, "parameter 'startTime' is invalid.")
    end_ms = min(end_ms, now_ms)
    start_ms = max(start_ms, oldest_ms, end_ms - limit * period_ms + 1)
    known = market.open_interest(period_ms, start_ms, end_ms)
    return compact([open_interest_row(market.symbol, one) for one in known])


def funding_json(market: Market, now_ms: int, query: Mapping[str, str]) -> str:
    """Answer ``/fapi/v1/fundingRate`` as of `now_ms`.

    With ``startTime`` the oldest ``limit`` from there on, else the newest ones up to ``endTime``.
    """
    _require_symbol(market, query)
    limit = _limit(query, _FUNDING_LIMIT, _FUNDING_MAX)
    start_ms, end_ms = _bounds(query, now_ms)
    end_ms = min(end_ms, now_ms)
    if start_ms < 0:
        start_ms = max(end_ms - limit * FUNDING_MS + 1, 0)
    else:
        end_ms = min(end_ms, start_ms + limit * FUNDING_MS - 1)
    paid = market.funding(start_ms, end_ms)
    return compact([funding_row(market.symbol, one) for one in paid])


def _candles(
    market: Market, interval_ms: int, start_ms: int, last_open_ms: int, now_ms: int, limit: int
) -> list[Candle]:
    span_ms = limit * interval_ms
    # Up to the end of the candle that opens last, but never beyond now.
    end_ms = min(last_open_ms - last_open_ms % interval_ms + interval_ms, now_ms)
    # Times without trades have no candle, so the time looked at grows until there are enough.
    if start_ms < 0:
        found = market.candles(interval_ms, max(end_ms - span_ms, 0), end_ms)
        while len(found) < limit and span_ms < end_ms:
            span_ms *= 2
            found = market.candles(interval_ms, max(end_ms - span_ms, 0), end_ms)
        return found[-limit:]
    found = []
    while start_ms < end_ms and len(found) < limit:
        piece_end_ms = min(start_ms - start_ms % interval_ms + span_ms, end_ms)
        found += market.candles(interval_ms, start_ms, piece_end_ms)
        start_ms = piece_end_ms
        span_ms *= 2
    return found[:limit]


def _require_symbol(market: Market, query: Mapping[str, str]) -> None:
    if _required(query, "symbol") != market.symbol:
        raise RequestError(-1121, "Invalid symbol.")


def _limit(query: Mapping[str, str], default: int, largest: int) -> int:
    limit = _whole_number(query, "limit", default)
    if not 1 <= limit <= largest:
        raise RequestError(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit


def _bounds(query: Mapping[str, str], now_ms: int) -> tuple[int, int]:
    """Return ``startTime``, -1 where there is none, and ``endTime``; both inclusive."""
    start_ms = _whole_number(query, "startTime", -1)
    end_ms = _whole_number(query, "endTime", now_ms)
    if start_ms > end_ms:
        raise RequestError(-1023, "Start time is greater than end time.")
    return start_ms, end_ms


def _required(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise RequestError(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return value


def _whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise RequestError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return int(text)
