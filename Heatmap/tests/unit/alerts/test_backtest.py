"""How often a rule would have rung is what it does ring, of what is recorded."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.alerts.backtest import backtest
from Heatmap.alerts.backtest_result import AlertBacktest, Untold
from Heatmap.alerts.rule_list import MOST_RULES, parse_rules, rules_from_json, rules_to_json
from Heatmap.alerts.rules import parse_rule
from Heatmap.alerts.texts import backtest_text
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.errors import SettingsError
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.unit.stored_events import EVENT

T0_MS = 1_733_356_800_000
HOUR_MS = 3_600_000


def frame_events(path: Path) -> Iterator[LiquidationEvent]:
    for line in path.read_bytes().splitlines():
        for item in parse_frame(line, T0_MS, keep_raw=False):
            assert isinstance(item, LiquidationEvent)
            yield item


def of_size(ts_ms: int, usd: float, symbol: str = "BTCUSDT") -> LiquidationEvent:
    return replace(EVENT, ts_ms=ts_ms, symbol=symbol, price=1.0, qty=usd, notional=usd)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "x.sqlite3")


def test_the_real_recording_gives_the_counts_that_were_found_by_hand(
    store: Store, shared_data: Callable[[str], Path]
) -> None:
    events = list(frame_events(shared_data("forceorder_btcusdt_2024-12-04_06.jsonl")))
    first_ms, last_ms = events[0].ts_ms, events[-1].ts_ms
    with closing(store.open_writer(DataKind.LIVE)) as writer:
        writer.write(events)
        # Half of the time was recorded, as far as the database knows.
        half_ms = (first_ms + last_ms) // 2
        writer.extend_coverage("BTCUSDT", first_ms, half_ms, proven=True)
    rules = parse_rules(
        [
            "large,usd=250k",
            "large,usd=1M,symbol=BTCUSDT",
            "cascade,usd=500k,seconds=30,count=5",
            "cascade,usd=500k,seconds=30,count=5,quiet=5m",
            "cascade,usd=1M,seconds=60",
        ]
    )
    found = backtest(store, rules, last_ms)
    assert [one.count for one in found] == [22, 2, 9, 8, 4]
    assert [round(one.recorded_share, 3) for one in found] == [0.5] * 5
    assert [len(one.latest) for one in found] == [20, 2, 9, 8, 4]
    day_ms = last_ms - 24 * HOUR_MS
    assert found[0].day_count == sum(
        one.ts_ms > day_ms and (one.notional or 0.0) >= 250_000 for one in events
    )
    assert 0 < found[0].day_count < 22
    assert "2 times in" in backtest_text(found[1])
    assert "50.0 % were recorded" in backtest_text(found[1])


def test_a_usual_minute_is_that_of_the_recorded_time(store: Store) -> None:
    with closing(store.open_writer(DataKind.LIVE)) as writer:
        # 120 recorded minutes of 100 USD each, in 240; and a symbol with less than an hour.
        writer.write([of_size(T0_MS + n * 60_000, 100.0) for n in range(120)])
        writer.write([of_size(T0_MS + 7_777, 2_000.0)])
        writer.write([of_size(T0_MS, 5_000.0, "ETHUSDT")])
        writer.extend_coverage("BTCUSDT", T0_MS, T0_MS + 2 * HOUR_MS, proven=True)
        writer.extend_coverage("BTCUSDT", T0_MS + 3 * HOUR_MS, T0_MS + 4 * HOUR_MS, proven=True)
        writer.extend_coverage("ETHUSDT", T0_MS, T0_MS + HOUR_MS // 2, proven=True)

    def count(text: str) -> tuple[int | None, Untold | None]:
        (found,) = backtest(store, parse_rules([text]), T0_MS + 5 * HOUR_MS)
        return found.count, found.untold

    # 14,000 USD in 180 recorded minutes: 77.8 USD.
    assert count("large,normal=25,symbol=BTCUSDT") == (1, None)
    assert count("large,normal=26,symbol=BTCUSDT") == (0, None)
    assert count("large,normal=1") == (121, None)
    assert count("large,normal=1,symbol=ETHUSDT") == (None, Untold.NO_USUAL_MINUTE)
    assert count("large,usd=1,symbol=SOLUSDT") == (None, Untold.NOTHING_RECORDED)
    # A day after the first hour: what came in that one is not of the last 24 hours.
    (day,) = backtest(store, parse_rules(["large,usd=1,symbol=BTCUSDT"]), T0_MS + 25 * HOUR_MS)
    assert (day.count, day.day_count) == (121, 59)
    assert day.day_share == pytest.approx(2 / 24)


def test_what_is_not_kept_is_said_and_not_guessed(store: Store) -> None:
    with closing(store.open_writer(DataKind.LIVE)) as writer:
        writer.write([of_size(T0_MS, 5.0)])
    rules = parse_rules(["near,usd=1", "stops,seconds=1", "unsaved,seconds=1"])
    found: tuple[AlertBacktest, ...] = backtest(store, rules, T0_MS)
    assert [one.untold for one in found] == [Untold.LEVELS, Untold.RECORDING, Untold.RECORDING]
    assert all(backtest_text(one).startswith("not known") for one in found)


def test_rules_are_kept_as_text_and_a_bad_one_leaves_the_others() -> None:
    rules = parse_rules(["large,usd=500k,ways=sound", "stops,seconds=60"])
    rules = (rules[0], replace(rules[1], is_enabled=False))
    assert rules_from_json(rules_to_json(rules)) == (rules, ())
    assert rules_from_json("") == ((), ())
    mixed = (
        '[{"rule": "large,usd=1"}, {"rule": "huge,usd=1"}, 7, {"rule": "large,id=large-1,usd=2"}]'
    )
    left, problems = rules_from_json(mixed)
    assert [one.id for one in left] == ["large-1"]
    assert len(problems) == 3
    assert rules_from_json('{"a": 1}')[0] == ()
    many = rules_to_json(parse_rule("large,usd=1", number) for number in range(MOST_RULES + 3))
    left, problems = rules_from_json(many)
    assert (len(left), len(problems)) == (MOST_RULES, 3)
    with pytest.raises(SettingsError, match="two alert rules"):
        parse_rules(["large,id=a,usd=1", "large,id=a,usd=2"])
