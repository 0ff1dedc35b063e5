"""Answers are computed once for all, and the one before is given meanwhile, but not for long."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from Heatmap.errors import StorageError
from Heatmap.server.answer_cache import FRESH_S, STALE_S, Answer, AnswerCache
from Heatmap.server.json_answer import pack
from Heatmap.server.problems import ProblemError
from Heatmap.server.work import MOST_WAITING, Work


class Maker:
    """Makes answers when it is let, and counts them."""

    def __init__(self) -> None:
        self.gate, self.made, self.error = threading.Event(), 0, False
        self.gate.set()

    def __call__(self, before: Answer | None) -> Answer:
        assert self.gate.wait(10)
        if self.error:
            raise StorageError("the database is gone")
        self.made += 1
        assert (before is None) == (self.made == 1)
        return Answer(self.made, pack({"n": self.made}))


class Scene:
    def __init__(self) -> None:
        self.now_s, self.maker, self.work = 100.0, Maker(), Work()
        self.cache = AnswerCache(self.work, lambda: self.now_s)

    async def get(self) -> bytes:
        return (await self.cache.get("key", self.maker)).body

    async def until_made(self, count: int) -> None:
        async with asyncio.timeout(10):
            # Made in a worker thread, which sets nothing.
            while self.maker.made < count or self.cache._entries["key"].task is not None:  # noqa: ASYNC110
                await asyncio.sleep(0)


def scene(script: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        world = Scene()
        try:
            await script(world)
        finally:
            world.maker.gate.set()
            await world.cache.close()
            world.work.close()

    asyncio.run(main())


def test_many_who_ask_at_once_get_one_answer() -> None:
    async def script(world: Scene) -> None:
        found = await asyncio.gather(*(world.get() for _ in range(20)))
        assert (set(found), world.maker.made) == ({b'{"n":1}'}, 1)
        world.now_s += FRESH_S * 0.9
        assert await world.get() == b'{"n":1}'
        assert world.maker.made == 1

    scene(script)


def test_the_one_before_is_given_while_the_next_is_made_and_then_that() -> None:
    async def script(world: Scene) -> None:
        await world.get()
        world.maker.gate.clear()
        world.now_s += STALE_S * 0.9
        assert await world.get() == b'{"n":1}'
        assert await world.get() == b'{"n":1}'
        world.maker.gate.set()
        await world.until_made(2)
        assert await world.get() == b'{"n":2}'
        assert world.maker.made == 2

    scene(script)


def test_one_that_is_too_old_is_not_given_and_a_fault_is_told_then() -> None:
    async def script(world: Scene) -> None:
        await world.get()
        world.maker.error = True
        world.now_s += STALE_S * 0.9
        assert await world.get() == b'{"n":1}'
        world.now_s += STALE_S * 0.2
        with pytest.raises(StorageError):
            await world.get()
        world.maker.error = False
        assert await world.get() == b'{"n":2}'

    scene(script)


def test_more_than_can_be_computed_soon_is_refused() -> None:
    async def script(world: Scene) -> None:
        world.maker.gate.clear()
        waiting = [
            asyncio.create_task(world.work.slow(world.maker.gate.wait)) for _ in range(MOST_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as caught:
            await world.work.slow(lambda: None)
        assert caught.value.status == 503
        world.maker.gate.set()
        assert all(await asyncio.gather(*waiting))
        assert await world.work.slow(lambda: 7) == 7

    scene(script)
