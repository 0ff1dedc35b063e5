"""One page of candles over HTTP, and why the exchange refuses one, in its own words."""

import asyncio
import json
from typing import Any

from Heatmap import failure_text
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.rest_client import RestAnswer, RestClient
from Heatmap.standalone.exchange.market import Candle
from Heatmap.standalone.exchange.wire import parse_kline_rows

PAGE_CANDLES = 1500
"""So many candles the exchange sends at most in one answer."""
LARGEST_ANSWER_BYTES = 2**20
"""Limit of an answer: a page takes about 250 kB."""
_INVALID_SYMBOL = -1121


class CandleFeedError(Exception):
    """The feed of candles has to begin again; `failure` says why."""

    def __init__(self, failure: Failure, *, is_symbol_unknown: bool = False) -> None:
        super().__init__(failure_text(failure))
        self.failure = failure
        self.is_symbol_unknown = is_symbol_unknown


async def fetch_page(
    client: RestClient, symbol: str, interval: str, limit: int, end_ms: int | None
) -> list[Candle]:
    """Ask for the newest candles that open up to a time.

    Parameters
    ----------
    client
        Connected to the exchange.
    symbol, interval
        As ``BTCUSDT`` and ``1m``.
    limit
        How many, at most `PAGE_CANDLES`.
    end_ms
        The time, UTC milliseconds; ``None``: now, so that the last one is in progress.

    Returns
    -------
    list of Candle
        Oldest first; fewer than `limit` where the market has no older ones.

    Raises
    ------
    CandleFeedError
        The exchange refuses.
    HeatmapError
        No answer came, or none that can be read.
    """
    query = {"symbol": symbol, "interval": interval, "limit": str(limit)}
    if end_ms is not None:
        query["endTime"] = str(end_ms)
    answer = await client.get("/fapi/v1/klines", query)
    if (refusal := answer.refusal) is not None:
        raise _in_its_words(refusal, answer)
    candles: list[Candle] = []
    for one in parse_kline_rows(answer.body, are_all_closed=end_ms is not None):
        candles += one
        # The window is drawn and heard in between.
        await asyncio.sleep(0)
    return candles


def _in_its_words(refusal: Failure, answer: RestAnswer) -> CandleFeedError:
    """Say why a request was refused, in the exchange's words where it gives any."""
    try:
        told: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return CandleFeedError(refusal)
    if refusal.hold_s is None and isinstance(told, dict) and "msg" in told:
        code = told.get("code")
        values = {"reason": ascii(str(told["msg"])[:80])[1:-1], "code": str(code)[:20]}
        failure = Failure(FailureKind.REQUEST_REFUSED, values)
        return CandleFeedError(failure, is_symbol_unknown=code == _INVALID_SYMBOL)
    return CandleFeedError(refusal)
