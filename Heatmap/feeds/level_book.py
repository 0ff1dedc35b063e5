"""Predicted levels of several symbols, computed when they are asked for and something is new."""

import threading
import time
from dataclasses import dataclass, replace

from Heatmap.domain.candles import MINUTE_MS, Span
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.models import LevelModel, taker_rule_of
from Heatmap.levels.predict import PredictedLevels, predict

# What is known is looked at again after this: levels change once a minute.
_LOOK_S = 1.0
# While older candles arrive, levels are computed anew after this, and after so many times their
# own cost: not at every page that comes.
_GROW_S, _GROW_COSTS = 2.0, 6.0
# So that other threads get their turn, after every few milliseconds of work.
_PAUSE_S = 0.0005
_MOST_KNOWN = 4_000


@dataclass(frozen=True, slots=True)
class _Known:
    looked_s: float
    # What they were computed of: other levels come of something else only. The second is of which
    # time there are candles.
    basis: tuple[object, tuple[Span, ...]]
    levels: PredictedLevels
    made_s: float
    cost_s: float

    def may_wait(self, basis: tuple[object, tuple[Span, ...]], now_s: float) -> bool:
        """Whether nothing but older candles is new, and that only since a moment ago."""
        (other, spans), (mine, known) = basis, self.basis
        is_older = bool(spans and known) and spans[-1][1] == known[-1][1]
        is_soon = now_s - self.made_s < max(_GROW_S, _GROW_COSTS * self.cost_s)
        return other == mine and is_older and is_soon


class LevelBook:
    """Thread-safe; not for a GUI's loop: a month of candles takes a second.

    Parameters
    ----------
    source
        What is stored.
    """

    def __init__(self, source: LevelStore) -> None:
        self._source = source
        # Held while levels are computed; guards what is known.
        self._work = threading.Lock()
        self._known: dict[tuple[str, LevelModel], _Known] = {}

    def levels(
        self,
        symbol: str,
        now_ms: int,
        span_ms: int,
        model: LevelModel = LevelModel.CALIBRATED,
        at_ms: int | None = None,
    ) -> PredictedLevels:
        """Return what a model says stands.

        Parameters
        ----------
        symbol
            Such as ``BTCUSDT``.
        now_ms
            UTC milliseconds.
        span_ms
            How far back candles are used, milliseconds.
        model
            Which model.
        at_ms
            As of when; ``None``: now. A time that is asked for is computed each time.

        Returns
        -------
        PredictedLevels
            Empty, with notes that say why, where nothing is known.

        Raises
        ------
        ValueError
            The model has no levels of its own.
        StorageError
            The store cannot be read.
        """
        with self._work:
            if at_ms is not None:
                return self._compute(symbol, at_ms, span_ms, model)
            key, now_s = (symbol, model), time.monotonic()
            known = self._known.get(key)
            if known is not None and now_s - known.looked_s < _LOOK_S:
                return known.levels
            spans, fits = self._source.basis(symbol)
            basis = (fits, now_ms // MINUTE_MS, span_ms), spans
            if known is not None and (known.basis == basis or known.may_wait(basis, now_s)):
                self._known[key] = replace(known, looked_s=now_s)
                return known.levels
            levels = self._compute(symbol, now_ms, span_ms, model)
            made_s = time.monotonic()
            self._known[key] = _Known(made_s, basis, levels, made_s, made_s - now_s)
            # Whoever asks for made-up symbols does not fill the memory.
            while len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            return levels

    def known(self, symbol: str, model: LevelModel, since_ms: int) -> PredictedLevels | None:
        """Return what a model was found to say since a time; ``None``: nothing. Never waits."""
        found = self._known.get((symbol, model))
        return None if found is None or found.levels.at_ms < since_ms else found.levels

    def _compute(self, symbol: str, at_ms: int, span_ms: int, model: LevelModel) -> PredictedLevels:
        found = self._source.read(symbol, at_ms, span_ms, taker_rule=taker_rule_of(model))
        return predict(found.market, at_ms, model, pause=give_way)


def give_way() -> None:
    """Let other threads have their turn, amid long work."""
    time.sleep(_PAUSE_S)
