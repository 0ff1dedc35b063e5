"""Measures the predicted levels, and asserts the answers it measures.

Each line is a JSON object. Times are those of the processor, since what else the machine does is
not to be measured. Thirty days of one-minute candles are made here, reproducibly; the peers' way,
lists of position objects, works on one day of them, in the same run.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time

import numpy as np

from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS
from Heatmap.levels.build_map import build_map
from Heatmap.levels.consumption import consume
from Heatmap.levels.counts import count_messages
from Heatmap.levels.fit import FitSettings, expected_messages, fit_yields
from Heatmap.levels.ladders import Ladder, bin_ladder, joined, point_ladder
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.models import LevelModel
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.walk import LevelWalk, WalkInput
from Heatmap.levels.yields import Volume
from Heatmap.tests.bench.measurements import at_most, times_better

START_MS = 1_733_184_000_000
DAY = 1_440
DAYS = 30
ROWS = 2_000
COLUMNS = 1_728
ROUNDS = 7
LEVERAGES = (10.0, 25.0, 50.0, 100.0)


def market(n: int) -> np.ndarray:
    """Return candles of a price that wanders over some 20 % in a month, as bitcoin's does."""
    random = np.random.default_rng(20_241_204)
    close = np.log(95_000) + np.cumsum(4e-4 * random.standard_t(4, n))
    opened = np.concatenate([close[:1], close[:-1]])
    candles = np.zeros(n, CANDLE_DTYPE)
    candles["open_ms"] = START_MS + np.arange(n) * MINUTE_MS
    candles["open"], candles["close"] = np.exp(opened), np.exp(close)
    wicks = np.abs(random.normal(0, 2e-4, (2, n)))
    candles["high"] = np.exp(np.maximum(opened, close) + wicks[0])
    candles["low"] = np.exp(np.minimum(opened, close) - wicks[1])
    candles["quote_volume"] = random.lognormal(17, 1, n)
    candles["taker_buy_quote"] = candles["quote_volume"] * 0.5
    return candles


