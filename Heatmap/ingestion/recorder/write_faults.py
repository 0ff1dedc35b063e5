"""Tells why a part of what waits cannot be written, and in the log where that is news."""

from collections.abc import Callable

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, OtherWriterError, StorageError
from Heatmap.ingestion.recorder.recorder_status import SinkPart, StatusBoard, storage_failure
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)


class WriteFaults:
    """Attempts pieces of work, and shows which of them fail.

    Parameters
    ----------
    board
        Where faults are shown.
    waiting
        Returns how many events wait, for the log.
    """

    def __init__(self, board: StatusBoard, waiting: Callable[[], int]) -> None:
        self._board = board
        self._waiting = waiting
        # What was told of each part that fails.
        self._told: dict[SinkPart, Failure] = {}

    def attempt(self, part: SinkPart, work: Callable[[], None]) -> bool:
        """Do a piece of work and show whether it succeeds; what has failed is tried again later."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told there
            self.tell(part, error)
            return False
        self.tell(part, None)
        return True

    def tell(self, part: SinkPart, error: Exception | None) -> None:
        """Show why a part of what waits cannot be written; log it where it is news."""
        # Where another recorder has taken its place this one stands by, and keeps the last ones.
        is_fault = error is not None and not isinstance(error, OtherWriterError)
        failure = storage_failure(part, error) if error is not None and is_fault else None
        self._board.note_storage_fault(part, failure)
        if failure is None:
            self._told.pop(part, None)
        elif failure != self._told.get(part):
            self._told[part] = failure
            # A bug, or something that no table of faults names, is worth its traceback.
            trace = None if isinstance(error, StorageError) else error
            words = failure_text(failure)
            _logger.warning(
                "cannot write, %d events wait: %s", self._waiting(), words, exc_info=trace
            )
