"""Nothing is deleted by a shorter retention before somebody agreed to the number."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.ingestion.recorder.retention import (
    RetentionKeeper,
    RetentionStatus,
    earlier_ms,
    retention_in_force,
)
from Heatmap.ingestion.recorder.texts import retention_text
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import events

DAY_MS = 86_400_000
NOW_MS = 20 * DAY_MS


@pytest.mark.parametrize(
    ("kept", "wanted", "is_confirmed", "expected"),
    [
        (None, 14, False, 14),
        (14, 14, False, 14),
        (14, 30, False, 30),
        (30, 14, False, 30),
        (30, 14, True, 14),
    ],
)
def test_a_retention_grows_by_itself_and_shrinks_on_confirmation(
    kept: int | None, wanted: int, is_confirmed: bool, expected: int
) -> None:
    assert retention_in_force(kept, wanted, is_confirmed=is_confirmed) == expected


def test_the_words_name_both_retentions_and_the_number() -> None:
    words = retention_text(RetentionStatus(14 * DAY_MS, DAY_MS, 1234))
    for part in ("14 days", "1 day ", "would delete 1234", "confirm it first"):
        assert part in words
    assert retention_text(RetentionStatus(DAY_MS, DAY_MS, 0)) == "liquidations are kept for 1 day"


class Kept:
    """A keeper that runs on a file with an event for each of twenty days."""

    def __init__(self, path: Path, days: int, *, confirmed: int | None = None) -> None:
        self.store = SqliteStore(path, DataKind.LIVE)
        if self.store.kept_retention_ms() is None:
            self.store.write(events(20, step_ms=DAY_MS))
        self.news: list[RetentionStatus] = []
        self.faults: list[StorageError] = []
        self.keeper = RetentionKeeper(
            days * DAY_MS,
            confirmed_deletions=confirmed,
            interval_s=60.0,
            now_ms=lambda: NOW_MS,
            report=self._report,
        )

    def _report(self, news: RetentionStatus | StorageError) -> None:
        if isinstance(news, RetentionStatus):
            self.news.append(news)
        else:
            self.faults.append(news)

    def left(self) -> int:
        return int(read_status(self.store.path)["events"])

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - the file is no part of the loop
                await asyncio.sleep(0.005)


def run(kept: Kept, script: Callable[[Kept], Awaitable[None]]) -> None:
    async def main() -> None:
        task = asyncio.create_task(kept.keeper.run(kept.store))
        try:
            await script(kept)
        finally:
            task.cancel()
            await asyncio.wait([task])

    with kept.store:
        asyncio.run(main())


def test_a_new_file_takes_what_is_set_once_the_time_is_known(tmp_path: Path) -> None:
    async def script(kept: Kept) -> None:
        await asyncio.sleep(0.05)
        assert kept.left() == 20, "without the exchange's time nothing is old"
        kept.keeper.note_clock()
        await kept.until(lambda: kept.left() == 14)
        assert kept.news == [RetentionStatus(14 * DAY_MS, 14 * DAY_MS, 0)]
        assert kept.store.kept_retention_ms() == 14 * DAY_MS

    run(Kept(tmp_path / "x.sqlite3", 14), script)


def test_a_shorter_one_waits_with_its_number_and_deletes_exactly_that(tmp_path: Path) -> None:
    async def script(kept: Kept) -> None:
        kept.keeper.note_clock()
        await kept.until(lambda: kept.left() == 14)
        kept.keeper.want(5 * DAY_MS)
        await kept.until(lambda: len(kept.news) == 2)
        assert kept.news[-1] == RetentionStatus(14 * DAY_MS, 5 * DAY_MS, 9)
        kept.keeper.want(5 * DAY_MS)
        kept.keeper.want(16 * DAY_MS)
        await kept.until(lambda: len(kept.news) == 3)
        assert kept.left() == 14
        kept.keeper.want(5 * DAY_MS)
        await kept.until(lambda: len(kept.news) == 4)
        assert kept.news[-1] == RetentionStatus(16 * DAY_MS, 5 * DAY_MS, 9)
        assert kept.left() == 14
        kept.keeper.confirm()
        await kept.until(lambda: kept.left() == 5)
        assert kept.news[-1] == RetentionStatus(5 * DAY_MS, 5 * DAY_MS, 0, deleted_events=9)
        # A confirmation holds for the retention that it was given for, and for no other.
        kept.keeper.want(2 * DAY_MS)
        await kept.until(lambda: kept.news[-1].is_pending)
        assert kept.left() == 5

    run(Kept(tmp_path / "x.sqlite3", 14), script)


def test_the_retention_in_force_outlives_the_run_and_may_be_confirmed_in_advance(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.sqlite3"

    async def first(kept: Kept) -> None:
        kept.keeper.note_clock()
        await kept.until(lambda: kept.left() == 10)

    async def second(kept: Kept) -> None:
        kept.keeper.note_clock()
        await kept.until(lambda: kept.news)
        assert kept.news == [RetentionStatus(10 * DAY_MS, 3 * DAY_MS, 7)]

    async def too_few(kept: Kept) -> None:
        kept.keeper.note_clock()
        await kept.until(lambda: kept.news)
        assert kept.news == [RetentionStatus(10 * DAY_MS, 3 * DAY_MS, 7)]
        assert kept.left() == 10

    async def third(kept: Kept) -> None:
        kept.keeper.note_clock()
        await kept.until(lambda: kept.left() == 3)
        assert kept.news == [RetentionStatus(3 * DAY_MS, 3 * DAY_MS, 0, deleted_events=7)]
        # The number was given for that retention, and for no other.
        kept.keeper.want(2 * DAY_MS)
        await kept.until(lambda: kept.news[-1].is_pending)
        assert kept.left() == 3

    run(Kept(path, 10), first)
    run(Kept(path, 3), second)
    run(Kept(path, 3, confirmed=6), too_few)
    run(Kept(path, 3, confirmed=7), third)


def test_an_event_expires_only_when_both_clocks_agree_that_it_is_old() -> None:
    year_ms = 365 * 86_400_000
    assert earlier_ms(NOW_MS + year_ms, NOW_MS) == NOW_MS  # the exchange has leapt ahead
    assert earlier_ms(NOW_MS, NOW_MS + year_ms) == NOW_MS  # this machine's clock is wrong
    assert earlier_ms(NOW_MS, NOW_MS - year_ms) == NOW_MS - year_ms
    assert earlier_ms(None, NOW_MS) is None
