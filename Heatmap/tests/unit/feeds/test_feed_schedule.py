"""A feed's schedule: debounce, throttle, and what makes what superfluous."""

from hypothesis import given
from hypothesis import strategies as st

from Heatmap.feeds.feed_schedule import LONGEST_QUIET_S, QUIET_S, Action, FeedSchedule


def begun(now_s: float = 0.0, interval_s: float = 0.25) -> FeedSchedule:
    """Give a schedule that shows a picture built at `now_s`."""
    schedule = FeedSchedule(interval_s)
    schedule.request_rebuild(now_s)
    assert schedule.next_action(now_s) == (Action.REBUILD, None)
    schedule.begin(Action.REBUILD, now_s)
    return schedule


def test_nothing_is_due_before_something_is_requested() -> None:
    assert FeedSchedule(0.25).next_action(5.0) == (None, None)


def test_updates_keep_their_interval() -> None:
    schedule = begun(10.0)
    action, delay_s = schedule.next_action(10.1)
    assert action is None
    assert delay_s is not None
    assert abs(delay_s - 0.15) < 1e-9
    assert schedule.next_action(10.25) == (Action.UPDATE, None)
    schedule.begin(Action.UPDATE, 10.25)
    assert schedule.next_action(10.3)[0] is None


def test_a_rebuild_waits_for_quiet_and_a_further_request_puts_it_off() -> None:
    schedule = begun(0.0, interval_s=10.0)
    schedule.request_rebuild(1.0, quiet_s=QUIET_S)
    assert schedule.next_action(1.29)[0] is None
    schedule.request_rebuild(1.2, quiet_s=QUIET_S)
    assert schedule.next_action(1.49)[0] is None
    assert schedule.next_action(1.51) == (Action.REBUILD, None)


def test_a_rebuild_that_is_due_is_not_put_off_by_one_that_waits() -> None:
    schedule = begun(0.0)
    schedule.request_rebuild(1.0)
    schedule.request_rebuild(1.0, quiet_s=QUIET_S)
    assert schedule.next_action(1.0) == (Action.REBUILD, None)


def test_a_view_that_never_rests_is_answered_all_the_same() -> None:
    schedule = begun(0.0, interval_s=100.0)
    now_s, rebuilt_s = 1.0, []
    while now_s < 4.0:
        schedule.request_rebuild(now_s, quiet_s=QUIET_S)
        if schedule.next_action(now_s)[0] is Action.REBUILD:
            rebuilt_s.append(now_s)
            schedule.begin(Action.REBUILD, now_s)
        now_s += 0.25
    assert rebuilt_s[0] <= 1.0 + LONGEST_QUIET_S
    assert len(rebuilt_s) >= 2


def test_the_old_picture_is_kept_up_while_a_rebuild_waits() -> None:
    schedule = begun(0.0)
    schedule.request_rebuild(1.0, quiet_s=QUIET_S)
    assert schedule.next_action(1.0) == (Action.UPDATE, None)


def test_a_rebuild_makes_a_restyle_superfluous() -> None:
    schedule = begun(0.0, interval_s=10.0)
    schedule.request_restyle()
    schedule.request_rebuild(1.0)
    assert schedule.next_action(1.0) == (Action.REBUILD, None)
    schedule.begin(Action.REBUILD, 1.0)
    assert schedule.next_action(1.1)[0] is None


def test_a_restyle_needs_a_picture() -> None:
    schedule = FeedSchedule(0.25)
    schedule.request_restyle()
    assert schedule.next_action(0.0) == (None, None)
    schedule.request_rebuild(0.0)
    schedule.begin(Action.REBUILD, 0.0)
    assert schedule.next_action(0.1)[0] is None


def test_reset_forgets_everything() -> None:
    schedule = begun(0.0)
    schedule.request_restyle()
    schedule.request_rebuild(1.0)
    schedule.reset()
    assert schedule.next_action(100.0) == (None, None)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.6), st.sampled_from(("resize", "toggle", "restyle", "nothing", "reset"))
        ),
        max_size=40,
    )
)
def test_the_delay_always_leads_to_an_action_and_updates_never_come_too_often(
    steps: list[tuple[float, str]],
) -> None:
    schedule, now_s, update_s = begun(0.0), 0.0, -1.0
    for wait_s, request in steps:
        now_s += wait_s
        if request == "resize":
            schedule.request_rebuild(now_s, quiet_s=QUIET_S)
        elif request == "toggle":
            schedule.request_rebuild(now_s)
        elif request == "restyle":
            schedule.request_restyle()
        elif request == "reset":
            schedule.reset()
        action, delay_s = schedule.next_action(now_s)
        if action is None and delay_s is not None:
            assert delay_s > 0
            assert schedule.next_action(now_s + delay_s + 1e-9)[0] is not None
        if action is not None:
            if action is Action.UPDATE:
                assert now_s - update_s >= 0.25 - 1e-9
                update_s = now_s
            schedule.begin(action, now_s)
