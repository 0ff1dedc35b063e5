"""What is known of a database, read beside the host's loop for whoever looks at the status."""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from time import monotonic

from Heatmap.errors import StorageError
from Heatmap.storage.day_facts import DayFacts, read_day_facts

logger = logging.getLogger(__name__)

PERIOD_S = 3.0
"""What is known is read again at most this often."""
_DAY_MS = 86_400_000


class DatabaseWatch:
    """Tells what was read last, and has it read again when that is old. On the loop's thread.

    Parameters
    ----------
    database
        The file, which need not exist yet.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._facts: DayFacts | None = None
        self._asked_s = -PERIOD_S

    def facts(
        self, executor: Executor | None, symbols: Sequence[str], now_ms: int
    ) -> DayFacts | None:
        """Return what is known; ``None`` until it was read once.

        Parameters
        ----------
        executor
            Where it is read; ``None``: it is not read again.
        symbols
            Whose events count.
        now_ms
            Data time; the day began at the last midnight UTC before it.
        """
        now_s = monotonic()
        if executor is not None and now_s - self._asked_s >= PERIOD_S:
            self._asked_s = now_s
            executor.submit(self._read, symbols, now_ms // _DAY_MS * _DAY_MS)
        return self._facts

    def _read(self, symbols: Sequence[str], midnight_ms: int) -> None:
        try:
            self._facts = read_day_facts(self._database, symbols, midnight_ms)
        except StorageError:
            # The recorder waits for the file as well, and says so; what is known stays.
            logger.debug("the database could not be asked about today", exc_info=True)
        except Exception:
            logger.exception("the database could not be asked about today")
