"""Longs and shorts of each candle's time as bars, of what one layer's chart shows.

They are sums of short lengths of time, such as a minute, which the page adds up for its candles:
it alone knows how long these are. What counts is everything that was recorded, whatever the heat
leaves out, so that bars agree with totals and tape.
"""

from typing import Any

import numpy as np

from Heatmap.aggregation.time_buckets import time_buckets
from Heatmap.feeds.bubble_book import BubbleBook, BubbleQuestion
from Heatmap.feeds.bubbles import Bubbles
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.packing import pack_numbers
from Heatmap.picture.texts import CANDLE_BAR_WORDS
from Heatmap.runtime.compat import override
from Heatmap.setting_fields import Effect

PART = "candle_bars"
"""Name of the part of the page that draws them."""

_STEPS_S = (1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400)
# No chart shows more candles than this, at a width at which one can be told from the next.
_MOST_CANDLES = 1_500
# A window of its own begins on a multiple of this part of it, so that nothing moves with the clock.
_STEPS = 4


class CandleBarBook(BubbleBook):
    """Adds up the liquidations of one symbol in short lengths of time."""

    @override
    def read(self, question: BubbleQuestion) -> dict[str, Any]:
        """Return what the page's part takes, see ``ui/js/parts/candle_bars.js``."""
        events = self.read_events(question)
        end_ms = question.until_ms or question.recorded_until_ms or question.start_ms
        if len(events):
            end_ms = max(end_ms, int(events["ts_ms"][-1]) + 1)
        step_ms = step_of(end_ms - question.start_ms)
        sums = time_buckets(events, question.start_ms, end_ms, step_ms)
        longs, shorts = sums.usd
        is_filled = longs + shorts > 0
        columns = (sums.start_ms[is_filled], longs[is_filled], shorts[is_filled])
        return {
            "sums": pack_numbers(np.concatenate(columns)),
            "startMs": question.start_ms,
            "recorded": self.read_recorded(question),
            "words": CANDLE_BAR_WORDS,
        }


class CandleBars(Bubbles):
    """Keeps the bars of one layer up to date, see `Heatmap.feeds.followers.Follower`."""

    effect = Effect.BARS

    @override
    def is_wanted(self, settings: HeatmapSettings) -> bool:
        """Tell whether there are to be bars."""
        return settings.candle_bars

    @override
    def make_book(self, symbol: str) -> BubbleBook:
        """Return what adds up a symbol's liquidations."""
        return CandleBarBook(self._context.tape, symbol)

    @override
    def covers_pane(self) -> bool:
        """Return ``True``: each candle in sight has its bars."""
        return True

    @override
    def tells_recorded(self) -> bool:
        """Return ``True``: no bar does not mean that nothing happened."""
        return True

    @override
    def _question(self) -> BubbleQuestion:
        question, window_ms = super()._question(), self._settings.window_ms
        step_ms = window_ms // _STEPS
        # Without these, each look would be of another time.
        return BubbleQuestion(
            start_ms=question.start_ms // step_ms * step_ms,
            until_ms=question.until_ms,
            side="both",
            minimum_usd=0.0,
            least_usd=None,
            recorded_until_ms=question.recorded_until_ms,
            heartbeats=question.heartbeats,
        )


def step_of(span_ms: int) -> int:
    """Return in which lengths of time a span is added up, milliseconds.

    Each is a part of every longer one, and of any usual candle of a chart that shows the span.
    """
    fitting = [step_s for step_s in _STEPS_S if step_s * 1000 * _MOST_CANDLES <= span_ms]
    return (fitting[-1] if fitting else _STEPS_S[0]) * 1000
