"""A store of each engine as it was known at a time: nothing later, and each event once."""

import random
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, Series
from Heatmap.domain.events import LiquidationEvent
from Heatmap.storage.as_of import LATE_MS
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store, store_as_of
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.stored_events import EVENT

END_MS = 3 * LATE_MS


def known_at(event: LiquidationEvent) -> int:
    return max(event.ts_ms, event.pushed_ms)


def drawn_event(number: int, rng: random.Random) -> LiquidationEvent:
    ts_ms = rng.randrange(END_MS)
    late_ms = rng.choice((0, 3, 900, LATE_MS - 1, LATE_MS + 1, 2 * LATE_MS))
    push_ms = rng.choice((ts_ms + late_ms, ts_ms - 5, None))
    symbol = "ETHUSDT" if number % 7 == 0 else "BTCUSDT"
    notional = None if number % 11 == 0 else float(number)
    return replace(
        EVENT, ts_ms=ts_ms, push_ms=push_ms, notional=notional, symbol=symbol, price=1.0 + number
    )


def test_whatever_way_the_clock_goes_just_what_was_known_is_told_and_once(
    writer: HandingWriter, database: Store
) -> None:
    rng = random.Random(8)
    waiting = [drawn_event(number, rng) for number in range(400)]
    stored: list[LiquidationEvent] = []
    now_ms = 0
    tape = EventTape(store_as_of(database, lambda: now_ms))
    with closing(tape.follow("BTCUSDT", 0, list)) as follower:
        told: list[float] = []
        for turn in range(300):
            # Mostly on, sometimes far back; and meanwhile some are stored, in any order.
            step_ms = rng.choice((0, 1, 400, 20_000, LATE_MS, -LATE_MS))
            now_ms = max(0, min(END_MS * 2, now_ms + step_ms))
            batch, waiting = waiting[:3], waiting[3:]
            if batch and turn % 2:
                writer.write(batch)
                stored += batch
            else:
                waiting = batch + waiting
            news = follower.read()
            assert [row[0] for row in news.events] == sorted(row[0] for row in news.events)
            if news.restarted:
                told = []
            told += [row[2] for row in news.events]
            expected = [
                one.notional
                for one in stored
                if one.symbol == "BTCUSDT" and one.notional is not None and known_at(one) <= now_ms
            ]
            assert sorted(told) == sorted(expected), f"turn {turn}"
        assert not waiting
        # Another store in its place is read anew.
        take_away(database)
        writer.reopen()
        writer.write([replace(EVENT, ts_ms=5, push_ms=6, notional=77.0)])
        now_ms = 10
        assert [row[2] for row in follower.read().events] == [77.0]


def test_time_and_candles_are_known_as_far_as_they_were_over(
    writer: HandingWriter, database: Store
) -> None:
    minutes = tuple(Candle(n * MINUTE_MS, 1.0, 2.0, 0.5, 1.5, 9.0) for n in range(4))
    writer.save_fetched("BTCUSDT", Fetched(Series.CANDLES, minutes, ((0, 4 * MINUTE_MS),)))
    writer.extend_coverage("BTCUSDT", 1_000, 50_000, proven=True)
    writer.extend_coverage("BTCUSDT", 100_000, 200_000, proven=True)
    writer.save_tick_size("BTCUSDT", Decimal("0.1"), 5)
    moment_ms = 2 * MINUTE_MS - 1
    with closing(store_as_of(database, lambda: moment_ms).open_reader()) as reader:

        def opens() -> list[int]:
            return reader.read_candles("BTCUSDT", 0, 10**9, lambda rows: [row[0] for row in rows])

        def covered() -> list[tuple[int, int]]:
            parts = reader.read_coverage("BTCUSDT", 0, None)
            return [(part.start_ms, part.end_ms) for part in parts]

        assert opens() == [0]
        assert reader.fetched_spans("BTCUSDT", Series.CANDLES) == ((0, MINUTE_MS),)
        assert covered() == [(1_000, 50_000), (100_000, moment_ms)]
        moment_ms += 1
        assert opens() == [0, MINUTE_MS]
        assert reader.fetched_spans("BTCUSDT", Series.CANDLES) == ((0, 2 * MINUTE_MS),)
        assert reader.recorded_since_ms("BTCUSDT") == 1_000
        assert reader.is_current()
        moment_ms = 999
        assert not reader.is_current()
        assert (opens(), covered(), reader.recorded_since_ms("BTCUSDT")) == ([], [], None)
