"""The simulated market: one function of seed and time, with the recording's figures."""

import itertools
from decimal import Decimal

import numpy as np
import pytest

from Heatmap.domain.events import LiquidationEvent
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.standalone.exchange.market import DAY_MS, INTERVALS_MS, MINUTE_MS, Candle
from Heatmap.standalone.exchange.simulated_bars import log_level
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import compact

# 2026-11-20, in the middle of a second, a minute, an hour and a day.
NOW_MS = 1_795_176_034_567
SEEDS = (1, 7, 20_241_205, 4_000_000_000)


def two_days(seed: int) -> list[LiquidationEvent]:
    events = []
    for payload in SimulatedMarket(seed).force_orders(NOW_MS - 2 * DAY_MS, NOW_MS):
        (event,) = parse_frame(compact(payload), payload["E"], keep_raw=False)
        assert isinstance(event, LiquidationEvent)
        events.append(event)
    return events


@pytest.fixture(scope="module", params=SEEDS)
def events(request: pytest.FixtureRequest) -> list[LiquidationEvent]:
    return two_days(request.param)


def merged(parts: list[Candle], interval_ms: int, end_ms: int) -> list[Candle]:
    """Merge candles by hand; volumes are compared apart, since sums of floats differ."""
    groups: dict[int, list[Candle]] = {}
    for part in parts:
        groups.setdefault(part.open_ms // interval_ms * interval_ms, []).append(part)
    return [
        Candle(
            open_ms,
            group[0].open,
            max(part.high for part in group),
            min(part.low for part in group),
            group[-1].close,
            0.0,
            open_ms + interval_ms <= end_ms,
        )
        for open_ms, group in groups.items()
    ]


def without_volume(candles: list[Candle]) -> list[Candle]:
    return [
        Candle(one.open_ms, one.open, one.high, one.low, one.close, 0.0, one.is_closed)
        for one in candles
    ]


def test_history_is_the_same_whatever_was_asked_before() -> None:
    asked_late, asked_fresh = SimulatedMarket(5), SimulatedMarket(5)
    for back in (40, 3, 700, 0):
        asked_late.candles(MINUTE_MS, NOW_MS - back * DAY_MS, NOW_MS - back * DAY_MS + 10**7)
        asked_late.force_orders(NOW_MS - back * DAY_MS, NOW_MS - back * DAY_MS + 10**7)
        asked_late.mark_price(NOW_MS - back * DAY_MS)
    start = NOW_MS - DAY_MS
    assert asked_late.force_orders(start, NOW_MS) == asked_fresh.force_orders(start, NOW_MS)
    assert asked_late.mark_price(NOW_MS) == asked_fresh.mark_price(NOW_MS)
    assert asked_late.candles(MINUTE_MS, start, NOW_MS) == SimulatedMarket(5).candles(
        MINUTE_MS, start, NOW_MS
    )


def test_what_is_complete_does_not_change_when_more_is_asked_for() -> None:
    market = SimulatedMarket(5)
    early = market.candles(MINUTE_MS, NOW_MS - 10**7, NOW_MS)
    later = market.candles(MINUTE_MS, NOW_MS - 10**7, NOW_MS + 10**7)
    assert not early[-1].is_closed
    assert early[:-1] == later[: len(early) - 1]


def test_force_orders_of_adjoining_times_are_the_whole_across_midnight() -> None:
    market = SimulatedMarket(5)
    midnight = NOW_MS // DAY_MS * DAY_MS
    start, end = midnight - 3_600_000, midnight + 3_600_000
    whole = market.force_orders(start, end)
    cuts = [start, *(payload["E"] for payload in whole[::3]), midnight, end]
    cuts.sort()
    pieces = [
        payload
        for low, high in itertools.pairwise(cuts)
        for payload in market.force_orders(low, high)
    ]
    assert pieces == whole
    assert len(whole) > 50
    assert all(start <= payload["E"] < end for payload in whole)


@pytest.mark.parametrize("end_ms", [NOW_MS, NOW_MS // DAY_MS * DAY_MS, NOW_MS // 1000 * 1000])
def test_candles_of_every_length_agree(end_ms: int) -> None:
    market = SimulatedMarket(9)
    start = end_ms // DAY_MS * DAY_MS - DAY_MS
    seconds = market.candles(1000, start, end_ms)
    assert len(seconds) == -(-(end_ms - start) // 1000)
    for interval_ms in (5000, 30_000, *INTERVALS_MS.values()):
        candles = market.candles(interval_ms, start, end_ms)
        assert without_volume(candles) == merged(seconds, interval_ms, end_ms)
        assert sum(one.volume for one in candles) == pytest.approx(
            sum(one.volume for one in seconds), rel=1e-9
        )


def test_each_candle_opens_where_the_one_before_closed_and_holds_its_prices() -> None:
    candles = SimulatedMarket(3).candles(MINUTE_MS, NOW_MS - 3 * DAY_MS, NOW_MS)
    for before, candle in itertools.pairwise(candles):
        assert candle.open_ms == before.open_ms + MINUTE_MS
        assert candle.open == before.close
        assert candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.volume > 0


def test_candle_in_progress_closes_at_the_mark_price_and_only_grows() -> None:
    market = SimulatedMarket(3)
    open_ms = NOW_MS // MINUTE_MS * MINUTE_MS
    before: Candle | None = None
    for now_ms in range(open_ms + 1, open_ms + MINUTE_MS, 337):
        (candle,) = market.candles(MINUTE_MS, open_ms, now_ms)
        assert candle.close == market.mark_price(now_ms)
        assert not candle.is_closed
        if before is not None:
            assert candle.open == before.open
            assert candle.high >= before.high
            assert candle.low <= before.low
            assert candle.volume > before.volume
        before = candle
    assert market.candles(MINUTE_MS, open_ms, open_ms) == []


def test_prices_lie_on_the_tick() -> None:
    market = SimulatedMarket(3)
    assert market.tick_size == Decimal("0.10")
    for candle in market.candles(MINUTE_MS, NOW_MS - DAY_MS, NOW_MS):
        for price in (candle.open, candle.high, candle.low, candle.close):
            assert round(price * 10) / 10 == price


@pytest.mark.parametrize("seed", SEEDS)
def test_a_minute_moves_as_bitcoin_does(seed: int) -> None:
    candles = SimulatedMarket(seed).candles(MINUTE_MS, NOW_MS - 2 * DAY_MS, NOW_MS)
    moves = np.array([np.log(one.close / one.open) for one in candles])
    assert 0.0005 < moves.std() < 0.0010
    assert 0.0003 < np.median([np.log(one.high / one.low) for one in candles]) < 0.0015
    # Trends: two days are not a straight line.
    assert max(one.high for one in candles) / min(one.low for one in candles) > 1.015


@pytest.mark.parametrize("seed", SEEDS)
def test_price_stays_sane_for_years(seed: int) -> None:
    first = NOW_MS // DAY_MS - 3650
    levels = np.exp([log_level(seed, day) for day in range(first, first + 7300, 5)])
    assert levels.min() > 75_000
    assert levels.max() < 120_000
    assert 90_000 < np.median(levels) < 100_000
    assert np.quantile(levels, 0.95) - np.quantile(levels, 0.05) > 5_000


def test_any_time_since_1970_can_be_asked_for() -> None:
    market = SimulatedMarket(1)
    assert market.candles(MINUTE_MS, 0, 10 * MINUTE_MS)[0].open_ms == 0
    assert market.candles(MINUTE_MS, -DAY_MS, 2 * MINUTE_MS)[0].open_ms == 0
    assert len(market.candles(DAY_MS, 4_000_000_000_000, 4_000_000_000_000 + 3 * DAY_MS)) == 3
    assert market.force_orders(0, DAY_MS)
    assert 75_000 < market.mark_price(0) < 120_000


def test_notional_quantiles_are_the_recordings(events: list[LiquidationEvent]) -> None:
    notional = np.array([event.notional for event in events])
    shares = (0.01, 0.10, 0.25, 0.50, 0.75, 0.90)
    expected = (99, 197, 484, 1579, 6226, 22567)
    # The smallest are one and two lots, whose USD follow the price.
    assert np.quantile(notional, shares) == pytest.approx(expected, rel=0.17)
    assert np.quantile(notional, 0.99) == pytest.approx(285_008, rel=0.25)
    assert 1_000_000 < notional.max() < 2_600_000


def test_seconds_between_messages_are_the_recordings(events: list[LiquidationEvent]) -> None:
    gaps = np.diff([event.ts_ms for event in events]) / 1000
    shares = (0.01, 0.10, 0.25, 0.50, 0.75, 0.90)
    assert np.quantile(gaps, shares) == pytest.approx((1.0, 1.05, 1.38, 3.15, 14, 63), rel=0.17)
    assert np.quantile(gaps, 0.99) == pytest.approx(457, rel=0.25)
    assert gaps.min() >= 0.988
    assert 4000 < len(events) < 8000


def test_at_most_27_messages_come_in_one_minute(events: list[LiquidationEvent]) -> None:
    _minutes, counts = np.unique([event.ts_ms // MINUTE_MS for event in events], return_counts=True)
    assert 15 <= counts.max() <= 27


def test_about_40_percent_are_longs_and_sides_come_in_runs(events: list[LiquidationEvent]) -> None:
    sides = np.array([event.liquidated == "long" for event in events])
    assert sides.mean() == pytest.approx(0.40, abs=0.06)
    # 92 % of the recording's messages have the side of the one before.
    assert (sides[1:] == sides[:-1]).mean() == pytest.approx(0.92, abs=0.04)


def test_fills_are_better_than_the_limit_by_the_recordings_basis_points(
    events: list[LiquidationEvent],
) -> None:
    better = np.array(
        [
            (event.price - event.limit_price)
            * (1 if event.liquidated == "long" else -1)
            / event.price
            for event in events
        ]
    )
    better *= 1e4
    assert better.min() >= 5
    assert better.max() <= 58
    assert np.median(better) == pytest.approx(39, abs=1)


def test_push_follows_the_trade_as_recorded(events: list[LiquidationEvent]) -> None:
    delay = np.array([event.push_ms - event.ts_ms for event in events])
    assert delay.min() >= 1
    assert np.median(delay) == 3
    assert np.quantile(delay, 0.99) == pytest.approx(170, rel=0.5)
    assert delay.max() <= 1251
    pushes = [event.push_ms for event in events]
    assert pushes == sorted(pushes)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_filled_is_the_original_quantity_and_a_fifth_comes_in_parts(seed: int) -> None:
    orders = [one["o"] for one in SimulatedMarket(seed).force_orders(NOW_MS - DAY_MS, NOW_MS)]
    assert all(order["z"] == order["q"] for order in orders)
    partial = [order for order in orders if order["l"] != order["z"]]
    assert all(0.001 <= float(order["l"]) < float(order["z"]) for order in partial)
    assert len(partial) / len(orders) == pytest.approx(0.226, abs=0.05)
    off_tick = [order for order in orders if not order["ap"].endswith("0")]
    assert len(off_tick) / len(orders) == pytest.approx(0.044, abs=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_liquidations_happen_at_traded_prices(seed: int) -> None:
    market = SimulatedMarket(seed)
    minutes = {one.open_ms: one for one in market.candles(MINUTE_MS, NOW_MS - 2 * DAY_MS, NOW_MS)}
    checked = 0
    for event in two_days(seed):
        candle = minutes.get(event.ts_ms // MINUTE_MS * MINUTE_MS)
        if candle is not None and candle.is_closed:
            assert candle.low <= event.price <= candle.high
            checked += 1
    assert checked > 4000


@pytest.mark.parametrize("seed", SEEDS)
def test_longs_are_liquidated_in_falls_and_shorts_in_rises(seed: int) -> None:
    market = SimulatedMarket(seed)
    flow: dict[int, int] = {}
    for event in two_days(seed):
        minute = event.ts_ms // MINUTE_MS * MINUTE_MS
        flow[minute] = flow.get(minute, 0) + (-1 if event.liquidated == "long" else 1)
    agreeing = [
        (one.close - one.open) * flow[one.open_ms] > 0
        for one in market.candles(MINUTE_MS, NOW_MS - 2 * DAY_MS, NOW_MS)
        if abs(flow.get(one.open_ms, 0)) >= 8
    ]
    assert len(agreeing) > 40
    assert np.mean(agreeing) > 0.85


def test_seeds_give_different_markets() -> None:
    closes = {
        SimulatedMarket(seed).candles(MINUTE_MS, NOW_MS - MINUTE_MS, NOW_MS)[0].close
        for seed in range(20)
    }
    assert len(closes) == 20


def test_heartbeat_never_fails() -> None:
    market = SimulatedMarket(1)
    assert market.alive_spans(5, 9) == [(5, 9)]
    assert market.alive_spans(9, 5) == []


@pytest.mark.parametrize("interval_ms", [0, -60_000, 1500, 7000, 90_000])
def test_an_interval_that_does_not_divide_time_is_refused(interval_ms: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        SimulatedMarket(1).candles(interval_ms, 0, DAY_MS)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        SimulatedMarket(-1)


def test_two_days_have_a_candle_for_each_minute_and_thousands_of_orders() -> None:
    market = SimulatedMarket(123)
    candles = market.candles(MINUTE_MS, NOW_MS - 2 * DAY_MS, NOW_MS)
    orders = market.force_orders(NOW_MS - 2 * DAY_MS, NOW_MS)
    assert len(candles) == 2880
    assert len(orders) > 4000
