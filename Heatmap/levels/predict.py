"""What a model says stands at a time, as one plain result whatever the model."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import MINUTE_MS, SIDES
from Heatmap.levels.build_map import build_map
from Heatmap.levels.learn import PATH
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.models import LevelModel, ModelOptions, Unit
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.standing import LEVEL_ROWS, Level, standing_levels
from Heatmap.levels.standing_ensemble import path_share, standing_ensemble
from Heatmap.levels.yields import Score, Verdict, YieldTable

#: The models that `predict` knows.
PREDICTED_MODELS = tuple(LevelModel)
# Farther than the farthest level nothing stands.
_MARGIN = 0.23
_ALMOST_NOTHING_USD = 0.5


@dataclass(frozen=True, slots=True)
class PredictedLevels:
    """Where liquidations are expected if the price goes there, at one time.

    Attributes
    ----------
    symbol
        As the exchange writes it.
    model
        Which model says so.
    unit
        What the dollars are: expected, as Binance would report them and so a lower bound; or of
        standing positions, if the model's leverages were true.
    at_ms
        What was known by then, UTC milliseconds.
    price_usd
        The newest close; ``None``: there is no candle.
    levels
        From the lowest price up, 0.1 % wide; ranges with nothing in them are left out.
    fit
        Name of the yields; ``None``: the model has none.
    score, verdict
        How good the model was on time held out, and on what; ``None``: not scored.
    is_provisional
        The dollars are not fitted to this market yet.
    candles, candles_from_ms, candles_until_ms
        How many closed minutes it is from, and their time; ``None``: there are none.
    minutes_without_candle
        Minutes in that time of which there is none.
    notes
        Why it is empty, partial or provisional.
    """

    symbol: str
    model: LevelModel
    unit: Unit
    at_ms: int
    price_usd: float | None
    levels: tuple[Level, ...]
    fit: str | None
    score: Score | None
    verdict: Verdict
    is_provisional: bool
    candles: int
    candles_from_ms: int | None
    candles_until_ms: int | None
    minutes_without_candle: int
    notes: tuple[Note, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return everything as what JSON can hold."""
        return asdict(self)


def predict(
    market: Market,
    at_ms: int,
    model: LevelModel = LevelModel.CALIBRATED,
    options: ModelOptions | None = None,
    pause: Callable[[], None] | None = None,
) -> PredictedLevels:
    """Return what a model says stands at a time. Nothing that came after it is looked at.

    Parameters
    ----------
    market
        Candles and what else is known.
    at_ms
        UTC milliseconds.
    model
        One of `PREDICTED_MODELS`.
    options
        ``None``: the defaults.
    pause
        As for `consume`.
    """
    options = options or ModelOptions()
    candles = market.candles[market.candles["open_ms"] + MINUTE_MS <= at_ms]
    known = replace(market, candles=candles)
    if model is LevelModel.CALIBRATED:
        made = _calibrated(known, at_ms, options, pause)
    elif model is LevelModel.ENSEMBLE:
        made = _ensemble(known, at_ms, options, pause)
    else:
        made = _by_map(known, at_ms, model, options)
    notes = (*made.notes, *_notes_of_fit(known, made, at_ms), *known.notes)
    made = replace(made, notes=notes)
    if not len(candles):
        return made
    first_ms, last_ms = int(candles["open_ms"].min()), int(candles["open_ms"].max())
    total = (last_ms - first_ms) // MINUTE_MS + 1
    return replace(
        made,
        candles_from_ms=first_ms,
        candles_until_ms=last_ms + MINUTE_MS,
        minutes_without_candle=total - made.candles,
    )


def _notes_of_fit(market: Market, made: PredictedLevels, at_ms: int) -> tuple[Note, ...]:
    """Say it where the fit in use is of later data: so is the shipped one, for a time before it."""
    if made.fit is None:
        return ()
    is_ensemble = made.model is LevelModel.ENSEMBLE
    table = market.ensemble_at(at_ms) if is_ensemble else market.table_at(at_ms)
    if table is None or table.data_until_ms <= at_ms:
        return ()
    return (Note(NoteKind.FIT_OF_LATER, at_ms=table.data_until_ms),)


def _calibrated(
    market: Market, at_ms: int, options: ModelOptions, pause: Callable[[], None] | None
) -> PredictedLevels:
    found = standing_levels(market, at_ms, options.half_life_ms, pause)
    return PredictedLevels(
        symbol=market.symbol,
        model=LevelModel.CALIBRATED,
        unit=Unit.EXPECTED_USD,
        at_ms=at_ms,
        price_usd=found.price_usd,
        levels=found.levels,
        fit=found.fit,
        score=found.score,
        verdict=found.verdict,
        is_provisional=found.is_provisional,
        candles=found.minutes,
        candles_from_ms=None,
        candles_until_ms=None,
        minutes_without_candle=0,
        notes=found.notes,
    )


