"""Bands, spots and cells against their formulas, and how they are kept up."""

import math
from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import (
    ColumnRange,
    HeatField,
    counted,
    needed_span_ms,
    united,
)
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis

BIN = 5_000
PRICE = PriceAxis(Decimal("0.1"), 10, first_row=1_000, n_rows=40)  # 1000 to 1040 USD
TIME = TimeAxis(BIN, first_col=1_000, n_cols=60)
SPEC = GridSpec(PRICE, TIME)
NOW = TIME.end_ms - BIN + 1_234
TAU = 60_000.0


def at(col: int) -> int:
    """A time within a column given by its absolute number."""
    return col * BIN + 2_100


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def one(col: int, row: int, notional: float = 1_000.0, is_long: bool = True) -> np.ndarray:
    """One event in a cell: absolute column, row relative to PRICE."""
    return events_of((at(col), 1_000.5 + row, notional, is_long))


def field_of(
    shape: str = "bands",
    tau_ms: float | None = TAU,
    side: str = "both",
    minimum: float = 0.0,
    spec: GridSpec = SPEC,
    now_ms: int = NOW,
) -> HeatField:
    return HeatField(
        spec, shape=shape, tau_ms=tau_ms, side=side, minimum_notional=minimum, now_ms=now_ms
    )


def gaussian(sigma: float, distances: np.ndarray) -> np.ndarray:
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).sum()
    inside = np.abs(distances) <= reach
    return np.where(inside, np.exp(-0.5 * (distances / sigma) ** 2) / weights, 0.0)


def test_a_band_stays_on_its_rows_and_decays_to_the_right() -> None:
    field = field_of()
    field.load(one(1_020, 15))
    values = field.values
    assert values.shape == (40, 60)
    assert not values[:, :20].any()
    expected = 1_000 * np.outer(
        gaussian(1.3, np.arange(40) - 15), np.exp(-np.arange(40) * BIN / TAU)
    )
    np.testing.assert_allclose(values[:, 20:], expected, rtol=1e-12)
    assert values[:, 20].sum() == pytest.approx(1_000, rel=1e-12)


def test_without_decay_a_band_stays_for_ever() -> None:
    field = field_of(tau_ms=None)
    field.load(one(10, 15))
    field.advance(NOW + 10**9)
    np.testing.assert_allclose(field.values.sum(axis=0), 1_000, rtol=1e-12)


def test_bands_carry_in_what_came_before_the_left_edge() -> None:
    field = field_of()
    field.load(one(990, 15))
    expected = 1_000 * np.exp(-(np.arange(60) + 10) * BIN / TAU)
    np.testing.assert_allclose(field.values.sum(axis=0), expected, rtol=1e-12)
    assert field.n_outside == 0


def test_a_spot_is_gaussian_in_price_and_time_and_its_sum_is_conserved() -> None:
    field = field_of("spots", tau_ms=None)
    field.load(one(1_030, 20))
    expected = 1_000 * np.outer(
        gaussian(1.3, np.arange(40) - 20), gaussian(2.6, np.arange(60) - 30)
    )
    np.testing.assert_allclose(field.values, expected, rtol=1e-12)
    assert field.values.sum() == pytest.approx(1_000, rel=1e-12)


def test_spots_overhang_into_the_window_from_both_sides_and_into_columns_to_come() -> None:
    field = field_of("spots", tau_ms=None)
    field.load(np.concatenate([one(998, 20), one(1_059, 20)]))
    kernel = gaussian(2.6, np.arange(-20, 21))
    columns = field.values.sum(axis=0)
    np.testing.assert_allclose(columns[:9], 1_000 * kernel[22:31], rtol=1e-12)
    assert columns[59] == pytest.approx(1_000 * kernel[20])
    field.advance(NOW + 5 * BIN)
    np.testing.assert_allclose(field.values.sum(axis=0)[54:], 1_000 * kernel[20:26], rtol=1e-12)


def test_cells_are_the_raw_grid() -> None:
    random = np.random.default_rng(1)
    events = np.zeros(500, EVENT_DTYPE)
    events["ts_ms"] = random.integers(TIME.start_ms - 9_000, NOW, 500)
    events["price"] = random.uniform(995, 1_045, 500)
    events["notional"] = random.lognormal(8, 2, 500)
    events["is_long"] = random.random(500) < 0.5
    grid = build_grid(events, SPEC)
    for side, expected in [
        ("both", grid.long_usd + grid.short_usd),
        ("longs", grid.long_usd),
        ("shorts", grid.short_usd),
    ]:
        field = field_of("cells", tau_ms=None, side=side)
        field.load(events)
        np.testing.assert_allclose(field.values, expected, rtol=1e-12)
    both = field_of("cells")
    both.load(events)
    assert both.n_outside == grid.n_outside > 0


