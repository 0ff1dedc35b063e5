"""REST: the exchange's clock, its symbols, the tick size. Facts and what they mean; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from Heatmap.doctor.findings import Advice, Found, Result, Row, always
from Heatmap.doctor.stream_table import LARGEST_SKEW_MS
from Heatmap.errors import Failure


@dataclass(frozen=True, slots=True)
class RestFacts:
    """How ``exchangeInfo`` was answered, and how the exchange's clock compares with this one.

    Attributes
    ----------
    took_s
        How long the answer took, seconds.
    skew_ms
        The exchange's clock less this one, milliseconds; ``None``: it did not tell.
    why_no_time
        Why it did not tell.
    proxy, setting
        The proxy on the way, without user and password, and where it was set; empty: none.
    failure
        Why there is no answer; ``None``: there is.
    waited_s
        How long was waited in vain, seconds; ``None``: not in vain.
    """

    took_s: float = 0.0
    skew_ms: float | None = None
    why_no_time: Failure | None = None
    proxy: str = ""
    setting: str = ""
    failure: Failure | None = None
    waited_s: float | None = None


REST: Sequence[Row[RestFacts]] = (
    Row(lambda f: f.waited_s is not None, Result.FAIL, Found.REST_NO_ANSWER, Advice.CHECK_REST),
    Row(lambda f: f.failure is not None, Result.FAIL, Found.REST_FAILED, Advice.CHECK_REST),
    Row(lambda f: f.skew_ms is None, Result.OK, Found.CLOCKS_NOT_COMPARED),
    Row(
        lambda f: abs(f.skew_ms or 0.0) > LARGEST_SKEW_MS,
        Result.WARN,
        Found.CLOCKS_COMPARED,
        Advice.SET_CLOCK,
    ),
    Row(always, Result.OK, Found.CLOCKS_COMPARED),
)


@dataclass(frozen=True, slots=True)
class TickSizeFacts:
    """The tick size of a symbol, USD; ``None``: the exchange does not list it."""

    symbol: str
    tick_size: Decimal | None


TICK_SIZE: Sequence[Row[TickSizeFacts]] = (
    Row(lambda f: f.tick_size is None, Result.FAIL, Found.NOT_LISTED, Advice.CHECK_LISTING),
    Row(always, Result.OK, Found.TICK_SIZE),
)
