"""What holds of all scales: the order of levels, their way back, and where scales end."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.normalization import (
    SPLIT_LEVELS,
    Scale,
    auto_clip,
    steady_clip,
    to_bytes,
    to_split_bytes,
    to_usd,
)


@settings(deadline=None)
@given(
    st.sampled_from(["linear", "sqrt", "log"]),
    st.floats(1.0, 1e9),
    st.floats(1e-8, 0.9),
    st.lists(st.floats(0.0, 1e12), min_size=1, max_size=50),
)
def test_bytes_keep_their_order_and_come_back(
    mode: str, clip_usd: float, floor_part: float, values: list[float]
) -> None:
    scale = Scale(mode, clip_usd * floor_part, clip_usd)
    ordered = np.sort(np.array([values]))
    levels = to_bytes(ordered, scale)
    assert np.all(np.diff(levels.astype(int)) >= 0)
    assert np.all(levels[ordered >= clip_usd] == 255)
    assert np.all(levels[ordered == 0.0] == 0)
    assert np.array_equal(to_bytes(to_usd(levels, scale), scale), levels)


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=200), st.floats(0, 100), st.booleans())
def test_the_automatic_clip_is_numpys_percentile_of_what_counts(
    values: list[float], percentile: float, by_columns: bool
) -> None:
    cells = np.array([values, values[::-1]], order="F" if by_columns else "C")
    counted = cells[(cells > 1e-3 * cells.max()) & (cells > 0)]
    clip = auto_clip(cells, percentile)
    if not counted.size:
        assert clip is None
    else:
        assert clip is not None
        assert math.isclose(clip, np.percentile(counted, percentile), rel_tol=1e-12)


@given(st.lists(st.floats(1.0, 1e9) | st.none(), max_size=20))
def test_the_clip_in_use_is_never_off_by_more_than_a_tenth_and_moves_for_no_less(
    fresh_clips: list[float | None],
) -> None:
    used: float | None = None
    for fresh in fresh_clips:
        before, used = used, steady_clip(used, fresh)
        is_near = None not in (before, fresh) and abs(fresh - before) <= 0.1 * before
        assert used == (before if fresh is None or is_near else fresh)


@settings(deadline=None)
@given(
    st.sampled_from(["linear", "sqrt", "log"]),
    st.floats(1.0, 1e9),
    st.lists(st.floats(0.0, 1e12), min_size=1, max_size=40),
)
def test_on_a_locked_scale_a_level_depends_on_its_own_dollars_only(
    mode: str, clip_usd: float, values: list[float]
) -> None:
    scale = Scale(mode, clip_usd * 1e-4, clip_usd)
    together = to_bytes(np.array([values]), scale)[0]
    assert together.tolist() == [int(to_bytes(np.array([[v]]), scale)[0, 0]) for v in values]


@settings(deadline=None)
@given(
    st.sampled_from(["linear", "sqrt", "log"]),
    st.floats(1.0, 1e9),
    st.lists(st.tuples(st.floats(0.0, 1e12), st.floats(0.0, 1e12)), min_size=2, max_size=40),
)
def test_the_order_of_split_bytes_is_the_order_of_their_cells(
    mode: str, clip_usd: float, cells: list[tuple[float, float]]
) -> None:
    scale = Scale(mode, clip_usd * 1e-4, clip_usd)
    longs, shorts = np.array([cells]).T
    levels = to_split_bytes(longs, shorts, scale).astype(int).ravel()
    strength = np.maximum(longs, shorts).ravel()
    assert np.all(np.diff((levels >> 1)[np.argsort(strength, kind="stable")]) >= 0)
    assert np.all((levels >> 1)[strength >= clip_usd] == SPLIT_LEVELS)
    assert np.all(levels[strength == 0.0] == 0)
    by_side = [to_bytes(side, scale, SPLIT_LEVELS).ravel().astype(int) for side in (longs, shorts)]
    assert np.array_equal(levels >> 1, np.maximum(*by_side))
    shown = levels > 0
    assert np.array_equal((levels & 1)[shown] == 1, (longs >= shorts).ravel()[shown])
