"""The maps: what each model takes for an entry, where it puts it, what stands of it when."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, MINUTE_MS, SHORTS
from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.ladders import Ladder, flat_ladder, joined, leverage_ladder, smooth_ladder
from Heatmap.levels.market import (
    Market,
    clock_decay,
    funding_shift,
    good_open_interest,
    open_interest_entries,
)
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.models import TAKER_MIX, Entries, LevelMap, LevelModel, ModelOptions, Unit
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.price_rows import LogRows
from Heatmap.levels.taker_selection import (
    TakerRule,
    minute_entries,
    trade_entries,
    walk_selection,
)
from Heatmap.levels.walk import LevelWalk, WalkInput
from Heatmap.levels.yields import Score, YieldTable


def build_map(
    model: LevelModel,
    market: Market,
    rows: LogRows,
    column_ms: NDArray[np.int64],
    options: ModelOptions | None = None,
) -> LevelMap:
    """Compute a model's map. Nothing in a column depends on what came after it.

    Parameters
    ----------
    model
        Not ``ENSEMBLE``, which is a sum of others: see `ensemble_map`.
    market
        Candles and what else is known.
    rows
        The grid; for `binance_standard` it must hold the farthest tier, as sums are scaled.
    column_ms : (m,) int64
        Rising, UTC milliseconds.
    options
        ``None``: the defaults.
    """
    options = options or ModelOptions()
    minutes = prepare_minutes(market.candles)
    ends = np.searchsorted(minutes.closes_ms, column_ms, side="right")
    if model is LevelModel.PY_LIQUIDATION_MAP:
        return _taker_map(market, minutes, rows, column_ms, ends, options.taker_rule)
    made = _Maker(model, market, minutes, rows, options)
    return made.build(column_ms, ends)


def ensemble_map(
    maps: Sequence[LevelMap],
    messages_per_usd: Sequence[float],
    usd_per_message: float,
    score: Score | None = None,
) -> LevelMap:
    """Add up maps of the same rows and columns: rates add, prices are never averaged.

    Parameters
    ----------
    maps
        At least one.
    messages_per_usd
        Of each, as `scoring.ensemble` learns them: messages per USD of the map that is reached.
    usd_per_message
        Mean notional of a message.
    score
        What is known of the sum's skill.
    """
    usd = np.zeros_like(maps[0].usd)
    for one, rate in zip(maps, messages_per_usd, strict=True):
        usd += one.usd * np.float32(rate * usd_per_message)
    first = maps[0]
    notes = tuple(dict.fromkeys(note for one in maps for note in one.notes))
    changes = tuple(sorted({at for one in maps for at in one.scale_ms}))
    tables = [one.table for one in maps if one.table is not None]
    is_known = np.logical_and.reduce([one.is_known for one in maps])
    return LevelMap(
        LevelModel.ENSEMBLE,
        Unit.EXPECTED_USD,
        first.rows,
        first.column_ms,
        usd,
        is_known,
        changes,
        tables[0] if tables else None,
        score,
        notes,
    )


class _Maker:
    """One map in the making, of a model whose entries go on fixed ladders."""

    def __init__(
        self,
        model: LevelModel,
        market: Market,
        minutes: Minutes,
        rows: LogRows,
        options: ModelOptions,
    ) -> None:
        self.model, self.market, self.minutes = model, market, minutes
        self.rows, self.options = rows, options
        self.notes: list[Note] = list(minutes.notes)

    def build(self, column_ms: NDArray[np.int64], ends: NDArray[np.int64]) -> LevelMap:
        usd: NDArray[np.float32] = np.zeros((len(column_ms), self.rows.count), np.float32)
        given = self._input()
        periods = self._periods(column_ms)
        last = None
        for number, (begin_ms, basis) in enumerate(periods):
            first = int(np.searchsorted(column_ms, begin_ms, side="left"))
            stop = len(column_ms)
            if number + 1 < len(periods):
                stop = int(np.searchsorted(column_ms, periods[number + 1][0], side="left"))
            last = basis
            if stop > first and basis is not None:
                walk = LevelWalk(self.rows, [self._ladder(basis)])
                seen = given.until(int(ends[stop - 1]))
                usd[first:stop] = walk.run(seen, ends[first:stop]).columns
        if self.model is not LevelModel.CALIBRATED:
            self._scale(usd, column_ms, ends)
        self._say(last)
        usd[ends == 0] = np.nan
        is_standing = self.model is not LevelModel.CALIBRATED
        return LevelMap(
            self.model,
            Unit.STANDING_USD if is_standing else Unit.EXPECTED_USD,
            self.rows,
            column_ms,
            usd,
            known_columns(self.minutes, column_ms, ends),
            tuple(begin for begin, _ in periods[1:]),
            last if isinstance(last, YieldTable) else None,
            last.score if isinstance(last, YieldTable) else self.market.scores.get(self.model),
            tuple(self.notes),
        )

    def _periods(
        self, column_ms: NDArray[np.int64]
    ) -> list[tuple[int, YieldTable | BracketTable | None]]:
        """Return since when which table is valid, the first before all columns."""
        if not len(column_ms):
            return []
        start, stop = int(column_ms[0]), int(column_ms[-1])
        market = self.market
        if self.model is LevelModel.CALIBRATED:
            times = [max(one.fitted_ms, one.data_until_ms) for one in market.fits]
        else:
            known = market.brackets.tables.get(market.symbol, ())
            times = [one.valid_from_ms for one in known]
        periods: list[tuple[int, YieldTable | BracketTable | None]] = []
        for at in [start, *sorted({one for one in times if start < one <= stop})]:
            basis: YieldTable | BracketTable | None
            if self.model is LevelModel.CALIBRATED:
                basis = market.table_at(at)
            else:
                basis = market.brackets.in_force(market.symbol, at, self.options.fallback_rate)
            if not periods or basis != periods[-1][1]:
                periods.append((at, basis))
        return periods

    def _ladder(self, basis: YieldTable | BracketTable) -> Ladder:
        if isinstance(basis, YieldTable):
            yields = basis.usd_per_usd
            return joined(
                [smooth_ladder(side, yields[side], self.rows.width) for side in (LONGS, SHORTS)]
            )
        mix, width = self.options.leverage_mix, self.rows.width
        return joined([leverage_ladder(side, mix, basis, width) for side in (LONGS, SHORTS)])

    def _input(self) -> WalkInput:
        minutes = self.minutes
        n = len(minutes)
        amounts = minutes.volume_usd
        if self.options.entries is Entries.OPEN_INTEREST and self._is_by_table:
            amounts = open_interest_entries(minutes, self.market.open_interest)
        shift: NDArray[np.float64] = np.zeros(n)
        if self.model is LevelModel.FUNDING_ADJUSTED and self.market.funding is not None:
            shift = funding_shift(minutes, self.market.funding)
        return WalkInput(
            minutes, amounts[:, None], clock_decay(minutes, self.options.half_life_ms), shift
        )

    @property
    def _is_by_table(self) -> bool:
        return self.model is not LevelModel.CALIBRATED

    def _scale(
        self, usd: NDArray[np.float32], column_ms: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> None:
        """Make standing longs and standing shorts each as much as the open interest."""
        known = good_open_interest(self.market.open_interest)
        at = np.searchsorted(known["known_ms"], column_ms, side="right") - 1
        if not len(known) or (at < 0).any():
            self.notes.append(Note(NoteKind.NO_OPEN_INTEREST, int((at < 0).sum())))
        for k in np.flatnonzero((at >= 0) & (ends > 0)).tolist():
            close = int(self.rows.rows(self.minutes.log_close[[ends[k] - 1]])[0])
            close = min(max(close, 0), self.rows.count)
            for part in (slice(close), slice(close, None)):
                total = float(usd[k, part].sum(dtype=np.float64))
                if total > 0:
                    usd[k, part] *= np.float32(float(known["usd"][at[k]]) / total)

    def _say(self, last: YieldTable | BracketTable | None) -> None:
        if last is None:
            self.notes.append(Note(NoteKind.NO_YIELDS))
        elif isinstance(last, YieldTable):
            if last.is_provisional:
                self.notes.append(Note(NoteKind.PROVISIONAL_USD))
        elif last.is_flat:
            self.notes.append(Note(NoteKind.NO_BRACKETS, value=float(last.rates[0])))
        if self.model is LevelModel.FUNDING_ADJUSTED and self.market.funding is None:
            self.notes.append(Note(NoteKind.NO_FUNDING))


def _taker_map(
    market: Market,
    minutes: Minutes,
    rows: LogRows,
    column_ms: NDArray[np.int64],
    ends: NDArray[np.int64],
    rule: TakerRule,
) -> LevelMap:
    ladders = (
        flat_ladder(LONGS, TAKER_MIX, rows.width),
        flat_ladder(SHORTS, TAKER_MIX, rows.width),
    )
    trades, notes = market.trades, list(minutes.notes)
    # What is known of the model's skill was found with whole minutes.
    score = market.scores.get(LevelModel.PY_LIQUIDATION_MAP)
    if trades is not None and trades.serve(rule, minutes):
        entries, score = trade_entries(trades, minutes, rule), None
        notes.append(Note(NoteKind.SINGLE_TRADES, sum(int(one.seen[-1]) for one in entries)))
        unknown = len(minutes) - trades.known_minutes(minutes)
        notes += [Note(NoteKind.NO_TRADES, unknown)] if unknown else []
    else:
        entries = minute_entries(minutes, rule)
        notes.append(Note(NoteKind.MINUTES_FOR_TRADES))
        unknown = int(np.isnan(minutes.taker_buy_usd).sum())
        notes += [Note(NoteKind.NO_TAKER_VOLUME, unknown)] if unknown else []
    usd = walk_selection(minutes, rows, ladders, entries, rule, ends)
    usd[ends == 0] = np.nan
    return LevelMap(
        LevelModel.PY_LIQUIDATION_MAP,
        Unit.STANDING_USD,
        rows,
        column_ms,
        usd,
        known_columns(minutes, column_ms, ends),
        (),
        None,
        score,
        tuple(notes),
    )


def known_columns(
    minutes: Minutes, column_ms: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether the minute before each column is there, (m,) bool."""
    if not len(minutes):
        return np.zeros(len(column_ms), np.bool_)
    newest = minutes.closes_ms[np.maximum(ends - 1, 0)]
    return np.asarray((ends > 0) & (column_ms - newest < MINUTE_MS))
