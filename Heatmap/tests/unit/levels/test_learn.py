"""Learning from a recording whose truth is known: found, dated, and never from later time."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS
from Heatmap.levels.learn import (
    LEVELS,
    Learning,
    learn,
    prepare_recording,
    reliability,
    score_recording,
)
from Heatmap.levels.market import Market
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.yields import SPOT_OVER_FUTURES, Verdict, parse_yields
from Heatmap.tests.stored_market import START_MS, made_candles, made_events

DAY_MS = 86_400_000
END_MS = START_MS + 2 * DAY_MS
TIMES = 2.0


def as_arrays(candles: Any, events: Any) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.array(
            [
                (one.open_ms, one.open, one.high, one.low, one.close, one.quote_volume, np.nan)
                for one in candles
            ],
            CANDLE_DTYPE,
        ),
        np.array(
            [(one.ts_ms, one.notional, one.liquidated == "long") for one in events], MESSAGE_DTYPE
        ),
    )


@pytest.fixture(scope="module")
def world() -> tuple[Market, np.ndarray]:
    candles = made_candles(2 * 1440)
    array, messages = as_arrays(candles, made_events(candles, TIMES))
    return Market("BTCUSDT", array), messages


def covered(*spans: tuple[int, int]) -> np.ndarray:
    return np.array(list(spans) or [(START_MS, END_MS)], INTERVAL_DTYPE)


def test_the_factor_is_found_and_the_dollars_are_no_longer_provisional(
    world: tuple[Market, np.ndarray],
) -> None:
    market, messages = world
    recording = prepare_recording(market, messages, covered(), END_MS)
    assert recording is not None
    learned = learn(recording, market, END_MS, "BINANCE_USDM")
    assert learned.result is Learning.TAKEN
    assert learned.messages == len(messages)
    table = learned.fit.table
    assert table is not None
    np.testing.assert_allclose(np.array(table.factors) / SPOT_OVER_FUTURES, TIMES, rtol=0.15)
    assert not table.is_provisional
    assert table.symbol == "BTCUSDT"
    assert (table.fitted_ms, table.data_until_ms <= END_MS) == (END_MS, True)
    # By construction the volume matters: levels beat distance alone.
    assert table.score is not None
    assert table.verdict is Verdict.BETTER
    # It can be kept as text, and is in force from then on only.
    again = parse_yields(table.to_json())
    known = replace(market, fits=[again])
    found = known.table_at(END_MS)
    assert found is not None
    assert found.name == table.name
    before = known.table_at(END_MS - 1)
    assert before is not None
    assert before.is_provisional


def test_nothing_later_is_looked_at(world: tuple[Market, np.ndarray]) -> None:
    market, messages = world
    until_ms = START_MS + DAY_MS
    recording = prepare_recording(market, messages, covered(), until_ms)
    assert recording is not None
    cut = replace(market, candles=market.candles[market.candles["open_ms"] + MINUTE_MS <= until_ms])
    early = messages[messages["ts_ms"] < until_ms]
    alone = prepare_recording(cut, early, covered((START_MS, until_ms)), until_ms)
    assert alone is not None
    one = learn(recording, market, until_ms, "BINANCE_USDM").fit.table
    other = learn(alone, cut, until_ms, "BINANCE_USDM").fit.table
    assert one == other


def test_a_fit_is_replaced_only_by_what_time_it_has_not_seen_speaks_for() -> None:
    candles = made_candles(720)
    array, messages = as_arrays(candles, made_events(candles, TIMES))
    market = Market("BTCUSDT", array)
    first_ms, end_ms = START_MS + 480 * MINUTE_MS, START_MS + 720 * MINUTE_MS
    whole = covered((START_MS, end_ms))
    recording = prepare_recording(market, messages, whole, first_ms)
    fit = learn(recording, market, first_ms, "BINANCE_USDM").fit.table
    assert fit is not None
    known = replace(market, fits=[fit])
    # At once there is nothing new to judge by.
    assert learn(recording, known, first_ms, "BINANCE_USDM").result is Learning.WAITING
    later = prepare_recording(known, messages, whole, end_ms)
    assert learn(later, known, end_ms, "BINANCE_USDM").result is Learning.TAKEN
    # A recording that went wrong before the newest time does not displace a good fit.
    rng = np.random.default_rng(5)
    count = 3 * len(messages)
    noise = np.zeros(count, MESSAGE_DTYPE)
    noise["ts_ms"] = rng.integers(START_MS, first_ms, count)
    noise["notional"], noise["is_long"] = 1e4, rng.random(count) < 0.5
    spoilt = np.concatenate([noise, messages[messages["ts_ms"] >= first_ms]])
    wrong = prepare_recording(known, spoilt, whole, end_ms)
    assert learn(wrong, known, end_ms, "BINANCE_USDM").result is Learning.WORSE


def test_a_few_messages_scale_the_prior_and_stay_provisional(
    world: tuple[Market, np.ndarray],
) -> None:
    market, messages = world
    few = messages[:: len(messages) // 10]
    recording = prepare_recording(market, few, covered(), END_MS)
    table = learn(recording, market, END_MS, "BINANCE_USDM").fit.table
    assert table is not None
    assert table.is_provisional
    shape = table.messages_per_usd / table.messages_per_usd[:, :1]
    shipped = market.shipped
    assert shipped is not None
    expected = shipped.messages_per_usd / shipped.messages_per_usd[:, :1]
    np.testing.assert_allclose(shape[0], expected[0], rtol=0.3)


@pytest.mark.parametrize(
    ("coverage", "kind"),
    [(np.zeros(0, INTERVAL_DTYPE), NoteKind.NO_COVERAGE), (None, NoteKind.NO_MESSAGES)],
)
def test_without_proof_or_messages_there_is_nothing_to_learn(
    world: tuple[Market, np.ndarray], coverage: np.ndarray | None, kind: NoteKind
) -> None:
    market, messages = world
    none = messages[:0] if coverage is None else messages
    recording = prepare_recording(market, none, covered() if coverage is None else coverage, END_MS)
    learned = learn(recording, market, END_MS, "BINANCE_USDM")
    assert learned.result is Learning.NOTHING
    assert [note.kind for note in learned.fit.notes] == [kind]
    assert recording is not None
    assert reliability(recording) == ()


def test_without_candles_there_is_nothing_to_learn() -> None:
    market = Market("BTCUSDT", np.zeros(0, CANDLE_DTYPE))
    recording = prepare_recording(market, np.zeros(0, MESSAGE_DTYPE), covered(), END_MS)
    assert recording is None
    assert learn(recording, market, END_MS, "BINANCE_USDM").result is Learning.NOTHING


def test_what_was_expected_is_sorted_beside_what_came(world: tuple[Market, np.ndarray]) -> None:
    market, messages = world
    recording = prepare_recording(market, messages, covered(), END_MS)
    assert recording is not None
    groups = reliability(recording)
    assert len(groups) >= 5
    for one in groups:
        assert abs(one.came - one.expected) < 5 * np.sqrt(one.expected) + 0.2 * one.expected
    # Each group expects about as much; the busiest minutes are few.
    assert groups[0].minutes > 5 * groups[-1].minutes


def test_shuffled_hours_are_no_better_than_distance(world: tuple[Market, np.ndarray]) -> None:
    market, messages = world
    candles = market.candles.copy()
    hours = np.random.default_rng(3).permutation(len(candles) // 60)
    volume = candles["quote_volume"].reshape(-1, 60)[hours].ravel()
    candles["quote_volume"] = volume
    recording = prepare_recording(replace(market, candles=candles), messages, covered(), END_MS)
    assert recording is not None
    for one in score_recording(recording, market):
        assert one.of(LEVELS).verdict is not Verdict.BETTER


def test_work_can_be_given_up_at_any_time(world: tuple[Market, np.ndarray]) -> None:
    market, messages = world
    calls = 0

    def pause() -> None:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        prepare_recording(market, messages, covered(), END_MS, pause)
