"""Tape and totals of a symbol: what is told of a real file, when, and that it is what SQL says."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.feeds import recorded_books, recorded_feed
from Heatmap.feeds.recorded_books import TOTAL_SPANS_MS, RecordedTotals, TapeNews
from Heatmap.feeds.recorded_feed import RecordedFeed, RecordedSource
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.unit.feeds.test_bubbles import NOW_MS, liquidation, until

HOUR_MS = 3_600_000


class World:
    """A feed of a real file, its writer, and what was told."""

    def __init__(self, path: Path, store: SqliteStore) -> None:
        self.path, self.store = path, store
        self.now_ms = NOW_MS
        self.tape = EventTape(open_store(path), lambda: False)
        self.feed = RecordedFeed(
            RecordedSource(self.tape, lambda: self.now_ms, lambda _symbol: None)
        )
        self.news: list[TapeNews] = []
        self.totals: list[RecordedTotals] = []

    def write(self, *events: LiquidationEvent) -> None:
        """Store events, and hand them on as a recorder does."""
        self.tape.add_batch(self.store.write(list(events)))

    def cover(self, from_ms: int, to_ms: int) -> None:
        self.store.extend_coverage("BTCUSDT", from_ms, to_ms, proven=True)

    def rows(self) -> list[tuple[int, float]]:
        """Give time before now in seconds and USD of all rows, by the news alone."""
        known: list[Any] = []
        for news in self.news:
            known = [*([] if news.is_restarted else known), *news.rows]
        return [((NOW_MS - row[0]) // 1000, row[2]) for row in known]

    def told_totals(self) -> list[float]:
        """Give longs and shorts of each span as they were told last."""
        spans = self.totals[-1].spans
        return [usd for one in spans for usd in (one.long_usd, one.short_usd)]

    def plain_totals(self) -> list[float]:
        """Give the same as plain SQL has them."""
        question = (
            "SELECT total(notional) FROM liq_events WHERE symbol = 'BTCUSDT' "
            "AND side = ? AND ts_ms >= ? AND ts_ms <= ?"
        )
        with closing(sqlite3.connect(self.path)) as connection:
            return [
                connection.execute(question, (side, self.now_ms - span_ms, self.now_ms)).fetchone()[
                    0
                ]
                for span_ms in TOTAL_SPANS_MS
                for side in ("SELL", "BUY")
            ]


@asynccontextmanager
async def world(directory: Path, *events: LiquidationEvent) -> AsyncIterator[World]:
    path, executor = directory / "x.sqlite3", ThreadPoolExecutor(1)
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write(list(events))
        made = World(path, store)
        made.feed.start(executor)
        try:
            yield made
        finally:
            made.feed.stop()
            await asyncio.to_thread(executor.shutdown)


def random_events(count: int, hours: float) -> list[LiquidationEvent]:
    random = np.random.default_rng(5)
    return [
        liquidation(
            float(before_s),
            float(usd),
            liquidated=Liquidated.LONG if is_long else Liquidated.SHORT,
            symbol="ETHUSDT" if number % 9 == 0 else "BTCUSDT",
        )
        for number, (before_s, usd, is_long) in enumerate(
            zip(
                np.sort(random.random(count) * hours * 3600),
                random.lognormal(9, 2, count),
                random.random(count) < 0.4,
                strict=True,
            )
        )
    ]


def test_totals_are_what_plain_sql_says_and_go_with_the_clock(tmp_path: Path) -> None:
    async def main() -> None:
        at_the_edge = [liquidation(3_600, 1_000.0), liquidation(3_600.001, 2_000.0)]
        async with world(tmp_path, *random_events(900, 30), *at_the_edge) as made:
            made.cover(NOW_MS - 10 * HOUR_MS, NOW_MS - 2 * HOUR_MS)
            made.cover(NOW_MS - HOUR_MS // 2, NOW_MS)
            made.feed.follow_totals("BTCUSDT", made.totals.append)
            await until(lambda: made.totals)
            assert made.told_totals() == pytest.approx(made.plain_totals())
            shares = [one.recorded_share for one in made.totals[-1].spans]
            assert shares == pytest.approx([0.5, 2.5 / 4, 8.5 / 24])
            # An hour later nothing has happened, and the last hour has left.
            made.now_ms += HOUR_MS
            await until(lambda: made.totals[-1].at_ms == made.now_ms)
            assert made.told_totals()[:2] == [0.0, 0.0]
            assert made.totals[-1].spans[0].recorded_share == 0.0
            assert made.told_totals() == pytest.approx(made.plain_totals())
            assert await made.feed.totals("BTCUSDT") == made.totals[-1]

    asyncio.run(main())


def test_after_a_jump_of_the_clock_nothing_waits_for_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a jump the next look would come after the test has been given up.
    monkeypatch.setattr(recorded_feed, "CLOCK_S", 1_000.0)

    async def main() -> None:
        async with world(tmp_path, *random_events(300, 30)) as made:
            made.feed.follow_totals("BTCUSDT", made.totals.append)
            await until(lambda: made.totals)
            for _ in range(3):
                made.now_ms -= HOUR_MS
                made.feed.hurry()
            await until(lambda: made.totals[-1].at_ms == made.now_ms)
            # Keys that are held do not have all of it read for each.
            assert len(made.totals) <= 3

    asyncio.run(main())


def test_the_tape_is_told_all_rows_once_and_a_late_one_too(tmp_path: Path) -> None:
    async def main() -> None:
        before = liquidation(60, 500.0), liquidation(90, 20_000.0), liquidation(8 * 86_400, 9e6)
        async with world(tmp_path, *before) as made:
            made.feed.follow_tape("BTCUSDT", made.news.append, least_usd=1_000.0)
            await until(lambda: made.news)
            assert made.news[0].is_restarted
            made.write(liquidation(5, 40_000.0), liquidation(3, 9e5, symbol="ETHUSDT"))
            await until(lambda: len(made.rows()) == 2)
            made.write(liquidation(4, 999.0), liquidation(70, 7_000.0))
            await until(lambda: len(made.rows()) == 3)
            assert made.rows() == [(90, 20_000.0), (5, 40_000.0), (70, 7_000.0)]
            assert [news.is_restarted for news in made.news] == [True, False, False]

    asyncio.run(main())


def test_large_are_the_few_largest_and_no_more_rows_are_told_than_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_books, "MOST_ROWS", 400)

    async def main() -> None:
        many = [liquidation(500 - number, 100.0 + number) for number in range(500)]
        async with world(tmp_path, *many) as made:
            made.feed.follow_tape("BTCUSDT", made.news.append)
            await until(lambda: made.news)
            rows = made.news[0].rows
            assert (len(rows), rows[0][2], rows[-1][2]) == (400, 200.0, 599.0)
            assert sum(row[2] >= made.news[0].large_usd for row in rows) == 10

    asyncio.run(main())


def test_the_tape_says_since_when_nothing_is_recorded(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            made.cover(NOW_MS - HOUR_MS, NOW_MS)
            made.feed.follow_tape("BTCUSDT", made.news.append)
            await until(lambda: made.news)
            assert made.news[-1].blind_since_ms is None
            made.now_ms += 30 * HOUR_MS
            await until(lambda: made.news[-1].blind_since_ms == NOW_MS)
            assert made.rows() == [(600, 20_000.0)]
            made.cover(made.now_ms - 1_000, made.now_ms)
            await until(lambda: made.news[-1].blind_since_ms is None)

    asyncio.run(main())


def test_another_file_in_the_place_of_the_one_before_is_read_anew(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            leave = made.feed.follow_tape("BTCUSDT", made.news.append)
            made.feed.follow_totals("BTCUSDT", made.totals.append)
            await until(lambda: made.news and made.totals)
            other = tmp_path / "other"
            other.mkdir()
            with SqliteStore(other / "x.sqlite3", DataKind.REPLAY) as store:
                store.write([liquidation(30, 5_000.0)])
            made.store.close()
            for suffix in ("-wal", "-shm"):
                (tmp_path / f"x.sqlite3{suffix}").unlink(missing_ok=True)
            (other / "x.sqlite3").replace(made.path)
            await until(lambda: made.rows() == [(30, 5_000.0)])
            await until(lambda: made.totals[-1].spans[0].long_usd == 5_000.0)
            leave()
            known = len(made.news)
            made.now_ms += HOUR_MS
            await until(lambda: made.totals[-1].spans[0].long_usd == 0.0)
            assert len(made.news) == known

    asyncio.run(main())


def test_a_listener_that_fails_is_told_again_after_the_next_start(tmp_path: Path) -> None:
    async def main() -> None:
        told: list[TapeNews] = []

        def fail_once(news: TapeNews) -> None:
            told.append(news)
            if len(told) == 1:
                raise RuntimeError("of the test")

        async with world(tmp_path, replace(liquidation(600))) as made:
            made.feed.follow_tape("BTCUSDT", fail_once)
            await until(lambda: told)
            made.feed.stop()
            with pytest.raises(ValueError, match="start it first"):
                await made.feed.totals("BTCUSDT")
            executor = ThreadPoolExecutor(1)
            made.feed.start(executor)
            await until(lambda: len(told) == 2)
            assert told[1].is_restarted
            made.feed.stop()
            await asyncio.to_thread(executor.shutdown)

    asyncio.run(main())