@pytest.mark.parametrize("shape", ["spots", "cells"])
def test_spots_and_cells_fade_with_their_age_against_now(shape: str) -> None:
    field = field_of(shape)
    field.load(one(1_030, 20))
    age_cols = 1_059 - 1_030
    assert field.values.sum() == pytest.approx(1_000 * math.exp(-age_cols * BIN / TAU), rel=1e-12)
    assert field.advance(NOW + 3 * BIN) == ColumnRange(0, 60)
    assert field.values.sum() == pytest.approx(
        1_000 * math.exp(-(age_cols + 3) * BIN / TAU), rel=1e-12
    )


def test_a_cell_sixty_minutes_old_at_a_time_constant_of_sixty_is_37_percent() -> None:
    hour = 3_600_000
    time = TimeAxis(BIN, 10_000, 1_441)
    now_ms = time.end_ms - BIN
    field = field_of("cells", float(hour), spec=GridSpec(PRICE, time), now_ms=now_ms)
    field.load(events_of((now_ms - hour, 1_020.0, 1_000.0, True)))
    assert field.values.sum() == pytest.approx(1_000 * math.exp(-1), rel=1e-9)


@pytest.mark.parametrize("shape", ["spots", "cells"])
def test_fading_survives_many_time_constants_of_advancing(shape: str) -> None:
    tau_ms = 4.0 * BIN  # the window is 15 time constants long
    field = field_of(shape, tau_ms)
    field.load(one(1_059, 20))
    for step in range(1, 41):
        field.advance(NOW + step * BIN)
    assert field.values.sum() == pytest.approx(1_000 * math.exp(-10), rel=1e-9)
    field.add(one(1_070, 8))  # 29 columns late: its whole spot is in the window
    expected = 1_000 * (math.exp(-10) + math.exp(-29 / 4))
    assert field.values.sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("side", "minimum", "total"),
    [
        ("both", 0.0, 111.0),
        ("longs", 0.0, 11.0),
        ("shorts", 0.0, 100.0),
        ("both", 10.0, 110.0),
        ("longs", 10.1, 0.0),
    ],
)
def test_only_events_of_the_side_and_the_smallest_notional_count(
    side: str, minimum: float, total: float
) -> None:
    field = field_of("cells", None, side, minimum)
    field.load(
        np.concatenate(
            [one(1_001, 1, 1.0, True), one(1_001, 1, 10.0, True), one(1_001, 1, 100.0, False)]
        )
    )
    assert field.values.sum() == total


def test_a_notional_that_is_no_number_does_not_count() -> None:
    field = field_of(tau_ms=None)
    field.load(np.concatenate([one(1_001, 9, math.nan), one(1_001, 9, math.inf), one(1_001, 9)]))
    assert field.values[:, -1].sum() == pytest.approx(1_000)


@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_values_do_not_depend_on_where_the_rows_end(shape: str) -> None:
    random = np.random.default_rng(2)
    events = np.zeros(300, EVENT_DTYPE)
    events["ts_ms"] = random.integers(TIME.start_ms - 100_000, NOW, 300)
    events["price"] = random.uniform(990, 1_050, 300)
    events["notional"] = random.lognormal(8, 2, 300)
    whole, part = (
        field_of(shape),
        field_of(shape, spec=GridSpec(PriceAxis(PRICE.tick_size, 10, 1_010, 12), TIME)),
    )
    whole.load(events)
    part.load(events)
    np.testing.assert_allclose(part.values, whole.values[10:22], rtol=1e-12, atol=1e-25)


def test_events_without_a_cell_are_counted() -> None:
    too_low, too_high = one(1_010, -9), one(1_010, 49)
    before, inside = one(900, 10), one(1_010, 10)
    for shape, outside in [("bands", 2), ("spots", 3), ("cells", 3)]:
        field = field_of(shape)
        field.load(np.concatenate([too_low, too_high, before, inside]))
        assert field.n_outside == outside
        assert field.add(too_low) is None
        assert field.n_outside == outside + 1
        field.load(inside)
        assert field.n_outside == 0


def test_a_late_event_is_carried_forward_and_earlier_columns_stay() -> None:
    field = field_of()
    field.load(one(1_010, 15))
    before = field.values.copy()
    assert field.add(one(1_040, 16)) == ColumnRange(40, 60)
    after = field.values
    assert np.array_equal(after[:, :40], before[:, :40])
    expected = field_of()
    expected.load(np.concatenate([one(1_010, 15), one(1_040, 16)]))
    np.testing.assert_allclose(after, expected.values, rtol=1e-12)


