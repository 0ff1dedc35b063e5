"""One field or two, as a picture draws them."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.heat_field import ColumnRange, HeatField
from Heatmap.aggregation.normalization import Scale, to_bytes, to_split_bytes
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.recorded.drawn_field import DrawnField

BIN = 10_000
PRICE = PriceAxis(Decimal("0.1"), 10, first_row=1_000, n_rows=30)  # 1000 to 1030 USD
TIME = TimeAxis(BIN, first_col=1_000, n_cols=40)
SPEC = GridSpec(PRICE, TIME)
NOW = TIME.end_ms - 1
SCALE = Scale("sqrt", 0.0, 5_000.0)


def settings_of(**values: Any) -> HeatmapSettings:
    return HeatmapSettings(enabled=True, **values)


def field_of(**values: Any) -> DrawnField:
    return DrawnField(SPEC, settings_of(**values), NOW)


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def one(col: int, row: int, notional: float, is_long: bool) -> np.ndarray:
    return events_of(((1_000 + col) * BIN, 1_000.5 + row, notional, is_long))


def random_events(seed: int, count: int = 300) -> np.ndarray:
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["ts_ms"] = random.integers(TIME.start_ms - 20 * BIN, NOW, count)
    events["price"] = random.uniform(995, 1_035, count).round(1)
    events["notional"] = random.lognormal(6, 2, count)
    events["is_long"] = random.random(count) < 0.5
    return events


def side_field(side: str, settings: HeatmapSettings) -> HeatField:
    return HeatField(
        SPEC,
        shape=settings.shape,
        tau_ms=settings.decay_tau_ms,
        side=side,
        minimum_notional=settings.minimum_notional,
        now_ms=NOW,
    )


@pytest.mark.parametrize("side", ["both", "longs", "shorts"])
@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_without_split_sides_it_is_the_one_field(side: str, shape: str) -> None:
    drawn, events = field_of(side=side, shape=shape, minimum_notional=50.0), random_events(1)
    drawn.load(events)
    field = side_field(side, settings_of(shape=shape, minimum_notional=50.0))
    field.load(events)
    assert not drawn.is_split
    assert drawn.spec == SPEC
    assert np.array_equal(drawn.values(), field.values)
    assert drawn.levels(SCALE) == to_bytes(field.values, SCALE).tobytes()


@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_split_sides_are_two_fields_and_the_scale_is_about_the_larger(shape: str) -> None:
    drawn, events = field_of(side="split", shape=shape, minimum_notional=50.0), random_events(2)
    drawn.load(events)
    settings = settings_of(shape=shape, minimum_notional=50.0)
    longs, shorts = side_field("longs", settings), side_field("shorts", settings)
    longs.load(events)
    shorts.load(events)
    assert drawn.is_split
    assert np.array_equal(drawn.values(), np.maximum(longs.values, shorts.values))
    expected = to_split_bytes(longs.values, shorts.values, SCALE)
    assert drawn.levels(SCALE) == expected.tobytes()
    # Both sides are there to be told apart.
    assert set(np.unique(expected[expected > 0] & 1)) == {0, 1}


def test_columns_can_be_taken_alone() -> None:
    for side in ("both", "split"):
        drawn = field_of(side=side)
        drawn.load(random_events(3))
        part = ColumnRange(7, 19)
        assert drawn.all_columns() == ColumnRange(0, 40)
        assert np.array_equal(drawn.values(part), drawn.values()[:, 7:19])
        whole = np.frombuffer(drawn.levels(SCALE), np.uint8).reshape(SPEC.shape)
        cut = np.frombuffer(drawn.levels(SCALE, part), np.uint8).reshape(30, 12)
        assert np.array_equal(cut, whole[:, 7:19])


def test_what_changed_is_what_changed_on_either_side() -> None:
    drawn = field_of(side="split", shape="cells", decay="off")
    both = np.concatenate([one(12, 5, 100.0, True), one(30, 5, 100.0, False)])
    assert drawn.add(both) == ColumnRange(12, 31)
    assert drawn.add(one(8, 5, 100.0, False)) == ColumnRange(8, 9)
    assert drawn.add(one(9, 5, 100.0, True)) == ColumnRange(9, 10)
    assert drawn.add(events_of()) is None
    assert drawn.advance(NOW) is None
    assert drawn.advance(NOW + 3 * BIN) == ColumnRange(37, 40)
    assert drawn.spec.time == TimeAxis(BIN, 1_003, 40)


def test_events_that_wait_for_their_column_widen_what_changed() -> None:
    drawn = field_of(side="split", shape="cells", decay="off")
    assert drawn.add(one(40, 5, 100.0, False)) is None
    assert drawn.add(one(42, 5, 100.0, True)) is None
    assert drawn.advance(NOW + BIN) == ColumnRange(39, 40)
    assert np.flatnonzero(drawn.values().any(axis=0)).tolist() == [39]
    drawn.advance(NOW + 3 * BIN)
    assert np.flatnonzero(drawn.values().any(axis=0)).tolist() == [37, 39]


@pytest.mark.parametrize("is_long", [True, False])
def test_a_spot_that_waited_reaches_back_on_its_own_side(is_long: bool) -> None:
    drawn = field_of(side="split", shape="spots", decay="off")
    assert drawn.add(one(40, 5, 100.0, is_long)) is None
    # The other side has only the new column to tell.
    assert drawn.advance(NOW + BIN) == ColumnRange(29, 40)


def test_loading_forgets_both_sides() -> None:
    drawn = field_of(side="split", decay="off")
    drawn.load(random_events(4))
    drawn.load(one(10, 5, 100.0, True))
    assert drawn.values()[:, -1].sum() == pytest.approx(100.0, rel=1e-12)


def test_a_cell_shows_its_larger_side() -> None:
    drawn = field_of(side="split", shape="cells", decay="off")
    drawn.load(
        np.concatenate(
            [
                one(3, 5, 900.0, True),
                one(3, 5, 400.0, False),
                one(4, 5, 900.0, False),
                one(4, 5, 400.0, True),
                # Several small ones of a side are as much as one large one.
                one(5, 5, 300.0, True),
                one(5, 5, 300.0, True),
                one(5, 5, 500.0, False),
            ]
        )
    )
    cells = np.frombuffer(drawn.levels(SCALE), np.uint8).reshape(SPEC.shape)
    assert (cells[5, 3:6] & 1).tolist() == [1, 0, 1]
    assert cells[5, 3] == cells[5, 4] + 1
    assert drawn.values()[5, 3:6].tolist() == [900.0, 900.0, 600.0]
