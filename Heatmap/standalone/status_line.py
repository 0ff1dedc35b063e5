"""The status bar's texts, from `HeatmapService.status`. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from Heatmap import SinkRole


def connection_words(source: str, status: Mapping[str, Any]) -> str:
    """Return who delivers and how the connection fares, as ``Binance: live since 09:12 UTC``."""
    recorder = status["recorder"]
    if recorder is None or not status["running"]:
        return f"{source}: not recording"
    words = f"{source}: {recorder.connection_words}"
    if recorder.connected_since_ms is not None:
        words += f" since {_clock_text(recorder.connected_since_ms)}"
        if not recorder.proven:
            words += ", no liquidation yet"
    if recorder.heartbeat_words is not None:
        words += f"; {recorder.heartbeat_words}"
    if recorder.role is SinkRole.STANDBY:
        words += f"; {recorder.role_words}"
    if recorder.storage_fault is not None:
        words += f"; not written: {recorder.storage_fault}"
    if recorder.storage_notice is not None:
        words += f"; {recorder.storage_notice}"
    if recorder.retention is not None and recorder.retention.is_pending:
        words += f"; {recorder.retention.words()}"
    return words


def event_words(status: Mapping[str, Any]) -> str:
    """Return how many events came and were stored since the start, and when the last one was."""
    recorder = status["recorder"]
    if recorder is None:
        return ""
    words = f"{recorder.stored} new liquidations since the start"
    if recorder.last_event_ms is not None:
        words += f", last {_clock_text(recorder.last_event_ms)}"
    return words


def timing_words(status: Mapping[str, Any]) -> str:
    """Return how fast events are stored, and what building, sending and painting take.

    Of several layers the first one counts.
    """
    texts = []
    recorder = status["recorder"]
    if recorder is not None and status["running"]:
        texts.append(f"{recorder.inserts_per_minute} inserts/min")
    measured = status["layers"][0]["measured"] if status["layers"] else {}
    if "rebuild_ms" in measured:
        texts.append(f"build {measured['rebuild_ms']:.0f} ms")
    if "sent_bytes" in measured:
        texts.append(f"sent {measured['sent_bytes'] / 1000:.1f} kB")
    if "paintMs" in measured:
        texts.append(f"paint {measured['paintMs']:.1f} ms, {measured['frames']:.0f} frames/s")
    return ", ".join(texts)


def _clock_text(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%H:%M:%S UTC")
