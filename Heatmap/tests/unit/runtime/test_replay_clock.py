"""The clock of a replay stands where it was put, and never passes the present."""

from Heatmap.runtime.replay_clock import ReplayClock


def test_one_that_stands_at_the_present_does_not_go_on_with_it() -> None:
    present_ms, now_s = [100_000], [5.0]
    clock = ReplayClock(lambda: present_ms[0], 40_000, monotonic_s=lambda: now_s[0])
    clock.seek(700_000)
    assert clock() == 100_000
    present_ms[0] += 60_000
    assert clock() == 100_000
    # One that runs is held back by the present all the same.
    clock.play()
    now_s[0] += 10
    assert clock() == present_ms[0]
