"""Publishes each stored liquidation to Redis, once, in the order of storing; never in the way.

- A thread of its own reads what is stored, after its commit, by the event tape. Nothing is queued
  here: while Redis is away, rows wait in the database, and recording knows nothing of it.
- How far was published is kept in Redis (`cursor`), and changed with what is published.
- Clusters and levels are offered whenever they have changed; only the newest of each is kept, and
  all of them are published again when Redis is back.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.ingestion.connection.supervisor import Backoff
from Heatmap.publish.address import RedisAddress
from Heatmap.publish.cursor import Cursor, go_on, parse_cursor
from Heatmap.publish.messages import liquidation, state_body
from Heatmap.publish.names import Names
from Heatmap.publish.publish_status import PublishState, PublishStatus
from Heatmap.publish.redis_link import LINK_ERRORS, RedisLink
from Heatmap.runtime.plain import as_plain
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import StoredEvent

logger = get_logger(__name__)

STREAM_LENGTH = 10_000
"""About so many liquidations are kept in an instrument's stream."""
_PAGE = 200
_STOP_LIMIT_S = 1.5


@dataclass(frozen=True, slots=True)
class PublishTimes:
    """Waiting times, seconds.

    Attributes
    ----------
    look_s
        After this the store is read, and Redis asked, also where nothing seems new: another
        recorder may have written.
    timeout_s
        How long connecting, and each answer, may take.
    first_backoff_s, longest_backoff_s
        Limits of the wait after a failure; it doubles, with jitter.
    """

    look_s: float = 1.0
    timeout_s: float = 5.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0