def _by_map(
    market: Market, at_ms: int, model: LevelModel, options: ModelOptions
) -> PredictedLevels:
    minutes = prepare_minutes(market.candles)
    notes, levels = list(minutes.notes), tuple[Level, ...]()
    score: Score | None = market.scores.get(model)
    table: YieldTable | None = None
    price = float(minutes.close_usd[-1]) if len(minutes) else None
    if price is not None:
        rows, is_cut = rows_over(minutes, FIT_WIDTH, _MARGIN)
        made = build_map(model, market, rows, np.array([at_ms], np.int64), options)
        notes = [*made.notes, *([Note(NoteKind.TOO_WIDE)] if is_cut else [])]
        score, table = made.score, made.table
        levels = _grouped(np.nan_to_num(made.usd[0].astype(np.float64)), rows, price)
    return PredictedLevels(
        symbol=market.symbol,
        model=model,
        unit=Unit.STANDING_USD,
        at_ms=at_ms,
        price_usd=price,
        levels=levels,
        fit=None if table is None else table.name,
        score=score,
        verdict=Verdict.UNKNOWN if score is None else score.verdict,
        is_provisional=False,
        candles=len(minutes),
        candles_from_ms=None,
        candles_until_ms=None,
        minutes_without_candle=0,
        notes=tuple(notes),
    )


def _ensemble(
    market: Market, at_ms: int, options: ModelOptions, pause: Callable[[], None] | None
) -> PredictedLevels:
    minutes = prepare_minutes(market.candles)
    notes, levels = list(minutes.notes), tuple[Level, ...]()
    table = market.ensemble_at(at_ms)
    price = float(minutes.close_usd[-1]) if len(minutes) else None
    if table is None:
        notes.append(Note(NoteKind.NO_ENSEMBLE))
    elif price is not None:
        rows, is_cut = rows_over(minutes, FIT_WIDTH, _MARGIN)
        usd = standing_ensemble(market, table, minutes, rows, at_ms, options.half_life_ms, pause)
        levels = _grouped(usd, rows, price)
        notes += [Note(NoteKind.TOO_WIDE)] if is_cut else []
        if market.brackets.in_force(market.symbol, at_ms).is_flat:
            notes.append(Note(NoteKind.NO_BRACKETS))
        if share := path_share(table, PATH):
            notes.append(Note(NoteKind.PATH_HAS_NO_PRICE, value=share))
    if table is not None and table.is_provisional:
        notes.append(Note(NoteKind.PROVISIONAL_USD))
    return PredictedLevels(
        symbol=market.symbol,
        model=LevelModel.ENSEMBLE,
        unit=Unit.EXPECTED_USD,
        at_ms=at_ms,
        price_usd=price,
        levels=levels,
        fit=None if table is None else table.name,
        score=None if table is None else table.score,
        verdict=Verdict.UNKNOWN if table is None else table.verdict,
        is_provisional=table is not None and table.is_provisional,
        candles=len(minutes),
        candles_from_ms=None,
        candles_until_ms=None,
        minutes_without_candle=0,
        notes=tuple(notes),
    )


def _grouped(usd: NDArray[np.float64], rows: LogRows, price: float) -> tuple[Level, ...]:
    """Group rows by tens; below the price are longs, above it shorts."""
    here = int(rows.rows(np.array([math.log(price)]))[0])
    # Groups lie on multiples, so that they stay where they are.
    group = (rows.first + np.arange(rows.count)) // LEVEL_ROWS
    starts = np.flatnonzero(np.diff(group, prepend=int(group[0]) - 1))
    found: list[Level] = []
    for side, is_long in zip(SIDES, (True, False), strict=True):
        mine = usd.copy()
        mine[slice(here, None) if is_long else slice(None, here + 1)] = 0.0
        total = np.add.reduceat(mine, starts)
        outward = total[::-1].cumsum()[::-1] if is_long else total.cumsum()
        for k in np.flatnonzero(total > _ALMOST_NOTHING_USD).tolist():
            low = math.exp((int(group[0]) + k) * LEVEL_ROWS * rows.width)
            high = math.exp((int(group[0]) + k + 1) * LEVEL_ROWS * rows.width)
            near = max(1 - high / price, 0.0) if is_long else max(low / price - 1, 0.0)
            found.append(
                Level(low, high, side, float(total[k]), float(outward[k]), near * 100.0, ())
            )
    return tuple(sorted(found, key=lambda one: (one.low_usd, one.side)))
