"""The words for where recorded liquidations come from. Pure."""

from datetime import UTC, datetime
from typing import Any

from Heatmap.domain.events import DataKind

_SOURCE_WORDS = {
    DataKind.LIVE: "Binance USD-M liquidations",
    DataKind.SIMULATED: "Simulated liquidations",
    DataKind.REPLAY: "Replayed Binance USD-M liquidations",
}
_SINCE_WORDS = "lower bound, recorded since"


def source_words(kind: DataKind, first_event_ms: int | None) -> str:
    """Return the line that says where the data come from and since when they are recorded."""
    words = _SOURCE_WORDS[kind]
    if first_event_ms is None:
        return f"{words}: none recorded yet"
    since = datetime.fromtimestamp(first_event_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{words}, {_SINCE_WORDS} {since}"


def source_since(kind: DataKind, first_event_ms: int | None) -> dict[str, Any] | None:
    """Return the same line for a page that says times as its chart does.

    Returns
    -------
    ``{"words": ..., "ms": ...}`` or None
        The words up to the time, and that time; ``None``: nothing is recorded yet.
    """
    if first_event_ms is None:
        return None
    return {"words": f"{_SOURCE_WORDS[kind]}, {_SINCE_WORDS}", "ms": first_event_ms}
