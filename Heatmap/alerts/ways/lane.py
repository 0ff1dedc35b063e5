"""Sends what waits for one way, in the loop of `WaySet`; facts and offers come from any thread."""

import asyncio
import math
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from Heatmap.alerts.ways.delivery_queue import DeliveryQueue, DeliveryTimes
from Heatmap.alerts.ways.messages import Entry, MessageWords, make_message
from Heatmap.alerts.ways.way import Way, WayError
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)


class Lane:
    """One way with what waits for it.

    Parameters
    ----------
    way
        Who sends.
    times
        Waiting times.
    length
        So many alerts wait at most.
    words
        The words of messages.
    """

    def __init__(self, way: Way, times: DeliveryTimes, length: int, words: MessageWords) -> None:
        self.way = way
        self._words = words
        rng = random.Random()  # noqa: S311 - jitter needs no cryptography
        self._queue = DeliveryQueue(way.rate, times, rng, length=length)
        # Guards the queue and the four below; never held while something is sent.
        self._lock = threading.Lock()
        self._last_sent_ms: int | None = None
        self._last_failure: Failure | None = None
        self._last_failure_ms: int | None = None
        self._is_failing = False
        # Set in the loop only.
        self.wake = asyncio.Event()

    def offer(self, entry: Entry) -> bool:
        """Take an alert; ``False``: it waits already, or comes after the end."""
        with self._lock:
            return self._queue.offer(entry)

    def close(self) -> None:
        """Take nothing more; `run` ends when nothing waits."""
        with self._lock:
            self._queue.close()

    def left(self) -> tuple[str, ...]:
        """Return the ids of what has not arrived, oldest first."""
        with self._lock:
            return self._queue.left()

    def facts(self) -> WayFacts:
        """Return how it fares."""
        with self._lock:
            counts = self._queue.counts()
            return WayFacts(
                self.way.name,
                self.way.kind,
                counts.sent,
                counts.repeated,
                counts.dropped,
                counts.failed,
                len(self._queue.left()),
                self._last_sent_ms,
                self._last_failure,
                self._last_failure_ms,
                self._is_failing,
            )

    async def run(self, ending: asyncio.Event, until: Callable[[], float]) -> None:
        """Send until it is cancelled, or `ending` is set and nothing is left that can go in time.

        Parameters
        ----------
        ending
            Set where it is to end; `wake` follows.
        until
            By when then, seconds of the monotonic clock.
        """
        while True:
            # Before looking, so that nothing that comes meanwhile is missed.
            self.wake.clear()
            with self._lock:
                now_s = time.monotonic()
                entries = self._queue.take(now_s)
                delay_s = self._queue.next_delay(now_s)
            if entries:
                await self._send(entries)
            elif ending.is_set() and now_s + delay_s > until():
                return
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if delay_s == math.inf else delay_s):
                        await self.wake.wait()

    async def _send(self, entries: tuple[Entry, ...]) -> None:
        try:
            await self.way.send(make_message(entries, self._words))
        except WayError as error:
            self._note_failed(error.failure, is_final=error.is_final)
        except asyncio.CancelledError:
            with self._lock:
                self._queue.receive_interrupted()
            raise
        except Exception as error:  # noqa: BLE001 - a bug must not end what other alerts need
            # Its own words may hold the address.
            logger.error("a way of alerts failed: a %s", type(error).__name__)  # noqa: TRY400
            failure = Failure(FailureKind.INTERNAL, {"error": type(error).__name__})
            self._note_failed(failure, is_final=False)
        else:
            with self._lock:
                self._queue.receive_delivered()
                self._last_sent_ms, self._is_failing = _now_ms(), False

    def _note_failed(self, failure: Failure, *, is_final: bool) -> None:
        with self._lock:
            last = self._last_failure if self._is_failing else None
            was_known = last is not None and last.kind is failure.kind
            self._queue.receive_failed(failure, time.monotonic(), is_final=is_final)
            self._last_failure, self._last_failure_ms = failure, _now_ms()
            self._is_failing = True
        if not was_known:
            logger.warning("alerts by %s: %s", self.way.name, failure_text(failure))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
