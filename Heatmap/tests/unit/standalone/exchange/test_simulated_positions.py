"""Simulated positions: opened as stated, liquidated where the price comes, closed after a while."""

import numpy as np
import pytest

from Heatmap.levels.shipped import shipped_brackets
from Heatmap.standalone.exchange.market import DAY_MS, MINUTE_MS
from Heatmap.standalone.exchange.simulated_bars import MINUTES, USUAL_USD
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.simulated_positions import (
    AVERAGED,
    HOLDING_DAYS,
    Entries,
    PositionMix,
    Positions,
)

DAY = 20_777
SEED = 7


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket(SEED)


def bars(market: SimulatedMarket, first: int, days: int) -> dict[str, np.ndarray]:
    """Return columns of the minute candles; prices in ticks."""
    candles = market.candles(MINUTE_MS, first * DAY_MS, (first + days) * DAY_MS)
    return {
        "low": np.array([round(one.low * 10) for one in candles]),
        "high": np.array([round(one.high * 10) for one in candles]),
        "usd": np.array([one.quote_volume for one in candles]),
    }


def end_by_hand(
    positions: Positions, index: int, opened: int, columns: dict[str, np.ndarray]
) -> int | None:
    """Return the minute of `columns` in which a position is liquidated, as one follows it."""
    level, is_long = positions.level[index], positions.is_long[index]
    for minute in range(opened + 1, opened + HOLDING_DAYS * MINUTES + 1):
        if minute >= len(columns["low"]):
            return None
        if is_long and columns["low"][minute] <= level:
            return minute
        if not is_long and columns["high"][minute] >= level:
            return minute
    return None


def keys(positions: Positions) -> list[tuple[int, ...]]:
    columns = (
        *(positions.minute, positions.level, positions.is_long),
        *(positions.lots, positions.limit_cents),
    )
    return [*zip(*(one.tolist() for one in columns), strict=True)]


def test_each_position_ends_in_the_minute_in_which_the_price_comes_to_it(
    market: SimulatedMarket,
) -> None:
    first = DAY - HOLDING_DAYS
    columns = bars(market, first, HOLDING_DAYS + 1)
    ended = market.ended(DAY)
    found = dict(zip(keys(ended.liquidated), ended.minute.tolist(), strict=True))
    checked = 0
    # Of the day itself, the day before, and the first that still counts.
    for day in (DAY, DAY - 1, first):
        positions = market.positions(day)
        for index in range(0, len(positions), 7):
            opened = (day - first) * MINUTES + int(positions.minute[index])
            end = end_by_hand(positions, index, opened, columns)
            expected = None if end is None or end < HOLDING_DAYS * MINUTES else end % MINUTES
            assert found.get(keys(positions.at(np.array([index])))[0]) == expected
            checked += expected is not None
    assert checked > 300


def test_every_position_ends_once_and_none_is_lost() -> None:
    market = SimulatedMarket(SEED)
    opened = market.positions(DAY)
    ends: list[tuple[int, ...]] = []
    for day in range(DAY, DAY + HOLDING_DAYS + 1):
        ended = market.ended(day)
        ends += keys(ended.liquidated)
    closed = keys(market.ended(DAY + HOLDING_DAYS).closed)
    mine = keys(opened)
    own = set(mine)
    liquidated = [one for one in ends if one in own]
    assert sorted(liquidated + closed) == sorted(mine)
    assert 0 < len(closed) < len(mine) / 10


