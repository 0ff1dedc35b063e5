"""Events kept by time, and what some rows hold of them."""

from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.event_timeline import EventTimeline, SideTotals, sum_rows
from Heatmap.aggregation.resolution import PriceAxis

AXIS = PriceAxis(Decimal("0.1"), 5, first_row=200, n_rows=8)  # 100 to 104 USD


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def at(*times_ms: int) -> np.ndarray:
    return events_of(*((ts_ms, 101.0, float(ts_ms), True) for ts_ms in times_ms))


def times(events: np.ndarray) -> list[int]:
    return [int(ts_ms) for ts_ms in events["ts_ms"]]


def test_events_come_back_by_time_whatever_their_order() -> None:
    window = EventTimeline(at(30, 10, 20))
    assert times(window.between(None, 100)) == [10, 20, 30]
    # Each keeps its own price and notional.
    assert window.between(None, 100)["notional"].tolist() == [10.0, 20.0, 30.0]


def test_the_span_is_half_open() -> None:
    window = EventTimeline(at(9, 10, 11, 19, 20, 21))
    assert times(window.between(10, 20)) == [10, 11, 19]
    assert times(window.between(None, 10)) == [9]
    assert times(window.between(21, 100)) == [21]
    assert times(window.between(22, 100)) == []
    assert times(window.between(15, 15)) == []


def test_late_events_find_their_place() -> None:
    window = EventTimeline(at(10, 40))
    window.add(at(50))
    window.add(at(20, 5))
    assert len(window) == 5
    assert times(window.between(None, 100)) == [5, 10, 20, 40, 50]
    window.add(at(30))
    assert times(window.between(10, 41)) == [10, 20, 30, 40]
    assert len(window) == 6


def test_events_of_the_same_time_stay_in_the_order_in_which_they_came() -> None:
    window = EventTimeline(events_of((10, 101.0, 1.0, True), (10, 101.0, 2.0, True)))
    window.add(events_of((10, 101.0, 3.0, True), (9, 101.0, 4.0, True)))
    assert window.between(None, 11)["notional"].tolist() == [4.0, 1.0, 2.0, 3.0]


def test_an_empty_window_has_nothing() -> None:
    window = EventTimeline(events_of())
    assert len(window) == 0
    assert times(window.between(None, 100)) == []
    window.forget_before(50)
    window.add(events_of())
    assert times(window.between(0, 100)) == []


def test_what_lies_before_is_forgotten_and_the_rest_stays() -> None:
    window = EventTimeline(at(10, 20, 30))
    # Also what was added and not asked for yet.
    window.add(at(15, 25))
    window.forget_before(20)
    assert len(window) == 3
    assert times(window.between(None, 100)) == [20, 25, 30]
    window.forget_before(1_000)
    assert len(window) == 0


def test_a_forgotten_time_takes_events_again() -> None:
    window = EventTimeline(at(10, 20))
    window.forget_before(15)
    window.add(at(12))
    assert times(window.between(None, 100)) == [12, 20]


def test_what_was_given_out_does_not_change_with_what_is_added() -> None:
    window = EventTimeline(at(10, 20))
    given = window.between(None, 100)
    window.add(at(5, 15))
    window.between(None, 100)
    assert times(given) == [10, 20]


def test_rows_are_summed_with_longs_and_shorts_apart() -> None:
    events = events_of(
        (10, 100.5, 8.0, True),
        (20, 100.9, 4.0, True),
        (30, 101.2, 2.0, False),
        (40, 102.0, 100.0, False),
    )
    totals = sum_rows(events, AXIS, 1, 3)
    assert totals == SideTotals(12.0, 2.0, 2, 1, newest_ms=30)
    assert totals.total_usd == 14.0
    assert totals.count == 3


def test_nothing_in_the_rows_is_nothing() -> None:
    events = events_of((10, 100.5, 8.0, True), (20, float("nan"), 1.0, True))
    for totals in (sum_rows(events, AXIS, 2, 8), sum_rows(events_of(), AXIS, 0, 8)):
        assert totals == SideTotals()
        assert (totals.total_usd, totals.count, totals.newest_ms) == (0.0, 0, None)


def test_rows_beyond_the_axis_can_be_summed_as_well() -> None:
    events = events_of((10, 99.7, 8.0, True), (20, 104.2, 4.0, False), (30, 98.9, 1.0, False))
    assert sum_rows(events, AXIS, -1, 9) == SideTotals(8.0, 4.0, 1, 1, newest_ms=20)
    assert sum_rows(events, AXIS, 0, 8) == SideTotals()


@pytest.mark.parametrize(
    ("price", "row"), [(100.0, 0), (100.4, 0), (100.5, 1), (0.1 * 1005, 1), (103.9, 7), (104.0, 8)]
)
def test_a_price_on_an_edge_belongs_to_the_upper_row(price: float, row: int) -> None:
    event = events_of((10, price, 1.0, True))
    for start in range(-1, 10):
        assert sum_rows(event, AXIS, start, start + 1).count == (start == row)
