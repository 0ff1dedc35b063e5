"""Coverage in the database against a model that knows every millisecond."""

from itertools import pairwise, permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.ingestion.recorder.coverage_tracker import CoverageTracker
from Heatmap.storage.coverage import gaps_between, normalized
from Heatmap.storage.sqlite.event_reader import EventReader
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


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1000, 2000, 9000, 61_000, 7_200_000, 10**12]),  # the hole before it
            st.integers(5, 12),  # how many heartbeats it has
            st.integers(-(10**9), 10**12),  # where the exchange's fault after it lies
            st.integers(0, 4),  # how many heartbeats that has
        ),
        min_size=1,
        max_size=6,
    )
)
def test_neither_holes_nor_a_few_wrong_heartbeats_cost_more_than_themselves(
    stretches: list[tuple[int, int, int, int]],
) -> None:
    """Stretches of heartbeats with holes between them, and behind each a burst of wrong time."""
    tracker = CoverageTracker()
    covered: list[tuple[int, int]] = []
    expected: list[tuple[int, int]] = []
    now_ms = 10**12

    def beat(ts_ms: int) -> None:
        interval = tracker.receive_heartbeat(1, SYMBOL, ts_ms)
        if interval is not None:
            covered.append((interval.start_ms, interval.end_ms))

    for hole_ms, count, fault_ms, wrong in stretches:
        now_ms += hole_ms
        start_ms = now_ms
        for _ in range(count):
            beat(now_ms)
            now_ms += 1000
        end_ms = now_ms - 1000
        expected.append((start_ms, end_ms))
        # The fault lies far from all that is true, or it would be none that can be told.
        far_ms = now_ms + 10**13 if fault_ms >= 0 else 10**11
        for step in range(wrong):
            beat(far_ms + abs(fault_ms) % 10**6 + 1000 * step)
        assert tracker.now_ms == end_ms
    model = [ms for start, end in expected for ms in range(start, end, 1000)]
    found = sorted(ms for start, end in covered for ms in range(start, end, 1000))
    assert len(found) == len(set(found)), "no second counts twice"
    # A hole of a usual step is none.
    assert set(model) <= set(found)
    assert len(found) <= len(model) + 10 * len(stretches)
