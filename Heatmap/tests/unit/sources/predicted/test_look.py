"""The look of predicted levels, each step against the plainest way to say it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.sources.predicted import look


def some_columns(seed: int, k: int = 5, n_rows: int = 90) -> np.ndarray:
    rng = np.random.default_rng(seed)
    usd = rng.lognormal(8, 2, (k, n_rows)) * (rng.random((k, n_rows)) < 0.7)
    usd[0, 30:50] = 0.0
    return usd


@settings(deadline=None)
@given(st.integers(0, 500))
def test_the_blur_keeps_the_sum_and_spills_nowhere(seed: int) -> None:
    usd = some_columns(seed)
    blurred = look.blurred(usd)
    np.testing.assert_allclose(blurred.sum(axis=1), usd.sum(axis=1), rtol=1e-12)
    assert not blurred[usd == 0].any()
    assert (blurred >= 0).all()


def test_amid_others_the_blur_is_a_gaussian() -> None:
    usd = np.full((1, 41), 1e-9)
    usd[0, 20] = 1.0
    expected = np.exp(-0.5 * (np.arange(-4, 5) / 1.3) ** 2)
    np.testing.assert_allclose(
        look.blurred(usd)[0, 16:25], expected / expected.sum(), rtol=1e-6, atol=1e-8
    )


@settings(deadline=None)
@given(st.integers(0, 500), st.sampled_from([1, 3, 9, 24, 31, 301]))
def test_means_and_maxima_are_those_of_the_window(seed: int, window: int) -> None:
    values = some_columns(seed, 3)
    half = window // 2
    for k, column in enumerate(values):
        parts = [column[max(0, r - half) : r + half + 1] for r in range(len(column))]
        np.testing.assert_allclose(
            look.mean_around(values, 2 * half + 1)[k],
            [part.mean() for part in parts],
            rtol=1e-9,
            atol=1e-6,
        )
        np.testing.assert_array_equal(
            look.max_around(values, 2 * half + 1)[k], [part.max() for part in parts]
        )


def naive_weight(column: np.ndarray, pane: float, row: int) -> float:
    mean_half = look.window_rows(pane, 0.30) // 2
    crest_half = look.window_rows(pane, 0.08) // 2
    value = column[row]
    if value == 0:
        return 0.0
    q = value / column[max(0, row - mean_half) : row + mean_half + 1].mean()
    t = min(max((q - 1.0) / 0.6, 0.0), 1.0)
    crest = value / column[max(0, row - crest_half) : row + crest_half + 1].max()
    return float(t * t * (3 - 2 * t) * crest**2.5)


def test_the_weights_are_prominence_times_crest() -> None:
    values = some_columns(3)
    weights = look.weights(values, 60.0)
    for k, column in enumerate(values):
        expected = [naive_weight(column, 60.0, row) for row in range(len(column))]
        np.testing.assert_allclose(weights[k], expected, atol=1e-6)


def test_what_is_everywhere_is_not_painted() -> None:
    values = np.full((1, 200), 5e5)
    scale = Scale("sqrt", 1.0, 5e5)
    assert not look.brightness(values, look.weights(values, 130), scale).any()
    values[0, 100] *= 3
    painted = look.brightness(values, look.weights(values, 130), scale)
    assert painted[0, 100] == 255
    assert np.count_nonzero(painted) == 1


@pytest.mark.parametrize("mode", ["linear", "sqrt", "log"])
def test_on_a_crest_a_colour_is_the_amount_that_the_bar_says(mode: str) -> None:
    scale = Scale(mode, 1e6 * 1e-4, 1e6)
    for usd in (0.02e6, 0.2e6, 0.5e6, 0.9e6, 1e6, 7e6):
        values = np.zeros((1, 100))
        values[0, 50] = usd
        level = int(look.brightness(values, look.weights(values, 60), scale)[0, 50])
        if level:
            expected = min(usd, 1e6)
            step = abs(to_usd(level + 1, scale) - to_usd(level - 1, scale)) / 2
            assert abs(to_usd(level, scale) - expected) <= step


@pytest.mark.parametrize("mode", ["linear", "sqrt", "log"])
def test_more_is_never_darker(mode: str) -> None:
    scale = Scale(mode, 100.0, 1e6)
    values = np.geomspace(1, 1e7, 300)[:, None]
    levels = look.brightness(values, np.ones((300, 1), np.float32), scale)[:, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[0] == 0
    assert levels[-1] == 255


def test_longs_and_shorts_can_have_colours_of_their_own() -> None:
    values = np.array([[0.0, 1e6, 1e6, 0.0]])
    is_long = np.array([[True, True, False, False]])
    levels = look.brightness(values, np.ones((1, 4), np.float32), Scale("linear", 1, 1e6), is_long)
    assert levels.tolist() == [[0, 255, 254, 0]]


def test_each_column_is_looked_at_by_itself() -> None:
    values = some_columns(8, 6)
    alone = [look.weights(look.blurred(values[k : k + 1]), 60)[0] for k in range(6)]
    np.testing.assert_allclose(look.weights(look.blurred(values), 60), alone, rtol=1e-6)


def test_windows_are_odd_and_never_empty() -> None:
    assert look.window_rows(290, 0.30) == 2 * round(290 * 0.15) + 1
    assert look.window_rows(1, 0.08) == 3
    assert math.isclose(look.BLUR_ROWS, 1.3)
