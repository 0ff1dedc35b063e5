"""Candles, open interest and funding of Binance: what to ask for, how to read answers. Pure.

Addresses, limits and shapes: https://developers.binance.com/docs/derivatives/usds-margined-futures.
An answer is another machine's word: what is out of order, of another time than was asked for, or
an absurd number gives one reason, and nothing of it is repaired.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from Heatmap.domain.candles import (
    DAY_MS,
    MINUTE_MS,
    OPEN_INTEREST_DELAY_MS,
    OPEN_INTEREST_STEP_MS,
    Candle,
    Funding,
    OpenInterest,
    Series,
    Value,
)
from Heatmap.errors import ExchangeError
from Heatmap.ingestion.candles.fetch_plan import Request, SeriesRules
from Heatmap.ingestion.venue import Answer
from Heatmap.ingestion.venues.binance.klines import read_candle, read_number
from Heatmap.ingestion.venues.binance.streams import candle_subscription, with_candles
from Heatmap.ingestion.venues.numbers import read_decimal
from Heatmap.runtime.outside_text import shown_value

#: With more bad values the answer as a whole is not believed.
MOST_BAD_VALUES = 10
_ROW_LENGTH = 8
_TAKER_QUOTE, _TRADES, _QUOTE = 10, 8, 7
_LARGEST_RATE = 0.1


#: A tenth of what the exchange allows one address.
RULES: Mapping[Series, SeriesRules] = MappingProxyType(
    {
        # Weight 2 for up to 499 rows; 2,400 a minute are allowed. A minute's last push may be late.
        Series.CANDLES: SeriesRules(
            path="/fapi/v1/klines",
            most_rows=499,
            page_ms=499 * MINUTE_MS,
            spacing_s=0.5,
            poll_ms=MINUTE_MS,
            lag_ms=8_000,
            settle_ms=0,
        ),
        # 500 requests in 5 minutes; at most one value an hour, so that 40 days are 960 rows.
        Series.FUNDING: SeriesRules(
            path="/fapi/v1/fundingRate",
            most_rows=1000,
            page_ms=40 * DAY_MS,
            spacing_s=6.0,
            poll_ms=3_600_000,
            lag_ms=10 * MINUTE_MS,
            settle_ms=0,
        ),
        # 1,000 requests in 5 minutes; the last month only.
        Series.OPEN_INTEREST: SeriesRules(
            path="/futures/data/openInterestHist",
            most_rows=500,
            page_ms=499 * OPEN_INTEREST_STEP_MS,
            spacing_s=3.0,
            poll_ms=OPEN_INTEREST_STEP_MS,
            lag_ms=OPEN_INTEREST_DELAY_MS,
            settle_ms=30 * MINUTE_MS,
            longest_ms=29 * DAY_MS,
        ),
    }
)

# A few rows cost half as much as many.
_FEW_ROWS = 99


def query(request: Request) -> dict[str, str]:
    """Return a request's parameters."""
    # The exchange's bounds are both inclusive.
    asked = {
        "symbol": request.symbol,
        "startTime": str(request.start_ms),
        "endTime": str(request.end_ms - 1),
        "limit": str(rows_of(request)),
    }
    if request.series is Series.CANDLES:
        asked["interval"] = "1m"
    elif request.series is Series.OPEN_INTEREST:
        asked["period"] = "5m"
    return asked


def rows_of(request: Request) -> int:
    """Return how many rows are asked for."""
    if request.is_probe:
        return 1
    rules = RULES[request.series]
    steps = (request.end_ms - request.start_ms) // request.series.step_ms
    return _FEW_ROWS if steps <= _FEW_ROWS else rules.most_rows


