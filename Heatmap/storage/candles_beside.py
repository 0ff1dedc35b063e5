"""Candles that a standby holds in memory, read as if they were in the store. Imports no numpy.

A standby may not write, and the program that writes keeps candles of what it shows itself. What
this one fetches beside is held in memory; `StandbyStore` gives readers of both, so that nobody who
draws knows the difference. When this program takes over, what is held is stored.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from heapq import merge
from operator import itemgetter
from typing import Any, TypeVar, cast

from Heatmap.domain.candle_sink import HeldCandles
from Heatmap.domain.candles import Fetched, Series, Span, joined
from Heatmap.domain.instruments import InstrumentName
from Heatmap.domain.market_note import MarketNote
from Heatmap.storage.engine import CandleRow, Gathered, Store, StoreReader, TimedRow
from Heatmap.storage.sqlite.candle_memory import CandleMemory

_Timed = TypeVar("_Timed", bound=tuple[Any, ...])


class StandbyCandles:
    """What one program holds beside a store that another one writes: a `CandlesBeside`.

    Parameters
    ----------
    store
        What the other program writes; it is read only.
    """

    def __init__(self, store: Store) -> None:
        self.memory = CandleMemory()
        self._store = store

    def candle_generation(self) -> int:
        """Return always the same: memory loses nothing."""
        return 0

    def save_fetched(self, instrument: InstrumentName, fetched: Fetched) -> None:
        """Hold values, and that their time was fetched."""
        self.memory.save(instrument, fetched)

    def fetched_spans(self, instrument: InstrumentName, series: Series) -> tuple[Span, ...]:
        """Return which time was fetched, by whichever program.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with closing(self._store.open_reader()) as reader:
            stored = reader.fetched_spans(instrument, series)
        return joined([*self.memory.spans(instrument, series), *stored])

    def delete_old_candles(self, before_ms: int, limit: int = 500) -> int:
        """Forget a few of the values older than this; return how many."""
        return self.memory.delete_before(before_ms, limit)

    def kept_candle_retention_ms(self) -> int | None:
        """Nothing is noted: it is the other program's."""
        return None

    def keep_candle_retention(self, retention_ms: int) -> None:
        """Nothing is noted."""

    def kept_market(self) -> MarketNote | None:
        """Nothing is noted."""
        return None

    def keep_market(self, note: MarketNote) -> None:
        """Nothing is noted."""

    def stored_until_ms(
        self, instruments: Collection[InstrumentName]
    ) -> Mapping[InstrumentName, int]:
        """Return until when the other program has stored candles, UTC milliseconds.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with closing(self._store.open_reader()) as reader:
            spans = {one: reader.fetched_spans(one, Series.CANDLES) for one in instruments}
        return {one: found[-1][1] for one, found in spans.items() if found}

    def hold_only(self, instruments: Collection[InstrumentName]) -> None:
        """Forget what is held of all others."""
        self.memory.hold_only(instruments)

    def next_held(self) -> HeldCandles | None:
        """Return some of what is held, to be stored; ``None``: nothing is."""
        return self.memory.next_held()

    def release(self, held: HeldCandles) -> None:
        """Forget what `next_held` gave: it is stored."""
        self.memory.release(held)


class StandbyStore:
    """A store whose readers find what is held in memory too; all else is the store's own.

    Parameters
    ----------
    store
        What is stored.
    memory
        What is held beside it.
    """

    def __init__(self, store: Store, memory: CandleMemory) -> None:
        self._store = store
        self._memory = memory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def open_reader(self) -> StoreReader:
        """Open a reader of both."""
        return cast("StoreReader", _ReaderOfBoth(self._store.open_reader(), self._memory))


def store_beside(store: Store) -> tuple[Store, StandbyCandles]:
    """Return a store that can be read with what a standby holds in memory, and who holds it."""
    beside = StandbyCandles(store)
    return cast("Store", StandbyStore(store, beside.memory)), beside


class _ReaderOfBoth:
    """See `StandbyStore`. Where both have a minute, the store's counts."""

    def __init__(self, reader: StoreReader, memory: CandleMemory) -> None:
        self._reader = reader
        self._memory = memory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    # Memory first, then the store: what is handed over meanwhile is then in both, not in neither.

    def read_candles(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[CandleRow]], Gathered],
        /,
    ) -> Gathered:
        held = self._memory.rows(instrument, Series.CANDLES, start_ms, end_ms)
        return self._reader.read_candles(instrument, start_ms, end_ms, _with(held, gather))

    def read_series(
        self,
        instrument: InstrumentName,
        series: Series,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[TimedRow]], Gathered],
        /,
    ) -> Gathered:
        held = self._memory.rows(instrument, series, start_ms, end_ms)
        return self._reader.read_series(instrument, series, start_ms, end_ms, _with(held, gather))

    def fetched_spans(self, instrument: InstrumentName, series: Series, /) -> tuple[Span, ...]:
        held = self._memory.spans(instrument, series)
        stored = self._reader.fetched_spans(instrument, series)
        return joined([*held, *stored]) if held else stored


def _with(
    held: list[_Timed], gather: Callable[[Iterator[_Timed]], Gathered]
) -> Callable[[Iterator[_Timed]], Gathered]:
    return (lambda rows: gather(_merged(rows, held))) if held else gather


def _merged(stored: Iterable[_Timed], held: list[_Timed]) -> Iterator[_Timed]:
    """Yield rows by time; of a time that both have, the one that is stored."""
    reached = None
    for row in merge(stored, held, key=itemgetter(0)):
        if row[0] != reached:
            reached = row[0]
            yield row
