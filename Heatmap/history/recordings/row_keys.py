"""Holds an event against its key and its message, by the rules of the venue it comes from."""

import math
from collections.abc import Mapping

from Heatmap.domain.event_keys import key_of_numbers
from Heatmap.domain.events import LiquidationEvent
from Heatmap.domain.recordings import RecordedEvent
from Heatmap.history.recordings.columns import Value
from Heatmap.history.recordings.rows import event_of
from Heatmap.ingestion.venues.table import VENUES

# So many digits of a decimal text are the same in the number that was made of it.
_EXACT_DIGITS = 15
_CLOSE = 1e-9
_DAMAGED = "the row was changed"


class OtherKeyError(ValueError):
    """The row is sound, and not the one that its key was made for."""


def own_event_of(row: Mapping[str, Value]) -> RecordedEvent:
    """Return the event of a row, as `event_of`, if its key is its own.

    Raises
    ------
    ValueError
        It cannot be an event; `OtherKeyError`: it is not that of its key.
    """
    one = event_of(row)
    require_own_key(one.event, one.key, is_from_numbers=one.key_from_numbers)
    return one


def require_own_key(event: LiquidationEvent, key: bytes, *, is_from_numbers: bool) -> None:
    """Refuse an event whose numbers are not those of its key.

    Where the message was kept it is read again by its venue's parser: key and numbers have to be
    those. Otherwise the key is made of the numbers. A venue that this version does not know, and a
    second one of identical events, cannot be held against anything: their keys are taken as given.

    Raises
    ------
    OtherKeyError
        They differ; one line says in what.
    """
    venue = VENUES.get(event.source)
    if venue is None or event.twin:
        return
    if event.notional is not None and not _is_close(event.notional, event.price * event.qty):
        raise OtherKeyError(f"expected a notional_usd of price times qty, got {event.notional!r}")
    if is_from_numbers:
        if key != _key_of_numbers(event):
            raise OtherKeyError(f"expected the event_key of its numbers, got another; {_DAMAGED}")
        return
    if not event.raw_json:
        if key != _key_of_numbers(event) and _has_exact_numbers(event):
            raise OtherKeyError(f"expected the event_key of its numbers, got another; {_DAMAGED}")
        return
    parsed = venue.parse(event.raw_json, event.receive_ms, keep_raw=False)
    sent = [one for one in parsed if isinstance(one, LiquidationEvent) and one.event_key == key]
    if not sent:
        raise OtherKeyError(f"expected the event_key of its raw_json, got another; {_DAMAGED}")
    if problem := _difference(event, sent[0]):
        raise OtherKeyError(f"expected {problem} as in its raw_json, got another; {_DAMAGED}")


def _difference(event: LiquidationEvent, sent: LiquidationEvent) -> str:
    """Return in what an event differs from its message; empty: in nothing."""
    for name in ("symbol", "ts_ms", "liquidated", "price", "qty"):
        if getattr(event, name) != getattr(sent, name):
            return name
    # Rows of older versions lack some of these.
    for name in ("limit_price", "original_qty", "push_ms", "reported_price"):
        if getattr(event, name) not in (None, getattr(sent, name)):
            return name
    return "" if event.price_kind in ("unknown", sent.price_kind) else "price_kind"


def _key_of_numbers(event: LiquidationEvent) -> bytes:
    numbers = (event.price, event.qty, event.limit_price, event.original_qty)
    return key_of_numbers(event.source, event.symbol, event.ts_ms, event.liquidated, numbers)


def _has_exact_numbers(event: LiquidationEvent) -> bool:
    numbers = (event.price, event.qty, event.limit_price or 0, event.original_qty or 0)
    return all(
        len(repr(one).partition("e")[0].replace(".", "").lstrip("0")) <= _EXACT_DIGITS
        for one in numbers
    )


def _is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12)
