"""What the models say of the same time, side by side. Pure."""

from collections.abc import Sequence
from typing import Any

from Heatmap.domain.candles import Span
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PredictedLevels
from Heatmap.server.answers.levels import (
    SIDES,
    UNIT_WORDS,
    coverage_of,
    notes_of,
    score_of,
)


def comparison_answer(
    found: Sequence[PredictedLevels],
    table: EnsembleTable | None,
    spans: Sequence[Span],
    span_ms: int,
    pending: Sequence[LevelModel] = (),
) -> dict[str, Any]:
    """Return the models' levels, scores, and how far each agrees with the ensemble.

    `pending` are models that are being computed still: they come with a later answer.
    Agreement is the part of a model's dollars that the ensemble has in the same ranges of 0.1 %,
    both taken as parts of their own sums: 0 to 1; ``None`` where one of them has none, or the
    ensemble is pending.
    """
    ensemble = next((one for one in found if one.model is LevelModel.ENSEMBLE), None)
    first = found[0]
    return {
        "symbol": first.symbol,
        "at": first.at_ms,
        "current_price": first.price_usd,
        "price_source": "close of the newest candle",
        "models": [
            {
                "name": one.model.value,
                "unit": UNIT_WORDS[one.unit.value],
                "levels": [
                    {
                        "price_low": level.low_usd,
                        "price_high": level.high_usd,
                        "side": SIDES[level.side],
                        "volume": level.expected_usd,
                    }
                    for level in one.levels
                ],
                "score": score_of(one.score),
                "agreement": None if ensemble is None else agreement(one, ensemble),
                "notes": notes_of(one.notes),
            }
            for one in found
        ],
        "ensemble": {
            "fit": None if ensemble is None else ensemble.fit,
            "weights": {} if table is None else {part.name: part.share for part in table.parts},
        },
        "pending": [one.value for one in pending],
        "coverage": coverage_of(first, spans, span_ms),
        "lower_bound": True,
    }


def agreement(one: PredictedLevels, other: PredictedLevels) -> float | None:
    """Return which part of two models' dollars lies in the same ranges: 0 to 1."""
    mine, theirs = _shares(one), _shares(other)
    if not mine or not theirs:
        return None
    return sum(min(share, theirs.get(place, 0.0)) for place, share in mine.items())


def _shares(levels: PredictedLevels) -> dict[tuple[str, float], float]:
    total = sum(one.expected_usd for one in levels.levels)
    if total <= 0:
        return {}
    # The ranges of all models lie on the same multiples.
    return {(one.side, round(one.low_usd, 6)): one.expected_usd / total for one in levels.levels}
