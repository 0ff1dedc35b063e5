"""Binance's wire format: what the loopback exchange sends and the candle feed reads. Pure.

Numbers travel as strings, times as whole milliseconds, as in Binance's documentation of the USD-M
market streams and ``/fapi/v1``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.venues.numbers import LARGEST_NUMBER, LATEST_MS, SMALLEST_NUMBER
from Heatmap.standalone.exchange.market import FUNDING_MS, Candle, Funding, OpenInterest

SLICE_CANDLES = 150
"""So many are read without a break: that takes about a millisecond."""

_ROW_LENGTH = 6
# float() also takes "1_000", "nan" and other scripts' digits, and any number of digits.
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_SHOWN_CHARS = 80


def compact(value: object) -> str:
    """Return JSON without blanks, as the exchange sends it."""
    return json.dumps(value, separators=(",", ":"))


def enveloped(stream: str, payload: Mapping[str, Any]) -> str:
    """Return the frame of a combined connection (``/stream``)."""
    return compact({"stream": stream, "data": payload})


def force_order_stream(payload: Mapping[str, Any]) -> str:
    """Return the name of the stream of one symbol that carries a ``forceOrder`` payload."""
    return f"{payload['o']['s'].lower()}@forceOrder"


def number_text(value: float) -> str:
    """Return a number as the exchange writes it: decimal, at most eight places."""
    return f"{value:.8f}".rstrip("0").rstrip(".")


def next_funding_ms(ts_ms: int) -> int:
    """Return when funding is paid next after a time, UTC milliseconds."""
    return (ts_ms // FUNDING_MS + 1) * FUNDING_MS


def mark_price_payload(
    symbol: str, ts_ms: int, price: float, funding_rate: float | None = None
) -> dict[str, Any]:
    """Return a ``markPriceUpdate``, the heartbeat.

    Parameters
    ----------
    symbol
        Whose.
    ts_ms
        When, UTC milliseconds.
    price
        USD.
    funding_rate
        What is paid next, 0.0001 is 0.01 %; ``None``: unknown, which is sent as an empty text.
    """
    text = f"{price:.8f}"
    return {
        "e": "markPriceUpdate",
        "E": ts_ms,
        "s": symbol,
        "p": text,
        "i": text,
        "P": text,
        "r": "" if funding_rate is None else f"{funding_rate:.8f}",
        "T": next_funding_ms(ts_ms),
    }


def kline_payload(
    symbol: str, interval: str, interval_ms: int, candle: Candle, ts_ms: int
) -> dict[str, Any]:
    """Return a ``kline`` event pushed at `ts_ms`; what is not known is null."""
    return {
        "e": "kline",
        "E": ts_ms,
        "s": symbol,
        "k": {
            "t": candle.open_ms,
            "T": candle.open_ms + interval_ms - 1,
            "s": symbol,
            "i": interval,
            "f": 0,
            "L": 0,
            "o": number_text(candle.open),
            "c": number_text(candle.close),
            "h": number_text(candle.high),
            "l": number_text(candle.low),
            "v": number_text(candle.volume),
            "n": candle.trades,
            "x": candle.is_closed,
            "q": _known_text(candle.quote_volume),
            "V": _known_text(_taker_coins(candle)),
            "Q": _known_text(candle.taker_buy_quote),
            "B": "0",
        },
    }


def kline_row(interval_ms: int, candle: Candle) -> list[Any]:
    """Return a row of ``/fapi/v1/klines``; what is not known is null."""
    return [
        candle.open_ms,
        number_text(candle.open),
        number_text(candle.high),
        number_text(candle.low),
        number_text(candle.close),
        number_text(candle.volume),
        candle.open_ms + interval_ms - 1,
        _known_text(candle.quote_volume),
        candle.trades,
        _known_text(_taker_coins(candle)),
        _known_text(candle.taker_buy_quote),
        "0",
    ]


def open_interest_row(symbol: str, known: OpenInterest) -> dict[str, Any]:
    """Return an entry of ``/futures/data/openInterestHist``."""
    return {
        "symbol": symbol,
        "sumOpenInterest": f"{known.coins:.8f}",
        "sumOpenInterestValue": f"{known.usd:.8f}",
        "timestamp": known.ts_ms,
    }


def funding_row(symbol: str, paid: Funding) -> dict[str, Any]:
    """Return an entry of ``/fapi/v1/fundingRate``."""
    return {
        "symbol": symbol,
        "fundingTime": paid.ts_ms,
        "fundingRate": f"{paid.rate:.8f}",
        "markPrice": f"{paid.mark_price:.8f}",
    }


def exchange_info(symbol: str, tick_size: Decimal, now_ms: int) -> dict[str, Any]:
    """Return the answer of ``/fapi/v1/exchangeInfo`` for the one symbol there is."""
    base, quote = symbol.removesuffix("USDT"), "USDT"
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 2400,
            }
        ],
        "exchangeFilters": [],
        "symbols": [
            {
                "symbol": symbol,
                "pair": symbol,
                "contractType": "PERPETUAL",
                "status": "TRADING",
                "baseAsset": base,
                "quoteAsset": quote,
                "marginAsset": quote,
                "pricePrecision": 2,
                "quantityPrecision": 3,
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "tickSize": str(tick_size),
                        "minPrice": str(tick_size),
                        "maxPrice": "10000000",
                    },
                    {
                        "filterType": "LOT_SIZE",
                        "minQty": "0.001",
                        "maxQty": "1000",
                        "stepSize": "0.001",
                    },
                ],
            }
        ],
    }


def parse_kline_rows(text: str | bytes, *, are_all_closed: bool) -> Iterator[list[Candle]]:
    """Read the answer of ``/fapi/v1/klines`` in slices, oldest first.

    The last candle counts as in progress unless `are_all_closed`; those before it are over. A page
    of 1,500 takes 9 ms as a whole: a loop does other things between two slices.

    Yields
    ------
    list of Candle
        At most `SLICE_CANDLES`.

    Raises
    ------
    ExchangeError
        It is not such an answer, or not in order; then nothing that was yielded is to be used.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"candles must be JSON, got {_shown(text)}") from error
    if not isinstance(rows, list):
        raise ExchangeError(f"candles must be a list, got {_shown(text)}")
    last: Candle | None = None
    for first in range(0, len(rows), SLICE_CANDLES):
        candles: list[Candle] = []
        for index, row in enumerate(rows[first : first + SLICE_CANDLES], first):
            if not isinstance(row, list) or len(row) < _ROW_LENGTH or not _is_time(row[0]):
                raise ExchangeError(
                    f"a candle must be a list of {_ROW_LENGTH} or more, got {_shown(row)}"
                )
            if last is not None and row[0] <= last.open_ms:
                raise ExchangeError(f"candles must come in order, got {row[0]} after {last!r:.80}")
            is_closed = are_all_closed or index + 1 < len(rows)
            last = _candle(row[0], row[1:_ROW_LENGTH], is_closed=is_closed)
            candles.append(last)
        yield candles


