"""Keeps candles, open interest and funding up: asks over REST, follows the stream, stores.

While another recorder writes, what that one leaves out is fetched all the same, where there is
memory to hold it (`standby_share`); it is stored when this one takes over.

A part of the recorder with a task and a REST budget of its own. Whatever fails here is told and
tried again; liquidations know nothing of it. The decisions are `fetch_plan`'s.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

from Heatmap.domain.candle_sink import CandlesBeside, CandleSink
from Heatmap.domain.candles import (
    MINUTE_MS,
    MOST_CANDLE_SYMBOLS,
    Candle,
    Fetched,
    Series,
    length_ms,
)
from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.instruments import Instrument
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.candles.candle_status import CandleState, CandleStatus, SymbolCandles
from Heatmap.ingestion.candles.fetch_plan import FetchPlan, Request
from Heatmap.ingestion.candles.standby_share import (
    LONGEST_MS,
    LOOK_S,
    MOST_SYMBOLS,
    StandbyShare,
)
from Heatmap.ingestion.connection.supervisor import Backoff, ConnectionMemory
from Heatmap.ingestion.recorder.recorder_loop import in_daemon_thread
from Heatmap.ingestion.rest_client import RestAnswer, RestClient, RestError
from Heatmap.ingestion.venue import Kline, MarketData
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

# A page of candles takes about 75 kB.
_LARGEST_ANSWER_BYTES = 2**19
_TIMEOUT_S = 15.0
_FIRST_RETRY_S, _LONGEST_RETRY_S = 2.0, 900.0
# Statuses that are about what was asked for, and not about who asks.
_CLIENT_ERRORS = range(400, 500)
# A turn comes at least this often.
_TURN_S = 1.0
# A sink that takes nothing is tried again ever more rarely: each attempt may wait for a lock.
_FIRST_SINK_RETRY_S, _LONGEST_SINK_RETRY_S = 2.0, 30.0
# So often it is looked whether the exchange's time is known: the first picture waits for it.
_NO_TIME_S = 0.1
# What the store holds is read again once in this time, and what expired is deleted.
_LOOK_S = 3600.0
_DELETE_PAUSE_S = 0.02
# Closed minutes that wait to be stored. What does not fit is fetched.
_MOST_WAITING = 10 * MOST_CANDLE_SYMBOLS
# The stream's clock may be this much ahead of its latest heartbeat.
_AHEAD_MS = MINUTE_MS
_STORAGE, _EXCHANGE, _STREAM = "storage", "exchange", "stream "


@dataclass(slots=True)
class _Waiting:
    """What was fetched and is not stored yet; one at a time."""

    request: Request
    values: Fetched


@dataclass(frozen=True, slots=True)
class CandleConfig:
    """What to keep up.

    Attributes
    ----------
    rest_url
        The base.
    market
        How the venue is asked.
    instrument_of
        Gives the instrument that a symbol of it is.
    symbols
        Always; others come on demand.
    retention_ms
        How far back, milliseconds.
    keeps_retention
        Whether the retention that the store was kept by so far goes before that.
    """

    rest_url: str
    market: MarketData
    instrument_of: Callable[[str], Instrument]
    symbols: tuple[str, ...] = ()
    retention_ms: int = 45 * 86_400_000
    keeps_retention: bool = False


@dataclass(frozen=True, slots=True)
class RecorderSide:
    """What a keeper needs of the recorder.

    Attributes
    ----------
    now_ms
        The exchange's time, UTC milliseconds; ``None``: not known yet.
    sink
        Where this recorder writes; ``None``: it does not, or another one does.
    recorded_elsewhere
        Which symbols the recorder that writes records by name; ``None``: no other one writes.
    report
        Takes each status.
    """

    now_ms: Callable[[], int | None]
    sink: Callable[[], CandleSink | None]
    recorded_elsewhere: Callable[[], Collection[str] | None]
    report: Callable[[CandleStatus], None]


class CandleKeeper:
    """Lives in the recorder's loop; `run` ends only by being cancelled, and may be run again.

    Parameters
    ----------
    config
        What to keep up.
    recorder
        What is needed of the recorder.
    rng
        Where the jitter comes from.
    memory
        As for `FetchPlan`.
    beside
        Where candles are held while another recorder writes; ``None``: nowhere, so none are fetched
        then.
    """

    def __init__(
        self,
        config: CandleConfig,
        recorder: RecorderSide,
        rng: random.Random,
        memory: ConnectionMemory | None = None,
        beside: CandlesBeside | None = None,
    ) -> None:
        self._config = config
        self._recorder = recorder
        self._market = config.market
        backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S, rng)
        self._plan = FetchPlan(config.market.rules, config.retention_ms, backoff, memory)
        self._retention_ms = config.retention_ms
        self._beside = beside
        self._share = StandbyShare()
        self._share_due_s = 0.0
        # Where they are kept at present; None: nowhere.
        self._place: CandleSink | None = None
        self._on_demand: tuple[str, ...] = ()
        self._kept: tuple[str, ...] = ()
        # Those of them that are fetched here; the others are left to the recorder that writes.
        self._fetched: tuple[str, ...] = ()
        self._left_out: tuple[str, ...] = ()
        self._waiting: _Waiting | None = None
        # Closed minutes of the stream, by symbol and time.
        self._closed: dict[tuple[str, int], Candle] = {}
        self._problems: dict[str | tuple[str, Series], Failure] = {}
        self._changed = asyncio.Event()
        self._generation: int | None = None
        self._look_due_s = 0.0
        self._requests = self._values = 0
        self._sink_retry_s = _FIRST_SINK_RETRY_S
        self._choose()

    def want(self, symbols: Iterable[str]) -> None:
        """Keep up these too, as far as there is room; the latest ones count most."""
        asked = [one for one in symbols if one not in self._config.symbols]
        others = [one for one in self._on_demand if one not in asked]
        self._on_demand = tuple([*asked, *others][:MOST_CANDLE_SYMBOLS])
        self._choose()
        self._changed.set()

    @property
    def kept(self) -> tuple[str, ...]:
        """Whose are kept up at present."""
        return self._kept

    def keep_for(self, retention_ms: int) -> None:
        """Set how far back, milliseconds."""
        self._retention_ms = retention_ms
        self._fit_retention()
        self._look_due_s = 0.0
        self._changed.set()

    def receive_kline(self, kline: Kline) -> None:
        """Take a push of the stream; returns at once."""
        now_ms = self._recorder.now_ms()
        candle = kline.candle
        if candle is None or kline.symbol not in self._fetched or now_ms is None:
            return
        if candle.open_ms + MINUTE_MS > now_ms + _AHEAD_MS:
            values = {"symbol": kline.symbol, "open_ms": candle.open_ms}
            self._tell(_STREAM + kline.symbol, Failure(FailureKind.CANDLE_AHEAD, values))
            return
        self._problems.pop(_STREAM + kline.symbol, None)
        if len(self._closed) >= _MOST_WAITING:
            del self._closed[next(iter(self._closed))]
        self._closed[kline.symbol, candle.open_ms] = candle
        self._changed.set()

    async def run(self) -> None:
        """Keep the sink up to date, or what is held beside it."""
        try:
            await self._run()
        finally:
            self._report(CandleState.STOPPED)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        self._look_due_s = 0.0
        async with RestClient(
            self._config.rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=_TIMEOUT_S
        ) as client:
            while True:
                self._changed.clear()
                pause_s = await self._turn(client)
                # Where nobody writes yet nothing is known.
                if self._place is not None or self._recorder.recorded_elsewhere() is not None:
                    self._report(self._state(clock()), self._plan.held_s(clock()))
                if _STORAGE in self._problems:
                    # Whatever comes meanwhile: the next attempt may hold up the sockets again.
                    await asyncio.sleep(pause_s)
                elif pause_s > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause_s):
                            await self._changed.wait()
                else:
                    await asyncio.sleep(0)

    async def _turn(self, client: RestClient) -> float:
        """Do what is due; return after how long the next turn is, seconds."""
        clock = asyncio.get_running_loop().time
        now_ms = self._recorder.now_ms()
        sink = self._find_place(clock())
        if sink is None:
            # Another one stores; what it stored is read when this one takes over.
            self._forget()
            return _TURN_S
        if now_ms is None:
            return _NO_TIME_S
        self._plan.receive_clock(now_ms)
        try:
            if self._is_beside:
                self._divide(now_ms, clock())
            else:
                await self._hand_over(sink)
            await self._look(sink, sink.candle_generation(), now_ms, clock())
            await self._store(sink)
        except Exception as error:  # noqa: BLE001 - it is told, and tried again
            self._tell(_STORAGE, Failure(FailureKind.CANDLES_NOT_STORED, cause=Failure.of(error)))
            retry_s = self._sink_retry_s
            self._sink_retry_s = min(2 * retry_s, _LONGEST_SINK_RETRY_S)
            return retry_s
        self._problems.pop(_STORAGE, None)
        self._sink_retry_s = _FIRST_SINK_RETRY_S
        request = self._plan.next_request(clock())
        if request is None:
            return min(max(self._plan.next_delay(clock()), 0.05), _TURN_S)
        await self._fetch(client, request)
        return 0.0

    def _find_place(self, now_s: float) -> CandleSink | None:
        """Return where candles are kept now: where this one writes, beside another one, nowhere."""
        place = self._recorder.sink()
        if place is None and self._recorder.recorded_elsewhere() is not None:
            place = self._beside
        if place is not self._place:
            self._place = place
            self._forget()
            self._look_due_s = self._share_due_s = 0.0
            self._share.begin(now_s)
            self._fit_retention()
            self._choose()
        return place

    def _fit_retention(self) -> None:
        longest_ms = LONGEST_MS if self._is_beside else self._retention_ms
        self._plan.retention_ms = min(self._retention_ms, longest_ms)

    @property
    def _is_beside(self) -> bool:
        """Whether candles are held in memory, beside another recorder that writes."""
        return self._place is not None and self._place is self._beside

    def _divide(self, now_ms: int, now_s: float) -> None:
        """Choose what is fetched here, and left to the recorder that writes."""
        beside, recorded = self._beside, self._recorder.recorded_elsewhere()
        if beside is None or recorded is None or now_s < self._share_due_s:
            return
        names = {one: self._config.instrument_of(one) for one in self._kept}
        stored_ms = beside.stored_until_ms(names.values())
        until_ms = {one: stored_ms[name] for one, name in names.items() if name in stored_ms}
        chosen = self._share.choose(self._kept, recorded, until_ms, now_ms, now_s)
        self._share_due_s = now_s + LOOK_S
        if chosen != self._fetched:
            self._fetch_only(chosen)
            # What the other one keeps up by now it may not have fetched as far back yet.
            held = dict.fromkeys([*chosen, *self._kept])
            beside.hold_only([names[one] for one in list(held)[:MOST_SYMBOLS]])

    def _fetch_only(self, symbols: tuple[str, ...]) -> None:
        self._fetched = symbols
        self._plan.want(symbols)
        self._closed = {key: one for key, one in self._closed.items() if key[0] in symbols}

    async def _hand_over(self, sink: CandleSink) -> None:
        """Store what was held in memory while another one wrote."""
        while self._beside is not None and (held := self._beside.next_held()) is not None:
            sink.save_fetched(held.instrument, held.fetched)
            self._beside.release(held)
            self._plan.forget_fetched()
            await asyncio.sleep(0)  # the sockets get their turn

    async def _look(self, sink: CandleSink, generation: int, now_ms: int, now_s: float) -> None:
        """Learn what the store holds, and let it forget what expired."""
        if generation != self._generation:
            self._generation = generation
            self._plan.forget_fetched()
        if now_s >= self._look_due_s:
            self._settle_retention(sink)
            before_ms = now_ms - self._plan.retention_ms
            while sink.delete_old_candles(before_ms):  # noqa: ASYNC110 - it does the work
                await asyncio.sleep(_DELETE_PAUSE_S)
            self._plan.forget_fetched()
            self._look_due_s = now_s + _LOOK_S
        for symbol, series in list(self._plan.unknown()):
            spans = sink.fetched_spans(self._config.instrument_of(symbol), series)
            self._plan.receive_fetched_before(symbol, series, spans)
            await asyncio.sleep(0)  # the sockets get their turn

    def _settle_retention(self, sink: CandleSink) -> None:
        kept_ms = sink.kept_candle_retention_ms()
        if self._config.keeps_retention and kept_ms is not None:
            self._plan.retention_ms = kept_ms
        elif kept_ms != self._plan.retention_ms:
            sink.keep_candle_retention(self._plan.retention_ms)

    async def _store(self, sink: CandleSink) -> None:
        """Store what waits; where that fails it goes on waiting."""
        if self._waiting is not None:
            request, values = self._waiting.request, self._waiting.values
            sink.save_fetched(self._config.instrument_of(request.symbol), values)
            self._waiting = None
            self._values += len(values.values)
            self._plan.receive_stored(request, values.spans)
            await asyncio.sleep(0)
        while self._closed:
            symbol = next(iter(self._closed))[0]
            mine = {key: one for key, one in self._closed.items() if key[0] == symbol}
            candles = tuple(sorted(mine.values(), key=lambda one: one.open_ms))
            spans = tuple((one.open_ms, one.open_ms + MINUTE_MS) for one in candles)
            fetched = Fetched(Series.CANDLES, candles, spans)
            sink.save_fetched(self._config.instrument_of(symbol), fetched)
            for key in mine:
                self._closed.pop(key, None)
            self._values += len(candles)
            for span in spans:
                self._plan.receive_value(symbol, Series.CANDLES, span)
            await asyncio.sleep(0)

    async def _fetch(self, client: RestClient, request: Request) -> None:
        clock = asyncio.get_running_loop().time
        self._requests += 1
        try:
            path = self._market.rules[request.series].path
            answer = await client.get(path, self._market.query(request))
        except RestError as error:
            self._tell(_EXCHANGE, _not_answered(request, error.failure))
            self._plan.receive_failure(error.failure, clock())
            return
        if answer.refusal is not None:
            self._refuse(request, answer, clock())
            return
        self._problems.pop(_EXCHANGE, None)
        about = (request.symbol, request.series)
        try:
            # Not in the loop, which has sockets to read.
            found = await in_daemon_thread(partial(self._market.parse, request, answer.body))
        except ExchangeError as error:
            self._tell(about, _odd(request, str(error)))
            self._plan.receive_bad_answer(request, clock())
            return
        if found.reason:
            self._tell(about, _odd(request, found.reason))
        else:
            self._problems.pop(about, None)
        times = [one.ts_ms for one in found.values]
        spans = self._plan.receive_answer(request, times, found.bad_ms, clock())
        if found.values or spans:
            values = Fetched(request.series, found.values, spans)
            self._waiting = _Waiting(request, values)

    def _refuse(self, request: Request, answer: RestAnswer, now_s: float) -> None:
        failure = answer.refusal
        if failure is None:
            return
        if failure.hold_s is None and answer.status in _CLIENT_ERRORS:
            values = {
                "request": _name(request),
                "status": answer.status,
                "reason": answer.body[:200].decode(errors="replace"),
            }
            about = (request.symbol, request.series)
            self._tell(about, Failure(FailureKind.FETCH_REFUSED, values))
            self._plan.receive_refused(request, now_s)
        else:
            self._tell(_EXCHANGE, _not_answered(request, failure))
            self._plan.receive_failure(failure, now_s)

    def _choose(self) -> None:
        """Keep up as many as there is room for: first those that somebody looks at."""
        asked = tuple(dict.fromkeys([*self._on_demand, *self._config.symbols]))
        self._kept, self._left_out = asked[:MOST_CANDLE_SYMBOLS], asked[MOST_CANDLE_SYMBOLS:]
        # Beside another one it is looked first what that one stores of them.
        stays = tuple(one for one in self._fetched if one in self._kept)
        self._fetch_only(stays if self._is_beside else self._kept)
        self._share_due_s = 0.0
        # What was wrong with those that nobody asks for any more is no problem.
        for about in [one for one in self._problems if _symbol_of(one) is not None]:
            if _symbol_of(about) not in self._kept:
                del self._problems[about]

    def _forget(self) -> None:
        self._plan.forget_fetched()
        self._closed.clear()
        self._waiting = None
        self._problems.clear()

    def _tell(self, about: str | tuple[str, Series], problem: Failure) -> None:
        if self._problems.get(about) != problem:
            _logger.info("%s", failure_text(problem))
        if _symbol_of(about) in (None, *self._kept):
            self._problems[about] = problem

    def _report(self, state: CandleState, held_s: float = 0.0) -> None:
        # What is not tried any more is no problem.
        is_over = state is CandleState.STOPPED
        self._recorder.report(
            CandleStatus(
                state=state,
                problem=None if is_over else next(iter(self._problems.values()), None),
                held_s=held_s,
                symbols=tuple(map(self._facts, self._kept)),
                left_out=self._left_out,
                requests=self._requests,
                values=self._values,
            )
        )

    def _state(self, now_s: float) -> CandleState:
        if not self._kept:
            return CandleState.OFF
        if self._place is None or not self._fetched:
            return CandleState.STANDBY
        if self._recorder.now_ms() is None:
            return CandleState.NO_TIME
        if self._plan.held_s(now_s):
            return CandleState.HELD
        is_complete = not any(self._plan.unknown()) and not any(
            self._plan.missing(symbol, series) for symbol in self._fetched for series in Series
        )
        return CandleState.COMPLETE if is_complete else CandleState.FETCHING

    def _facts(self, symbol: str) -> SymbolCandles:
        fetched = self._plan.fetched(symbol, Series.CANDLES)
        missing = length_ms(self._plan.missing(symbol, Series.CANDLES)) // MINUTE_MS
        others = (Series.OPEN_INTEREST, Series.FUNDING)
        return SymbolCandles(
            symbol,
            fetched[0][0] if fetched else None,
            fetched[-1][1] if fetched else None,
            missing,
            sum(length_ms(self._plan.missing(symbol, one)) for one in others),
        )


def _symbol_of(about: str | tuple[str, Series]) -> str | None:
    """Return whose a problem is; ``None``: it is none of a symbol."""
    if isinstance(about, tuple):
        return about[0]
    return about.removeprefix(_STREAM) if about.startswith(_STREAM) else None


def _name(request: Request) -> str:
    return f"{request.series.value} of {request.symbol}"


def _not_answered(request: Request, cause: Failure) -> Failure:
    return Failure(FailureKind.NOT_ANSWERED, {"request": _name(request)}, cause)


def _odd(request: Request, reason: str) -> Failure:
    return Failure(FailureKind.FETCHED_ODD, {"request": _name(request), "reason": reason})
