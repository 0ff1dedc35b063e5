"""Candles, open interest and funding of the hostile exchange, true and untrue.

A lie is one that a client can see through: another time, another order, impossible numbers, no
JSON. What the exchange has is a function of symbol and time, so that what was stored can be judged.
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from aiohttp import web

from Heatmap.storage.sqlite.connections import database_uri

MINUTE_MS = 60_000
_STEPS_MS = {"candles": MINUTE_MS, "open interest": 300_000}
# Of this many minutes the exchange has no candle of one.
_HOLE_IN = 97
# So long nobody answers where a request hangs; the client gives up before.
_HANG_S = 25.0


def candle(symbol: str, open_ms: int) -> tuple[float, float, float, float, float] | None:
    """Return open, high, low, close and USD traded of a minute; ``None``: there is no candle."""
    number = open_ms // MINUTE_MS * 7 + len(symbol) + ord(symbol[0])
    if number % _HOLE_IN == 0:
        return None
    price = 100.0 + number % 1000 / 100
    return price, price + 1.0, price - 1.0, price + 0.5, 1000.5 + number % 50


def open_interest(label_ms: int) -> float:
    """Return the open interest at a time, USD."""
    return 1e6 + label_ms // 300_000 % 1000


class HostileCandles:
    """Answers requests; of so many of them a `share` in a way that cannot be used.

    Parameters
    ----------
    rng
        Where every choice comes from; not that of what else the exchange does, as requests come
        when the client pleases.
    now_ms
        The exchange's time, UTC milliseconds.
    share
        Part of the requests that fail, hang or get a lie.
    """

    def __init__(self, rng: random.Random, now_ms: Callable[[], int], share: float = 0.4) -> None:
        self.share = share
        self.answered: Counter[str] = Counter()
        self._begun: set[str] = set()
        self._rng = rng
        self._now_ms = now_ms

    def add_routes(self, app: web.Application) -> None:
        """Serve what a recorder asks for."""
        for path, rows in (
            ("/fapi/v1/klines", self._klines),
            ("/futures/data/openInterestHist", self._interest),
            ("/fapi/v1/fundingRate", self._funding),
        ):
            app.router.add_get(path, self._answering(rows))

    def _answering(self, rows: Callable[[str, int, int], Iterator[Any]]) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            query = request.query
            start_ms, end_ms = int(query["startTime"]), int(query["endTime"]) + 1
            true = list(rows(query["symbol"], start_ms, min(end_ms, self._now_ms())))
            true = true[: int(query["limit"])]
            fault = self._rng.choice(_FAULTS) if self._rng.random() < self.share else "true"
            if query["symbol"] not in self._begun:
                # The first answer, so that a short run has something that can be judged.
                fault = "true"
            self._begun.add(query["symbol"])
            self.answered[fault] += 1
            if fault == "hang":
                await asyncio.sleep(_HANG_S)
            if fault in ("hang", "reset"):
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            return self._told(fault, true)

        return answer

    def _told(self, fault: str, true: list[Any]) -> web.Response:
        text = json.dumps(true)
        status, body = {
            "error": (500, b"<html>try again</html>"),
            "too many": (429, b"{}"),
            "garbage": (200, b"\xff\xfe[" + text.encode()[:200]),
            "cut off": (200, text[: len(text) // 2].encode() + b"["),
            "other order": (200, json.dumps(true[::-1] if len(true) > 1 else "nothing").encode()),
            "other time": (200, json.dumps([_moved(row) for row in true]).encode()),
            "absurd": (200, json.dumps([_absurd(row) for row in true]).encode()),
        }.get(fault, (200, text.encode()))
        headers = {"Retry-After": "1"} if status == 429 else {}
        return web.Response(
            status=status, headers=headers, body=body, content_type="application/json"
        )

    def _klines(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[list[Any]]:
        for at in range(-(-start_ms // MINUTE_MS) * MINUTE_MS, end_ms, MINUTE_MS):
            found = candle(symbol, at)
            if found is not None:
                *prices, usd = found
                yield [
                    *(at, *map(str, prices), "10", at + MINUTE_MS - 1, str(usd)),
                    *(5, "4", str(usd / 2), "0"),
                ]

    def _interest(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[dict[str, Any]]:
        for at in range(-(-start_ms // 300_000) * 300_000, end_ms, 300_000):
            yield {
                "symbol": symbol,
                "sumOpenInterestValue": str(open_interest(at)),
                "timestamp": at,
            }

    def _funding(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[dict[str, Any]]:
        for at in range(-(-start_ms // 28_800_000) * 28_800_000, end_ms, 28_800_000):
            yield {"symbol": symbol, "fundingRate": "0.0001", "fundingTime": at}


_FAULTS = (
    *("error", "too many", "hang", "reset", "garbage", "cut off"),
    *("other order", "other time", "absurd"),
)


def _moved(row: Any, by_ms: int = -90 * 86_400_000) -> Any:
    if isinstance(row, list):
        return [row[0] + by_ms, *row[1:6], row[6] + by_ms, *row[7:]]
    return {key: one + by_ms if isinstance(one, int) else one for key, one in row.items()}


def _absurd(row: Any) -> Any:
    if isinstance(row, list):
        return [row[0], "-1", "1e400", "NaN", row[4], *row[5:]]
    return {
        key: "-7e99" if isinstance(one, str) and key != "symbol" else one
        for key, one in row.items()
    }


def candle_faults(database: Path, symbols: tuple[str, ...]) -> tuple[list[str], int]:
    """Compare what a file holds with what the exchange has.

    Returns
    -------
    tuple
        What is wrong, a line each: a minute that counts as fetched and is not there, or a value
        that is not the exchange's; and how many minutes count as fetched.
    """
    faults, minutes = [], 0
    with closing(sqlite3.connect(database_uri(database, "mode=ro"), uri=True)) as connection:
        try:
            spans = connection.execute(
                "SELECT symbol, series, start_ms, end_ms FROM fetched_spans"
            ).fetchall()
        except sqlite3.OperationalError:
            # Killed before the file had the table.
            return [], 0
        rows = {
            (symbol, open_ms): tuple(values)
            for symbol, open_ms, *values in connection.execute(
                "SELECT symbol, open_ms, open, high, low, close, quote_volume FROM candles_1m"
            )
        }
        interest = {
            (symbol, label_ms): usd
            for symbol, label_ms, usd in connection.execute(
                "SELECT symbol, label_ms, usd FROM open_interest_5m"
            )
        }
    for symbol, series, start_ms, end_ms in spans:
        step_ms = _STEPS_MS.get(series)
        if step_ms is None or symbol not in symbols:
            continue
        for at in range(-(-start_ms // step_ms) * step_ms, end_ms, step_ms):
            if series == "candles":
                minutes += 1
                if rows.get((symbol, at)) != candle(symbol, at):
                    faults.append(f"{symbol} {at}: {rows.get((symbol, at))}")
            elif interest.get((symbol, at)) != open_interest(at):
                faults.append(f"{symbol} open interest {at}: {interest.get((symbol, at))}")
    faults += [
        f"{symbol} {at}: of no time of the exchange's"
        for (symbol, at), values in rows.items()
        if values != candle(symbol, at)
    ]
    return faults, minutes
