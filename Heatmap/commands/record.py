"""``python -m Heatmap record``: the headless recorder. Loads neither Qt nor numpy."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from Heatmap.commands.alert_options import (
    HeadlessAlerts,
    add_alert_option,
    add_ways_option,
    given_ways,
    headless_rules,
    require_recorded,
)
from Heatmap.commands.arguments import (
    Parser,
    add_exchange_options,
    add_redis_options,
    announce,
    check_settings,
    whole_number,
)
from Heatmap.commands.log_output import start_log
from Heatmap.commands.output import discard_output
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderStatus
from Heatmap.ingestion.recorder.texts import (
    connection_text,
    heartbeat_text,
    retention_text,
    role_text,
    unread_orders_text,
)
from Heatmap.ingestion.venues.table import venue_named, venue_names
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.service.recording import Recording, make_recorder
from Heatmap.standalone.program_end import ProgramEnd
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Address, open_store

if TYPE_CHECKING:
    from Heatmap.publish import Publisher

STATUS_LINE_PERIOD_S = 60.0
WATCH_PERIOD_S = 0.25
EXIT_LOSS = 1
_STDIN = 0


def run(words: Sequence[str]) -> int:
    """Record until it is asked to end; returns the exit code: 1 where not all could be stored."""
    parser = Parser(
        prog="python -m Heatmap record",
        description="Record liquidations until Ctrl-C, SIGTERM, or the terminal is closed. "
        "Exit code 1 if something that came could not be stored.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--symbol", metavar="BTCUSDT,ETHUSDT|all", help="what to record, default BTCUSDT"
    )
    parser.add_argument(
        "--retention-days",
        metavar="DAYS",
        help="delete liquidations that are older; default: as before, and 14 for a new database; "
        "before a shorter time deletes anything, you are asked",
    )
    parser.add_argument(
        "--confirm-retention",
        type=whole_number,
        metavar="N",
        help="shorten the retention without asking if that deletes at most N liquidations",
    )
    parser.add_argument(
        "--venue",
        choices=venue_names(),
        default=venue_names()[0],
        help="exchange to record, default %(default)s",
    )
    parser.add_argument(
        "--keep-raw", metavar="yes|no", help="also store each message as it came; default yes"
    )
    add_exchange_options(parser)
    add_redis_options(parser, "publish each stored liquidation to Redis")
    add_alert_option(parser, "print a line when this happens")
    add_ways_option(parser, "file with the ways that the rules name by ways=")
    options = parser.parse_args(words)
    ways = None if options.ways is None else given_ways(parser, options.ways)
    rules = headless_rules(parser, options.alert, ways)
    texts = {
        name: text
        for name, text in (
            ("symbols", options.symbol),
            ("retention_days", options.retention_days),
            ("keep_raw", options.keep_raw),
        )
        if text is not None
    }
    settings = check_settings(parser, texts)
    require_recorded(parser, rules, venue_named(options.venue).id, settings.symbols)
    start_log(options)

    end = _End()
    program_end = ProgramEnd(end.ask)
    recording = Recording(
        open_store(options.db),
        ws_url=options.ws_url,
        rest_url=options.rest_url,
        venue=venue_named(options.venue),
        keeps_retention=options.retention_days is None,
        confirmed_deletions=options.confirm_retention,
    )
    tape = EventTape(recording.store)
    publisher = _make_publisher(tape, options.redis, options.redis_prefix)
    recorder = make_recorder(recording, settings, on_stored=tape.add_batch)
    try:
        with HeadlessAlerts(tape, rules, recorder.status, _tell, ways):
            return _record(
                recorder,
                publisher,
                settings,
                recording.store.address,
                end,
                options.confirm_retention,
            )
    finally:
        program_end.settle()


def _make_publisher(tape: EventTape, url: str | None, prefix: str) -> "Publisher | None":
    """Return what publishes to Redis; ``None``: nothing does."""
    if url is None:
        return None
    # An extra: only whoever asks for it needs it.
    from Heatmap.publish import Names, Publisher, check_redis, publish_text  # noqa: PLC0415

    return Publisher(
        tape,
        check_redis(url, prefix),
        Names(prefix=prefix),
        on_change=lambda status: _tell(publish_text(status)),
    )


def _record(
    recorder: Recorder,
    publisher: "Publisher | None",
    settings: HeatmapSettings,
    database: Address,
    end: "_End",
    confirmed_deletions: int | None,
) -> int:
    """Record, and tell about it, until `end`; returns the exit code."""
    if publisher is not None:
        # First: what is stored from the start on is published.
        publisher.start()
    told: tuple[Failure, ...] = ()
    try:
        recorder.start()
        told = _watch(
            recorder,
            publisher,
            f"recording {', '.join(settings.symbols)} into {database}",
            end,
            confirmed_deletions=confirmed_deletions,
        )
        is_ended_by_itself = not recorder.is_running()
    finally:
        recorder.stop()
        if publisher is not None:
            publisher.stop()
    status = recorder.status()
    for notice in status.storage_notices:
        if notice not in told:
            _tell(failure_text(notice))
    _tell(_words(status, publisher))
    is_hanging = recorder.is_running()
    if is_ended_by_itself:
        _tell(f"the recorder stopped by itself: {failure_text(status.last_failure)}")
    if is_hanging:
        _tell(f"the recorder did not stop in time: {status.queued} liquidations may be LOST")
    _settle_output()
    return EXIT_LOSS if is_ended_by_itself or is_hanging or _has_lost(status) else 0


def _has_lost(status: RecorderStatus) -> bool:
    """Whether the status at the end tells of something that could not be stored."""
    return bool(status.overflowed) or status.storage_fault is not None


def _watch(
    recorder: Recorder,
    publisher: "Publisher | None",
    what: str,
    end: "_End",
    *,
    confirmed_deletions: int | None,
) -> tuple[Failure, ...]:
    """Print what the recorder does until it is to end.

    That is each change of its role, whenever it goes blind and sees again, whenever the database
    cannot be written and can be again, and once a minute. Also ends where the recorder does.

    Parameters
    ----------
    recorder, publisher
        Started.
    what
        What it does as the writer, in words.
    end
        Asked for when it is to end.
    confirmed_deletions
        How many events a shorter retention may delete without a question.

    Returns
    -------
    tuple of Failure
        What was told last of the database's state.
    """
    role, roles = None, 0
    notices: tuple[Failure, ...] = ()
    was_blind = was_faulty = False
    line_due_s = time.monotonic() + STATUS_LINE_PERIOD_S
    question = _RetentionQuestion(recorder, confirmed_deletions)
    while not end.is_asked and recorder.is_running():
        status = recorder.status()
        if status.role != role:
            role = status.role
            roles += 1
            took_over = "took over: " if roles > 1 else ""
            _tell(took_over + what if role == "writer" else f"{role_text(status)} ({what})")
        is_blind = status.connection is ConnectionState.BLIND
        if is_blind != was_blind and (is_blind or status.connection is ConnectionState.LIVE):
            was_blind = is_blind
            _tell(_words(status, publisher))
        if (status.storage_fault is not None) != was_faulty:
            was_faulty = not was_faulty
            _tell(_words(status, publisher))
        if status.storage_notices != notices:
            for notice in status.storage_notices:
                if notice not in notices:
                    _tell(failure_text(notice))
            notices = status.storage_notices
        question.ask_where_needed(status)
        question.tell_what_is_deleted(status)
        if time.monotonic() >= line_due_s:
            line_due_s += STATUS_LINE_PERIOD_S
            _tell(_words(status, publisher))
        time.sleep(WATCH_PERIOD_S)
    return notices


class _End:
    """What a signal handler may touch: it runs amid whatever the main thread does.

    A `threading.Event` would not do. Its lock may be held by the very wait that the handler
    interrupts, and both would wait for ever.
    """

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self) -> None:
        """Note that the program is to end."""
        self.is_asked = True


class _RetentionQuestion:
    """Asks once whether events may be deleted because their retention is to be shorter.

    Parameters
    ----------
    recorder
        Whose retention.
    confirmed_deletions
        How many events may be deleted without a question; ``None``: none.
    """

    def __init__(self, recorder: Recorder, confirmed_deletions: int | None) -> None:
        self._recorder = recorder
        self._confirmed_deletions = confirmed_deletions
        self._is_asked = False
        self._is_told = False

    def ask_where_needed(self, status: RecorderStatus) -> None:
        """Ask on a terminal; without one, or after a number too low, say how to confirm."""
        retention = status.retention
        if self._is_asked or retention is None or not retention.is_pending:
            return
        self._is_asked = True
        count = retention.expired_events
        if self._confirmed_deletions is not None:
            _tell(
                f"{retention_text(retention)}: nothing is deleted, "
                f"--confirm-retention {self._confirmed_deletions} allows fewer than {count}"
            )
            return
        if not os.isatty(_STDIN):
            _tell(f"{retention_text(retention)}: run once with --confirm-retention {count}")
            return
        _tell(f"{retention_text(retention)}: delete {count} liquidations? (y/n)")
        if hasattr(signal, "SIGTTIN"):
            # Sent to the background, a recorder must go on and not be stopped for its question.
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        # A daemon, so that a question which nobody answers does not hold up the end.
        threading.Thread(target=self._wait_for_answer, name="answer", daemon=True).start()

    def tell_what_is_deleted(self, status: RecorderStatus) -> None:
        """Say once how many liquidations the shorter retention deletes."""
        retention = status.retention
        if self._is_told or retention is None or retention.deleted_events is None:
            return
        self._is_told = True
        _tell(
            f"the retention is shortened, {retention_text(retention)}; "
            f"{retention.deleted_events} liquidations are deleted"
        )

    def _wait_for_answer(self) -> None:
        # Not through sys.stdin: a thread that waits in there would break the interpreter's end.
        try:
            answer = os.read(_STDIN, 100).strip().lower()
        except OSError:  # the terminal is gone, or another program's
            answer = b""
        if answer not in (b"y", b"yes") or not self._recorder.confirm_retention():
            _tell("nothing is deleted")


def _tell(text: str) -> None:
    """Print one line if that is possible: output that fails must not end the recording."""
    try:
        announce(shown_text(text, LONGEST_MESSAGE_CHARS))
    except BrokenPipeError:  # nobody reads any more, and nobody will
        discard_output()
    except (OSError, ValueError):
        pass  # a full disk may have room again for the next line


def _settle_output() -> None:
    """Write out what is left, or drop it: at its end Python would take it for a failure."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()


def _words(status: RecorderStatus, publisher: "Publisher | None") -> str:
    if publisher is None:
        return _recorder_words(status)
    from Heatmap.publish import publish_text  # noqa: PLC0415

    return f"{_recorder_words(status)}; {publish_text(publisher.status())}"


def _recorder_words(status: RecorderStatus) -> str:
    words = [
        *(["standby"] if status.role == "standby" else []),
        connection_text(status),
        *filter(None, (heartbeat_text(status), unread_orders_text(status))),
        f"{status.stored} stored",
        f"{status.duplicates} duplicates",
        f"{sum(status.rejected.values())} rejected",
        f"{status.queued} waiting",
        f"{status.reconnects} reconnects",
    ]
    if status.overflowed:
        words.append(f"{status.overflowed} LOST because the database could not be written")
    if status.storage_fault is not None:
        words.append(f"not written: {failure_text(status.storage_fault)}")
    if status.candles is not None and status.candles.problem is not None:
        words.append(f"candles: {failure_text(status.candles.problem)}")
    if status.not_recorded:
        words.append(f"NOT recorded: {', '.join(status.not_recorded)}")
    return ", ".join(words)
