"""What was not recorded of a time: the settings say it of the last day."""

from Heatmap.feeds.replay_reads import RecordedTime

HOUR_MS = 3_600_000
NOW_MS = 100 * HOUR_MS


def recorded(*holes: tuple[int, int], start_ms: int = 90 * HOUR_MS) -> RecordedTime:
    return RecordedTime(start_ms, NOW_MS, holes, 60_000, ())


def test_holes_are_cut_to_the_time_and_before_the_first_start_there_is_one() -> None:
    found = recorded((91 * HOUR_MS, 92 * HOUR_MS), (95 * HOUR_MS, 96 * HOUR_MS))
    from_ms = 91 * HOUR_MS + 1_800_000
    assert found.holes_between(from_ms, NOW_MS) == (
        (from_ms, 92 * HOUR_MS),
        (95 * HOUR_MS, 96 * HOUR_MS),
    )
    assert found.holes_between(NOW_MS - 24 * HOUR_MS, NOW_MS)[0] == (76 * HOUR_MS, 90 * HOUR_MS)
    assert found.holes_between(93 * HOUR_MS, 94 * HOUR_MS) == ()


def test_what_was_recorded_a_moment_ago_and_is_not_written_yet_is_no_hole() -> None:
    assert recorded((NOW_MS - 59_000, NOW_MS)).holes_between(95 * HOUR_MS, NOW_MS) == ()
    stopped = NOW_MS - 61_000, NOW_MS
    assert recorded(stopped).holes_between(95 * HOUR_MS, NOW_MS) == (stopped,)
    # A short one that is over is one.
    over = NOW_MS - 50_000, NOW_MS - 20_000
    assert recorded(over).holes_between(95 * HOUR_MS, NOW_MS) == (over,)
