"""What benchmarks share: the time that a call takes, and the line that tells a result.

Not a benchmark itself.
"""

import json
import statistics
from collections.abc import Callable
from time import perf_counter


def median_ms(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call, milliseconds; one round before warms up."""
    call()
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append((perf_counter() - start) * 1_000)
    return statistics.median(times)


def tell(
    name: str,
    value: float,
    unit: str,
    goal: float | None,
    *,
    ok: bool,
    baseline: float | None = None,
    ratio: float | None = None,
    **more: object,
) -> bool:
    """Print one result as a JSON object on a line of its own, and return whether it is good.

    Parameters
    ----------
    ratio
        Between value and baseline; value over baseline where it is not given.
    **more
        What else the line tells.
    """
    if ratio is None and baseline:
        ratio = value / baseline
    line = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 4),
        "ratio": None if ratio is None else round(ratio, 3),
        "goal": None if goal is None else round(goal, 4),
        "ok": ok,
        **more,
    }
    print(json.dumps(line), flush=True)
    return ok


def at_most(name: str, value: float, baseline: float | None, goal: float, unit: str = "ms") -> bool:
    """Print one result of which `goal` is the largest value that is good."""
    return tell(name, value, unit, goal, ok=value <= goal, baseline=baseline)


def times_better(name: str, value: float, baseline: float, goal: float, unit: str = "ms") -> bool:
    """Print one result of which `goal` is the least that baseline over value may be."""
    ratio = baseline / value
    return tell(name, value, unit, goal, ok=ratio >= goal, baseline=baseline, ratio=ratio)
