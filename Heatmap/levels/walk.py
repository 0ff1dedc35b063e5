"""The walk over minutes: what stands at each price after each minute.

Each minute, in this order: what stands decays; rows that the price reached are consumed; the
minute's entries are added (so a minute does not consume its own); a column is written where one is
wanted. State is kept in units inflated by ``exp(decay so far)``, so that decay costs nothing.
"""

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.ladders import Ladder
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.price_rows import LogRows

# As many minutes at most are worked through at once.
_BLOCK = 64
# A few milliseconds of work.
_MINUTES_PER_PAUSE = 1_024
# The inflation is taken back before float64 suffers.
_MAX_EXPONENT = 30.0
# After a longer time nothing is left, to rounding.
_MAX_STEP = 60.0


@dataclass(slots=True)
class Account:
    """Where all that was entered went; USD of the ladders' kind.

    ``entered = consumed + standing + decayed + left_grid + dropped``

    Attributes
    ----------
    entered
        Put on the ladders.
    consumed
        Reached by the price.
    decayed
        Gone with time.
    left_grid
        Put, or shifted, outside the rows.
    dropped
        Given up where the price jumped.
    """

    entered: float = 0.0
    consumed: float = 0.0
    decayed: float = 0.0
    left_grid: float = 0.0
    dropped: float = 0.0


@dataclass(frozen=True, slots=True)
class WalkInput:
    """What each minute brings, one row each.

    Attributes
    ----------
    minutes
        The minutes.
    amounts_usd : (n, n_ladders) float64
        Entries that go on each ladder.
    decay : (n,) float64
        By how much the exponent grows before each minute; at least 0.
    shift : (n,) float64
        By how much all levels move before each minute, in log price.
    """

    minutes: Minutes
    amounts_usd: NDArray[np.float64]
    decay: NDArray[np.float64]
    shift: NDArray[np.float64]

    def until(self, end: int) -> "WalkInput":
        """Return the input of the first minutes only."""
        return WalkInput(
            self.minutes.until(end), self.amounts_usd[:end], self.decay[:end], self.shift[:end]
        )

    def between(self, first: int, end: int) -> "WalkInput":
        """Return the input of some adjacent minutes."""
        return WalkInput(
            self.minutes.between(first, end),
            self.amounts_usd[first:end],
            self.decay[first:end],
            self.shift[first:end],
        )

    @classmethod
    def plain(cls, minutes: Minutes, amounts_usd: NDArray[np.float64]) -> "WalkInput":
        """Return an input without decay and shift; amounts may be (n,) for one ladder."""
        nothing = np.zeros(len(minutes))
        return cls(minutes, amounts_usd.reshape(len(minutes), -1), nothing, nothing)


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk gives.

    Attributes
    ----------
    columns : (m, rows.count) float32, USD
        What stood at each wanted time.
    consumed_usd : (n,) float64
        What each minute reached.
    """

    columns: NDArray[np.float32]
    consumed_usd: NDArray[np.float64]


@dataclass(slots=True)
class _Rows:
    """An input's minutes as rows of the grid."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    entries: NDArray[np.int64]  # (n, 3)
    masked: NDArray[np.int64]  # (n, 2)
    on_grid: list[NDArray[np.float64]]  # per ladder (n,): what of a USD lands on the grid
    decays: bool


@dataclass(slots=True)
class _Lane:
    """A ladder made ready."""

    first: int
    values: NDArray[np.float64]
    # Zero at both ends: what lies outside is looked up there.
    padded: NDArray[np.float64]
    sums: NDArray[np.float64]
    total: float = field(init=False)

    def __post_init__(self) -> None:
        self.total = float(self.sums[-1])


