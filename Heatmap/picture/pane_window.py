"""The window of a source that covers the pane: from its left edge on, with a margin. Pure."""

from Heatmap.aggregation.resolution import TIME_BINS_MS, choose_time_axis
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.setting_fields import Resolution

#: Part of the shown time that is built left of it, so that a small pan is free.
MARGIN = 0.25
# A column may be so many times as wide, or as narrow, as it would be made now.
_KEEP = 1.5
_LEAST_MS = 600_000
# So many columns are built at most, of the widest kind there is.
_MOST_MS = 4_000 * TIME_BINS_MS[-1]


def pane_span_ms(viewport: Viewport, end_ms: int, settings: HeatmapSettings) -> int:
    """Return how much time the pane shows up to the window's end, milliseconds.

    Parameters
    ----------
    viewport
        What the chart shows; where it does not tell its left edge, the settings' window counts.
    end_ms
        Where the window ends.
    settings
        What is older than the retention of candles is not there.
    """
    start_ms = viewport.start_ms
    shown = settings.window_ms if start_ms is None else end_ms - start_ms
    return min(max(shown, _LEAST_MS), max(settings.candle_retention_ms, _LEAST_MS), _MOST_MS)


def with_margin(shown_ms: int) -> int:
    """Return the span that is built for what the pane shows, milliseconds."""
    return min(round(shown_ms * (1 + MARGIN)), _MOST_MS)


def fits_pane(
    shown_ms: int,
    built_ms: int,
    bin_ms: int,
    width_px: float,
    resolution: Resolution,
    least_bin_ms: int = 0,
) -> bool:
    """Tell whether what was built serves a pane: it is covered, by columns of about its own width.

    Parameters
    ----------
    shown_ms
        How much time the pane shows, as `pane_span_ms` gives it.
    built_ms, bin_ms
        What was built.
    width_px, resolution, least_bin_ms
        As in `choose_time_axis`.
    """
    if shown_ms > built_ms:
        return False
    wanted = choose_time_axis(0, shown_ms, width_px, resolution, least_bin_ms).bin_ms
    return wanted / _KEEP <= bin_ms <= wanted * _KEEP or bin_ms in _neighbours(wanted)


def _neighbours(bin_ms: int) -> tuple[int, ...]:
    """Return the widths next to one, which a chart that follows now may waver between."""
    at = TIME_BINS_MS.index(bin_ms)
    return TIME_BINS_MS[max(0, at - 1) : at + 2]
