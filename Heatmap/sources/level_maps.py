"""What stood when, of the markets that are drawn: kept at hand, and up to date with the store.

A map is made once of all candles and then follows what is stored: a new minute is one step.
Another fit changes what stands since its own time, and minutes that are too old are dropped:
neither touches what stood in between. A map is made anew where older candles came or a hole was
filled, and where prices have gone too far for its rows. A map that a source holds stays, however
many there are: another window, another zoom and another look find it at hand.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol
from weakref import WeakValueDictionary

import numpy as np

from Heatmap.domain.candles import (
    DAY_MS,
    MINUTE_MS,
    Series,
    Span,
    clipped,
    joined,
    length_ms,
    without,
)
from Heatmap.levels.market import Market
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.predicted.level_history import LevelHistory, NoLevelsError
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.level_arrays import LevelData, candle_array

# What is stored is looked at again after this; half of the time between two looks of a picture.
_LOOK_S = 0.4
# While older candles arrive a map is made anew after this, and after so many times its own cost.
_GROW_S, _GROW_COSTS = 2.0, 6.0
# A map that has grown this much over what is asked for drops its oldest candles, half days of them.
_MOST_EXTRA_MS, _DROP_MINUTES = 2 * DAY_MS, 720
# Those that no source holds any more; each takes some ten megabytes.
_MOST_IDLE = 3
_PAUSE_S = 0.0005


class MarketRead(Protocol):
    """A market as it is stored."""

    @property
    def market(self) -> Market:
        """Candles, fits and what else is known."""

    @property
    def data(self) -> LevelData:
        """The same as it was stored."""


class MarketReader(Protocol):
    """Where markets come from. Safe to use from any thread."""

    def read(self, instrument: str, at_ms: int, span_ms: int) -> MarketRead:
        """Read what was known of an instrument at a time; raise StorageError where it cannot."""

    def imported_spans(self, instrument: str) -> tuple[Span, ...]:
        """Return of which time there are candles beside the recorded ones; quick."""

    def fit_names(self, instrument: str) -> Sequence[str]:
        """Return which fits there are; quick."""

    def read_fits(self, instrument: str) -> tuple[Sequence[YieldTable], Sequence[object]]:
        """Return the fits, and what is wrong with those that cannot be used."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class LevelMap:
    """A market's map; it is kept up as long as somebody holds it.

    Attributes
    ----------
    history
        What stood when; ``None``: there are no candles yet.
    number
        Another one whenever what there was has changed.
    fetched
        Time whose candles were fetched or imported.
    imported
        Time whose candles were imported.
    """

    history: LevelHistory | None
    number: int
    fetched: tuple[Span, ...]
    fits: tuple[str, ...] = ()
    imported: tuple[Span, ...] = ()
    made_s: float = 0.0
    cost_s: float = 0.0
    looked_s: float = field(default_factory=time.monotonic)

    @property
    def end_ms(self) -> int:
        """Return until when candles were fetched, UTC milliseconds; 0: none were."""
        return self.fetched[-1][1] if self.fetched else 0

    def fetched_ms(self, from_ms: int) -> int:
        """Return how much of the time since then was fetched, milliseconds."""
        return sum(max(0, until - max(begin, from_ms)) for begin, until in self.fetched)

    def has_more(self, imported: Sequence[Span], from_ms: int) -> bool:
        """Whether time was imported since, from then on, that is older than the newest there was.

        As of an earlier time that goes on, imported time becomes known minute by minute.
        """
        return length_ms(without(clipped(imported, from_ms, self.end_ms), self.imported)) > 0

    def has_older(self, fetched: Sequence[Span], from_ms: int) -> bool:
        """Whether time was fetched since, from then on, that is older than the newest there was."""
        older = clipped(fetched, from_ms, self.end_ms)
        return length_ms(without(older, self.fetched)) > 0


