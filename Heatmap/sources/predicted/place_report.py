"""What lies under the crosshair of a map, as facts. Pure."""

import math

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.levels.arrays import LONGS, SHORTS, SIDES
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT, N_BINS, bin_ladder
from Heatmap.levels.market import Market
from Heatmap.levels.price_rows import LogRows
from Heatmap.levels.standing import LEVEL_ROWS, DistanceShare, leverage_at
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.cell_places import CellBlock, CellQuery, cells_at
from Heatmap.sources.predicted.crests import find_crests
from Heatmap.sources.predicted.level_columns import UNIT_SHARE, LevelColumns
from Heatmap.sources.predicted.level_facts import FitFacts, LevelFacts, RecordedHere
from Heatmap.sources.predicted.level_history import LevelHistory, crop

_LEAST_SHARE = 0.01
# Of log price on either side of a place: what is farther away has no part in its level.
_NEAR_ROWS = 200
# Prices have logarithms from here on.
_LEAST_USD = 1e-9


def fit_facts(table: YieldTable, market: Market) -> FitFacts:
    """Return what there is to know of a fit."""
    fixed = [
        market.scores[name]
        for name in ("binance_standard", "py_liquidation_map")
        if name in market.scores
    ]
    score = table.score
    # Fixed tables were scored on the recording of the shipped one, and on no other.
    is_same = market.shipped is not None and score is not None and score == market.shipped.score
    return FitFacts(
        name=table.name,
        symbol=table.symbol,
        data_from_ms=table.data_from_ms,
        data_until_ms=table.data_until_ms,
        messages=0 if score is None else score.events,
        verdict=table.verdict,
        beats_fixed=score is not None
        and is_same
        and bool(fixed)
        and all(score.over_distance.low > one.over_distance.high for one in fixed),
        is_provisional=table.is_provisional,
    )


def describe_place(
    query: CellQuery,
    columns: LevelColumns,
    history: LevelHistory | None,
    recorded: RecordedHere | None,
    counted_side: str = "both",
) -> LevelFacts | None:
    """Return what is expected at a place if the price goes there.

    Parameters
    ----------
    query
        The place; of several columns that with the most there counts, as in the picture, of equal
        ones the newest.
    columns, history
        What the picture was made of.
    recorded
        What was recorded there.
    counted_side
        ``longs`` or ``shorts`` where only these are drawn.

    Returns
    -------
    LevelFacts or None
        ``None``: the place is not in the picture (any more).
    """
    block = cells_at(query, columns.spec)
    if block is None:
        return None
    column = _strongest_column(columns, block)
    time = columns.spec.time
    known_ms = (time.first_col + column + 1) * time.bin_ms
    price = columns.price_at(column)
    only = counted_side if counted_side in SIDES else ""
    if history is None or price is None:
        return LevelFacts(query, known_ms, None, "", 0.0, 0.0, 0.0, (), None, recorded, only)
    bin_usd, first = columns.spec.price.bin_usd, columns.spec.price.first_row
    low, high = (first + block.first_row) * bin_usd, (first + block.end_row) * bin_usd
    low = max(low, _LEAST_USD)
    side = "longs" if (low + high) / 2 < price else "shorts"
    fine, rows = columns.fine_column(column), columns.fine_rows
    seen = columns.seen_at(column)
    table = history.table_after(seen)
    strongest = strongest_row(fine, columns, low, high)
    level = level_range(strongest)
    distance_pct = away_pct(level, rows.width, price, side)
    if only not in ("", side):
        fit = fit_facts(table, history.market)
        return LevelFacts(
            query, known_ms, price, "", 0.0, 0.0, distance_pct, (), fit, recorded, only
        )
    here_usd, up_to_usd = rows.to_price_rows(np.stack([fine, fine]), np.array([low, high]))[:, 0]
    far = (low, price) if side == "longs" else (price, high)
    if far[1] > far[0]:
        up_to_usd = rows.to_price_rows(fine, np.array([far[0], far[1]]))[0]
    return LevelFacts(
        query,
        known_ms,
        price,
        side if here_usd > 0 else "",
        float(here_usd) / (math.log(high / low) / UNIT_SHARE),
        float(up_to_usd),
        distance_pct,
        distance_shares(history, table, seen, level, side) if here_usd > 0 else (),
        fit_facts(table, history.market),
        recorded,
        only,
        _level_usd(fine, rows, price, strongest) if here_usd > 0 else 0.0,
    )


