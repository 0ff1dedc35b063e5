"""Following a store of each engine: a first window, then news, each event once."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.errors import StorageError
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape, Follower, News
from Heatmap.storage.store import Store, StoreReader
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.stored_events import EVENT


@pytest.fixture
def follower(tape: EventTape) -> Iterator[Follower[list[Any]]]:
    with closing(tape.follow("BTCUSDT", 0, list)) as opened:
        yield opened


def at(*times_ms: int, symbol: str = "BTCUSDT") -> list[LiquidationEvent]:
    return [replace(EVENT, ts_ms=ts_ms, symbol=symbol) for ts_ms in times_ms]


def told(news: News[list[Any]]) -> tuple[list[int], bool]:
    return [row[0] for row in news.events], news.restarted


def test_a_window_comes_first_and_then_what_is_new(
    writer: HandingWriter, follower: Follower[list[Any]]
) -> None:
    writer.write(at(3000, 1000) + at(2000, symbol="ETHUSDT"))
    assert told(follower.read()) == ([1000, 3000], True)
    assert told(follower.read()) == ([], False)
    # Late, out of order, and another's.
    writer.write(at(2500) + at(2600, symbol="ETHUSDT"))
    writer.write(at(500))
    assert follower.has_news()
    assert told(follower.read()) == ([500, 2500], False)
    assert not follower.has_news()


def test_the_window_begins_and_ends_where_it_is_asked_to(
    writer: HandingWriter, tape: EventTape
) -> None:
    writer.write(at(999, 1000, 2000, 2999, 3000))
    follower = tape.follow("BTCUSDT", 1000, list)
    assert told(follower.read()) == ([1000, 2000, 2999, 3000], True)
    follower.rewind(2000, 3000)
    assert told(follower.read()) == ([2000, 2999], True)
    # What happens beyond the end is no news, whichever way it comes; what is late is.
    writer.write(at(3001, 2500))
    assert told(follower.read()) == ([2500], False)
    writer.is_standby = True
    writer.write(at(3002, 1500))
    assert told(follower.read()) == ([1500], False)
    follower.rewind(3000)
    assert told(follower.read()) == ([3000, 3001, 3002], True)
    follower.close()


def test_it_gathers_what_its_follower_wants(writer: HandingWriter, tape: EventTape) -> None:
    writer.write(at(1000))
    follower = tape.follow("BTCUSDT", 0, as_array)
    assert follower.read().events["ts_ms"].tolist() == [1000]
    assert follower.read().events.shape == (0,)
    writer.write(at(2000))
    assert follower.read().events["ts_ms"].tolist() == [2000]
    follower.close()


def test_a_batch_that_comes_after_it_was_read_counts_once(
    writer: HandingWriter, follower: Follower[list[Any]]
) -> None:
    first = writer.write_silently(at(1000))
    assert told(follower.read()) == ([1000], True)
    writer.tape.add_batch(first)
    assert told(follower.read()) == ([], False)
    # Behind a standby it is read before it is handed over.
    writer.is_standby = True
    late = writer.write(at(2000))
    assert told(follower.read()) == ([2000], False)
    writer.is_standby = False
    writer.tape.add_batch(late)
    assert told(follower.read()) == ([], False)


def test_rows_that_were_dropped_on_their_way_are_read(
    writer: HandingWriter, follower: Follower[list[Any]]
) -> None:
    follower.read()
    writer.write(at(1000))
    writer.write_silently(at(2000))
    writer.tape.lose_batches()
    assert told(follower.read()) == ([1000, 2000], False)
    writer.write_silently(at(3000))
    writer.write(at(4000))
    assert told(follower.read()) == ([3000, 4000], False)


def test_what_the_other_recorder_stored_last_is_read_after_it_has_ended(
    writer: HandingWriter, follower: Follower[list[Any]]
) -> None:
    writer.is_standby = True
    follower.read()
    writer.write(at(1000))
    writer.is_standby = False
    writer.write(at(2000))
    assert follower.has_news()
    assert told(follower.read()) == ([1000, 2000], False)


def test_another_store_in_its_place_is_a_restart(
    writer: HandingWriter, follower: Follower[list[Any]], database: Store
) -> None:
    writer.write(at(*range(1000, 1050)))
    assert len(follower.read().events) == 50
    writer.close()
    take_away(database)
    with pytest.raises(StorageError):
        follower.read()
    writer.reopen()
    assert told(follower.read()) == ([], True)
    # Its row ids are no longer those that were seen.
    writer.write(at(2000))
    assert told(follower.read()) == ([2000], False)


def test_after_a_read_that_failed_the_window_is_read_anew(
    writer: HandingWriter, follower: Follower[list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write(at(1000))
    follower.read()
    writer.tape.lose_batches()

    def fail(*_: object) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(type(writer.tape._reader), "read_after", fail)
        with pytest.raises(StorageError):
            follower.read()
    assert told(follower.read()) == ([1000], True)


def test_a_gatherer_that_fails_costs_no_event(writer: HandingWriter, tape: EventTape) -> None:
    is_broken = True

    def gather(rows: Iterator[Any]) -> list[Any]:
        if is_broken:
            raise RuntimeError("a bug of the follower")
        return list(rows)

    writer.write(at(1000))
    follower = tape.follow("BTCUSDT", 0, gather)
    with pytest.raises(RuntimeError):
        follower.read()
    is_broken = False
    assert told(follower.read()) == ([1000], True)
    follower.close()


def test_without_a_store_there_is_an_error_and_with_it_a_window(database: Store) -> None:
    tape = EventTape(database)
    follower = tape.follow("BTCUSDT", 0, list)
    with pytest.raises(StorageError):
        follower.read()
    with closing(HandingWriter(database)) as writer:
        writer.write(at(1000))
        assert told(follower.read()) == ([1000], True)
        # By default the store is read for what is new.
        writer.write(at(2000))
        assert follower.has_news()
        assert told(follower.read()) == ([2000], False)
        follower.close()


def test_one_reader_serves_all_and_goes_with_the_last_follower(
    writer: HandingWriter, tape: EventTape
) -> None:
    writer.write(at(1000) + at(2000, symbol="ETHUSDT"))
    one, other = tape.follow("BTCUSDT", 0, list), tape.follow("ETHUSDT", 0, list)
    assert told(one.read()) == ([1000], True)
    reader = tape._reader
    assert told(other.read()) == ([2000], True)
    assert tape._reader is reader is not None
    one.close()
    one.close()
    writer.write(at(3000) + at(4000, symbol="ETHUSDT"))
    assert told(other.read()) == ([4000], False)
    assert not one._cursor.has_waiting, "a closed one takes nothing"
    other.close()
    assert tape._reader is None
    assert told(tape.follow("BTCUSDT", 0, list).read()) == ([1000, 3000], True)


def test_closing_amidst_a_read_waits_for_nothing_and_the_reader_closes_it(
    writer: HandingWriter, tape: EventTape
) -> None:
    writer.write(at(1000))
    lent: list[StoreReader] = []

    def gather(rows: Iterator[Any]) -> list[Any]:
        # In the same thread, as the garbage collector may.
        follower.close()
        assert tape._reader is not None
        lent.append(tape._reader)
        return list(rows)

    follower = tape.follow("BTCUSDT", 0, gather)
    assert told(follower.read()) == ([1000], True)
    assert tape._reader is None
    with pytest.raises(Exception, match="closed"):
        lent[0].first_event_ms("BTCUSDT")


def test_batches_are_handed_over_while_the_store_is_read(
    writer: HandingWriter, follower: Follower[list[Any]]
) -> None:
    follower.read()
    batch = writer.write_silently(at(1000))
    with writer.tape.reading():
        thread = threading.Thread(target=lambda: writer.tape.add_batch(batch), daemon=True)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    assert told(follower.read()) == ([1000], False)


def test_the_reader_is_lent_for_other_questions(writer: HandingWriter, tape: EventTape) -> None:
    writer.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    with tape.reading() as reader:
        assert reader.read_coverage("BTCUSDT", 0, None)[0].end_ms == 1000
    assert tape._reader is None, "nobody follows"


class Course:
    """Writers, batches and followers that take turns at random."""

    def __init__(self, seed: int, writer: HandingWriter) -> None:
        self.rng = random.Random(seed)
        self._writer = writer
        self._followers = {name: writer.tape.follow(name, 0, list) for name in self.symbols}
        self._seen: dict[str, list[Any]] = {}
        self._late: list[StoredBatch] = []
        self._number = 0

    symbols = ("BTCUSDT", "ETHUSDT")

    def write(self) -> None:
        symbol, made = self.rng.choice(self.symbols), []
        for _ in range(self.rng.randrange(4)):
            self._number += 1
            made.append(
                replace(
                    EVENT,
                    symbol=symbol,
                    ts_ms=self.rng.randrange(10**9),
                    notional=float(self._number),
                )
            )
        batch = self._writer.write_silently(made)
        if not self._writer.is_standby:
            self._late.append(batch)

    def read(self, symbol: str) -> None:
        # Batches are handed over a moment after the commit, also of the last one.
        for batch in self._late:
            self._writer.tape.add_batch(batch)
        self._late.clear()
        news = self._followers[symbol].read()
        kept = [] if news.restarted else self._seen[symbol]
        self._seen[symbol] = sorted([*kept, *news.events])
        with closing(self._writer.database.open_reader()) as reader:
            stored = reader.read_window(symbol, 0, None, sorted).events
        assert self._seen[symbol] == stored

    def change_writer(self) -> None:
        self._writer.is_standby = not self._writer.is_standby
        # Followers look several times a second: no time as a standby passes unseen.
        for symbol in self.symbols:
            self.read(symbol)

    def replace_store(self) -> None:
        self._late.clear()
        self._writer.close()
        take_away(self._writer.database)
        self._writer.reopen()

    def close(self) -> None:
        for follower in self._followers.values():
            follower.close()


@pytest.mark.parametrize("seed", range(8))
def test_any_course_of_writers_batches_and_reads_gives_each_event_once(
    seed: int, writer: HandingWriter
) -> None:
    with closing(Course(seed, writer)) as course:
        for _ in range(150):
            number = course.rng.randrange(60)
            if number < 5:
                course.change_writer()
            elif number < 10:
                writer.tape.lose_batches()
            elif number < 11:
                course.replace_store()
            elif number < 35:
                course.write()
            else:
                course.read(course.rng.choice(course.symbols))
