"""How fetching and following candles fares: facts, which the edges put into sentences."""

from dataclasses import dataclass
from enum import StrEnum

from Heatmap.errors import Failure


class CandleState(StrEnum):
    """What a recorder does about candles."""

    OFF = "not recorded"
    NO_TIME = "waiting for the exchange's time"
    STANDBY = "another recorder fetches them"
    FETCHING = "fetching"
    HELD = "the exchange wants to be left alone"
    COMPLETE = "complete"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SymbolCandles:
    """What is stored of one symbol.

    Attributes
    ----------
    symbol
        Whose.
    fetched_from_ms, fetched_until_ms
        Between these, apart from `missing_minutes`, everything was fetched, UTC milliseconds;
        ``None``: nothing was.
    missing_minutes
        Minutes within the retention that were not fetched yet.
    missing_values_ms
        Time of open interest and funding that was not fetched yet, milliseconds together.
    """

    symbol: str
    fetched_from_ms: int | None
    fetched_until_ms: int | None
    missing_minutes: int
    missing_values_ms: int


@dataclass(frozen=True, slots=True)
class CandleStatus:
    """How it fares, at one moment.

    Attributes
    ----------
    state
        What is done.
    problem
        Why something cannot be fetched, read or stored at present; ``None``: nothing is wrong.
        Liquidations are not concerned by it.
    held_s
        For how long nothing is asked for, seconds.
    symbols
        Of each symbol whose candles are kept up.
    left_out
        Symbols that were asked for beyond the number that is kept up at once.
    requests, values
        How many requests were made and how many values were stored, since the recorder began.
    """

    state: CandleState = CandleState.OFF
    problem: Failure | None = None
    held_s: float = 0.0
    symbols: tuple[SymbolCandles, ...] = ()
    left_out: tuple[str, ...] = ()
    requests: int = 0
    values: int = 0
