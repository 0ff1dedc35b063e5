"""What is published, as JSON. Pure."""

import json
from dataclasses import dataclass

from Heatmap.domain.events import DataKind
from Heatmap.storage.event_records import StoredEvent, record_of

SCHEMA = 1
"""Stands in every message. It rises when a member changes its meaning or goes away."""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One liquidation, ready to be published.

    Attributes
    ----------
    instrument
        Whose.
    stream_id
        Its place in the instrument's stream.
    body
        JSON.
    """

    instrument: str
    stream_id: str
    body: bytes


def liquidation(kind: DataKind, epoch_ms: int, event: StoredEvent) -> Liquidation:
    """Return the message of a stored liquidation."""
    stream_id = f"{epoch_ms}-{event.row_id}"
    plain = {
        "schema": SCHEMA,
        "type": "liquidation",
        "kind": kind.value,
        "stream_id": stream_id,
        **record_of(event),
        "lower_bound": True,
    }
    return Liquidation(event.instrument, stream_id, json.dumps(plain).encode())


def state_body(kind: DataKind, what: str, instrument: str, data: bytes) -> bytes:
    """Return the message of clusters or levels.

    Parameters
    ----------
    data
        JSON, as the server answers.
    """
    head = {"schema": SCHEMA, "type": what, "kind": kind.value, "symbol": instrument}
    return json.dumps(head).encode()[:-1] + b', "data": ' + data + b"}"
