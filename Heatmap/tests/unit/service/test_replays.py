"""A layer as of an earlier time shows what it showed then, and nothing that came later."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings, ShownTime
from Heatmap.domain.candles import MINUTE_MS
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds import recorded_feed
from Heatmap.feeds.layer_port import LayerListener
from Heatmap.feeds.level_tags import LevelTags
from Heatmap.feeds.recorded_books import RecordedTotals, TapeNews
from Heatmap.service.replays import Replay
from Heatmap.storage.store import open_store
from Heatmap.tests.stored_market import START_MS, SYMBOL, made_candles, made_events, store_market

if TYPE_CHECKING:
    from Heatmap.feeds.replay_reads import RecordedTime

CANDLES = made_candles(900)
EVENTS = [
    # Some are told of long after they happened.
    replace(one, push_ms=one.ts_ms + (240_000 if number % 5 == 0 else 7))
    for number, one in enumerate(made_events(CANDLES, 3.0))
]
END_MS = START_MS + len(CANDLES) * MINUTE_MS
THEN_MS = START_MS + 600 * MINUTE_MS + 17_432
# Nobody answers there: nothing is recorded but what the test has stored.
NOWHERE = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
LOW, HIGH = min(one.low for one in CANDLES), max(one.high for one in CANDLES)


class KeepingLayer:
    """A page that is ready at once, and keeps what it is shown."""

    symbol: str | None = SYMBOL
    failure = None

    def __init__(self) -> None:
        self.grids: list[tuple[Mapping[str, Any], str]] = []
        self.changes: list[Mapping[str, Any]] = []
        self.parts: dict[str, Any] = {}
        self.leave: object = None

    def set_leave_listener(self, leave: object) -> None:
        self.leave = leave

    def set_listener(self, listener: LayerListener | None) -> None:
        if listener is not None:
            asyncio.get_running_loop().call_soon(self._brief, listener)

    def _brief(self, listener: LayerListener) -> None:
        listener.page_ready()
        listener.viewport_changed(Viewport(LOW, HIGH, None, 900.0, 500.0, THEN_MS - 7_000_000))

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        self.grids.append((meta, packed))

    def append_cells(self, meta: Mapping[str, Any], _packed: str) -> None:
        self.changes.append(meta)

    def set_options(self, options: Mapping[str, Any]) -> None:
        pass

    def clear(self) -> None:
        self.grids.clear()
        self.parts.clear()

    def show_part(self, name: str, payload: object) -> None:
        self.parts[name] = payload

    def show_cell(self, report: object) -> None:
        pass


class World:
    """A service on a file that holds the market until a time, with a layer and followers."""

    def __init__(self, path: Path, now_ms: int, **values: Any) -> None:
        self.now_ms = now_ms
        self.layer = KeepingLayer()
        settings = HeatmapSettings(
            **{
                "enabled": True,
                "bubbles": "on",
                "candle_bars": True,
                "cluster_lines": True,
                "candle_retention_days": 1,
                **values,
            }
        )
        self.service = HeatmapService(
            settings, db=path, kind=DataKind.LIVE, clock=lambda: self.now_ms, **NOWHERE
        )
        self.rows: list[Any] = []
        self.told: list[tuple[bool, int]] = []
        self.totals: list[RecordedTotals] = []

    @property
    def replay(self) -> Replay:
        return self.service.replays.of(self.layer)

    def take(self, news: TapeNews) -> None:
        self.told.append((news.is_restarted, len(news.rows)))
        self.rows = sorted([*([] if news.is_restarted else self.rows), *news.rows])

    def follow(self, recorded: Any) -> None:
        recorded.follow_tape(SYMBOL, self.take)
        recorded.follow_totals(SYMBOL, self.totals.append)

    def picture(self) -> dict[str, Any]:
        """Return everything that is shown, but for numbers of messages."""
        meta, packed = self.layer.grids[-1]
        kept = {name: value for name, value in meta.items() if name != "sequence"}
        parts = {name: one for name, one in self.layer.parts.items() if name != "replay_line"}
        return {**kept, "packed": packed, **parts}

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - work of other threads
                await asyncio.sleep(0.01)


@asynccontextmanager
async def world(
    path: Path, events: list[LiquidationEvent], now_ms: int, **values: Any
) -> AsyncIterator[World]:
    minutes = (now_ms - START_MS) // MINUTE_MS
    store_market(path, CANDLES[:minutes], events)
    with closing(open_store(path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        end_ms = START_MS + minutes * MINUTE_MS
        # A hole, and the time up to now.
        writer.cut_coverage(None, [(THEN_MS - 5_000_000, THEN_MS - 3_000_000)])
        writer.extend_coverage(SYMBOL, end_ms, max(now_ms, end_ms + 1), proven=True)
    made = World(path, now_ms, **values)
    made.service.attach(made.layer)
    await made.service.start()
    try:
        yield made
    finally:
        await made.service.stop()


def known_until(ms: int) -> list[LiquidationEvent]:
    return [one for one in EVENTS if max(one.ts_ms, one.push_ms or 0) <= ms]


async def live_at(path: Path, now_ms: int, **values: Any) -> tuple[dict[str, Any], World]:
    """Return what a layer showed at a time, live."""
    async with world(path, known_until(now_ms), now_ms, **values) as made:
        made.follow(made.service.recorded)
        await made.until(lambda: made.layer.grids and made.totals and made.told)
        await made.until(lambda: made.layer.parts.get("bubbles"))
        await made.until(lambda: made.layer.parts.get("cluster_lines"))
        await made.until(lambda: made.layer.parts.get("candle_bars"))
        return made.picture(), made


@pytest.mark.parametrize("values", [{"heat": "recorded", "price_profile": True}, {"heat": "both"}])
def test_as_of_a_time_all_is_as_it_was_shown_then(tmp_path: Path, values: dict[str, Any]) -> None:
    async def main() -> None:
        then, live = await live_at(tmp_path / "then.sqlite3", THEN_MS, **values)
        async with world(tmp_path / "all.sqlite3", EVENTS, END_MS, **values) as made:
            await made.until(lambda: made.layer.grids)
            assert made.picture() != then
            replay = made.replay
            made.follow(replay.recorded)
            assert (replay.is_active, replay.shown) == (False, ShownTime.NOW)
            replay.show_as_of(THEN_MS)
            assert (replay.now_ms(), replay.shown) == (THEN_MS, ShownTime.AS_OF)
            await made.until(lambda: made.layer.grids and made.picture() == then)
            await made.until(lambda: made.totals and made.told)
            assert made.rows == live.rows
            assert made.totals[-1] == live.totals[-1]
            assert made.layer.parts["replay_line"] == {"ms": THEN_MS}
            # Later, then back: by another way the same.
            replay.seek(THEN_MS + 3_600_000)
            await made.until(lambda: made.picture()["nowMs"] == THEN_MS + 3_600_000)
            await made.until(lambda: len(made.rows) > len(live.rows))
            made.layer.grids.clear()
            replay.seek(THEN_MS)
            await made.until(lambda: made.layer.grids and made.picture() == then)
            await made.until(lambda: made.rows == live.rows)
            await made.until(lambda: made.totals[-1] == live.totals[-1])
            replay.back_to_live()
            assert made.replay.shown is ShownTime.NOW
            await made.until(lambda: made.layer.grids and made.picture()["nowMs"] == END_MS)
            assert made.layer.parts.get("replay_line") is None

    asyncio.run(main())


def test_each_liquidation_is_told_once_while_it_plays_and_at_the_present_it_ends(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with world(tmp_path / "all.sqlite3", EVENTS, END_MS) as made:
            replay = made.replay
            changes: list[ShownTime] = []
            replay.add_listener(lambda: changes.append(replay.shown))
            made.follow(replay.recorded)
            replay.begin(END_MS - 900_000)
            await made.until(lambda: made.told)
            assert len(made.rows) == len(known_until(END_MS - 900_000))
            replay.set_speed(600)
            assert not replay.is_playing
            replay.play()
            await made.until(lambda: replay.now_ms() > END_MS - 800_000)
            replay.pause()
            stands_ms = replay.now_ms()
            await made.until(lambda: len(made.rows) == len(known_until(stands_ms)))
            assert len({*made.rows}) == len(made.rows)
            assert replay.now_ms() == stands_ms
            assert [is_restarted for is_restarted, _ in made.told].count(True) == 1
            replay.play()
            await made.until(lambda: not replay.is_active)
            assert changes[-1] is ShownTime.NOW
            assert replay.now_ms() == END_MS
            with pytest.raises(ValueError, match="one of 1, 10, 60, 300, 600"):
                replay.set_speed(2)

    asyncio.run(main())


def test_while_seeks_come_one_after_the_other_pictures_are_shown(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path / "all.sqlite3", EVENTS, END_MS) as made:
            replay, at_ms = made.replay, THEN_MS
            replay.begin(at_ms)
            await made.until(lambda: made.layer.grids and made.picture()["nowMs"] == at_ms)
            shown = len(made.layer.grids)
            # As of a key that is held, but faster than a picture is built.
            async with asyncio.timeout(30):
                while len(made.layer.grids) == shown:
                    at_ms -= 1_000
                    replay.seek(at_ms)
                    await asyncio.sleep(0.001)
            assert at_ms <= made.picture()["nowMs"] < THEN_MS
            await made.until(lambda: made.picture()["nowMs"] == at_ms)

    asyncio.run(main())


def test_where_it_pauses_all_is_of_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is looked at by itself before the test has been given up.
    monkeypatch.setattr(recorded_feed, "CLOCK_S", 1_000.0)
    monkeypatch.setattr(LevelTags, "replay_look_s", 1_000.0)

    async def main() -> None:
        async with world(tmp_path / "all.sqlite3", EVENTS, END_MS, level_tags=4) as made:
            replay = made.replay
            replay.begin(THEN_MS)
            made.follow(replay.recorded)
            await made.until(lambda: made.totals and made.layer.parts.get("level_tags"))
            before = made.layer.parts["level_tags"]
            replay.set_speed(600)
            replay.play()
            await made.until(lambda: replay.now_ms() > THEN_MS + 1_800_000)
            replay.pause()
            stands_ms = replay.now_ms()
            await made.until(lambda: made.totals[-1].at_ms == stands_ms)
            await made.until(lambda: made.layer.parts["level_tags"] != before)
            await made.until(lambda: made.picture()["nowMs"] == stands_ms)

    asyncio.run(main())


def test_candles_are_those_of_the_time_and_the_bar_knows_the_holes(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path / "all.sqlite3", EVENTS, END_MS) as made:
            replay = made.replay
            replay.begin(THEN_MS)
            minutes = await replay.candles(SYMBOL, START_MS, END_MS)
            closed = (THEN_MS - START_MS) // MINUTE_MS
            assert [one.close for one in minutes] == [one.close for one in CANDLES[:closed]]
            five_ms = 5 * MINUTE_MS
            begin_ms = THEN_MS // five_ms * five_ms
            fives = await replay.candles(SYMBOL, START_MS, END_MS, five_ms)
            part = [one for one in CANDLES[:closed] if one.open_ms >= begin_ms]
            assert part, "the time is amid a candle"
            running = fives[-1]
            assert (running.open_ms, running.open) == (begin_ms, part[0].open)
            assert running.close == part[-1].close
            assert running.high == max(one.high for one in part)
            assert running.low == min(one.low for one in part)
            times: list[RecordedTime | None] = []
            made.service.recorded.follow_time(SYMBOL, times.append)
            await made.until(lambda: times)
            found = times[0]
            assert found is not None
            assert (found.start_ms, found.end_ms) == (START_MS, END_MS)
            assert found.holes == ((THEN_MS - 5_000_000, THEN_MS - 3_000_000),)
            total = sum(longs + shorts for _, longs, shorts in found.sums)
            assert total == pytest.approx(sum(one.notional or 0 for one in EVENTS))

    asyncio.run(main())
