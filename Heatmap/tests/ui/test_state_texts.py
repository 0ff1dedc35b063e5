"""The words of each state: a word, a sentence, and a card only where something is to be done."""

import itertools

import pytest

from Heatmap import Failure, FailureKind, MarketState, ShownTime, Situation
from Heatmap.ui import StateAction, StateTone, state_words
from Heatmap.ui.state_texts import span_words

FAILURES = [
    None,
    Failure(FailureKind.REGION, {"status": 451, "hold_s": 300}),
    Failure(FailureKind.BANNED, {"status": 418, "hold_s": 120}),
    Failure(FailureKind.DISK_FULL, {"path": "x", "reason": "y"}),
]
WITH_CARD = {
    Situation.NOT_SAVED,
    Situation.REFUSED,
    Situation.OFFLINE,
    Situation.BLIND,
    Situation.NOT_RECORDED,
    Situation.FIRST_START,
}


def clock(ts_ms: int) -> str:
    return f"<{ts_ms}>"


@pytest.mark.parametrize(
    ("situation", "failure", "times"),
    list(itertools.product(Situation, FAILURES, [(None, None), (5, 61_000)])),
)
def test_each_state_is_said_whole(
    situation: Situation, failure: Failure | None, times: tuple[int | None, int | None]
) -> None:
    state = MarketState(situation, "BTCUSDT", ShownTime.NOW, None, *times, 2, 214, failure)
    words = state_words(state, clock)
    assert words.word
    assert words.sentence
    assert not {"{", "}"} & set(words.word + words.sentence + words.card + words.button)
    assert bool(words.card) is (situation in WITH_CARD)
    assert bool(words.button) is (words.action is not None)


def test_another_time_speaks_first_and_shows_that_recording_has_stopped() -> None:
    blind = MarketState(Situation.BLIND, "BTCUSDT", ShownTime.AS_OF, 7)
    words = state_words(blind, clock)
    assert words.word == "As of <7>"
    assert (words.tone, words.is_ring, words.card) == (StateTone.REPLAY, True, "")
    assert words.has_fault_behind
    simulated = MarketState(Situation.LIVE, "BTCUSDT", ShownTime.SIMULATED)
    assert state_words(simulated, clock).tone is StateTone.SIMULATED


def test_a_region_that_is_refused_is_offered_the_simulated_market() -> None:
    words = state_words(
        MarketState(Situation.REFUSED, "BTCUSDT", failure=FAILURES[1]),
        clock,
    )
    assert words.action is StateAction.SHOW_SIMULATED
    assert "451" in words.sentence


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (172_799_999, "47 h"),
        (172_800_000, "2 d"),
    ],
)
def test_spans_are_rounded_down(span_ms: int, text: str) -> None:
    assert span_words(span_ms) == text