def test_an_event_later_than_the_window_is_carried_into_all_of_it() -> None:
    field = field_of()
    assert field.add(one(950, 15)) == ColumnRange(0, 60)


def test_a_live_event_changes_the_column_of_now_only() -> None:
    assert field_of().add(one(1_059, 15)) == ColumnRange(59, 60)
    assert field_of("cells").add(one(1_059, 15)) == ColumnRange(59, 60)
    assert field_of("spots").add(one(1_059, 15)) == ColumnRange(49, 60)
    assert field_of("spots").add(one(1_030, 15)) == ColumnRange(20, 41)


def test_nothing_to_add_changes_nothing() -> None:
    for shape in ("bands", "spots", "cells"):
        field = field_of(shape)
        assert field.add(events_of()) is None
        assert field.add(one(1_010, 15, -1.0)) is None
        assert not field.values.any()


def test_the_column_of_now_advances_with_the_clock_and_surviving_values_stay_to_the_bit() -> None:
    field = field_of()
    field.load(np.concatenate([one(990, 15), one(1_020, 7), one(1_059, 20)]))
    before, spec_before = field.values.copy(), field.spec
    assert field.advance(NOW + 3) is None
    assert field.advance(NOW - 10 * BIN) is None
    for step in range(1, 200):
        changed = field.advance(NOW + step * BIN)
        assert changed == ColumnRange(59, 60)
        assert field.spec.time == TimeAxis(BIN, spec_before.time.first_col + step, 60)
        survivors = max(0, 60 - step)
        assert np.array_equal(field.values[:, :survivors], before[:, 60 - survivors :])
    np.testing.assert_allclose(
        field.values[:, -1], before[:, -1] * math.exp(-199 * BIN / TAU), rtol=1e-9
    )


@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
@pytest.mark.parametrize("tau_ms", [TAU, None])
@pytest.mark.parametrize("steps", [1, 59, 60, 61, 70, 71, 140, 5_000])
def test_one_long_advance_equals_many_short_ones(
    shape: str, tau_ms: float | None, steps: int
) -> None:
    start = np.concatenate([one(970, 3), one(1_005, 7), one(1_050, 8), one(1_059, 20)])
    jump, walk = field_of(shape, tau_ms), field_of(shape, tau_ms)
    jump.load(start)
    walk.load(start)
    jump.advance(NOW + steps * BIN)
    for step in range(1, steps + 1):
        walk.advance(NOW + step * BIN)
    assert jump.spec == walk.spec
    np.testing.assert_allclose(jump.values, walk.values, rtol=1e-9, atol=1e-25)


def test_events_ahead_of_now_wait_for_their_column() -> None:
    field = field_of(tau_ms=None)
    assert field.add(np.concatenate([one(1_061, 15), one(1_070, 30, 500.0)])) is None
    assert field.n_outside == 0
    assert field.advance(NOW + BIN) == ColumnRange(59, 60)
    assert not field.values.any()
    assert field.advance(NOW + 3 * BIN) == ColumnRange(58, 60)
    assert field.values.sum(axis=0)[56:] == pytest.approx([0, 0, 1_000, 1_000])
    field.advance(NOW + 500 * BIN)
    assert field.values[:, 0].sum() == pytest.approx(1_500)


def test_loading_forgets_what_was_held() -> None:
    field = field_of(tau_ms=None)
    field.add(one(1_061, 15))
    field.load(one(1_010, 15))
    field.advance(NOW + 5 * BIN)
    assert field.values[:, -1].sum() == pytest.approx(1_000)


def test_a_held_spot_reaches_back_into_earlier_columns() -> None:
    field = field_of("spots", None)
    field.add(one(1_060, 15))
    assert field.advance(NOW + BIN) == ColumnRange(49, 60)


@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_a_window_that_was_scrolled_back_stays(shape: str) -> None:
    now_ms = NOW + 100 * BIN
    field = field_of(shape, now_ms=now_ms)
    field.load(np.concatenate([one(1_050, 15), one(1_061, 15), one(1_155, 15)]))
    assert field.n_outside == 2
    before = field.values.copy()
    changed = field.advance(now_ms + 12 * BIN)
    assert field.spec == SPEC
    if shape == "bands":
        assert changed is None
        assert np.array_equal(field.values, before)
    else:
        assert changed == ColumnRange(0, 60)
        np.testing.assert_allclose(field.values, before * math.exp(-1), rtol=1e-12)


def test_a_scrolled_back_spot_right_of_the_window_reaches_into_it() -> None:
    field = field_of("spots", None, now_ms=NOW + 100 * BIN)
    assert field.add(one(1_062, 15)) == ColumnRange(52, 60)
    kernel = gaussian(2.6, np.arange(-20, 21))
    np.testing.assert_allclose(field.values.sum(axis=0)[52:], 1_000 * kernel[10:18], rtol=1e-12)


