"""The columns of a picture of levels: exact sums, what is gone at once, and nothing repainted."""

from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.domain.candles import RunningMinute
from Heatmap.levels.arrays import MINUTE_MS
from Heatmap.levels.market import Market
from Heatmap.sources.predicted.level_columns import LevelColumns, pane_rows
from Heatmap.sources.predicted.level_history import LevelHistory
from Heatmap.tests.unit.levels.simulated_positions import market

CANDLES = market(1_500, seed=9)
END_MS = int(CANDLES["open_ms"][-1]) + MINUTE_MS
PRICE = float(CANDLES["close"][-1])
SCALE = Scale("sqrt", 10.0, 1e6)


def spec(bin_ms: int, n_cols: int, end_ms: int = END_MS, reach: float = 0.03) -> GridSpec:
    first = int(PRICE * (1 - reach) / 20)
    price = PriceAxis(Decimal("0.1"), 200, first, int(PRICE * (1 + reach) / 20) - first)
    return GridSpec(price, TimeAxis(bin_ms, end_ms // bin_ms - n_cols, n_cols))


def drawn(
    axes: GridSpec,
    history: LevelHistory,
    side: str = "both",
    running: tuple[RunningMinute, ...] = (),
) -> LevelColumns:
    columns = LevelColumns(axes, history, side)
    columns.load(running)
    return columns


@pytest.fixture(scope="module")
def history() -> LevelHistory:
    return LevelHistory(Market("BTCUSDT", CANDLES))


@pytest.mark.parametrize("bin_ms", [60_000, 300_000])
def test_what_is_drawn_is_what_stands_between_the_edges(history: LevelHistory, bin_ms: int) -> None:
    axes = spec(bin_ms, 120)
    columns = drawn(axes, history)
    usd = columns.usd()
    assert usd.shape == axes.shape
    rows = columns.fine_rows
    edges = np.array([axes.price.low, axes.price.high])
    for column in (0, 37, 119):
        fine = columns.fine_column(column)
        expected = rows.to_price_rows(fine, edges)[0]
        assert expected > 0
        assert usd[:, column].sum() == pytest.approx(expected, rel=1e-9)
        # The blur moves it between rows, and the unit is per 0.1 % of price.
        shown = columns.sides(ColumnRange(column, column + 1))[0][:, 0]
        assert (shown * columns.row_units).sum() == pytest.approx(expected, rel=1e-9)


def test_zooming_changes_rows_and_no_amount(history: LevelHistory) -> None:
    coarse, fine = spec(60_000, 30), spec(60_000, 30)
    fine = GridSpec(
        PriceAxis(Decimal("0.1"), 50, coarse.price.first_row * 4, coarse.price.n_rows * 4),
        fine.time,
    )
    sums = drawn(fine, history).usd().reshape(coarse.price.n_rows, 4, 30).sum(axis=1)
    np.testing.assert_allclose(sums, drawn(coarse, history).usd(), rtol=1e-6, atol=1.0)


def test_longs_stand_below_the_price_and_shorts_above(history: LevelHistory) -> None:
    axes = spec(60_000, 60)
    parts = {side: drawn(axes, history, side) for side in ("both", "longs", "shorts", "split")}
    total = parts["both"].usd()
    np.testing.assert_allclose(
        parts["longs"].usd() + parts["shorts"].usd(), total, rtol=1e-9, atol=1e-3
    )
    price = parts["both"].price_at(59)
    assert price == pytest.approx(PRICE)
    middles = axes.price.low + (np.arange(axes.price.n_rows) + 0.5) * axes.price.bin_usd
    assert not parts["longs"].usd()[middles > price * 1.001, 59].any()
    assert not parts["shorts"].usd()[middles < price * 0.999, 59].any()
    longs, shorts = parts["split"].sides()
    np.testing.assert_allclose(longs + shorts, parts["both"].sides()[0])
    cells = np.frombuffer(parts["split"].levels(SCALE), np.uint8).reshape(axes.shape)[:, 59]
    assert set(cells[middles < price * 0.999] & 1) <= {0, 1}
    assert all(cell & 1 for cell in cells[(middles < price * 0.999) & (cells > 0)])
    assert not any(cell & 1 for cell in cells[middles > price * 1.001])


@pytest.mark.parametrize("bin_ms", [60_000, 180_000, 300_000])
def test_moving_on_draws_what_a_fresh_picture_shows(bin_ms: int) -> None:
    growing = LevelHistory(Market("BTCUSDT", CANDLES[:1_400]))
    start_ms = int(CANDLES["open_ms"][1_400])
    columns = drawn(spec(bin_ms, 90, start_ms), growing)
    kept: dict[int, bytes] = {}
    for n in range(1_400, 1_500, 5):
        assert growing.extend(CANDLES[n : n + 5])
        now_ms = int(CANDLES["open_ms"][n + 4]) + MINUTE_MS
        changed = columns.advance(now_ms, (), int(CANDLES["open_ms"][n]))
        assert changed is not None
        time = columns.spec.time
        cells = np.frombuffer(columns.levels(SCALE), np.uint8).reshape(columns.spec.shape)
        fresh = drawn(columns.spec, growing)
        np.testing.assert_array_equal(
            cells, np.frombuffer(fresh.levels(SCALE), np.uint8).reshape(columns.spec.shape)
        )
        # What was over stays as it was drawn.
        for col in range(time.n_cols):
            number = time.first_col + col
            if (number + 1) * bin_ms <= now_ms - MINUTE_MS:
                assert kept.setdefault(number, cells[:, col].tobytes()) == cells[:, col].tobytes()
        part = np.frombuffer(columns.levels(SCALE, changed), np.uint8)
        np.testing.assert_array_equal(
            part.reshape(len(cells), -1), cells[:, changed.start : changed.stop]
        )


@pytest.mark.parametrize("bin_ms", [60_000, 300_000])
def test_what_the_running_minute_touches_is_gone_at_once(
    history: LevelHistory, bin_ms: int
) -> None:
    now_ms = END_MS + 25_000
    axes = spec(bin_ms, 100, (now_ms // bin_ms + 1) * bin_ms)
    columns = drawn(axes, history)
    before = columns.usd()[:, -1]
    low, high = PRICE * 0.994, PRICE * 0.997
    edges = axes.price.low + np.arange(axes.price.n_rows + 1) * axes.price.bin_usd
    inside = (edges[:-1] >= low) & (edges[1:] <= high)
    assert before[inside].any()
    changed = columns.advance(now_ms, (RunningMinute(END_MS, low, high),), None)
    assert changed is not None
    assert changed.stop == axes.time.n_cols
    after = columns.usd()
    assert not after[inside, -1].any()
    outside = (edges[1:] <= low * 0.9998) | (edges[:-1] >= high * 1.0002)
    np.testing.assert_allclose(after[outside, -1], before[outside])
    # Not where it was before.
    assert (
        after[inside, 0].any()
        or not history.columns(history.seen_by(np.array([axes.time.start_ms])), history.rows).any()
    )
    assert columns.advance(now_ms, (RunningMinute(END_MS, low, high),), None) is None


def test_columns_shorter_than_a_minute_are_refused(history: LevelHistory) -> None:
    for bin_ms in (10_000, 30_000, 90_000):
        with pytest.raises(ValueError, match="whole minutes"):
            LevelColumns(spec(bin_ms, 60), history, "both")


def test_a_narrow_pane_keeps_few_rows_and_a_column_has_all_of_them(history: LevelHistory) -> None:
    axes = spec(60_000, 30)
    far = PriceAxis(Decimal("0.1"), 200, int(PRICE * 0.85 / 20), 20)
    columns = drawn(GridSpec(far, axes.time), history)
    assert columns._kept_rows.count < 1_024 < columns.fine_rows.count
    assert columns.fine_rows == history.rows
    for column in (0, 29):
        expected = history.columns(np.array([columns.seen_at(column)]), history.rows)[0]
        np.testing.assert_allclose(columns.fine_column(column), expected, rtol=1e-5, atol=1e-3)
        assert expected.sum() > 0
    # What the running minute has touched is gone from it too.
    running = (RunningMinute(END_MS, PRICE * 0.99, PRICE),)
    columns.advance(END_MS + 1_000, running, None)
    rows = columns.fine_rows
    edges = np.array([PRICE * 0.9905, PRICE * 0.9995])
    assert rows.to_price_rows(columns.fine_column(29), edges)[0] == 0


def test_a_window_that_leaves_all_columns_behind_begins_anew(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 20, END_MS - 600 * MINUTE_MS), history)
    changed = columns.advance(END_MS - 1, (), None)
    assert changed == ColumnRange(0, 20)
    fresh = drawn(columns.spec, history)
    assert columns.levels(SCALE) == fresh.levels(SCALE)


def test_a_window_that_stays_changes_only_by_what_belongs_to_it(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 20, END_MS - 600 * MINUTE_MS), history)
    assert columns.advance(None, (), None) is None


def test_before_the_first_candle_nothing_stands(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 20, int(CANDLES["open_ms"][10])), history)
    assert not columns.usd()[:, :10].any()
    assert columns.usd()[:, -1].any()
    assert columns.price_at(0) is None


def test_without_a_history_nothing_stands() -> None:
    columns = LevelColumns(spec(60_000, 20), None, "both")
    columns.load(())
    assert not columns.usd().any()
    assert columns.price_at(19) is None
    assert columns.advance(END_MS + 120_000, (), None) is not None


def test_the_pane_is_what_is_laid_out_without_its_margins() -> None:
    assert pane_rows(PriceAxis(Decimal(1), 1, 0, 312)) == pytest.approx(200)


def test_the_scale_is_about_what_the_pane_shows(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 30), history)
    spare = round((columns.spec.price.n_rows - pane_rows(columns.spec.price)) / 2)
    assert spare > 10
    np.testing.assert_array_equal(columns.values(), columns.sides()[0][spare:-spare])


def test_a_clock_that_is_set_back_changes_nothing(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 30), history)
    before = columns.levels(SCALE)
    assert columns.advance(END_MS - 20 * MINUTE_MS, (), None) is None
    assert columns.levels(SCALE) == before


def test_room_for_new_columns_is_made_when_there_is_none(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 30, END_MS - 700 * MINUTE_MS), history)
    for minutes in range(-690, 0, 10):
        columns.advance(END_MS + minutes * MINUTE_MS - 1, (), None)
    assert columns.levels(SCALE) == drawn(columns.spec, history).levels(SCALE)


def test_rows_of_log_price_are_kept_of_the_newest_columns_only(history: LevelHistory) -> None:
    columns = drawn(spec(60_000, 600), history)
    assert len(columns._tail) == 16
    for minutes in range(1, 40):
        columns.advance(END_MS + minutes * MINUTE_MS - 1, (), None)
    assert max(columns._tail) == columns.spec.time.last_col
    assert len(columns._tail) == 16
    assert columns.levels(SCALE) == drawn(columns.spec, history).levels(SCALE)
