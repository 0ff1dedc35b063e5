"""Why a result is empty, partial or provisional: facts, which the edges put into sentences."""

from dataclasses import dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    """What there is to say about a result."""

    NO_CANDLES = "no candles"
    BAD_CANDLES = "candles left out, their numbers are impossible"
    HOLES = "minutes without a candle"
    NO_VOLUME = "no volume was traded"
    UNKNOWN_VOLUME = "minutes of unknown volume"
    PRICE_JUMP = "the price jumped, what stood before is left out"
    TOO_WIDE = "prices lie too far apart for one grid, the older ones are left out"
    NO_BRACKETS = "no brackets of this symbol at that time, one rate for all sizes"
    NO_TAKER_VOLUME = "the takers' side of the volume is unknown"
    MINUTES_FOR_TRADES = "whole minutes stand for single trades"
    SINGLE_TRADES = "made of single trades, the largest of"
    NO_TRADES = "minutes whose single trades are unknown, they add nothing"
    IMPORTED_CANDLES = "minutes from imported files"
    CANDLES_OF_TRADES = "of these, added up from aggregated trades, a little unlike real candles"
    OTHER_MARKET = "imported minutes left out, they are of another market than what is stored"
    NO_OPEN_INTEREST = "open interest is unknown, amounts are not scaled to it"
    NO_FUNDING = "funding is unknown, levels are not shifted"
    NO_YIELDS = "no fit was known at that time"
    NO_ENSEMBLE = "no ensemble was known at that time"
    FIT_OF_LATER = "the shipped fit knows what came later than this time; its data reach to"
    PATH_HAS_NO_PRICE = "what the price path explains has no price and is not in the map"
    PROVISIONAL_USD = "dollars are provisional, the factor is not fitted"
    NO_MESSAGES = "no liquidation in the covered minutes"
    NO_COVERAGE = "no covered minutes"
    TOO_FEW_FOLDS = "too little time to hold some of it out"


@dataclass(frozen=True, slots=True)
class Note:
    """One fact about a result.

    Attributes
    ----------
    kind
        What it is.
    count
        How many minutes, candles or tables it is about; 0 where that says nothing.
    at_ms
        When it last happened, UTC milliseconds; ``None``: at no one time.
    value
        A number that belongs to it, such as the rate that was used; ``None``: none.
    """

    kind: NoteKind
    count: int = 0
    at_ms: int | None = None
    value: float | None = None
