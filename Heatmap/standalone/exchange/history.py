"""Fills a database with what a simulated or recorded market had before the program started."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from Heatmap.domain.candles import Series
from Heatmap.domain.coverage import PROOF_MS
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.failure_texts import raised
from Heatmap.domain.market_note import FUTURES, MarketNote
from Heatmap.errors import FailureKind, OtherMarketError
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.market import Market
from Heatmap.standalone.exchange.wire import enveloped, force_order_stream
from Heatmap.storage.store import Address, Store, open_store

logger = get_logger(__name__)

_BATCH_EVENTS = 500


def seed_history(
    address: Address,
    kind: DataKind,
    market: Market,
    until_ms: int,
    span_ms: int | None,
) -> int:
    """Store what a recorder would have stored: events, covered time, tick size, and whose they are.

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
    OtherMarketError
        What it holds is of another simulated market, or of candles of another market's volume.
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
    store = open_store(address, kind)
    with closing(store.open_writer(kind, is_recorder=False)) as writer:
        _note_market(store, writer, market)
        for first in range(0, len(events), _BATCH_EVENTS):
            stored += len(writer.write(events[first : first + _BATCH_EVENTS]).row_ids)
        # After the events: coverage never claims what is not there.
        for alive_from_ms, alive_to_ms in market.alive_spans(start_ms, until_ms):
            for low, high, is_proven in split_by_proof(push_ms, alive_from_ms, alive_to_ms):
                writer.extend_coverage(market.symbol, low, high, proven=is_proven)
        writer.save_tick_size(market.symbol, market.tick_size, until_ms)
    logger.info("history: %d of %d events were new", stored, len(events))
    return stored


def _note_market(store: Store, writer: EventSink, market: Market) -> None:
    """Note whose data these are, or refuse to mix them with those of another market."""
    wanted = MarketNote(market.name, market.volume.value)
    kept = writer.kept_market()
    if kept is None:
        with closing(store.open_reader()) as reader:
            has_candles = bool(reader.fetched_spans(market.symbol, Series.CANDLES))
            is_fresh = reader.newest_push_ms() is None and not has_candles
        # Nobody noted it before there were several: then candles counted as those of futures.
        kept = MarketNote(
            wanted.name if is_fresh else "", FUTURES if has_candles else wanted.candles
        )
    if kept != wanted:
        raise raised(
            OtherMarketError,
            FailureKind.OTHER_MARKET,
            path=store.address,
            expected=_words(wanted),
            got=_words(kept),
        )
    writer.keep_market(wanted)


def _words(note: MarketNote) -> str:
    return f"data of {note.name or 'another market'} with candles of {note.candles}"


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
