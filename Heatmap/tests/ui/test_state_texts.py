"""The words of each state: a word, a sentence, and a card only where something is to be done."""

import itertools
from dataclasses import replace

import pytest

from Heatmap import DataKind, Failure, FailureKind, MarketState, ShownTime, Situation
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
    Situation.WRITER_SILENT,
    Situation.NOT_SENT,
}
RECORDING = {
    Situation.LIVE,
    Situation.FIRST_START,
    Situation.QUIET,
    Situation.UNPROVEN,
    Situation.STANDBY,
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


@pytest.mark.parametrize("situation", Situation)
@pytest.mark.parametrize("shown", [ShownTime.REPLAY, ShownTime.AS_OF])
def test_an_earlier_time_says_that_recording_goes_on_only_where_it_does(
    situation: Situation, shown: ShownTime
) -> None:
    state = MarketState(situation, "BTCUSDT", shown, 7, 5, 61_000, 2, 214)
    sentence = state_words(state, clock).sentence
    assert ("Recording goes on" in sentence) is (situation in RECORDING)
    if situation not in RECORDING:
        now = state_words(replace(state, shown=ShownTime.NOW), clock)
        assert sentence.endswith(f"{now.word}: {now.sentence}")
    # Of what is invented nothing is recorded that anybody could miss.
    invented = state_words(replace(state, recorded_kind=DataKind.SIMULATED), clock)
    assert "Recording goes on" not in invented.sentence


def test_an_invented_market_promises_live_data_only_where_they_are_tried_for() -> None:
    state = MarketState(Situation.REFUSED, "BTCUSDT", ShownTime.SIMULATED, failure=FAILURES[1])
    waiting = state_words(state, clock)
    assert "HTTP 451" in waiting.sentence
    assert "live data replace it" in waiting.sentence
    assert waiting.has_fault_behind
    assert (
        "has not answered" in state_words(replace(state, situation=Situation.BLIND), clock).sentence
    )
    alone = replace(state, situation=Situation.LIVE, recorded_kind=DataKind.SIMULATED)
    words = state_words(alone, clock)
    assert "ive data" not in words.sentence
    assert not words.has_fault_behind


def test_a_run_from_files_does_not_claim_to_record() -> None:
    state = MarketState(Situation.LIVE, "BTCUSDT", ShownTime.REPLAY, recorded_kind=DataKind.REPLAY)
    assert "not recorded" in state_words(state, clock).sentence


@pytest.mark.parametrize(
    ("waiting", "words"),
    [(0, "what comes now"), (1, "what comes now"), (2, "2 liquidations"), (12_345, "12,345 liq")],
)
@pytest.mark.parametrize("failure", [FAILURES[3], None])
def test_what_waits_for_the_disk_is_counted_where_there_is_something_to_count(
    waiting: int, words: str, failure: Failure | None
) -> None:
    state = MarketState(Situation.NOT_SAVED, "BTCUSDT", waiting=waiting, failure=failure)
    said = state_words(state, clock)
    assert words in said.sentence.lower()
    assert words in said.card.lower()


def test_how_long_the_first_data_are_waited_for_is_said() -> None:
    state = MarketState(Situation.CONNECTING, "BTCUSDT", span_ms=4_900)
    assert state_words(state, clock).sentence.endswith("first data, 4 s")


def test_what_was_liquidated_before_this_connection_is_not_its_last_one() -> None:
    state = MarketState(Situation.LIVE, "BTCUSDT", since_ms=5)
    assert state_words(state, clock).sentence == "Recording BTCUSDT since <5>, none liquidated yet"


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
