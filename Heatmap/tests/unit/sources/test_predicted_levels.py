"""Predicted levels as a heat source: from a store through maps and picture to the message."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.domain.candles import MINUTE_MS, RunningMinute
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.running_minutes import RunningMinutes
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.levels.build_map import build_map
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.models import LevelModel
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellQuery, PictureMessage
from Heatmap.sources.heat_source import HeatWindow
from Heatmap.sources.predicted.level_facts import LevelFacts
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.source_context import SourceContext
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.stored_market import SYMBOL, made_events
from Heatmap.tests.unit.sources.drawn_levels import (
    ALL,
    COUNT,
    NOW_MS,
    PRICE,
    TICK,
    Drawn,
    cells_of,
    level_above,
    request,
    view,
    whole,
)


def test_the_sum_of_what_is_drawn_is_that_of_the_models_map(drawn: Drawn) -> None:
    low = int(PRICE * 0.97 / 10)
    axes = GridSpec(
        PriceAxis(TICK, 100, low, int(PRICE * 0.06 / 10)),
        TimeAxis(MINUTE_MS, NOW_MS // MINUTE_MS - 240, 240),
    )
    settings = HeatmapSettings(heat="predicted")
    drawn.source.load(axes, HeatWindow(settings, NOW_MS, is_still=False, heartbeats=None))
    market = drawn.reader.read(SYMBOL, NOW_MS, settings.candle_retention_ms).market
    rows, _ = rows_over(prepare_minutes(market.candles), FIT_WIDTH, 0.23)
    times = (axes.time.first_col + 1 + np.arange(240)) * MINUTE_MS
    expected = build_map(LevelModel.CALIBRATED, market, rows, times)
    edges = np.array([axes.price.low, axes.price.high])
    sums = rows.to_price_rows(expected.usd, edges)[:, 0]
    assert (sums > 1e5).all()
    np.testing.assert_allclose(drawn.source.columns.usd().sum(axis=0), sums, rtol=1e-4)
    shown = drawn.source.sides()[0] * drawn.source.columns.row_units[:, None]
    np.testing.assert_allclose(shown.sum(axis=0), sums, rtol=1e-4)


def test_it_covers_the_pane_and_stands_to_the_right_of_now(drawn: Drawn) -> None:
    message = whole(drawn.picture.rebuild(request()))
    meta = message.meta
    assert meta["standing"] is True
    assert meta["timeStartMs"] <= NOW_MS - 4 * 3_600_000
    assert meta["windowStartMs"] <= NOW_MS - 4 * 3_600_000
    assert meta["endMs"] == NOW_MS
    assert meta["gaps"] == []
    cells = cells_of(message)
    assert cells.any(axis=0).all()
    # No carpet: most of it is not painted, and what is strong is strong.
    assert 0.02 < (cells > 20).mean() < 0.6
    assert cells.max() > 200


def test_its_scale_palette_and_words_are_its_own(drawn: Drawn) -> None:
    settings = {"clip_usd": 5.0}
    meta = whole(drawn.picture.rebuild(request(**settings))).meta
    assert meta["paletteOption"] == "predictedPalette"
    assert meta["toldEverywhere"] is True
    assert meta["scale"]["clipUsd"] > 1_000
    locked = whole(drawn.picture.restyle(request(predicted_clip_usd=77_000.0, **settings))).meta
    assert locked["scale"]["clipUsd"] == 77_000.0
    words = meta["sourceText"].split("\n")
    assert words[0] == "Colour: USD expected per 0.1 % of price, if reached"
    assert words[1] == "No better than distance alone, better than any fixed leverage table"
    learned = "Learned 4 to 5 Dec 2024 from 1,816 liquidations, amounts provisional"
    assert words[2] == f"{learned}, 2 of 45 days of candles"
    complete = whole(drawn.picture.rebuild(request(candle_retention_days=2))).meta
    assert complete["sourceText"].endswith(f"{learned}, 2 days of candles")
    for word in ("accuracy", "confidence"):
        assert word not in meta["sourceText"].lower()


def test_a_closed_minute_adds_columns_and_changes_nothing_before(drawn: Drawn) -> None:
    before = cells_of(drawn.picture.rebuild(request()))
    steps = 7
    for n in range(COUNT, COUNT + steps):
        now_ms = ALL[n].open_ms + MINUTE_MS
        drawn.store(ALL[n : n + 1])
        message = drawn.picture.update(request(now_ms))
        assert message is not None
        assert not message.is_whole
        assert message.meta["offer"] is None
    again = drawn.picture.restyle(request(now_ms))
    other = HeatPicture(PredictedLevelHeat(SourceContext(drawn.tape, drawn.maps), SYMBOL), SYMBOL)
    clip = whole(again).meta["scale"]["clipUsd"]
    shown = cells_of(drawn.picture.restyle(request(now_ms, predicted_clip_usd=clip)))
    fresh = cells_of(
        other.rebuild(request(now_ms, viewport=view(4.0, now_ms=now_ms), predicted_clip_usd=clip))
    )
    width = min(shown.shape[1], fresh.shape[1])
    np.testing.assert_array_equal(shown[:, -width:], fresh[:, -width:])
    bin_ms = whole(again).meta["binMs"]
    moved = steps * MINUTE_MS // bin_ms
    old = cells_of(again)
    kept = before.shape[1] - moved - MINUTE_MS // bin_ms - 1
    np.testing.assert_array_equal(old[:, :kept], before[:, moved : moved + kept])


def test_candles_that_come_from_before_change_the_picture_and_the_legend_says_so(
    tmp_path: Path,
) -> None:
    made = Drawn(tmp_path / "heatmap.sqlite3", ALL[1_440:COUNT])
    first = whole(made.picture.rebuild(request(candle_retention_days=2)))
    assert "1 of 2 days of candles" in first.meta["sourceText"]
    made.maps._maps[SYMBOL].made_s -= 1_000.0
    made.store(ALL[:1_440])
    message = whole(made.picture.update(request(candle_retention_days=2)))
    assert message.meta["sourceText"].endswith("provisional, 2 days of candles")
    fresh = Drawn(tmp_path / "other.sqlite3", ALL[:COUNT])
    clip = message.meta["scale"]["clipUsd"]
    asked = request(candle_retention_days=2, predicted_clip_usd=clip)
    np.testing.assert_array_equal(
        cells_of(made.picture.restyle(asked)), cells_of(fresh.picture.rebuild(asked))
    )


def test_the_running_minute_consumes_at_once(drawn: Drawn) -> None:
    first = whole(drawn.picture.rebuild(request()))
    rows = np.flatnonzero(cells_of(first)[:, -1] > 60)
    meta = first.meta
    prices = meta["priceLow"] + (rows + 0.5) * meta["binUsd"]
    hit = rows[np.argmin(np.abs(prices / PRICE - 1))]
    price = float(meta["priceLow"] + (hit + 0.5) * meta["binUsd"])
    low, high = sorted((price, PRICE))
    later = NOW_MS + 20_000
    message = drawn.picture.update(
        request(later, running=(RunningMinute(NOW_MS, low * 0.9999, high * 1.0001),))
    )
    assert message is not None
    cells = np.frombuffer(bytes_of(message), np.uint8).reshape(meta["rows"], -1)
    assert cells[hit, -1] == 0
    assert cells[:, -1].any()


def test_a_level_that_was_touched_is_gone_until_its_candle_comes_however_late(
    drawn: Drawn,
) -> None:
    hit, price = level_above(whole(drawn.picture.rebuild(request())))
    touched = RunningMinute(NOW_MS, PRICE, price * 1.0001)
    minutes = RunningMinutes()
    minutes.receive(touched, None, NOW_MS + 20_000)
    for late in range(1, 30):
        now_ms = NOW_MS + late * MINUTE_MS
        running = minutes.receive(None, PRICE, now_ms)
        message = drawn.picture.update(request(now_ms, running=running))
        assert message is not None
        if not message.is_whole:
            # Only what is new goes to the page.
            assert message.meta["cols"] < 40
        cells = cells_of(drawn.picture.restyle(request(now_ms, running=running)))
        assert cells[hit, -1] == 0
        assert cells[:, -1].any()
    # With the candle it counts no more: what entered in that minute stands.
    drawn.store(ALL[COUNT : COUNT + 30])
    assert drawn.picture.update(request(now_ms, running=running)) is not None
    assert (
        drawn.source._take_running(
            HeatWindow(HeatmapSettings(), now_ms, is_still=False, heartbeats=None, running=running)
        )
        == ()
    )


def test_a_running_candle_that_reaches_new_rows_makes_the_picture_due_at_once(
    drawn: Drawn,
) -> None:
    _, price = level_above(whole(drawn.picture.rebuild(request())))
    near = (RunningMinute(NOW_MS, PRICE, PRICE),)
    assert drawn.picture.is_due(NOW_MS, near)
    drawn.picture.update(request(running=near))
    assert not drawn.picture.is_due(NOW_MS, near)
    far = (RunningMinute(NOW_MS, PRICE, price),)
    assert drawn.picture.is_due(NOW_MS, far)
    drawn.picture.update(request(running=far))
    # Neither the same again, nor less, nor what the candles know by now.
    for same in (far, near, (RunningMinute(NOW_MS - MINUTE_MS, PRICE / 2, PRICE),)):
        assert not drawn.picture.is_due(NOW_MS, same)
    # A chart that is scrolled back shows nothing of now.
    drawn.picture.rebuild(request(viewport=view(4.0, NOW_MS - 3_600_000)))
    assert not drawn.picture.is_due(NOW_MS, far)


def test_a_chart_that_is_scrolled_back_shows_what_was_known_then(drawn: Drawn) -> None:
    back_ms = NOW_MS - 10 * 3_600_000
    meta = whole(drawn.picture.rebuild(request(viewport=view(4.0, back_ms)))).meta
    assert "standing" not in meta
    assert meta["endMs"] == back_ms
    clip = {"predicted_clip_usd": meta["scale"]["clipUsd"]}
    later = cells_of(drawn.picture.rebuild(request(viewport=view(4.0, back_ms), **clip)))
    then = Drawn(drawn.path.with_name("then.sqlite3"), ALL[: COUNT - 600])
    earlier = then.picture.rebuild(request(back_ms, viewport=view(4.0, now_ms=back_ms), **clip))
    np.testing.assert_array_equal(later, cells_of(earlier))
    assert drawn.picture.update(request(NOW_MS + 5_000, viewport=view(4.0, back_ms))) is None


def test_holes_in_candles_are_hatched(tmp_path: Path) -> None:
    hole = slice(COUNT - 100, COUNT - 60)
    kept = (*ALL[: hole.start], *ALL[hole.stop : COUNT])
    made = Drawn(tmp_path / "heatmap.sqlite3", kept)
    meta = whole(made.picture.rebuild(request())).meta
    assert meta["gaps"] == [[ALL[hole.start].open_ms, ALL[hole.stop].open_ms, "gap"]]
    stale = whole(made.picture.rebuild(request(NOW_MS + 600_000))).meta
    assert stale["gaps"][-1] == [NOW_MS, NOW_MS + 600_000, "gap"]


def test_a_symbol_without_candles_has_no_levels_and_says_so(drawn: Drawn) -> None:
    source = PredictedLevelHeat(SourceContext(drawn.tape, drawn.maps), "ETHUSDT")
    picture = HeatPicture(source, "ETHUSDT")
    message = whole(picture.rebuild(request()))
    assert not cells_of(message).any()
    assert message.marks == ()
    assert message.meta["sourceText"].endswith("No candles of ETHUSDT yet, so no levels")
    assert picture.update(request(NOW_MS + 1_000)) is None
    place = CellQuery(PRICE, PRICE + 10, NOW_MS - 60_000, NOW_MS)
    report = picture.describe(place)
    assert report is not None
    assert report.lines[0] == ("Expected if reached", "not known, there are no candles")


def test_candles_without_volume_have_no_levels_and_say_why(tmp_path: Path) -> None:
    quiet = tuple(replace(one, quote_volume=0.0, taker_buy_quote=0.0) for one in ALL[:COUNT])
    made = Drawn(tmp_path / "heatmap.sqlite3", quiet)
    message = whole(made.picture.rebuild(request()))
    assert not cells_of(message).any()
    assert "have no volume, so no levels" in message.meta["sourceText"]
    made.picture.close()


def strongest(message: PictureMessage) -> tuple[float, str]:
    return message.marks[0].price, message.marks[0].side


def test_the_strongest_levels_are_named_the_same_at_every_zoom(drawn: Drawn) -> None:
    message = whole(drawn.picture.rebuild(request()))
    assert 1 <= len(message.marks) <= 24
    usd = [one.usd for one in message.marks]
    assert usd == sorted(usd, reverse=True)
    assert {one.side for one in message.marks} <= {"longs", "shorts"}
    for one in message.marks:
        assert (one.price < PRICE) == (one.side == "longs")
    wide = Viewport(PRICE * 0.93, PRICE * 1.07, None, 920, 500, NOW_MS - 3_600_000 * 24)
    other = whole(drawn.picture.rebuild(request(viewport=wide)))
    amounts = {round(one.price, 6): one.usd for one in message.marks}
    shared = [one for one in other.marks if round(one.price, 6) in amounts]
    assert len(shared) >= 1
    for one in shared:
        assert one.usd == pytest.approx(amounts[round(one.price, 6)], rel=1e-6)


def test_the_crosshair_tells_what_is_expected_there(drawn: Drawn) -> None:
    message = whole(drawn.picture.rebuild(request()))
    price, side = strongest(message)
    meta = message.meta
    row = int((price - meta["priceLow"]) // meta["binUsd"])
    low = meta["priceLow"] + row * meta["binUsd"]
    last_ms = meta["timeStartMs"] + meta["cols"] * meta["binMs"]
    # Before now, so that some of its time was recorded.
    place = CellQuery(
        low, low + meta["binUsd"], last_ms - 2 * meta["binMs"], last_ms - meta["binMs"]
    )
    report = drawn.picture.describe(place)
    assert report is not None
    facts = report.facts
    assert isinstance(facts, LevelFacts)
    assert facts.side == side
    assert facts.price_usd == pytest.approx(ALL[COUNT - 1].close)
    columns = drawn.source.columns
    assert facts.per_unit_usd == pytest.approx(
        columns.usd()[row, -2] / columns.row_units[row], rel=1e-3
    )
    middles = meta["priceLow"] + (np.arange(meta["rows"]) + 0.5) * meta["binUsd"]
    between = (
        (middles >= low) & (middles < PRICE)
        if side == "longs"
        else ((middles > PRICE) & (middles < low + meta["binUsd"]))
    )
    assert facts.cumulative_usd == pytest.approx(columns.usd()[between, -2].sum(), rel=0.05)
    assert sum(one.share for one in facts.shares) == pytest.approx(1.0, abs=0.1)
    # To the near end of the level of 0.1 % that it lies in.
    assert facts.price_usd is not None
    away = abs(price / facts.price_usd - 1) * 100
    assert away - 0.11 < facts.distance_pct < away + 0.03
    assert facts.recorded is not None
    assert facts.recorded.recorded.is_whole
    labels = [label for label, _ in report.lines]
    assert labels[:3] == [f"If reached, {side}", "The whole level", "From the price to here"]
    assert {"Opened", "Score", "Learned", "Amounts", "Recorded"} <= set(labels)
    text = " ".join(word for line in report.lines for word in line).lower()
    assert "provisional, a lower bound" in text


def test_crosshair_and_label_say_the_same_of_a_whole_level(drawn: Drawn) -> None:
    message = whole(drawn.picture.rebuild(request()))
    meta, time = message.meta, drawn.source.spec.time
    last_ms = time.last_col * meta["binMs"]
    assert message.marks
    for mark in message.marks:
        at = math.floor(mark.price / meta["binUsd"]) * meta["binUsd"]
        place = CellQuery(at, at + meta["binUsd"], last_ms, last_ms + meta["binMs"])
        report = drawn.picture.describe(place)
        assert report is not None
        assert isinstance(report.facts, LevelFacts)
        assert report.facts.level_usd == pytest.approx(mark.usd, rel=1e-3)
        # It is not what the colour says, which is per 0.1 % of price.
        assert report.facts.level_usd != pytest.approx(report.facts.per_unit_usd, rel=0.01)


def test_right_of_now_only_what_stands_is_told(drawn: Drawn) -> None:
    meta = whole(drawn.picture.rebuild(request())).meta
    last_ms = drawn.source.spec.time.last_col * meta["binMs"]
    low = meta["priceLow"] + 3 * meta["binUsd"]
    place = CellQuery(low, low + meta["binUsd"], last_ms, last_ms + meta["binMs"])
    told = {}
    for is_now in (False, True):
        report = drawn.picture.describe(replace(place, is_now=is_now))
        assert report is not None
        told[is_now] = dict(report.lines)
    # Of the newest column something is known; nothing was liquidated in what is to come.
    assert (
        {"Liquidated here"}
        <= told[False].keys() - told[True].keys()
        <= {*("Liquidated here", "  longs", "  shorts", "Recorded")}
    )
    assert told[True].keys() <= told[False].keys()


def test_from_the_price_to_a_place_counts_also_what_the_pane_does_not_show(drawn: Drawn) -> None:
    # Candles are an hour late: no price lies in the pane's time either.
    now_ms = NOW_MS + 3_600_000
    far = Viewport(PRICE * 1.05, PRICE * 1.06, None, 920, 500, now_ms - 600_000)
    meta = whole(drawn.picture.rebuild(request(now_ms, far))).meta
    last_ms = meta["timeStartMs"] + meta["cols"] * meta["binMs"]
    for until_ms in (last_ms, last_ms - 5 * MINUTE_MS):
        place = CellQuery(PRICE * 1.055, PRICE * 1.0551, until_ms - meta["binMs"], until_ms)
        report = drawn.picture.describe(place)
        assert report is not None
        assert isinstance(report.facts, LevelFacts)
        market = drawn.reader.read(SYMBOL, until_ms, 45 * 86_400_000).market
        rows, _ = rows_over(prepare_minutes(market.candles), FIT_WIDTH, 0.23)
        times = np.array([until_ms])
        stood = build_map(LevelModel.CALIBRATED, market, rows, times).usd[0]
        price = report.facts.price_usd
        assert price is not None
        high = meta["priceLow"] + meta["binUsd"] * (
            (PRICE * 1.0551 - meta["priceLow"]) // meta["binUsd"] + 1
        )
        expected = rows.to_price_rows(stood, np.array([price, high]))[0]
        assert report.facts.cumulative_usd == pytest.approx(expected, rel=0.01)


def test_no_column_is_shorter_than_a_minute_and_the_newest_is_the_running_one(
    drawn: Drawn,
) -> None:
    shown = view(0.5)
    meta = whole(drawn.picture.rebuild(request(NOW_MS + 20_000, viewport=shown))).meta
    assert meta["binMs"] == MINUTE_MS
    assert drawn.picture.fits(shown)
    assert meta["timeStartMs"] + (meta["cols"] - 1) * MINUTE_MS == NOW_MS
    columns = drawn.source.columns
    # All that is closed stands in it, and in the one before that of its own end.
    last = meta["cols"] - 1
    assert [columns.seen_at(last - back) for back in range(3)] == [COUNT, COUNT, COUNT - 1]
    before = columns.usd()
    drawn.store(ALL[COUNT : COUNT + 1])
    drawn.picture.update(request(NOW_MS + 62_000, viewport=shown))
    # Only what was not over has become another.
    np.testing.assert_array_equal(columns.usd()[:, : last - 1], before[:, 1:last])


def test_time_whose_prices_have_no_rows_is_hatched_and_named(tmp_path: Path) -> None:
    names = ("open", "high", "low", "close")
    low = tuple(
        replace(one, **{name: getattr(one, name) / 6 for name in names}) for one in ALL[:100]
    )
    made = Drawn(tmp_path / "heatmap.sqlite3", (*low, *ALL[100:COUNT]))
    shown = view(47.9)
    meta = whole(made.picture.rebuild(request(viewport=shown))).meta
    start_ms = max(meta["windowStartMs"], meta["timeStartMs"])
    assert meta["gaps"] == [[start_ms, ALL[100].open_ms, "gap"]]
    assert "Nothing is drawn before" in meta["sourceText"]
    near = whole(made.picture.rebuild(request())).meta
    assert near["gaps"] == []


@pytest.mark.parametrize("side", ["longs", "shorts"])
def test_of_one_side_alone_the_crosshair_says_no_more_than_is_drawn(
    drawn: Drawn, side: str
) -> None:
    meta = whole(drawn.picture.rebuild(request(side=side))).meta
    last_ms = meta["timeStartMs"] + meta["cols"] * meta["binMs"]
    for mark in drawn.picture.rebuild(request()).marks[:8]:  # type: ignore[union-attr]
        drawn.picture.rebuild(request(side=side))
        low = mark.price // meta["binUsd"] * meta["binUsd"]
        place = CellQuery(low, low + meta["binUsd"], last_ms - meta["binMs"], last_ms)
        report = drawn.picture.describe(place)
        assert report is not None
        assert ("Counted", f"only {side}") in report.lines
        expected = mark.side if mark.side == side else "nothing stands here"
        assert expected in " ".join(report.lines[0])
        facts = report.facts
        assert isinstance(facts, LevelFacts)
        assert (facts.cumulative_usd > 0) == (mark.side == side)
        assert bool(facts.shares) == (mark.side == side)


def test_of_columns_in_one_pixel_the_crosshair_tells_the_strongest(drawn: Drawn) -> None:
    meta = whole(drawn.picture.rebuild(request())).meta
    usd = drawn.source.columns.usd()
    # A level that is there in one column and gone in the next.
    row, column = np.argwhere((usd[:, :-1] > 1_000) & (usd[:, 1:] == 0))[-1].tolist()
    low = meta["priceLow"] + row * meta["binUsd"]
    from_ms = meta["timeStartMs"] + column * meta["binMs"]
    both = CellQuery(low, low + meta["binUsd"], from_ms, from_ms + 2 * meta["binMs"])
    first = CellQuery(low, low + meta["binUsd"], from_ms, from_ms + meta["binMs"])
    told, alone = (drawn.picture.describe(place) for place in (both, first))
    assert told is not None
    assert alone is not None
    assert told.lines[0] == alone.lines[0]
    assert told.lines[0][0].startswith("If reached")


def test_where_the_price_has_just_been_nothing_stands(drawn: Drawn) -> None:
    meta = whole(drawn.picture.rebuild(request())).meta
    last_ms = meta["timeStartMs"] + meta["cols"] * meta["binMs"]
    middle = (ALL[COUNT - 1].low + ALL[COUNT - 1].high) / 2
    place = CellQuery(middle, middle + 0.5, last_ms - 2 * meta["binMs"], last_ms - meta["binMs"])
    report = drawn.picture.describe(place)
    assert report is not None
    assert report.lines[0] == ("Expected if reached", "nothing stands here")


def test_what_was_liquidated_there_is_beside_it(drawn: Drawn) -> None:
    meta = whole(drawn.picture.rebuild(request())).meta
    events = [
        one for one in made_events(ALL[COUNT - 600 : COUNT], 3.0) if one.ts_ms > meta["timeStartMs"]
    ]
    one = max(events, key=lambda event: event.notional)
    column = one.ts_ms // meta["binMs"] * meta["binMs"]
    place = CellQuery(one.price - 1, one.price + 1, column, column + meta["binMs"])
    report = drawn.picture.describe(place)
    assert report is not None
    assert isinstance(report.facts, LevelFacts)
    assert report.facts.recorded is not None
    assert report.facts.recorded.totals.total_usd >= one.notional * 0.999
    assert "Liquidated here" in [label for label, _ in report.lines]


def test_another_fit_in_force_makes_the_map_anew(drawn: Drawn) -> None:
    first = whole(drawn.picture.rebuild(request()))
    table = drawn.reader.read(SYMBOL, NOW_MS, 10**9).market.table_at(NOW_MS)
    assert table is not None
    own = replace(
        table,
        symbol=SYMBOL,
        is_provisional=False,
        fitted_ms=NOW_MS - 3_600_000,
        data_until_ms=NOW_MS - 3_700_000,
        score=None,
    )
    drawn.reader.fits.write(SYMBOL, own.fitted_ms, own.to_json())
    message = whole(drawn.picture.update(request(NOW_MS + 1_000)))
    assert message.meta["sequence"] == first.meta["sequence"] + 1
    words = message.meta["sourceText"]
    assert "Not scored yet" in words
    assert "provisional" not in words
    assert "Learned again at" in words


def test_every_level_that_stands_out_at_the_right_edge_is_named(drawn: Drawn) -> None:
    message = whole(drawn.picture.rebuild(request()))
    meta, last = message.meta, cells_of(message)[:, -1].astype(int)
    named = [int((one.price - meta["priceLow"]) // meta["binUsd"]) for one in message.marks]
    bright = np.flatnonzero(last >= 80)
    assert len(bright)
    for row in bright.tolist():
        # Itself, or a stronger one beside it.
        assert min(abs(row - other) for other in named) <= 16
