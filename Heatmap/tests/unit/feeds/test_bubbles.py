"""Bubbles of recorded liquidations: what the page is told, on a real file, and when."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import StorageError
from Heatmap.feeds.bubble_book import BubbleBook, BubbleQuestion
from Heatmap.feeds.bubbles import Bubbles, are_wanted
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Effect
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store, store_as_of
from Heatmap.tests.unit.stored_events import EVENT

NOW_MS = 1_733_360_400_000
ON = HeatmapSettings(enabled=True, bubbles="on")
LIVE = Viewport(97_000.0, 99_000.0, None, 900.0, 500.0)


def liquidation(before_s: float, usd: float = 20_000.0, **values: Any) -> LiquidationEvent:
    """Give one so long before now."""
    ts_ms = NOW_MS - round(before_s * 1000)
    made = replace(EVENT, ts_ms=ts_ms, price=98_000.0, notional=usd, qty=usd / 98_000.0)
    return replace(made, **values)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - work of another thread
            await asyncio.sleep(0.005)


class World:
    """Bubbles that follow a real file, its writer, and what the page was told."""

    def __init__(
        self, path: Path, executor: ThreadPoolExecutor, store: SqliteStore | None = None
    ) -> None:
        self.shown: list[dict[str, Any] | None] = []
        self.errors: list[Exception] = []
        self.tape = EventTape(open_store(path), lambda: False)
        self.now_ms = NOW_MS
        self._store = store
        self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        context = FeedContext(
            tape=self.tape,
            clock=lambda: self.now_ms,
            tick_size=lambda _symbol: Decimal("0.1"),
            heartbeats=lambda _symbol: None,
            executor=executor,
            label="",
        )
        self.bubbles = Bubbles(context, lambda: self.loop, self.shown.append, self.errors.append)

    def store(self, *events: LiquidationEvent) -> None:
        """Write events, and hand them on as a recorder does."""
        assert self._store is not None
        self.tape.add_batch(self._store.write(list(events)))

    def amounts(self) -> list[float]:
        """Give the USD of each bubble that the page has now, the oldest first."""
        return columns(self.shown[-1])[2].tolist()


def columns(message: dict[str, Any] | None) -> Any:
    """Give time, price, USD, count and side of each bubble."""
    assert message is not None
    return np.frombuffer(b64decode(message["cells"]), "<f8").reshape(5, -1)


@asynccontextmanager
async def world(directory: Path, *events: LiquidationEvent) -> AsyncIterator[World]:
    path = directory / "x.sqlite3"
    executor = ThreadPoolExecutor(1)
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write(list(events))
        made = World(path, executor, store)
        try:
            yield made
        finally:
            made.bubbles.end()
            await asyncio.to_thread(executor.shutdown)


@pytest.mark.parametrize(
    ("values", "is_wanted"),
    [
        ({}, False),
        ({"heat": "predicted"}, False),
        ({"heat": "both"}, True),
        ({"heat": "both", "bubbles": "off"}, False),
        ({"heat": "recorded", "bubbles": "on"}, True),
        ({"heat": "predicted", "bubbles": "on"}, True),
        ({"heat": "recorded", "bubbles": "recorded"}, True),
        ({"heat": "predicted", "bubbles": "recorded"}, False),
        ({"heat": "both", "bubbles": "recorded"}, True),
    ],
)
def test_they_are_wanted_by_themselves_with_both_heats(
    values: dict[str, Any], is_wanted: bool
) -> None:
    assert are_wanted(HeatmapSettings(**values)) is is_wanted


def test_settings_that_change_them_have_their_effect() -> None:
    expected = {"window", "heat", "side", "minimum_notional", "bubbles", "bubble_least_usd"}
    found = SETTINGS.with_effect(Effect.BUBBLES)
    assert expected <= found
    assert found.isdisjoint({"shape", "decay", "palette", "normalization", "cluster_lookback_ms"})


def test_the_window_is_told_with_time_price_amount_count_and_side(tmp_path: Path) -> None:
    async def main() -> None:
        short = liquidation(60, 30_000.0, liquidated=Liquidated.SHORT, price=98_400.0)
        too_old = liquidation(7_300)
        async with world(tmp_path, liquidation(600), short, too_old) as made:
            made.bubbles.follow("BTCUSDT", ON.changed(bubble_least_usd=5_000.0), LIVE)
            await until(lambda: made.shown)
            assert columns(made.shown[-1]).tolist() == [
                [NOW_MS - 600_000, NOW_MS - 60_000],
                [98_000.0, 98_400.0],
                [20_000.0, 30_000.0],
                [1.0, 1.0],
                [1.0, 0.0],
            ]
            message = made.shown[-1]
            assert message is not None
            assert message["leastUsd"] == 5_000.0
            assert made.errors == []

    asyncio.run(main())


def test_what_is_stored_later_is_told_soon_and_what_has_not_changed_is_not(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            # Read again without anything new: nothing is told.
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            made.store(liquidation(5, 40_000.0), liquidation(3, 1.0, symbol="ETHUSDT"))
            await until(lambda: len(made.shown) > 1)
            assert made.amounts() == [20_000.0, 40_000.0]
            # One that comes late finds its place.
            made.store(liquidation(300, 7_000.0))
            await until(lambda: len(made.shown) > 2)
            assert made.amounts() == [20_000.0, 7_000.0, 40_000.0]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("values", "amounts"),
    [
        ({"side": "longs"}, [20_000.0]),
        ({"side": "shorts"}, [30_000.0]),
        ({"side": "split"}, [20_000.0, 30_000.0]),
        ({"minimum_notional": 25_000.0}, [30_000.0]),
        ({"window": "8h"}, [50_000.0, 20_000.0, 30_000.0]),
    ],
)
def test_what_counts_is_what_the_settings_say(
    values: dict[str, Any], amounts: list[float], tmp_path: Path
) -> None:
    async def main() -> None:
        short = liquidation(60, 30_000.0, liquidated=Liquidated.SHORT)
        async with world(tmp_path, liquidation(600), short, liquidation(7_300, 50_000.0)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            made.bubbles.follow("BTCUSDT", ON.changed(**values), LIVE)
            await until(lambda: made.amounts() == amounts)

    asyncio.run(main())


def test_by_themselves_they_begin_at_the_largest_two_per_cent_of_the_symbol(tmp_path: Path) -> None:
    async def main() -> None:
        # A day ago, out of the window: what is large does not depend on what is shown.
        usual = [liquidation(86_400 + i, 1_000.0 * i) for i in range(1, 102)]
        other = [liquidation(90_000 + i, 9e6, symbol="ETHUSDT") for i in range(1, 102)]
        async with world(tmp_path, *usual[:40], liquidation(60, 5_000.0)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            # Too few to tell what is large.
            assert made.shown[-1]["leastUsd"] is None  # type: ignore[index]
            made.store(*usual[40:], *other)
            made.store(liquidation(30, 200_000.0))
            await until(lambda: made.shown[-1]["leastUsd"] is not None)  # type: ignore[index]
            amounts = [1_000.0 * i for i in range(1, 102)] + [5_000.0, 200_000.0]
            # Two digits of it, and never more than it is.
            large = float(np.quantile(amounts, 0.98)) // 1_000 * 1_000
            assert made.shown[-1]["leastUsd"] == large  # type: ignore[index]
            made.bubbles.follow("BTCUSDT", ON.changed(bubble_least_usd=7_000.0), LIVE)
            await until(lambda: made.shown[-1]["leastUsd"] == 7_000.0)  # type: ignore[index]
            assert made.errors == []

    asyncio.run(main())


def test_what_is_large_is_told_by_what_was_known_then(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    moment_ms = [NOW_MS]
    tape = EventTape(store_as_of(open_store(path), lambda: moment_ms[0]))
    question = BubbleQuestion(
        NOW_MS - 7_200_000, None, "both", 0.0, None, usual_from_ms=NOW_MS - 86_400_000
    )
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([liquidation(600 + i, 1_000.0 * i) for i in range(1, 102)])
        store.write([liquidation(i, 9_000_000.0) for i in range(1, 102)])
    book = BubbleBook(tape, "BTCUSDT")
    assert book.read(question)["leastUsd"] == 9_000_000.0
    # Back, within the time for which it is not looked for anew.
    moment_ms[0] -= 300_000
    assert book.read(question)["leastUsd"] == 99_000.0
    book.close()


def test_a_chart_that_is_scrolled_back_shows_the_window_up_to_its_edge(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(7_300, 50_000.0), liquidation(60)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            assert made.amounts() == [20_000.0]
            back = replace(LIVE, end_ms=NOW_MS - 3_600_000)
            made.bubbles.fit("BTCUSDT", back)
            await until(lambda: made.amounts() == [50_000.0])
            # What happens now is none of its business.
            made.store(liquidation(1, 3_000.0))
            made.bubbles.fit("BTCUSDT", replace(LIVE, end_ms=NOW_MS - 3_500_000))
            made.bubbles.fit("BTCUSDT", LIVE)
            await until(lambda: made.amounts() == [20_000.0, 3_000.0])

    asyncio.run(main())


@pytest.mark.parametrize(
    ("heat", "amounts"),
    [("recorded", [20_000.0]), ("predicted", [50_000.0, 20_000.0]), ("both", [50_000.0, 20_000.0])],
)
def test_with_predicted_levels_they_are_those_of_the_pane(
    heat: str, amounts: list[float], tmp_path: Path
) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(30_000, 50_000.0), liquidation(60)) as made:
            settings = ON.changed(heat=heat)
            made.bubbles.follow("BTCUSDT", settings, LIVE)
            await until(lambda: made.shown)
            assert made.amounts() == [20_000.0]
            wider = replace(LIVE, start_ms=NOW_MS - 30_000_000)
            made.bubbles.fit("BTCUSDT", wider)
            await until(lambda: made.amounts() == amounts)
            # At once this time: what comes afterwards shows that it was taken in.
            made.bubbles.follow("BTCUSDT", settings, wider)
            made.store(liquidation(1, 3_000.0))
            await until(lambda: made.amounts() == [*amounts, 3_000.0])

    asyncio.run(main())


def recorded(message: dict[str, Any] | None) -> Any:
    """Give what the page is told of the recording."""
    assert message is not None
    return message["recorded"]


def test_with_predicted_levels_what_was_not_recorded_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(60)) as made:
            store = made._store
            assert store is not None
            covered = [(3_600, 3_000), (2_400, 5)]
            for before_s, until_s in covered:
                edges = NOW_MS - before_s * 1_000, NOW_MS - until_s * 1_000
                store.extend_coverage("BTCUSDT", *edges, proven=True)
            both = ON.changed(heat="both")
            made.bubbles.follow("BTCUSDT", both, LIVE)
            await until(lambda: made.shown)
            # The window's own edge moves with now; what is to be written yet is not missing.
            found = recorded(made.shown[-1])
            assert found["gaps"] == [
                [None, NOW_MS - 3_600_000, "gap"],
                [NOW_MS - 3_000_000, NOW_MS - 2_400_000, "gap"],
            ]
            assert found["sinceMs"] == NOW_MS - 3_600_000
            assert found["sinceText"] == "5 Dec 2024 00:00 UTC"
            # The recorder has stopped.
            made.now_ms = NOW_MS + 60_000
            made.bubbles.follow("BTCUSDT", both, LIVE)
            await until(lambda: len(made.shown) > 1)
            assert recorded(made.shown[-1])["gaps"][-1] == [NOW_MS - 5_000, None, "gap"]
            # Recorded heat says all that by itself.
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: len(made.shown) > 2)
            assert recorded(made.shown[-1]) is None

    asyncio.run(main())


def test_of_a_symbol_that_was_never_recorded_all_time_is_missing(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(60)) as made:
            made.bubbles.follow("SOLUSDT", ON.changed(heat="both"), LIVE)
            await until(lambda: made.shown)
            assert recorded(made.shown[-1]) == {
                "gaps": [[None, None, "gap"]],
                "sinceMs": None,
                "sinceText": "",
            }
            assert made.amounts() == []

    asyncio.run(main())


def test_as_time_passes_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("Heatmap.feeds.bubbles.EXPIRY_S", 0.1)
    monkeypatch.setattr("Heatmap.feeds.bubbles.LOOK_S", 0.01)

    async def main() -> None:
        async with world(tmp_path, liquidation(7_100, 50_000.0), liquidation(60)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            assert made.amounts() == [50_000.0, 20_000.0]
            for later_ms in (200_000, 2_000_000):
                made.now_ms = NOW_MS + later_ms
                await until(lambda: made.amounts() == [20_000.0])
            # Back again, as a clock may go: what had been dropped is read again.
            made.now_ms = NOW_MS
            await until(lambda: made.amounts() == [50_000.0, 20_000.0])

    asyncio.run(main())


def test_they_go_when_none_are_wanted_and_come_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            for stop in (
                lambda: made.bubbles.follow(None, ON, LIVE),
                lambda: made.bubbles.follow("BTCUSDT", ON.changed(bubbles="off"), LIVE),
                lambda: made.bubbles.follow("BTCUSDT", HeatmapSettings(enabled=True), LIVE),
            ):
                made.bubbles.follow("BTCUSDT", ON, LIVE)
                await until(lambda: made.shown and made.shown[-1] is not None)
                stop()
                assert made.shown[-1] is None
            made.bubbles.follow(None, ON, LIVE)
            assert made.shown.count(None) == 3

    asyncio.run(main())


def test_another_symbol_takes_the_first_ones_bubbles_away_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        other = liquidation(60, 9_000.0, symbol="ETHUSDT")
        async with world(tmp_path, liquidation(600), other) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            made.bubbles.follow("ETHUSDT", ON, LIVE)
            assert made.shown[-1] is None
            await until(lambda: made.shown[-1] is not None)
            assert made.amounts() == [9_000.0]

    asyncio.run(main())


@pytest.mark.parametrize("lose", ["forget", "doubt"])
def test_a_page_that_has_lost_them_is_told_again(lose: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            getattr(made.bubbles, lose)()
            await until(lambda: len(made.shown) == 2)
            assert made.shown[0] == made.shown[1]

    asyncio.run(main())


def test_a_store_that_cannot_be_read_is_told_and_read_as_soon_as_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("Heatmap.feeds.bubbles.RETRY_S", 0.05)
    path = tmp_path / "x.sqlite3"

    async def main() -> None:
        executor = ThreadPoolExecutor(1)
        made = World(path, executor)
        made.bubbles.follow("BTCUSDT", ON, LIVE)
        await until(lambda: made.errors)
        assert isinstance(made.errors[0], StorageError)
        assert made.shown == []
        with SqliteStore(path, DataKind.REPLAY) as store:
            store.write([liquidation(60)])
            await until(lambda: made.shown)
            assert made.amounts() == [20_000.0]
            made.bubbles.end()
            await asyncio.to_thread(executor.shutdown)

    asyncio.run(main())


def test_nothing_is_followed_without_a_loop_or_after_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path, liquidation(600)) as made:
            loop, made.loop = made.loop, None
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            assert not made.tape._followers
            made.loop = loop
            made.bubbles.follow("BTCUSDT", ON, LIVE)
            await until(lambda: made.shown)
            made.bubbles.end()
            assert all(follower.is_closed for follower in made.tape._followers)
            made.store(liquidation(5))
            made.bubbles.fit("BTCUSDT", replace(LIVE, end_ms=NOW_MS - 60_000))
            made.bubbles.forget()
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert len(made.shown) == 1

    asyncio.run(main())