class LevelMaps:
    """The maps of one store. Safe to use from any thread, but not on a GUI's loop.

    Parameters
    ----------
    tape
        What is stored.
    reader
        Where markets come from.
    look_s
        What is stored is looked at again after this time.
    later
        Maps of the same markets as of a later time, to begin with; ``None``: there are none.
    """

    def __init__(
        self,
        tape: EventTape,
        reader: MarketReader,
        look_s: float = _LOOK_S,
        later: "LevelMaps | None" = None,
    ) -> None:
        self._later = later
        self._tape = tape
        self._reader = reader
        self._look_s = look_s
        # Guards the maps; held while one is made, which others wait for.
        self.lock = threading.RLock()
        # All that somebody holds, and those that were asked for last, the newest at the end.
        self._maps: WeakValueDictionary[str, LevelMap] = WeakValueDictionary()
        self._latest: dict[str, LevelMap] = {}
        self._made = 0
        # Set in any thread, and taken by the next look.
        self._is_due = self._is_void = False

    def doubt(self, *, is_back: bool) -> None:
        """Take note that the reader's time has jumped; never waits.

        Parameters
        ----------
        is_back
            There is less now than there was: what was made of it is made anew.
        """
        self._is_due = True
        self._is_void = self._is_void or is_back

    def look(self, symbol: str, now_ms: int, span_ms: int) -> LevelMap:
        """Return a market's map as of what is stored; its history is used under `lock`.

        Parameters
        ----------
        symbol
            Whose.
        now_ms
            UTC milliseconds.
        span_ms
            How far back candles are wanted, milliseconds.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with self.lock:
            known = self._maps.get(symbol)
            if self._is_void:
                self._is_void = False
                self._maps.clear()
                self._latest.clear()
                known = None if known is None else self._rewound(symbol, known, now_ms, span_ms)
            is_due, self._is_due = self._is_due, False
            if known is not None and (is_due or time.monotonic() - known.looked_s >= self._look_s):
                known = self._followed(symbol, known, now_ms, span_ms)
            if known is None and self._later is not None:
                known = self._begun(self._later, symbol, now_ms, span_ms)
            if known is None:
                known = self._make(symbol, now_ms, span_ms)
            self._maps[symbol] = known
            self._latest.pop(symbol, None)
            self._latest[symbol] = known
            while len(self._latest) > _MOST_IDLE:
                del self._latest[next(iter(self._latest))]
            return known

    def _followed(self, symbol: str, known: LevelMap, now_ms: int, span_ms: int) -> LevelMap | None:
        """Bring a map up to date; ``None``: it has to be made anew."""
        fits = tuple(self._reader.fit_names(symbol))
        history, from_ms = known.history, now_ms - span_ms
        imported = self._imported(symbol, now_ms)
        with self._tape.reading() as reader:
            recorded = reader.fetched_spans(symbol, Series.CANDLES)
            fetched = joined([*recorded, *imported])
            fresh, until_ms = None, fetched[-1][1] if fetched else 0
            newest_ms = 0 if history is None else int(history.minutes.open_ms[-1]) + MINUTE_MS
            if history is not None and until_ms > known.end_ms:
                fresh = reader.read_candles(symbol, newest_ms, until_ms, candle_array)
        if fresh is not None and without(clipped(imported, newest_ms, until_ms), recorded):
            fresh = self._reader.read(symbol, until_ms, until_ms - newest_ms).market.candles
        known.looked_s = time.monotonic()
        if history is None or not fetched:
            return None if (fetched, fits) != (known.fetched, known.fits) else known
        if fits != known.fits:
            known = self._refitted(symbol, known, history, fits)
        if now_ms - int(history.minutes.open_ms[0]) > span_ms + _MOST_EXTRA_MS:
            first = int(np.searchsorted(history.minutes.open_ms, now_ms - span_ms))
            if first == len(history):
                return None
            first -= first % _DROP_MINUTES
            if first:
                history = history.shortened(first)
                self._made += 1
                known = replace(known, history=history, number=self._made)
        lacks_older = known.has_older(fetched, from_ms) or known.has_more(imported, from_ms)
        # Not at every page that comes: each time all of it is walked again.
        is_soon = known.looked_s - known.made_s < max(_GROW_S, _GROW_COSTS * known.cost_s)
        if lacks_older and not is_soon:
            return None
        if fresh is not None and len(fresh) and not history.extend(fresh):
            return None
        before_ms = known.end_ms
        known.imported = joined([*known.imported, *clipped(imported, before_ms, until_ms)])
        # The newest minutes do not wait for older ones.
        newer = clipped(fetched, before_ms, until_ms)
        known.fetched = joined([*known.fetched, *newer]) if lacks_older else fetched
        return known

    def _begun(self, later: "LevelMaps", symbol: str, now_ms: int, span_ms: int) -> LevelMap | None:
        """Return a map made of one as of a later time; ``None``: there is none."""
        with later.lock:
            known = later._maps.get(symbol)  # noqa: SLF001 - its own kind
            return None if known is None else self._rewound(symbol, known, now_ms, span_ms)

    def _rewound(self, symbol: str, known: LevelMap, now_ms: int, span_ms: int) -> LevelMap | None:
        """Return a map as of an earlier time; ``None``: it has to be made anew."""
        history, imported = known.history, self._imported(symbol, now_ms)
        if history is None:
            return None
        with self._tape.reading() as reader:
            fetched = joined([*reader.fetched_spans(symbol, Series.CANDLES), *imported])
            # Time may have gone on since it was asked for, or back: what it lacks is read later.
            fetched = clipped(fetched, 0, now_ms - now_ms % MINUTE_MS)
            until_ms = fetched[-1][1] if fetched else 0
            count = int(history.seen_by(np.array([until_ms]))[0])
            if not count:
                return None
            last_ms = int(history.minutes.open_ms[count - 1])
            newest = reader.read_candles(symbol, last_ms, last_ms + 1, candle_array)
        if not len(newest) or not fetched or known.has_older(fetched, now_ms - span_ms):
            return None
        # After a jump to the past and back it is of an earlier time itself, and lacks what came.
        if fetched[-1][1] > known.end_ms:
            return None
        self._made += 1
        return replace(
            known,
            history=history.as_of(count, newest),
            number=self._made,
            fetched=fetched,
            imported=imported,
            looked_s=time.monotonic(),
        )

    def _refitted(
        self, symbol: str, known: LevelMap, history: LevelHistory, fits: tuple[str, ...]
    ) -> LevelMap:
        found, _ = self._reader.read_fits(symbol)
        if not history.refit(found):
            known.fits = fits
            return known
        self._made += 1
        return replace(known, number=self._made, fits=fits)

    def _imported(self, symbol: str, now_ms: int) -> tuple[Span, ...]:
        """Return imported time that is over, whole minutes."""
        return clipped(self._reader.imported_spans(symbol), 0, now_ms - now_ms % MINUTE_MS)

    def _make(self, symbol: str, now_ms: int, span_ms: int) -> LevelMap:
        fits = tuple(self._reader.fit_names(symbol))
        started_s = time.monotonic()
        # Before it is read: what is imported meanwhile is then news.
        imported = self._imported(symbol, now_ms)
        found = self._reader.read(symbol, now_ms, span_ms)
        history = None
        with suppress(NoLevelsError):  # no candles yet
            history = LevelHistory(found.market, give_way)
        self._made += 1
        made_s = time.monotonic()
        # What was not over by then was not read, and comes when it is looked at again.
        until_ms = now_ms - now_ms % MINUTE_MS
        fetched = clipped([*found.data.fetched, *imported], 0, until_ms)
        cost_s = made_s - started_s
        return LevelMap(history, self._made, fetched, fits, imported, made_s, cost_s)


def give_way() -> None:
    """Let other threads have their turn, amid long work."""
    time.sleep(_PAUSE_S)