def parse_kline_frame(text: str | bytes, symbol: str, interval: str) -> Candle | None:
    """Read a frame of a kline connection, enveloped or not; ``None`` for any other frame.

    Raises
    ------
    ExchangeError
        It is a kline of this symbol and interval, but not readable.
    """
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"a frame must be JSON, got {_shown(text)}") from error
    payload = frame.get("data", frame) if isinstance(frame, dict) else None
    if not isinstance(payload, dict) or payload.get("e") != "kline":
        return None
    kline = payload.get("k")
    if not isinstance(kline, dict) or not _is_time(kline.get("t")):
        raise ExchangeError(f"a kline must hold its candle in k, got {_shown(text)}")
    if kline.get("s") != symbol or kline.get("i") != interval:
        return None
    values = [kline.get(name) for name in ("o", "h", "l", "c", "v")]
    return _candle(kline["t"], values, is_closed=bool(kline.get("x")))


def _known_text(value: float | None) -> str | None:
    return None if value is None else number_text(value)


def _taker_coins(candle: Candle) -> float | None:
    """Return what buyers took in coins: their part of the USD is their part of the coins."""
    if candle.taker_buy_quote is None or candle.quote_volume is None:
        return None
    part = candle.taker_buy_quote / candle.quote_volume if candle.quote_volume else 0.0
    return candle.volume * part


def _is_time(value: object) -> bool:
    return type(value) is int and 0 <= value < LATEST_MS


def _candle(open_ms: int, values: list[Any], *, is_closed: bool) -> Candle:
    try:
        open_usd, high, low, close, volume = map(_number, values)
    except ValueError as error:
        raise ExchangeError(f"a candle's prices must be numbers, got {_shown(values)}") from error
    if not SMALLEST_NUMBER <= low <= min(open_usd, close) <= max(open_usd, close) <= high:
        raise ExchangeError(f"a candle needs 0 < low <= open, close <= high, got {_shown(values)}")
    return Candle(open_ms, open_usd, high, low, close, volume, is_closed)


def _number(value: object) -> float:
    """Read a number that is not negative, as text or as a number of JSON."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    # Compared before the conversion: an integer of JSON can be larger than any float.
    if type(value) in (int, float) and 0 <= value < LARGEST_NUMBER:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    raise ValueError("no number")


def _shown(value: object) -> str:
    """Return what came as one short line."""
    text = value if isinstance(value, str | bytes) else repr(value)
    return ascii(text[:_SHOWN_CHARS])
