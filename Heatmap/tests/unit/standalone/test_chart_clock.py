"""Times beside the chart are those of its zone, through its changes of the clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from Heatmap.standalone.chart_clock import ChartClock, zone_names

# In the night in which Berlin's clocks go back, and noon of a summer's day.
MOMENTS_MS = [
    int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)
    for parts in ((2024, 10, 27, 0, 59, 59), (2024, 10, 27, 1, 0, 1), (2024, 7, 1, 12, 0, 0))
]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_a_time_is_said_as_pythons_own_zones_say_it(name: str) -> None:
    clock = ChartClock(name)
    for ms in MOMENTS_MS:
        at = datetime.fromtimestamp(ms / 1000, ZoneInfo(name))
        assert clock.clock(ms) == at.strftime("%H:%M:%S")
        assert clock.stamp(ms) == at.strftime("%Y-%m-%d %H-%M-%S")
        assert clock.date(ms) == f"{at.day} {at:%b} {at.year}"
        offset_min = int(at.utcoffset().total_seconds()) // 60  # type: ignore[union-attr]
        digits = [
            int(one) for one in clock.zone_words(ms).replace("\u2212", "-")[3:].split(":") if one
        ]
        hours, minutes = [*digits, 0, 0][:2]
        assert abs(hours) * 60 + minutes == abs(offset_min)
        assert ("\u2212" in clock.zone_words(ms)) == (offset_min < 0)


def test_the_day_is_said_where_it_is_another_one_in_that_zone() -> None:
    ms = int(datetime(2024, 12, 4, 23, 30, tzinfo=UTC).timestamp() * 1000)
    now_ms = ms + 3_600_000
    assert ChartClock("UTC").clock(ms, now_ms) == "4 Dec 23:30:00"
    assert ChartClock("Europe/Berlin").clock(ms, now_ms) == "00:30:00"


def test_a_zone_that_nobody_knows_changes_nothing() -> None:
    clock = ChartClock("Europe/Berlin")
    assert not clock.set_zone("Europe/Atlantis")
    assert clock.name == clock.page_zone == "Europe/Berlin"
    assert clock.set_zone("local")
    assert clock.page_zone
    assert zone_names()[:2] == ["UTC", "local"]
    assert "Europe/Berlin" in zone_names()
