"""The entries of `py_liquidation_map`: only the largest taker trades, chosen as of each minute.

The project that the model is named after looks back over a whole window: which trades are among
the largest is known only at its end. Here a trade counts from the end of its minute until larger
ones have displaced it, so that a column of the past shows what was known then. Where no single
trades are known, what the takers of a whole minute traded stands for them.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, MINUTE_MS, SHORTS
from Heatmap.levels.ladders import Ladder
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.price_rows import LogRows

# Trades of fewer minutes than this part make a map of a few days look like one of all of them.
_LEAST_KNOWN = 0.9


class TakerMode(StrEnum):
    """Which trades count, per taker side."""

    GROSS_VALUE = "gross_value"
    TOP_N = "top_n"
    PORTION = "portion"


@dataclass(frozen=True, slots=True)
class TakerRule:
    """Which trades count, or whole minutes where single trades are not known.

    Attributes
    ----------
    mode
        By ``gross_value``: of at least `gross_usd`; ``top_n``: the `top_n` largest; ``portion``:
        the largest `portion` of those so far.
    gross_usd
        Taker notional of a minute, USD.
    top_n
        How many.
    portion
        A part of the number of trades (or minutes), 0 to 1.
    is_consumed
        Levels vanish where the price passes. Otherwise only what is on the wrong side of the
        newest price is hidden, as in the project.
    trade_usd
        Notional of a single trade, USD; the project's own limit by default.
    """

    mode: TakerMode = TakerMode.GROSS_VALUE
    gross_usd: float = 1_000_000.0
    top_n: int = 100
    portion: float = 0.01
    is_consumed: bool = False
    trade_usd: float = 100_000.0


@dataclass(frozen=True)
class TakerTrades:
    """Single trades, as far as a rule may choose them.

    Attributes
    ----------
    rule
        Which rule. All trades that it chooses at the end of any minute are among them.
    trades : (m,) TRADE_DTYPE
        In order of time.
    counts : (k,) TRADE_COUNT_DTYPE
        Of all trades, in order of time; minutes without a trade may be missing.
    """

    rule: TakerRule
    trades: NDArray[np.void]
    counts: NDArray[np.void]

    def serve(self, rule: TakerRule, minutes: Minutes) -> bool:
        """Whether a rule can choose among them, and nine tenths of the minutes have trades."""
        is_same = replace(rule, is_consumed=False) == replace(self.rule, is_consumed=False)
        return is_same and self.known_minutes(minutes) >= _LEAST_KNOWN * len(minutes) > 0

    def known_minutes(self, minutes: Minutes) -> int:
        """Return of how many minutes there are trades."""
        return int(np.isin(minutes.open_ms, self.counts["open_ms"]).sum())


@dataclass(frozen=True, slots=True)
class TakerEntries:
    """What the takers of one side entered: one row a trade, or a minute.

    Attributes
    ----------
    minute : (m,) int64
        Number of the minute in which it was entered; never falls.
    usd : (m,) float64
        Notional; NaN and 0 never count.
    log_price : (m, k) float64
        Natural logarithm of the prices; each takes the same share.
    seen : (n,) int64
        How many there were up to the end of each minute, also those that are left out here.
    least_usd
        What counts by ``gross_value``.
    """

    minute: NDArray[np.int64]
    usd: NDArray[np.float64]
    log_price: NDArray[np.float64]
    seen: NDArray[np.int64]
    least_usd: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Which entries begin and cease to count.

    Attributes
    ----------
    minute : (c,) int64
        At the end of which minute; never falls.
    entry : (c,) int64
        Number of the entry; at most once in a minute.
    sign : (c,) float64
        1: it begins to count; -1: larger ones have displaced it.
    """

    minute: NDArray[np.int64]
    entry: NDArray[np.int64]
    sign: NDArray[np.float64]


