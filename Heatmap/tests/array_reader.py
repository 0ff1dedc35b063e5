"""What the tests read of a file with SQLite's own reader: windows of events as arrays."""

from typing import Any

from numpy.typing import NDArray

from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.sqlite import event_reader
from Heatmap.storage.store import EventWindow

ArrayWindow = EventWindow[NDArray[Any]]


class EventReader(event_reader.EventReader):
    """The reader, with (n,) `EVENT_DTYPE` in the place of rows unless something else is asked."""

    def read_window(  # type: ignore[override]
        self, symbol: str, start_ms: int, end_ms: int | None, gather: Any = as_array
    ) -> Any:
        return super().read_window(symbol, start_ms, end_ms, gather)

    def read_after(self, symbol: str, row_id: int, gather: Any = as_array) -> Any:  # type: ignore[override]
        return super().read_after(symbol, row_id, gather)
