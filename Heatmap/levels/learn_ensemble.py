"""Learning an ensemble from a recording: what each model explains on time it was not fitted on."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.ensemble_table import EnsemblePart, EnsembleTable
from Heatmap.levels.expectation import Pause
from Heatmap.levels.learn import (
    ENSEMBLE,
    FIVE_TIERS,
    LEVELS,
    Recording,
    rate_models,
    score_models,
)
from Heatmap.levels.market import Market
from Heatmap.levels.scoring.conditional import DISTANCE, least_favourable
from Heatmap.levels.scoring.ensemble import EnsembleModel, foretold, learn_parts
from Heatmap.levels.scoring.negative_binomial import fit_dispersion, log_scores
from Heatmap.levels.scoring.rate_model import RateModel
from Heatmap.levels.yields import Estimate, in_force

#: Parts whose levels have a price. The path has none: it is in the rate and not in the map.
WITH_PRICES = (DISTANCE, LEVELS, FIVE_TIERS)
#: With fewer messages nothing is learned: each part would be a guess.
LEAST_MESSAGES = 200
# The one in use is replaced by what did not do worse on so many messages that it never saw.
_LEAST_NEW = 20
_DAY_MS = 86_400_000
# Bits per message within which two are alike.
_ALIKE_BITS = 0.002


def learn_ensemble(
    recording: Recording,
    market: Market,
    now_ms: int,
    venue: str,
    usd_per_message: Estimate,
    pause: Pause | None = None,
) -> EnsembleTable | None:
    """Fit an ensemble, and say how good it is.

    Parameters
    ----------
    recording, market, now_ms, venue, pause
        As for `learn`.
    usd_per_message
        Mean notional of a message, of the same recording.

    Returns
    -------
    EnsembleTable or None
        ``None``: there is too little to learn from or too little new, it does not foretell better
        than a rate that never changes, or it is worse than the one in use on time held out.
    """
    counts = recording.counts
    number, used = counts.messages, counts.is_used
    if float(number[used].sum()) < LEAST_MESSAGES:
        return None
    in_use = in_force(market.ensembles, None, now_ms)
    later = used.copy()
    if in_use is not None:
        later &= recording.minutes.open_ms >= max(in_use.data_until_ms, now_ms - _DAY_MS)
        if float(number[later].sum()) < _LEAST_NEW:
            return None
    models = rate_models(recording, market, pause)
    ensemble = EnsembleModel(ENSEMBLE, tuple(models))
    distance = next(one for one in models if one.name == DISTANCE)
    scorings = score_models([distance, ensemble], recording, pause)
    score = least_favourable(scorings, ENSEMBLE)
    if score is None or not score.over_constant.low > 0:
        return None
    made = _fit(models, recording, used, pause)
    if made is None:
        return None
    if in_use is not None and _is_worse(models, recording, in_use, later, pause):
        return None
    parts, background = made
    table = market.brackets.in_force(market.symbol, now_ms)
    return EnsembleTable(
        name=f"{market.symbol} ensemble",
        version=1,
        venue=venue,
        symbol=market.symbol,
        fitted_ms=now_ms,
        volume=market.volume,
        data_from_ms=int(recording.minutes.open_ms[used][0]),
        data_until_ms=int(recording.minutes.closes_ms[used][-1]),
        minutes=int(used.sum()),
        messages=recording.messages,
        source=f"own recording, {recording.messages} messages; brackets: {table.source}",
        usd_per_message=usd_per_message,
        background_per_minute=background,
        is_provisional=False,
        parts=parts,
        by_volume=WITH_PRICES,
        # JSON has no NaN.
        score=score if math.isfinite(score.over_distance.low) else None,
    )


def _fit(
    models: Sequence[RateModel],
    recording: Recording,
    train: NDArray[np.bool_],
    pause: Pause | None,
) -> tuple[tuple[EnsemblePart, ...], tuple[float, float]] | None:
    """Return the parts, and what no part explains of longs and of shorts."""
    number = recording.counts.messages
    means, held_out = foretold(models, number, train, pause)
    learned = learn_parts([one.name for one in models], means, number, held_out, pause)
    if learned is None:
        return None
    whole = np.stack([one.predict(number, train, pause) for one in models], axis=2)
    learned = learned.settled(whole, number, train)
    parts, background = [], np.full(2, learned.background)
    for model, weight, share in zip(models, learned.messages_per_unit, learned.shares, strict=True):
        rates = model.learn(number, train, pause)
        background += weight * rates[:, -1]
        longs, shorts = (tuple(side[:-1].tolist()) for side in rates)
        parts.append(EnsemblePart(model.name, share, weight, longs, shorts))
    return tuple(parts), (float(background[0]), float(background[1]))


def _is_worse(
    models: Sequence[RateModel],
    recording: Recording,
    in_use: EnsembleTable,
    later: NDArray[np.bool_],
    pause: Pause | None,
) -> bool:
    """Whether one that is fitted on the earlier time is worse than the one in use on the rest."""
    number = recording.counts.messages
    events = float(number[later].sum())
    earlier = recording.counts.is_used & ~later
    made = _fit(models, recording, earlier, pause)
    causes = {one.name: one.causes for one in models}
    if made is None or any(one.name not in causes for one in in_use.parts):
        return False
    gained = 0.0
    trial = replace(in_use, parts=made[0], background_per_minute=made[1])
    for table, sign in ((trial, 1.0), (in_use, -1.0)):
        expected = table.expected_messages(causes)
        dispersion = fit_dispersion(number[earlier], expected[earlier], pause)
        gained += sign * float(log_scores(number[later], expected[later], dispersion).sum())
    return gained / math.log(2) / events < -_ALIKE_BITS
