"""Askers have turns, streams take no route's threads, and the end answers whoever waits."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from Heatmap.errors import StorageError
from Heatmap.server.problems import ProblemError
from Heatmap.server.work import ASKER, MOST_WAITING, Work


class Scene:
    def __init__(self) -> None:
        self.work, self.gate, self.order = Work(), threading.Event(), list[str]()

    def begin(self, asker: str, name: str = "") -> "asyncio.Task[None]":
        async def ask() -> None:
            ASKER.set(asker)
            await self.work.slow(lambda: self.call(name or asker))

        return asyncio.create_task(ask())

    def call(self, name: str) -> None:
        assert self.gate.wait(10)
        self.order.append(name)


def scene(script: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        world = Scene()
        try:
            await script(world)
        finally:
            world.gate.set()
            world.work.close()

    asyncio.run(main())


def test_who_asks_for_much_waits_for_himself_and_others_have_turns() -> None:
    async def script(world: Scene) -> None:
        greedy = [world.begin("greedy") for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        modest = world.begin("modest")
        await asyncio.sleep(0)
        with pytest.raises(ProblemError):
            await world.begin("greedy")
        world.gate.set()
        await modest
        # Those that ran already, and perhaps as many that ended in the same moment.
        assert world.order.index("modest") <= 4
        await asyncio.gather(*greedy)

    scene(script)


def test_states_of_streams_keep_no_route_waiting() -> None:
    async def script(world: Scene) -> None:
        states = [
            asyncio.create_task(world.work.state(number, lambda: world.call("state")))
            for number in range(MOST_WAITING * 8)
        ]
        await asyncio.sleep(0)
        assert await world.work.slow(lambda: 7) == 7
        greedy = world.begin("greedy")
        await asyncio.sleep(0)
        # What is kept for all has other threads than what one asker chose.
        assert await world.work.slow(lambda: 9, is_kept=True) == 9
        assert await world.work.quick(lambda: 8) == 8
        assert world.order == []
        world.gate.set()
        await asyncio.gather(greedy, *states)

    scene(script)


def test_who_goes_away_before_his_turn_is_not_worked_for() -> None:
    async def script(world: Scene) -> None:
        first = [world.begin("a"), world.begin("a")]
        gone = world.begin("a", "gone")
        last = world.begin("a", "last")
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        world.gate.set()
        await asyncio.gather(*first, last)
        assert world.order == ["a", "a", "last"]

    scene(script)


def test_the_end_is_told_to_all_who_wait_or_ask_then() -> None:
    async def script(world: Scene) -> None:
        waiting = [world.begin("a") for _ in range(5)]
        await asyncio.sleep(0)
        world.work.close()
        for one in waiting:
            with pytest.raises(StorageError, match="is stopping"):
                await one
        with pytest.raises(StorageError, match="is stopping"):
            await world.work.quick(lambda: 1)

    scene(script)
