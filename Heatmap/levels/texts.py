"""How good a model is, in words: the same on the chart, at the crosshair and in commands. Pure."""

from Heatmap.domain.phrases import Phrase, say
from Heatmap.levels.yields import Verdict

_SKILL = {
    Verdict.BETTER: say("better than distance alone"),
    Verdict.NO_BETTER: say("no better than distance alone"),
    Verdict.WORSE: say("worse than distance alone"),
    Verdict.UNKNOWN: say("not scored yet"),
}


def skill_words(verdict: Verdict) -> Phrase:
    """Return what a score says of a model."""
    return _SKILL[verdict]
