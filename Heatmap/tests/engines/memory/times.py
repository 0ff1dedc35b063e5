"""Times as a status says them."""

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(name: str, ts_ms: int | None) -> dict[str, Any]:
    """A time in words, ``None`` beyond the calendar, and in milliseconds."""
    words = None
    if ts_ms is not None:
        try:
            moment = _EPOCH + timedelta(milliseconds=ts_ms)
            words = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        except OverflowError:
            pass
    return {name: words, f"{name}_ms": ts_ms}
