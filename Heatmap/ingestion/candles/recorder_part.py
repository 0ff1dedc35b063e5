"""Candles as a part of the recorder: off unless they are wanted, and told from other threads."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable

from Heatmap.domain.candles import MOST_CANDLE_SYMBOLS
from Heatmap.ingestion.candles.candle_keeper import CandleConfig, CandleKeeper, RecorderSide
from Heatmap.ingestion.connection.supervisor import ConnectionMemory
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard
from Heatmap.ingestion.recorder.sink_keeper import SinkKeeper
from Heatmap.ingestion.venue import Kline


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
    """

    def __init__(
        self,
        config: RecorderConfig,
        keeper: SinkKeeper,
        board: StatusBoard,
        now_ms: Callable[[], int | None],
        rng: random.Random,
        memory: ConnectionMemory,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sinks = keeper
        self._board = board
        self._name_of = config.name_of
        self._candles: CandleKeeper | None = None
        self._symbols: tuple[str, ...] = ()
        self._market = config.venue.market_data
        if config.candle_retention_ms is not None and self._market is not None:
            self._symbols = config.candle_symbols
            recorder = RecorderSide(
                now_ms=now_ms,
                is_writing=lambda: keeper.is_writing,
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
            self._candles = CandleKeeper(what, recorder, rng, memory)

    def stream_url(self, url: str) -> str:
        """Return the address of the connection, with candles where the venue streams them."""
        if self._market is None or not self._symbols:
            return url
        return self._market.stream_url(url, self._symbols[:MOST_CANDLE_SYMBOLS])

    def want(self, symbols: Iterable[str]) -> None:
        """Keep up these too."""
        if self._candles is not None:
            self._call(self._candles.want, tuple(symbols))

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
        """Keep the sink up to date once there is one; ends only by being cancelled."""
        sink = await self._sinks.wait_for_sink()
        if self._candles is None:
            await self._loop.create_future()
        else:
            await self._candles.run(sink, sink.candle_generation)

    def _call(self, function: Callable[..., None], argument: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(function, argument)
