"""The exchange's list of instruments: asked for gently, and again where it may be out of date."""

import asyncio
from collections.abc import Callable
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from Heatmap.runtime.compat import override
from Heatmap.standalone import instrument_list
from Heatmap.standalone.instrument_list import InstrumentList
from Heatmap.standalone.sources import Source
from Heatmap.standalone.symbol_list import ListNotice
from Heatmap.tests.two_symbol_exchange import TwoSymbolExchange

RETRY_S = 0.3


class ListingExchange(TwoSymbolExchange):
    """Counts how often its instruments are asked for, and refuses as it is told."""

    def __init__(self) -> None:
        super().__init__()
        #: When each request came, by the monotonic clock.
        self.asked_s: list[float] = []
        self.refusal: int | None = None

    @override
    async def _exchange_info(self, request: web.Request) -> web.Response:
        self.asked_s.append(monotonic())
        if self.refusal is not None:
            return web.Response(status=self.refusal, text="<html>")
        return await super()._exchange_info(request)


def source_of(exchange: ListingExchange) -> Source:
    nothing = cast("Any", SimpleNamespace())
    return Source(nothing, "Binance", lambda: 0, exchange.rest_url, exchange.ws_url)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another thread serves
            await asyncio.sleep(0.01)


def test_a_list_that_does_not_come_is_said_and_not_asked_for_with_each_key() -> None:
    async def search() -> None:
        with ListingExchange() as exchange:
            source, told = source_of(exchange), []
            listed = InstrumentList(lambda: told.append(listed.state), RETRY_S)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(listed.run())
                exchange.refusal = 503
                listed.want(source)
                assert listed.state is ListNotice.ASKING
                await until(lambda: told == [ListNotice.FAILED])
                exchange.refusal = None
                # Many letters are typed, until they find something.
                async with asyncio.timeout(20):
                    while not told[1:]:
                        listed.want(source)
                        assert listed.state is ListNotice.FAILED
                        await asyncio.sleep(0.001)
                first_s, again_s = exchange.asked_s
                assert again_s - first_s >= RETRY_S
                assert told[1:] == [None]
                assert set(source.listed) == {"BTCUSDT", "ETHUSDT"}
                running.cancel()

    asyncio.run(search())


def test_a_list_is_asked_for_again_when_there_may_be_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def search() -> None:
        with ListingExchange() as exchange:
            source, told = source_of(exchange), []
            listed = InstrumentList(lambda: told.append(listed.state), RETRY_S)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(listed.run())
                listed.want(source)
                await until(lambda: told == [None])
                listed.want(source)
                await asyncio.sleep(0)
                monkeypatch.setattr(instrument_list, "FRESH_S", 0.0)
                exchange.refusal = 503
                listed.want(source)
                await until(lambda: len(told) == 2)
                assert len(exchange.asked_s) == 2
                # What was known stays, and nothing is the matter.
                assert told[1] is None
                assert set(source.listed) == {"BTCUSDT", "ETHUSDT"}
                running.cancel()

    asyncio.run(search())
