"""The models' maps: what they mean, that they know nothing of later, what bad input gives."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.levels.arrays import CANDLE_DTYPE, FUNDING_DTYPE, MINUTE_MS, OPEN_INTEREST_DTYPE
from Heatmap.levels.brackets import Bracket, BracketBook, BracketTable
from Heatmap.levels.build_map import build_map, ensemble_map
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.models import Entries, LevelMap, LevelModel, ModelOptions, Unit
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.price_rows import LogRows, rows_over
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.standing import standing_levels
from Heatmap.levels.taker_selection import (
    TakerEntries,
    TakerMode,
    TakerRule,
    selection_changes,
)
from Heatmap.levels.yields import Verdict, Volume
from Heatmap.tests.unit.levels.simulated_positions import START_MS, market

SINGLE = [one for one in LevelModel if one is not LevelModel.ENSEMBLE]


def rows_of(candles: np.ndarray, width: float = 5e-4) -> LogRows:
    rows, _ = rows_over(prepare_minutes(candles), width, 0.25)
    return rows


def columns_of(candles: np.ndarray, every: int = 20) -> np.ndarray:
    return candles["open_ms"][every - 1 :: every] + MINUTE_MS


def kinds(made: LevelMap) -> set[NoteKind]:
    return {note.kind for note in made.notes}


def full_market(n: int, seed: int) -> Market:
    """Return a market of which all is known, with fits and brackets that change on the way."""
    candles = market(n, seed)
    random = np.random.default_rng(seed)
    at = START_MS + np.sort(random.integers(0, n * MINUTE_MS, 4))
    funding = np.array([(one, 1e-4) for one in at], FUNDING_DTYPE)
    interest = np.zeros(n // 5, OPEN_INTEREST_DTYPE)
    interest["known_ms"] = START_MS + np.arange(n // 5) * 5 * MINUTE_MS
    interest["usd"] = 1e9 * np.exp(np.cumsum(random.normal(0, 0.01, n // 5)))
    fits = [
        replace(
            shipped_yields(),
            name=f"fit {k}",
            volume=Volume.FUTURES,
            fitted_ms=int(one),
            data_until_ms=int(one) - MINUTE_MS,
            usd_per_message=replace(shipped_yields().usd_per_message, value=1_000.0 * (k + 1)),
        )
        for k, one in enumerate(at[:3])
    ]
    tables = tuple(
        BracketTable(int(one), "made up", (Bracket(np.inf, 0.004 + 0.001 * k, 125.0),))
        for k, one in enumerate(at[1:])
    )
    return Market(
        "BTCUSDT",
        candles,
        funding=funding,
        open_interest=interest,
        fits=fits,
        brackets=BracketBook({"BTCUSDT": tables}),
    )


def cut(known: Market, at_ms: int) -> Market:
    """Return what was known at a time; what was true later is not in it at all."""
    assert known.funding is not None
    assert known.open_interest is not None
    tables = known.brackets.tables["BTCUSDT"]
    return replace(
        known,
        candles=known.candles[known.candles["open_ms"] + MINUTE_MS <= at_ms],
        funding=known.funding[known.funding["paid_ms"] <= at_ms],
        open_interest=known.open_interest[known.open_interest["known_ms"] <= at_ms],
        fits=[one for one in known.fits if one.fitted_ms <= at_ms],
        brackets=BracketBook(
            {"BTCUSDT": tuple(one for one in tables if one.valid_from_ms <= at_ms)}
        ),
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(60, 300),
    st.floats(0.1, 1),
    st.sampled_from(SINGLE),
    st.sampled_from(list(TakerMode)),
    st.sampled_from(list(Entries)),
    st.booleans(),
)
def test_nothing_later_changes_a_column(
    seed: int,
    n: int,
    part: float,
    model: LevelModel,
    mode: TakerMode,
    entries: Entries,
    is_consumed: bool,
) -> None:
    known = full_market(n, seed)
    rows = rows_of(known.candles, 1e-3)
    options = ModelOptions(
        entries=entries,
        half_life_ms=3_600_000,
        taker_rule=TakerRule(mode, 5e6, 10, 0.1, is_consumed),
    )
    columns = columns_of(known.candles, 7)
    shown = columns[: max(int(len(columns) * part), 1)]
    whole = build_map(model, known, rows, columns, options)
    then = build_map(model, cut(known, int(shown[-1])), rows, shown, options)
    np.testing.assert_array_equal(whole.usd[: len(shown)], then.usd)
    np.testing.assert_array_equal(whole.is_known[: len(shown)], then.is_known)
    at = int(shown[-1])
    assert standing_levels(known, at).levels == standing_levels(cut(known, at), at).levels


def test_a_map_after_a_refit_is_what_the_new_fit_says_of_all_entries() -> None:
    known = full_market(300, 4)
    rows, columns = rows_of(known.candles), columns_of(known.candles)
    made = build_map(LevelModel.CALIBRATED, known, rows, columns)
    assert made.scale_ms == tuple(sorted(one.fitted_ms for one in known.fits))
    last = max(known.fits, key=lambda one: one.fitted_ms)
    assert made.table == last
    alone = build_map(LevelModel.CALIBRATED, replace(known, fits=[], shipped=last), rows, columns)
    is_after = columns >= last.fitted_ms
    np.testing.assert_allclose(made.usd[is_after], alone.usd[is_after], rtol=1e-5)
    assert not np.allclose(made.usd[~is_after], alone.usd[~is_after])


def test_standing_longs_and_shorts_are_as_much_as_the_open_interest() -> None:
    known = full_market(300, 1)
    rows, columns = rows_of(known.candles), columns_of(known.candles)
    made = build_map(LevelModel.BINANCE_STANDARD, known, rows, columns)
    assert made.unit is Unit.STANDING_USD
    assert known.open_interest is not None
    interest = known.open_interest
    for column, at, close in zip(made.usd, columns, known.candles["close"][19::20], strict=True):
        usd = interest["usd"][np.searchsorted(interest["known_ms"], at, side="right") - 1]
        below = rows.edges_usd[:-1] < close
        assert column[below].sum() == pytest.approx(usd, rel=1e-4)
        assert column[~below].sum() == pytest.approx(usd, rel=1e-4)


def test_funding_shifts_what_stands() -> None:
    known = replace(full_market(200, 2), open_interest=None)
    assert known.funding is not None
    known.funding["rate"] = 0.002
    rows, columns = rows_of(known.candles, 1e-4), columns_of(known.candles)
    plain = build_map(LevelModel.BINANCE_STANDARD, known, rows, columns).usd[-1]
    shifted = build_map(LevelModel.FUNDING_ADJUSTED, known, rows, columns).usd[-1]
    row = np.arange(rows.count)
    far = row < 1_200  # of five times leverage, never reached
    middles = [float(one[far] @ row[far] / one[far].sum()) for one in (plain, shifted)]
    # Four times 0.2 %, less what was entered between.
    assert 10 < middles[1] - middles[0] < 81


def test_the_sides_of_a_map_never_share_a_row() -> None:
    candles = market(400, 7)
    rows, columns = rows_of(candles), columns_of(candles, 1)
    made = build_map(LevelModel.CALIBRATED, Market("BTCUSDT", candles), rows, columns)
    assert (made.usd >= 0).all()
    assert made.is_known.all()
    assert made.table is not None
    assert made.table.is_provisional
    assert kinds(made) == {NoteKind.PROVISIONAL_USD}


def test_each_map_carries_its_score_and_what_it_is_from() -> None:
    candles = market(100)
    rows, columns = rows_of(candles), columns_of(candles)
    made = {one: build_map(one, Market("BTCUSDT", candles), rows, columns) for one in SINGLE}
    calibrated = made[LevelModel.CALIBRATED]
    assert calibrated.table is not None
    assert calibrated.score == calibrated.table.score
    for model in (LevelModel.BINANCE_STANDARD, LevelModel.PY_LIQUIDATION_MAP):
        score = made[model].score
        assert score is not None
        assert "December 2024" in score.folds
        assert score.over_distance.high < 0
    assert {one.verdict for one in made.values()} == {
        Verdict.NO_BETTER,
        Verdict.WORSE,
        Verdict.UNKNOWN,
    }
    assert made[LevelModel.FUNDING_ADJUSTED].score is None


def test_futures_dollars_are_a_ninth_of_spot_dollars() -> None:
    candles = market(200)
    rows, columns = rows_of(candles), columns_of(candles)
    spot = Market("BTCUSDT", candles, Volume.SPOT)
    futures = Market("BTCUSDT", candles, Volume.FUTURES)
    made = [build_map(LevelModel.CALIBRATED, one, rows, columns) for one in (spot, futures)]
    assert made[1].usd.sum() == pytest.approx(0.117 * made[0].usd.sum(), rel=1e-5)
    assert kinds(made[0]) == set()
    assert kinds(made[1]) == {NoteKind.PROVISIONAL_USD}


def test_yields_of_another_symbol_are_provisional() -> None:
    candles = market(50)
    known = Market("ETHUSDT", candles, Volume.SPOT)
    made = build_map(LevelModel.CALIBRATED, known, rows_of(candles), columns_of(candles))
    assert NoteKind.PROVISIONAL_USD in kinds(made)


def test_an_ensemble_is_a_sum() -> None:
    known = full_market(200, 3)
    rows, columns = rows_of(known.candles), columns_of(known.candles)
    maps = [
        build_map(one, known, rows, columns)
        for one in (LevelModel.CALIBRATED, LevelModel.BINANCE_STANDARD)
    ]
    made = ensemble_map(maps, [1e-4, 2e-9], 15_000.0)
    assert made.unit is Unit.EXPECTED_USD
    expected = maps[0].usd * 1.5 + maps[1].usd * 3e-5
    np.testing.assert_allclose(made.usd, expected, rtol=1e-5, atol=1e-6)
    assert kinds(maps[0]) | kinds(maps[1]) == kinds(made)


# --- py_liquidation_map


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(0, 1e7), max_size=4), min_size=1, max_size=40),
    st.sampled_from(list(TakerMode)),
    st.integers(0, 8),
    st.floats(0, 1),
)
def test_the_largest_are_chosen_as_of_each_minute(
    minutes: list[list[float]], mode: TakerMode, top_n: int, portion: float
) -> None:
    rule = TakerRule(mode, 3e6, top_n, portion)
    amounts = [one for minute in minutes for one in minute]
    numbers = [number for number, minute in enumerate(minutes) for _ in minute]
    each = [sum(one > 0 for one in minute) for minute in minutes]
    entries = TakerEntries(
        np.array(numbers, np.int64),
        np.array(amounts, np.float64),
        np.zeros((len(amounts), 1)),
        np.cumsum(each),
        3e6,
    )
    changes = selection_changes(entries, rule)
    assert (np.diff(changes.minute) >= 0).all()
    chosen: set[int] = set()
    for t in range(len(minutes)):
        known = [one for minute in minutes[: t + 1] for one in minute if one > 0]
        for at in np.flatnonzero(changes.minute == t):
            (chosen.add if changes.sign[at] > 0 else chosen.remove)(int(changes.entry[at]))
        if mode is TakerMode.GROSS_VALUE:
            expected = [one for one in known if one >= 3e6]
        else:
            room = top_n if mode is TakerMode.TOP_N else int(len(known) * portion)
            expected = sorted(known, reverse=True)[:room]
        assert sorted(amounts[one] for one in chosen) == sorted(expected)


def test_taker_levels_lie_at_one_over_leverage_of_the_taken_volume() -> None:
    candles = market(1)
    candles["taker_buy_quote"] = 3e6
    candles["quote_volume"] = 3.5e6
    known = Market("BTCUSDT", candles)
    rows, columns = rows_of(candles, 1e-4), columns_of(candles, 1)
    made = build_map(LevelModel.PY_LIQUIDATION_MAP, known, rows, columns)
    close = float(candles["close"][0])
    edges = rows.edges_usd
    for leverage in (10, 25, 50, 100):
        low, high = close * (1 - 1 / leverage) * 0.998, close * (1 - 1 / leverage) * 1.002
        inside = (edges[:-1] > low) & (edges[1:] < high)
        assert made.usd[0, inside].sum() == pytest.approx(3e6 / 4, rel=1e-6)
    assert not made.usd[0, edges[:-1] > close].any()
    assert {NoteKind.MINUTES_FOR_TRADES} == kinds(made)


def test_a_displaced_minute_takes_away_only_what_is_left_of_it() -> None:
    candles = market(300, 5, volatility=2e-3)
    known = Market("BTCUSDT", candles)
    rows, columns = rows_of(candles), columns_of(candles, 1)
    rule = TakerRule(TakerMode.TOP_N, top_n=5, is_consumed=True)
    made = build_map(
        LevelModel.PY_LIQUIDATION_MAP, known, rows, columns, ModelOptions(taker_rule=rule)
    )
    assert (made.usd >= 0).all()
    taken = np.stack(
        [candles["taker_buy_quote"], candles["quote_volume"] - candles["taker_buy_quote"]]
    )
    for at in (50, 150, 299):
        most = sum(np.sort(taken[side, : at + 1])[-5:].sum() for side in range(2))
        assert 0 < made.usd[at].sum() <= most * (1 + 1e-6)


def test_unknown_takers_are_said_so() -> None:
    candles = market(50)
    candles["taker_buy_quote"] = np.nan
    known = Market("BTCUSDT", candles)
    made = build_map(LevelModel.PY_LIQUIDATION_MAP, known, rows_of(candles), columns_of(candles))
    assert not made.usd.any()
    assert NoteKind.NO_TAKER_VOLUME in kinds(made)


# --- bad input


@pytest.mark.parametrize("model", SINGLE)
def test_no_candles_give_an_empty_map_that_says_why(model: LevelModel) -> None:
    known = Market("BTCUSDT", np.zeros(0, CANDLE_DTYPE))
    rows = LogRows(1e-3, 11_400, 100)
    made = build_map(model, known, rows, np.array([START_MS, START_MS + MINUTE_MS]))
    assert np.isnan(made.usd).all()
    assert not made.is_known.any()
    assert NoteKind.NO_CANDLES in kinds(made)
    told = standing_levels(known, START_MS)
    assert told.levels == ()
    assert told.price_usd is None
    assert NoteKind.NO_CANDLES in {note.kind for note in told.notes}


@pytest.mark.parametrize("model", SINGLE)
def test_no_columns_are_no_fault(model: LevelModel) -> None:
    candles = market(20)
    known = Market("BTCUSDT", candles)
    made = build_map(model, known, rows_of(candles), np.zeros(0, np.int64))
    assert made.usd.shape[0] == 0


@pytest.mark.parametrize("model", SINGLE)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("high", np.nan),
        ("low", 0.0),
        ("close", -5.0),
        ("open", np.inf),
        ("low", 1e9),
        ("quote_volume", -1.0),
        ("quote_volume", np.inf),
        ("taker_buy_quote", -1.0),
        ("taker_buy_quote", 1e12),
    ],
)
def test_impossible_candles_are_left_out_and_said_so(
    model: LevelModel, name: str, value: float
) -> None:
    candles = market(60)
    candles[name][30] = value
    known = Market("BTCUSDT", candles)
    columns = columns_of(market(60), 1)
    rows = rows_of(market(60))
    made = build_map(model, known, rows, columns)
    without = build_map(model, Market("BTCUSDT", np.delete(candles, 30)), rows, columns)
    np.testing.assert_array_equal(made.usd, without.usd)
    assert {NoteKind.BAD_CANDLES, NoteKind.HOLES} <= kinds(made)
    assert not made.is_known[30]
    assert made.is_known.sum() == 59


def test_holes_are_told_and_what_was_passed_in_them_is_consumed() -> None:
    candles = market(120, 3)
    candles = np.delete(candles, np.s_[50:70])
    known = Market("BTCUSDT", candles, Volume.SPOT)
    columns = START_MS + np.arange(1, 121) * MINUTE_MS
    made = build_map(LevelModel.CALIBRATED, known, rows_of(candles), columns)
    holes = next(note for note in made.notes if note.kind is NoteKind.HOLES)
    assert holes.count == 20
    assert made.is_known.tolist() == [True] * 50 + [False] * 20 + [True] * 50


def test_a_price_that_jumps_by_half_drops_what_stood() -> None:
    candles = market(100)
    for name in ("open", "high", "low", "close"):
        candles[name][60:] /= 2
    known = Market("BTCUSDT", candles, Volume.SPOT)
    rows, columns = rows_of(candles), columns_of(candles, 1)
    made = build_map(LevelModel.CALIBRATED, known, rows, columns)
    assert NoteKind.PRICE_JUMP in kinds(made)
    alone = Market("BTCUSDT", candles[60:], Volume.SPOT)
    after = build_map(LevelModel.CALIBRATED, alone, rows, columns[60:])
    np.testing.assert_allclose(made.usd[60:], after.usd, rtol=1e-5)
    assert made.usd[59].any()


@pytest.mark.parametrize("model", SINGLE)
def test_zero_and_unknown_volume_give_an_empty_map_that_says_why(model: LevelModel) -> None:
    candles = market(30)
    candles["quote_volume"] = candles["taker_buy_quote"] = 0.0
    rows, columns = rows_of(candles), columns_of(candles)
    made = build_map(model, Market("BTCUSDT", candles), rows, columns)
    assert not made.usd.any()
    assert NoteKind.NO_VOLUME in kinds(made)
    candles["quote_volume"] = candles["taker_buy_quote"] = np.nan
    made = build_map(model, Market("BTCUSDT", candles), rows, columns)
    assert not made.usd.any()
    assert NoteKind.UNKNOWN_VOLUME in kinds(made)


def test_a_listing_of_an_hour_has_a_map() -> None:
    candles = market(60)
    known = Market("NEWUSDT", candles)
    rows, columns = rows_of(candles), columns_of(candles)
    for model in SINGLE:
        assert build_map(model, known, rows, columns).usd[-1].any()
    made = build_map(LevelModel.BINANCE_STANDARD, known, rows, columns)
    flat = next(note for note in made.notes if note.kind is NoteKind.NO_BRACKETS)
    assert flat.value == 0.005
    assert {NoteKind.NO_OPEN_INTEREST} < kinds(made)


def test_without_any_yields_nothing_is_invented() -> None:
    candles = market(60)
    known = Market("BTCUSDT", candles, shipped=None)
    made = build_map(LevelModel.CALIBRATED, known, rows_of(candles), columns_of(candles))
    assert not made.usd.any()
    assert kinds(made) == {NoteKind.NO_YIELDS}
    told = standing_levels(known, START_MS + 3_600_000)
    assert told.levels == ()
    assert told.fit is None
    assert told.verdict is Verdict.UNKNOWN


def test_a_leverage_that_no_size_may_have_gives_an_empty_map() -> None:
    candles = market(30)
    options = ModelOptions(leverage_mix=((1_000.0, 1.0),))
    known = Market("BTCUSDT", candles)
    made = build_map(
        LevelModel.BINANCE_STANDARD, known, rows_of(candles), columns_of(candles), options
    )
    assert not made.usd.any()


def test_candles_in_no_order_and_twice_are_the_same() -> None:
    candles = market(80)
    rows, columns = rows_of(candles), columns_of(candles)
    twice = np.random.default_rng(0).permutation(np.concatenate([candles, candles]))
    made = [
        build_map(LevelModel.CALIBRATED, Market("BTCUSDT", one), rows, columns).usd
        for one in (candles, twice)
    ]
    np.testing.assert_array_equal(*made)
