"""What is known of a market: what was recorded, and imported history beside it.

What was recorded counts where there is any. History is of the real market: it is never joined to a
database of a simulated or a replayed one, and spot's candles never to those of futures, whose
volume is another.
"""

from contextlib import closing
from dataclasses import dataclass, replace

from Heatmap.domain.candles import Series, Span, joined
from Heatmap.domain.events import DataKind
from Heatmap.domain.market_note import MarketNote
from Heatmap.errors import Failure, FailureKind, HistoryError
from Heatmap.levels.imported import (
    ImportedMarket,
    ImportedMarkets,
    beside_recorded,
    join_candles,
    join_funding,
    join_open_interest,
)
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.taker_selection import TakerRule, TakerTrades
from Heatmap.levels.yields import Volume
from Heatmap.storage.level_arrays import LevelData, no_level_data, read_level_data
from Heatmap.storage.store import Store, StoreReader


@dataclass(frozen=True)
class KnownMarket:
    """What is known of a market in a time.

    Attributes
    ----------
    data
        Candles and the rest.
    volume
        Whose volume the candles have.
    is_live
        It is the real market.
    trades
        Single trades; ``None``: none, or they were not asked for.
    notes
        What there is to say of where the candles come from.
    failures
        Why history is not used.
    """

    data: LevelData
    volume: Volume = Volume.FUTURES
    is_live: bool = True
    trades: TakerTrades | None = None
    notes: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()


def read_recorded(store: Store, instrument: str, time: Span, *, with_messages: bool) -> KnownMarket:
    """Read what was recorded of an instrument in a half-open time.

    Raises
    ------
    StorageError
        The store is missing or cannot be read.
    """
    with closing(store.open_reader()) as reader:
        data = read_level_data(reader, instrument, *time, with_messages=with_messages)
        return KnownMarket(data, _volume(reader), reader.kind is DataKind.LIVE)


def nothing_recorded() -> KnownMarket:
    """Return what is known without a database."""
    return KnownMarket(no_level_data())


def add_imported(
    recorded: KnownMarket,
    imported: ImportedMarkets,
    instrument: str,
    time: Span,
    taker_rule: TakerRule | None = None,
) -> KnownMarket:
    """Add what was imported; where that cannot be read, say so and go on without.

    Parameters
    ----------
    recorded
        What was recorded in the time.
    imported
        What was imported.
    instrument, time
        Of what.
    taker_rule
        Single trades are wanted too, those that this rule may choose.
    """
    if not recorded.is_live:
        return recorded
    try:
        found = imported.read(instrument, *time)
        volume = imported.volume(instrument) if len(found.candles) else None
        has_other = volume not in (None, recorded.volume) and len(recorded.data.candles) > 0
        trades = None
        if taker_rule is not None and not has_other:
            trades = imported.trades(instrument, *time, taker_rule)
    except HistoryError as error:
        failure = Failure(FailureKind.HISTORY_UNREADABLE, {"reason": str(error)})
        return replace(recorded, failures=(failure,))
    notes = []
    if has_other:
        notes.append(Note(NoteKind.OTHER_MARKET, len(found.candles)))
        found = ImportedMarket(open_interest=found.open_interest, funding=found.funding)
    elif volume is not None and not len(recorded.data.candles):
        recorded = replace(recorded, volume=volume)
    data = recorded.data
    new = beside_recorded(found, data.candles, data.fetched)
    if len(new.candles):
        notes.append(Note(NoteKind.IMPORTED_CANDLES, len(new.candles)))
    if new.of_trades.any():
        notes.append(Note(NoteKind.CANDLES_OF_TRADES, int(new.of_trades.sum())))
    both = replace(
        data,
        candles=join_candles(data.candles, new.candles),
        open_interest=join_open_interest(data.open_interest, new.open_interest),
        funding=join_funding(data.funding, new.funding),
        fetched=joined([*data.fetched, *new.spans]),
    )
    return replace(recorded, data=both, trades=trades, notes=tuple(notes))


def imported_spans(
    store: Store, imported: ImportedMarkets | None, instrument: str
) -> tuple[Span, ...]:
    """Return of which time imported candles count beside recorded ones; a quick look.

    None where that cannot be told.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    if imported is None:
        return ()
    try:
        spans, volume = imported.spans(instrument), imported.volume(instrument)
    except HistoryError:
        return ()
    if not spans or not store.exists():
        return spans
    with closing(store.open_reader()) as reader:
        is_other = volume is not _volume(reader)
        if is_other and reader.fetched_spans(instrument, Series.CANDLES):
            return ()
        return spans if reader.kind is DataKind.LIVE else ()


def _volume(reader: StoreReader) -> Volume:
    return Volume((reader.market() or MarketNote()).candles)
