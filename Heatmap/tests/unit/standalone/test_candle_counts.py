"""Which candles a window shows: the finest interval that can be read at its width."""

import pytest

from Heatmap.standalone.candle_counts import (
    LEAST_CANDLE_PX,
    SELECTABLE_INTERVALS,
    automatic_interval,
    first_candles,
    typed_interval,
    visible_candles,
)
from Heatmap.standalone.exchange.market import INTERVALS_MS

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("hours", "pane_px", "interval"),
    [
        (8, 1040, "3m"),
        (8, 640, "5m"),
        (24, 1040, "15m"),
        (2, 600, "1m"),
        (2, 599, "3m"),
        (8, None, "3m"),
        (720, 1040, "4h"),
        (24 * 3650, 300, "1d"),
    ],
)
def test_the_automatic_interval_is_the_finest_with_candles_of_five_pixels(
    hours: int, pane_px: float | None, interval: str
) -> None:
    assert automatic_interval(hours * HOUR_MS, pane_px) == interval
    if pane_px is not None and interval != "1d":
        at = SELECTABLE_INTERVALS.index(interval)
        widths = [pane_px * INTERVALS_MS[one] / (hours * HOUR_MS) for one in SELECTABLE_INTERVALS]
        assert widths[at] >= LEAST_CANDLE_PX > max(widths[:at], default=0.0)


@pytest.mark.parametrize(
    ("hours", "interval", "count"),
    [(8, "3m", 160), (8, "15m", 32), (8, "1h", 24), (8, "1d", 24), (720, "1m", 6_000)],
)
def test_so_many_candles_are_shown_that_they_are_a_chart(
    hours: int, interval: str, count: int
) -> None:
    assert visible_candles(hours * HOUR_MS, interval) == count
    assert first_candles(hours * HOUR_MS, interval) >= count


@pytest.mark.parametrize(
    ("typed", "interval"),
    [
        ("15", "15m"),
        ("15m", "15m"),
        (" 4H ", "4h"),
        ("240", "4h"),
        ("60", "1h"),
        ("d", "1d"),
        ("24h", "1d"),
        ("1440", "1d"),
        ("1 d", "1d"),
        ("7", None),
        ("2d", None),
        ("0", None),
        ("", None),
        (" ", None),
        ("15x", None),
        ("-5", None),
        ("\u0661\u0665", None),
        ("99999", None),
    ],
)
def test_a_typed_interval_is_minutes_or_what_its_letter_says(
    typed: str, interval: str | None
) -> None:
    assert typed_interval(typed) == interval
