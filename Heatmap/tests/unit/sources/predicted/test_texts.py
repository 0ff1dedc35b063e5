"""The words of predicted levels: what a colour means, how good it is, what it is made of."""

from dataclasses import replace

import numpy as np
import pytest

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.commands.level_texts import levels_text
from Heatmap.levels.arrays import CANDLE_DTYPE
from Heatmap.levels.market import Market
from Heatmap.levels.predict import PredictedLevels, predict
from Heatmap.levels.standing import DistanceShare
from Heatmap.levels.texts import skill_words
from Heatmap.levels.yields import Verdict
from Heatmap.sources.cell_places import CellQuery
from Heatmap.sources.predicted.level_facts import FitFacts, LevelFacts, MapFacts, RecordedHere
from Heatmap.sources.predicted.texts import candle_words, map_words, place_lines, verdict_words
from Heatmap.sources.recorded.cell_facts import Recorded

DAY_MS = 86_400_000
FROM_MS = 1_733_300_000_000  # 2024-12-04
FIT = FitFacts("own", "BTCUSDT", FROM_MS, FROM_MS + DAY_MS, 1_816, Verdict.NO_BETTER, True, True)
MAP = MapFacts(FIT, "BTCUSDT", 9.0, 30, False)
PLACE = LevelFacts(
    CellQuery(96_000.0, 96_020.0, 0, 60_000),
    60_000,
    98_000.0,
    "longs",
    1_234_567.0,
    9_876_543.0,
    2.04,
    (
        DistanceShare(0.4, 0.5, 111.0, 125.0, 0.62),
        DistanceShare(13.0, 17.0, 5.8, 7.7, 0.3),
        DistanceShare(17.0, 22.0, 1.2, 1.4, 0.08),
    ),
    FIT,
    RecordedHere(SideTotals(120_000.0, 0.0, 3, 0, 1), Recorded(0.5, 0.0, 0.5)),
    level_usd=3_400_000.0,
)


def test_the_corner_says_what_a_colour_means_and_how_good_it_is() -> None:
    assert map_words(MAP).split("\n") == [
        "Colour: USD expected per 0.1 % of price, if reached",
        "No better than distance alone, better than any fixed leverage table",
        (
            "Learned 4 to 5 Dec 2024 from 1,816 liquidations, amounts provisional, "
            "9 of 30 days of candles"
        ),
    ]


def test_what_is_not_so_is_not_said() -> None:
    fit = replace(FIT, is_provisional=False, beats_fixed=False, messages=0, verdict=Verdict.UNKNOWN)
    words = map_words(replace(MAP, fit=fit, is_complete=True, symbol="ETHUSDT"))
    assert words.split("\n")[1:] == [
        "Not scored yet",
        "Learned 4 to 5 Dec 2024 of BTCUSDT, 9 days of candles",
    ]
    assert verdict_words(replace(FIT, verdict=Verdict.BETTER)).startswith("better than distance")


@pytest.mark.parametrize("verdict", Verdict)
def test_corner_crosshair_and_commands_say_the_same_of_a_fit(verdict: Verdict) -> None:
    fit = replace(FIT, verdict=verdict, beats_fixed=False)
    words = skill_words(verdict)
    assert map_words(replace(MAP, fit=fit)).split("\n")[1].lower() == words
    assert ("Score", words) in place_lines(replace(PLACE, fit=fit), "BTCUSDT")
    show = levels_text(predicted(verdict), 0, ())
    assert f"; {words}" in show
    assert len({skill_words(one) for one in Verdict}) == len(Verdict)


def predicted(verdict: Verdict) -> PredictedLevels:
    """Give levels of a fit that scored so, with nothing in them."""
    told = predict(Market("BTCUSDT", np.zeros(0, CANDLE_DTYPE)), FROM_MS)
    return replace(told, verdict=verdict)


def test_a_fit_that_came_into_force_meanwhile_is_told() -> None:
    words = map_words(replace(MAP, fit_changed_ms=FROM_MS))
    assert words.endswith("Learned again at 4 Dec 2024 08:13 UTC: the scale changes there")


@pytest.mark.parametrize(
    ("days", "is_complete", "words"),
    [
        (1 / 72, False, "20 minutes of 30 days of candles"),
        (1 / 72, True, "20 minutes of candles"),
        (1 / 1_440, True, "1 minute of candles"),
        (0.5, False, "12 hours of 30 days of candles"),
        (1.0, True, "1 day of candles"),
        (29.6, True, "30 days of candles"),
    ],
)
def test_days_of_candles(days: float, is_complete: bool, words: str) -> None:
    assert candle_words(replace(MAP, candle_days=days, is_complete=is_complete)) == words


def test_candles_without_volume_have_no_levels_and_it_says_why() -> None:
    assert map_words(replace(MAP, has_volume=False)).split("\n")[1:] == [
        "The candles of BTCUSDT have no volume, so no levels",
        "9 of 30 days of candles",
    ]


def test_the_crosshair_says_it_in_lines() -> None:
    assert place_lines(PLACE, "BTCUSDT") == (
        ("If reached, longs", "\u2248 1.2M USD per 0.1 %"),
        ("The whole level", "\u2248 3.4M USD"),
        ("From the price to here", "\u2248 9.8M USD, 2 % away"),
        ("Opened", "62 % from 0.4\u20130.5 % away, 111\u2013125x"),
        ("", "30 % from 13\u201317 % away, 6\u20138x"),
        ("", "8 % from 17\u201322 % away"),
        ("Score", "no better than distance alone"),
        ("", "better than any fixed leverage table"),
        ("Learned", "4 to 5 Dec 2024 from 1,816 liquidations"),
        ("Amounts", "provisional, a lower bound"),
        ("Liquidated here", "\u2265 120k USD in 3"),
        ("  longs", "\u2265 120k USD in 3"),
        ("Recorded", "50 % of this time, 50 % not"),
    )


def test_beside_the_levels_nothing_is_said_of_a_whole_one() -> None:
    labels = [label for label, _ in place_lines(replace(PLACE, level_usd=0.0), "BTCUSDT")]
    assert labels[:2] == ["If reached, longs", "From the price to here"]


def test_where_nothing_was_recorded_it_says_so_once() -> None:
    here = RecordedHere(SideTotals(), Recorded(0.0, 0.0, 1.0))
    lines = place_lines(replace(PLACE, recorded=here), "BTCUSDT")
    assert lines[-1] == ("Liquidated here", "not recorded")
    assert place_lines(replace(PLACE, recorded=None), "BTCUSDT")[-1][0] == "Amounts"


@pytest.mark.parametrize("word", ["accuracy", "confidence"])
def test_two_words_are_never_said(word: str) -> None:
    said = map_words(MAP) + " ".join(text for line in place_lines(PLACE, "X") for text in line)
    assert word not in said.lower()
