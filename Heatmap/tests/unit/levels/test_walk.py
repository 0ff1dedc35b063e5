"""The walk: what stands, what is consumed, and that nothing gets lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.levels.consumption import consume
from Heatmap.levels.ladders import (
    N_BINS,
    Ladder,
    bin_ladder,
    joined,
    log_edges,
    point_ladder,
    smooth_ladder,
)
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.walk import LevelWalk, WalkInput
from Heatmap.tests.unit.levels.simulated_positions import every_position, market

EDGES = np.stack([log_edges(0), log_edges(1)])


def some_ladders(width: float, seed: int = 0) -> list[Ladder]:
    weights = np.random.default_rng(seed).random((2, N_BINS))
    return [bin_ladder(side, weights[side], width) for side in range(2)]


def missing(walk: LevelWalk) -> float:
    account = walk.account
    found = account.consumed + account.decayed + account.left_grid + account.dropped
    return (found + float(walk.standing_usd.sum())) / account.entered - 1


@settings(deadline=None)
@given(
    st.integers(0, 1_000),
    st.floats(0, 0.01),
    st.floats(0, 0.3),
    st.sampled_from([1e-4, 3.7e-4, 2e-3]),
    st.booleans(),
)
def test_all_that_was_entered_is_accounted_for(
    seed: int, decay: float, margin: float, width: float, is_jumping: bool
) -> None:
    candles = market(400, seed)
    if is_jumping:
        for name in ("open", "high", "low", "close"):
            candles[name][250:] *= 2
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, width, margin)
    shift = np.zeros(400)
    shift[[100, 333]] = 1e-4, -2.5e-4
    inputs = WalkInput(
        minutes,
        np.stack([minutes.volume_usd, minutes.volume_usd / 2], axis=1),
        np.full(400, decay),
        shift,
    )
    walk = LevelWalk(rows, some_ladders(width, seed))
    walked = walk.run(inputs, np.array([37, 38, 250, 399]))
    assert missing(walk) == pytest.approx(0, abs=1e-9)
    assert walked.consumed_usd.sum() == pytest.approx(walk.account.consumed, rel=1e-12)
    assert (walk.standing_usd >= -1e-9 * walk.account.entered).all()
    assert (walk.account.dropped > 0) == is_jumping


@settings(deadline=None)
@given(st.integers(0, 1_000), st.floats(0, 0.02))
def test_minute_by_minute_is_the_same_as_in_blocks(seed: int, decay: float) -> None:
    minutes = prepare_minutes(market(200, seed))
    rows, _ = rows_over(minutes, 2e-4, 0.02)
    shift = np.zeros(200)
    shift[77] = 3e-4
    inputs = WalkInput(minutes, minutes.volume_usd[:, None], np.full(200, decay), shift)
    ladder = joined(some_ladders(2e-4, seed))
    walk, single = LevelWalk(rows, [ladder]), LevelWalk(rows, [ladder])
    ends = np.array([1, 2, 90, 155, 200])
    columns = walk.run(inputs, ends).columns
    for at in range(200):
        single.step(inputs, at)
        if at + 1 in ends:
            column = columns[list(ends).index(at + 1)]
            np.testing.assert_allclose(single.column(), column, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(single.standing_usd, walk.standing_usd, rtol=1e-9, atol=1e-6)
    assert single.account.consumed == pytest.approx(walk.account.consumed, rel=1e-9)
    assert missing(single) == pytest.approx(0, abs=1e-9)


def test_the_walk_consumes_and_leaves_what_the_bins_say() -> None:
    minutes = prepare_minutes(market(1_500))
    rows, _ = rows_over(minutes, FIT_WIDTH, 0.23)
    decay = np.full(1_500, 1 / 700)
    weights = np.random.default_rng(3).random((2, N_BINS))
    found = consume(minutes, minutes.volume_usd, rows, decay, with_standing=True)
    walk = LevelWalk(rows, [bin_ladder(side, weights[side], FIT_WIDTH) for side in range(2)])
    amounts = np.stack([minutes.volume_usd] * 2, axis=1)
    walked = walk.run(WalkInput(minutes, amounts, decay, np.zeros(1_500)), np.zeros(0, np.int64))
    by_minute = np.einsum("nsb,sb->n", found.reached_usd, weights)
    np.testing.assert_allclose(walked.consumed_usd, by_minute, rtol=1e-6, atol=1e-3)
    standing = np.einsum("sbr,sb->r", found.standing_usd, weights)
    np.testing.assert_allclose(walk.standing_usd, standing, rtol=1e-6, atol=1e-2)


@pytest.mark.parametrize("seed", [1, 2])
def test_consumption_is_that_of_single_positions(seed: int) -> None:
    candles = market(2_400, seed)
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, FIT_WIDTH)
    reached = consume(minutes, minutes.volume_usd, rows).reached_usd
    positions = every_position(candles, EDGES, 10)
    is_over = positions.ended >= 0
    expected = np.zeros((2_400, 2, N_BINS))
    at = (positions.ended[is_over], positions.side[is_over], positions.kind[is_over])
    np.add.at(expected, at, positions.weight[is_over])
    total = expected.sum(axis=0)
    is_large = total > 0.01 * total.sum()
    assert is_large.sum() >= N_BINS
    np.testing.assert_allclose(reached.sum(axis=0)[is_large], total[is_large], rtol=0.01)
    # Not only in all, but also when.
    hours = [one.sum(axis=2).reshape(-1, 60, 2).sum(axis=1) for one in (reached, expected)]
    np.testing.assert_allclose(hours[0], hours[1], rtol=0.05, atol=0.01 * hours[1].max())


def test_levels_between_two_candles_are_consumed() -> None:
    candles = market(3)
    for name in ("open", "high", "low", "close"):
        candles[name][1:] *= 0.98
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, 1e-4)
    reached = consume(minutes, minutes.volume_usd, rows).reached_usd
    # The bins up to 1.5 % below the first minute's entries.
    assert reached[1, 0, :9] == pytest.approx(minutes.volume_usd[0], rel=0.02)


def test_a_minute_does_not_consume_its_own_entries() -> None:
    candles = market(1)
    candles["low"], candles["high"] = candles["low"] * 0.9, candles["high"] * 1.1
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, 1e-3, 0.25)
    assert not consume(minutes, minutes.volume_usd, rows).reached_usd.any()


def test_a_column_shows_nothing_where_its_newest_minute_was() -> None:
    minutes = prepare_minutes(market(300))
    rows, _ = rows_over(minutes, 1e-4, 0.05)
    walk = LevelWalk(rows, [joined(some_ladders(1e-4))])
    columns = walk.run(WalkInput.plain(minutes, minutes.volume_usd), np.arange(1, 301)).columns
    edges = rows.edges_usd
    for k, (low, high) in enumerate(np.exp(minutes.log_range)):
        is_touched = (edges[1:] > low) & (edges[:-1] <= high)
        assert not columns[k, is_touched].any()
        assert columns[k].any()


def test_positive_funding_lifts_all_levels() -> None:
    minutes = prepare_minutes(market(2))
    rows = LogRows(1e-4, int(minutes.log_low[0] / 1e-4) - 3_000, 6_000)
    ladder = point_ladder(0, np.array([0.1]), np.array([1.0]), 1e-4)
    shift = np.array([0.0, 2.5e-4])
    moved, still = LevelWalk(rows, [ladder]), LevelWalk(rows, [ladder])
    amounts = np.array([[1.0], [0.0]])
    none = np.zeros(0, np.int64)
    moved.run(WalkInput(minutes, amounts, np.zeros(2), shift), none)
    still.run(WalkInput(minutes, amounts, np.zeros(2), np.zeros(2)), none)
    row = np.arange(rows.count)
    middle = [float(one.standing_usd @ row) for one in (moved, still)]
    assert middle[0] - middle[1] == pytest.approx(2.5)


@pytest.mark.parametrize("width", [1e-4, 2.7e-4, 1e-3])
@pytest.mark.parametrize("side", [0, 1])
def test_ladders_hold_all_and_lie_where_they_should(side: int, width: float) -> None:
    weights = np.zeros(N_BINS)
    weights[12] = 3.0  # 3.6 to 4.8 %
    for make in (bin_ladder, smooth_ladder):
        ladder = make(side, weights, width)
        assert ladder.total == pytest.approx(3.0)
    ladder = bin_ladder(side, weights, width)
    rows = ladder.first + np.arange(len(ladder.values))
    distance = np.abs(np.expm1(float(ladder.values @ rows) / 3.0 * width))
    assert distance == pytest.approx(0.042, rel=0.01)
    assert (rows[ladder.values > 0] < 0).all() == (side == 0)


def test_a_long_gap_lets_everything_decay_without_a_warning() -> None:
    candles = market(200)
    candles["open_ms"][100:] += 40 * 86_400_000
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, 1e-4, 0.05)
    decay = np.diff(minutes.open_ms, prepend=minutes.open_ms[0]) / 1_200_000
    walk = LevelWalk(rows, [joined(some_ladders(1e-4))])
    inputs = WalkInput(minutes, minutes.volume_usd[:, None], decay, np.zeros(200))
    columns = walk.run(inputs, np.array([100, 101, 200])).columns
    assert np.isfinite(columns).all()
    found = consume(minutes, minutes.volume_usd, rows, decay, with_standing=True)
    assert np.isfinite(found.reached_usd).all()
    assert found.reached_usd[100].sum() < 1e-6 * minutes.volume_usd.sum()
    assert missing(walk) == pytest.approx(0, abs=1e-9)
