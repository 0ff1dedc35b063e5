"""Phrases are English texts that know what they are made of."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from Heatmap.domain.phrases import Moment, MomentForm, counted, joined, say, whole

DECEMBER_MS = 1_733_360_340_000  # 2024-12-05T00:59:00Z


def test_a_phrase_is_its_english_text() -> None:
    phrase = say("{amount} USD", amount=whole(12_345.9))
    assert phrase == "12,345 USD"
    assert (phrase.template, phrase.values) == ("{amount} USD", {"amount": "12,345"})
    # Without values its braces are the page's.
    assert say("since {time}:") == "since {time}:"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1_816, "1,816 days")]
)
def test_one_is_counted_by_words_of_its_own(count: int, text: str) -> None:
    phrase = counted("{count} day", "{count} days", count)
    assert phrase == text
    # One text is translated, in as many forms as a language has.
    assert (phrase.template, phrase.number) == ("{count} days", count)


def test_a_row_of_texts_may_be_a_sentence() -> None:
    parts = [say("better"), say("not whole")]
    assert joined(", ", parts) == "better, not whole"
    assert joined(", ", parts, is_sentence=True) == "Better, not whole"
    assert joined("", [], is_sentence=True) == ""


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (MomentForm.DAY_OF_MONTH, "5"),
        (MomentForm.DAY, "5 Dec"),
        (MomentForm.DATE, "5 Dec 2024"),
        (MomentForm.MINUTE, "5 Dec 2024 00:59 UTC"),
    ],
)
def test_a_time_is_said_as_far_as_is_asked(form: MomentForm, text: str) -> None:
    assert Moment(DECEMBER_MS, form) == text


def pickled(one: Any) -> Any:
    return pickle.loads(pickle.dumps(one))  # noqa: S301 - our own


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_a_copy_knows_the_same(again: Callable[[Any], Any]) -> None:
    moment = Moment(DECEMBER_MS)
    phrase = again(joined(" ", [counted("{count} at {time}", "", 1, time=moment)]))
    assert phrase == "1 at 5 Dec 2024 00:59 UTC"
    inner = phrase.parts[0]
    assert (inner.number, inner.values["time"].ms) == (1, DECEMBER_MS)
