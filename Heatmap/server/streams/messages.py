"""What a stream says, and how it is written: server-sent events, or JSON over a websocket. Pure.

The id of a liquidation is the number of its row, so that a stream resumes exactly after it. Ids of
simulated and replayed data carry their kind: they are none of another database's.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from Heatmap.domain.events import DataKind
from Heatmap.storage.event_records import record_of
from Heatmap.storage.store import StoredEvent

_ID = re.compile(r"(?:([a-z]+)-)?([0-9]{1,18})")


class Topic(StrEnum):
    """What can be streamed."""

    LIQUIDATIONS = "liquidations"
    CLUSTERS = "clusters"
    LEVELS = "levels"


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message.

    Attributes
    ----------
    name
        ``ready``, ``liquidation``, ``clusters`` or ``levels``.
    data
        JSON.
    row_id
        Up to which row everything was said; ``None``: it says nothing of that.
    """

    name: str
    data: bytes
    row_id: str | None = None


def written_id(kind: DataKind, row_id: int) -> str:
    """Return the id of a row as it is written."""
    return str(row_id) if kind is DataKind.LIVE else f"{kind}-{row_id}"


def parse_id(kind: DataKind, text: str) -> int | None:
    """Return the row that an id names; ``None``: it is none of this kind of data."""
    found = _ID.fullmatch(text.strip())
    if not found or (found[1] or DataKind.LIVE.value) != kind.value:
        return None
    return int(found[2])


def ready(
    kind: DataKind, row_id: int, topics: list[str], symbols: list[str], not_resumed: str | None
) -> StreamMessage:
    """Return the first message: everything that is stored after this row follows.

    Parameters
    ----------
    not_resumed
        Why it is not the row that the client named; ``None``: it is, or it named none.
    """
    written = written_id(kind, row_id)
    plain: dict[str, Any] = {
        "after": written,
        "kind": kind.value,
        "topics": topics,
        "symbols": symbols,
        "not_resumed": not_resumed,
        "lower_bound": True,
    }
    return StreamMessage("ready", json.dumps(plain).encode(), written)


@lru_cache(4_096)
def liquidation(kind: DataKind, event: StoredEvent) -> StreamMessage:
    """Return the message of one liquidation; made once for all streams."""
    data = json.dumps({**record_of(event), "lower_bound": True}).encode()
    return StreamMessage("liquidation", data, written_id(kind, event.row_id))


def as_event(message: StreamMessage) -> bytes:
    """Return a message as a server-sent event; JSON has no line end of its own."""
    mark = b"" if message.row_id is None else b"id: %s\n" % message.row_id.encode()
    return b"event: %s\n%sdata: %s\n\n" % (message.name.encode(), mark, message.data)


def as_frame(message: StreamMessage) -> str:
    """Return a message as the text of a websocket."""
    mark = "" if message.row_id is None else f', "id": "{message.row_id}"'
    return f'{{"type": "{message.name}"{mark}, "data": {message.data.decode()}}}'


KEEP_ALIVE = b": still here\n\n"
"""A comment, so that whoever is between does not take a quiet stream for a dead one."""
