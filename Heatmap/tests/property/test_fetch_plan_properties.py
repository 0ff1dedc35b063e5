"""What is asked for, against an exchange that has listings, outages and faults of its own."""

import math
import random
from collections import deque
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from Heatmap.domain.candles import MINUTE_MS, Series, Span, joined, length_ms, without
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.candles.fetch_plan import FetchPlan, Request
from Heatmap.ingestion.connection.supervisor import Backoff, ConnectionMemory
from Heatmap.ingestion.venues.binance.market_data import RULES, rows_of

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


class Exchange:
    """What it has: values on a grid, but for outages, from a listing on."""

    def __init__(
        self, listed_ms: dict[str, int], outages: list[Span], faults: random.Random
    ) -> None:
        self.listed_ms = listed_ms
        self.outages = joined(outages)
        self.faults = faults

    def times(self, request: Request, now_ms: int) -> list[int]:
        step_ms = {Series.FUNDING: 28_800_000}.get(request.series, request.series.step_ms)
        first = max(request.start_ms, self.listed_ms[request.symbol])
        first = -(-first // step_ms) * step_ms
        found = []
        for ts_ms in range(first, min(request.end_ms, now_ms), step_ms):
            if not any(start <= ts_ms < end for start, end in self.outages):
                found.append(ts_ms)
                if len(found) == rows_of(request):
                    break
        return found

    def all(self, symbol: str, span: Span) -> set[int]:
        first = max(span[0], self.listed_ms[symbol])
        first = -(-first // MINUTE_MS) * MINUTE_MS
        minutes = range(first, span[1], MINUTE_MS)
        return {
            one for one in minutes if not any(start <= one < end for start, end in self.outages)
        }


class World:
    """Drives a plan as the shell does, and keeps what it stores."""

    def __init__(self, exchange: Exchange, retention_ms: int, symbols: tuple[str, ...]) -> None:
        self.exchange = exchange
        self.retention_ms = retention_ms
        self.symbols = symbols
        self.stored: dict[str, set[int]] = {symbol: set() for symbol in symbols}
        self.spans: dict[tuple[str, Series], tuple[Span, ...]] = {}
        self.asked: list[tuple[float, Request]] = []
        self.now_s = 0.0
        self.memory = ConnectionMemory()
        self.held_until_s = -math.inf
        self.begin()

    def begin(self) -> None:
        """Begin anew with what is stored, as after a crash."""
        backoff = Backoff(2.0, 900.0, random.Random(1))
        self.plan = FetchPlan(RULES, self.retention_ms, backoff, self.memory)
        self.plan.want(self.symbols)
        self.plan.receive_clock(self.now_ms)
        for key in list(self.plan.unknown()):
            self.plan.receive_fetched_before(*key, self.spans.get(key, ()))

    @property
    def now_ms(self) -> int:
        return NOW_MS + int(self.now_s * 1000)

    def turn(self) -> bool:
        """Do one turn; whether something was asked."""
        self.plan.receive_clock(self.now_ms)
        for key in list(self.plan.unknown()):
            self.plan.receive_fetched_before(*key, self.spans.get(key, ()))
        request = self.plan.next_request(self.now_s)
        if request is None:
            delay_s = self.plan.next_delay(self.now_s)
            assert delay_s > 0
            self.now_s += min(delay_s + 1e-6, 30.0)
            return False
        self.check(request)
        self.asked.append((self.now_s, request))
        self.answer(request)
        return True

    def check(self, request: Request) -> None:
        wanted = self.plan.wanted(request.series)
        assert wanted is not None
        assert wanted[0] <= request.start_ms < request.end_ms <= wanted[1]
        assert request.start_ms % request.series.step_ms == 0
        key = (request.symbol, request.series)
        assert without([request.span], self.spans.get(key, ())) == (request.span,)
        assert self.now_s >= self.held_until_s
        rules = RULES[request.series]
        assert request.is_probe or request.end_ms - request.start_ms <= rules.page_ms

    def answer(self, request: Request) -> None:
        mood = self.exchange.faults.random()
        if mood < 0.04:
            hold_s = self.exchange.faults.choice([None, 30.0, 120.0])
            self.plan.receive_failure(
                Failure(FailureKind.TOO_MANY_REQUESTS, {"hold_s": hold_s}), self.now_s
            )
            self.held_until_s = self.now_s + (hold_s or 0.0)
            return
        if mood < 0.06:
            self.plan.receive_bad_answer(request, self.now_s)
            return
        times = self.exchange.times(request, self.now_ms)
        bad = [one for one in times if self.exchange.faults.random() < 0.0005]
        good = [one for one in times if one not in bad]
        spans = self.plan.receive_answer(request, good, bad, self.now_s)
        if self.exchange.faults.random() < 0.02:
            self.now_s += 7.0
            self.begin()  # killed before it was stored
            return
        key = (request.symbol, request.series)
        self.spans[key] = joined([*self.spans.get(key, ()), *spans])
        if request.series is Series.CANDLES:
            self.stored[request.symbol].update(good)
        self.plan.receive_stored(request, spans)

    def is_complete(self) -> bool:
        return not any(
            self.plan.missing(symbol, series) for symbol in self.symbols for series in Series
        )


# A failing case is not made smaller: each takes thousands of turns.
@settings(max_examples=30, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 2**32),
    days=st.integers(1, 6),
    count=st.integers(1, 3),
    listed_h=st.lists(st.integers(-200, 2), min_size=3, max_size=3),
    outages=st.lists(st.tuples(st.integers(0, 8_000), st.integers(1, 900)), max_size=3),
)
def test_all_that_the_exchange_has_is_fetched_once_and_paced(
    seed: int, days: int, count: int, listed_h: list[int], outages: list[tuple[int, int]]
) -> None:
    listed = {
        symbol: NOW_MS + hours * 3_600_000 for symbol, hours in zip(SYMBOLS, listed_h, strict=True)
    }
    gone = [
        (NOW_MS - (back + length) * MINUTE_MS, NOW_MS - back * MINUTE_MS)
        for back, length in outages
    ]
    exchange = Exchange(listed, gone, random.Random(seed))
    world = World(exchange, days * DAY_MS, SYMBOLS[:count])
    for _ in range(3_000):
        world.turn()
        if world.now_s > 4 * 3600 and world.is_complete():
            break
    candle_span = world.plan.wanted(Series.CANDLES)
    assert candle_span is not None
    for symbol in world.symbols:
        # All that there is was stored, whatever failed and died in between.
        there = exchange.all(symbol, candle_span)
        spans = world.spans.get((symbol, Series.CANDLES), ())
        put_off = world.plan.missing(symbol, Series.CANDLES)
        unfetched = {one for one in there if any(a <= one < b for a, b in put_off)}
        assert there - unfetched <= world.stored[symbol]
        assert len(unfetched) <= 60  # the newest, and what is put off at this moment
        # Nothing is claimed of which no later value is known.
        newest = max(world.stored[symbol], default=-MINUTE_MS)
        assert all(end <= newest + MINUTE_MS for _, end in spans if newest >= 0)
    _check_pacing(world)


def _check_pacing(world: World) -> None:
    for series in Series:
        times = [at_s for at_s, request in world.asked if request.series is series]
        spacing_s = RULES[series].spacing_s
        assert all(b - a >= spacing_s - 1e-9 for a, b in pairwise(times))
    minute: deque[tuple[float, int]] = deque()
    for at_s, request in world.asked:
        if request.series is not Series.CANDLES:
            continue
        minute.append((at_s, 1 if rows_of(request) < 100 else 2))
        while minute[0][0] <= at_s - 60:
            minute.popleft()
        assert sum(weight for _, weight in minute) <= 242


def test_the_newest_comes_first_whosever_it_is() -> None:
    quiet = random.Random(0)
    quiet.random = lambda: 1.0  # type: ignore[method-assign]
    exchange = Exchange(dict.fromkeys(SYMBOLS, 0), [], quiet)
    world = World(exchange, 2 * DAY_MS, SYMBOLS)
    while not world.is_complete() or not world.asked:
        world.turn()
    ends = [
        one.end_ms
        for _, one in world.asked
        if one.series is Series.CANDLES and one.end_ms < NOW_MS - 10**7
    ]
    assert ends == sorted(ends, reverse=True)
    first = [one.symbol for _, one in world.asked if one.series is Series.CANDLES][:3]
    assert sorted(first) == list(SYMBOLS)
    # 2 days are 2,880 minutes: six pages each.
    pages = [one for _, one in world.asked if one.series is Series.CANDLES and one.end_ms < NOW_MS]
    assert len([one for one in pages if one.end_ms - one.start_ms > 10 * MINUTE_MS]) == 18


def test_thirty_days_take_forty_four_seconds() -> None:
    quiet = random.Random(0)
    quiet.random = lambda: 1.0  # type: ignore[method-assign]
    world = World(Exchange({"AUSDT": 0}, [], quiet), 30 * DAY_MS, ("AUSDT",))
    while not world.asked or world.plan.missing("AUSDT", Series.CANDLES):
        world.turn()
    pages = [at_s for at_s, one in world.asked if one.series is Series.CANDLES]
    assert len(pages) == 87
    assert 42 < pages[-1] < 45


def test_a_listing_of_an_hour_is_not_asked_for_page_by_page() -> None:
    quiet = random.Random(0)
    quiet.random = lambda: 1.0  # type: ignore[method-assign]
    exchange = Exchange({"AUSDT": NOW_MS - 3_600_000}, [], quiet)
    world = World(exchange, 45 * DAY_MS, ("AUSDT",))
    while not world.asked or world.plan.missing("AUSDT", Series.CANDLES):
        world.turn()
    candles = [one for _, one in world.asked if one.series is Series.CANDLES]
    assert len(candles) == 3
    assert candles[-1].is_probe


def test_a_symbol_that_trades_nothing_is_asked_for_ever_more_rarely_and_claimed_never() -> None:
    quiet = random.Random(0)
    quiet.random = lambda: 1.0  # type: ignore[method-assign]
    exchange = Exchange({"AUSDT": NOW_MS + DAY_MS}, [], quiet)
    world = World(exchange, DAY_MS, ("AUSDT",))
    while world.now_s < 3600:
        world.turn()
    assert world.spans.get(("AUSDT", Series.CANDLES), ()) == ()
    assert len([one for _, one in world.asked if one.series is Series.CANDLES]) < 150


def test_what_is_refused_for_one_symbol_does_not_hold_the_others() -> None:
    plan = FetchPlan(RULES, DAY_MS, Backoff(2.0, 900.0, random.Random(1)))
    plan.want(("AUSDT", "BUSDT"))
    plan.receive_clock(NOW_MS)
    for key in list(plan.unknown()):
        plan.receive_fetched_before(*key, ())
    first = plan.next_request(0.0)
    assert first is not None
    plan.receive_refused(first, 0.0)
    second = plan.next_request(0.5)
    assert second is not None
    assert {first.symbol, second.symbol} == {"AUSDT", "BUSDT"}
    plan.receive_failure(Failure(FailureKind.BANNED, {"hold_s": 120.0}), 0.5)
    assert plan.next_request(120.0) is None
    assert plan.held_s(0.5) == 120.0
    assert plan.next_delay(0.5) >= 120.0
    assert plan.next_request(120.6) is not None


def test_a_clock_that_is_ahead_makes_no_holes() -> None:
    quiet = random.Random(0)
    quiet.random = lambda: 1.0  # type: ignore[method-assign]
    exchange = Exchange({"AUSDT": 0}, [(NOW_MS, NOW_MS + 10**12)], quiet)
    world = World(exchange, DAY_MS, ("AUSDT",))
    world.now_s = 3 * 3600.0
    for _ in range(200):
        world.turn()
    spans = world.spans["AUSDT", Series.CANDLES]
    assert spans[-1][1] <= NOW_MS + MINUTE_MS
    assert length_ms(spans) > 0
