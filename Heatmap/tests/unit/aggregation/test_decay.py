"""What is left of a liquidation after some time."""

import math

import numpy as np
import pytest

from Heatmap.aggregation.decay import age_weights, carry_in_ms, column_factor

HOUR = 3_600_000


def test_sixty_minutes_at_a_time_constant_of_sixty_leave_37_percent() -> None:
    weights = age_weights(np.array([0, HOUR, 2 * HOUR]), float(HOUR))
    assert weights == pytest.approx([1.0, math.exp(-1), math.exp(-2)], rel=1e-14)


def test_without_decay_everything_stays() -> None:
    assert column_factor(5_000, None) == 1.0
    assert age_weights(np.array([0, 10**12]), None).tolist() == [1.0, 1.0]


def test_the_factor_of_a_column_compounds_to_the_weight_of_an_age() -> None:
    factor = column_factor(5_000, float(HOUR))
    assert factor**720 == pytest.approx(math.exp(-1), rel=1e-12)


def test_carry_in_reaches_back_21_time_constants_but_not_beyond_the_retention() -> None:
    fortnight = 14 * 24 * HOUR
    assert carry_in_ms(float(HOUR), fortnight) == 21 * HOUR
    assert carry_in_ms(21_600_000.0, 24 * HOUR) == 24 * HOUR
    assert carry_in_ms(None, fortnight) == fortnight
    assert math.exp(-21) < 1e-9