def test_a_still_window_takes_later_events_in_and_counts_their_age_against_its_end() -> None:
    field = HeatField(
        SPEC,
        shape="spots",
        tau_ms=TAU,
        side="both",
        minimum_notional=0.0,
        now_ms=NOW,
        is_still=True,
    )
    assert field.add(one(1_062, 15)) == ColumnRange(52, 60)
    assert field.add(one(1_070, 15)) is None
    kernel = gaussian(2.6, np.arange(-20, 21))
    # Its share as it fades is larger than it will be when its own time has come.
    expected = 1_000 * kernel[10:18] * math.exp(3 * BIN / TAU)
    np.testing.assert_allclose(field.values.sum(axis=0)[52:], expected, rtol=1e-12)
    field.advance(NOW + 5 * BIN)
    assert field.spec == SPEC


def test_columns_can_be_taken_alone() -> None:
    for shape in ("bands", "spots", "cells"):
        field = field_of(shape)
        field.load(np.concatenate([one(1_010, 15), one(1_040, 16)]))
        field.advance(NOW + BIN)
        part = field.column_values(ColumnRange(37, 45))
        assert np.array_equal(part, field.values[:, 37:45])


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (5, 5), (50, 61), (9, 3)])
def test_columns_outside_the_window_are_refused(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        field_of().column_values(ColumnRange(start, stop))


def test_values_cannot_be_written() -> None:
    for shape in ("bands", "spots"):
        with pytest.raises(ValueError, match="read-only"):
            field_of(shape).values[0, 0] = 1.0


def test_endless_decay_ends_at_nothing_instead_of_denormal_numbers() -> None:
    for shape in ("bands", "cells"):
        field = field_of(shape, tau_ms=float(BIN))
        field.load(one(1_059, 15))
        for step in range(1, 90):
            field.advance(NOW + step * BIN)
        smallest = field.values[field.values > 0]
        assert not smallest.size or smallest.min() > 1e-40
        assert field.values[:, -1].sum() == 0.0


def test_a_fade_of_many_time_constants_ends_at_nothing_as_well() -> None:
    field = field_of("cells", tau_ms=BIN / 4)
    field.load(one(1_059, 15))
    for step in range(1, 31):  # e**-120 of it would be left, still in the window
        field.advance(NOW + step * BIN)
    assert not field.values.any()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"shape": "rings"}, "shape"),
        ({"side": "split"}, "side"),
        ({"tau_ms": 0.0}, "time constant"),
        ({"tau_ms": math.nan}, "time constant"),
        ({"now_ms": NOW - BIN}, "after the column of now"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changed: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        field_of(**changed)  # type: ignore[arg-type]


def test_a_field_needs_events_from_as_far_as_they_can_be_seen() -> None:
    day = 86_400_000

    def span(shape: str, tau_ms: float | None) -> tuple[int, int]:
        return needed_span_ms(TIME, shape=shape, tau_ms=tau_ms, retention_ms=day)

    assert span("bands", TAU) == (TIME.start_ms - 21 * 60_000, TIME.end_ms)
    assert span("bands", None) == (TIME.start_ms - day, TIME.end_ms)
    assert span("spots", TAU) == (TIME.start_ms - 10 * BIN, TIME.end_ms + 10 * BIN)
    assert span("cells", None) == (TIME.start_ms, TIME.end_ms)


def test_what_counts_is_told_apart_from_what_does_not() -> None:
    events = np.concatenate(
        [
            one(1_001, 1, 10.0, True),
            one(1_001, 1, 9.999, True),
            one(1_001, 1, 10.0, False),
            one(1_001, 1, math.nan, True),
            one(1_001, 1, math.inf, False),
        ]
    )
    assert counted(events, "both", 0.0).tolist() == [True, True, True, False, False]
    # At the smallest notional itself an event counts.
    assert counted(events, "both", 10.0).tolist() == [True, False, True, False, False]
    assert counted(events, "split", 10.0).tolist() == [True, False, True, False, False]
    assert counted(events, "longs", 0.0).tolist() == [True, True, False, False, False]
    assert counted(events, "shorts", 0.0).tolist() == [False, False, True, False, False]
    assert counted(events_of(), "both", 0.0).shape == (0,)


def test_ranges_of_columns_are_united() -> None:
    low, high = ColumnRange(2, 5), ColumnRange(9, 12)
    assert united(low, high) == united(high, low) == ColumnRange(2, 12)
    assert united(low, None) == united(None, low) == low
    assert united(ColumnRange(2, 12), high) == ColumnRange(2, 12)
    assert united(None, None) is None