class LevelWalk:
    """Levels that stand, minute after minute. Not thread-safe.

    Parameters
    ----------
    rows
        The grid.
    ladders
        One for each kind of entries; all stand in the same grid, since longs only stand below and
        shorts only above the price.
    """

    def __init__(self, rows: LogRows, ladders: Sequence[Ladder]) -> None:
        self.rows = rows
        self._lanes = [_lane(one) for one in ladders]
        self._state: NDArray[np.float64] = np.zeros(rows.count)  # inflated
        self._mass = 0.0  # of the state, kept apart from it as a check on both
        self._exponent = 0.0
        self._sums = Account()
        self._masked = (0, 0)

    @property
    def standing_usd(self) -> NDArray[np.float64]:
        """What stands, (rows.count,) float64, USD of the ladders' kind; a copy."""
        return self._state * math.exp(-self._exponent)

    @property
    def account(self) -> Account:
        """Where everything went that was entered so far; a copy."""
        return replace(self._sums)

    def copy(self) -> "LevelWalk":
        """Return a walk that stands where this one does, and goes on by itself."""
        other = copy(self)
        other._state = self._state.copy()  # noqa: SLF001 - its own kind
        other._sums = replace(self._sums)  # noqa: SLF001
        return other

    def on_rows(self, rows: LogRows) -> "LevelWalk":
        """Return a walk that stands where this one does, on these rows and more.

        Parameters
        ----------
        rows
            Of the same width; all that there are, and others, on which nothing stands.
        """
        below = self.rows.first - rows.first
        other = self.copy()
        other.rows = rows
        other._state = np.zeros(rows.count)  # noqa: SLF001 - its own kind
        other._state[below : below + self.rows.count] = self._state  # noqa: SLF001
        other._masked = (self._masked[0] + below, self._masked[1] + below)  # noqa: SLF001
        return other

    def column(self) -> NDArray[np.float32]:
        """Return what stands, 0 on the rows of the newest minute, (rows.count,) float32."""
        column = np.empty(self.rows.count, np.float32)
        self._write(column)
        return column

    def run(
        self,
        given: WalkInput,
        ends: NDArray[np.int64],
        pause: Callable[[], None] | None = None,
    ) -> Walked:
        """Walk over minutes and write columns.

        Parameters
        ----------
        given
            Minutes after those that were walked.
        ends : (m,) int64
            How many of the minutes each column has seen; rising. Minutes after the last end are
            walked too.
        pause
            Called every few milliseconds of work; what it raises ends the walk.

        Returns
        -------
        Walked
            USD of the ladders' kind; rows that a column's newest minute touched are 0.
        """
        n = len(given.minutes)
        consumed = np.zeros(n)
        columns = np.zeros((len(ends), self.rows.count), np.float32)
        placed = self._placed(given.minutes, decays=bool(given.decay.any()))
        special = np.flatnonzero((given.shift != 0) | given.minutes.resets | (given.decay > 1))
        stops = np.unique(np.concatenate([[0, n], np.clip(ends, 0, n), special]))
        wanted = np.searchsorted(ends, stops, side="left")
        for number, stop in enumerate(stops.tolist()):
            start = int(stops[number - 1]) if number else 0
            for begin in range(start, stop, _BLOCK):
                if pause is not None and not begin % _MINUTES_PER_PAUSE:
                    pause()
                end = min(begin + _BLOCK, stop)
                consumed[begin:end] = self._block(given, placed, begin, end)
            for k in range(int(wanted[number]), len(ends)):
                if ends[k] > stop:
                    break
                self._write(columns[k])
        return Walked(columns, consumed)

    def step(self, given: WalkInput, at: int = 0) -> None:
        """Take one minute the short way; the same as `run`, to rounding.

        Parameters
        ----------
        given
            Among others the minute; for a live one, `prepare_minutes` of the candle before and the
            new one, so that what lies between them counts as passed.
        at
            Which it is.
        """
        if given.shift[at] or given.minutes.resets[at]:
            self._begin(given, at)
        self._inflate(min(float(given.decay[at]), _MAX_STEP))
        minutes = given.minutes
        width, first, count = self.rows.width, self.rows.first, self.rows.count
        low, high = float(minutes.log_low[at]), float(minutes.log_high[at])
        start = min(max(math.ceil(low / width - 0.5) - first, 0), count)
        stop = min(max(math.floor(high / width - 0.5) - first + 1, start), count)
        deflate = math.exp(-self._exponent)
        if stop > start:
            reached = self._state[start:stop]
            consumed = float(reached.sum())
            reached[:] = 0.0
            self._sums.consumed += consumed * deflate
            self._mass -= consumed
        for lane, amount in zip(self._lanes, given.amounts_usd[at].tolist(), strict=True):
            share = amount / minutes.log_entries.shape[1]
            for place in minutes.log_entries[at].tolist():
                self._add(lane, math.floor(place / width) - first, share, deflate)
        low, high = minutes.log_range[at].tolist()
        self._masked = (math.floor(low / width) - first, math.floor(high / width) - first + 1)

    def _add(self, lane: _Lane, row: int, amount: float, deflate: float) -> None:
        begin = row + lane.first
        low, high = max(begin, 0), min(begin + len(lane.values), self.rows.count)
        inside = 0.0
        if high > low and amount:
            self._state[low:high] += lane.values[low - begin : high - begin] * (amount / deflate)
            inside = amount * float(lane.sums[high - begin] - lane.sums[low - begin])
        self._sums.entered += amount * lane.total
        self._sums.left_grid += amount * lane.total - inside
        self._mass += inside / deflate

    def _begin(self, given: WalkInput, at: int) -> None:
        """Do what is due before a minute."""
        if given.minutes.resets[at]:
            self._sums.dropped += float(self._state.sum()) * math.exp(-self._exponent)
            self._state[:] = 0.0
            self._mass = 0.0
        if given.shift[at]:
            self._shift(float(given.shift[at]) / self.rows.width)

    def _shift(self, by_rows: float) -> None:
        whole = math.floor(by_rows)
        part = by_rows - whole
        before = float(self._state.sum())
        nearer = _moved(self._state, whole)
        self._state = nearer * (1 - part) + _moved(self._state, whole + 1) * part
        lost = before - float(self._state.sum())
        self._sums.left_grid += lost * math.exp(-self._exponent)
        self._mass -= lost

    def _inflate(self, by: float) -> None:
        if not by:
            return
        before = math.exp(-self._exponent)
        self._exponent += by
        self._sums.decayed += self._mass * (before - math.exp(-self._exponent))
        if self._exponent > _MAX_EXPONENT:
            self._rebase()

    def _rebase(self) -> None:
        factor = math.exp(-self._exponent)
        self._state *= factor
        self._mass *= factor
        self._exponent = 0.0

    def _write(self, column: NDArray[np.float32]) -> None:
        if self._exponent:
            np.multiply(self._state, math.exp(-self._exponent), out=column, casting="same_kind")
        else:
            column[:] = self._state
        low, high = max(self._masked[0], 0), max(self._masked[1], 0)
        column[low:high] = 0.0

    def _placed(self, minutes: Minutes, *, decays: bool) -> _Rows:
        start, stop = self.rows.touched(minutes.log_low, minutes.log_high)
        masked = self.rows.rows(minutes.log_range)
        masked[:, 1] += 1
        entries = self.rows.rows(minutes.log_entries)
        on_grid = [_on_grid(lane, entries, self.rows.count) for lane in self._lanes]
        return _Rows(start, stop, entries, masked, on_grid, decays)

    def _block(
        self, given: WalkInput, placed: _Rows, begin: int, end: int
    ) -> NDArray[np.float64] | float:
        """Walk over some minutes at once; only the first may begin with something special.

        Returns what each consumed, USD.
        """
        if given.shift[begin] or given.minutes.resets[begin]:
            self._begin(given, begin)
        deflate = self._deflations(given.decay[begin:end], decays=placed.decays)
        entries = placed.entries[begin:end]
        bounds = int(entries.min()), int(entries.max())
        start, stop = placed.start[begin:end], placed.stop[begin:end]
        low, high = int(start.min()), int(stop.max())
        inside = self._state[low:high].copy()
        added = np.zeros((end - begin, max(high - low, 0)))
        mass = np.zeros(end - begin)
        for k, lane in enumerate(self._lanes):
            amounts = given.amounts_usd[begin:end, k]
            inflated = amounts / deflate[1:]
            self._spread(lane, entries, inflated, bounds[0])
            if high > low:
                added += _looked_up(lane, entries, inflated, bounds, low, high)
            on_grid = placed.on_grid[k][begin:end]
            mass += inflated * on_grid
            entered = float(amounts.sum()) * lane.total
            self._sums.entered += entered
            self._sums.left_grid += entered - float(amounts @ on_grid)
        consumed: NDArray[np.float64] | float = 0.0
        if high > low:
            inflated = _consume(self._state, inside, added, start, stop, low, high)
            mass -= inflated
            consumed = inflated * deflate[1:]
            self._sums.consumed += float(consumed.sum())
        if deflate[-1] != deflate[0]:
            # Not by taking each minute's own off again: after a long gap it dwarfs the rest.
            standing = np.cumsum(np.concatenate([[self._mass], mass[:-1]]))
            self._sums.decayed += float(standing @ (deflate[:-1] - deflate[1:]))
        self._mass += float(mass.sum())
        self._masked = (int(placed.masked[end - 1, 0]), int(placed.masked[end - 1, 1]))
        return consumed

    def _deflations(self, decay: NDArray[np.float64], *, decays: bool) -> NDArray[np.float64]:
        """Return what an inflated unit is worth before and after each minute, (n + 1,)."""
        if not decays:
            return np.asarray(np.full(len(decay) + 1, math.exp(-self._exponent)))
        decay = np.minimum(decay, _MAX_STEP)
        if self._exponent + float(decay.sum()) > _MAX_EXPONENT:
            self._rebase()
        exponents = np.full(len(decay) + 1, self._exponent)
        exponents[1:] += np.cumsum(decay)
        self._exponent = float(exponents[-1])
        return np.asarray(np.exp(-exponents))

    def _spread(
        self,
        lane: _Lane,
        entries: NDArray[np.int64],
        shares: NDArray[np.float64],
        lowest: int,
    ) -> None:
        """Add a block's entries to all rows, those that are reached meanwhile included."""
        places = entries.shape[1]
        weights = np.bincount((entries - lowest).ravel(), (shares / places).repeat(places))
        # What numpy.convolve does, without its checks.
        spread = np.correlate(lane.values, weights[::-1], "full")
        begin = lowest + lane.first
        low, high = max(begin, 0), min(begin + len(spread), self.rows.count)
        if high > low:
            self._state[low:high] += spread[low - begin : high - begin]


