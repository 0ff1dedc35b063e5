"""Batches on their way from the recorder's thread to a loop, and what happens when none runs."""

import threading

from Heatmap.domain.events import StoredBatch
from Heatmap.service.batch_inbox import INBOX_LIMIT, BatchInbox


def batch(number: int) -> StoredBatch:
    return StoredBatch(events=(), row_ids=(), duplicates=number)


def put_from_another_thread(inbox: BatchInbox, count: int) -> None:
    def put() -> None:
        for number in range(count):
            inbox.put(batch(number))

    thread = threading.Thread(target=put)
    thread.start()
    thread.join(10)


def test_what_came_since_the_last_look_is_taken_once_and_in_order() -> None:
    inbox = BatchInbox()
    put_from_another_thread(inbox, 3)
    assert inbox.take() == ([batch(0), batch(1), batch(2)], False)
    put_from_another_thread(inbox, 1)
    assert inbox.take() == ([batch(0)], False)
    assert inbox.take() == ([], False)


def test_more_than_is_kept_is_dropped_and_told_once() -> None:
    inbox = BatchInbox()
    put_from_another_thread(inbox, INBOX_LIMIT + 5)
    batches, has_missed = inbox.take()
    assert (len(batches), has_missed) == (4, True)
    put_from_another_thread(inbox, 1)
    assert inbox.take() == ([batch(0)], False)


def test_what_was_forgotten_is_neither_taken_nor_missed() -> None:
    inbox = BatchInbox()
    put_from_another_thread(inbox, INBOX_LIMIT + 1)
    inbox.empty()
    put_from_another_thread(inbox, 1)
    assert inbox.take() == ([batch(0)], False)