def test_as_many_are_opened_as_the_volume_says(market: SimulatedMarket) -> None:
    volume = bars(market, DAY - 3, 4)["usd"].reshape(-1, 60).sum(axis=1)
    hours = [
        np.bincount(positions.minute[positions.is_long] // 60, minlength=24)
        for positions in map(market.positions, range(DAY - 3, DAY + 1))
    ]
    number = np.concatenate(hours)
    # Some were passed by the price before their minute was over.
    expected = volume * PositionMix().per_busd[0] / 1e9 * 0.98
    assert number.sum() == pytest.approx(expected.sum(), rel=0.04)
    deviations = (number - expected) / np.sqrt(expected)
    assert 0.7 < deviations.std() < 1.3
    assert np.corrcoef(number, volume)[0, 1] > 0.7


def test_positions_that_ignore_volume_are_opened_evenly() -> None:
    market = SimulatedMarket(SEED, mix=PositionMix(entries=Entries.EVEN))
    volume = bars(market, DAY - 3, 4)["usd"].reshape(-1, 60).sum(axis=1)
    number = np.concatenate(
        [
            np.bincount(market.positions(day).minute // 60, minlength=24)
            for day in range(DAY - 3, DAY + 1)
        ]
    )
    assert number.mean() == pytest.approx(sum(PositionMix().per_busd) * USUAL_USD * 6e-8, rel=0.05)
    assert abs(np.corrcoef(number, volume)[0, 1]) < 0.3
    # The same candles either way.
    assert (
        volume.tolist()
        == bars(SimulatedMarket(SEED), DAY - 3, 4)["usd"].reshape(-1, 60).sum(axis=1).tolist()
    )


def test_the_mix_is_the_stated_one(market: SimulatedMarket) -> None:
    mix = PositionMix()
    tiers = np.concatenate([market.positions(day).tier for day in range(DAY - 5, DAY + 1)])
    for number, (_leverage, share) in enumerate(mix.leverages):
        assert np.mean(tiers == number) == pytest.approx(share, abs=0.01)
    assert np.mean(tiers == AVERAGED) == pytest.approx(mix.averaged_share, abs=0.015)
    assert mix.averaged_share == pytest.approx(0.70)


@pytest.mark.parametrize(("number", "leverage"), list(enumerate([150, 125, 100, 20, 10])))
def test_levels_are_those_of_the_exchanges_brackets(
    market: SimulatedMarket, number: int, leverage: int
) -> None:
    table = shipped_brackets().in_force("BTCUSDT", DAY * DAY_MS)
    columns = bars(market, DAY, 1)
    positions = market.positions(DAY)
    # Small ones: in the first bracket, which allows every leverage.
    mine = positions.at((positions.tier == number) & (positions.lots < 1_000))
    assert len(mine) > 10
    sign = np.where(mine.is_long, 1, -1)
    # The order is sent at the bankruptcy price, which tells the entry.
    entry = mine.limit_cents / 10 / (1 - sign / leverage)
    assert (entry > columns["low"][mine.minute] - 2).all()
    assert (entry < columns["high"][mine.minute] + 2).all()
    np.testing.assert_allclose(
        mine.level, mine.limit_cents / 10 / (1 - sign * table.rates[0]), atol=1
    )


def test_a_position_too_large_for_its_leverage_has_what_its_size_may_have(
    market: SimulatedMarket,
) -> None:
    table = shipped_brackets().in_force("BTCUSDT", DAY * DAY_MS)
    columns = bars(market, DAY - 10, 11)
    checked = 0
    for day in range(DAY - 10, DAY + 1):
        positions = market.positions(day)
        usd = positions.lots * 1e-4 * positions.level
        large = positions.at((positions.tier == 0) & (usd > 330_000))
        minute = (day - DAY + 10) * MINUTES + large.minute
        for at, level, is_long in zip(minute, large.level, large.is_long, strict=True):
            entry = columns["high"][at] if is_long else columns["low"][at]
            # 100x at most, so farther away than 150x would be.
            assert abs(level / entry - 1) > 1 / 100 - table.rates[1] - 1e-3
            checked += 1
    assert checked > 5


def test_what_is_reported_is_what_was_liquidated_and_at_its_price(market: SimulatedMarket) -> None:
    ended = market.ended(DAY)
    columns = bars(market, DAY, 1)
    levels: dict[int, list[int]] = {}
    for minute, level in zip(ended.minute.tolist(), ended.liquidated.level.tolist(), strict=True):
        levels.setdefault(minute, []).append(level)
    orders = market.force_orders(DAY * DAY_MS, (DAY + 1) * DAY_MS)
    per_minute: dict[int, int] = {}
    for order in (one["o"] for one in orders):
        minute = (order["T"] - DAY * DAY_MS) // MINUTE_MS
        price = float(order["ap"]) * 10
        nearest = min(levels[minute], key=lambda level: abs(level - price))
        assert abs(nearest / price - 1) < 35e-4
        assert columns["low"][minute] - 1 < price < columns["high"][minute] + 1
        per_minute[minute] = per_minute.get(minute, 0) + 1
    # All of a minute's, up to what the exchange reports of it.
    for minute, number in per_minute.items():
        assert number == min(len(levels[minute]), 27)
    assert per_minute.keys() == levels.keys()


def test_the_price_comes_to_a_level_when_its_liquidation_happens(market: SimulatedMarket) -> None:
    ended = market.ended(DAY)
    by_minute: dict[int, list[int]] = {}
    for index, minute in enumerate(ended.minute.tolist()):
        by_minute.setdefault(minute, []).append(index)
    checked = 0
    for order in (one["o"] for one in market.force_orders(DAY * DAY_MS, (DAY + 1) * DAY_MS)):
        mine = by_minute[(order["T"] - DAY * DAY_MS) // MINUTE_MS]
        if len(mine) > 1:
            continue
        level = ended.liquidated.level[mine[0]] / 10
        second_ms = order["T"] // 1000 * 1000
        before, after = market.mark_price(second_ms), market.mark_price(second_ms + 1000)
        assert min(before, after) <= level <= max(before, after)
        sign = -1 if order["S"] == "SELL" else 1
        # Not before: the level was ahead until then.
        assert all(
            sign * (level - market.mark_price(earlier_ms)) >= 0
            for earlier_ms in range(second_ms // MINUTE_MS * MINUTE_MS, second_ms + 1, 1000)
        )
        checked += 1
    assert checked > 100


def test_open_interest_is_what_stands(market: SimulatedMarket) -> None:
    start_ms = DAY * DAY_MS
    first, last = market.open_interest(DAY_MS, start_ms, start_ms + DAY_MS)
    opened, ended = market.positions(DAY), market.ended(DAY)
    lots = opened.lots.sum() - ended.liquidated.lots.sum() - ended.closed.lots.sum()
    assert last.coins - first.coins == pytest.approx(lots / 2_000, abs=0.002)
    assert first.usd == pytest.approx(first.coins * market.mark_price(start_ms))
    # No jump where a day begins, and none where two weeks end.
    month = market.open_interest(300_000, start_ms - 5 * DAY_MS, start_ms)
    assert len(month) == 5 * 288 + 1
    steps = np.diff([one.coins for one in month])
    assert np.abs(steps[287::288]).max() <= np.abs(steps).max()
    assert np.abs(steps).max() < 0.005 * first.coins
    assert [one.ts_ms for one in month] == list(range(month[0].ts_ms, start_ms + 1, 300_000))


@pytest.mark.parametrize("period_ms", [0, -300_000, 90_001])
def test_a_period_that_is_not_whole_minutes_is_refused(period_ms: int) -> None:
    with pytest.raises(ValueError, match="period"):
        SimulatedMarket(1).open_interest(period_ms, 0, DAY_MS)


def test_funding_is_paid_three_times_a_day(market: SimulatedMarket) -> None:
    paid = market.funding(DAY * DAY_MS, (DAY + 1) * DAY_MS - 1)
    assert [one.ts_ms % DAY_MS // 3_600_000 for one in paid] == [0, 8, 16]
    for one in paid:
        assert one.mark_price == market.mark_price(one.ts_ms)
        assert one.rate == market.funding_rate(one.ts_ms - 1)
        assert abs(one.rate) < 0.001


def test_candles_of_all_lengths_carry_the_same_volumes(market: SimulatedMarket) -> None:
    end_ms = DAY * DAY_MS + 7_234_567
    start_ms = DAY * DAY_MS
    minutes, hours = (market.candles(length, start_ms, end_ms) for length in (MINUTE_MS, 3_600_000))
    for name in ("quote_volume", "taker_buy_quote", "trades"):
        of_minutes = sum(getattr(one, name) for one in minutes)
        assert sum(getattr(one, name) for one in hours) == pytest.approx(of_minutes, rel=1e-6)
    for one in minutes:
        assert 0 < one.taker_buy_quote < one.quote_volume
        assert one.low * 0.999 < one.quote_volume / one.volume < one.high * 1.001
        assert isinstance(one.trades, int)
    # In progress: only what was traded so far.
    (whole,) = market.candles(MINUTE_MS, minutes[-1].open_ms, minutes[-1].open_ms + MINUTE_MS)
    assert minutes[-1].quote_volume < whole.quote_volume
