"""From what is stored of an instrument to the market that levels are computed of."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from Heatmap.domain.candles import Series, Span, joined
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.feeds.joined_market import (
    add_imported,
    imported_spans,
    nothing_recorded,
    read_recorded,
)
from Heatmap.levels.arrays import CANDLE_DTYPE
from Heatmap.levels.ensemble_table import parse_ensemble
from Heatmap.levels.imported import ImportedMarkets
from Heatmap.levels.market import Market
from Heatmap.levels.taker_selection import TakerRule
from Heatmap.levels.yields import YieldTable, parse_yields
from Heatmap.storage.fit_files import FitFiles
from Heatmap.storage.level_arrays import LevelData
from Heatmap.storage.store import Store

Table = TypeVar("Table")


@dataclass(frozen=True)
class StoredMarket:
    """A market as it is stored.

    Attributes
    ----------
    market
        Candles, open interest, funding, and the fits so far.
    data
        The same with liquidations, where they were asked for, and what was fetched.
    problems
        Fits, or history, that cannot be used, and why.
    """

    market: Market
    data: LevelData
    problems: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class LevelStore:
    """Reads markets. Safe to use from any thread, but not on a GUI's loop.

    Attributes
    ----------
    store
        Where candles and liquidations are.
    fits
        Yields that were learned.
    imported
        Markets that were imported; ``None``: none.
    """

    store: Store
    fits: FitFiles
    imported: ImportedMarkets | None = None

    @classmethod
    def of(cls, store: Store, imported: ImportedMarkets | None = None) -> "LevelStore":
        """Return the markets of a store, with what was learned beside it."""
        return cls(store, FitFiles(store.address), imported)

    @property
    def ensembles(self) -> FitFiles:
        """Ensembles that were learned."""
        return FitFiles(self.store.address, "ensemble")

    def has(self, instrument: str) -> bool:
        """Whether there is a database, or imported candles of an instrument.

        Raises
        ------
        HistoryError
            There is no database, and what was imported cannot be read.
        """
        if self.store.exists() or self.imported is None:
            return self.store.exists()
        return bool(self.imported.spans(instrument))

    def read(
        self,
        instrument: str,
        at_ms: int,
        span_ms: int,
        *,
        with_messages: bool = False,
        taker_rule: TakerRule | None = None,
    ) -> StoredMarket:
        """Read what was known of an instrument at a time.

        Parameters
        ----------
        instrument
            Whose.
        at_ms
            UTC milliseconds.
        span_ms
            How far back, milliseconds.
        with_messages
            Whether liquidations are wanted too.
        taker_rule
            Single trades are wanted too, those that this rule may choose.

        Raises
        ------
        StorageError
            The store is missing or cannot be read.
        """
        time = (at_ms - span_ms, at_ms)
        if self.store.exists() or not self.imported_spans(instrument):
            known = read_recorded(self.store, instrument, time, with_messages=with_messages)
        else:
            known = nothing_recorded()
        if self.imported is not None:
            known = add_imported(known, self.imported, instrument, time, taker_rule)
        fits, problems = self.read_fits(instrument)
        ensembles, others = _parsed(self.ensembles, instrument, parse_ensemble)
        data = known.data
        market = Market(
            symbol=instrument,
            candles=data.candles,
            volume=known.volume,
            funding=data.funding if len(data.funding) else None,
            open_interest=data.open_interest if len(data.open_interest) else None,
            fits=fits,
            ensembles=ensembles,
            trades=known.trades,
            notes=known.notes,
        )
        return StoredMarket(market, data, (*problems, *others, *known.failures))

    def newest(self, instrument: str) -> tuple[int | None, tuple[str, ...]]:
        """Return until when there are candles, UTC ms, and which fits there are: a quick look.

        Raises
        ------
        StorageError
            The store is missing or cannot be read.
        """
        spans, names = self.basis(instrument)
        return (spans[-1][1] if spans else None), names

    def basis(self, instrument: str) -> tuple[tuple[Span, ...], tuple[str, ...]]:
        """Return of which time there are candles, and which fits there are: a quick look.

        Levels come of these: where they are the same, so are the levels of a time.

        Raises
        ------
        StorageError
            The store is missing or cannot be read.
        """
        spans = self.imported_spans(instrument)
        if self.store.exists() or not spans:
            with closing(self.store.open_reader()) as reader:
                spans = joined([*spans, *reader.fetched_spans(instrument, Series.CANDLES)])
        return spans, (*self.fits.names(instrument), *self.ensembles.names(instrument))

    def imported_spans(self, instrument: str) -> tuple[Span, ...]:
        """Return of which time imported candles count beside recorded ones; a quick look.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        return imported_spans(self.store, self.imported, instrument)

    def without_candles(self, instrument: str) -> Market:
        """Return a market for its fits alone, of an instrument whose store may be missing."""
        fits, _ = self.read_fits(instrument)
        ensembles, _ = _parsed(self.ensembles, instrument, parse_ensemble)
        return Market(
            symbol=instrument,
            candles=np.zeros(0, CANDLE_DTYPE),
            fits=fits,
            ensembles=ensembles,
        )

    def fit_names(self, instrument: str) -> tuple[str, ...]:
        """Return which fits of an instrument there are."""
        return self.fits.names(instrument)

    def read_fits(self, instrument: str) -> tuple[Sequence[YieldTable], tuple[Failure, ...]]:
        """Return the fits of an instrument, and what is wrong with the others."""
        return _parsed(self.fits, instrument, parse_yields)


def _parsed(
    files: FitFiles, instrument: str, parse: Callable[[str], Table]
) -> tuple[Sequence[Table], tuple[Failure, ...]]:
    tables, problems = [], []
    for name, text in files.read(instrument).items():
        try:
            tables.append(parse(text))
        except SettingsError as error:
            values = {"name": name, "reason": str(error)}
            problems.append(Failure(FailureKind.FIT_UNREADABLE, values))
    return tables, tuple(problems)
