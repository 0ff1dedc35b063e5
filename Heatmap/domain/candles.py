"""What predicted levels are computed from: candles, open interest, funding; and spans. Pure.

Times are UTC milliseconds of the exchange's clock, prices and amounts USD. A span is half-open:
from its first moment up to, and without, its second one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

MINUTE_MS = 60_000
DAY_MS = 86_400_000
OPEN_INTEREST_STEP_MS = 300_000
OPEN_INTEREST_DELAY_MS = 300_000
"""So long after its label a value of the open interest counts as known."""

MOST_CANDLE_SYMBOLS = 20
"""Candles of so many instruments are kept up at once."""

Span: TypeAlias = tuple[int, int]
"""Half-open time, UTC milliseconds."""


class Series(StrEnum):
    """What is fetched of an instrument beside its liquidations."""

    CANDLES = "candles"
    OPEN_INTEREST = "open interest"
    FUNDING = "funding"

    @property
    def step_ms(self) -> int:
        """Its values, and the spans of what was fetched, lie on multiples of this; 1: on none."""
        return {Series.CANDLES: MINUTE_MS, Series.OPEN_INTEREST: OPEN_INTEREST_STEP_MS}.get(self, 1)


@dataclass(frozen=True, slots=True)
class RunningMinute:
    """What is known of a minute whose candle has not come yet.

    Attributes
    ----------
    open_ms
        When it began, a multiple of `MINUTE_MS`.
    low, high
        Prices that were reached so far, USD.
    """

    open_ms: int
    low: float
    high: float

    def joined(self, low: float, high: float) -> "RunningMinute":
        """Return the same minute with further prices in it."""
        return RunningMinute(self.open_ms, min(low, self.low), max(high, self.high))


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed minute, or a longer time that is made of such.

    Attributes
    ----------
    open_ms
        When it began, a multiple of `MINUTE_MS`.
    open, high, low, close
        USD.
    quote_volume
        USD traded.
    taker_buy_quote
        The part of it that buyers took; ``None``: unknown.
    trades
        How many trades; ``None``: unknown.
    """

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    quote_volume: float
    taker_buy_quote: float | None = None
    trades: int | None = None

    @property
    def ts_ms(self) -> int:
        """Where it lies in time."""
        return self.open_ms


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Open interest as the exchange labels it.

    Attributes
    ----------
    label_ms
        The exchange's time of it; it counts as known `OPEN_INTEREST_DELAY_MS` later.
    usd
        Value of all open positions of one side.
    """

    label_ms: int
    usd: float

    @property
    def ts_ms(self) -> int:
        """Where it lies in time."""
        return self.label_ms


@dataclass(frozen=True, slots=True)
class Funding:
    """A funding that was paid.

    Attributes
    ----------
    paid_ms
        When.
    rate
        0.0001 is 0.01 %; longs pay where it is above 0.
    """

    paid_ms: int
    rate: float

    @property
    def ts_ms(self) -> int:
        """Where it lies in time."""
        return self.paid_ms


Value: TypeAlias = Candle | OpenInterest | Funding
"""A value of a series."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Values of one series, and the time of which they are all that the exchange has.

    Attributes
    ----------
    series
        What the values are.
    values
        Each once, in order of time.
    spans
        Fetched time. It may hold no value: then the exchange has none there.
    """

    series: Series
    values: tuple[Value, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class CandleHistory:
    """Candles of one length, and the time of which they are all that the exchange has.

    Attributes
    ----------
    candles
        Each once, in order of time. Only those whose whole time was fetched; one in progress is
        never among them.
    fetched
        Fetched time, in order. In it a candle is missing where the exchange has none; all other
        time is still to be fetched.
    """

    candles: tuple[Candle, ...]
    fetched: tuple[Span, ...]


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time in order, each moment once; spans that touch are one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """Return what is in `spans` and not in `taken`, in order."""
    left: list[Span] = []
    holes = joined(taken)
    for start, end in joined(spans):
        reached = start
        for first, last in holes:
            if last <= reached:
                continue
            if first >= end:
                break
            if first > reached:
                left.append((reached, first))
            reached = last
        if reached < end:
            left.append((reached, end))
    return tuple(left)


def clipped(spans: Iterable[Span], start_ms: int, end_ms: int) -> tuple[Span, ...]:
    """Return the part of `spans` between two moments, in order."""
    return joined((max(start, start_ms), min(end, end_ms)) for start, end in spans)


def length_ms(spans: Sequence[Span]) -> int:
    """Return how much time spans take together; they must not overlap."""
    return sum(end - start for start, end in spans)
