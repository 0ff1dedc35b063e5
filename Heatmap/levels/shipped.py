"""The tables that come with the program: the only files that the levels read."""

from functools import cache
from importlib.resources import files

from Heatmap.levels.brackets import BracketBook, parse_bracket_book
from Heatmap.levels.ensemble_table import EnsembleTable, parse_ensemble
from Heatmap.levels.yields import Score, YieldTable, parse_scores, parse_yields


@cache
def shipped_brackets() -> BracketBook:
    """Return the bracket tables of BTCUSDT: 2021, 2024-03, 2024-12, 2025-01, 2026-09."""
    return parse_bracket_book(_read("brackets.json"))


@cache
def shipped_yields() -> YieldTable:
    """Return the yields of December 2024, per USD of spot volume: the prior of all fits."""
    return parse_yields(_read("yields_btcusdt_2024-12.json"))


@cache
def shipped_ensemble() -> EnsembleTable:
    """Return the ensemble of December 2024, per USD of spot volume."""
    return parse_ensemble(_read("ensemble_btcusdt_2024-12.json"))


@cache
def shipped_scores() -> dict[str, Score]:
    """Return what the models without a fit score on the recording of December 2024."""
    return parse_scores(_read("scores_2024-12.json"))


def _read(name: str) -> str:
    return files("Heatmap.levels").joinpath("tables", name).read_text(encoding="utf-8")
