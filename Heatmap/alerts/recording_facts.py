"""Since when a recorder receives nothing, and saves nothing, from its status."""

from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus


class RecordingFacts:
    """Follows one recorder's status.

    Nothing counts from before the first look: a program that has just begun is not blind yet.
    """

    def __init__(self) -> None:
        self._began_ms: int | None = None
        self._blind_ms: int | None = None
        self._unsaved_ms: int | None = None

    def of(self, status: RecorderStatus, now_ms: int) -> tuple[int, int | None, int | None]:
        """Return now, since when nothing comes, and since when nothing is saved.

        Parameters
        ----------
        status
            Of a recorder that writes.
        now_ms
            UTC milliseconds.

        Returns
        -------
        (now_ms, blind_since_ms, unsaved_since_ms)
            ``None``: it does.
        """
        if self._began_ms is None:
            self._began_ms = now_ms
        if status.connection is ConnectionState.LIVE:
            self._blind_ms = None
        elif self._blind_ms is None:
            # Not from before this program began, and not from a clock that goes ahead.
            heard_ms = now_ms if status.last_heartbeat_ms is None else status.last_heartbeat_ms
            self._blind_ms = min(max(heard_ms, self._began_ms), now_ms)
        if status.storage_fault is None and not status.is_waiting:
            self._unsaved_ms = None
        elif self._unsaved_ms is None:
            self._unsaved_ms = now_ms
        return now_ms, self._blind_ms, self._unsaved_ms
