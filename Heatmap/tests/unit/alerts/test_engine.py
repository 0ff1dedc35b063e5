"""The same liquidations ring the same, in any batches, in any order within a second, and after any
restart."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.engine import Engine
from Heatmap.alerts.level_watch import Level
from Heatmap.alerts.liquidation_lane import LATE_MS, Seen
from Heatmap.alerts.rules import Rule, parse_rule

RULES = [
    parse_rule("large,id=large,usd=300"),
    parse_rule("large,id=quiet,usd=100,quiet=7s"),
    parse_rule("cascade,id=three,usd=500,seconds=3,count=3"),
    parse_rule("cascade,id=more,usd=900,seconds=3,count=1,quiet=5s"),
    parse_rule("cascade,id=longs,usd=400,seconds=10,count=2,side=long"),
    parse_rule("cascade,id=eth,usd=600,seconds=2,count=1,symbol=ETHUSDT"),
]
T0_MS = 1_733_356_800_000

seen_events = st.lists(
    st.builds(
        Seen,
        # Of half seconds many are exactly at the edge of a window.
        st.one_of(
            st.integers(0, 25_000).map(lambda ms: T0_MS + ms),
            st.integers(0, 50).map(lambda n: T0_MS + n * 500),
        ),
        st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        st.sampled_from(["long", "short"]),
        st.floats(1.0, 1e5),
        st.floats(0.0, 400.0),
    ),
    max_size=60,
)


def by_second(events: Sequence[Seen], shuffled: Sequence[int]) -> list[Seen]:
    """Sort by second; within one the order is that of some numbers."""
    ranks = [shuffled[place % len(shuffled)] for place in range(len(events))]
    order = sorted(zip(events, ranks, strict=True), key=lambda one: (one[0].ts_ms // 1000, one[1]))
    return [event for event, _ in order]


def ids(alerts: Sequence[Alert]) -> list[str]:
    return sorted(one.id for one in alerts)


@given(
    seen_events,
    st.lists(st.integers(0, 100), min_size=1),
    st.lists(st.integers(0, 12), min_size=1),
    st.lists(st.booleans(), min_size=1),
)
@settings(max_examples=120, deadline=None)
def test_batches_order_within_a_second_and_restarts_change_nothing(
    events: list[Seen], ranks: list[int], sizes: list[int], restarts: list[bool]
) -> None:
    expected = Engine(RULES).receive_events(sorted(events), T0_MS)
    rung: list[Alert] = []
    engine, left = Engine(RULES), by_second(events, ranks)
    turn = 0
    while left:
        size = max(1, sizes[turn % len(sizes)])
        rung += engine.receive_events(left[:size], T0_MS)
        left = left[size:]
        if restarts[turn % len(restarts)]:
            engine = Engine(RULES, state=json.loads(json.dumps(engine.state())))
        turn += 1
    assert ids(rung) == ids(expected)
    assert len(set(ids(rung))) == len(rung)


@given(seen_events)
def test_a_cascade_rings_when_its_sum_is_reached_and_not_before(events: list[Seen]) -> None:
    rule = parse_rule("cascade,usd=500,seconds=3,count=3")
    alerts = Engine([rule]).receive_events(sorted(events), T0_MS)
    for one in alerts:
        window = [
            seen
            for seen in events
            if (seen.instrument, seen.side) == (one.instrument, one.side)
            and one.ts_ms - 3_000 < seen.ts_ms <= one.ts_ms
        ]
        assert len(window) >= one.count >= 3
        assert sum(round(seen.usd * 100) for seen in window) >= round(one.usd * 100) >= 50_000


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("large,usd=250k", 22),
        ("large,usd=1M", 2),
        ("cascade,usd=500k,seconds=30,count=5", 9),
        ("cascade,usd=500k,seconds=30,count=5,quiet=5m", 8),
        ("cascade,usd=1M,seconds=60", 4),
    ],
)
def test_the_counts_on_the_real_recording(
    text: str, count: int, shared_data: Callable[[str], Path]
) -> None:
    lines = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl").read_text().splitlines()
    orders = [json.loads(line)["data"]["o"] for line in lines]
    events = [
        Seen(
            order["T"],
            order["s"],
            "long" if order["S"] == "SELL" else "short",
            float(order["ap"]),
            float(order["ap"]) * float(order["z"]),
        )
        for order in orders
    ]
    assert len(Engine([parse_rule(text)]).receive_events(sorted(events), T0_MS)) == count


def test_a_cascade_rings_again_only_after_less_than_half_is_left() -> None:
    rule = parse_rule("cascade,usd=100,seconds=10,count=1")
    engine = Engine([rule])

    def ring(second: int, usd: float) -> int:
        event = Seen(T0_MS + second * 1000, "BTCUSDT", "long", 1.0, usd)
        return len(engine.receive_events([event], T0_MS))

    assert [ring(0, 100), ring(5, 60)] == [1, 0]
    assert ring(11, 50) == 0  # 60 are left: more than half
    engine = Engine([rule], state=engine.state())
    assert ring(30, 100) == 1
    assert ring(35, 50) == 0
    assert ring(41, 50) == 0  # exactly half is left


@pytest.mark.parametrize("order", [(200, 3_200, 3_900), (200, 3_900, 3_200)])
@pytest.mark.parametrize(("first_ms", "count"), [(200, 0), (201, 1)])
def test_what_was_so_long_ago_has_left_the_window_in_any_order_within_a_second(
    order: tuple[int, ...], first_ms: int, count: int
) -> None:
    engine = Engine([parse_rule("cascade,usd=100,seconds=3")])
    amounts = {200: 60.0, 3_200: 40.0, 3_900: 1.0}
    seen = [
        Seen(T0_MS + (first_ms if ms == order[0] else ms), "BTCUSDT", "long", 1.0, amounts[ms])
        for ms in order
    ]
    assert len(engine.receive_events(seen, T0_MS)) == count


def test_what_comes_after_its_second_and_has_left_the_window_takes_nothing_out_of_the_sum() -> None:
    engine = Engine([parse_rule("cascade,usd=100,seconds=3")])
    seen = [
        Seen(T0_MS + ms, "BTCUSDT", "long", 1.0, usd)
        for ms, usd in ((3_900, 60.0), (800, 50.0), (3_950, 40.0))
    ]
    assert [len(engine.receive_events([one], T0_MS)) for one in seen] == [0, 0, 1]


def test_a_restart_amid_a_second_loses_nothing_of_the_window() -> None:
    rule = parse_rule("cascade,usd=100,seconds=3")
    events = [
        Seen(T0_MS + ms, "BTCUSDT", "long", 1.0, usd)
        for ms, usd in ((200, 60.0), (3_100, 1.0), (3_150, 40.0))
    ]
    engine = Engine([rule])
    assert engine.receive_events(events[:2], T0_MS) == []
    assert len(Engine([rule], state=engine.state()).receive_events(events[2:], T0_MS)) == 1


@pytest.mark.parametrize("other", ["large,usd=1M", "cascade,id=short,usd=1M,seconds=3"])
def test_a_cascade_that_is_new_begins_without_what_came_before(other: str) -> None:
    event = Seen(T0_MS, "BTCUSDT", "long", 1.0, 60.0)
    engine = Engine([parse_rule(other)])
    engine.receive_events([event], T0_MS)
    new = Engine(
        [parse_rule(other), parse_rule("cascade,id=new,usd=100,seconds=10")], state=engine.state()
    )
    later = [event._replace(ts_ms=T0_MS + ms) for ms in (1_000, 2_000)]
    assert [len(new.receive_events([one], T0_MS)) for one in later] == [0, 1]


def test_what_is_found_late_does_not_ring() -> None:
    engine = Engine([parse_rule("large,usd=1")])
    event = Seen(T0_MS, "BTCUSDT", "long", 1.0, 5.0)
    late = Seen(T0_MS + 2_000, "BTCUSDT", "long", 1.0, 5.0)
    assert [one.is_late for one in engine.receive_events([event], T0_MS + LATE_MS)] == [False]
    assert [one.is_late for one in engine.receive_events([late], T0_MS + 2_001 + LATE_MS)] == [True]


def test_a_multiple_of_a_usual_minute_needs_one() -> None:
    rule = parse_rule("large,normal=20")
    event = Seen(T0_MS, "BTCUSDT", "long", 1.0, 2_000.0)
    assert not Engine([rule]).receive_events([event], T0_MS)
    assert Engine([rule], lambda _: 100.0).receive_events([event], T0_MS)
    assert not Engine([rule], lambda _: 100.01).receive_events([event], T0_MS)


def test_a_changed_rule_begins_anew_and_the_others_go_on() -> None:
    event = Seen(T0_MS, "BTCUSDT", "long", 1.0, 500.0)
    rules = [parse_rule(f"large,id={name},usd=100,quiet=1h") for name in ("one", "two")]
    engine = Engine(rules)
    assert len(engine.receive_events([event], T0_MS)) == 2
    changed = [rules[0], parse_rule("large,id=two,usd=101,quiet=1h")]
    later = Engine(changed, state=engine.state())
    alerts = later.receive_events([event._replace(ts_ms=T0_MS + 5_000)], T0_MS)
    assert [one.rule_id for one in alerts] == ["two"]


def test_a_level_rings_once_until_the_price_has_left_it() -> None:
    rule = parse_rule("near,usd=1M,distance=1")
    engine = Engine([rule])
    engine.set_levels("predicted", "BTCUSDT", [Level(100.0, 2e6, "long"), Level(103.0, 5e5)])

    def rings(second: int, price: float) -> list[float | None]:
        ts_ms = T0_MS + second * 1000
        return [one.price for one in engine.receive_price("BTCUSDT", ts_ms, price, ts_ms)]

    assert rings(0, 98.0) == []
    assert rings(1, 99.5) == [100.0]
    engine.set_levels("predicted", "BTCUSDT", [Level(100.2, 2e6, "long")])
    assert rings(2, 99.8) == []
    assert rings(3, 101.9) == []  # not twice as far away yet
    assert rings(4, 100.0) == []
    assert rings(5, 102.3) == []
    engine = Engine([rule], state=engine.state())
    engine.set_levels("predicted", "BTCUSDT", [Level(100.2, 2e6, "long")])
    assert rings(6, 100.0) == [100.2]
    assert engine.receive_price("ETHUSDT", T0_MS, 100.0, T0_MS) == []


def test_a_recording_that_stops_rings_once_each_time() -> None:
    engine = Engine([parse_rule("stops,seconds=30"), parse_rule("unsaved,seconds=1")])

    def kinds(second: int, blind: int | None, unsaved: int | None) -> list[str]:
        times = [None if one is None else T0_MS + one * 1000 for one in (blind, unsaved)]
        return [one.kind for one in engine.receive_recording(T0_MS + second * 1000, *times)]

    assert kinds(29, 0, None) == []
    assert kinds(30, 0, None) == [AlertKind.RECORDING_STOPS]
    engine = Engine(
        [parse_rule("stops,seconds=30"), parse_rule("unsaved,seconds=1")], state=engine.state()
    )
    assert kinds(90, 0, 89) == [AlertKind.NOT_SAVED]
    assert kinds(100, None, None) == []
    assert kinds(140, 105, None) == [AlertKind.RECORDING_STOPS]


def test_a_rule_goes_on_where_only_its_ways_change() -> None:
    rule = parse_rule("near,usd=1,distance=1")
    engine = Engine([rule])
    engine.set_levels("predicted", "BTCUSDT", [Level(100.0, 5.0)])
    assert len(engine.receive_price("BTCUSDT", T0_MS, 100.0, T0_MS)) == 1
    told = Engine([replace(rule, ways=("sound",))], state=engine.state())
    told.set_levels("predicted", "BTCUSDT", [Level(100.0, 5.0)])
    assert told.receive_price("BTCUSDT", T0_MS + 5_000, 100.0, T0_MS) == []
    # Not a price: no sign that it was left.
    assert told.receive_price("BTCUSDT", T0_MS + 6_000, math.nan, T0_MS) == []
    assert told.receive_price("BTCUSDT", T0_MS + 7_000, 100.0, T0_MS) == []


@pytest.mark.parametrize("usd", [math.inf, math.nan, 1e308, -1e9])
def test_what_is_no_amount_neither_ends_judging_nor_hides_what_comes_next(usd: float) -> None:
    engine = Engine([parse_rule("cascade,usd=100,seconds=10")])
    odd, event = (Seen(T0_MS, "BTCUSDT", "long", 1.0, one) for one in (usd, 100.0))
    no_price = Seen(T0_MS, "BTCUSDT", "long", math.inf, 1e6)
    assert engine.receive_events([odd, no_price], T0_MS) == []
    assert len(engine.receive_events([event], T0_MS)) == 1


def test_what_comes_late_does_not_end_the_quiet_time() -> None:
    engine = Engine([parse_rule("large,usd=1,quiet=5m")])

    def rings(second: int) -> int:
        event = Seen(T0_MS + second * 1000, "BTCUSDT", "long", 1.0, 5.0)
        return len(engine.receive_events([event], T0_MS))

    assert [rings(5_000), rings(0), rings(10), rings(5_010), rings(5_300)] == [1, 1, 0, 0, 1]


def test_a_clock_that_is_put_back_silences_no_rule_on_the_recording() -> None:
    engine = Engine([parse_rule("stops,seconds=30,quiet=1h")])

    def rings(second: int, since: int | None) -> int:
        since_ms = None if since is None else T0_MS + since * 1000
        return len(engine.receive_recording(T0_MS + second * 1000, since_ms, None))

    assert [rings(90_000, 89_000), rings(90_001, None)] == [1, 0]
    # A day earlier now; it stops by the clock as it was.
    assert [rings(0, 90_002), rings(29, 90_002), rings(30, 90_002)] == [0, 0, 1]


def test_a_rule_that_is_switched_off_is_silent() -> None:
    rule = Rule("off", AlertKind.LARGE, usd=1.0, is_enabled=False)
    event = Seen(T0_MS, "BTCUSDT", "long", 1.0, 500.0)
    assert Engine([rule]).receive_events([event], T0_MS) == []


def test_an_alert_goes_through_json() -> None:
    (alert,) = Engine(RULES[:1]).receive_events([Seen(T0_MS, "BTCUSDT", "long", 5.0, 500.0)], T0_MS)
    assert Alert.from_json(json.loads(json.dumps(alert.to_json()))) == alert
