"""What stood at any minute: a walk over all candles of a market, kept at hand. Pure.

The walk is kept at places half a day apart, so that the columns of any window need only the minutes
from the place before them; and at its end, so that a new minute needs only itself.

What a column shows depends on the candles closed by then and on the yields known by then, and on
nothing later: `Heatmap.levels.build_map` gives the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

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
# At a basis point each, prices that differ by a factor of 4.5.
_MAX_ROWS = 15_000
_KEPT_MINUTES = 720
# Windows whose columns are kept, and what their rows are whole numbers of, so that a pan and a
# zoom find them again.
_KEPT_COLUMNS, _LEAST_KEPT, _CROP_ROWS = 4, 32, 256
# So many minutes, or columns, are worked through before others get their turn.
_TURN_MINUTES, _TURN_COLUMNS = 720, 64


@dataclass(slots=True)
class _Stretch:
    """Minutes in which one table is in force, and the walk that belongs to it.

    Attributes
    ----------
    first
        Number of minutes before which another table is in force.
    table
        Its yields.
    kept
        Minutes walked, and the walk that has done so; rising. The first has walked none.
    """

    first: int
    table: YieldTable
    kept: list[tuple[int, LevelWalk]] = field(default_factory=list)


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
    ValueError
        There is no candle that is possible, or no yields are known.
    """

    def __init__(self, market: Market, pause: Callable[[], None] = lambda: None) -> None:
        minutes = prepare_minutes(market.candles)
        if not len(minutes):
            raise ValueError("a history needs at least one candle")
        self.market = market
        self.rows, _ = rows_over(minutes, FIT_WIDTH, _MARGIN, _MAX_ROWS)
        self._pause = pause
        self._book = MinuteBook(minutes)
        # The newest candle: what lies between it and the next one counts as passed.
        self._last = _newest(market.candles, minutes)
        self._stretches = self._lay(minutes)
        self._live = self._walked(self._stretches[-1], len(minutes))
        # Columns that were asked for last: how many minutes each has seen, of which rows, USD.
        self._known: list[tuple[NDArray[np.int64], slice, NDArray[np.float32]]] = []

    def __len__(self) -> int:
        """Return how many minutes are known."""
        return len(self._book)

    @property
    def minutes(self) -> Minutes:
        """The minutes that are known; valid until `extend`."""
        return self._book.minutes

    @property
    def table(self) -> YieldTable:
        """The yields in force now."""
        return self._stretches[-1].table

    @property
    def fit_changes(self) -> tuple[int, ...]:
        """Numbers of minutes after which other yields came into force."""
        return tuple(one.first for one in self._stretches[1:])

    def table_after(self, seen: int) -> YieldTable:
        """Return the yields in force after a number of minutes."""
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
            False: the history has to be made anew, since a candle lies outside its rows, or another
            fit is in force now. Nothing was taken then.
        """
        with_last = np.concatenate([self._last, candles])
        fresh = prepare_minutes(with_last)
        new = fresh.between(1, len(fresh))
        if not len(new):
            return True
        lowest, highest = float(new.log_low.min()), float(new.log_high.max())
        reach = np.array([lowest, highest]) / self.rows.width - self.rows.first
        if reach[0] < 0 or reach[1] >= self.rows.count:
            return False
        if self.market.table_at(int(new.open_ms[-1]) + MINUTE_MS) != self.table:
            return False
        given = WalkInput.plain(fresh, fresh.volume_usd)
        for at in range(1, len(fresh)):
            self._live.step(given, at)
        self._book.append(new)
        self._last = _newest(with_last, fresh)
        return True

    def standing(self) -> NDArray[np.float32]:
        """Return what stands after the newest minute, (rows.count,) float32, USD."""
        return self._live.column()

    def columns(self, seen: NDArray[np.int64], rows: slice) -> NDArray[np.float32]:
        """Return what stood after some numbers of minutes.

        Parameters
        ----------
        seen : (m,) int64
            Rising; 0: nothing was known yet.
        rows
            Of which rows; whole numbers.

        Returns
        -------
        (m, n) float32, USD
            0 on the rows of the newest of its minutes.
        """
        found = np.zeros((len(seen), rows.stop - rows.start), np.float32)
        is_missing = ~self._recall(seen, rows, found)
        if is_missing.any():
            found[is_missing] = self._compute(seen[is_missing], rows)
        if len(seen) >= _LEAST_KEPT:
            others = [
                one
                for one in self._known
                if one[1] != rows or one[0][0] < seen[0] or one[0][-1] > seen[-1]
            ]
            self._known = [(seen, rows, found), *others[: _KEPT_COLUMNS - 1]]
        return found

    # -- inside -------------------------------------------------------------------------------

    def _recall(
        self, seen: NDArray[np.int64], rows: slice, out: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Take what was worked out before; return which columns that are, (m,) bool."""
        is_found = np.zeros(len(seen), np.bool_)
        for known_seen, known_rows, known in self._known:
            if known_rows == rows:
                at = np.minimum(np.searchsorted(known_seen, seen), len(known_seen) - 1)
                is_here = (known_seen[at] == seen) & ~is_found
                out[is_here] = known[at[is_here]]
                is_found |= is_here
        return is_found

    def _compute(self, seen: NDArray[np.int64], rows: slice) -> NDArray[np.float32]:
        found = np.zeros((len(seen), rows.stop - rows.start), np.float32)
        starts = [one.first for one in self._stretches]
        which = np.searchsorted(starts, seen, side="right") - 1
        for number, stretch in enumerate(self._stretches):
            mine = np.flatnonzero((which == number) & (seen > 0))
            if len(mine):
                self._fill(stretch, seen[mine], rows, found[mine[0] : mine[-1] + 1])
        return found

    def _lay(self, minutes: Minutes) -> list[_Stretch]:
        """Find which table is in force when."""
        closes = minutes.closes_ms
        times = [max(one.fitted_ms, one.data_until_ms) for one in self.market.fits]
        firsts = sorted({0, *np.searchsorted(closes, sorted(times), side="left").tolist()})
        found: list[_Stretch] = []
        for first in firsts:
            if first >= len(closes):
                break
            table = self.market.table_at(int(closes[first]))
            if table is None:
                raise ValueError("a history needs yields that are known")
            if not found or table != found[-1].table:
                # After so many minutes and one more it is in force.
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
            if at % _KEPT_MINUTES == 0 and at > stretch.kept[-1][0]:
                stretch.kept.append((at, walk.copy()))
            self._pause()
        return walk

    def _fill(
        self, stretch: _Stretch, seen: NDArray[np.int64], rows: slice, out: NDArray[np.float32]
    ) -> None:
        given = self._input()
        at = int(seen[0])
        walk = self._walked(stretch, at)
        for first in range(0, len(seen), _TURN_COLUMNS):
            part = seen[first : first + _TURN_COLUMNS]
            end = int(part[-1])
            walked = walk.run(given.between(at, end), part - at)
            out[first : first + len(part)] = walked.columns[:, rows]
            at = end
            self._pause()


def crop(rows: LogRows, low_usd: float, high_usd: float) -> slice:
    """Return rows that hold a price range, and some more; never none of them."""
    low, high = (np.log([low_usd, high_usd]) / rows.width - rows.first) / _CROP_ROWS
    start = int(np.clip(np.floor(low) * _CROP_ROWS, 0, rows.count - 1))
    return slice(start, int(np.clip(np.ceil(high) * _CROP_ROWS, start + 1, rows.count)))


def _newest(candles: NDArray[np.void], minutes: Minutes) -> NDArray[np.void]:
    return np.asarray(candles[candles["open_ms"] == minutes.open_ms[-1]][-1:])


def _ladder(table: YieldTable) -> Ladder:
    yields = table.usd_per_usd
    return joined([smooth_ladder(side, yields[side], FIT_WIDTH) for side in (LONGS, SHORTS)])
