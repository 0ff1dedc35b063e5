"""USD to brightness and back, and the scale that holds still."""

import numpy as np
import pytest

from Heatmap.aggregation.normalization import (
    Scale,
    auto_clip,
    log_floor,
    steady_clip,
    to_bytes,
    to_usd,
)

SCALES = [
    Scale("linear", 0.0, 250_000.0),
    Scale("sqrt", 0.0, 250_000.0),
    Scale("log", 100.0, 1_000_000.0),
    Scale("log", 1.0, 7.5),
    Scale("sqrt", 0.0, 1e-6),
    Scale("linear", 0.0, 1e12),
    Scale("log", 1e-3, 1e12),
]


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float64)


def levels(scale: Scale, *values: float) -> list[int]:
    return to_bytes(row(*values), scale)[0].tolist()


def test_linear_is_proportional_and_ends_at_the_clip() -> None:
    scale = Scale("linear", 0.0, 1_000.0)
    assert levels(scale, 0, 1.9, 2, 500.1, 999, 1_000, 5_000, 1e300) == [
        0,
        0,
        1,
        128,
        255,
        255,
        255,
        255,
    ]


def test_sqrt_lifts_small_values() -> None:
    scale = Scale("sqrt", 0.0, 1_000_000.0)
    assert levels(scale, 0, 10_000, 250_000, 1_000_000, 9e9) == [0, 26, 128, 255, 255]


def test_log_spreads_a_thousand_and_a_million_across_the_scale() -> None:
    scale = Scale("log", log_floor(1e6), 1e6)
    thousand, million = levels(scale, 1_000, 1_000_000)
    assert thousand == 64  # a quarter: one decade of four
    assert million == 255
    assert levels(scale, 0, 99.9, 100, 10_000, 1e9) == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("scale", SCALES)
def test_every_level_comes_back_from_its_value(scale: Scale) -> None:
    all_levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    usd = to_usd(all_levels, scale)
    assert usd.shape == (16, 16)
    assert np.array_equal(to_bytes(usd, scale), all_levels)
    assert usd.ravel()[0] == 0.0
    assert usd.ravel()[-1] == pytest.approx(scale.clip_usd, rel=1e-12)
    assert np.all(np.diff(usd.ravel()) > 0)


@pytest.mark.parametrize("scale", SCALES)
def test_brightness_never_falls_with_the_value(scale: Scale) -> None:
    values = np.concatenate(
        ([0.0], np.geomspace(scale.clip_usd * 1e-9, scale.clip_usd * 10, 5_000))
    )
    result = to_bytes(values.reshape(1, -1), scale)[0].astype(int)
    assert np.all(np.diff(result) >= 0)
    assert (result[0], result[-1]) == (0, 255)


@pytest.mark.parametrize("scale", SCALES[:3])
@pytest.mark.parametrize(
    "shape", [(3, 5), (601, 1_441), (1, 1), (700, 1), (1, 2_000), (0, 4), (4, 0)]
)
def test_memory_order_makes_no_difference(scale: Scale, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).lognormal(9, 3, shape)
    expected = to_bytes(values, scale)
    from_columns = to_bytes(np.asfortranarray(values), scale)
    assert from_columns.flags.c_contiguous
    assert expected.flags.c_contiguous
    assert expected.dtype == np.uint8
    assert expected.shape == shape
    assert np.array_equal(expected, from_columns)


@pytest.mark.parametrize("scale", SCALES[:3])
def test_bytes_are_the_rounded_intensity(scale: Scale) -> None:
    values = np.random.default_rng(2).lognormal(9, 3, (300, 400))
    if scale.mode == "linear":
        intensity = values / scale.clip_usd
    elif scale.mode == "sqrt":
        intensity = np.sqrt(values / scale.clip_usd)
    else:
        intensity = np.log(values / scale.floor_usd) / np.log(scale.clip_usd / scale.floor_usd)
    exact = 255 * np.clip(intensity, 0, 1)
    expected = np.round(exact)
    if scale.mode == "log":
        expected = np.where(values < scale.floor_usd, 0, np.maximum(expected, 1))
    is_tie = np.abs(exact % 1 - 0.5) < 1e-3
    assert np.array_equal(to_bytes(values, scale)[~is_tie], expected[~is_tie])
    assert is_tie.mean() < 0.01


def test_labels_between_levels_can_be_asked_for() -> None:
    assert to_usd(127.5, Scale("linear", 0.0, 100.0)) == pytest.approx(50.0)
    assert to_usd(127.5, Scale("sqrt", 0.0, 100.0)) == pytest.approx(25.0)
    assert to_usd(127.5, Scale("log", 1.0, 100.0)) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("mode", "floor", "clip"),
    [
        ("cubic", 0.0, 1.0),
        ("sqrt", 0.0, 0.0),
        ("sqrt", 0.0, -1.0),
        ("linear", 0.0, float("nan")),
        ("linear", 0.0, float("inf")),
        ("log", 0.0, 10.0),
        ("log", 10.0, 10.0),
        ("log", 1e-300, 10.0),
        ("log", float("nan"), 10.0),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(mode: str, floor: float, clip: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Scale(mode, floor, clip)


def test_the_automatic_clip_is_the_percentile_of_the_cells_that_are_not_noise() -> None:
    random = np.random.default_rng(3)
    values = random.lognormal(8, 2, (200, 300))
    values[random.random((200, 300)) < 0.5] = 0.0
    counted = values[values > 1e-3 * values.max()]
    for percentile in (0, 50, 90, 99.5, 99.99, 100):
        expected = np.percentile(counted, percentile)
        assert auto_clip(values, percentile) == pytest.approx(expected, rel=1e-12)
        assert auto_clip(np.asfortranarray(values), percentile) == pytest.approx(
            expected, rel=1e-12
        )


def test_faint_tails_do_not_move_the_automatic_clip() -> None:
    values = np.zeros((100, 100))
    values[0, :50] = np.linspace(1_000, 2_000, 50)
    before = auto_clip(values, 99.5)
    values[50:] = 1.0
    assert auto_clip(values, 99.5) == before


def test_the_automatic_clip_leaves_the_values_as_they_were() -> None:
    values = np.random.default_rng(4).lognormal(8, 0.1, (50, 60))
    copy = values.copy()
    auto_clip(values, 95)
    assert np.array_equal(values, copy)


def test_an_empty_picture_has_no_automatic_clip() -> None:
    assert auto_clip(np.zeros((4, 5)), 99.5) is None
    assert auto_clip(np.zeros((0, 5)), 99.5) is None


def test_one_cell_is_its_own_clip() -> None:
    values = np.zeros((4, 5))
    values[2, 3] = 17.0
    assert auto_clip(values, 99.5) == 17.0


@pytest.mark.parametrize("percentile", [-1, 100.1, float("nan")])
def test_a_percentile_that_is_none_is_refused(percentile: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        auto_clip(np.ones((2, 2)), percentile)


@pytest.mark.parametrize(
    ("previous", "fresh", "used"),
    [
        (None, None, None),
        (None, 5.0, 5.0),
        (5.0, None, 5.0),
        (100.0, 109.0, 100.0),
        (100.0, 91.0, 100.0),
        (100.0, 111.0, 111.0),
        (100.0, 89.0, 89.0),
    ],
)
def test_the_clip_moves_only_when_it_is_off_by_more_than_a_tenth(
    previous: float | None, fresh: float | None, used: float | None
) -> None:
    assert steady_clip(previous, fresh) == used