def parse_answer(request: Request, body: bytes) -> Answer:
    """Read the answer to a request.

    Parameters
    ----------
    request
        What was asked for.
    body
        The answer.

    Raises
    ------
    ExchangeError
        It is not such an answer: another shape, out of order, a time twice, of another time than
        was asked for, or with many bad numbers. One line says which.
    """
    series, symbol, rows = request.series, request.symbol, rows_of(request)
    start_ms, end_ms = request.span
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        raise _odd(series, f"expected JSON, got {shown_value(body)}") from None
    if not isinstance(listed, list):
        raise _odd(series, f"expected a list, got {shown_value(listed)}")
    if len(listed) > rows:
        raise _odd(series, f"expected up to {rows} rows, got {len(listed)}")
    values: list[Value] = []
    bad_ms: list[int] = []
    reason = ""
    last_ms = -1
    for row in listed:
        ts_ms = _time_of(series, symbol, row)
        if not start_ms <= ts_ms < end_ms:
            raise _odd(series, f"{ts_ms} lies outside of {start_ms} to {end_ms}, asked for")
        if ts_ms % series.step_ms:
            raise _odd(series, f"{ts_ms} is no multiple of {series.step_ms} ms")
        if ts_ms <= last_ms:
            word = "comes twice" if ts_ms == last_ms else f"comes after {last_ms}"
            raise _odd(series, f"{ts_ms} {word}")
        last_ms = ts_ms
        try:
            values.append(_READERS[series](ts_ms, row))
        except (ValueError, LookupError, TypeError) as error:
            bad_ms.append(ts_ms)
            reason = reason or f"at {ts_ms}: {error}"
    if len(bad_ms) > MOST_BAD_VALUES:
        raise _odd(series, f"{len(bad_ms)} bad values, the first: {reason}")
    return Answer(tuple(values), tuple(bad_ms), reason)


def _candle(open_ms: int, row: Sequence[object]) -> Candle:
    if len(row) < _ROW_LENGTH:
        raise ValueError(f"expected {_ROW_LENGTH} fields or more, got {len(row)}")
    taker = row[_TAKER_QUOTE] if len(row) > _TAKER_QUOTE else None
    trades = row[_TRADES] if len(row) > _TRADES else None
    return read_candle(open_ms, [*row[1:5], row[_QUOTE], taker, trades])


def _open_interest(label_ms: int, row: Mapping[str, object]) -> OpenInterest:
    return OpenInterest(label_ms, read_number("open interest", row["sumOpenInterestValue"], 1e-6))


def _funding(paid_ms: int, row: Mapping[str, object]) -> Funding:
    text = row["fundingRate"]
    sign, digits = (-1.0, text[1:]) if isinstance(text, str) and text[:1] == "-" else (1.0, text)
    rate = read_decimal(digits)
    if rate is None or rate >= _LARGEST_RATE:
        raise ValueError(f"a rate of {shown_value(text)}")
    return Funding(paid_ms, sign * rate)


_READERS: Mapping[Series, Callable[..., Value]] = MappingProxyType(
    {
        Series.CANDLES: _candle,
        Series.OPEN_INTEREST: _open_interest,
        Series.FUNDING: _funding,
    }
)


def _time_of(series: Series, symbol: str, row: object) -> int:
    if series is Series.CANDLES:
        value = row[0] if isinstance(row, list) and row else None
    else:
        fields = row if isinstance(row, dict) else {}
        value = fields.get("timestamp" if series is Series.OPEN_INTEREST else "fundingTime")
        if fields.get("symbol", symbol) != symbol:
            raise _odd(series, f"expected {symbol}, got {shown_value(fields['symbol'])}")
    if type(value) is not int:
        raise _odd(series, f"expected rows with their time, got {shown_value(row)}")
    return value


def _odd(series: Series, why: str) -> ExchangeError:
    return ExchangeError(f"{series.value} as documented: {why}")


class BinanceMarketData:
    """A `Heatmap.ingestion.venue.MarketData`; its methods are described there."""

    rules = RULES

    def stream_url(self, url: str, symbols: Sequence[str]) -> str:
        """Return the address with candles."""
        return with_candles(url, symbols)

    def subscription(self, symbols: Sequence[str], *, ends: bool = False) -> str:
        """Return the message."""
        return candle_subscription(symbols, ends=ends)

    def query(self, request: Request) -> Mapping[str, str]:
        """Return a request's parameters."""
        return query(request)

    def parse(self, request: Request, body: bytes) -> Answer:
        """Read an answer."""
        return parse_answer(request, body)
