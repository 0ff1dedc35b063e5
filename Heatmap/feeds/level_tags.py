"""The strongest levels of what one layer's heat shows, as tags at the right edge of its chart.

- They are of the heat of what was recorded; predicted levels have labels of their own.
- A level is a range of prices 0.12 % wide, or as wide as a cluster may be where that is set; it has
  as many liquidations as a cluster needs. Its amount is what was liquidated there in the heat's
  time span: it does not fade, as heat and clusters do.
"""

from dataclasses import dataclass
from typing import Any

from Heatmap.aggregation.heat_field import counted
from Heatmap.aggregation.strongest_levels import LEVEL_PART, StrongLevel, find_strongest_levels
from Heatmap.feeds.bubble_book import BubbleBook, BubbleQuestion
from Heatmap.feeds.bubbles import Bubbles
from Heatmap.feeds.recorded_coverage import read_known_coverage
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.texts import level_tag_words
from Heatmap.runtime.compat import override
from Heatmap.setting_fields import Effect
from Heatmap.sources.amount_texts import share_text
from Heatmap.sources.registry import source_class
from Heatmap.storage.coverage import covered_share

PART = "level_tags"
"""Name of the part of the page that draws them."""


@dataclass(frozen=True, slots=True)
class LevelQuestion(BubbleQuestion):
    """Which levels are to have tags.

    Attributes
    ----------
    most
        So many at most.
    part
        How wide a level is, as a part of its price.
    least_count
        Levels of fewer liquidations are none.
    span_ms
        The time span as the heading says it; ``None``: what is in sight.
    """

    most: int = 4
    part: float = LEVEL_PART
    least_count: int = 1
    span_ms: int | None = None


class LevelTagBook(BubbleBook):
    """Finds the strongest levels of one symbol."""

    @override
    def read(self, question: BubbleQuestion) -> dict[str, Any]:
        """Return what the page's part takes, see ``ui/js/parts/level_tags.js``."""
        assert isinstance(question, LevelQuestion)  # noqa: S101 - LevelTags asks no other
        events = self.read_events(question)
        events = events[counted(events, question.side, question.minimum_usd)]
        levels = find_strongest_levels(events, question.most, question.part, question.least_count)
        return level_message(levels, question.span_ms, self._read_share(question), question.part)

    def _read_share(self, question: BubbleQuestion) -> float:
        """Return which part of the time was recorded, proven or not."""
        start_ms, end_ms = question.start_ms, question.recorded_until_ms or question.start_ms
        with self._tape.reading() as reader:
            if question.until_ms is None:
                known = read_known_coverage(
                    reader, self.symbol, start_ms, end_ms, question.heartbeats
                )
            else:
                known = list(reader.read_coverage(self.symbol, start_ms, end_ms))
        return covered_share(known, start_ms, end_ms) if end_ms > start_ms else 0.0


class LevelTags(Bubbles):
    """Keeps the tags of one layer up to date, see `Heatmap.feeds.followers.Follower`."""

    effect = Effect.TAGS
    # All liquidations of the span are looked through each time.
    look_s = 2.0
    # In a replay two seconds may be twenty minutes.
    replay_look_s = 0.5

    @override
    def is_wanted(self, settings: HeatmapSettings) -> bool:
        """Tell whether there are to be tags."""
        return are_wanted(settings)

    @override
    def make_book(self, symbol: str) -> BubbleBook:
        """Return what finds a symbol's levels."""
        return LevelTagBook(self._context.tape, symbol)

    @override
    def tells_recorded(self) -> bool:
        """Return ``True``: each tag says how much of its time was recorded."""
        return True

    @override
    def _question(self) -> BubbleQuestion:
        question, settings = super()._question(), self._settings
        part = settings.cluster_window_pct
        return LevelQuestion(
            start_ms=question.start_ms,
            until_ms=question.until_ms,
            side=question.side,
            minimum_usd=question.minimum_usd,
            least_usd=None,
            recorded_until_ms=question.recorded_until_ms,
            heartbeats=question.heartbeats,
            most=settings.level_tags,
            part=LEVEL_PART if part is None else part,
            least_count=settings.min_cluster_size,
            span_ms=None if settings.covers_pane else settings.window_ms,
        )


def are_wanted(settings: HeatmapSettings) -> bool:
    """Tell whether the strongest levels have tags: where heat is what was recorded."""
    return settings.level_tags > 0 and source_class(settings.heat).needs_recording


def level_message(
    levels: list[StrongLevel], span_ms: int | None, share: float, part: float = LEVEL_PART
) -> dict[str, Any]:
    """Return what the page's part takes.

    Parameters
    ----------
    levels
        The strongest first.
    span_ms
        What the heading says; ``None``: what is in sight.
    share
        Which part of the time was recorded, 0 to 1.
    part
        How wide a level is, as a part of its price.

    Returns
    -------
    dict
        ``levels``: ``price``, ``low``, ``high``, ``longUsd``, ``shortUsd``, ``count`` each;
        ``words``, of which ``share`` says the share.
    """
    return {
        "levels": [
            {
                "price": one.price,
                "low": one.low,
                "high": one.high,
                "longUsd": one.long_usd,
                "shortUsd": one.short_usd,
                "count": one.count,
            }
            for one in levels
        ],
        "words": {**level_tag_words(span_ms, part), "share": share_text(share)},
    }
