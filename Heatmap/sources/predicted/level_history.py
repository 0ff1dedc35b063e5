"""What stood at any minute: a walk over all candles of a market, kept at hand. Pure.

The walk is kept at places half a day apart, so that the columns of any window need only the minutes
from the place before them; and at its end, so that a new minute needs only itself.

What a column shows depends on the candles closed by then and on the yields known by then, and on
nothing later: `Heatmap.levels.build_map` gives the same. So a column that is over stays as it is
when minutes come, when other yields come into force and when the oldest minutes are dropped.
"""

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, MINUTE_MS, SHORTS
from Heatmap.levels.ladders import Ladder, joined, smooth_ladder
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.walk import LevelWalk, WalkInput
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.predicted.minute_book import MinuteBook

# Farther than the farthest level nothing stands.
_MARGIN = 0.23
# At a basis point each, prices that differ by a factor of 4.5. Rows grow by so many at a time.
_MAX_ROWS, _MORE_ROWS = 15_000, 256
# A price so near to the end of rows that can't grow has the history made anew.
_NEAR_END = _MARGIN / 2
_KEPT_MINUTES = 720
# Windows whose columns are kept, and what their rows are whole numbers of, so that a pan and a
# zoom find them again.
_KEPT_COLUMNS, _LEAST_KEPT, _CROP_ROWS = 4, 32, 256
# As many of them as take so much memory; a larger one is kept if it is no more than the most.
_KEPT_BYTES, _MOST_BYTES = 48_000_000, 128_000_000
# So many minutes, or columns, are worked through before others get their turn.
_TURN_MINUTES, _TURN_COLUMNS = 720, 64


@dataclass(slots=True)
class _Stretch:
    """Minutes in which one table is valid, and the walk that belongs to it.

    Attributes
    ----------
    first
        Number of minutes before which another table is valid.
    table
        Its yields.
    kept
        Minutes walked, and the walk that has done so; rising. The first has walked none of the
        minutes that are kept.
    """

    first: int
    table: YieldTable
    kept: list[tuple[int, LevelWalk]] = field(default_factory=list)


class NoLevelsError(ValueError):
    """Nothing can be known of a market: no candle is possible, or there are no yields."""


