"""The ensemble: learned on time held out, added up as rates, and without what has no price."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from Heatmap.errors import SettingsError
from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS
from Heatmap.levels.consumption import consume
from Heatmap.levels.ensemble_table import EnsemblePart, EnsembleTable, parse_ensemble
from Heatmap.levels.learn import FIVE_TIERS, LEVELS, PATH, Recording, prepare_recording
from Heatmap.levels.learn_ensemble import learn_ensemble
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.models import LevelModel, Unit
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.predict import PredictedLevels, predict
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.levels.scoring.conditional import DISTANCE
from Heatmap.levels.shipped import shipped_ensemble
from Heatmap.levels.yields import SPOT_OVER_FUTURES, Estimate, Volume
from Heatmap.tests.stored_market import START_MS, made_candles, made_events

COUNT = 2_400
UNTIL_MS = START_MS + COUNT * MINUTE_MS
SIZE = Estimate(20_000.0, 15_000.0, 25_000.0)


@pytest.fixture(scope="module")
def market() -> Market:
    rows = [
        (one.open_ms, one.open, one.high, one.low, one.close, one.quote_volume, math.nan)
        for one in made_candles(COUNT)
    ]
    return Market("BTCUSDT", np.array(rows, CANDLE_DTYPE))


@pytest.fixture(scope="module")
def recording(market: Market) -> Recording:
    events = made_events(made_candles(COUNT), 3.0)
    messages = np.array(
        [(one.ts_ms, one.notional, one.liquidated == "long") for one in events], MESSAGE_DTYPE
    )
    coverage = np.array([(START_MS, UNTIL_MS)], INTERVAL_DTYPE)
    found = prepare_recording(market, messages, coverage, UNTIL_MS)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def learned(market: Market, recording: Recording) -> EnsembleTable:
    table = learn_ensemble(recording, market, UNTIL_MS, "BINANCE_USDM", SIZE)
    assert table is not None
    return table


def test_it_learns_how_much_each_model_explains(
    learned: EnsembleTable, recording: Recording
) -> None:
    shares = {one.name: one.share for one in learned.parts}
    assert set(shares) == {DISTANCE, LEVELS, FIVE_TIERS, PATH}
    assert 0.5 < sum(shares.values()) <= 1.001
    # What came was made by levels.
    assert shares[LEVELS] == max(shares.values())
    assert learned.messages == recording.messages > 200
    assert learned.score is not None
    assert learned.score.over_constant.low > 0
    causes = {
        LEVELS: recording.reached_usd / 1e9,
        DISTANCE: recording.even_usd / 1e9,
        FIVE_TIERS: np.zeros((COUNT, 2, 1)),
        PATH: np.zeros((COUNT, 2, len(learned.parts[3].longs))),
    }
    expected = learned.expected_messages(causes)[recording.counts.is_used].sum()
    missing = shares[FIVE_TIERS] + shares[PATH]
    assert expected == pytest.approx(recording.messages * (1 - missing), rel=0.15)


def test_with_little_to_learn_from_nothing_is_learned(market: Market, recording: Recording) -> None:
    few = replace(recording.counts, messages=recording.counts.messages * 0)
    assert learn_ensemble(replace(recording, counts=few), market, UNTIL_MS, "X", SIZE) is None


def test_one_that_is_worse_than_the_one_in_use_is_not_taken(
    market: Market, recording: Recording, learned: EnsembleTable
) -> None:
    # All that is new to it: the newest 400 minutes.
    known_until_ms = UNTIL_MS - 400 * MINUTE_MS
    in_use = replace(learned, fitted_ms=known_until_ms, data_until_ms=known_until_ms)

    def learn_beside(used: EnsembleTable, from_what: Recording) -> EnsembleTable | None:
        return learn_ensemble(
            from_what, replace(market, ensembles=(used,)), UNTIL_MS, "BINANCE_USDM", SIZE
        )

    assert learn_beside(replace(in_use, background_per_minute=(9.0, 9.0)), recording) is not None
    # Of little time less is learned than the one in use knows.
    is_used = recording.counts.is_used.copy()
    is_used[:1_850] = False
    short = replace(recording, counts=replace(recording.counts, is_used=is_used))
    assert learn_beside(in_use, short) is None
    # Nothing is new to it.
    assert learn_beside(learned, recording) is None


def stood(market: Market, at_ms: int = UNTIL_MS) -> PredictedLevels:
    return predict(market, at_ms, LevelModel.ENSEMBLE)


def only(table: EnsembleTable, *names: str) -> EnsembleTable:
    return replace(table, parts=tuple(one for one in table.parts if one.name in names))


def total(levels: PredictedLevels) -> float:
    return sum(one.expected_usd for one in levels.levels)


def test_the_map_is_the_sum_of_the_parts_that_have_a_price(
    market: Market, learned: EnsembleTable
) -> None:
    levels = stood(replace(market, ensembles=(learned,)))
    assert levels.model is LevelModel.ENSEMBLE
    assert levels.unit is Unit.EXPECTED_USD
    assert levels.fit == learned.name
    assert levels.score == learned.score
    assert not levels.is_provisional
    parts = [
        total(stood(replace(market, ensembles=(only(learned, name),))))
        for name in (LEVELS, DISTANCE, FIVE_TIERS)
    ]
    assert total(levels) == pytest.approx(sum(parts), rel=1e-3)
    assert stood(replace(market, ensembles=(only(learned, PATH),))).levels == ()
    (note,) = [one for one in levels.notes if one.kind is NoteKind.PATH_HAS_NO_PRICE]
    assert note.value == learned.parts[3].share
    # One part by hand: entries that stand, times what of them is liquidated.
    minutes = prepare_minutes(market.candles)
    rows, _ = rows_over(minutes, FIT_WIDTH, 0.23)
    standing = consume(minutes, minutes.volume_usd, rows, with_standing=True).standing_usd
    part = next(one for one in learned.parts if one.name == LEVELS)
    rates = part.weight * np.array([part.longs, part.shorts]) / 1e9 * SIZE.value
    here = int(rows.rows(minutes.log_close[-1:])[0])
    usd = np.einsum("sbr,sb->sr", standing, rates)
    by_hand = usd[0, :here].sum() + usd[1, here + 1 :].sum()
    assert parts[0] == pytest.approx(by_hand, rel=2e-3)


def test_nothing_that_came_later_changes_what_stood(market: Market, learned: EnsembleTable) -> None:
    at_ms = START_MS + 1_000 * MINUTE_MS
    before = market.candles[market.candles["open_ms"] + MINUTE_MS <= at_ms]
    known = stood(replace(market, candles=before), at_ms)
    assert stood(replace(market, ensembles=(learned,)), at_ms) == known
    assert known.fit == "binance-btcusdt-2024-12 ensemble"
    assert known.is_provisional


def test_without_any_it_is_empty_and_says_why(market: Market) -> None:
    levels = stood(replace(market, shipped_ensemble=None))
    assert levels.levels == ()
    assert NoteKind.NO_ENSEMBLE in {one.kind for one in levels.notes}
    nothing = stood(Market("BTCUSDT", np.zeros(0, CANDLE_DTYPE)))
    assert (nothing.levels, nothing.price_usd) == ((), None)


def test_it_is_written_and_read_as_it_is(learned: EnsembleTable) -> None:
    again = parse_ensemble(learned.to_json())
    assert replace(again, fitted_ms=learned.fitted_ms) == learned
    assert shipped_ensemble().volume is Volume.SPOT
    plain = json.loads(learned.to_json())
    for change in (
        {"parts": [plain["parts"][0] | {"longs": [-1.0]}]},
        {"parts": [plain["parts"][0] | {"longs": [1.0], "shorts": []}]},
        {"volume": "moon"},
        {"parts": None},
    ):
        with pytest.raises(SettingsError) as caught:
            parse_ensemble(json.dumps(plain | change))
        assert "\n" not in str(caught.value)
    for text in ("", "[]", "{}", "[" * 5_000):
        with pytest.raises(SettingsError):
            parse_ensemble(text)


def test_rates_of_volume_are_scaled_to_another_markets_and_no_others(
    learned: EnsembleTable,
) -> None:
    spot = learned.for_volume(Volume.SPOT)
    assert spot.is_provisional
    for one, other in zip(learned.parts, spot.parts, strict=True):
        factor = 1.0 if one.name == PATH else 1 / SPOT_OVER_FUTURES
        assert isinstance(other, EnsemblePart)
        np.testing.assert_allclose(other.rates, one.rates * factor)
    assert spot.for_volume(Volume.SPOT) is spot
