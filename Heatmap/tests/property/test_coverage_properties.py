"""Coverage in the database against a model that knows every millisecond."""

from itertools import pairwise, permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.model import CoverageInterval, DataKind
from Heatmap.storage.coverage import gaps_between, normalized
from Heatmap.storage.event_reader import EventReader
from Heatmap.storage.sqlite_store import SqliteStore

SYMBOL = "BTCUSDT"
END = 30


@st.composite
def interval(draw: st.DrawFn) -> CoverageInterval:
    start = draw(st.integers(0, END))
    # Instants, as the first heartbeat gives, are worth more than their share of the random ones.
    end = start if draw(st.integers(0, 4)) == 0 else draw(st.integers(start, END))
    return CoverageInterval(SYMBOL, start, end, draw(st.booleans()))


def states(intervals: list[CoverageInterval] | tuple[CoverageInterval, ...]) -> list[str]:
    """State of each millisecond (t, t + 1); proven wins."""
    result = ["gap"] * END
    for part in sorted(intervals, key=lambda part: part.proven):
        for ms in range(part.start_ms, part.end_ms):
            result[ms] = "proven" if part.proven else "unproven"
    return result


@given(st.lists(interval(), max_size=8))
def test_normalising_keeps_every_millisecond(intervals: list[CoverageInterval]) -> None:
    result = normalized(intervals)
    assert states(result) == states(intervals)
    for left, right in pairwise(result):
        assert left.end_ms <= right.start_ms
        assert left.end_ms < right.start_ms or left.proven is not right.proven
    assert normalized(result) == result


@given(st.lists(interval(), max_size=4))
def test_the_order_of_arrival_does_not_matter(intervals: list[CoverageInterval]) -> None:
    results = {normalized(order) for order in permutations(intervals)}
    assert len(results) == 1


@given(st.lists(interval(), max_size=8), st.integers(0, END), st.integers(0, END))
def test_gaps_are_exactly_the_uncovered_milliseconds(
    intervals: list[CoverageInterval], start: int, end: int
) -> None:
    gaps = gaps_between(intervals, start, end)
    uncovered = {ms for first, last in gaps for ms in range(first, last)}
    model = states(intervals)
    assert uncovered == {ms for ms in range(start, end) if model[ms] == "gap"}
    assert all(left[1] < right[0] for left, right in pairwise(gaps))


def test_extending_step_by_step_equals_normalising_at_once(tmp_path: Path) -> None:
    path = tmp_path / "heatmap.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store, EventReader(path) as reader:
        examples = 0

        @settings(max_examples=60)
        @given(st.lists(interval(), max_size=8))
        def check(intervals: list[CoverageInterval]) -> None:
            nonlocal examples
            examples += 1
            symbol = f"{SYMBOL}{examples}"
            for part in intervals:
                store.extend_coverage(symbol, part.start_ms, part.end_ms, proven=part.proven)
            stored = reader.read_coverage(symbol, 0, END)
            expected = [
                (part.start_ms, part.end_ms, part.proven)
                for part in normalized(intervals)
                if part.start_ms < part.end_ms
            ]
            assert [(part.start_ms, part.end_ms, part.proven) for part in stored] == expected

        check()
        assert examples > 0
