"""What the models are called, what may be chosen of them, and what a map is."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.brackets import DEFAULT_RATE
from Heatmap.levels.notes import Note
from Heatmap.levels.price_rows import LogRows
from Heatmap.levels.taker_selection import TakerRule
from Heatmap.levels.yields import Score, Verdict, YieldTable


class LevelModel(StrEnum):
    """Which model makes the map; `ensemble_map` adds several up."""

    CALIBRATED = "calibrated"
    BINANCE_STANDARD = "binance_standard"
    FUNDING_ADJUSTED = "funding_adjusted"
    PY_LIQUIDATION_MAP = "py_liquidation_map"
    ENSEMBLE = "ensemble"


class Unit(StrEnum):
    """What the dollars of a map are."""

    #: Liquidated as Binance would report it, a lower bound, if the price went there.
    EXPECTED_USD = "expected USD"
    #: Notional of positions that would stand there if the model's leverages were true.
    STANDING_USD = "standing USD"


class Entries(StrEnum):
    """What counts as an entry in the models with a leverage table."""

    VOLUME = "volume"
    OPEN_INTEREST = "oi"


#: Leverage and share: five tiers alike, as others have it. Not measured.
EQUAL_MIX = ((5.0, 1.0), (10.0, 1.0), (25.0, 1.0), (50.0, 1.0), (100.0, 1.0))
#: The tiers of py-liquidation-map, at 1/L.
TAKER_MIX = ((10.0, 1.0), (25.0, 1.0), (50.0, 1.0), (100.0, 1.0))


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What may be chosen of the models.

    Attributes
    ----------
    leverage_mix
        Leverage and share of `binance_standard` and `funding_adjusted`.
    entries
        What an entry is in these two.
    half_life_ms
        How long it takes half of what stands to go without being reached; ``None``: for ever.
    taker_rule
        Of `py_liquidation_map`.
    fallback_rate
        Maintenance margin rate of a symbol without brackets.
    """

    leverage_mix: tuple[tuple[float, float], ...] = EQUAL_MIX
    entries: Entries = Entries.VOLUME
    half_life_ms: float | None = None
    taker_rule: TakerRule = field(default_factory=TakerRule)
    fallback_rate: float = DEFAULT_RATE


def taker_rule_of(model: LevelModel) -> TakerRule | None:
    """Return by which rule a model chooses single trades by default; ``None``: it needs none."""
    return ModelOptions().taker_rule if model is LevelModel.PY_LIQUIDATION_MAP else None


@dataclass(frozen=True, slots=True)
class LevelMap:
    """Standing levels at some times.

    Attributes
    ----------
    model
        Which made it.
    unit
        What its dollars are.
    rows
        The grid.
    column_ms : (m,) int64
        UTC milliseconds; a column has seen the candles closed by then.
    usd : (m, rows.count) float32
        Per row. NaN before the first candle; 0 on the rows of the newest candle.
    is_known : (m,) bool
        The candle before the column is there.
    scale_ms
        When a fit or a bracket table came into force within the columns, which changes the scale
        from there on: times, UTC milliseconds.
    table
        Yields valid at the last column; ``None``: the model uses none.
    score
        How good the model was on time held out, and on what; ``None``: not scored.
    notes
        Why it is empty, partial or provisional.
    """

    model: LevelModel
    unit: Unit
    rows: LogRows
    column_ms: NDArray[np.int64]
    usd: NDArray[np.float32]
    is_known: NDArray[np.bool_]
    scale_ms: tuple[int, ...]
    table: YieldTable | None
    score: Score | None
    notes: tuple[Note, ...]

    @property
    def verdict(self) -> Verdict:
        """What its score says."""
        return Verdict.UNKNOWN if self.score is None else self.score.verdict