def _level_usd(fine: NDArray[np.float32], rows: LogRows, price: float, row: int) -> float:
    """Return what stands in the level around a row, as the labels add it up; 0: it is in none."""
    near = crop(rows, math.exp(row * rows.width), math.exp((row + 1) * rows.width), _NEAR_ROWS)
    first = near.first - rows.first
    crests = find_crests(fine[first : first + near.count], near, math.log(price))
    return next((one.usd for one in crests if row in one.rows), 0.0)


def _strongest_column(columns: LevelColumns, block: CellBlock) -> int:
    """Return the column of a place in which most is drawn there."""
    drawn = columns.usd(ColumnRange(block.first_col, block.end_col))
    most = drawn[block.first_row : block.end_row].max(axis=0)
    return block.end_col - 1 - int(np.argmax(most[::-1]))


def strongest_row(fine: NDArray[np.float32], columns: LevelColumns, low: float, high: float) -> int:
    """Return the row of log price with the most between two prices, counted from price 1."""
    rows = columns.fine_rows
    start, stop = np.log([low, high]) / rows.width - rows.first
    first = int(np.clip(math.floor(start), 0, rows.count - 1))
    end = int(np.clip(math.ceil(stop), first + 1, rows.count))
    return rows.first + first + int(np.argmax(fine[first:end]))


def level_range(row: int) -> range:
    """Return the rows of the level that a row belongs to, as `standing_levels` groups them."""
    first = row // LEVEL_ROWS * LEVEL_ROWS
    return range(first, first + LEVEL_ROWS)


def away_pct(level: range, width: float, price: float, side: str) -> float:
    """Return how far a level's near end is from the price, %; 0 where the price is in it."""
    if side == "longs":
        return max(1 - math.exp(level.stop * width) / price, 0.0) * 100
    return max(math.exp(level.start * width) / price - 1, 0.0) * 100


def distance_shares(
    history: LevelHistory, table: YieldTable, seen: int, level: range, side: str
) -> tuple[DistanceShare, ...]:
    """Return how far away the positions were opened that stand in a level.

    Parameters
    ----------
    history
        All minutes.
    table
        The yields in use.
    seen
        How many of the minutes count.
    level
        Rows of log price, counted from price 1; those on the price's other side do not count.
    side
        Whose.
    """
    number = LONGS if side == "longs" else SHORTS
    minutes = history.minutes.between(0, seen)
    rows = history.rows
    # Bin by bin with their edges, as the levels that a program gets; the map draws none.
    ladders = [bin_ladder(number, one, rows.width) for one in np.diag(table.usd_per_usd[number])]
    first_place = ladders[0].first
    per_usd = np.stack([one.values for one in ladders])
    start, stop = rows.touched(minutes.log_low, minutes.log_high)
    here = int(rows.rows(minutes.log_close[-1:])[0])
    wanted: NDArray[np.int64] = np.arange(level.start, level.stop) - rows.first
    wanted = wanted[(wanted < here) if number == LONGS else (wanted > here)]
    since = {
        at: _first_that_counts(((start <= at) & (at < stop)) | minutes.resets)
        for at in wanted.tolist()
    }
    by_bin: NDArray[np.float64] = np.zeros(N_BINS)
    opened: NDArray[np.float64] = np.zeros(rows.count)
    at_entry = np.arange(rows.count)
    end = len(minutes)
    # From the row that was touched last to the one longest ago, so that each entry is added once.
    for at, first in sorted(since.items(), key=lambda one: -one[1]):
        entries = rows.rows(minutes.log_entries[first:end])
        part = minutes.volume_usd[first:end, None] / entries.shape[1]
        usd = np.broadcast_to(part, entries.shape)
        is_inside = (entries >= 0) & (entries < rows.count)
        opened += np.bincount(entries[is_inside], usd[is_inside], rows.count)
        end = first
        place = at - at_entry - first_place
        is_on = (place >= 0) & (place < per_usd.shape[1])
        by_bin += per_usd[:, place[is_on]] @ opened[is_on]
    total = float(by_bin.sum())
    if total <= 0:
        return ()
    rate = float(history.rate_after(seen))
    chosen = [
        k for k in np.argsort(-by_bin, kind="stable").tolist() if by_bin[k] >= _LEAST_SHARE * total
    ]
    return tuple(
        DistanceShare(
            DISTANCE_EDGES_PCT[k],
            DISTANCE_EDGES_PCT[k + 1],
            leverage_at(number, DISTANCE_EDGES_PCT[k + 1], rate),
            leverage_at(number, DISTANCE_EDGES_PCT[k], rate),
            float(by_bin[k]) / total,
        )
        for k in chosen
    )


def _first_that_counts(is_gone: NDArray[np.bool_]) -> int:
    """Return the minute of which entries still stand: the last in which what stood went."""
    gone = np.flatnonzero(is_gone)
    return int(gone[-1]) if len(gone) else 0
