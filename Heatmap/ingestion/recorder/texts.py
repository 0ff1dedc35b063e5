"""The words of a recorder's status, for logs and terminals. Pure: facts in, one line out."""

from collections.abc import Collection, Sequence

from Heatmap.domain.failure_texts import failure_text, symbols_text
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus, UnreadOrderFact
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.outside_text import shown_text

_DAY_MS = 86_400_000
_STATES = {
    ConnectionState.STOPPED: "stopped",
    ConnectionState.CONNECTING: "connecting",
    ConnectionState.OPEN: "connected, no data yet",
    ConnectionState.LIVE: "live",
    ConnectionState.BLIND: "blind",
}


def connection_text(status: RecorderStatus) -> str:
    """Return how the connection is, with the reason while there are no data."""
    state = _STATES[status.connection]
    if status.connection_failure is None:
        return state
    return f"{state}: {failure_text(status.connection_failure)}"


def role_text(status: RecorderStatus) -> str:
    """Return whether this recorder writes, and what is not recorded meanwhile."""
    if status.role is SinkRole.STANDBY:
        return standby_text(status.not_recorded, status.recorded_by_writer)
    if status.role is SinkRole.STOPPED:
        return "stopped"
    return "waiting to write" if status.is_waiting else "writing"


def standby_text(missing: Sequence[str], recorded: Collection[str] | None) -> str:
    """Return what standing by means, and what is not recorded meanwhile."""
    words = "standby: another recorder writes this database, this one takes over when it ends"
    if not missing:
        return words
    names, others = symbols_text(tuple(missing)), ", ".join(recorded or ())
    return f"{words}; NOT recorded: {names} (it records {others})"


def heartbeat_text(status: RecorderStatus) -> str:
    """Return which recorded symbols get no mark price; empty: none lacks it."""
    if not status.without_heartbeat:
        return ""
    is_one = len(status.without_heartbeat) == 1
    question = "is the symbol right?" if is_one else "are the symbols right?"
    return f"no mark price for {', '.join(status.without_heartbeat)}: {question}"


def unread_orders_text(status: RecorderStatus) -> str:
    """Return how many liquidations could not be read, and the latest; empty: none."""
    count = sum(status.unread_orders.values())
    if not count or status.last_unread_order is None:
        return ""
    latest = unread_order_text(status.last_unread_order)
    return f"{count} liquidations UNREADABLE (the latest: {latest})"


def unread_order_text(order: UnreadOrderFact) -> str:
    """Return whose force order could not be read, and what was odd."""
    return shown_text(f"{order.symbol or 'some symbol'}: {order.detail}")


def retention_text(retention: RetentionStatus) -> str:
    """Return how long liquidations are kept, and what waits for confirmation."""
    kept = f"liquidations are kept for {_days(retention.in_force_ms)}"
    if not retention.is_pending:
        return kept
    return (
        f"{kept}; keeping them for {_days(retention.wanted_ms)} would delete "
        f"{retention.expired_events}, confirm it first"
    )


def attention_texts(status: RecorderStatus) -> list[str]:
    """Return what a user should know beside the connection, a line each; empty: nothing."""
    retention = status.retention
    fault = failure_text(status.storage_fault)
    texts = (
        heartbeat_text(status),
        role_text(status) if status.role is SinkRole.STANDBY else "",
        f"not written: {fault}" if fault else "",
        *map(failure_text, status.storage_notices),
        retention_text(retention) if retention is not None and retention.is_pending else "",
    )
    return [text for text in texts if text]


def _days(span_ms: int) -> str:
    days = span_ms / _DAY_MS
    return f"{days:g} day{'' if days == 1 else 's'}"