def minute_entries(minutes: Minutes, rule: TakerRule) -> tuple[TakerEntries, TakerEntries]:
    """Return what takers bought and sold in whole minutes, those whose takers are known."""
    taken = (minutes.taker_buy_usd, minutes.volume_usd - minutes.taker_buy_usd)
    number = np.arange(len(minutes), dtype=np.int64)
    buys, sells = (
        TakerEntries(
            number, usd, minutes.log_entries, np.cumsum(usd > 0, dtype=np.int64), rule.gross_usd
        )
        for usd in taken
    )
    return buys, sells


def trade_entries(
    trades: TakerTrades, minutes: Minutes, rule: TakerRule
) -> tuple[TakerEntries, TakerEntries]:
    """Return what takers bought and sold, trade by trade; what is in no minute is left out."""
    minute, is_inside = _minutes_of(minutes, trades.trades["ts_ms"] // MINUTE_MS * MINUTE_MS)
    counted, is_counted = _minutes_of(minutes, trades.counts["open_ms"])
    found = []
    for name, is_buy in (("buys", True), ("sells", False)):
        mine = is_inside & (trades.trades["is_buy"] == is_buy)
        each = np.zeros(len(minutes), np.int64)
        np.add.at(each, counted[is_counted], trades.counts[name][is_counted])
        chosen = trades.trades[mine]
        found.append(
            TakerEntries(
                minute[mine],
                chosen["usd"],
                np.log(chosen["price"])[:, None],
                np.cumsum(each),
                rule.trade_usd,
            )
        )
    return found[0], found[1]


def selection_changes(entries: TakerEntries, rule: TakerRule) -> Changes:
    """Return which entries begin and cease to count, minute by minute.

    Of equal amounts the earlier stays.
    """
    is_any = entries.usd > 0
    if rule.mode is TakerMode.GROSS_VALUE:
        chosen = np.flatnonzero(is_any & (entries.usd >= entries.least_usd))
        return Changes(entries.minute[chosen], chosen, np.ones(len(chosen)))
    found: list[tuple[int, int, float]] = []
    largest = _Largest()
    known = np.flatnonzero(is_any)
    cuts = np.searchsorted(entries.minute[known], np.arange(len(entries.seen) + 1))
    numbers, amounts = known.tolist(), entries.usd[known].tolist()
    for minute, seen in enumerate(entries.seen.tolist()):
        first, stop = int(cuts[minute]), int(cuts[minute + 1])
        room = rule.top_n if rule.mode is TakerMode.TOP_N else int(seen * rule.portion)
        changes = largest.take(amounts[first:stop], numbers[first:stop], room)
        found += [(minute, entry, sign) for entry, sign in changes]
    minute_of, entry_of, signs = zip(*found, strict=True) if found else ((), (), ())
    return Changes(
        np.array(minute_of, np.int64), np.array(entry_of, np.int64), np.array(signs, np.float64)
    )


class _Largest:
    """The largest of all amounts so far, as many as there is room for; room never shrinks."""

    def __init__(self) -> None:
        self._chosen: list[tuple[float, int]] = []  # the smallest first
        self._others: list[tuple[float, int]] = []  # the largest first, negated

    def take(
        self, amounts: Sequence[float], numbers: Sequence[int], room: int
    ) -> list[tuple[int, float]]:
        """Take further amounts; return which entries begin (1) and cease (-1) to be among them."""
        chosen, others = self._chosen, self._others
        change: dict[int, float] = {}
        for amount, number in zip(amounts, numbers, strict=True):
            heapq.heappush(others, (-amount, number))
        while len(chosen) < room and others:
            value, index = heapq.heappop(others)
            heapq.heappush(chosen, (-value, -index))
            change[index] = change.get(index, 0.0) + 1.0
        while chosen and others and -others[0][0] > chosen[0][0]:
            value, index = heapq.heappop(others)
            lowest, negated = heapq.heapreplace(chosen, (-value, -index))
            heapq.heappush(others, (-lowest, -negated))
            change[index] = change.get(index, 0.0) + 1.0
            change[-negated] = change.get(-negated, 0.0) - 1.0
        return [(index, sign) for index, sign in change.items() if sign]


def walk_selection(
    minutes: Minutes,
    rows: LogRows,
    ladders: tuple[Ladder, Ladder],
    entries: tuple[TakerEntries, TakerEntries],
    rule: TakerRule,
    ends: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return columns of the standing levels of what is chosen, (len(ends), rows.count).

    A taker who buys opens a long, one who sells a short. `ends` as in `LevelWalk.run`.
    """
    columns = np.zeros((len(ends), rows.count), np.float32)
    sides = [
        _Side(one, selection_changes(one, rule), ladder, rows, len(minutes))
        for one, ladder in zip(entries, ladders, strict=True)
    ]
    start, stop = rows.touched(minutes.log_low, minutes.log_high)
    close = rows.rows(minutes.log_close)
    reached_at = np.full(rows.count, -1)
    wanted = 0
    for t in range(int(ends[-1]) if len(ends) else 0):
        if minutes.resets[t]:
            reached_at[:] = t
        elif rule.is_consumed:
            reached_at[start[t] : stop[t]] = t
        for side in sides:
            if minutes.resets[t]:
                side.state[:] = 0.0
            elif rule.is_consumed:
                side.state[start[t] : stop[t]] = 0.0
            side.change(t, reached_at)
        while wanted < len(ends) and ends[wanted] <= t + 1:
            if ends[wanted] == t + 1:
                columns[wanted] = _visible(sides[LONGS].state, sides[SHORTS].state, int(close[t]))
            wanted += 1
    return columns


class _Side:
    """What stands of one side."""

    def __init__(
        self, entries: TakerEntries, changes: Changes, ladder: Ladder, rows: LogRows, minutes: int
    ) -> None:
        self.state = np.zeros(rows.count)
        self._changes = changes
        self._entered_at = entries.minute
        self._rows = rows.rows(entries.log_price)
        self._share = entries.usd / max(self._rows.shape[1], 1)
        self._steps = np.flatnonzero(ladder.values)
        self._values = ladder.values[self._steps]
        self._steps = self._steps + ladder.first
        self._cuts = np.searchsorted(changes.minute, np.arange(minutes + 1)).tolist()

    def change(self, minute: int, reached_at: NDArray[np.int64]) -> None:
        """Add what begins to count at the end of a minute, and take away what ceases to."""
        part = slice(self._cuts[minute], self._cuts[minute + 1])
        entry = self._changes.entry[part]
        if not len(entry):
            return
        usd = self._changes.sign[part] * self._share[entry]
        at = self._rows[entry][:, :, None] + self._steps
        amount = np.broadcast_to(usd[:, None, None] * self._values, at.shape)
        entered_at = np.broadcast_to(self._entered_at[entry][:, None, None], at.shape)
        is_there = (at >= 0) & (at < len(self.state))
        at, amount, entered_at = at[is_there], amount[is_there], entered_at[is_there]
        # What the price has reached since is gone, also of what begins to count only now.
        is_left = reached_at[at] <= entered_at
        np.add.at(self.state, at[is_left], amount[is_left])


def _minutes_of(
    minutes: Minutes, open_ms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of the minute that begins at each time, and whether there is one."""
    if not len(minutes):
        return np.zeros(len(open_ms), np.int64), np.zeros(len(open_ms), np.bool_)
    at = np.minimum(np.searchsorted(minutes.open_ms, open_ms), len(minutes) - 1)
    return at, np.asarray(minutes.open_ms[at] == open_ms)


def _visible(
    longs: NDArray[np.float64], shorts: NDArray[np.float64], close: int
) -> NDArray[np.float64]:
    visible = longs + shorts
    below, above = max(close, 0), max(close + 1, 0)
    visible[below:above] = 0.0
    visible[:below] = longs[:below]
    visible[above:] = shorts[above:]
    # What was added and taken away again leaves crumbs.
    return np.where(visible > 1e-9 * max(float(visible.max(initial=0.0)), 1e-300), visible, 0.0)
