"""How good a model is, in words: the same on the chart, at the crosshair and in commands. Pure."""

from Heatmap.levels.yields import Verdict

_SKILL = {
    Verdict.BETTER: "better than distance alone",
    Verdict.NO_BETTER: "no better than distance alone",
    Verdict.WORSE: "worse than distance alone",
    Verdict.UNKNOWN: "not scored yet",
}


def skill_words(verdict: Verdict) -> str:
    """Return what a score says of a model."""
    return _SKILL[verdict]
