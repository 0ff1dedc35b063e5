"""The error tree.

::

    HeatmapError
    ├── SettingsError          a setting's value is not allowed (also a ValueError)
    ├── ExchangeError          the exchange's answer is not what its documentation says
    ├── StorageError           the database cannot be used
    │   ├── WrongDataKindError     live, simulated and replayed data never share a file
    │   ├── OtherMarketError       what it holds is of another market than is written
    │   ├── NewerDatabaseError     written by a newer version of this program
    │   ├── CorruptDatabaseError   not a database, or a damaged one
    │   └── DatabaseInUseError     another program has it locked
    │       └── OtherWriterError     another recorder holds the writer lock
    ├── RecordingFileError     a recording to be replayed cannot be read
    ├── HistoryError           the archive's files, or the days made of them, cannot be used
    ├── ServerError            the server cannot listen, or its token cannot be used
    └── PageError              the chart page does not offer what the layer needs

Every one of them is the environment's fault or the user's, never a bug: the message says what was
expected, what came, and what to do. Bugs raise Python's own exceptions.

What went wrong travels on as a `Failure`: a kind with its numbers and names, never a sentence. Each
edge has its own words for it: `domain.failure_texts` for logs and terminals, `ui.texts` for Qt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from os import PathLike, fspath
from typing import Any, ClassVar

from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, error_text, shown_text


class FailureKind(StrEnum):
    """What went wrong, or what was put right and should be known.

    Behind each stand the names of `Failure.values` that it comes with.
    """

    # The way to the exchange.
    TOO_MANY_REQUESTS = "too_many_requests"  # status, hold_s
    BANNED = "banned"  # status, hold_s
    FIREWALL = "firewall"  # status, hold_s
    REGION = "region"  # status, hold_s
    EXCHANGE_FAULT = "exchange_fault"  # status
    UNEXPECTED_STATUS = "unexpected_status"  # status
    NAME_NOT_RESOLVED = "name_not_resolved"  # reason
    NO_ANSWER = "no_answer"
    NO_ANSWER_WITHIN = "no_answer_within"  # limit_s
    NOT_TRIED = "not_tried"
    NO_SECURE_CONNECTION = "no_secure_connection"  # reason
    NO_CONNECTION = "no_connection"  # reason
    PROXY_REFUSED = "proxy_refused"  # status
    PROXY_SCHEME = "proxy_scheme"  # setting, schemes
    PROXY_UNREADABLE = "proxy_unreadable"  # setting
    PROXY_WITHOUT_HOST = "proxy_without_host"  # setting
    PROXY_WITH_PATH = "proxy_with_path"  # setting
    PROXY_NEEDS_PACKAGE = "proxy_needs_package"  # proxy, setting, package
    CLOSED_BY_EXCHANGE = "closed_by_exchange"  # code, reason
    BROKE_OFF = "broke_off"
    CLOSED = "closed"
    NO_MARK_PRICE = "no_mark_price"  # silence_s
    WENT_SILENT = "went_silent"  # silence_s
    RESTARTED = "restarted"
    NOT_SUBSCRIBED = "not_subscribed"  # a cause
    # What the exchange answers.
    ANSWER_TOO_LONG = "answer_too_long"  # limit_mib
    REQUEST_FAILED = "request_failed"  # reason
    REQUEST_REFUSED = "request_refused"  # reason, code
    NOT_DOCUMENTED = "not_documented"  # request, reason
    NOT_ANSWERED = "not_answered"  # request, and a cause
    TICK_SIZE_ODD = "tick_size_odd"  # symbol, reason, count (1)
    TICK_SIZES_ODD = "tick_sizes_odd"  # symbol and reason (of the first), count
    NOT_LISTED = "not_listed"  # symbols
    NO_CANDLES = "no_candles"  # symbol, interval
    CANDLES_SILENT = "candles_silent"  # silence_s
    STREAM_ENDED = "stream_ended"
    FETCH_REFUSED = "fetch_refused"  # request, status, reason
    FETCHED_ODD = "fetched_odd"  # request, reason
    CANDLE_AHEAD = "candle_ahead"  # symbol, open_ms
    # The database.
    DATABASE_LOCKED = "database_locked"  # path, reason
    DATABASE_READ_ONLY = "database_read_only"  # path, reason
    DATABASE_NOT_OPENED = "database_not_opened"  # path, reason
    DISK_FULL = "disk_full"  # path, reason
    DISK_ERROR = "disk_error"  # path, reason
    OUT_OF_MEMORY = "out_of_memory"  # path, reason
    DATABASE_DAMAGED = "database_damaged"  # path, reason
    DATABASE_UNEXPECTED = "database_unexpected"  # path, reason
    SCHEMA_CHANGED_INDEX = "schema_changed_index"  # path, changes, delay_s
    SCHEMA_CHANGED = "schema_changed"  # path, changes, delay_s
    DAMAGED_AGAIN = "damaged_again"  # path, spacing_s
    FILE_OVERWRITTEN_DAMAGED = "file_overwritten_damaged"  # path, reason
    FILE_UNFINISHED = "file_unfinished"  # path
    FILE_CHANGED = "file_changed"  # path
    BEING_OVERWRITTEN = "being_overwritten"  # path
    BEING_READ = "being_read"  # path
    LOG_OVERWRITTEN = "log_overwritten"  # path
    LOG_HELD = "log_held"  # path, reason
    LOG_NOT_DELETED = "log_not_deleted"  # path, reason
    NO_ROOM = "no_room"  # target, wanted_mib, free_mib
    FOREIGN_DATABASE = "foreign_database"  # path
    NOT_RENAMED = "not_renamed"  # path, reason
    NAME_REFUSED = "name_refused"  # path, reason
    NOT_LOOKED_UP = "not_looked_up"  # path, reason
    IS_DIRECTORY = "is_directory"  # path, example
    NO_DIRECTORY = "no_directory"  # directory, name
    NAME_TOO_LONG = "name_too_long"  # path, count, limit
    NO_DATABASE = "no_database"  # path
    DIRECTORY_IN_PLACE = "directory_in_place"  # path
    DEVICE_IN_PLACE = "device_in_place"  # path
    HARD_LINKS = "hard_links"  # path, count
    OTHER_WRITER = "other_writer"  # path
    BELONGS_TO_OTHER = "belongs_to_other"  # path, expected, got (application ids)
    NEWER_DATABASE = "newer_database"  # path, expected, got (schema versions)
    OLDER_DATABASE = "older_database"  # path, expected, got (schema versions)
    EMPTY_DATABASE = "empty_database"  # path
    DATABASE_SPOILT = "database_spoilt"  # path, what
    WRONG_DATA_KIND = "wrong_data_kind"  # path, expected, got
    OTHER_MARKET = "other_market"  # path, expected, got
    TICK_SIZE_SPOILT = "tick_size_spoilt"  # path, symbol, got
    NO_WRITE_AHEAD_LOG = "no_write_ahead_log"  # got
    NO_FILE = "no_file"  # path
    NO_DATA_DIRECTORY = "no_data_directory"  # directory, reason
    NO_HOME = "no_home"
    NO_ENGINE = "no_engine"  # address, known
    NOT_WRITTEN = "not_written"  # part, error
    TICK_SIZE_NOT_WRITTEN = "tick_size_not_written"  # symbol, error
    CANDLES_NOT_STORED = "candles_not_stored"  # a cause
    # What somebody did to the database while it was written. What was done about it has that as
    # its cause.
    FILE_MOVED = "file_moved"  # path
    FILE_REPLACED = "file_replaced"  # path
    FILE_OVERWRITTEN = "file_overwritten"  # path, lost (events, at most)
    FILE_LINKED = "file_linked"  # path
    FILE_DAMAGED = "file_damaged"  # path
    LOG_MOVED = "log_moved"  # path
    LOG_INDEX_MOVED = "log_index_moved"  # path
    LOG_SPOILT = "log_spoilt"  # path
    LOG_FOREIGN = "log_foreign"  # path
    LOG_LARGE = "log_large"  # path, limit_mib, since_ms, size_mib
    SECOND_NAME = "second_name"  # path
    # What was done about it.
    SET_ASIDE = "set_aside"  # path, target
    SET_ASIDE_AFTER = "set_aside_after"  # path, target, and a cause
    CONTENT_KEPT = "content_kept"  # target, and a cause
    LOG_KEPT = "log_kept"  # target, and a cause
    GOES_ON_ELSEWHERE = "goes_on_elsewhere"  # target, and a cause
    GOES_ON_IN_NEW = "goes_on_in_new"  # path, and a cause
    GOES_ON_IN_FOUND = "goes_on_in_found"  # path, and a cause
    NOTHING_LOST = "nothing_lost"  # a cause
    LOG_RESTORED = "log_restored"  # restored, and a cause
    LOG_RESTORED_IN_PART = "log_restored_in_part"  # restored, lost, and a cause
    SCHEMA_MENDED = "schema_mended"  # path, changes
    ROWS_LEFT_OUT = "rows_left_out"  # path, tables (rows by table)
    # The ways on which alerts are told.
    WAY_BUSY = "way_busy"  # status, hold_s
    WAY_REFUSED = "way_refused"  # status
    WAY_REDIRECTED = "way_redirected"  # status
    WAY_SILENT = "way_silent"  # limit_s
    WAY_NAME_UNKNOWN = "way_name_unknown"
    WAY_NOT_REACHED = "way_not_reached"
    WAY_NOT_SECURE = "way_not_secure"
    WAY_BROKE_OFF = "way_broke_off"
    WAY_ANSWER_ODD = "way_answer_odd"
    WAY_SERVICE_FAILED = "way_service_failed"
    WAY_NOT_RUNNING = "way_not_running"
    WAY_NEEDS_PACKAGE = "way_needs_package"  # package
    WAY_ADDRESS_UNREADABLE = "way_address_unreadable"
    WAY_ADDRESS_NOT_SECURE = "way_address_not_secure"
    WAY_SERVICE_UNKNOWN = "way_service_unknown"
    WAY_NAME_WRONG = "way_name_wrong"  # limit
    WAY_KEY_SHORT = "way_key_short"  # limit
    WAYS_NOT_READ = "ways_not_read"  # path, reason
    WAYS_NOT_WRITTEN = "ways_not_written"  # path, reason
    NO_TRAY = "no_tray"
    NO_SOUND = "no_sound"
    # Redis, where liquidations are published.
    REDIS_AWAY = "redis_away"  # address, reason
    REDIS_REFUSED = "redis_refused"  # address, reason
    # Alerts.
    ALERTS_NOT_KEPT = "alerts_not_kept"  # path, reason
    # The program.
    RECORDER_ENDED = "recorder_ended"  # error
    PART_RESTARTED = "part_restarted"  # part, error
    NOT_RESTARTED = "not_restarted"  # a cause
    LISTENER_FAILED = "listener_failed"  # error
    LOOP_MOVING = "loop_moving"
    LOOP_CLOSED = "loop_closed"
    LOOP_NOT_RUNNING = "loop_not_running"
    LAYER_NOT_HEARD = "layer_not_heard"  # error
    LAYER_NOT_FED = "layer_not_fed"  # error
    EVENTS_NOT_HANDED_ON = "events_not_handed_on"  # error
    CHART_NOT_TOLD = "chart_not_told"  # error
    PICTURE_NOT_BUILT = "picture_not_built"  # error
    CLUSTERS_FAILED = "clusters_failed"  # error
    NO_CLUSTERS = "no_clusters"  # symbol, and a cause
    CLUSTERS_NOT_FOUND = "clusters_not_found"  # symbol, error
    CLUSTER_LISTENER_FAILED = "cluster_listener_failed"  # symbol, error
    NO_LEVELS = "no_levels"  # symbol, and a cause
    LEVELS_NOT_COMPUTED = "levels_not_computed"  # symbol, error
    LEVEL_LISTENER_FAILED = "level_listener_failed"  # symbol, error
    NOT_LEARNED = "not_learned"  # symbol, and a cause
    FIT_UNREADABLE = "fit_unreadable"  # name, reason
    HISTORY_UNREADABLE = "history_unreadable"  # reason
    SYMBOLS_NOT_RECORDED = "symbols_not_recorded"  # symbols, recorded
    INTERNAL = "internal"  # error
    # The chart page.
    PAGE_NOT_LOADED = "page_not_loaded"
    PAGE_DIED = "page_died"
    PAGE_REFUSED_SCRIPT = "page_refused_script"
    PAGE_NOT_CHANGED = "page_not_changed"  # reason
    PAGE_SILENT = "page_silent"
    PAGE_CHANNEL_GONE = "page_channel_gone"
    PAGE_LACKS = "page_lacks"  # name
    PAGE_MISMATCH = "page_mismatch"  # chart, candles
    PAGE_SCRIPT_FAILED = "page_script_failed"  # reason
    LAYER_FAILED = "layer_failed"  # error
    # Settings in a file.
    SETTINGS_NOT_JSON = "settings_not_json"  # line, column
    SETTINGS_ODD = "settings_odd"
    SETTINGS_FOREIGN = "settings_foreign"
    SETTINGS_NEWER = "settings_newer"
    SETTINGS_TOO_LARGE = "settings_too_large"  # limit
    SETTINGS_NOT_READ = "settings_not_read"  # reason
    SETTINGS_NOT_WRITTEN = "settings_not_written"  # reason
    # Said in words by whoever raised it.
    OTHER = "other"  # text


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as a fact: plain, comparable, ready for JSON by `runtime.plain.as_plain`.

    Attributes
    ----------
    kind
        What it was.
    values
        Its numbers and names, as `FailureKind` says. Texts are safe to show: one line each, without
        control characters, passwords and tokens; paths are texts, lists are tuples of texts.
    cause
        What it came of; ``None``: nothing that is known.
    """

    kind: FailureKind
    values: Mapping[str, Any] = field(default_factory=dict)
    cause: "Failure | None" = None

    def __post_init__(self) -> None:
        safe = {name: _safe(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", safe)

    @property
    def hold_s(self) -> float | None:
        """How long the exchange wants to be left alone, seconds; ``None``: it does not say."""
        seconds = self.values.get("hold_s")
        return float(seconds) if isinstance(seconds, int | float) else None

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return what an exception of any kind is as a fact."""
        if isinstance(error, HeatmapError):
            return error.failure
        return cls(FailureKind.INTERNAL, {"error": repr(error)})

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Failure":
        """Return the failure that `runtime.plain.as_plain` has made plain."""
        cause = plain.get("cause")
        return cls(
            FailureKind(plain["kind"]),
            plain["values"],
            None if cause is None else cls.from_plain(cause),
        )


def _safe(value: object) -> object:
    if isinstance(value, BaseException):
        return error_text(value)
    if isinstance(value, PathLike):
        value = fspath(value)
    if isinstance(value, str):
        return shown_text(value)
    if isinstance(value, list | tuple):
        return tuple(_safe(one) for one in value)
    if isinstance(value, Mapping):
        return {shown_text(str(name)): _safe(one) for name, one in value.items()}
    return value


class HeatmapError(Exception):
    """Base of everything this package raises on purpose; the message is one line for a user.

    Parameters
    ----------
    text
        The message. What of it comes from outside may be anything: it is made safe to show.
    failure
        The same as a fact; ``None``: nobody has told it but in words.

    Attributes
    ----------
    kind
        What the class is about where no `failure` was given.
    """

    kind: ClassVar[FailureKind] = FailureKind.OTHER

    def __init__(self, text: str = "", failure: Failure | None = None) -> None:
        super().__init__(shown_text(text, LONGEST_MESSAGE_CHARS))
        self._failure = failure

    @property
    def failure(self) -> Failure:
        """What went wrong, as a fact."""
        return self._failure or Failure(self.kind, {"text": str(self)})


class SettingsError(HeatmapError, ValueError):
    """A setting has a value outside what it allows."""


class ExchangeError(HeatmapError):
    """The exchange answered, but not with what was asked for."""


class StorageError(HeatmapError):
    """The database cannot be opened, read or written."""


class WrongDataKindError(StorageError):
    """The file holds another kind of data (live, simulated, replay) than the one to be written."""


class OtherMarketError(StorageError):
    """The file holds data of another simulated market, or candles of another market's volume."""


class NewerDatabaseError(StorageError):
    """The file was written by a newer version of this program."""


class CorruptDatabaseError(StorageError):
    """The file is not a database of this program, or is damaged."""


class DatabaseInUseError(StorageError):
    """Another process, or another recorder of this one, is writing this file."""


class OtherWriterError(DatabaseInUseError):
    """Another recorder holds the writer lock of this file, and keeps it while it lives.

    Attributes
    ----------
    recorded
        The symbols that it records, as it has put them down; ``None`` where it has not.
    """

    recorded: tuple[str, ...] | None = None


class RecordingFileError(HeatmapError):
    """A recording that was to be replayed is missing, unreadable or malformed."""


class HistoryError(HeatmapError):
    """The archive, its files or the days made of them cannot be used as was asked."""


class ServerError(HeatmapError):
    """The server cannot listen where it should, or its token cannot be used."""


class PageError(HeatmapError):
    """The chart page does not offer what the layer needs."""
