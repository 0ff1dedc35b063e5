"""What is known of a database, read beside the host's loop for whoever looks at the status."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from decimal import Decimal
from time import monotonic

from Heatmap.errors import StorageError
from Heatmap.runtime.host_loop import running_loop
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.store import DayFacts, Store

logger = get_logger(__name__)

PERIOD_S = 3.0
"""What is known is read again at most this often."""
_DAY_MS = 86_400_000


class DatabaseWatch:
    """Tells what was read last, and has it read again when that is old. On the loop's thread.

    Parameters
    ----------
    store
        What is asked; it need not exist yet.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._facts: DayFacts | None = None
        self._asked_s = -PERIOD_S

    def tick_sizes(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        """Read the tick sizes, USD, that the store knows; beside the loop."""
        try:
            return self._store.tick_sizes(symbols)
        except StorageError:
            # The recorder waits for the file: another program has it locked, or makes it just now.
            logger.info("no tick size could be read yet", exc_info=True)
            return {}

    def facts(
        self,
        loop: asyncio.AbstractEventLoop | None,
        executor: Executor | None,
        symbols: Sequence[str],
        now_ms: int,
    ) -> DayFacts | None:
        """Return what is known; ``None`` until it was read once.

        Parameters
        ----------
        loop, executor
            Where it is asked for, and where it is read; ``None``: it is not read again.
        symbols
            Whose events count.
        now_ms
            Data time; the day began at the last midnight UTC before it.
        """
        now_s = monotonic()
        if now_s - self._asked_s < PERIOD_S:
            return self._facts
        if executor is None or loop is None or loop.is_closed():
            return self._facts
        # Amid the recorder's loop, where the garbage collector may lead, nobody else's is touched.
        if running_loop() in (None, loop):
            self._asked_s = now_s
            # In a turn of its own. The garbage collector may lead here amid another hand-over, by
            # a dialog that goes and whoever hears of it; to hand over waits for that one.
            loop.call_soon(self._ask, executor, symbols, now_ms // _DAY_MS * _DAY_MS)
        return self._facts

    def _ask(self, executor: Executor, symbols: Sequence[str], midnight_ms: int) -> None:
        with suppress(RuntimeError):  # the worker threads have ended meanwhile
            executor.submit(self._read, symbols, midnight_ms)

    def _read(self, symbols: Sequence[str], midnight_ms: int) -> None:
        try:
            self._facts = self._store.day_facts(symbols, midnight_ms)
        except StorageError:
            # The recorder waits for the file as well, and says so; what is known stays.
            logger.debug("the database could not be asked about today", exc_info=True)
        except Exception:
            logger.exception("the database could not be asked about today")
