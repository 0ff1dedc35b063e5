"""What stood when, of the markets that are drawn: kept at hand, and up to date with the store.

A map is made once of all candles and then follows what is stored: a new minute is one step. It is
made anew where older candles came, another fit is in force, or the store is another one. So another
window, another zoom and a switch of the heat find it at hand.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from Heatmap.domain.candles import DAY_MS, MINUTE_MS, Series, Span
from Heatmap.levels.market import Market
from Heatmap.sources.predicted.level_history import LevelHistory
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.level_arrays import LevelData, candle_array

# What is stored is looked at again after this; half of the time between two looks of a picture.
_LOOK_S = 0.4
# While older candles arrive a map is made anew after this, and after so many times its own cost.
_GROW_S, _GROW_COSTS = 2.0, 6.0
# A map that has grown this much over what is asked for drops its oldest candles.
_MOST_EXTRA_MS = 2 * DAY_MS
_MOST_MAPS = 3
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

    def fit_names(self, instrument: str) -> Sequence[str]:
        """Return which fits there are; quick."""


@dataclass(slots=True)
class LevelMap:
    """A market's map.

    Attributes
    ----------
    history
        What stood when; ``None``: there are no candles yet.
    number
        Another one whenever the map was made anew.
    fetched
        Time whose candles were fetched.
    """

    history: LevelHistory | None
    number: int
    fetched: tuple[Span, ...]
    fits: tuple[str, ...] = ()
    made_s: float = 0.0
    cost_s: float = 0.0
    looked_s: float = field(default_factory=time.monotonic)

    def fetched_ms(self, from_ms: int) -> int:
        """Return how much of the time since then was fetched, milliseconds."""
        return sum(max(0, until - max(begin, from_ms)) for begin, until in self.fetched)


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
    """

    def __init__(self, tape: EventTape, reader: MarketReader, look_s: float = _LOOK_S) -> None:
        self._tape = tape
        self._reader = reader
        self._look_s = look_s
        # Guards the maps; held while one is made, which others wait for.
        self.lock = threading.RLock()
        # The one that was asked for last is the last.
        self._maps: dict[str, LevelMap] = {}
        self._made = 0

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
            if known is not None and time.monotonic() - known.looked_s >= self._look_s:
                known = self._followed(symbol, known, now_ms, span_ms)
            if known is None:
                known = self._make(symbol, now_ms, span_ms)
            self._maps.pop(symbol, None)
            self._maps[symbol] = known
            while len(self._maps) > _MOST_MAPS:
                del self._maps[next(iter(self._maps))]
            return known

    def _followed(self, symbol: str, known: LevelMap, now_ms: int, span_ms: int) -> LevelMap | None:
        """Bring a map up to date; ``None``: it has to be made anew."""
        fits = tuple(self._reader.fit_names(symbol))
        history = known.history
        with self._tape.reading() as reader:
            fetched = reader.fetched_spans(symbol, Series.CANDLES)
            fresh = None
            if history is not None and fetched and fetched[-1][1] > known.fetched[-1][1]:
                newest_ms = int(history.minutes.open_ms[-1]) + MINUTE_MS
                fresh = reader.read_candles(symbol, newest_ms, fetched[-1][1], candle_array)
        known.looked_s = time.monotonic()
        if fits != known.fits:
            return None
        if history is None or not fetched:
            return None if fetched != known.fetched else known
        if now_ms - int(history.minutes.open_ms[0]) > span_ms + _MOST_EXTRA_MS:
            return None
        if _has_older(fetched, known.fetched):
            # Not at every page that comes: each time all of it is walked again.
            is_soon = known.looked_s - known.made_s < max(_GROW_S, _GROW_COSTS * known.cost_s)
            return known if is_soon else None
        if fresh is not None and len(fresh) and not history.extend(fresh):
            return None
        known.fetched = fetched
        return known

    def _make(self, symbol: str, now_ms: int, span_ms: int) -> LevelMap:
        fits = tuple(self._reader.fit_names(symbol))
        started_s = time.monotonic()
        found = self._reader.read(symbol, now_ms, span_ms)
        history = None
        with suppress(ValueError):  # no candles yet
            history = LevelHistory(found.market, give_way)
        self._made += 1
        made_s = time.monotonic()
        return LevelMap(history, self._made, found.data.fetched, fits, made_s, made_s - started_s)


def _has_older(fetched: Sequence[Span], before: Sequence[Span]) -> bool:
    """Whether candles came that are older than the newest there were."""
    end_ms = before[-1][1]
    older_ms = sum(min(until, end_ms) - begin for begin, until in fetched if begin < end_ms)
    return older_ms > sum(until - begin for begin, until in before)


def give_way() -> None:
    """Let other threads have their turn, amid long work."""
    time.sleep(_PAUSE_S)
