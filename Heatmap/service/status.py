"""The status of a service, put together of what its parts tell."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.runtime.plain import as_plain
from Heatmap.service.alerting import AlertStatus
from Heatmap.service.learning import LearningStatus
from Heatmap.storage.store import Address, DayFacts

DAY_FACTS = tuple(one.name for one in fields(DayFacts))
"""What the status has of the store, each under its own name; ``None`` until it was read."""


def assemble_status(
    *,
    is_running: bool,
    kind: DataKind,
    database: Address,
    failures: Iterable[Failure | None],
    recorder: RecorderStatus | None,
    facts: DayFacts | None,
    tick_origins: Mapping[str, str],
    layers: list[dict[str, Any]],
    learning: Iterable[LearningStatus] = (),
    alerts: AlertStatus,
) -> dict[str, Any]:
    """Return what `HeatmapService.status` describes.

    Parameters
    ----------
    failures
        What each part has to say; the first one there is is told.
    """
    return {
        "running": is_running,
        "kind": kind.value,
        "database": str(database),
        "failure": as_plain(next((one for one in failures if one is not None), None)),
        "recorder": as_plain(recorder),
        "role": (SinkRole.STOPPED if recorder is None else recorder.role).value,
        **{name: getattr(facts, name, None) for name in DAY_FACTS},
        "tick_sizes": dict(tick_origins),
        "layers": layers,
        "learning": [as_plain(one) for one in learning],
        "alerts": as_plain(alerts),
    }
