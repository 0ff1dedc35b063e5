"""Opens the sink, or stands by while another recorder has it, and takes over when that one ends."""

import asyncio
from collections.abc import Callable

from Heatmap.domain.event_sink import EventSink
from Heatmap.errors import DatabaseInUseError, OtherWriterError
from Heatmap.ingestion.recorder.recorder_status import (
    RecorderConfig,
    SinkPart,
    StatusBoard,
    storage_failure,
)
from Heatmap.ingestion.recorder.standby import SinkRole, not_recorded
from Heatmap.ingestion.recorder.texts import standby_text
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)


class SinkKeeper:
    """Holds the recorder's sink; lives in the recorder's loop.

    `open_first` comes first, then `attempt` about once a second until it gives a sink; `maintain`
    from then on. `close` at the end, whatever happened.

    Parameters
    ----------
    config
        The symbols, and whether standing by is allowed.
    open_sink
        Opens the sink, or raises `OtherWriterError` while another recorder has it.
    board
        Where role, faults and notices are shown.
    """

    def __init__(
        self, config: RecorderConfig, open_sink: Callable[[], EventSink], board: StatusBoard
    ) -> None:
        self._config = config
        self._open_sink = open_sink
        self._board = board
        self._sink: EventSink | None = None
        self._are_symbols_saved = False
        # Another recorder lives and writes: what is old is in its file.
        self._is_other_writing = False
        self._recorded_elsewhere: tuple[str, ...] = ()
        self._opened = asyncio.Event()

    @property
    def sink(self) -> EventSink | None:
        """The sink; ``None`` while it is not open."""
        return self._sink

    @property
    def is_writing(self) -> bool:
        """Whether the sink is open, and no other recorder has taken its place."""
        return self._sink is not None and not self._is_other_writing

    @property
    def is_other_writing(self) -> bool:
        """Whether the latest attempt found another recorder writing."""
        return self._is_other_writing

    @property
    def recorded_elsewhere(self) -> tuple[str, ...]:
        """What that one records, as instruments are written; empty where it is not known."""
        return self._recorded_elsewhere

    async def wait_for_sink(self) -> EventSink:
        """Wait until the sink is open, and return it."""
        while self._sink is None:
            await self._opened.wait()
        return self._sink

    def open_first(self) -> None:
        """Open the sink, or begin to wait for it.

        Raises
        ------
        Exception
            Whatever opening raised, unless waiting can help: another recorder writes, or another
            program has the file locked.
        """
        try:
            self._open()
        except OtherWriterError as error:
            if not self._config.allows_standby:
                raise
            self._stand_by(error)
        except DatabaseInUseError as error:
            self._wait(error)

    def attempt(self) -> EventSink | None:
        """Try to open the sink, or to go on with it; return it where that succeeded."""
        if self._sink is not None:
            return self._sink if self.maintain() else None
        try:
            self._open()
        except OtherWriterError as error:
            self._stand_by(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, events wait and it is shown
            self._wait(error)
        return self._sink

    def maintain(self) -> bool:
        """See to an open sink: note the symbols in it, show what it has to say.

        Returns
        -------
        bool
            Whether this recorder writes; not while another one has taken its place, as one does
            where the lock file was deleted or its directory moved.
        """
        if self._sink is None:
            return False
        try:
            # Also where nothing is to be written: what became of the place is noticed soon.
            self._sink.generation()
        except OtherWriterError as error:
            self._stand_by(error)
            return False
        except Exception as error:  # noqa: BLE001 - it is shown, and tried again
            failure = storage_failure(SinkPart.DATABASE, error)
            self._board.note_storage_fault(SinkPart.DATABASE, failure)
        else:
            self._board.note_storage_fault(SinkPart.DATABASE, None)
        if self._is_other_writing:
            self._is_other_writing = False
            self._are_symbols_saved = False
            self._note_writing()
        self._board.note(storage_notices=self._sink.notices)
        if not self._are_symbols_saved:
            try:
                self._sink.save_symbols(self._config.names)
                self._are_symbols_saved = True
            except Exception as error:  # noqa: BLE001 - it is shown, and tried again
                failure = storage_failure(SinkPart.SYMBOLS, error)
                self._board.note_storage_fault(SinkPart.SYMBOLS, failure)
            else:
                self._board.note_storage_fault(SinkPart.SYMBOLS, None)
        return True

    def close(self) -> None:
        """Close the sink; idempotent."""
        sink, self._sink = self._sink, None
        if sink is None:
            return
        self._board.note(storage_notices=sink.notices)  # what the end itself may have brought about
        try:
            sink.close()
        except Exception as error:
            _logger.exception("the sink could not be closed cleanly")
            self._board.note(last_failure=storage_failure(SinkPart.END, error))

    def _open(self) -> None:
        self._sink = self._open_sink()
        self._is_other_writing = False
        self._note_writing()
        self.maintain()
        self._opened.set()

    def _note_writing(self) -> None:
        self._board.note(
            role=SinkRole.WRITER, is_waiting=False, recorded_by_writer=None, not_recorded=()
        )
        self._board.note_storage_fault(SinkPart.DATABASE, None)

    def _stand_by(self, error: OtherWriterError) -> None:
        missing = not_recorded(self._config.names, error.recorded)
        if not self._is_other_writing:
            _logger.info("%s", standby_text(missing, error.recorded))
        self._is_other_writing = True
        self._recorded_elsewhere = tuple(error.recorded or ())
        self._board.note(
            role=SinkRole.STANDBY,
            is_waiting=False,
            recorded_by_writer=error.recorded,
            not_recorded=missing,
        )
        self._board.note_storage_fault(SinkPart.DATABASE, None)

    def _wait(self, error: Exception) -> None:
        # Nobody writes: this one would, and must keep all that comes until it can.
        self._is_other_writing = False
        self._board.note(
            role=SinkRole.WRITER, is_waiting=True, recorded_by_writer=None, not_recorded=()
        )
        failure = storage_failure(SinkPart.DATABASE, error)
        self._board.note_storage_fault(SinkPart.DATABASE, failure)
