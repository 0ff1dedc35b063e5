"""The entries of `py_liquidation_map`: only the largest taker trades, chosen as of each minute.

The project that the model is named after looks back over a whole window: which trades are among
the largest is known only at its end. Here a minute counts from when it is over until larger ones
have displaced it, so that a column of the past shows what was known then.
"""

import heapq
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.ladders import Ladder
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.price_rows import LogRows


class TakerMode(StrEnum):
    """Which minutes count, per taker side."""

    GROSS_VALUE = "gross_value"
    TOP_N = "top_n"
    PORTION = "portion"


@dataclass(frozen=True, slots=True)
class TakerRule:
    """Which minutes count.

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
        A part of the number of minutes, 0 to 1.
    is_consumed
        Levels vanish where the price passes. Otherwise only what is on the wrong side of the
        newest price is hidden, as in the project.
    """

    mode: TakerMode = TakerMode.GROSS_VALUE
    gross_usd: float = 1_000_000.0
    top_n: int = 100
    portion: float = 0.01
    is_consumed: bool = False


def selection_changes(
    amounts_usd: NDArray[np.float64], rule: TakerRule
) -> list[list[tuple[int, float]]]:
    """Return what each minute changes: which minutes begin (+1) and cease (-1) to count.

    Parameters
    ----------
    amounts_usd : (n,) float64
        Taker notional of one side; NaN and 0 never count.
    rule
        Which count.
    """
    changes: list[list[tuple[int, float]]] = []
    chosen: list[tuple[float, int]] = []  # the smallest first
    others: list[tuple[float, int]] = []  # the largest first, negated
    seen = 0
    for minute, amount in enumerate(amounts_usd.tolist()):
        change: list[tuple[int, float]] = []
        if amount > 0 and rule.mode is TakerMode.GROSS_VALUE:
            change = [(minute, 1.0)] if amount >= rule.gross_usd else []
        elif amount > 0:
            seen += 1
            room = rule.top_n if rule.mode is TakerMode.TOP_N else int(seen * rule.portion)
            change = _choose(minute, amount, room, chosen, others)
        changes.append(change)
    return changes


def _choose(
    minute: int,
    amount: float,
    room: int,
    chosen: list[tuple[float, int]],
    others: list[tuple[float, int]],
) -> list[tuple[int, float]]:
    change: dict[int, float] = {}
    # Of equal amounts the earlier stays.
    heapq.heappush(others, (-amount, minute))
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
    rule: TakerRule,
    ends: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return columns of the standing levels of the chosen minutes, (len(ends), rows.count).

    A taker who buys opens a long, one who sells a short. Minutes whose takers are unknown do not
    count. `ends` as in `LevelWalk.run`.
    """
    columns = np.zeros((len(ends), rows.count), np.float32)
    taken = np.stack([minutes.taker_buy_usd, minutes.volume_usd - minutes.taker_buy_usd])
    changes = [selection_changes(taken[side], rule) for side in (LONGS, SHORTS)]
    entries = rows.rows(minutes.log_entries)
    start, stop = rows.touched(minutes.log_low, minutes.log_high)
    close = rows.rows(minutes.log_close)
    reached_at = np.full(rows.count, -1)
    state = np.zeros((2, rows.count))
    wanted = 0
    for t in range(int(ends[-1]) if len(ends) else 0):
        if minutes.resets[t]:
            state[:] = 0.0
            reached_at[:] = t
        if rule.is_consumed:
            state[:, start[t] : stop[t]] = 0.0
            reached_at[start[t] : stop[t]] = t
        for side in (LONGS, SHORTS):
            for index, sign in changes[side][t]:
                share = sign * float(taken[side, index]) / entries.shape[1]
                for row in entries[index].tolist():
                    _add(state[side], ladders[side], row, share, reached_at, index)
        while wanted < len(ends) and ends[wanted] <= t + 1:
            if ends[wanted] == t + 1:
                columns[wanted] = _visible(state, int(close[t]))
            wanted += 1
    return columns


def _add(
    state: NDArray[np.float64],
    ladder: Ladder,
    row: int,
    amount: float,
    reached_at: NDArray[np.int64],
    entered_at: int,
) -> None:
    begin = row + ladder.first
    low, high = max(begin, 0), min(begin + len(ladder.values), len(state))
    if high <= low:
        return
    added = ladder.values[low - begin : high - begin] * amount
    if amount < 0:
        # What the price has reached since is gone already.
        added = np.where(reached_at[low:high] <= entered_at, added, 0.0)
    state[low:high] += added


def _visible(state: NDArray[np.float64], close: int) -> NDArray[np.float64]:
    longs, shorts = state.copy()
    longs[max(close, 0) :] = 0.0
    shorts[: max(close + 1, 0)] = 0.0
    # What was added and taken away again leaves crumbs.
    visible = longs + shorts
    return np.where(visible > 1e-9 * max(float(visible.max(initial=0.0)), 1e-300), visible, 0.0)
