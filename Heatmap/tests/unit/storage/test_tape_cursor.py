"""The rules by which a follower counts each event once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.domain.events import Liquidated, StoredBatch
from Heatmap.storage.tape_cursor import WAITING_LIMIT, Step, TapeCursor
from Heatmap.tests.unit.stored_events import EVENT

STORE, OTHER = object(), object()


def batch(*row_ids: int, symbol: str = "BTCUSDT") -> StoredBatch:
    """Events whose times are their row ids."""
    events = tuple(replace(EVENT, ts_ms=row_id, symbol=symbol) for row_id in row_ids)
    return StoredBatch(events, row_ids, 0)


def loaded(row_id: int) -> TapeCursor:
    """A cursor that has read all rows up to one."""
    cursor = TapeCursor("BTCUSDT")
    assert cursor.begin(STORE, is_standby=False) is Step.LOAD
    cursor.reached(row_id)
    return cursor


def taken(cursor: TapeCursor) -> list[int]:
    assert cursor.begin(STORE, is_standby=False) is Step.TAKE
    return [row[0] for row in cursor.take()]


def test_what_waits_is_taken_once_and_in_order() -> None:
    cursor = loaded(10)
    assert not cursor.has_waiting
    cursor.receive_batch(batch(11, 12))
    cursor.receive_batch(batch(13))
    assert cursor.has_waiting
    assert taken(cursor) == [11, 12, 13]
    assert not cursor.has_waiting
    assert taken(cursor) == []
    cursor.receive_batch(batch(14))
    assert taken(cursor) == [14]


def test_a_row_says_when_what_how_much_and_whose() -> None:
    cursor = loaded(0)
    events = (EVENT, replace(EVENT, liquidated=Liquidated.SHORT))
    cursor.receive_batch(StoredBatch(events, (1, 2), 0))
    cursor.begin(STORE, is_standby=False)
    assert cursor.take() == [
        (EVENT.ts_ms, EVENT.price, EVENT.notional, True),
        (EVENT.ts_ms, EVENT.price, EVENT.notional, False),
    ]


def test_rows_that_were_read_already_are_left_out() -> None:
    cursor = loaded(10)
    cursor.receive_batch(batch(9, 10, 11))
    assert taken(cursor) == [11]
    # The same batch again.
    cursor.receive_batch(batch(9, 10, 11))
    assert taken(cursor) == []


def test_other_instruments_rows_are_no_news_and_no_gap() -> None:
    cursor = loaded(10)
    cursor.receive_batch(batch(11, 12, symbol="ETHUSDT"))
    assert not cursor.has_waiting
    assert taken(cursor) == []
    cursor.receive_batch(batch(13))
    assert taken(cursor) == [13]


def test_a_batch_without_new_events_says_nothing() -> None:
    cursor = loaded(10)
    cursor.receive_batch(StoredBatch((), (), 5))
    assert not cursor.has_waiting
    assert taken(cursor) == []


@pytest.mark.parametrize(
    "batches",
    [[batch(13)], [batch(11), batch(13)], [batch(11), batch(11)], [batch(12), batch(11)]],
    ids=["before the first", "between two", "twice", "in another order"],
)
def test_rows_that_no_batch_has_brought_in_order_are_read(batches: Sequence[StoredBatch]) -> None:
    cursor = loaded(10)
    for each in batches:
        cursor.receive_batch(each)
    assert cursor.has_waiting
    assert cursor.begin(STORE, is_standby=False) is Step.CATCH_UP
    assert cursor.row_id == 10
    cursor.reached(13)
    assert taken(cursor) == []


def test_lost_batches_are_read_and_said_once() -> None:
    cursor = loaded(10)
    cursor.lose_batches()
    assert cursor.has_waiting
    assert cursor.begin(STORE, is_standby=False) is Step.CATCH_UP
    cursor.reached(20)
    assert not cursor.has_waiting
    cursor.receive_batch(batch(21))
    assert taken(cursor) == [21]


def test_more_than_may_wait_is_read_instead() -> None:
    cursor = loaded(0)
    cursor.receive_batch(batch(*range(1, WAITING_LIMIT + 1)))
    assert len(taken(cursor)) == WAITING_LIMIT
    cursor.receive_batch(batch(*range(WAITING_LIMIT + 1, 2 * WAITING_LIMIT + 2)))
    assert cursor._waiting.rows == []
    assert cursor.begin(STORE, is_standby=False) is Step.CATCH_UP


def test_while_another_recorder_writes_all_is_read_and_once_more_after_it() -> None:
    cursor = loaded(10)
    for is_standby in (True, True, False):
        assert cursor.begin(STORE, is_standby=is_standby) is Step.CATCH_UP
        assert cursor.has_waiting is is_standby
        cursor.reached(12)
    assert taken(cursor) == []


def test_in_another_store_everything_is_read_anew() -> None:
    cursor = loaded(10)
    cursor.receive_batch(batch(11))
    assert cursor.begin(OTHER, is_standby=False) is Step.LOAD
    cursor.reached(2)
    # Of the one before, whose row the window cannot hold: it is looked for, and not believed.
    cursor.receive_batch(batch(12))
    assert cursor.begin(OTHER, is_standby=False) is Step.CATCH_UP


def test_what_was_forgotten_is_read_anew() -> None:
    cursor = loaded(10)
    cursor.receive_batch(batch(11))
    cursor.forget()
    assert cursor.has_waiting
    assert cursor.begin(STORE, is_standby=False) is Step.LOAD
    cursor.reached(11)
    assert taken(cursor) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "write elsewhere", "lose", "fail", "replace", "read"]),
            st.integers(1, 3),
        ),
        max_size=60,
    )
)
def test_whatever_happens_each_row_is_seen_once(course: list[tuple[str, int]]) -> None:
    cursor = TapeCursor("BTCUSDT")
    stored: list[int] = []
    seen: list[int] = []
    store, last = STORE, 0
    for what, count in [*course, ("read", 1)]:
        rows = list(range(last + 1, last + 1 + count))
        if what.startswith("write"):
            stored += rows
            last = rows[-1]
            if what == "write":
                cursor.receive_batch(batch(*rows))
            else:
                cursor.lose_batches()
        elif what == "lose":
            cursor.lose_batches()
        elif what == "fail":
            cursor.begin(store, is_standby=False)
            cursor.forget()
        elif what == "replace":
            store, stored = object(), []
        else:
            step = cursor.begin(store, is_standby=False)
            if step is Step.LOAD:
                seen = list(stored)
                cursor.reached(stored[-1] if stored else 0)
            elif step is Step.CATCH_UP:
                seen += [row_id for row_id in stored if row_id > cursor.row_id]
                cursor.reached(max(cursor.row_id, stored[-1] if stored else 0))
            else:
                seen += [row[0] for row in cursor.take()]
            assert seen == stored
