"""Where publishing goes on: exactly after what was published, whatever became of either side."""

from dataclasses import replace

import pytest

from Heatmap.storage.event_records import StoredEvent

pytest.importorskip("redis", reason="the extra redis is not installed")
from Heatmap.publish.cursor import Cursor, go_on, mark_of, parse_cursor

EVENT = StoredEvent(7, "BTCUSDT", 1000, True, 95_000.1, 0.5, 47_500.05, None)
KEPT = Cursor(500, 7, mark_of(EVENT))


@pytest.mark.parametrize(
    ("kept", "found", "newest", "after"),
    [
        (KEPT, EVENT, 9, KEPT),
        # Expired since; later rows are there.
        (KEPT, None, 9, KEPT),
        # Redis has nothing: what is stored since this publisher's start.
        (None, None, 9, Cursor(900, 3)),
        # Another database has another event in that row, or does not reach so far.
        (KEPT, replace(EVENT, price=95_000.2), 9, Cursor(900, 3)),
        (KEPT, None, 5, Cursor(900, 3)),
        # Ids ascend, also where this machine's clock is behind.
        (replace(KEPT, epoch_ms=2000), None, 5, Cursor(2001, 3)),
    ],
)
def test_it_goes_on(
    kept: Cursor | None, found: StoredEvent | None, newest: int, after: Cursor
) -> None:
    assert go_on(kept, found, newest, 3, 900) == after


def test_a_cursor_is_kept_as_json_and_anything_else_is_none() -> None:
    assert parse_cursor(KEPT.to_json()) == KEPT
    assert Cursor(500, 0).moved_to(EVENT) == KEPT
    others = (b"", b"7", b"[]", b"{}", b"\xff", b'{"epoch_ms": "5", "row_id": 1, "mark": ""}')
    assert [parse_cursor(one) for one in (None, *others)] == [None] * 7
