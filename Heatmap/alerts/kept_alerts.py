"""What one program keeps of alerts, and its right to ring; says why where either fails."""

import sqlite3

from Heatmap.alerts.alert_file import AlertFile, RingLock
from Heatmap.alerts.alert_state import AlertState
from Heatmap.errors import Failure, FailureKind
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.store import Address

logger = get_logger(__name__)


class KeptAlerts:
    """File and lock of one database. One thread uses it; any other may look at its attributes.

    Parameters
    ----------
    address
        The database's.

    Attributes
    ----------
    state
        What was kept last, or would have been.
    failure
        Why it is not kept; ``None``: it is.

    Raises
    ------
    StorageError
        There is no place for the files.
    """

    def __init__(self, address: Address) -> None:
        self.state = AlertState()
        self.failure: Failure | None = None
        self._file = AlertFile(address)
        self._lock = RingLock(address)

    @property
    def may_ring(self) -> bool:
        """Whether the right to ring is held here."""
        return self._lock.is_held

    def try_take(self) -> bool:
        """Take the right to ring, and what the one before has kept; whether it was to be had."""
        if self._lock.is_held:
            return True
        try:
            if not self._lock.try_take():
                return False
        except sqlite3.Error as error:
            self._note(error)
            return False
        try:
            self.state = self._file.read()
        except (OSError, ValueError) as error:
            self.state = AlertState()
            self._note(error)
        else:
            self.failure = None
        return True

    def keep(self, state: AlertState) -> None:
        """Write a state, if it is another one than before."""
        if state == self.state:
            return
        self.state = state
        try:
            self._file.write(state)
        except OSError as error:
            self._note(error)
        else:
            self.failure = None

    def release(self) -> None:
        """Let another program ring; idempotent."""
        self._lock.release()

    def _note(self, error: Exception) -> None:
        if self.failure is None:
            logger.warning("alerts are not kept in %s: %s", self._file.path, error)
        values = {"path": str(self._file.path), "reason": str(error)}
        self.failure = Failure(FailureKind.ALERTS_NOT_KEPT, values)
