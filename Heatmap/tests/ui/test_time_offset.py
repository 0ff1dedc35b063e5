"""The rule that finds whether a page's candle times are UTC or local, case by case."""

import json
from typing import Any

import pytest
from PyQt6.QtQml import QJSEngine

from Heatmap.feeds.page.scripts import read_script

pytestmark = pytest.mark.usefixtures("qapp")

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
# 2025-07-16T13:47:23.400Z, a Wednesday.
NOW = 1_752_673_643_400
MONDAY = 345_600_000  # 1970-01-05T00:00:00Z

INTERVALS = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
    "1w": 7 * DAY,
}
# Minutes ahead of UTC: New York, London in winter, Berlin, Delhi, Kathmandu, Auckland, Chatham,
# Caracas' old half hour, St. John's in summer, Kiribati, Baker Island.
ZONES_MIN = (-240, 0, 60, 120, 330, 345, 720, 825, -210, -150, 840, -720)


class Rule:
    """The JavaScript of the rule in a bare engine."""

    def __init__(self) -> None:
        self._engine = QJSEngine()
        self.run(read_script("heatmap_time_offset.js") + "; 0")

    def run(self, script: str) -> Any:
        answer = self._engine.evaluate(f"JSON.stringify(eval({json.dumps(script)}))")
        assert not answer.isError(), answer.toString()
        return None if answer.isUndefined() else json.loads(answer.toString())

    def detect(
        self,
        newest_ms: int,
        interval_ms: int,
        *,
        now_ms: int = NOW,
        local_ms: int = 0,
        known_ms: int | None = None,
        is_live: bool = False,
    ) -> tuple[int, bool]:
        """Give the offset and whether it is certain."""
        evidence = {
            "newestMs": newest_ms,
            "intervalMs": interval_ms,
            "nowMs": now_ms,
            "localMs": local_ms,
            "knownMs": known_ms,
            "isLive": is_live,
        }
        found = self.run(f"OrderPilotHeatmap.timeOffset.detect({json.dumps(evidence)})")
        return found["offsetMs"], found["isCertain"]


@pytest.fixture(scope="module")
def rule(qapp: Any) -> Rule:
    del qapp
    return Rule()


def open_time(now_ms: int, interval_ms: int) -> int:
    """Give when the candle of now opened, UTC; weeks begin on Monday."""
    first = MONDAY if interval_ms > DAY else 0
    return now_ms - (now_ms - first) % interval_ms


