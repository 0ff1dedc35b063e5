"""How far was published. It is kept in Redis, with what was published. Pure.

- Cursor and messages change in one transaction, so a publisher that comes back, and another one of
  the same database, go on exactly after it.
- Numbers of rows are those of one database. The epoch in front tells them from another's: ids in a
  stream ascend whatever database comes after.
- Redis without a cursor has lost everything, or never had anything: a new epoch begins, with what
  was stored since this publisher's start and is not known to be published.
"""

import json
from dataclasses import asdict, dataclass

from Heatmap.publish.messages import SCHEMA
from Heatmap.storage.event_records import StoredEvent


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was published last.

    Attributes
    ----------
    epoch_ms
        When the first publisher of this database began, UTC milliseconds.
    row_id
        Everything up to this row was published.
    mark
        What is in that row, to know it by; ``""``: nothing was published yet.
    """

    epoch_ms: int
    row_id: int
    mark: str = ""

    def moved_to(self, event: StoredEvent) -> "Cursor":
        """Return the cursor after an event was published."""
        return Cursor(self.epoch_ms, event.row_id, mark_of(event))

    def to_json(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}).encode()


def mark_of(event: StoredEvent) -> str:
    """Return what an event is known by."""
    return f"{event.instrument} {event.ts_ms} {event.price!r} {event.qty!r}"


def parse_cursor(text: bytes | None) -> Cursor | None:
    """Read a cursor; ``None``: there is none that can be used."""
    try:
        plain = json.loads(text or b"")
        epoch_ms, row_id, mark = plain["epoch_ms"], plain["row_id"], plain["mark"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if type(epoch_ms) is int and type(row_id) is int and isinstance(mark, str):
        return Cursor(epoch_ms, row_id, mark)
    return None


def go_on(
    kept: Cursor | None, found: StoredEvent | None, newest_row_id: int, own_row_id: int, now_ms: int
) -> Cursor:
    """Return after what to go on.

    Parameters
    ----------
    kept
        What Redis holds.
    found
        What this database has in its row; ``None``: nothing, such as what expired.
    newest_row_id
        The newest row of this database.
    own_row_id
        What this publisher has published last, or else what was stored when it began.
    now_ms
        UTC milliseconds.
    """
    if kept is None:
        return Cursor(now_ms, own_row_id)
    is_same = kept.row_id <= newest_row_id if found is None else kept.mark == mark_of(found)
    return kept if is_same else Cursor(max(now_ms, kept.epoch_ms + 1), own_row_id)
