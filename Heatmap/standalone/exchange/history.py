"""Fills a database with what a simulated or recorded market had before the program started."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from Heatmap.domain.coverage import PROOF_MS
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.market import Market
from Heatmap.standalone.exchange.wire import enveloped, force_order_stream
from Heatmap.storage.store import Address, open_store

logger = get_logger(__name__)

_BATCH_EVENTS = 500


def seed_history(
    address: Address,
    kind: DataKind,
    market: Market,
    until_ms: int,
    span_ms: int | None,
) -> int:
    """Store what a recorder would have stored: events, covered time and the tick size.

    Idempotent: what the database holds already stays as it is. Blocks, for about 0.2 s for two
    days; call it in a worker thread, while no recorder writes the database.

    Parameters
    ----------
    address
        The database; made when it is missing.
    kind
        ``SIMULATED`` or ``REPLAY``.
    market
        Whose history. Of its force orders, only those of its own symbol are stored.
    until_ms
        Data time now: what was pushed before it is history.
    span_ms
        How far back, milliseconds; ``None``: to the beginning, for a market that has one.

    Returns
    -------
    int
        How many events were new.

    Raises
    ------
    StorageError
        The database cannot be used.
    ValueError
        A market without a beginning, or live data, were to be stored.
    """
    if kind is DataKind.LIVE or (kind is DataKind.SIMULATED and span_ms is None):
        raise ValueError(f"history of kind {kind} cannot be made up over {span_ms} ms")
    start_ms = 0 if span_ms is None else max(until_ms - span_ms, 0)
    payloads = market.force_orders(max(start_ms - PROOF_MS, 0), until_ms)
    push_ms = [int(payload["E"]) for payload in payloads]
    events = [
        event
        for payload in payloads
        if payload["E"] >= start_ms and payload["o"]["s"] == market.symbol
        for event in _events(payload["E"], enveloped(force_order_stream(payload), payload))
    ]
    stored = 0
    with closing(open_store(address, kind).open_writer(kind, is_recorder=False)) as writer:
        for first in range(0, len(events), _BATCH_EVENTS):
            stored += len(writer.write(events[first : first + _BATCH_EVENTS]).row_ids)
        # After the events: coverage never claims what is not there.
        for alive_from_ms, alive_to_ms in market.alive_spans(start_ms, until_ms):
            for low, high, is_proven in split_by_proof(push_ms, alive_from_ms, alive_to_ms):
                writer.extend_coverage(market.symbol, low, high, proven=is_proven)
        writer.save_tick_size(market.symbol, market.tick_size, until_ms)
    logger.info("history: %d of %d events were new", stored, len(events))
    return stored


def split_by_proof(
    push_ms: Sequence[int], start_ms: int, end_ms: int
) -> Iterator[tuple[int, int, bool]]:
    """Split a time with heartbeats by whether a force order came in the half hour before.

    Parameters
    ----------
    push_ms
        Push times of force orders of any symbol, ascending, UTC milliseconds.
    start_ms, end_ms
        The closed time to split.

    Yields
    ------
    (start_ms, end_ms, proven)
        Adjoining parts in order; none without length.
    """
    proofs: list[tuple[int, int]] = []
    for ts_ms in push_ms:
        low, high = max(ts_ms, start_ms), min(ts_ms + PROOF_MS, end_ms)
        if low >= high:
            continue
        if proofs and low <= proofs[-1][1]:
            proofs[-1] = (proofs[-1][0], high)
        else:
            proofs.append((low, high))
    reached = start_ms
    for low, high in proofs:
        if low > reached:
            yield reached, low, False
        yield low, high, True
        reached = high
    if reached < end_ms:
        yield reached, end_ms, False


def _events(push_ms: int, frame: str) -> Iterator[LiquidationEvent]:
    """Read a frame as the recorder would, received when it was pushed."""
    for item in parse_frame(frame, push_ms, keep_raw=True):
        if isinstance(item, LiquidationEvent):
            yield item
