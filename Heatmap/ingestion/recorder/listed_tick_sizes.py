"""Tick sizes of what is recorded or shown, out of all that the exchange lists."""

import time
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard


class ListedTickSizes:
    """Keeps the latest list, so that a symbol that is shown later has its digits at once.

    Parameters
    ----------
    config
        What is recorded.
    board
        Where they are shown; all that there are would make each status dear.
    shown
        Gives which symbols are shown beside the recorded ones.
    """

    def __init__(
        self, config: RecorderConfig, board: StatusBoard, shown: Callable[[], Collection[str]]
    ) -> None:
        self._config = config
        self._board = board
        self._shown = shown
        # None: nothing was listed yet.
        self._listed: Mapping[str, Decimal] | None = None
        self._listed_s = 0.0
        self._has_failed = False

    def receive(self, tick_sizes: Mapping[str, Decimal]) -> None:
        """Take all that were listed just now, USD by symbol."""
        self._listed, self._listed_s = tick_sizes, time.monotonic()
        self._has_failed = False
        self.tell()

    def fail(self) -> None:
        """Note that the latest fetch failed: what was listed is the last known."""
        self._has_failed = True
        self._board.note_tick_failure()

    def tell(self) -> None:
        """Show those of what is recorded or shown by now."""
        if self._listed is None:
            return
        wanted = self._config.wanted
        told = None if wanted is None else {*wanted, *self._shown()}
        sizes = {
            self._config.name_of(symbol): size
            for symbol, size in self._listed.items()
            if told is None or symbol in told
        }
        self._board.note_tick_sizes(sizes, self._listed_s)
        if self._has_failed:
            self._board.note_tick_failure()
