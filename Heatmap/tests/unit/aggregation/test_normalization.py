"""USD to brightness and back, and the scale that holds still."""

import numpy as np
import pytest

from Heatmap.aggregation.normalization import (
    CLIP_NOISE,
    SPLIT_LEVELS,
    Scale,
    auto_clip,
    log_floor,
    steady_clip,
    to_bytes,
    to_split_bytes,
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
        # Off by a tenth is not off by more than a tenth.
        (100.0, 110.0, 100.0),
        (100.0, 90.0, 100.0),
        (100.0, 111.0, 111.0),
        (100.0, 89.0, 89.0),
    ],
)
def test_the_clip_moves_only_when_it_is_off_by_more_than_a_tenth(
    previous: float | None, fresh: float | None, used: float | None
) -> None:
    assert steady_clip(previous, fresh) == used


@pytest.mark.parametrize("mode", ["linear", "sqrt", "log"])
def test_a_level_stands_for_the_same_dollars_whatever_else_is_in_the_picture(mode: str) -> None:
    scale = Scale(mode, log_floor(1e6), 1e6)
    random = np.random.default_rng(5)
    quiet, wild = random.lognormal(5, 1, (40, 50)), random.lognormal(12, 3, (70, 90))
    quiet[3, 4] = wild[60, 80] = 12_345.0
    assert to_bytes(quiet, scale)[3, 4] == to_bytes(wild, scale)[60, 80] > 0


def test_fewer_levels_are_the_same_scale_in_coarser_steps() -> None:
    values = np.random.default_rng(6).lognormal(9, 3, (300, 400))
    for scale in SCALES[:3]:
        fine, coarse = to_bytes(values, scale), to_bytes(values, scale, SPLIT_LEVELS)
        assert coarse.max() == SPLIT_LEVELS
        # Half a step of either is what rounding may take; from the floor on log is never nothing.
        off = np.abs(fine / 255 - coarse / SPLIT_LEVELS)
        assert off[coarse > 1].max() <= 0.5 / 255 + 0.5 / SPLIT_LEVELS + 1e-6
        if scale.mode == "log":
            assert np.array_equal(fine > 0, coarse > 0)


def sides(seed: int, shape: tuple[int, int] = (120, 150)) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    longs, shorts = random.lognormal(9, 3, shape), random.lognormal(9, 3, shape)
    longs[random.random(shape) < 0.3] = 0.0
    shorts[random.random(shape) < 0.3] = 0.0
    return longs, shorts


@pytest.mark.parametrize("scale", SCALES[:3])
def test_a_split_cell_is_the_level_and_the_side_of_its_larger_side(scale: Scale) -> None:
    longs, shorts = sides(7)
    cells = to_split_bytes(longs, shorts, scale)
    assert cells.dtype == np.uint8
    assert cells.flags.c_contiguous
    larger = to_bytes(np.maximum(longs, shorts), scale, SPLIT_LEVELS)
    assert np.array_equal(cells >> 1, larger)
    shown = larger > 0
    assert np.array_equal((cells & 1)[shown] == 1, (longs >= shorts)[shown])
    assert not cells[~shown].any()
    assert cells.max() == 2 * SPLIT_LEVELS + 1


@pytest.mark.parametrize("scale", SCALES[:3])
def test_the_larger_of_two_split_bytes_is_the_stronger_cell(scale: Scale) -> None:
    longs, shorts = sides(8)
    cells = to_split_bytes(longs, shorts, scale).ravel().astype(int)
    strength = np.maximum(longs, shorts).ravel()
    levels_by_strength = (cells >> 1)[np.argsort(strength)]
    assert np.all(np.diff(levels_by_strength) >= 0)
    # The maximum over a block of cells, which the page takes, has the block's strongest level.
    blocks = cells.reshape(-1, 6)
    strongest = blocks[np.arange(len(blocks)), strength.reshape(-1, 6).argmax(axis=1)]
    assert np.array_equal(blocks.max(axis=1) >> 1, strongest >> 1)


@pytest.mark.parametrize("scale", SCALES[:3])
def test_of_one_side_alone_a_split_cell_is_its_level(scale: Scale) -> None:
    values, nothing = sides(9)[0], np.zeros((120, 150))
    expected = to_bytes(values, scale, SPLIT_LEVELS).astype(int)
    longs = to_split_bytes(values, nothing, scale)
    shorts = to_split_bytes(nothing, values, scale)
    assert np.array_equal(longs, np.where(expected > 0, 2 * expected + 1, 0))
    assert np.array_equal(shorts, 2 * expected)
    # Exchanging the sides exchanges the side and nothing else.
    assert np.array_equal(longs >> 1, shorts >> 1)


def test_as_much_on_both_sides_counts_as_longs_and_nothing_is_nothing() -> None:
    scale = Scale("linear", 0.0, 127.0)
    longs, shorts = row(0.0, 5.0, 0.4, 0.0, 200.0), row(0.0, 5.0, 0.3, 0.4, 300.0)
    assert to_split_bytes(longs, shorts, scale)[0].tolist() == [0, 11, 0, 0, 254]


@pytest.mark.parametrize(
    "shape", [(3, 5), (601, 241), (1, 1), (700, 1), (1, 2_000), (0, 4), (4, 0)]
)
def test_memory_order_makes_no_difference_to_split_cells(shape: tuple[int, int]) -> None:
    longs, shorts = sides(10, shape)
    expected = to_split_bytes(longs, shorts, SCALES[1])
    assert expected.shape == shape
    for first in (longs, np.asfortranarray(longs)):
        for second in (shorts, np.asfortranarray(shorts)):
            cells = to_split_bytes(first, second, SCALES[1])
            assert cells.flags.c_contiguous
            assert np.array_equal(cells, expected)


def test_splitting_leaves_the_values_as_they_were() -> None:
    longs, shorts = sides(11)
    copies = longs.copy(), shorts.copy()
    to_split_bytes(longs, shorts, SCALES[1])
    assert np.array_equal(longs, copies[0])
    assert np.array_equal(shorts, copies[1])


@pytest.mark.parametrize("percentile", [90.0, 99.0, 99.5, 99.99, 100.0])
@pytest.mark.parametrize("is_sorted", [False, True])
def test_a_large_picture_has_numpys_percentile_too(percentile: float, is_sorted: bool) -> None:
    # Sorted, every sample is misleading in another way than at random.
    values = np.random.default_rng(5).lognormal(8.0, 2.0, 200_000)
    if is_sorted:
        values = np.sort(values)
    counted = values[values > CLIP_NOISE * values.max()]
    expected = np.percentile(counted, percentile)
    assert auto_clip(values.reshape(400, 500), percentile) == pytest.approx(expected, rel=1e-12)
