"""The status bar's texts, from a service's status. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from Heatmap import RecorderStatus, attention_texts, connection_text


def connection_words(source: str, recorder: RecorderStatus | None, *, is_running: bool) -> str:
    """Return who delivers and how the connection is, as ``Binance: live since 09:12 UTC``."""
    if recorder is None or not is_running:
        return f"{source}: not recording"
    words = f"{source}: {connection_text(recorder)}"
    if recorder.connected_since_ms is not None:
        words += f" since {_clock_text(recorder.connected_since_ms)}"
        if not recorder.proven:
            words += ", no liquidation yet"
    return "; ".join([words, *attention_texts(recorder)])


def event_words(recorder: RecorderStatus | None) -> str:
    """Return how many events came and were stored since the start, and when the last one was."""
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
        texts.append(f"{recorder['inserts_per_minute']} inserts/min")
    measured = status["layers"][0]["measured"] if status["layers"] else {}
    if "rebuild_ms" in measured:
        texts.append(f"build {measured['rebuild_ms']:.0f} ms")
    if "sent_bytes" in measured:
        texts.append(f"sent {measured['sent_bytes'] / 1000:.1f} kB")
    if "paint_ms" in measured:
        texts.append(f"paint {measured['paint_ms']:.1f} ms, {measured['frames']:.0f} frames/s")
    return ", ".join(texts)


def _clock_text(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%H:%M:%S UTC")
