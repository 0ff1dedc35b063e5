"""Candles as a part of the recorder: off unless they are wanted, and told from other threads."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection, Iterable

from Heatmap.domain.candle_sink import CandlesBeside, CandleSink
from Heatmap.domain.candles import MOST_CANDLE_SYMBOLS
from Heatmap.domain.instruments import instrument_of
from Heatmap.ingestion.candles.candle_keeper import CandleConfig, CandleKeeper, RecorderSide
from Heatmap.ingestion.connection.extra_streams import ExtraStreams
from Heatmap.ingestion.connection.supervisor import ConnectionMemory
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard
from Heatmap.ingestion.recorder.sink_keeper import SinkKeeper
from Heatmap.ingestion.venue import Kline

_BETWEEN_S = 1.0


class CandlePart:
    """Lives in the recorder's loop; `want` and `reconfigure` may be called from other threads.

    Parameters
    ----------
    config
        What is recorded; without a retention of candles nothing is done.
    keeper
        Of the sink.
    board
        Where it is shown how it fares.
    now_ms
        The exchange's time, UTC milliseconds; ``None``: not known yet.
    rng
        Where the jitter comes from.
    memory
        What an earlier recorder of the same address left.
    beside
        Where candles are held while another recorder writes; ``None``: nowhere.
    on_want
        Called in the recorder's loop when others are kept up than before.

    Attributes
    ----------
    extra
        Streams of what is wanted beside the recorded symbols, for the connection.
    """

    def __init__(
        self,
        config: RecorderConfig,
        keeper: SinkKeeper,
        board: StatusBoard,
        now_ms: Callable[[], int | None],
        rng: random.Random,
        memory: ConnectionMemory,
        beside: CandlesBeside | None = None,
        on_want: Callable[[], None] = lambda: None,
    ) -> None:
        self.extra = ExtraStreams()
        self._loop = asyncio.get_running_loop()
        # Others are kept up than before, perhaps.
        self._wanted = asyncio.Event()
        self._sinks = keeper
        self._board = board
        self._name_of = config.name_of
        self._on_want = on_want
        self._venue = config.venue.id
        self._candles: CandleKeeper | None = None
        self._symbols: tuple[str, ...] = ()
        self._market = config.venue.market_data
        if config.candle_retention_ms is not None and self._market is not None:
            self._symbols = config.candle_symbols
            recorder = RecorderSide(
                now_ms=now_ms,
                sink=self._sink,
                recorded_elsewhere=self._recorded_elsewhere,
                report=lambda status: board.note(candles=status),
            )
            what = CandleConfig(
                config.rest_url,
                self._market,
                config.instrument_of,
                self._symbols,
                config.candle_retention_ms,
                keeps_retention=config.keeps_candle_retention,
            )
            self._candles = CandleKeeper(what, recorder, rng, memory, beside)

    def stream_url(self, url: str) -> str:
        """Return the address of the connection, with candles where the venue streams them."""
        if self._market is None or not self._symbols:
            return url
        return self._market.stream_url(url, self._symbols[:MOST_CANDLE_SYMBOLS])

    def want(self, symbols: Iterable[str]) -> None:
        """Keep up these too."""
        if self._candles is not None:
            self._call(self._want, tuple(symbols))

    def reconfigure(self, config: RecorderConfig) -> None:
        """Take another retention."""
        if self._candles is not None and config.candle_retention_ms is not None:
            self._call(self._candles.keep_for, config.candle_retention_ms)

    def receive_kline(self, kline: Kline) -> None:
        """Take a push of the stream; returns at once."""
        if self._candles is not None:
            if kline.running is not None:
                self._board.note_running(self._name_of(kline.symbol), kline.running)
            self._candles.receive_kline(kline)

    async def run(self) -> None:
        """Keep up what is wanted, here or beside another one; ends only by being cancelled."""
        if self._candles is None:
            await self._loop.create_future()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(self._candles))
            await self._candles.run()

    @property
    def kept(self) -> tuple[str, ...]:
        """Whose are kept up at present, here or by the recorder that writes."""
        return () if self._candles is None else self._candles.kept

    def _sink(self) -> CandleSink | None:
        return self._sinks.sink if self._sinks.is_writing else None

    def _recorded_elsewhere(self) -> Collection[str] | None:
        if not self._sinks.is_other_writing:
            return None
        found = map(instrument_of, self._sinks.recorded_elsewhere)
        return {one.symbol for one in found if one.venue == self._venue}

    def _want(self, symbols: tuple[str, ...]) -> None:
        if self._candles is not None:
            self._candles.want(symbols)
            self._wanted.set()
            self._on_want()

    async def _follow(self, candles: CandleKeeper) -> None:
        """Have open connections bring what is kept on demand, beside what the address names."""
        subscribed: tuple[str, ...] = ()
        while self._market is not None:
            await self._wanted.wait()
            self._wanted.clear()
            wanted = tuple(one for one in candles.kept if one not in self._symbols)
            new = [one for one in wanted if one not in subscribed]
            gone = [one for one in subscribed if one not in wanted]
            subscribed, now = wanted, []
            if gone:
                now.append(self._market.subscription(gone, ends=True))
            if new:
                now.append(self._market.subscription(new))
            on_open = [self._market.subscription(wanted)] if wanted else []
            self.extra.change(list(filter(None, on_open)), list(filter(None, now)))
            # The exchange takes few messages a second, however often somebody asks.
            await asyncio.sleep(_BETWEEN_S)

    def _call(self, function: Callable[..., None], argument: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(function, argument)
