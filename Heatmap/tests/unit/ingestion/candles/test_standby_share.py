"""Whose candles a standby fetches: what the other program does not keep up, and not too many."""

from Heatmap.domain.candles import MINUTE_MS
from Heatmap.ingestion.candles.standby_share import MOST_SYMBOLS, StandbyShare

NOW_MS = 1_790_000_040_000
STALE_MS = NOW_MS - 10 * MINUTE_MS


def share() -> StandbyShare:
    made = StandbyShare()
    made.begin(100.0)
    return made


def test_what_the_other_program_keeps_up_is_left_to_it_whatever_it_records() -> None:
    kept = ("ETHUSDT", "SOLUSDT", "XRPUSDT")
    stored = {"ETHUSDT": NOW_MS - MINUTE_MS, "SOLUSDT": STALE_MS}
    for recorded in ({"ALL"}, {"BTCUSDT"}, set[str]()):
        chosen = share().choose(kept, recorded, stored, NOW_MS, 100.0)
        assert chosen == ("SOLUSDT", "XRPUSDT")


def test_what_it_records_by_name_gets_time_to_come_and_no_longer() -> None:
    one, kept = share(), ("BTCUSDT", "ETHUSDT")
    assert one.choose(kept, {"BTCUSDT"}, {}, NOW_MS, 110.0) == ("ETHUSDT",)
    assert one.choose(kept, {"BTCUSDT"}, {}, NOW_MS, 200.0) == kept
    one.begin(200.0)
    assert one.choose(kept, {"BTCUSDT"}, {}, NOW_MS, 201.0) == ("ETHUSDT",)


def test_only_the_first_are_held() -> None:
    kept = tuple(f"C{n}USDT" for n in range(20))
    assert share().choose(kept, (), {}, NOW_MS, 100.0) == kept[:MOST_SYMBOLS]
