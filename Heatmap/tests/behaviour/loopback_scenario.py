"""A loopback exchange on real sockets whose clock a test moves by hand."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket

# Eight seconds before a full hour, so that candles end.
START_MS = 1_795_176_000_000 - 8000
TIMEOUT_S = 10.0


class Hand:
    """A data clock that the test moves; read by the exchange's thread."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def run(
    scenario: Callable[[LoopbackExchange, Hand], Awaitable[None]],
    market: SimulatedMarket | None = None,
    speed: float | None = 1.0,
    **options: float,
) -> None:
    async def main() -> None:
        hand = Hand()
        exchange = LoopbackExchange(market or SimulatedMarket(3), hand, speed, **options)
        await exchange.start()
        try:
            async with asyncio.timeout(6 * TIMEOUT_S):
                await scenario(exchange, hand)
        finally:
            await exchange.stop()
        assert "loopback exchange" not in {thread.name for thread in threading.enumerate()}

    asyncio.run(main())


@asynccontextmanager
async def connected(exchange: LoopbackExchange, path: str) -> AsyncIterator[ClientConnection]:
    async with connect(exchange.ws_url + path, proxy=None, close_timeout=0.2) as connection:
        yield connection


async def ask(connection: ClientConnection, method: str, *params: str, number: int = 1) -> Any:
    """Send a command and return its answer; frames before it are dropped."""
    await connection.send(json.dumps({"method": method, "params": params, "id": number}))
    while True:
        answer = json.loads(await connection.recv())
        if answer.get("id") == number:
            return answer


async def collect(connection: ClientConnection, is_last: Callable[[Any], bool]) -> list[Any]:
    """Return what comes, up to and with the frame that `is_last`."""
    frames = []
    while True:
        frames.append(json.loads(await connection.recv()))
        if is_last(frames[-1]):
            return frames


def is_heartbeat_at(ts_ms: int) -> Callable[[Any], bool]:
    def check(frame: Any) -> bool:
        payload = frame.get("data", frame)
        return bool(payload.get("e") == "markPriceUpdate" and payload["E"] >= ts_ms)

    return check


async def rest(exchange: LoopbackExchange, path: str, **query: object) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            exchange.rest_url + path, params={name: str(value) for name, value in query.items()}
        ) as response,
    ):
        return response.status, await response.json()
