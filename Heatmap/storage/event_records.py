"""One stored liquidation as plain data, the same for whoever hands it on. Pure."""

from typing import Any

from Heatmap.storage.engine import StoredEvent

__all__ = ["StoredEvent", "record_of"]


def record_of(event: StoredEvent) -> dict[str, Any]:
    """Return one liquidation, ready for JSON: times are UTC milliseconds, `volume` is USD."""
    return {
        "id": event.row_id,
        "symbol": event.instrument,
        "timestamp": event.ts_ms,
        "side": "long" if event.is_long else "short",
        "price": event.price,
        "quantity": event.qty,
        "volume": event.notional,
        "limit_price": event.limit_price,
    }
