"""Predicted levels: what a model says stands, as `HeatmapService.levels` gives it. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from Heatmap.domain.candles import MINUTE_MS, Span
from Heatmap.levels.notes import Note
from Heatmap.levels.predict import PredictedLevels
from Heatmap.levels.standing import DistanceShare, Level
from Heatmap.levels.yields import Score
from Heatmap.runtime.plain import as_plain
from Heatmap.server.answers.coverage import fetched

SIDES = {"longs": "long", "shorts": "short"}
UNIT_WORDS = {
    "expected USD": "expected reported USD, lower bound",
    "standing USD": "standing USD, if the model's leverages were true",
}


def levels_answer(
    levels: PredictedLevels,
    spans: Sequence[Span],
    span_ms: int,
    leverage: float | None = None,
) -> dict[str, Any]:
    """Return the levels on both sides of the price, the nearest first.

    Parameters
    ----------
    levels
        With a price.
    spans
        Time whose candles were fetched.
    span_ms
        How far back the model looks at candles, milliseconds.
    leverage
        Only what positions of this leverage would be liquidated; ``None``: all.
    """
    longs = [one for one in reversed(levels.levels) if one.side == "longs"]
    shorts = [one for one in levels.levels if one.side == "shorts"]
    return {
        "symbol": levels.symbol,
        "model": levels.model.value,
        "at": levels.at_ms,
        "current_price": levels.price_usd,
        "price_source": "close of the newest candle",
        "price_at": levels.candles_until_ms,
        "unit": UNIT_WORDS[levels.unit.value],
        "long_liquidations": _side(longs, leverage),
        "short_liquidations": _side(shorts, leverage),
        "score": score_of(levels.score),
        "fit": levels.fit,
        "is_provisional": levels.is_provisional,
        "notes": notes_of(levels.notes),
        "coverage": coverage_of(levels, spans, span_ms),
        "lower_bound": True,
    }


def coverage_of(levels: PredictedLevels, spans: Sequence[Span], span_ms: int) -> dict[str, Any]:
    """Return how much was fetched of the candles that the model asks for."""
    return fetched(spans, *asked_time(levels.at_ms, spans, span_ms))


def asked_time(at_ms: int, spans: Sequence[Span], span_ms: int) -> Span:
    """Return the time whose candles a model asks for.

    It is as long as the model looks back, however little of it is there. The exchange has a
    minute's candle some seconds after its end: until it is fetched, the newest minute is none
    that is missing.
    """
    over_ms = at_ms - at_ms % MINUTE_MS
    until_ms = max((min(end, over_ms) for begin, end in spans if begin < over_ms), default=0)
    end_ms = max(over_ms - MINUTE_MS, until_ms)
    return end_ms - span_ms, end_ms


def score_of(score: Score | None) -> dict[str, Any] | None:
    """Return how good a model was on time held out; ``None``: it was not scored."""
    if score is None:
        return None
    over = score.over_distance
    return {"bits_over_distance": [over.low, over.value, over.high], "events": score.events}


def notes_of(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return why levels are empty, partial or provisional, as facts."""
    return [{name: as_plain(value) for name, value in asdict(one).items()} for one in notes]


def _side(levels: Sequence[Level], leverage: float | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    passed = 0.0
    for one in levels:
        volume, cumulative = one.expected_usd, one.cumulative_usd
        if leverage is not None:
            share = _share_at(one, leverage)
            if not share:
                continue
            volume *= share
            passed += volume
            cumulative = passed
        found.append(
            {
                "price": (one.low_usd * one.high_usd) ** 0.5,
                "price_low": one.low_usd,
                "price_high": one.high_usd,
                "volume": volume,
                "cumulative": cumulative,
                "side": SIDES[one.side],
                "leverage": [
                    {
                        "low": part.leverage_low,
                        "high": part.leverage_high,
                        "volume": part.share * one.expected_usd,
                    }
                    for part in one.shares
                    if leverage is None or _is_of(part, leverage)
                ],
                "distance_pct": one.distance_pct,
            }
        )
    return found


def _share_at(level: Level, leverage: float) -> float:
    """Return the part of a level whose positions have a leverage."""
    return sum(part.share for part in level.shares if _is_of(part, leverage))


def _is_of(part: DistanceShare, leverage: float) -> bool:
    return part.leverage_low <= leverage < part.leverage_high