@pytest.mark.parametrize("zone_min", ZONES_MIN)
@pytest.mark.parametrize("interval", INTERVALS)
def test_a_chart_that_is_up_to_date_tells_utc_from_the_machine_s_zone(
    interval: str, zone_min: int, rule: Rule
) -> None:
    interval_ms, zone_ms = INTERVALS[interval], zone_min * MINUTE
    # Through a whole day, so that every phase of the long candles occurs.
    for now_ms in range(NOW, NOW + DAY, DAY // 16 + 7_777):
        newest_ms = open_time(now_ms, interval_ms)
        for true_ms in (0, zone_ms):
            found = rule.detect(newest_ms + true_ms, interval_ms, now_ms=now_ms, local_ms=zone_ms)
            assert found == (true_ms, True), (now_ms, true_ms)


@pytest.mark.parametrize(
    ("interval", "zone_min"),
    [
        (interval, zone_min)
        for interval, interval_ms in INTERVALS.items()
        for zone_min in ZONES_MIN
        # 12 h behind and 12 h ahead open a day at the same time of the clock.
        if interval_ms < DAY or abs(zone_min) < 600
    ],
)
def test_a_changing_newest_candle_tells_any_zone_of_the_world(
    interval: str, zone_min: int, rule: Rule
) -> None:
    interval_ms, zone_ms = INTERVALS[interval], zone_min * MINUTE
    for now_ms in range(NOW, NOW + DAY, DAY // 16 + 7_777):
        newest_ms = open_time(now_ms, interval_ms) + zone_ms
        found = rule.detect(newest_ms, interval_ms, now_ms=now_ms, is_live=True)
        if interval_ms <= HOUR:
            assert found == (zone_ms, True)
        else:
            # Hours away from its zone a long candle may still contain now; never a wrong guess
            # where the zone shows in when the candle opens.
            assert found[0] in (zone_ms, 0)


def test_a_zone_that_is_not_the_machine_s_is_not_guessed_from_candles_at_rest(rule: Rule) -> None:
    newest_ms = open_time(NOW, MINUTE) - 3 * HOUR
    assert rule.detect(newest_ms, MINUTE, local_ms=2 * HOUR) == (0, False)
    assert rule.detect(newest_ms, MINUTE, local_ms=2 * HOUR, known_ms=2 * HOUR) == (2 * HOUR, False)
    assert rule.detect(newest_ms, MINUTE, local_ms=2 * HOUR, is_live=True) == (-3 * HOUR, True)


@pytest.mark.parametrize("interval", ["1s", "1m", "15m", "1h"])
def test_old_data_keep_the_last_certain_offset_and_say_so(interval: str, rule: Rule) -> None:
    newest_ms = open_time(NOW - 9 * DAY, INTERVALS[interval])
    for local_ms in (2 * HOUR, -5 * HOUR):
        assert rule.detect(newest_ms, INTERVALS[interval], local_ms=local_ms) == (0, False)
        kept = rule.detect(newest_ms, INTERVALS[interval], local_ms=local_ms, known_ms=local_ms)
        assert kept == (local_ms, False)
    # Where the machine's zone is UTC there is nothing to confuse.
    assert rule.detect(newest_ms, INTERVALS[interval]) == (0, True)


def test_long_candles_tell_by_when_they_open_although_they_are_old(rule: Rule) -> None:
    for interval_ms in (4 * HOUR, DAY, 7 * DAY):
        newest_ms = open_time(NOW - 90 * DAY, interval_ms)
        for true_ms in (0, 2 * HOUR):
            found = rule.detect(newest_ms + true_ms, interval_ms, local_ms=2 * HOUR)
            assert found == (true_ms, True)


def test_a_candle_in_the_future_excludes_an_offset(rule: Rule) -> None:
    # 40 minutes old: too old to be of now under either, but UTC would lie ahead.
    newest_ms = open_time(NOW - 40 * MINUTE, MINUTE)
    assert rule.detect(newest_ms + 2 * HOUR, MINUTE, local_ms=2 * HOUR) == (2 * HOUR, True)
    assert rule.detect(newest_ms, MINUTE, local_ms=-4 * HOUR) == (0, True)


def told(rule: Rule, told_ms: int, newest_ms: int, **evidence: Any) -> int:
    """Give the offset of a candle for which one was told."""
    known = {"nowMs": NOW, "localMs": 2 * HOUR, "knownMs": None, "isLive": False, **evidence}
    known |= {"newestMs": newest_ms, "intervalMs": MINUTE, "toldMs": told_ms}
    found = rule.run(f"OrderPilotHeatmap.timeOffset.detect({json.dumps(known)})")
    assert found["isCertain"]
    assert found["isTold"] is (found["offsetMs"] == told_ms)
    return int(found["offsetMs"])


def test_what_is_told_holds_unless_the_candle_is_of_now_by_another_offset(rule: Rule) -> None:
    newest_ms = open_time(NOW, MINUTE)
    for true_ms in (0, 2 * HOUR):
        # Told rightly; told for the other path of the host's data.
        assert told(rule, true_ms, newest_ms + true_ms) == true_ms
        assert told(rule, 2 * HOUR - true_ms, newest_ms + true_ms) == true_ms
        # Data that tell nothing, or are a little late.
        for age_ms in (9 * DAY, 45 * MINUTE, 90 * SECOND):
            assert told(rule, true_ms, newest_ms + true_ms - age_ms) == true_ms
    # Another zone than the machine's: only where what was told would lie in the future.
    ahead_ms = newest_ms + 5 * HOUR
    assert told(rule, 0, ahead_ms) == 0
    assert told(rule, 0, ahead_ms, isLive=True) == 5 * HOUR
    assert told(rule, 0, newest_ms - 5 * HOUR, isLive=True) == 0


@pytest.mark.parametrize("late_ms", [-20 * SECOND, 40 * SECOND, 90 * SECOND])
def test_clocks_that_differ_and_candles_that_come_late_or_complete_are_still_told(
    late_ms: int, rule: Rule
) -> None:
    for true_ms in (0, 2 * HOUR, -5 * HOUR):
        newest_ms = open_time(NOW, MINUTE) + true_ms
        now_ms = open_time(NOW, MINUTE) + late_ms
        for local_ms in (2 * HOUR, -5 * HOUR):
            if true_ms in (0, local_ms):
                found = rule.detect(newest_ms, MINUTE, now_ms=now_ms, local_ms=local_ms)
                assert found == (true_ms, True)


def test_short_candles_may_be_seconds_behind(rule: Rule) -> None:
    for true_ms in (0, -5 * HOUR):
        newest_ms = NOW - 40 * SECOND + true_ms
        assert rule.detect(newest_ms, SECOND, local_ms=-5 * HOUR) == (true_ms, True)


def test_hours_that_begin_at_the_local_half_hour_are_told_by_being_of_now(rule: Rule) -> None:
    # Aggregated by local hours in Delhi, given in UTC: the opening alone would point to Delhi.
    newest_ms = open_time(NOW, HOUR) + 30 * MINUTE
    assert rule.detect(newest_ms, HOUR, now_ms=newest_ms + MINUTE, local_ms=330 * MINUTE) == (
        0,
        True,
    )


def test_times_that_are_not_round_do_not_hinder(rule: Rule) -> None:
    newest_ms = NOW - 7_123
    assert rule.detect(newest_ms + 2 * HOUR, 4 * HOUR, local_ms=2 * HOUR)[0] == 2 * HOUR
    assert rule.detect(newest_ms, 7 * MINUTE, local_ms=2 * HOUR) == (0, True)


FINDER = """
var finder = new OrderPilotHeatmap.timeOffset.OffsetFinder(null);
finder.localOffsetAt = function () { return LOCAL; };
"""


def test_what_was_found_stays_while_the_candles_tell_nothing(rule: Rule) -> None:
    rule.run(FINDER.replace("LOCAL", str(2 * HOUR)) + "; 0")

    def look(newest_ms: int, interval_ms: int = MINUTE) -> tuple[int, bool]:
        rule.run(f"finder.look({newest_ms}, {interval_ms}, {NOW}, false)")
        return tuple(rule.run("[finder.offsetMs, finder.isCertain]"))

    shifted = open_time(NOW, MINUTE) + 2 * HOUR
    assert look(shifted) == (2 * HOUR, True)
    assert look(shifted - 30 * DAY) == (2 * HOUR, False)
    # Another data path of the host.
    assert look(open_time(NOW, MINUTE)) == (0, True)
    assert look(shifted - 30 * DAY) == (0, False)
    rule.run("finder.tell(3600000)")
    assert look(shifted - 30 * DAY) == (HOUR, True)
    rule.run("finder.tell(null)")
    assert look(shifted) == (2 * HOUR, True)


def test_the_clock_of_the_data_counts_and_not_the_machine_s(rule: Rule) -> None:
    """A replay of last year, on a machine two hours ahead of UTC."""
    rule.run(FINDER.replace("LOCAL", str(2 * HOUR)) + "; 0")
    rule.run("var seenMs = Date.now(); 0")
    replayed_ms = NOW - 365 * DAY
    newest_ms = open_time(replayed_ms, MINUTE) + 2 * HOUR
    rule.run(f"finder.look({newest_ms}, {MINUTE}, seenMs, false)")
    assert rule.run("[finder.offsetMs, finder.isCertain, finder.isDue]") == [0, False, False]
    rule.run(f"finder.setNow({replayed_ms})")
    assert rule.run("finder.isDue")
    rule.run(f"finder.look({newest_ms}, {MINUTE}, seenMs, false)")
    assert rule.run("[finder.offsetMs, finder.isCertain]") == [2 * HOUR, True]
    rule.run(f"finder.setNow({replayed_ms + 1000})")
    assert not rule.run("finder.isDue")


def test_a_clock_that_runs_fast_is_not_set_anew_with_each_message(rule: Rule) -> None:
    """What was of now when it was seen was so by the clock of then."""
    rule.run(FINDER.replace("LOCAL", str(-2 * HOUR)) + "; 0")
    rule.run(f"finder.setNow({NOW}); var seenMs = Date.now(); 0")
    rule.run(
        f"var evidence = finder.evidence({open_time(NOW, MINUTE)}, {MINUTE}, seenMs, true, null); 0"
    )
    settled = {"offsetMs": 0, "isCertain": True, "isSettled": True, "isTold": False}
    assert rule.run("finder.weigh(evidence)") == settled
    for step in range(1, 40):
        # After two hours of it the candle would be of now in the machine's zone.
        rule.run(f"finder.setNow({NOW + step * 3 * MINUTE})")
        assert rule.run("finder.weigh(evidence)")["offsetMs"] == 0


# Berlin: +1 h until 2025-03-30T01:00Z, +2 h until 2025-10-26T01:00Z.
BERLIN = """
var finder = new OrderPilotHeatmap.timeOffset.OffsetFinder(null);
finder.localOffsetAt = function (ms) {
  return ms >= 1743296400000 && ms < 1761440400000 ? 7200000 : 3600000;
};
"""


def test_an_offset_that_changes_within_the_candles_is_followed_back(rule: Rule) -> None:
    rule.run(BERLIN + "; 0")
    spring, autumn = 1_743_296_400_000, 1_761_440_400_000

    def before(offset_ms: int, later_utc: int, interval_ms: int, *, hole_ms: int = 0) -> int:
        earlier_utc = later_utc - interval_ms - hole_ms
        local = "finder.localOffsetAt"
        return int(
            rule.run(
                f"finder.offsetBefore({offset_ms}, {later_utc} + {local}({later_utc}), "
                f"{earlier_utc} + {local}({earlier_utc}), {interval_ms})"
            )
        )

    assert before(2 * HOUR, spring, MINUTE) == HOUR
    assert before(HOUR, autumn, 2 * HOUR) == 2 * HOUR
    assert before(2 * HOUR, open_time(spring + DAY, DAY), DAY) == HOUR
    # Minutes where summer time ends: the first hour's candles are overwritten by the second's.
    assert before(HOUR, autumn, MINUTE, hole_ms=HOUR) == 2 * HOUR
    # Days that all have the same offset.
    same_day = f"finder.offsetBefore({HOUR}, {autumn + 23 * HOUR + HOUR}, {autumn}, {DAY})"
    assert rule.run(same_day) == HOUR
    # A hole at another time, the same offset for all candles, or an offset of another zone.
    assert before(2 * HOUR, spring + 5 * DAY, MINUTE, hole_ms=HOUR) == 2 * HOUR
    same = f"finder.offsetBefore({2 * HOUR}, {spring + 2 * HOUR}, {spring + 2 * HOUR - MINUTE}, "
    assert rule.run(same + f"{MINUTE})") == 2 * HOUR
    other = f"finder.offsetBefore({3 * HOUR}, {spring + 3 * HOUR}, {spring + 2 * HOUR - MINUTE}, "
    assert rule.run(other + f"{MINUTE})") == 3 * HOUR
    rule.run(f"finder.tell({2 * HOUR})")
    assert before(2 * HOUR, spring, MINUTE) == 2 * HOUR


@pytest.mark.parametrize(
    ("offset_min", "interval", "missing", "explained"),
    [
        # The next candle, the same one, one that is late, one that is too late.
        (330, MINUTE, 1, True),
        (330, MINUTE, 0, True),
        (330, MINUTE, 5, True),
        (330, MINUTE, 6, False),
        (330, SECOND, 45, True),
        # As long as a hole of few candles: only the very next candle.
        (120, HOUR, 1, True),
        (120, HOUR, 2, False),
        (120, DAY, 1, True),
        (-210, MINUTE, 1, False),
    ],
)
def test_a_leap_as_long_as_the_offset_is_explained_by_it(
    offset_min: int, interval: int, missing: int, explained: bool, rule: Rule
) -> None:
    leap = offset_min * MINUTE + missing * interval
    found = rule.run(
        "new OrderPilotHeatmap.timeOffset.OffsetFinder(null)"
        f".explainLeap({offset_min * MINUTE}, {NOW}, {leap}, {interval})"
    )
    assert (found is not None) is explained
    assert found is None or found["earlierMs"] == 0