def _consume(
    state: NDArray[np.float64],
    before: NDArray[np.float64],
    added: NDArray[np.float64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    low: int,
    high: int,
) -> NDArray[np.float64]:
    """Work out the rows that a block reached, and return what each minute consumed, inflated.

    What a row has received before each minute only grows; what it has lost is what it had
    received when it was last reached.
    """
    rows = np.arange(low, high)
    is_reached = (rows >= start[:, None]) & (rows < stop[:, None])
    received = np.empty((len(added) + 1, high - low))
    received[0] = before
    np.cumsum(added, axis=0, out=received[1:])
    received[1:] += before
    lost = np.maximum.accumulate(np.where(is_reached, received[:-1], 0.0), axis=0)
    np.subtract(received[-1], lost[-1], out=state[low:high])
    consumed = lost.sum(axis=1)
    consumed[1:] -= consumed[:-1].copy()
    return np.asarray(consumed)


def _lane(ladder: Ladder) -> _Lane:
    values = np.ascontiguousarray(ladder.values, np.float64)
    padded = np.concatenate([[0.0], values, [0.0]])
    return _Lane(ladder.first, values, padded, np.concatenate([[0.0], np.cumsum(values)]))


def _looked_up(
    lane: _Lane,
    entries: NDArray[np.int64],
    shares: NDArray[np.float64],
    bounds: tuple[int, int],
    low: int,
    high: int,
) -> NDArray[np.float64]:
    """Return what each minute adds to the rows from low to high, (n, high - low)."""
    offsets = np.arange(low, high) - (lane.first - 1)
    last = len(lane.padded) - 1
    is_inside = offsets[0] >= bounds[1] and offsets[-1] - bounds[0] <= last
    found = np.zeros((len(entries), high - low))
    for place in range(entries.shape[1]):
        index = offsets - entries[:, place, None]
        found += lane.padded.take(index if is_inside else index.clip(0, last))
    found *= (shares / entries.shape[1])[:, None]
    return found


def _on_grid(lane: _Lane, entries: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return how much of each minute's USD lands on the grid, (n,)."""
    begin = entries + lane.first
    n = len(lane.values)
    low = np.clip(-begin, 0, n)
    high = np.clip(count - begin, 0, n)
    landed = lane.sums[np.maximum(high, low)] - lane.sums[low]
    return np.asarray(landed.mean(axis=1))


def _moved(values: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    moved = np.zeros_like(values)
    if by >= 0:
        moved[by:] = values[: len(values) - by] if by < len(values) else 0.0
    else:
        moved[:by] = values[-by:]
    return moved
