"""Labels at the right edge are told when they have changed, and taken away."""

from Heatmap.feeds.level_labels import PART, LevelLabels
from Heatmap.picture.messages import LevelMark, PictureMessage
from Heatmap.picture.texts import LEVEL_WORDS

LONG, SHORT = LevelMark(96_000.0, 1_437_000.0, "longs"), LevelMark(99_000.0, 61_000.0, "shorts")


def message(*marks: LevelMark, end_ms: int = 1) -> PictureMessage:
    return PictureMessage(is_whole=False, meta={"endMs": end_ms}, packed="", marks=marks)


def test_they_are_told_once_and_again_when_they_are_others() -> None:
    told: list[tuple[str, object]] = []
    labels = LevelLabels(lambda *words: told.append(words))
    labels.tell(message())
    assert told == []
    labels.tell(message(LONG, SHORT, end_ms=7))
    assert told == [
        (
            PART,
            {
                "levels": [
                    {"price": 96_000.0, "usd": 1_437_000.0, "text": "≈ 1.4M", "side": "longs"},
                    {"price": 99_000.0, "usd": 61_000.0, "text": "≈ 61k", "side": "shorts"},
                ],
                "words": LEVEL_WORDS,
                "endMs": 7,
            },
        )
    ]
    # What would read the same is not told again.
    labels.tell(message(LevelMark(96_000.0, 1_438_000.0, "longs"), SHORT, end_ms=8))
    assert len(told) == 1
    labels.tell(message(SHORT))
    assert len(told) == 2
    labels.tell(message())
    assert told[-1] == (PART, None)
    labels.tell(message())
    assert len(told) == 3


def test_a_page_that_was_emptied_is_told_anew() -> None:
    told: list[tuple[str, object]] = []
    labels = LevelLabels(lambda *words: told.append(words))
    labels.tell(message(LONG))
    labels.forget()
    labels.tell(message(LONG))
    assert len(told) == 3
    assert told[0] == told[2]


def test_no_page_that_comes_later_is_shown_those_of_another_picture() -> None:
    told: list[tuple[str, object]] = []
    labels = LevelLabels(lambda *words: told.append(words))
    labels.forget()
    assert told == []
    labels.tell(message(LONG))
    labels.forget()
    assert told[-1] == (PART, None)
    # Another symbol's picture without levels has nothing more to take away.
    labels.tell(message())
    labels.forget()
    assert len(told) == 2
