"""Tick sizes that were fetched and are still to be stored."""

import asyncio
from decimal import Decimal

from Heatmap.domain.event_sink import EventSink
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, SinkPart, StatusBoard
from Heatmap.ingestion.recorder.restarts import RESTART_S


class UnsavedTickSizes:
    """Stores tick sizes one by one; one that cannot be stored waits behind the others.

    Belongs to the recorder's loop.

    Parameters
    ----------
    config
        Whose symbols they are.
    board
        Where it is noted that one cannot be stored.
    """

    def __init__(self, config: RecorderConfig, board: StatusBoard) -> None:
        self._config = config
        self._board = board
        # By symbol: the tick size, USD, and when the exchange said so, UTC milliseconds.
        self._sizes: dict[str, tuple[Decimal, int]] = {}
        self._has_some = asyncio.Event()

    def put(self, symbol: str, tick_size: Decimal, ts_ms: int) -> None:
        """Have a tick size stored, in place of an earlier one."""
        self._sizes[symbol] = (tick_size, ts_ms)
        self._has_some.set()

    async def run(self, sink: EventSink) -> None:
        """Store what comes, until cancelled."""
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            while self._sizes:
                symbol, (tick_size, ts_ms) = next(iter(self._sizes.items()))
                # Behind the others, which must not wait for one that cannot be saved.
                self._sizes[symbol] = self._sizes.pop(symbol)
                try:
                    sink.save_tick_size(self._config.instrument_of(symbol), tick_size, ts_ms)
                except Exception as error:  # noqa: BLE001 - it is shown, and tried again
                    failure = _failure(symbol, error)
                    self._board.note_storage_fault(SinkPart.TICK_SIZES, failure)
                    await asyncio.sleep(RESTART_S)
                    continue
                if self._sizes[symbol] == (tick_size, ts_ms):
                    del self._sizes[symbol]
                await asyncio.sleep(0)  # the sockets get their turn
            self._board.note_storage_fault(SinkPart.TICK_SIZES, None)


def _failure(symbol: str, error: Exception) -> Failure:
    if isinstance(error, StorageError):
        return error.failure
    values = {"symbol": symbol, "error": repr(error)}
    return Failure(FailureKind.TICK_SIZE_NOT_WRITTEN, values)
