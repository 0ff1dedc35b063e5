"""Rings for what is stored: follows the event tape in a thread of its own, never in the way.

- One program rings for a database: the one whose recorder writes it, once it has the lock that
  belongs to ringing. A standby rings as soon as it writes, and goes on where the other one ended.
- What is found is kept in a file before it is told, and noted as told afterwards (`alert_book`).
- Where that file cannot be written it rings all the same, and says so: a full disk is what some
  rules are about.
- Events wait until the exchange's time is known. Before, nothing tells old from new.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from Heatmap.alerts.alert_book import AlertBook, AlertNews
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.kept_alerts import KeptAlerts
from Heatmap.alerts.level_watch import Level
from Heatmap.alerts.recording_facts import RecordingFacts
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.usual_minutes import UsualMinutes
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.exchange_clock import ExchangeClock, wall_clock_ms
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.event_tape import EventTape

logger = get_logger(__name__)

_PAGE = 500
_STOP_LIMIT_S = 1.5


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """Waiting times, seconds.

    Attributes
    ----------
    look_s
        After this everything is looked at, also where nothing new was stored.
    keep_s
        After this the state is kept, also where nothing rang.
    retry_s
        After a failure.
    minutes_s
        After this what a usual minute is is found anew.
    """

    look_s: float = 1.0
    keep_s: float = 30.0
    retry_s: float = 5.0
    minutes_s: float = 3_600.0


class AlertFollower:
    """Rings for one store. `start` and `stop` are idempotent; it is started once.

    Parameters
    ----------
    tape
        What is stored; batches that are handed to it wake the follower.
    rules
        What rings.
    status
        How the recorder of this program fares; ``None``: there is none, and nothing rings. Asked in
        the follower's thread.
    on_news
        Told what was found, in the follower's thread. Whoever has told it calls `confirm`.
    clock
        Gives the exchange's time, UTC milliseconds; ``None``: that of `status`.
    times
        Waiting times.

    Raises
    ------
    StorageError
        There is no place for the file in which alerts are kept.
    """

    def __init__(
        self,
        tape: EventTape,
        rules: Iterable[Rule],
        status: Callable[[], RecorderStatus | None],
        on_news: Callable[[AlertNews], object],
        *,
        clock: Callable[[], int] | None = None,
        times: AlertTimes | None = None,
    ) -> None:
        self._times = times or AlertTimes()
        self._tape = tape
        self._status = status
        self._on_news = on_news
        self._clock = clock
        self._own_clock = ExchangeClock(self._heartbeat, wall_clock_ms, time.monotonic)
        self._kept = KeptAlerts(tape.store.address)
        self._thread: threading.Thread | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._follower = tape.follow_stored(self._wake.set)
        # Guards what other threads hand over; never held for long.
        self._handing = threading.Lock()
        self._rules = tuple(rules)
        self._levels: dict[tuple[str, str], tuple[Level, ...]] = {}
        self._changed_levels: set[tuple[str, str]] = set()
        self._told: list[str] = []
        # Why alerts are not judged or told; None: they are.
        self._failure: Failure | None = None
        # What was stored at the start; None: it was not read.
        self._own_row_id: int | None = None
        # Only of the follower's thread from here on.
        self._book: AlertBook | None = None
        self._facts = RecordingFacts()
        self._has_begun = self._is_reloaded = False
        # What came before this program rang is not all judged yet.
        self._is_catching_up = False
        self._keep_due_s = self._minutes_due_s = 0.0

    # -- any thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, where nothing was kept yet with what is stored from now on. Reads the store."""
        if self._ended.is_set():
            self._follower.close()
        elif self._thread is None:
            # Where it can't be read yet it is later.
            with contextlib.suppress(StorageError):
                is_there = self._tape.store.exists()
                self._own_row_id = self._follower.read(0, 0).last_row_id if is_there else 0
            self._thread = threading.Thread(target=self._main, name="Heatmap alerts", daemon=True)
            self._thread.start()

    def request_stop(self) -> None:
        """Have it ring for what is stored, and end; returns at once."""
        self._ended.set()
        self._wake.set()

    def stop(self) -> None:
        """Do the same, and wait for it: 1.5 s at the most."""
        self.request_stop()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_STOP_LIMIT_S)

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Judge other rules, soon; those that stay as they are go on where they are."""
        with self._handing:
            self._rules = tuple(rules)
        self._wake.set()

    def set_levels(self, kind: str, instrument: str, levels: Iterable[Level]) -> None:
        """Take the levels of an instrument as they are now."""
        with self._handing:
            self._levels[kind, instrument] = tuple(levels)
            self._changed_levels.add((kind, instrument))

    def confirm(self, ids: Iterable[str]) -> None:
        """Take note that alerts were told; by their ids."""
        with self._handing:
            self._told += ids

    def state(self) -> AlertState:
        """Return what is known of alerts, as it was kept last; empty until it rings."""
        return self._kept.state

    def failure(self) -> Failure | None:
        """Return why alerts are not kept, or not judged; ``None``: all is well."""
        return self._kept.failure or self._failure

    def is_ringing(self) -> bool:
        """Whether this program is the one that rings for the database."""
        return self._kept.may_ring

    # -- its own thread -----------------------------------------------------------------------

    def _main(self) -> None:
        try:
            is_last = False
            while not is_last:
                # Once more after it was asked to end, for what was stored until then.
                is_last = self._ended.is_set()
                # Before looking, so that nothing that comes meanwhile is missed.
                self._wake.clear()
                self._take_round(is_last=is_last)
        finally:
            self._leave()
            self._follower.close()

    def _take_round(self, *, is_last: bool) -> None:
        try:
            has_more = self._look(is_last=is_last)
        except StorageError as error:
            logger.info("what alerts are about cannot be read: %s", error)
            self._failure = error.failure
            self._begin_again()
            self._ended.wait(self._times.retry_s)
            return
        except Exception as error:
            # A bug: said loudly, and tried again.
            logger.exception("alerts could not be judged")
            self._failure = Failure.of(error)
            self._begin_again()
            self._ended.wait(self._times.retry_s)
            return
        if not (has_more or is_last):
            self._wake.wait(self._times.look_s)

    def _look(self, *, is_last: bool) -> bool:
        """Judge what is new; whether there may be more."""
        status = self._status()
        if not self._may_ring(status, is_last=is_last):
            return False
        book = self._opened_book()
        self._take_what_was_handed(book)
        has_more = False
        now_ms = self._now_ms(status)
        if status is not None and not is_last:
            facts = self._facts.of(status, now_ms or self._own_clock())
            book.receive_recording(*facts)
        if book.is_ringing:
            # What cannot be read must not keep a rule on the recording from ringing.
            self._hand_out(book)
        has_begun = self._begin(book)
        if now_ms is not None and has_begun:
            has_more = self._read(book, now_ms) and not is_last
            if status is not None and book.wants_prices and not has_more:
                book.receive_prices(status.mark_prices, now_ms)
        # What is found late is told at once, and not by page.
        if not has_more or book.is_ringing:
            self._hand_out(book)
        if now_ms is not None and has_begun and not has_more:
            self._is_catching_up = False
        if is_last or time.monotonic() >= self._keep_due_s:
            self._keep_due_s = time.monotonic() + self._times.keep_s
            self._kept.keep(book.state())
        return has_more

    def _may_ring(self, status: RecorderStatus | None, *, is_last: bool) -> bool:
        """Whether this program rings; takes and gives back the right to it."""
        is_writer = status is not None and status.role is SinkRole.WRITER
        if is_last:
            # The recorder has ended before: what it stored last is judged all the same.
            return self._kept.may_ring
        if is_writer:
            return self._kept.try_take()
        self._leave()
        return False

    def _leave(self) -> None:
        """Ring no more, and let another program do so."""
        book, self._book = self._book, None
        if book is not None:
            self._take_told(book)
            self._kept.keep(book.state())
        self._has_begun = self._is_reloaded = False
        self._kept.release()

    def _begin_again(self) -> None:
        """Forget a book that may have judged a part only; another one begins where it was kept."""
        self._book = None
        self._has_begun, self._is_reloaded = False, True

    def _opened_book(self) -> AlertBook:
        if self._book is None:
            state = self._kept.state
            with self._handing:
                rules = self._rules
                self._changed_levels = set(self._levels)
            usual = self._usual_minutes(rules)
            self._book = AlertBook(rules, state, usual, was_told=self._is_reloaded)
            if not self._is_reloaded:
                # Another program's recording is over, however it was.
                self._facts = RecordingFacts()
                self._is_catching_up = True
                self._book.receive_recording(0, None, None)
            self._keep_due_s = 0.0
        return self._book

    def _take_told(self, book: AlertBook) -> None:
        with self._handing:
            told, self._told = self._told, []
        if told:
            book.confirm(told)
            # All else stays as it was kept, and need not be written anew.
            self._kept.keep(replace(self._kept.state, pending=book.pending))

    def _take_what_was_handed(self, book: AlertBook) -> None:
        self._take_told(book)
        with self._handing:
            rules = self._rules
            changed, self._changed_levels = self._changed_levels, set()
            levels = [(*key, self._levels[key]) for key in changed]
        is_due = time.monotonic() >= self._minutes_due_s
        if rules != book.rules or (is_due and any(one.normal for one in rules)):
            book.set_rules(rules, self._usual_minutes(rules))
        for kind, instrument, found in levels:
            book.set_levels(kind, instrument, found)

    def _usual_minutes(self, rules: Iterable[Rule]) -> Callable[[str], float | None]:
        if not any(one.normal for one in rules):
            return lambda _: None
        self._minutes_due_s = time.monotonic() + self._times.minutes_s
        return UsualMinutes(self._tape, self._now_ms(self._status()) or self._own_clock())

    def _begin(self, book: AlertBook) -> bool:
        """Find the place to go on from; whether there is one."""
        if self._has_begun:
            return True
        if not self._tape.store.exists():
            book.begin(None, 0)
            return False
        if book.row_id is None and self._own_row_id is not None:
            book.begin(None, self._own_row_id)
        row_id = book.row_id
        window = self._follower.read(0 if row_id is None else max(row_id - 1, 0), 1)
        found = window.events[0] if window.events else None
        if found is not None and found.row_id != row_id:
            found = None
        book.begin(found, window.last_row_id)
        self._has_begun = True
        return True

    def _read(self, book: AlertBook, now_ms: int) -> bool:
        row_id = book.row_id or 0
        window = self._follower.read(row_id, _PAGE)
        if window.last_row_id < row_id:
            # Another database has taken its place.
            book.begin(None, window.last_row_id)
            return False
        book.receive_events(window.events, now_ms)
        self._failure = None
        return len(window.events) == _PAGE

    def _hand_out(self, book: AlertBook) -> None:
        news = book.take_news()
        if not news:
            return
        news = replace(news, was_away=self._is_catching_up)
        self._kept.keep(book.state())
        try:
            self._on_news(news)
        except Exception as error:
            logger.exception("alerts could not be told")
            self._failure = Failure(FailureKind.LISTENER_FAILED, {"error": repr(error)})
        # What was told at once is noted at once, and what is told later at the next look.
        self._take_told(book)

    def _heartbeat(self) -> tuple[int, float] | None:
        status = self._status()
        return None if status is None else status.newest_heartbeat

    def _now_ms(self, status: RecorderStatus | None) -> int | None:
        if self._clock is not None:
            return self._clock()
        if status is None or status.newest_heartbeat is None:
            return None
        return self._own_clock()
