"""Tells alerts on several ways, each at its own pace; a way that fails holds up no other.

It has a thread of its own with a plain asyncio loop (`start`, `stop`), or runs in a loop that is
there (`run`, `request_stop`). Whatever a receiver does, `offer` returns at once. At-least-once: an
alert whose answer was lost is sent again with the same key.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from Heatmap.alerts.ways.delivery_queue import DeliveryTimes
from Heatmap.alerts.ways.lane import Lane
from Heatmap.alerts.ways.messages import Entry, MessageWords, Notice, PlainNotice, make_message
from Heatmap.alerts.ways.way import Way, WayError
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.alerts.ways.way_spec import require_own_names
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop
from Heatmap.runtime.plain import as_plain

QUEUE_LENGTH = 200
"""So many alerts wait for each way; the oldest makes room for the newest."""
STOP_LIMIT_S = 3.0
_JOIN_SPARE_S = 2.0


class WaySet:
    """The ways of one program. It is started once; `stop` is idempotent.

    Parameters
    ----------
    ways
        Each with a name of its own.
    times
        Waiting times.
    queue_length
        So many alerts wait for each way.
    words
        The words of messages, in the user's language.

    Raises
    ------
    SettingsError
        Two ways have one name.
    """

    def __init__(
        self,
        ways: Iterable[Way],
        *,
        times: DeliveryTimes | None = None,
        queue_length: int = QUEUE_LENGTH,
        words: MessageWords | None = None,
    ) -> None:
        self._words = words or MessageWords()
        self._lanes: dict[str, Lane] = {}
        ways = list(ways)
        require_own_names(way.name for way in ways)
        for way in ways:
            self._lanes[way.name] = Lane(way, times or DeliveryTimes(), queue_length, self._words)
        self._thread: threading.Thread | None = None
        # Guards the two below: who is asked from another thread must find the loop open.
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_ended = False
        self._ending = asyncio.Event()
        self._until_s = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its ways."""
        return tuple(self._lanes)

    def start(self) -> None:
        """Send from now on, in a thread of its own."""
        if self._thread is None and not self._has_ended:
            self._thread = threading.Thread(target=self._main, name="Heatmap alerts", daemon=True)
            self._thread.start()

    def offer(self, notice: Notice, names: Collection[str] | None = None) -> None:
        """Send an alert on all ways, or on those with these names; from any thread, at once.

        What is offered before the start waits. What is offered after the end counts as dropped.
        """
        entry = Entry.of(notice)
        for name, lane in self._lanes.items():
            if names is None or name in names:
                lane.offer(entry)
        self._wake()

    def test(self, name: str) -> "Future[Failure | None]":
        """Send a test on one way, at once and once; from any thread.

        Returns
        -------
        Future
            Of ``None`` where it has arrived, or of what went wrong. It counts nowhere. It is
            cancelled where the ways end first.

        Raises
        ------
        KeyError
            No way has this name.
        """
        way = self._lanes[name].way
        with self._lock:
            if self._loop is not None and not self._has_ended:
                return asyncio.run_coroutine_threadsafe(self._test(way), self._loop)
        result: Future[Failure | None] = Future()
        result.set_result(Failure(FailureKind.WAY_NOT_RUNNING))
        return result

    def status(self) -> tuple[WayFacts, ...]:
        """Return how each way fares; from any thread."""
        return tuple(lane.facts() for lane in self._lanes.values())

    def facts(self) -> list[dict[str, Any]]:
        """Return the same as plain data for JSON."""
        plain = as_plain(self.status())
        assert isinstance(plain, list)  # noqa: S101 - a tuple becomes one
        return plain

    def left(self) -> Mapping[str, tuple[str, ...]]:
        """Return the ids of what has not arrived, by way; ways that owe nothing are left out."""
        left = {name: lane.left() for name, lane in self._lanes.items()}
        return {name: ids for name, ids in left.items() if ids}

    def stop(self, limit_s: float = STOP_LIMIT_S) -> Mapping[str, tuple[str, ...]]:
        """Take nothing more, send what waits, and end after `limit_s` seconds at the latest.

        Not in the loop in which it runs: there it is `request_stop`.

        Returns
        -------
        mapping
            As `left`: the owner may offer these again after the next start. The first of each may
            have arrived.
        """
        self.request_stop(limit_s)
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(limit_s + _JOIN_SPARE_S)
        return self.left()

    def request_stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Ask `run` to send what waits and to return, after `limit_s` seconds at the latest."""
        for lane in self._lanes.values():
            lane.close()
        with self._lock:
            self._until_s = time.monotonic() + limit_s
            if self._loop is None:
                self._has_ended = self._has_ended or self._thread is None
                self._ending.set()
            elif not self._has_ended:
                self._loop.call_soon_threadsafe(self._ending.set)

    async def run(self) -> None:
        """Send in the running loop until `request_stop`; once."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        lanes = list(self._lanes.values())
        tasks = [
            asyncio.create_task(lane.run(self._ending, lambda: self._until_s)) for lane in lanes
        ]
        try:
            await self._ending.wait()
            self._wake_lanes()
            if tasks:
                await asyncio.wait(tasks, timeout=max(0.0, self._until_s - time.monotonic()))
        finally:
            with self._lock:
                self._has_ended = True
            for lane in lanes:
                lane.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for lane in lanes:
                await lane.way.close()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=RecorderLoop) as runner:
            runner.run(self.run())

    def _wake(self) -> None:
        with self._lock:
            if self._loop is not None and not self._has_ended:
                self._loop.call_soon_threadsafe(self._wake_lanes)

    def _wake_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.wake.set()

    async def _test(self, way: Way) -> Failure | None:
        return await _tested(way, self._words)


def send_test(way: Way, words: MessageWords | None = None) -> Failure | None:
    """Send a test on a way of no set, at once and once; not in a loop that runs.

    Returns
    -------
    Failure or None
        What went wrong; ``None``: it has arrived.
    """

    async def send() -> Failure | None:
        try:
            return await _tested(way, words or MessageWords())
        finally:
            await way.close()

    with asyncio.Runner(loop_factory=RecorderLoop) as runner:
        return runner.run(send())


async def _tested(way: Way, words: MessageWords) -> Failure | None:
    name = f"test-{secrets.token_hex(8)}"
    notice = PlainNotice(name, words.test_title, words.test_body, {"is_test": True})
    try:
        await way.send(make_message([Entry.of(notice)], words))
    except WayError as error:
        return error.failure
    except Exception as error:  # noqa: BLE001 - its own words may hold the address
        return Failure(FailureKind.INTERNAL, {"error": type(error).__name__})
    return None