class LevelHistory:
    """What stood in one market, by the calibrated model. Not thread-safe.

    Parameters
    ----------
    market
        Candles and fits; at least one candle that is possible.
    pause
        Called amid long work, so that other threads get their turn.

    Raises
    ------
    NoLevelsError
        There is no candle that is possible, or no yields are known.
    """

    def __init__(self, market: Market, pause: Callable[[], None] = lambda: None) -> None:
        minutes = prepare_minutes(market.candles)
        if not len(minutes):
            raise NoLevelsError("a history needs at least one candle")
        self.market = market
        # The newest prices first: where they differ too much, rows of older ones are not made.
        self.rows, _ = rows_over(minutes, FIT_WIDTH, _MARGIN, _MAX_ROWS)
        self._cut = _count_outside(minutes, self.rows)
        self._pause = pause
        self._book = MinuteBook(minutes)
        # The newest candle: what lies between it and the next one counts as passed.
        self._last = _newest(market.candles, minutes)
        self._stretches = self._lay(minutes)
        self._live = self._walked(self._stretches[-1], len(minutes))
        # Columns that were asked for last: how many minutes each has seen, of which rows, USD.
        self._known: list[tuple[NDArray[np.int64], LogRows, NDArray[np.float32]]] = []

    def __len__(self) -> int:
        """Return how many minutes are known."""
        return len(self._book)

    @property
    def minutes(self) -> Minutes:
        """The minutes that are known; valid until `extend`."""
        return self._book.minutes

    @property
    def cut(self) -> int:
        """How many of the oldest minutes are not drawn: there are no rows for their prices."""
        return self._cut

    @property
    def table(self) -> YieldTable:
        """The yields in use now."""
        return self._stretches[-1].table

    @property
    def fit_changes(self) -> tuple[int, ...]:
        """Numbers of minutes after which other yields came into force."""
        return tuple(one.first for one in self._stretches[1:])

    def table_after(self, seen: int) -> YieldTable:
        """Return the yields in use after a number of minutes."""
        starts = [one.first for one in self._stretches]
        return self._stretches[int(np.searchsorted(starts, seen, side="right")) - 1].table

    def rate_after(self, seen: int) -> float:
        """Return the maintenance margin rate of the smallest positions at that time."""
        at_ms = int(self.minutes.open_ms[max(seen, 1) - 1]) + MINUTE_MS
        brackets = self.market.brackets.in_force(self.market.symbol, at_ms)
        return float(brackets.rates[0])

    def ladder(self, table: YieldTable) -> Ladder:
        """Return what one USD of entries puts on the rows, by a table."""
        return _ladder(table)

    def seen_by(self, times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many minutes were closed by each time, (n,) int64."""
        opens = self._book.minutes.open_ms
        return np.searchsorted(opens, np.asarray(times_ms) - MINUTE_MS, side="right")

    def extend(self, candles: NDArray[np.void]) -> bool:
        """Take closed candles that came after all others.

        Returns
        -------
        bool
            False: the history has to be made anew, since prices have gone so far that rows of old
            ones have to be given up. Nothing was taken then.
        """
        with_last = np.concatenate([self._last, candles])
        fresh = prepare_minutes(with_last)
        new = fresh.between(1, len(fresh))
        if not len(new):
            return True
        if not self._make_rows(float(new.log_low.min()), float(new.log_high.max())):
            return False
        self._book.append(new)
        self._last = _newest(with_last, fresh)
        if self.market.table_at(int(new.open_ms[-1]) + MINUTE_MS) != self.table:
            self._lay_again()
            return True
        given = WalkInput.plain(fresh, fresh.volume_usd)
        for at in range(1, len(fresh)):
            self._live.step(given, at)
        return True

    def refit(self, fits: Sequence[YieldTable]) -> bool:
        """Take other fits. What stood before the time of the first that is new stays as it is.

        Returns
        -------
        bool
            Whether columns that there were are others now.
        """
        self.market = replace(self.market, fits=fits)
        return self._lay_again()

    def shortened(self, first: int) -> "LevelHistory":
        """Return a history without the oldest minutes; what stood after them is the same.

        Parameters
        ----------
        first
            The number of the first minute that is kept; below the number of all.
        """
        other = copy(self)
        minutes = self.minutes
        other._book = MinuteBook(minutes.between(first, len(minutes)))  # noqa: SLF001 - its own kind
        other._live = self._live.copy()  # noqa: SLF001
        other._cut = max(self._cut - first, 0)  # noqa: SLF001
        other._known = [(seen - first, rows, usd) for seen, rows, usd in self._known]  # noqa: SLF001
        stretches: list[_Stretch] = []
        ends = [one.first for one in self._stretches[1:]]
        for stretch, end in zip(self._stretches, [*ends, len(minutes) + 1], strict=True):
            if end > first + 1:
                walk = self._walked(stretch, first)
                kept = [(at - first, one) for at, one in stretch.kept if at > first]
                begin = max(stretch.first - first, 0) if stretches else 0
                stretches.append(_Stretch(begin, stretch.table, [(0, walk), *kept]))
        other._stretches = stretches  # noqa: SLF001
        return other

    def as_of(self, count: int, newest: NDArray[np.void]) -> "LevelHistory":
        """Return a history that knows the oldest minutes only; what stood after them is the same.

        Parameters
        ----------
        count
            How many minutes it knows, at least 1.
        newest : (1,) CANDLE_DTYPE
            The candle of the last of them.
        """
        other = copy(self)
        until_ms = int(newest["open_ms"][0])
        candles = self.market.candles
        other.market = replace(self.market, candles=candles[candles["open_ms"] <= until_ms])
        other._book = MinuteBook(self.minutes.between(0, count))  # noqa: SLF001 - its own kind
        other._last = newest  # noqa: SLF001
        other._cut = min(self._cut, count)  # noqa: SLF001
        other._stretches = [  # noqa: SLF001
            _Stretch(one.first, one.table, [kept for kept in one.kept if kept[0] <= count])
            for one in self._stretches
            if one.first <= count
        ]
        other._live = other._walked(other._stretches[-1], count)  # noqa: SLF001
        other._known = [  # noqa: SLF001
            (seen[seen <= count], rows, usd[seen <= count])
            for seen, rows, usd in self._known
            if seen[0] <= count
        ]
        return other

    def standing(self) -> NDArray[np.float32]:
        """Return what stands after the newest minute, (rows.count,) float32, USD."""
        return self._live.column()

    def columns(self, seen: NDArray[np.int64], rows: LogRows) -> NDArray[np.float32]:
        """Return what stood after some numbers of minutes.

        Parameters
        ----------
        seen : (m,) int64
            Rising; 0: nothing was known yet.
        rows
            Of which rows, as `crop` gives them.

        Returns
        -------
        (m, n) float32, USD
            0 on the rows of the newest of its minutes.
        """
        found = np.zeros((len(seen), rows.count), np.float32)
        is_missing = ~self._recall(seen, rows, found)
        if is_missing.any():
            found[is_missing] = self._compute(seen[is_missing], rows)
        if len(seen) >= _LEAST_KEPT:
            others = [
                one
                for one in self._known
                if one[1] != rows or one[0][0] < seen[0] or one[0][-1] > seen[-1]
            ]
            self._keep((seen, rows, found), others)
        return found

    # -- inside -------------------------------------------------------------------------------

    def _keep(
        self,
        newest: tuple[NDArray[np.int64], LogRows, NDArray[np.float32]],
        others: Sequence[tuple[NDArray[np.int64], LogRows, NDArray[np.float32]]],
    ) -> None:
        if newest[2].nbytes > _MOST_BYTES:
            return
        self._known, kept_bytes = [newest], newest[2].nbytes
        for one in others[: _KEPT_COLUMNS - 1]:
            kept_bytes += one[2].nbytes
            if kept_bytes > _KEPT_BYTES:
                break
            self._known.append(one)

    def _make_rows(self, log_low: float, log_high: float) -> bool:
        """Have rows for prices and all that may stand near them; False: only made anew."""
        rows = self.rows
        wanted = [log_low + math.log1p(-_MARGIN), log_high + math.log1p(_MARGIN)]
        low, high = (math.floor(one / rows.width) for one in wanted)
        if rows.first <= low and high < rows.first + rows.count:
            return True
        first = min(rows.first, low - _MORE_ROWS if low < rows.first else low)
        end = max(rows.first + rows.count, high + 1)
        if high >= rows.first + rows.count:
            end += _MORE_ROWS
        if end - first <= _MAX_ROWS:
            self.rows = LogRows(rows.width, first, end - first)
            self._live = self._live.on_rows(self.rows)
            for stretch in self._stretches:
                stretch.kept = [(at, walk.on_rows(self.rows)) for at, walk in stretch.kept]
            return True
        spare = round(_NEAR_END / rows.width)
        return (
            rows.first + spare <= math.floor(log_low / rows.width)
            and math.floor(log_high / rows.width) < rows.first + rows.count - spare
        )

    def _lay_again(self) -> bool:
        """Use the tables that are valid; whether columns that there were are others now."""
        fresh, before, same = self._lay(self.minutes), self._stretches, 0
        while same < min(len(fresh), len(before)) and (
            (fresh[same].first, fresh[same].table) == (before[same].first, before[same].table)
        ):
            same += 1
        if same == len(fresh) == len(before):
            return False
        self._stretches = [*before[:same], *fresh[same:]]
        self._live = self._walked(self._stretches[-1], len(self))
        changed_from = min(one.first for one in (*fresh[same:], *before[same:]))
        self._known = [
            (seen[seen < changed_from], rows, usd[seen < changed_from])
            for seen, rows, usd in self._known
            if seen[0] < changed_from
        ]
        return True

    def _recall(
        self, seen: NDArray[np.int64], rows: LogRows, out: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Take what was worked out before; return which columns that are, (m,) bool."""
        is_found = np.zeros(len(seen), np.bool_)
        for known_seen, known_rows, known in self._known:
            low = rows.first - known_rows.first
            if low >= 0 and low + rows.count <= known_rows.count:
                at = np.minimum(np.searchsorted(known_seen, seen), len(known_seen) - 1)
                is_here = (known_seen[at] == seen) & ~is_found
                out[is_here] = known[at[is_here], low : low + rows.count]
                is_found |= is_here
        return is_found

    def _compute(self, seen: NDArray[np.int64], rows: LogRows) -> NDArray[np.float32]:
        found = np.zeros((len(seen), rows.count), np.float32)
        starts = [one.first for one in self._stretches]
        which = np.searchsorted(starts, seen, side="right") - 1
        for number, stretch in enumerate(self._stretches):
            mine = np.flatnonzero((which == number) & (seen > 0))
            if len(mine):
                self._fill(stretch, seen[mine], rows, found[mine[0] : mine[-1] + 1])
        return found

    def _lay(self, minutes: Minutes) -> list[_Stretch]:
        """Find which table is valid when."""
        closes = minutes.closes_ms
        times = [max(one.fitted_ms, one.data_until_ms) for one in self.market.fits]
        firsts = sorted({0, *np.searchsorted(closes, sorted(times), side="left").tolist()})
        found: list[_Stretch] = []
        for first in firsts:
            if first >= len(closes):
                break
            table = self.market.table_at(int(closes[first]))
            if table is None:
                raise NoLevelsError("a history needs yields that are known")
            if not found or table != found[-1].table:
                # After so many minutes and one more it is valid.
                walk = LevelWalk(self.rows, [_ladder(table)])
                found.append(_Stretch(first + 1 if found else 0, table, [(0, walk)]))
        return found

    def _input(self) -> WalkInput:
        minutes = self._book.minutes
        return WalkInput.plain(minutes, minutes.volume_usd)

    def _walked(self, stretch: _Stretch, seen: int) -> LevelWalk:
        """Return a walk that has seen some minutes, the caller's own; keeps places on the way."""
        given = self._input()
        counts = [one for one, _ in stretch.kept]
        at, nearest = stretch.kept[int(np.searchsorted(counts, seen, side="right")) - 1]
        walk = nearest.copy()
        none = np.zeros(0, np.int64)
        while at < seen:
            end = min(seen, (at // _TURN_MINUTES + 1) * _TURN_MINUTES)
            walk.run(given.between(at, end), none)
            at = end
            # What lies long before the table is valid is only walked through.
            is_used = at + _KEPT_MINUTES > stretch.first
            if is_used and at % _KEPT_MINUTES == 0 and at > stretch.kept[-1][0]:
                stretch.kept.append((at, walk.copy()))
            self._pause()
        return walk

    def _fill(
        self, stretch: _Stretch, seen: NDArray[np.int64], rows: LogRows, out: NDArray[np.float32]
    ) -> None:
        given = self._input()
        at = int(seen[0])
        walk = self._walked(stretch, at)
        for first in range(0, len(seen), _TURN_COLUMNS):
            part = seen[first : first + _TURN_COLUMNS]
            end = int(part[-1])
            walked = walk.run(given.between(at, end), part - at)
            low = rows.first - self.rows.first
            out[first : first + len(part)] = walked.columns[:, low : low + rows.count]
            at = end
            self._pause()


def crop(rows: LogRows, low_usd: float, high_usd: float, more: int = 0) -> LogRows:
    """Return those of some rows that hold a price range, and `more` beside it; never none."""
    low, high = np.log([low_usd, high_usd]) / rows.width + [-more, more]
    steps = np.floor(low / _CROP_ROWS), np.ceil(high / _CROP_ROWS)
    start, end = (np.array(steps) * _CROP_ROWS - rows.first).tolist()
    first = int(np.clip(start, 0, rows.count - 1))
    last = int(np.clip(end, first + 1, rows.count))
    return LogRows(rows.width, rows.first + first, last - first)


def _count_outside(minutes: Minutes, rows: LogRows) -> int:
    """Return how many minutes there are up to the last one with prices outside of rows."""
    ends = np.array([rows.first, rows.first + rows.count]) * rows.width
    is_outside = (minutes.log_low < ends[0]) | (minutes.log_high > ends[1])
    return int(np.flatnonzero(is_outside)[-1]) + 1 if is_outside.any() else 0


def _newest(candles: NDArray[np.void], minutes: Minutes) -> NDArray[np.void]:
    return np.asarray(candles[candles["open_ms"] == minutes.open_ms[-1]][-1:])


def _ladder(table: YieldTable) -> Ladder:
    yields = table.usd_per_usd
    return joined([smooth_ladder(side, yields[side], FIT_WIDTH) for side in (LONGS, SHORTS)])
