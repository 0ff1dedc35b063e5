"""What is stored rings once, in whatever pages it is read, and however often the program dies."""

import json
import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.alerts.alert_book import AlertBook
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.level_watch import Level
from Heatmap.alerts.liquidation_lane import LATE_MS
from Heatmap.alerts.rules import parse_rule
from Heatmap.storage.event_records import StoredEvent

T0_MS = 1_733_356_800_000
LARGE = parse_rule("large,id=large,usd=300")
RULES = [LARGE, parse_rule("cascade,id=sum,usd=500,seconds=3,count=2,quiet=4s")]


def stored(row_id: int, ts_ms: int, usd: float, symbol: str = "BTCUSDT") -> StoredEvent:
    return StoredEvent(row_id, symbol, ts_ms, usd % 2 < 1, 10.0, usd / 10, usd, None)


def numbered(events: Sequence[tuple[int, float]]) -> list[StoredEvent]:
    return [stored(n, T0_MS + ms, usd) for n, (ms, usd) in enumerate(sorted(events), 1)]


def begun(state: AlertState, newest_row_id: int = 0, rules: Sequence[object] = RULES) -> AlertBook:
    book = AlertBook(rules, state)  # type: ignore[arg-type]
    book.begin(None, newest_row_id)
    return book


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.floats(0, 400)), max_size=50),
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["go", "kept", "killed"])), min_size=1),
)
@settings(max_examples=80)
def test_any_pages_and_any_restart_ring_the_same_and_nothing_twice(
    events: list[tuple[int, float]], steps: list[tuple[int, str]]
) -> None:
    rows = numbered(events)
    whole = begun(AlertState())
    whole.receive_events(rows, T0_MS)
    expected = [one.id for one in whole.take_news().ringing]

    kept = AlertState(row_id=0)
    book, rung, turn = begun(kept, len(rows)), list[str](), 0
    while (book.row_id or 0) < len(rows):
        size, end = steps[turn % len(steps)]
        turn += 1
        first = book.row_id or 0
        book.receive_events(rows[first : first + size], T0_MS)
        news = book.take_news()
        if news or end == "kept":
            kept = book.state()
        rung += [one.id for one in news.ringing]
        book.confirm(one.id for one in news.ringing)
        if end == "kept":
            kept = book.state()
        # One that always dies before it keeps anything would never get on.
        if end == "kept" or (end == "killed" and turn < 30):
            told = [one.id for one in kept.pending]
            book = begun(AlertState.from_json(kept.to_json()), len(rows))
            # Kept before it was told: the next program counts it, and tells it as missed only.
            assert [one.id for one in book.take_news().late] == told
    assert rung == expected
    assert len(set(rung)) == len(rung)


def test_what_was_kept_and_not_told_is_missed_and_does_not_ring() -> None:
    book = begun(AlertState(row_id=0), 1)
    book.receive_events([stored(1, T0_MS, 400)], T0_MS)
    (alert,) = book.take_news().ringing
    after = begun(AlertState.from_json(book.state().to_json()), 1)
    news = after.take_news()
    assert (news.ringing, news.late_count, news.late[0].id) == ((), 1, alert.id)
    assert [one.is_late for one in after.state().latest] == [True]
    assert begun(after.state(), 1).state().missed == 0


def test_old_events_are_counted_and_do_not_ring() -> None:
    book = begun(AlertState(row_id=0), 3)
    now_ms = T0_MS + LATE_MS + 5_000
    book.receive_events([stored(1, T0_MS, 400), stored(2, T0_MS + 2_000, 400)], now_ms)
    book.receive_events([stored(3, T0_MS + 5_000, 400)], now_ms)
    news = book.take_news()
    # Two large ones, and their sum.
    assert (len(news.ringing), news.late_count, book.state().missed) == (1, 3, 3)
    assert not book.take_news()


def test_a_rule_that_is_changed_rings_once_for_one_second() -> None:
    book = begun(AlertState(row_id=0), 2, [LARGE])
    book.receive_events([stored(1, T0_MS, 400)], T0_MS)
    book.set_rules([parse_rule("large,id=large,usd=200")], lambda _: None)
    book.receive_events([stored(2, T0_MS + 500, 400), stored(3, T0_MS + 1_500, 400)], T0_MS)
    assert [one.ts_ms for one in book.take_news().ringing] == [T0_MS, T0_MS + 1_500]


def test_what_claims_to_be_of_a_time_to_come_makes_nothing_else_old() -> None:
    book = begun(AlertState(row_id=0), 4)
    times = [10**15, -5, 0, 1_000]
    rows = [stored(n, T0_MS + ms, 290) for n, ms in enumerate(times, 1)]
    rows[1] = stored(2, -5, 400)
    book.receive_events(rows, T0_MS)
    assert [one.rule_id for one in book.take_news().ringing] == ["sum"]
    assert book.row_id == 4


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("engine", "rules"), []),
        (("engine", "lanes", "BTCUSDT long", "rules"), {"large": 5}),
        (("engine", "lanes", "BTCUSDT long", "window"), None),
        (("engine", "lanes", "BTCUSDT long", "window", "entries"), [[1, 2]]),
        (("engine", "levels"), {"near BTCUSDT": {"rung_s": 1}}),
        (("engine", "recording"), {"stops": {"has_rung": True}}),
        (("latest", 0, "ts_ms"), "noon"),
        (("latest", 0, "ts_ms"), 10**18),
        (("pending", 0, "usd"), math.inf),
        (("missed",), -5),
    ],
)
def test_a_state_with_which_no_book_could_go_on_is_refused(
    path: tuple[str | int, ...], value: object
) -> None:
    book = begun(AlertState(row_id=0), 1)
    book.receive_events([stored(1, T0_MS, 400)], T0_MS)
    text = book.state().to_json()
    plain = json.loads(text)
    assert AlertState.from_json(text).to_json() == text
    place = plain
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(ValueError, match="another type"):
        AlertState.from_json(json.dumps(plain))


def test_a_book_goes_on_in_its_own_database_only() -> None:
    rows = numbered([(0, 100.0), (1_000, 100.0), (2_000, 100.0)])
    book = begun(AlertState(row_id=0), 3)
    book.receive_events(rows[:2], T0_MS)
    kept = book.state()

    def place(found: StoredEvent | None, newest_row_id: int) -> int | None:
        again = AlertBook(RULES, kept)
        again.begin(found, newest_row_id)
        return again.row_id

    assert place(rows[1], 3) == 2
    assert place(None, 3) == 2  # it has expired
    assert place(stored(2, T0_MS, 7.0), 9) == 9
    assert place(None, 1) == 1
    assert begun(AlertState(), 5).row_id == 5


def test_rules_may_change_while_others_go_on() -> None:
    quiet = parse_rule("large,id=quiet,usd=100,quiet=1h")
    book = begun(AlertState(row_id=0), 9, [quiet, parse_rule("near,usd=10,distance=1")])
    book.set_levels("predicted", "BTCUSDT", [Level(100.0, 50.0)])
    book.receive_events([stored(1, T0_MS, 400)], T0_MS)
    book.set_rules([quiet, LARGE, parse_rule("near,id=other,usd=20,distance=1")], lambda _: None)
    book.receive_events([stored(2, T0_MS + 2_000, 400)], T0_MS)
    book.receive_prices({"BTCUSDT": 100.5}, T0_MS)
    rung = [one.rule_id for one in book.take_news().ringing]
    assert rung == ["quiet", "large", "other"]
    last = book.state().last
    assert set(last) == set(rung)
