"""What lies under the crosshair of a map, as facts. Pure."""

import math

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT, N_BINS, log_edges
from Heatmap.levels.market import Market
from Heatmap.levels.standing import DistanceShare, leverage_at
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.cell_places import CellQuery, cells_at
from Heatmap.sources.predicted.level_columns import UNIT_SHARE, LevelColumns
from Heatmap.sources.predicted.level_facts import FitFacts, LevelFacts, RecordedHere
from Heatmap.sources.predicted.level_history import LevelHistory

_LEAST_SHARE = 0.01


def fit_facts(table: YieldTable, market: Market) -> FitFacts:
    """Return what there is to know of a fit."""
    fixed = [
        market.scores[name]
        for name in ("binance_standard", "py_liquidation_map")
        if name in market.scores
    ]
    score = table.score
    return FitFacts(
        name=table.name,
        symbol=table.symbol,
        data_from_ms=table.data_from_ms,
        data_until_ms=table.data_until_ms,
        messages=0 if score is None else score.events,
        verdict=table.verdict,
        beats_fixed=score is not None
        and bool(fixed)
        and all(score.over_distance.low > one.over_distance.high for one in fixed),
        is_provisional=table.is_provisional,
    )


def describe_place(
    query: CellQuery,
    columns: LevelColumns,
    history: LevelHistory | None,
    recorded: RecordedHere | None,
) -> LevelFacts | None:
    """Return what is expected at a place if the price goes there.

    Parameters
    ----------
    query
        The place; of several columns the newest counts.
    columns, history
        What the picture was made of.
    recorded
        What was recorded there.

    Returns
    -------
    LevelFacts or None
        ``None``: the place is not in the picture (any more).
    """
    block = cells_at(query, columns.spec)
    if block is None:
        return None
    column = block.end_col - 1
    time = columns.spec.time
    known_ms = (time.first_col + block.end_col) * time.bin_ms
    price = columns.price_at(column)
    if history is None or price is None:
        return LevelFacts(query, known_ms, None, "", 0.0, 0.0, 0.0, (), None, recorded)
    bin_usd, first = columns.spec.price.bin_usd, columns.spec.price.first_row
    low, high = (first + block.first_row) * bin_usd, (first + block.end_row) * bin_usd
    middle = (low + high) / 2
    side = "longs" if middle < price else "shorts"
    fine, rows = columns.fine_column(column), columns.fine_rows
    here_usd, up_to_usd = rows.to_price_rows(
        np.stack([fine, fine]), np.array([max(low, 1e-9), high])
    )[:, 0]
    far = (low, price) if side == "longs" else (price, high)
    if far[1] > far[0]:
        up_to_usd = rows.to_price_rows(fine, np.array([max(far[0], 1e-9), far[1]]))[0]
    seen = columns.seen_at(column)
    table = history.table_after(seen)
    return LevelFacts(
        query,
        known_ms,
        price,
        side if here_usd > 0 else "",
        float(here_usd) / (math.log(high / max(low, 1e-9)) / UNIT_SHARE),
        float(up_to_usd),
        abs(middle / price - 1) * 100,
        distance_shares(history, table, seen, strongest_row(fine, columns, low, high), side),
        fit_facts(table, history.market),
        recorded,
    )


def strongest_row(fine: NDArray[np.float32], columns: LevelColumns, low: float, high: float) -> int:
    """Return the row of log price with the most between two prices, counted from price 1."""
    rows = columns.fine_rows
    start, stop = np.log([max(low, 1e-9), high]) / rows.width - rows.first
    first = int(np.clip(math.floor(start), 0, rows.count - 1))
    end = int(np.clip(math.ceil(stop), first + 1, rows.count))
    return rows.first + first + int(np.argmax(fine[first:end]))


def distance_shares(
    history: LevelHistory, table: YieldTable, seen: int, row: int, side: str
) -> tuple[DistanceShare, ...]:
    """Return how far away the positions were opened that stand in a row.

    Parameters
    ----------
    history
        All minutes.
    table
        The yields in force.
    seen
        How many of the minutes count.
    row
        Of log price, counted from price 1.
    side
        Whose.
    """
    number = LONGS if side == "longs" else SHORTS
    minutes = history.minutes.between(0, seen)
    ladder, rows = history.ladder(table), history.rows
    start, stop = rows.touched(minutes.log_low, minutes.log_high)
    at = row - rows.first
    gone = np.flatnonzero(((start <= at) & (at < stop)) | minutes.resets)
    since = int(gone[-1]) if len(gone) else 0
    entries = rows.rows(minutes.log_entries[since:])
    usd = np.repeat(minutes.volume_usd[since:, None] / entries.shape[1], entries.shape[1], axis=1)
    place = at - entries - ladder.first
    is_on = (place >= 0) & (place < len(ladder.values))
    stands = usd[is_on] * ladder.values[place[is_on]]
    distance = np.abs(at - entries[is_on]) * rows.width
    which = np.clip(np.searchsorted(log_edges(number), distance, side="right") - 1, 0, N_BINS - 1)
    by_bin = np.bincount(which, stands, N_BINS)
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
