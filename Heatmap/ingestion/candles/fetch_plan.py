"""What of candles, open interest and funding is to be asked for next, and when. Pure decisions.

The rules that `FetchPlan` enforces:

1. Only time is asked for that is wanted (the retention, up to what is over) and was not fetched.
2. The newest first, whosever it is: a picture begins at its right edge. Candles before the rest.
3. Between two requests of a series passes `SeriesRules.spacing_s`, always: a tenth of what the
   exchange allows. One request at a time.
4. A refusal with a waiting time (418, 429, 403, 451) holds everything until it is over; other
   failures of the exchange back off, for everything.
5. An answer that cannot be used, or lacks values, puts off its own time only, longer each time.
6. Time without values counts as fetched only up to a moment of which a value is known: neither an
   answer that came too early nor a clock that is ahead makes a hole.
7. A page without candles is followed by one cheap question for the first candle there is, so that
   the time before a listing is not asked for page by page.

The clock is an argument: seconds of any monotonic clock, and the exchange's time in UTC ms.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from Heatmap.domain.candles import Series, Span, clipped, joined, without
from Heatmap.errors import Failure
from Heatmap.ingestion.connection.supervisor import Backoff, ConnectionMemory

_ORDER = (Series.CANDLES, Series.FUNDING, Series.OPEN_INTEREST)
# How long time is put off: without values, whose exchange may be in maintenance; and bad answers.
_FIRST_DELAY_S = 15.0
_LONGEST_MISSING_S, _LONGEST_BAD_S = 60.0, 3600.0
# So many stretches of one series are put off apart from each other.
_MOST_PUT_OFF = 50
_END_OF_TIME_MS = 2**62
_ALL: Span = (-_END_OF_TIME_MS, _END_OF_TIME_MS)


@dataclass(frozen=True, slots=True)
class SeriesRules:
    """How one series is asked for.

    Attributes
    ----------
    path
        Below the REST base.
    most_rows
        Rows that one request asks for at most.
    page_ms
        Time of one request: it never holds more than `most_rows`.
    spacing_s
        Between two requests: a tenth of what the exchange allows one address.
    poll_ms
        New values are asked for once in this time.
    lag_ms
        A value may be asked for so long after its own step is over.
    settle_ms
        So long after its own time a value that is not there does not come any more.
    longest_ms
        The exchange keeps no more; ``None``: it keeps all.
    """

    path: str
    most_rows: int
    page_ms: int
    spacing_s: float
    poll_ms: int
    lag_ms: int
    settle_ms: int
    longest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for.

    Attributes
    ----------
    series, symbol
        What, and whose.
    start_ms, end_ms
        Half-open time, UTC milliseconds.
    is_probe
        Only the first value in it is asked for; otherwise all, which is at most a page.
    """

    series: Series
    symbol: str
    start_ms: int
    end_ms: int
    is_probe: bool = False

    @property
    def span(self) -> Span:
        """Its time."""
        return self.start_ms, self.end_ms


@dataclass(frozen=True, slots=True)
class _PutOff:
    span: Span
    until_s: float
    delay_s: float


class _Place:
    """One series of one symbol: what of it was fetched, and what is put off."""

    def __init__(self, fetched: Iterable[Span]) -> None:
        self.fetched = joined(fetched)
        self.put_off: list[_PutOff] = []
        # The end of the newest value's step, as far as it is known.
        self.newest_ms = self.fetched[-1][1] if self.fetched else -_END_OF_TIME_MS
        self.is_probe_due = False

    def add(self, spans: Iterable[Span]) -> None:
        self.fetched = joined([*self.fetched, *spans])
        self.put_off = [one for one in self.put_off if without([one.span], self.fetched)]

    def delay(self, span: Span, longest_s: float, now_s: float) -> None:
        """Put off a stretch; the longer, the more often it was."""
        delays = [
            one.delay_s for one in self.put_off if one.span[0] < span[1] and span[0] < one.span[1]
        ]
        delay_s = min(max(delays, default=_FIRST_DELAY_S / 2) * 2, longest_s)
        kept = [one for one in self.put_off if without([one.span], [span])]
        kept.append(_PutOff(span, now_s + delay_s, delay_s))
        if len(kept) > _MOST_PUT_OFF:
            spans = [one.span for one in kept]
            whole = (min(start for start, _ in spans), max(end for _, end in spans))
            kept = [_PutOff(whole, now_s + longest_s, longest_s)]
        self.put_off = kept

    def open_spans(self, wanted: Span, now_s: float) -> tuple[Span, ...]:
        """Return what may be asked for now."""
        taken = [one.span for one in self.put_off if one.until_s > now_s]
        return without([wanted], [*self.fetched, *taken])


