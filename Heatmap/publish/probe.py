"""Asks Redis how far a database was published, for who looks from outside."""

import contextlib
from typing import Any

from Heatmap.publish.address import RedisAddress
from Heatmap.publish.cursor import parse_cursor
from Heatmap.publish.names import Names
from Heatmap.publish.publish_status import PublishState
from Heatmap.publish.redis_link import LINK_ERRORS, RedisLink
from Heatmap.runtime.plain import as_plain
from Heatmap.storage.store import Store

_TIMEOUT_S = 5.0


def redis_facts(store: Store, address: RedisAddress, prefix: str) -> dict[str, Any]:
    """Return whether Redis answers, and how many rows of a database wait to be published.

    Parameters
    ----------
    store
        Whose rows.
    address, prefix
        Where Redis is, and what names begin with there.

    Returns
    -------
    dict
        As ``docs/status.md`` has it; plain data.

    Raises
    ------
    StorageError
        The database cannot be read.
    """
    with contextlib.closing(store.open_reader()) as reader:
        newest = reader.read_stored(0, 0).last_row_id
        link = RedisLink(address, Names(reader.kind, prefix), _TIMEOUT_S, 1)
    state, failure, row_id = PublishState.LIVE, None, None
    try:
        cursor = parse_cursor(link.cursor())
        row_id = None if cursor is None else cursor.row_id
    except LINK_ERRORS as error:
        state, failure = PublishState.AWAY, link.failure_of(error)
    finally:
        link.drop()
    return {
        "address": str(address),
        "state": state.value,
        "failure": as_plain(failure),
        "published_until": row_id,
        "waiting": None if row_id is None else max(newest - row_id, 0),
    }
