"""How the server, its recorder and its models are."""

from collections.abc import Mapping, Sequence
from typing import Any

from Heatmap._version import __version__
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.yields import Score, YieldTable
from Heatmap.server.answers.history_facts import HistoryFacts


def health_answer(
    kind: str,
    now_ms: int,
    symbols: Sequence[str],
    status: RecorderStatus | None,
    last_event_ms: int | None,
    history: HistoryFacts,
    fits: Mapping[str, tuple[YieldTable | EnsembleTable | None, Score | None]],
    redis: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the state in short; ``ok`` where data come and are stored."""
    is_ok = (
        status is not None
        and status.connection is ConnectionState.LIVE
        and status.storage_fault is None
        and not status.overflowed
    )
    return {
        "status": "ok" if is_ok else "degraded",
        "version": __version__,
        "kind": kind,
        "now": now_ms,
        "symbols": list(symbols),
        "recorder": {
            "role": (SinkRole.STOPPED if status is None else status.role).value,
            "connection": (ConnectionState.STOPPED if status is None else status.connection).value,
            "last_event": last_event_ms,
            "last_heartbeat": None if status is None else status.last_heartbeat_ms,
        },
        "history": history.as_plain(),
        "redis": redis,
        "models": {name: _model(table, score) for name, (table, score) in fits.items()},
    }


def _model(table: YieldTable | EnsembleTable | None, score: Score | None) -> dict[str, Any]:
    over = None if score is None else score.over_distance
    return {
        "fitted_to": None if table is None else table.source,
        "fitted_until": None if table is None else table.data_until_ms,
        "score_bits": None if over is None else [over.low, over.value, over.high],
    }
