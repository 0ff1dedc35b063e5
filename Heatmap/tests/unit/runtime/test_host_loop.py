"""Turns in a loop that the host may close, and what comes back from a worker too late."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from Heatmap.runtime.host_loop import Outcome, Turns, begin_task, end_task, hand_over, run_beside
from Heatmap.tests.left_behind import asyncio_errors


class Taker:
    def __init__(self) -> None:
        self.turns = Turns(self._take_turn)
        self.count = 0
        self.results: list[Any] = []

    def _take_turn(self) -> None:
        self.count += 1

    def take(self, done: Outcome[Any]) -> None:
        self.results.append(done.result())


def run(script: Callable[[Taker, ThreadPoolExecutor], Any]) -> Taker:
    taker = Taker()

    async def main() -> None:
        taker.turns.begin(asyncio.get_running_loop())
        with ThreadPoolExecutor(1) as executor:
            await script(taker, executor)

    asyncio.run(main())
    return taker


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a worker's doing
            await asyncio.sleep(0.001)


def test_the_last_appointment_counts_and_none_while_a_worker_is_busy() -> None:
    async def script(taker: Taker, executor: ThreadPoolExecutor) -> None:
        taker.turns.appoint(60.0)
        taker.turns.appoint()
        await until(lambda: taker.count == 1)
        taker.turns.hand_over(executor, lambda: "done", taker.take)
        taker.turns.appoint()
        await until(lambda: taker.results == ["done"])
        assert taker.count == 1
        taker.turns.appoint()
        await until(lambda: taker.count == 2)

    run(script)


def test_after_the_end_nothing_comes_any_more() -> None:
    async def script(taker: Taker, executor: ThreadPoolExecutor) -> None:
        taker.turns.appoint()
        taker.turns.hand_over(executor, lambda: "late", taker.take)
        taker.turns.end()
        taker.turns.appoint()
        executor.submit(lambda: None).result(10)
        for _ in range(3):
            await asyncio.sleep(0)

    taker = run(script)
    assert (taker.count, taker.results, taker.turns.loop) == (0, [], None)


def fail() -> None:
    raise OSError("the disk is gone")


def test_a_failure_that_comes_too_late_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def script(taker: Taker, executor: ThreadPoolExecutor) -> None:
        # One of an earlier time, and one after the end.
        taker.turns.hand_over(executor, fail, taker.take)
        taker.turns.begin(asyncio.get_running_loop())
        taker.turns.hand_over(executor, fail, taker.take)
        taker.turns.end()
        executor.submit(lambda: None).result(10)
        for _ in range(3):
            await asyncio.sleep(0)

    assert run(script).results == []
    assert asyncio_errors(caplog) == []


def test_what_was_handed_over_before_a_new_beginning_is_no_result_of_it() -> None:
    async def script(taker: Taker, executor: ThreadPoolExecutor) -> None:
        taker.turns.hand_over(executor, lambda: "old", taker.take)
        taker.turns.end()
        taker.turns.begin(asyncio.get_running_loop())
        taker.turns.hand_over(executor, lambda: "new", taker.take)
        await until(lambda: taker.results)

    assert run(script).results == ["new"]


def test_a_failure_in_the_round_in_which_the_loop_stops_is_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(50):
        loop = asyncio.new_event_loop()
        arrived: list[Outcome[None]] = []
        with ThreadPoolExecutor(1) as executor:
            hand_over(loop, executor, fail, arrived.append)
        # In its one round it learns that the worker has failed; whom to tell is for the next one,
        # unless the thread was so slow until here that both are due.
        loop.stop()
        loop.run_forever()
        loop.close()
        del loop
        if not arrived:
            break
    assert arrived == []
    assert asyncio_errors(caplog) == []


def test_a_task_whose_loop_was_closed_before_its_first_step_ends_without_a_word() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            steps.append("begun")
            await asyncio.Event().wait()
        finally:
            steps.append("ended")

    for has_begun in (False, True):
        loop = asyncio.new_event_loop()
        task = begin_task(loop, work(), "work")
        if has_begun:
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        end_task(task)
        assert steps == (["begun", "ended"] if has_begun else [])
        # A coroutine that was never awaited is told of when it is collected, and fails the test.
        del task, loop
        gc.collect()


def test_what_no_worker_takes_any_more_runs_here() -> None:
    done: list[int] = []
    executor = ThreadPoolExecutor(1)

    async def main() -> None:
        await run_beside(executor, lambda: done.append(1))
        executor.shutdown()
        await run_beside(executor, lambda: done.append(2))

    asyncio.run(main())
    assert done == [1, 2]


def test_turns_of_a_loop_that_was_closed_are_appointed_no_more() -> None:
    taker, loop = Taker(), asyncio.new_event_loop()
    taker.turns.begin(loop)
    loop.close()
    taker.turns.appoint()
    taker.turns.end()
    assert taker.count == 0


class _EarlyLoop(asyncio.SelectorEventLoop):
    """Has its timers end early, as Qt's do."""

    def call_later(self, delay: float, callback: Any, *args: Any, **kwargs: Any) -> Any:
        return super().call_later(delay / 2, callback, *args, **kwargs)


def test_a_turn_that_comes_early_is_for_the_moment_that_it_was_appointed_for() -> None:
    with asyncio.Runner(loop_factory=_EarlyLoop) as runner:

        async def main() -> None:
            moments: list[float] = []
            turns = Turns(lambda: moments.append(turns.moment_s))
            turns.begin(asyncio.get_running_loop())
            wanted_s = monotonic() + 0.2
            turns.appoint(0.2)
            await until(lambda: moments)
            assert moments[0] >= wanted_s
            # Later than it was to be, it is for now.
            turns.appoint()
            wanted_s = monotonic()
            await until(lambda: len(moments) == 2)
            assert moments[1] >= wanted_s

        runner.run(main())
