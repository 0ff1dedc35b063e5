"""The window of what covers the pane: as long as the pane, with a margin, and steady."""

import pytest

from Heatmap.aggregation.resolution import choose_time_axis
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.pane_window import fits_pane, pane_span_ms, with_margin
from Heatmap.setting_fields import Resolution

NOW_MS = 1_790_000_040_000
HOUR_MS = 3_600_000
AUTO = Resolution()


def view(hours: float | None) -> Viewport:
    start = None if hours is None else NOW_MS - round(hours * HOUR_MS)
    return Viewport(97_000, 99_000, None, 920, 500, start)


def test_it_is_what_the_pane_shows() -> None:
    settings = HeatmapSettings(window="2h")
    assert pane_span_ms(view(11), NOW_MS, settings) == 11 * HOUR_MS
    assert with_margin(8 * HOUR_MS) == 10 * HOUR_MS


def test_a_page_that_does_not_tell_its_left_edge_shows_the_settings_window() -> None:
    assert pane_span_ms(view(None), NOW_MS, HeatmapSettings(window="8h")) == 8 * HOUR_MS


def test_it_is_bounded_by_what_can_be_known_and_built() -> None:
    settings = HeatmapSettings(candle_retention_days=3)
    assert pane_span_ms(view(24 * 400), NOW_MS, settings) == 72 * HOUR_MS
    longest = pane_span_ms(view(24 * 4_000), NOW_MS, HeatmapSettings(candle_retention_days=3650))
    assert with_margin(longest) <= 4_000 * 1_800_000
    # A pane that shows nothing yet, as right of now.
    assert pane_span_ms(view(-5), NOW_MS, settings) > 0


@pytest.mark.parametrize("hours", [0.5, 2, 8, 24, 48, 168])
def test_a_small_pan_or_zoom_needs_nothing_new_and_a_large_one_does(hours: float) -> None:
    shown = round(hours * HOUR_MS)
    built = with_margin(shown)
    bin_ms = choose_time_axis(0, built, 920 * built / shown, AUTO).bin_ms
    assert fits_pane(shown, built, bin_ms, 920, AUTO)
    assert fits_pane(round(shown * 1.2), built, bin_ms, 920, AUTO)
    assert not fits_pane(round(shown * 1.3), built, bin_ms, 920, AUTO)
    if hours >= 8:
        assert not fits_pane(shown // 8, built, bin_ms, 920, AUTO)


def test_columns_of_a_least_width_serve_a_pane_that_would_have_narrower_ones() -> None:
    shown, minute_ms = HOUR_MS // 2, 60_000
    assert choose_time_axis(0, shown, 920, AUTO).bin_ms < minute_ms / 4
    assert choose_time_axis(0, shown, 920, AUTO, minute_ms).bin_ms == minute_ms
    assert not fits_pane(shown, shown, minute_ms, 920, AUTO)
    assert fits_pane(shown, shown, minute_ms, 920, AUTO, minute_ms)
