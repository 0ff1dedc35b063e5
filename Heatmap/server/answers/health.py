"""How the server, its recorder and its models are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from Heatmap._version import __version__
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.yields import Score, YieldTable


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """What the history of whole days holds.

    Attributes
    ----------
    days
        How many.
    last_day
        The newest, such as ``2026-11-29``; ``None``: there is none.
    """

    days: int = 0
    last_day: str | None = None


NO_HISTORY: Callable[[], HistoryFacts] = HistoryFacts
"""Tells of a history where there is none."""


def health_answer(
    kind: str,
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
        "recorder": {
            "role": (SinkRole.STOPPED if status is None else status.role).value,
            "connection": (ConnectionState.STOPPED if status is None else status.connection).value,
            "last_event": last_event_ms,
            "last_heartbeat": None if status is None else status.last_heartbeat_ms,
        },
        "history": {"days": history.days, "last_day": history.last_day},
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