def least_s(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the shortest time that a call takes of the processor, s."""
    times = []
    for _ in range(rounds):
        start = thread_time()
        call()
        times.append(thread_time() - start)
    return min(times)


def grid(minutes: Minutes) -> LogRows:
    """Return 2,000 rows over all prices and a fifth beyond."""
    span = float(minutes.log_high.max() - minutes.log_low.min())
    rows, is_cut = rows_over(minutes, (span + 0.4055) / (ROWS - 2), 0.2)
    assert not is_cut
    assert abs(rows.count - ROWS) <= 2
    return rows


def bench_map(candles: np.ndarray) -> bool:
    """The map of a month as it is drawn, from the candles to the columns."""
    known = Market("BTCUSDT", candles, Volume.SPOT)
    minutes = prepare_minutes(candles)
    rows = grid(minutes)
    column_ms = START_MS + np.arange(1, COLUMNS + 1) * (DAYS * DAY // COLUMNS) * MINUTE_MS
    made = build_map(LevelModel.CALIBRATED, known, rows, column_ms)
    assert made.usd.shape == (COLUMNS, rows.count)
    assert made.is_known.all()
    walk = LevelWalk(rows, [ladder_of_yields(rows)])
    walk.run(WalkInput.plain(minutes, minutes.volume_usd), np.zeros(0, np.int64))
    account = walk.account
    found = account.consumed + account.decayed + account.left_grid + walk.standing_usd.sum()
    assert abs(found / account.entered - 1) < 1e-9
    below = int(rows.rows(minutes.log_close[-1:])[0])
    is_free = np.abs(np.arange(rows.count) - below) > 50
    assert np.allclose(made.usd[-1][is_free], walk.standing_usd[is_free], rtol=0.5, atol=1e4)
    seconds = least_s(lambda: build_map(LevelModel.CALIBRATED, known, rows, column_ms))
    name = f"map of {DAYS} days: {DAYS * DAY:,} minutes, {COLUMNS:,} columns, {rows.count:,} rows"
    return at_most(name, seconds * 1_000, None, 250)


def ladder_of_yields(rows: LogRows) -> Ladder:
    """Return the ladder that the calibrated map uses, but with edges."""
    yields = shipped_yields().usd_per_usd
    return joined([bin_ladder(side, yields[side], rows.width) for side in range(2)])


def bench_minute(candles: np.ndarray) -> bool:
    """One more minute, live, and its column; against the whole."""
    minutes = prepare_minutes(candles)
    rows = grid(minutes)
    ladder = ladder_of_yields(rows)
    inputs = WalkInput.plain(minutes, minutes.volume_usd)
    n = len(minutes)
    walk, single = LevelWalk(rows, [ladder]), LevelWalk(rows, [ladder])
    whole = walk.run(inputs, np.array([n])).columns[0]
    single.run(inputs.until(n - 2_000), np.zeros(0, np.int64))
    column = single.column()
    start = thread_time()
    for at in range(n - 2_000, n):
        single.step(inputs, at)
        column = single.column()
    seconds = (thread_time() - start) / 2_000
    assert np.allclose(column, whole, rtol=1e-5, atol=1e-3)
    return at_most("one live minute and its column", seconds * 1e6, None, 50, "us")


def bench_fit(candles: np.ndarray) -> bool:
    """The fit of a month: what was reached at a basis point, the rates, their intervals."""
    minutes = prepare_minutes(candles)
    rows, _ = rows_over(minutes, FIT_WIDTH)
    prior = shipped_yields()
    random = np.random.default_rng(1)
    reached = consume(minutes, minutes.volume_usd, rows).reached_usd
    number = random.poisson(expected_messages(prior, reached))
    at = np.repeat(np.arange(2 * len(minutes)), number.ravel())
    messages = np.zeros(len(at), MESSAGE_DTYPE)
    messages["ts_ms"] = START_MS + at // 2 * MINUTE_MS + random.integers(0, MINUTE_MS, len(at))
    messages["is_long"] = at % 2 == 0
    messages["notional"] = random.lognormal(8, 1.5, len(at))
    coverage = np.array([(START_MS, START_MS + len(minutes) * MINUTE_MS)], INTERVAL_DTYPE)
    settings = FitSettings("own", "BINANCE_USDM", "BTCUSDT", "", START_MS)

    def fit() -> np.ndarray:
        again = prepare_minutes(candles)
        found = consume(again, again.volume_usd, rows).reached_usd
        counts = count_messages(again, messages, coverage)
        table = fit_yields(again, found, counts, prior, settings).table
        assert table is not None
        return np.asarray(table.messages_per_usd)

    ratio = fit() / prior.messages_per_usd
    assert np.all(np.abs(np.log(ratio[:, 2:9])) < 0.2)
    name = f"fit of {DAYS} days, {len(messages):,} messages"
    return at_most(name, least_s(fit, 3), None, 3, "s")


@dataclass
class Position:
    """A position as the peers keep it."""

    price: float
    usd: float
    is_long: bool


def as_peers(candles: np.ndarray) -> list[Position]:
    """Keep lists of positions, minute by minute."""
    standing: list[Position] = []
    for candle in candles:
        low, high = float(candle["low"]), float(candle["high"])
        standing = [one for one in standing if not low <= one.price <= high]
        middle, usd = (low + high) / 2, float(candle["quote_volume"]) / len(LEVERAGES)
        for leverage in LEVERAGES:
            standing.append(Position(middle * (1 - 1 / leverage), usd, is_long=True))
            standing.append(Position(middle * (1 + 1 / leverage), usd, is_long=False))
    return standing


def bench_peers(candles: np.ndarray) -> bool:
    """One day as the peers do it, and the same levels by the walk."""
    day = candles[:DAY]
    minutes = prepare_minutes(day)
    rows, _ = rows_over(minutes, FIT_WIDTH, 0.12)
    distances, shares = 1 / np.array(LEVERAGES), np.full(len(LEVERAGES), 1 / len(LEVERAGES))
    ladder = joined([point_ladder(side, distances, shares, FIT_WIDTH) for side in range(2)])

    def walk() -> np.ndarray:
        made = LevelWalk(rows, [ladder])
        again = prepare_minutes(day)
        made.run(WalkInput.plain(again, again.volume_usd), np.zeros(0, np.int64))
        return made.standing_usd

    standing = as_peers(day)
    assert abs(walk().sum() / sum(one.usd for one in standing) - 1) < 0.01
    name = "levels of one day, beside lists of positions"
    baseline = least_s(lambda: as_peers(day), 3)
    return times_better(name, least_s(walk) * 1_000, baseline * 1_000, 20)


def main() -> int:
    """Run everything; 0 when every goal is met."""
    candles = market(DAYS * DAY)
    results = [
        bench_map(candles),
        bench_minute(candles),
        bench_fit(candles),
        bench_peers(candles),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
