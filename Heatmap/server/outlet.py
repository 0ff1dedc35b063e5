"""Clusters and levels for whoever hands them on, such as to Redis: what streams are told."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.errors import StorageError
from Heatmap.server.context import ServerContext
from Heatmap.server.routes.stream_routes import wish_of
from Heatmap.server.streams.hub import Start

_TOPICS = "clusters,levels"
_RETRY_S = 1.0


class Outlet(Protocol):
    """Takes what has changed. Its methods are called in the server's threads and return at once."""

    def offer(self, what: str, instrument: str, data: bytes, /) -> None:
        """Take an instrument's ``clusters`` or ``levels`` as JSON, as the server answers them."""

    def facts(self) -> Mapping[str, Any]:
        """Return how it fares, as plain data."""


async def feed(context: ServerContext, outlet: Outlet) -> None:
    """Offer the clusters and levels of all recorded symbols, until it is cancelled."""
    symbols = [one for one in context.parts.settings().symbols if one != ALL_SYMBOLS]
    async with asyncio.TaskGroup() as tasks:
        for symbol in symbols or ["BTCUSDT"]:
            tasks.create_task(_feed_one(context, outlet, symbol), name=f"Heatmap outlet {symbol}")


async def _feed_one(context: ServerContext, outlet: Outlet, symbol: str) -> None:
    wish = wish_of(context, symbol, _TOPICS)
    while True:
        try:
            async with context.streams.opened(wish, Start(0)) as messages:
                async for news in messages:
                    for one in news:
                        if one.name != "ready":
                            outlet.offer(one.name, symbol, one.data)
        except StorageError:
            pass  # the recorder tells what is amiss with it
        await asyncio.sleep(_RETRY_S)