class Publisher:
    """Publishes one store. `start` and `stop` are idempotent; it is started once.

    Parameters
    ----------
    tape
        What is stored; batches that are handed to it wake the publisher.
    address
        Where Redis is. It need not answer, now or later.
    names
        What things are called there, and of which kind they are.
    times
        Waiting times.
    on_change
        Told when Redis is there, or away; in the publisher's thread.
    clock
        UTC milliseconds.

    Raises
    ------
    SettingsError
        The address is not usable.
    """

    def __init__(
        self,
        tape: EventTape,
        address: RedisAddress,
        names: Names,
        *,
        times: PublishTimes | None = None,
        on_change: Callable[[PublishStatus], object] = lambda _: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._times = times or PublishTimes()
        self._tape = tape
        self._names = names
        self._clock = clock
        self._on_change = on_change
        self._link = RedisLink(address, names, self._times.timeout_s, STREAM_LENGTH)
        self._backoff = Backoff(
            self._times.first_backoff_s,
            self._times.longest_backoff_s,
            random.Random(),  # noqa: S311 - jitter needs no cryptography
        )
        self._status = PublishStatus(str(address))
        self._thread: threading.Thread | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._follower = tape.follow_stored(self._wake.set)
        self._until_s = 0.0
        # What was stored at the start, or was published since; None: the store can't be read yet.
        self._own_row_id: int | None = None
        # What Redis holds, as it was last read or written.
        self._kept: bytes | None = None
        self._cursor: Cursor | None = None
        # Guards the states; never held for long.
        self._lock = threading.Lock()
        self._states: dict[tuple[str, str], bytes] = {}
        self._changed: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Begin with what is stored from now on, or after what was published before."""
        if self._thread is not None or self._ended.is_set():
            return
        if not self._tape.store.exists():
            self._own_row_id = 0
        else:
            # Where it can't be read yet it is later.
            with contextlib.suppress(StorageError):
                self._own_row_id = self._newest_row_id()
        self._set(state=PublishState.CONNECTING, failure=None)
        self._thread = threading.Thread(target=self._main, name="Heatmap redis", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish what is stored, if Redis takes it, and end; takes 1.5 s at the most."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._until_s = time.monotonic() + _STOP_LIMIT_S
        self._ended.set()
        self._wake.set()
        thread.join(_STOP_LIMIT_S)

    def status(self) -> PublishStatus:
        """Return how it fares; from any thread."""
        return self._status

    def facts(self) -> dict[str, Any]:
        """Return the same as plain data for JSON."""
        plain = as_plain(self._status)
        assert isinstance(plain, dict)  # noqa: S101 - a dataclass becomes one
        return plain

    def offer(self, what: str, instrument: str, data: bytes) -> None:
        """Take clusters or levels that have changed, as JSON; from any thread, returns at once."""
        with self._lock:
            self._states[what, instrument] = state_body(self._names.kind, what, instrument, data)
            self._changed.add((what, instrument))
        self._wake.set()

    def _main(self) -> None:
        try:
            while self._round():
                pass
        finally:
            self._follower.close()
            self._link.drop()
            self._set(state=PublishState.STOPPED)

    def _round(self) -> bool:
        """Publish what there is and wait for more; ``False``: it is to end."""
        is_last = self._ended.is_set()
        # Before looking, so that nothing that comes meanwhile is missed.
        self._wake.clear()
        try:
            has_more = self._publish()
        except StorageError as error:
            logger.info("what is to be published cannot be read: %s", error)
            self._ended.wait(self._times.look_s)
            return not is_last
        except LINK_ERRORS as error:
            self._note_away(self._link.failure_of(error))
            self._ended.wait(self._backoff.next_delay())
            # No last attempt: the program is to end.
            return not self._ended.is_set()
        except Exception as error:
            # A bug: said loudly, and tried again.
            logger.exception("publishing failed")
            self._note_away(Failure.of(error))
            self._ended.wait(self._backoff.next_delay())
            return not self._ended.is_set()
        if has_more:
            return not is_last or time.monotonic() < self._until_s
        if not is_last:
            self._wake.wait(self._times.look_s)
        return not is_last

    def _publish(self) -> bool:
        """Publish one page; whether there may be more."""
        if self._own_row_id is None:
            self._own_row_id = self._newest_row_id()
        kept = self._link.cursor()
        if self._cursor is None or kept != self._kept:
            self._kept, self._cursor = kept, self._go_on(parse_cursor(kept), self._own_row_id)
        self._note_live()
        self._publish_states()
        window = self._follower.read(self._cursor.row_id, _PAGE)
        if not window.events:
            self._set(waiting=0)
            return False
        return self._publish_events(self._cursor, window.events, window.last_row_id)

    def _publish_events(
        self, cursor: Cursor, events: tuple[StoredEvent, ...], newest_row_id: int
    ) -> bool:
        moved = cursor.moved_to(events[-1])
        messages = [liquidation(self._names.kind, cursor.epoch_ms, one) for one in events]
        written = moved.to_json()
        refused = self._link.publish(self._kept, written, messages)
        if refused is None:
            # Another publisher of this database was quicker: go on after it.
            self._cursor = None
            return True
        self._own_row_id, self._kept, self._cursor = moved.row_id, written, moved
        if refused:
            values = {"address": self._status.address, "reason": refused[-1]}
            self._set(failure=Failure(FailureKind.REDIS_REFUSED, values))
            # Such as a stream whose ids are ahead: those of a new epoch are further.
            self._cursor = Cursor(max(self._clock(), moved.epoch_ms + 1), moved.row_id, moved.mark)
        self._set(
            published=self._status.published + len(events),
            refused=self._status.refused + len(refused),
            waiting=max(newest_row_id - moved.row_id, 0),
        )
        return True

    def _go_on(self, kept: Cursor | None, own_row_id: int) -> Cursor:
        row_id = 1 if kept is None else kept.row_id
        window = self._follower.read(row_id - 1, 1)
        found = window.events[0] if window.events else None
        if found is not None and found.row_id != row_id:
            found = None
        # Ids ascend, also where this machine's clock was set back.
        least_ms = 0 if self._cursor is None else self._cursor.epoch_ms + 1
        now_ms = max(self._clock(), least_ms)
        return go_on(kept, found, window.last_row_id, own_row_id, now_ms)

    def _publish_states(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
            states = [(*key, self._states[key]) for key in sorted(changed)]
        if states:
            try:
                self._link.publish_states(states)
            except BaseException:
                with self._lock:
                    self._changed |= changed
                raise

    def _newest_row_id(self) -> int:
        return self._follower.read(0, 0).last_row_id

    def _note_live(self) -> None:
        status = self._status
        if status.state is PublishState.LIVE:
            self._backoff.reset()
            return
        was_away = status.state is PublishState.AWAY
        self._set(
            state=PublishState.LIVE, failure=None, reconnects=status.reconnects + int(was_away)
        )
        with self._lock:
            # It may have forgotten them.
            self._changed |= set(self._states)
        logger.info("Redis at %s takes what is published", status.address)
        self._on_change(self._status)

    def _note_away(self, failure: Failure) -> None:
        self._link.drop()
        waiting = None
        row_id = self._own_row_id
        if row_id is not None:
            with contextlib.suppress(StorageError):
                waiting = max(self._newest_row_id() - row_id, 0)
        was_away = self._status.state is PublishState.AWAY
        self._set(state=PublishState.AWAY, failure=failure, waiting=waiting)
        if not was_away:
            logger.info("%s", failure_text(failure))
            self._on_change(self._status)

    def _set(self, **changes: object) -> None:
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]