class FetchPlan:
    """Decides what to ask for. Never awaits, reads no clock.

    Parameters
    ----------
    rules
        How each series is asked for.
    retention_ms
        How far back, milliseconds.
    backoff
        Waiting times after failures of the exchange.
    memory
        What an earlier recorder of the same address left: its waiting time holds here too.
    """

    def __init__(
        self,
        rules: Mapping[Series, SeriesRules],
        retention_ms: int,
        backoff: Backoff,
        memory: ConnectionMemory | None = None,
    ) -> None:
        self.retention_ms = retention_ms
        self._rules = rules
        self._backoff = backoff
        self._symbols: tuple[str, ...] = ()
        self._places: dict[tuple[str, Series], _Place] = {}
        self._now_ms: int | None = None
        self._next_s = dict.fromkeys(Series, -math.inf)
        # Not before this, as the latest attempt got no answer.
        self._again_s = -math.inf
        self._memory = ConnectionMemory() if memory is None else memory

    # What the shell tells.

    def want(self, symbols: Iterable[str]) -> None:
        """Set whose data are kept up."""
        self._symbols = tuple(dict.fromkeys(symbols))
        self._places = {
            key: place for key, place in self._places.items() if key[0] in self._symbols
        }

    def receive_clock(self, now_ms: int) -> None:
        """Take the exchange's time, UTC milliseconds."""
        self._now_ms = now_ms

    def unknown(self) -> Iterator[tuple[str, Series]]:
        """Yield of what `receive_fetched_before` is to tell: nothing is asked for until then."""
        for symbol in self._symbols:
            for series in _ORDER:
                if (symbol, series) not in self._places:
                    yield symbol, series

    def forget_fetched(self) -> None:
        """Ask again what the store holds: it may be another one, or have lost something."""
        self._places.clear()

    def receive_fetched_before(self, symbol: str, series: Series, spans: Iterable[Span]) -> None:
        """Take what the store says was fetched."""
        self._places[symbol, series] = _Place(spans)

    def receive_value(self, symbol: str, series: Series, span: Span) -> None:
        """Take a value that came by itself, and was stored with its span."""
        place = self._places.get((symbol, series))
        if place is not None:
            place.newest_ms = max(place.newest_ms, span[1])
            place.add([span])

    def receive_answer(
        self, request: Request, times_ms: Collection[int], bad_ms: Collection[int], now_s: float
    ) -> tuple[Span, ...]:
        """Take the times of the values of an answer, and of those that cannot be used.

        Returns
        -------
        tuple of Span
            Which time counts as fetched, to be stored with the values; `receive_stored` says when.
        """
        self._backoff.reset()
        place = self._places.get((request.symbol, request.series))
        if place is None:  # no longer wanted
            return ()
        step_ms = request.series.step_ms
        seen = [*times_ms, *bad_ms]
        if seen:
            place.newest_ms = max(place.newest_ms, max(seen) + step_ms)
        end_ms = request.end_ms
        if request.is_probe:
            place.is_probe_due = False
            end_ms = max(seen) + step_ms if seen else end_ms
        elif not seen and request.series is Series.CANDLES:
            place.is_probe_due = True
        told = clipped([(request.start_ms, end_ms)], request.start_ms, self._known_ms(request))
        spans = without(told, [(one, one + step_ms) for one in bad_ms])
        # Of a question for the first value nothing behind it was asked for.
        missing = without([(request.start_ms, end_ms)], spans)
        if missing:
            is_rare = bad_ms or place.newest_ms == -_END_OF_TIME_MS
            # Where there was nothing, what comes next is not asked for at once either.
            until_ms = missing[-1][1] if seen else _END_OF_TIME_MS
            longest_s = _LONGEST_BAD_S if is_rare else _LONGEST_MISSING_S
            place.delay((missing[0][0], until_ms), longest_s, now_s)
        return spans

    def receive_stored(self, request: Request, spans: Iterable[Span]) -> None:
        """Note that the spans that `receive_answer` gave are stored."""
        place = self._places.get((request.symbol, request.series))
        if place is not None:
            # It answers for the symbol again.
            place.put_off = [one for one in place.put_off if one.span != _ALL]
            place.add(spans)

    def receive_bad_answer(self, request: Request, now_s: float) -> None:
        """Note that an answer cannot be used: its time is asked for again later."""
        self._backoff.reset()
        place = self._places.get((request.symbol, request.series))
        if place is not None:
            place.delay(request.span, _LONGEST_BAD_S, now_s)

    def receive_refused(self, request: Request, now_s: float) -> None:
        """Note that the exchange does not answer this for the symbol, such as an unknown one.

        All of the series waits then.
        """
        place = self._places.get((request.symbol, request.series))
        if place is not None:
            place.delay(_ALL, _LONGEST_BAD_S, now_s)

    def receive_failure(self, failure: Failure, now_s: float) -> None:
        """Note that there was no answer, and how long the exchange wants to be left alone."""
        self._again_s = now_s + self._backoff.next_delay()
        if failure.hold_s is not None:
            # Whoever asks: it is one exchange with one budget.
            self._memory.hold_rest(now_s + failure.hold_s)

    # What the shell asks.

    def next_request(self, now_s: float) -> Request | None:
        """Return what to ask for now, and count it as asked; ``None``: nothing yet."""
        if now_s < self._held_until_s:
            return None
        for series in _ORDER:
            if now_s < self._next_s[series]:
                continue
            request = self._newest(series, now_s)
            if request is not None:
                self._next_s[series] = now_s + self._rules[series].spacing_s
                return request
        return None

    def next_delay(self, now_s: float) -> float:
        """Return after how long `next_request` may have something, as of now, seconds."""
        soonest_s = math.inf
        for series in _ORDER:
            for symbol in self._symbols:
                place, wanted = self._places.get((symbol, series)), self.wanted(series)
                if place is None or wanted is None or not without([wanted], place.fetched):
                    continue
                begins_s = now_s
                if not place.open_spans(wanted, now_s):
                    waits = [one.until_s for one in place.put_off if one.until_s > now_s]
                    begins_s = min(waits)
                soonest_s = min(soonest_s, max(begins_s, self._next_s[series]))
        return max(soonest_s, self._held_until_s) - now_s

    def wanted(self, series: Series) -> Span | None:
        """Return the time that is kept of a series; ``None``: the exchange's time is not known."""
        if self._now_ms is None:
            return None
        rules = self._rules[series]
        end_ms = (self._now_ms - rules.lag_ms) // rules.poll_ms * rules.poll_ms
        span_ms = min(self.retention_ms, rules.longest_ms or self.retention_ms)
        start_ms = (self._now_ms - span_ms) // rules.poll_ms * rules.poll_ms + rules.poll_ms
        return (start_ms, end_ms) if start_ms < end_ms else None

    def fetched(self, symbol: str, series: Series) -> tuple[Span, ...]:
        """Return what was fetched, as far as it is known here."""
        place = self._places.get((symbol, series))
        return () if place is None else place.fetched

    def missing(self, symbol: str, series: Series) -> tuple[Span, ...]:
        """Return what is wanted and not fetched yet, put off or not."""
        place, wanted = self._places.get((symbol, series)), self.wanted(series)
        return () if place is None or wanted is None else without([wanted], place.fetched)

    def held_s(self, now_s: float) -> float:
        """Return for how long nothing is asked for, seconds; 0: at once."""
        return max(self._held_until_s - now_s, 0.0)

    @property
    def _held_until_s(self) -> float:
        return max(self._again_s, self._memory.rest_held_until_s)

    def _newest(self, series: Series, now_s: float) -> Request | None:
        wanted, rules = self.wanted(series), self._rules[series]
        best: Request | None = None
        for symbol in self._symbols:
            place = self._places.get((symbol, series))
            if place is None or wanted is None:
                continue
            open_spans = place.open_spans(wanted, now_s)
            if not open_spans or (best is not None and open_spans[-1][1] <= best.end_ms):
                continue
            start_ms, end_ms = open_spans[-1]
            if place.is_probe_due:
                best = Request(series, symbol, start_ms, end_ms, is_probe=True)
            else:
                best = Request(series, symbol, max(start_ms, end_ms - rules.page_ms), end_ms)
        return best

    def _known_ms(self, request: Request) -> int:
        """Return up to when a value that is not there does not exist."""
        newest_ms = self._places[request.symbol, request.series].newest_ms
        candles = self._places.get((request.symbol, Series.CANDLES))
        if candles is not None:
            newest_ms = max(newest_ms, candles.newest_ms - self._rules[request.series].settle_ms)
        return newest_ms // request.series.step_ms * request.series.step_ms
