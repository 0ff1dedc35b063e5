"""Random numbers of the simulated market: a generator for each stage, day and seed.

No stage shares its numbers with another, so that one that is not needed need not be run, and
nothing depends on the order of questions.
"""

from enum import IntEnum

import numpy as np

from Heatmap.standalone.exchange.market import FloatArray

# Days before 1970 can be asked for by what reaches back; a seed takes no negative number.
_OFFSET = 1_000_000


class Stage(IntEnum):
    """What random numbers are drawn for."""

    LEVEL = 0
    SHOCKS = 1
    BARS = 2
    POSITIONS = 3
    TIMES = 4
    PATH = 5
    ORDERS = 6
    FUNDING = 7


def generator(seed: int, stage: Stage, number: int) -> np.random.Generator:
    """Return the generator of a stage; `number` is a day, or what the stage counts by."""
    return np.random.default_rng((seed, int(stage), number + _OFFSET))


def even_shares(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw shares from 0 to 1 in random order, one in each `count`-th part."""
    shares: FloatArray = (rng.permutation(count) + rng.random(count)) / max(count, 1)
    return shares


def even_shares_in_blocks(rng: np.random.Generator, count: int, block: int) -> FloatArray:
    """Draw `count` shares of which every `block` in a row are even: any stretch is nearly so."""
    rows = -(-count // block)
    rank = np.argsort(rng.random((rows, block)), axis=1)
    shares = (rank.ravel() + rng.random(rows * block)) / block
    return np.asarray(shares[:count])
