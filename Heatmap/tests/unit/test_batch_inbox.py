"""Batches on their way from the recorder's thread to a loop, and what happens when none runs."""

import asyncio
import threading
from collections.abc import Sequence

from Heatmap.domain.events import StoredBatch
from Heatmap.service.batch_inbox import INBOX_LIMIT, BatchInbox

BATCH = StoredBatch(events=(), row_ids=(), duplicates=0)


class Receiver:
    def __init__(self) -> None:
        self.inbox = BatchInbox(self._take)
        self.taken: list[tuple[int, bool]] = []
        self.threads: set[int] = set()

    def _take(self, batches: Sequence[StoredBatch], has_missed: bool) -> None:
        self.taken.append((len(batches), has_missed))
        self.threads.add(threading.get_ident())


def put_from_another_thread(
    receiver: Receiver, count: int, loop: asyncio.AbstractEventLoop | None
) -> None:
    def put() -> None:
        for _ in range(count):
            receiver.inbox.put(BATCH, loop)

    thread = threading.Thread(target=put)
    thread.start()
    thread.join(10)


def run_once(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_what_came_between_two_turns_is_delivered_at_once_in_the_loops_thread() -> None:
    receiver, loop = Receiver(), asyncio.new_event_loop()
    put_from_another_thread(receiver, 3, loop)
    run_once(loop)
    put_from_another_thread(receiver, 2, loop)
    run_once(loop)
    run_once(loop)
    loop.close()
    assert receiver.taken == [(3, False), (2, False)]
    assert receiver.threads == {threading.get_ident()}


def test_more_than_is_kept_is_dropped_and_told_once() -> None:
    receiver, loop = Receiver(), asyncio.new_event_loop()
    put_from_another_thread(receiver, INBOX_LIMIT + 5, None)
    put_from_another_thread(receiver, 1, loop)
    run_once(loop)
    put_from_another_thread(receiver, 1, loop)
    run_once(loop)
    loop.close()
    assert receiver.taken == [(5, True), (1, False)]


def test_a_loop_that_was_closed_holds_up_nothing() -> None:
    receiver, closed, loop = Receiver(), asyncio.new_event_loop(), asyncio.new_event_loop()
    closed.close()
    put_from_another_thread(receiver, 2, closed)
    put_from_another_thread(receiver, 1, loop)
    run_once(loop)
    loop.close()
    assert receiver.taken == [(1, False)]
