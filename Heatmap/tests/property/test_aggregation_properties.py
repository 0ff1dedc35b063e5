"""What holds of all shapes: sums, and that keeping up equals building anew."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import HeatField
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.recorded.drawn_field import DrawnField
from Heatmap.tests.property.field_cases import (
    ALL_ROWS,
    BIN,
    FIRST_COL,
    N_COLS,
    NOW,
    PRICE,
    Rows,
    batches,
    by_formula,
    event_tuples,
    events_of,
    field_at,
    kernel,
    shapes,
    taus,
)


@settings(deadline=None, max_examples=150)
@given(batches, shapes, taus)
def test_keeping_up_equals_building_anew(
    history: list[tuple[Rows, int]],
    shape: str,
    tau_ms: float | None,
) -> None:
    kept, now_ms = field_at(NOW, shape, tau_ms), NOW
    kept.load(events_of([]))
    everything: Rows = []
    for rows, steps in history:
        # What was drawn changes only where a change is reported.
        before, first_before = kept.values.copy(), kept.spec.time.first_col
        changed = kept.add(events_of(rows))
        untouched = np.ones(N_COLS, bool)
        if changed is not None:
            untouched[changed.start : changed.stop] = False
        assert np.array_equal(kept.values[:, untouched], before[:, untouched])
        everything += rows

        before = kept.values.copy()
        now_ms += steps * BIN
        changed = kept.advance(now_ms)
        moved = kept.spec.time.first_col - first_before
        assert moved == steps
        same_until = N_COLS if changed is None else max(0, changed.start)
        assert np.array_equal(kept.values[:, :same_until], before[:, moved : moved + same_until])
    rebuilt = field_at(now_ms, shape, tau_ms)
    rebuilt.load(events_of(everything))
    assert rebuilt.spec == kept.spec
    np.testing.assert_allclose(kept.values, rebuilt.values, rtol=1e-9, atol=1e-25)


@settings(deadline=None, max_examples=100)
@given(batches, shapes, st.sampled_from(["off", "20m"]))
def test_split_sides_kept_up_equal_those_built_anew(
    history: list[tuple[Rows, int]], shape: str, decay: str
) -> None:
    wanted = HeatmapSettings(side="split", shape=shape, decay=decay)

    def drawn_at(now_ms: int) -> DrawnField:
        time = TimeAxis(BIN, now_ms // BIN - N_COLS + 1, N_COLS)
        return DrawnField(GridSpec(PRICE, time), wanted, now_ms)

    kept, now_ms = drawn_at(NOW), NOW
    everything: Rows = []
    for rows, steps in history:
        kept.add(events_of(rows))
        now_ms += steps * BIN
        kept.advance(now_ms)
        everything += rows
    rebuilt = drawn_at(now_ms)
    rebuilt.load(events_of(everything))
    np.testing.assert_allclose(kept.values(), rebuilt.values(), rtol=1e-9, atol=1e-25)
    sides = []
    for is_long in (True, False):
        alone = field_at(now_ms, shape, wanted.decay_tau_ms)
        alone.load(events_of([row for row in everything if row[3] is is_long]))
        sides.append(alone.values.copy())
    np.testing.assert_allclose(kept.values(), np.maximum(*sides), rtol=1e-9, atol=1e-25)
    scale = Scale("sqrt", 0.0, 1e6)
    levels = [
        np.frombuffer(drawn.levels(scale), np.uint8).astype(int).reshape(PRICE.n_rows, N_COLS)
        for drawn in (kept, rebuilt)
    ]
    # A value between two levels may round either way, and sides that are alike may win either way.
    assert np.abs((levels[0] >> 1) - (levels[1] >> 1)).max() <= 1
    is_clear = np.abs(sides[0] - sides[1]) > 1e-6 * (sides[0] + sides[1])
    is_clear &= (levels[0] > 0) & (levels[1] > 0)
    for found in levels:
        assert np.array_equal((found & 1)[is_clear] == 1, (sides[0] > sides[1])[is_clear])


@settings(deadline=None, max_examples=60)
@given(batches, taus)
def test_bands_obey_their_recurrence_after_any_split_into_batches(
    history: list[tuple[Rows, int]], tau_ms: float | None
) -> None:
    field, now_ms = field_at(NOW, "bands", tau_ms, ALL_ROWS), NOW
    everything: Rows = []
    for rows, steps in history:
        field.add(events_of(rows))
        now_ms += steps * BIN
        field.advance(now_ms)
        everything += rows
    come = [row for row in everything if row[0] // BIN <= now_ms // BIN]
    grid = build_grid(events_of(come), field.spec)
    raw = grid.long_usd + grid.short_usd
    distances = np.subtract.outer(np.arange(60), np.arange(60))
    blur = np.vectorize(lambda distance: kernel(1.3, int(distance)))(distances)
    factor = 1.0 if tau_ms is None else math.exp(-BIN / tau_ms)
    values = field.values
    following = values[:, :-1] * factor + blur @ raw[:, 1:]
    np.testing.assert_allclose(values[:, 1:], following, rtol=1e-9, atol=1e-18)
    # Nothing is lost to the blur: the sum of a column obeys it as well, beginning with what was
    # carried in.
    first_col = field.spec.time.first_col
    carried = math.fsum(
        notional * factor ** (first_col - ts_ms // BIN)
        for ts_ms, _, notional, _ in come
        if ts_ms // BIN <= first_col
    )
    for col, total in enumerate(values.sum(axis=0)):
        carried = carried if col == 0 else carried * factor + raw[:, col].sum()
        assert math.isclose(total, carried, rel_tol=1e-9, abs_tol=1e-18)


@settings(deadline=None, max_examples=40)
@given(st.lists(event_tuples, max_size=8), shapes, taus)
def test_every_cell_is_the_sum_of_its_events_shares(
    rows: Rows, shape: str, tau_ms: float | None
) -> None:
    field = field_at(NOW, shape, tau_ms)
    field.load(events_of(rows))
    expected = by_formula(rows, NOW, shape, tau_ms)
    np.testing.assert_allclose(field.values, expected, rtol=1e-9, atol=1e-20)


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=30), taus, st.integers(1, 40))
def test_sliding_bands_changes_no_surviving_value_by_a_bit(
    rows: Rows, tau_ms: float | None, steps: int
) -> None:
    field = field_at(NOW, "bands", tau_ms)
    field.load(events_of([row for row in rows if row[0] <= NOW]))
    before = field.values.copy()
    field.advance(NOW + steps * BIN)
    surviving = max(0, N_COLS - steps)
    assert np.array_equal(field.values[:, :surviving], before[:, N_COLS - surviving :])


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=20), st.lists(event_tuples, max_size=20), shapes, taus)
def test_adding_events_changes_no_column_that_they_do_not_belong_to(
    before: Rows, added: Rows, shape: str, tau_ms: float | None
) -> None:
    field = field_at(NOW, shape, tau_ms)
    field.load(events_of(before))
    values = field.values.copy()
    changed = field.add(events_of(added))
    # Spots reach ten columns to both sides; bands all columns to the right, and none to the left.
    reach = 10 if shape == "spots" else 0
    cols = [ts_ms // BIN - FIRST_COL for ts_ms, *_ in added if ts_ms // BIN < FIRST_COL + N_COLS]
    may_change = np.zeros(N_COLS, bool)
    for col in cols:
        stop = N_COLS if shape == "bands" else max(0, col + reach + 1)
        may_change[max(0, col - reach) : stop] = True
    assert np.array_equal(field.values[:, ~may_change], values[:, ~may_change])
    if changed is not None:
        assert may_change[changed.start]
        assert may_change[changed.stop - 1]


@settings(deadline=None)
@given(
    st.lists(event_tuples, max_size=30),
    shapes,
    taus,
    st.integers(0, 30),
    st.integers(1, 30),
    st.integers(0, 10),
    st.integers(1, 10),
)
def test_a_cells_value_does_not_depend_on_where_the_grid_ends(
    rows: Rows,
    shape: str,
    tau_ms: float | None,
    skipped_cols: int,
    n_cols: int,
    skipped_rows: int,
    n_rows: int,
) -> None:
    now_ms = NOW + 60 * BIN
    wide_time = TimeAxis(BIN, FIRST_COL - 10, 60)
    part = GridSpec(
        PriceAxis(PRICE.tick_size, 10, ALL_ROWS.first_row + 15 + skipped_rows, n_rows),
        TimeAxis(BIN, wide_time.first_col + skipped_cols, n_cols),
    )
    cut = slice(15 + skipped_rows, 15 + skipped_rows + n_rows)
    fields = []
    for spec in (GridSpec(ALL_ROWS, wide_time), part):
        field = HeatField(
            spec, shape=shape, tau_ms=tau_ms, side="both", minimum_notional=0.0, now_ms=now_ms
        )
        field.load(events_of(rows))
        fields.append(field.values)
    whole = fields[0][cut, skipped_cols : skipped_cols + n_cols]
    np.testing.assert_allclose(fields[1], whole, rtol=1e-9, atol=1e-18)


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=60), st.sampled_from(["spots", "bands", "cells"]))
def test_sums_are_conserved_where_the_grid_holds_the_overhang(rows: Rows, shape: str) -> None:
    spec = GridSpec(PriceAxis(PRICE.tick_size, 10, 980, 60), TimeAxis(BIN, FIRST_COL - 60, 200))
    field = HeatField(
        spec,
        shape=shape,
        tau_ms=None,
        side="both",
        minimum_notional=0.0,
        now_ms=spec.time.end_ms - 1,
    )
    field.load(events_of(rows))
    total = math.fsum(row[2] for row in rows)
    summed = field.values[:, -1].sum() if shape == "bands" else field.values.sum()
    assert math.isclose(summed, total, rel_tol=1e-9, abs_tol=1e-12)
    assert field.n_outside == 0


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=30), st.sampled_from(["spots", "cells"]), taus)
def test_fading_sums_are_those_of_the_faded_events(
    rows: Rows, shape: str, tau_ms: float | None
) -> None:
    time = TimeAxis(BIN, FIRST_COL - 60, 200)
    field = HeatField(
        GridSpec(ALL_ROWS, time),
        shape=shape,
        tau_ms=tau_ms,
        side="both",
        minimum_notional=0.0,
        now_ms=time.end_ms - 1,
    )
    field.load(events_of(rows))
    rate = 0.0 if tau_ms is None else BIN / tau_ms
    total = math.fsum(
        notional * math.exp(-rate * (time.last_col - ts_ms // BIN))
        for ts_ms, _, notional, _ in rows
    )
    assert math.isclose(field.values.sum(), total, rel_tol=1e-9, abs_tol=1e-18)


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=30), shapes, taus, st.floats(0, 1e7))
def test_a_smallest_notional_leaves_out_what_is_smaller_and_nothing_else(
    rows: Rows, shape: str, tau_ms: float | None, minimum: float
) -> None:
    if rows:
        # One event is exactly as large: it counts.
        minimum = min((notional for _, _, notional, _ in rows), key=lambda usd: abs(usd - minimum))
    filtered = HeatField(
        GridSpec(PRICE, TimeAxis(BIN, FIRST_COL, N_COLS)),
        shape=shape,
        tau_ms=tau_ms,
        side="both",
        minimum_notional=minimum,
        now_ms=NOW,
    )
    filtered.load(events_of(rows))
    expected = field_at(NOW, shape, tau_ms)
    expected.load(events_of([row for row in rows if row[2] >= minimum]))
    assert np.array_equal(filtered.values, expected.values)
