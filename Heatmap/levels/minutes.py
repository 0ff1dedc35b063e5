"""Candles made ready for the walk: checked, ordered, and what each minute reached."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import CANDLE_DTYPE, MINUTE_MS
from Heatmap.levels.notes import Note, NoteKind

#: Where in a minute's range its entries are put; each place takes the same share.
ENTRY_PLACES = (1 / 6, 1 / 2, 5 / 6)
#: Natural logarithm of a price step between two candles that no market makes: another contract,
#: another unit, or a wrong number. Half the price is 0.69, one and a half times 0.41.
JUMP = 0.4


@dataclass(frozen=True, slots=True)
class Minutes:
    """Closed minutes in order of time, one row each.

    Attributes
    ----------
    open_ms : (n,) int64
        UTC milliseconds; strictly rising.
    log_low, log_high : (n,) float64
        Natural logarithm of the lowest and highest price reached, the close before included: a
        level between two candles was passed.
    log_close : (n,) float64
    close_usd : (n,) float64
        As the candle has it: the way back from its logarithm is off in the last digits.
    log_range : (n, 2) float64
        Natural logarithm of the candle's own low and high.
    log_entries : (n, 3) float64
        Natural logarithm of the prices at which its volume was traded.
    volume_usd : (n,) float64
        0 where it is unknown.
    taker_buy_usd : (n,) float64
        NaN where it is unknown.
    follows : (n,) bool
        The minute before is there, and its volume and this one's are known.
    resets : (n,) bool
        The price jumped before this minute: what stood before means nothing now.
    notes
        What is missing, and why.
    """

    open_ms: NDArray[np.int64]
    log_low: NDArray[np.float64]
    log_high: NDArray[np.float64]
    log_close: NDArray[np.float64]
    close_usd: NDArray[np.float64]
    log_range: NDArray[np.float64]
    log_entries: NDArray[np.float64]
    volume_usd: NDArray[np.float64]
    taker_buy_usd: NDArray[np.float64]
    follows: NDArray[np.bool_]
    resets: NDArray[np.bool_]
    notes: tuple[Note, ...]

    def __len__(self) -> int:
        """Return how many minutes there are."""
        return len(self.open_ms)

    def until(self, end: int) -> "Minutes":
        """Return the first minutes only, with the notes of all."""
        return self.between(0, end)

    def between(self, first: int, end: int) -> "Minutes":
        """Return some adjacent minutes, with the notes of all."""
        cut = {
            one.name: getattr(self, one.name)[first:end]
            for one in fields(self)
            if one.name != "notes"
        }
        return Minutes(**cut, notes=self.notes)

    @property
    def closes_ms(self) -> NDArray[np.int64]:
        """When each minute was over, (n,) int64, UTC milliseconds."""
        return self.open_ms + MINUTE_MS


def prepare_minutes(candles: NDArray[np.void], bar_ms: int = MINUTE_MS) -> Minutes:
    """Check candles and work out what each reached.

    Candles with impossible numbers are left out, and said so; of two that open at the same time
    the later one in the array counts. Nothing about a minute depends on later ones.

    Parameters
    ----------
    candles : (n,) CANDLE_DTYPE
        Closed candles in any order.
    bar_ms
        How long each lasts, milliseconds.
    """
    notes: list[Note] = []
    is_possible = _possible(candles)
    if not is_possible.all():
        notes.append(Note(NoteKind.BAD_CANDLES, int((~is_possible).sum())))
    candles = candles[is_possible]
    # The last of those that open together: unique gives the first of the reversed array.
    _, newest = np.unique(candles["open_ms"][::-1], return_index=True)
    candles = candles[len(candles) - 1 - newest]
    if not len(candles):
        notes.append(Note(NoteKind.NO_CANDLES))
    low, high, close, opened = (np.log(candles[name]) for name in ("low", "high", "close", "open"))
    before = np.concatenate([opened[:1], close[:-1]])
    resets = np.abs(opened - before) >= JUMP
    before = np.where(resets, opened, before)
    volume = candles["quote_volume"]
    is_known = np.isfinite(volume)
    steps_ms = np.diff(candles["open_ms"], prepend=candles["open_ms"][:1])
    follows = (steps_ms == bar_ms) & ~resets & is_known
    follows[1:] &= is_known[:-1]
    notes += _notes(candles["open_ms"], steps_ms, volume, resets, bar_ms)
    inside = np.asarray(ENTRY_PLACES)
    width = candles["high"] - candles["low"]
    return Minutes(
        open_ms=candles["open_ms"].copy(),
        log_low=np.minimum(low, before),
        log_high=np.maximum(high, before),
        log_close=close,
        close_usd=candles["close"].copy(),
        log_range=np.stack([low, high], axis=1),
        log_entries=np.log(candles["low"][:, None] + width[:, None] * inside),
        volume_usd=np.where(is_known, volume, 0.0),
        taker_buy_usd=candles["taker_buy_quote"].copy(),
        follows=follows,
        resets=resets,
        notes=tuple(notes),
    )


def candles_from(rows: Sequence[tuple[float, ...]]) -> NDArray[np.void]:
    """Return candles from tuples in the order of `CANDLE_DTYPE`'s fields."""
    return np.array([tuple(row) for row in rows], CANDLE_DTYPE)


# No minute of any market comes near to it: sums with such a number are lost.
_TOO_MUCH_USD = 1e15


def _possible(candles: NDArray[np.void]) -> NDArray[np.bool_]:
    prices = np.stack([candles[name] for name in ("open", "high", "low", "close")])
    volume, taken = candles["quote_volume"], candles["taker_buy_quote"]
    with np.errstate(invalid="ignore"):
        is_good = np.isfinite(prices).all(axis=0) & (prices > 0).all(axis=0)
        is_good &= (prices.max(axis=0) <= candles["high"]) & (prices.min(axis=0) >= candles["low"])
        is_good &= np.isnan(volume) | ((volume >= 0) & (volume < _TOO_MUCH_USD))
        # A rounding of the exchange's may put it a little above the whole.
        is_good &= np.isnan(taken) | ((taken >= 0) & ~(taken > volume * 1.000_001))
    return np.asarray(is_good)


def _notes(
    open_ms: NDArray[np.int64],
    steps_ms: NDArray[np.int64],
    volume: NDArray[np.float64],
    resets: NDArray[np.bool_],
    bar_ms: int,
) -> list[Note]:
    notes = []
    holes = np.maximum(steps_ms // bar_ms - 1, 0)
    if holes.any():
        notes.append(Note(NoteKind.HOLES, int(holes.sum()), _last(open_ms, holes > 0)))
    is_unknown = ~np.isfinite(volume)
    if is_unknown.any():
        count = int(is_unknown.sum())
        notes.append(Note(NoteKind.UNKNOWN_VOLUME, count, _last(open_ms, is_unknown)))
    if len(volume) and not np.nansum(volume):
        notes.append(Note(NoteKind.NO_VOLUME, len(volume)))
    if resets.any():
        notes.append(Note(NoteKind.PRICE_JUMP, int(resets.sum()), _last(open_ms, resets)))
    return notes


def _last(open_ms: NDArray[np.int64], chosen: NDArray[np.bool_]) -> int:
    return int(open_ms[chosen][-1])
