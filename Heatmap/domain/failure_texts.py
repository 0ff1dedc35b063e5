"""The words of each failure, for logs, terminals and messages of exceptions. Pure.

`TEMPLATES` is the one place where they stand. Qt translates them as they are (`ui.texts`): values
are put in afterwards, so a translation may order them as its language does.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.errors import Failure, FailureKind, HeatmapError
from Heatmap.runtime.compat import override

_Raised = TypeVar("_Raised", bound=HeatmapError)

_K = FailureKind

REFUSALS: Mapping[FailureKind, str] = {
    _K.TOO_MANY_REQUESTS: "HTTP {status}: too many requests from this address",
    _K.BANNED: "HTTP {status}: this address is banned for too many requests",
    _K.FIREWALL: "HTTP {status}: the exchange's firewall refuses this address",
    _K.REGION: "HTTP {status}: the exchange does not serve this region",
}
"""What an HTTP status means after which the exchange is left alone for a while."""

TEMPLATES: Mapping[FailureKind, str] = {
    # The way to the exchange.
    **{kind: f"{text}; waiting {{hold_s:.0f}} s" for kind, text in REFUSALS.items()},
    _K.EXCHANGE_FAULT: "HTTP {status}: the exchange has a fault on its side",
    _K.UNEXPECTED_STATUS: ("HTTP {status}: not the answer of this exchange; is the address right?"),
    _K.NAME_NOT_RESOLVED: "the exchange's name cannot be resolved: {reason}",
    _K.NO_ANSWER: "no answer in time",
    _K.NO_ANSWER_WITHIN: "no answer within {limit_s:g} s",
    _K.NOT_TRIED: "not tried: no time was left",
    _K.NO_SECURE_CONNECTION: "no secure connection: {reason}",
    _K.NO_CONNECTION: "no connection: {reason}",
    _K.PROXY_REFUSED: "the proxy refused: HTTP {status}",
    _K.PROXY_SCHEME: (
        "the proxy that is set cannot be used: its scheme is none of {schemes}; set {setting} to "
        "an address such as http://host:port or socks5h://host:port"
    ),
    _K.PROXY_UNREADABLE: (
        "the proxy that is set cannot be used: it is not readable as host and port; set {setting} "
        "to an address such as http://host:port or socks5h://host:port"
    ),
    _K.PROXY_WITHOUT_HOST: (
        "the proxy that is set cannot be used: it names no host; set {setting} to an address such "
        "as http://host:port or socks5h://host:port"
    ),
    _K.PROXY_WITH_PATH: (
        "the proxy that is set cannot be used: more follows its port (is there a special "
        "character unescaped?); set {setting} to an address such as http://host:port or "
        "socks5h://host:port"
    ),
    _K.PROXY_NEEDS_PACKAGE: (
        "the proxy {proxy} ({setting}) speaks SOCKS, for which a package is not installed: "
        "pip install {package}"
    ),
    _K.CLOSED_BY_EXCHANGE: "the exchange closed the connection: {code} {reason}",
    _K.BROKE_OFF: "the connection broke off",
    _K.CLOSED: "the connection was closed",
    _K.NO_MARK_PRICE: (
        "the endpoint accepted the connection and delivered no mark price in {silence_s:g} s"
    ),
    _K.WENT_SILENT: "the connection went silent: no mark price for {silence_s:g} s",
    _K.RESTARTED: "the recorder restarted its connection",
    _K.NOT_SUBSCRIBED: "SUBSCRIBE was not answered: {cause}",
    # What the exchange answers.
    _K.ANSWER_TOO_LONG: (
        "the answer is too long to be the exchange's: more than {limit_mib:.3g} MiB"
    ),
    _K.REQUEST_FAILED: "{reason}",
    _K.REQUEST_REFUSED: "the exchange refuses: {reason} ({code})",
    _K.NOT_DOCUMENTED: (
        "{request} is not what the exchange documents (symbols with a PRICE_FILTER): {reason}"
    ),
    _K.NOT_ANSWERED: "{request}: {cause}",
    _K.TICK_SIZE_ODD: (
        "exchangeInfo: the tick size of {symbol} is odd: {reason}; the last known one stays"
    ),
    _K.TICK_SIZES_ODD: (
        "exchangeInfo: {count} tick sizes are odd, the first of {symbol}: {reason}; the last known "
        "ones stay"
    ),
    _K.NOT_LISTED: "exchangeInfo does not list {symbols}",
    _K.NO_CANDLES: "the exchange has no candles of {symbol} {interval}",
    _K.CANDLES_SILENT: "the candle stream was silent for {silence_s:g} s of trading",
    _K.STREAM_ENDED: "the stream ended",
    _K.FETCH_REFUSED: "{request}: HTTP {status} {reason}",
    _K.FETCHED_ODD: "{request}: the answer cannot be used: {reason}",
    _K.CANDLE_AHEAD: "a candle of {symbol} lies ahead of time: {open_ms}",
    # The database.
    _K.DATABASE_LOCKED: (
        "the database {path} is locked by another program; close what has it open (a database "
        "browser, a backup) and retry ({reason})"
    ),
    _K.DATABASE_READ_ONLY: (
        "the database {path} cannot be written; expected write permission for the file and its "
        "directory, change the permissions or choose another file ({reason})"
    ),
    _K.DATABASE_NOT_OPENED: (
        "the database {path} cannot be opened; expected read and write permission for the file "
        "and its directory, change the permissions or choose another file ({reason})"
    ),
    _K.DISK_FULL: (
        "the database {path} cannot grow because the disk is full; free some space, what was not "
        "stored yet is written on the next attempt ({reason})"
    ),
    _K.DISK_ERROR: (
        "the database {path} cannot be read or written because the disk reports an error; check "
        "the disk and its free space, use a local one ({reason})"
    ),
    _K.OUT_OF_MEMORY: (
        "the database {path} cannot be used because memory ran out; close other programs ({reason})"
    ),
    _K.DATABASE_DAMAGED: (
        "the database {path} is not a readable SQLite database; it was left as it is, move it "
        "away or choose another file ({reason})"
    ),
    _K.DATABASE_UNEXPECTED: (
        "the database {path} is damaged: it does not hold what was expected; it was left as it "
        "is, restore a copy or choose another file ({reason})"
    ),
    _K.SCHEMA_CHANGED_INDEX: (
        "another program has changed the database {path}: {changes}; undo that, otherwise after "
        "{delay_s:g} s the index is made again from the rows"
    ),
    _K.SCHEMA_CHANGED: (
        "another program has changed the database {path}: {changes}; undo that, otherwise after "
        "{delay_s:g} s a recorder sets the file aside and goes on in a fresh one"
    ),
    _K.DAMAGED_AGAIN: (
        "the database {path} is damaged again within {spacing_s:g} s; check the disk; what was "
        "not stored yet is written to a fresh file after that"
    ),
    _K.FILE_OVERWRITTEN_DAMAGED: (
        "the database {path} was overwritten while it was written, and is damaged ({reason})"
    ),
    _K.FILE_UNFINISHED: (
        "the database {path} was overwritten while it was written, and is incomplete"
    ),
    _K.FILE_CHANGED: (
        "the database {path} was moved, deleted or overwritten while it was written; what was not "
        "stored is written on the next attempt"
    ),
    _K.BEING_OVERWRITTEN: (
        "the database {path} is being overwritten by another program; recording goes on in it "
        "after that"
    ),
    _K.BEING_READ: (
        "the database {path} is being checked for damage; recording goes on in it after that"
    ),
    _K.LOG_OVERWRITTEN: (
        "the log of the database {path} was overwritten while it was opened; it is opened once more"
    ),
    _K.LOG_HELD: (
        "the log of the database {path} cannot be deleted ({reason}); close what has the database "
        "open"
    ),
    _K.LOG_NOT_DELETED: (
        "the log of the database {path} cannot be deleted ({reason}); change the permissions of "
        "its directory"
    ),
    _K.NO_ROOM: (
        "there is no room to copy a database to {target}: expected {wanted_mib:.2f} MiB, got "
        "{free_mib:.2f} MiB; free some space"
    ),
    _K.FOREIGN_DATABASE: (
        "the file {path} belongs to another program; it was left as it is, move it away"
    ),
    _K.NOT_RENAMED: (
        "the file {path} cannot be renamed ({reason}); close what has it open, or move it away"
    ),
    _K.NAME_REFUSED: ("the database {path} cannot be renamed ({reason}); choose a shorter name"),
    _K.NOT_LOOKED_UP: (
        "the database {path} cannot be looked up: expected a file in an accessible directory, got "
        "{reason}; choose another file"
    ),
    _K.IS_DIRECTORY: ("the database {path} is a directory; expected a file, for example {example}"),
    _K.NO_DIRECTORY: (
        "the directory {directory} for the database {name} does not exist or is not a directory; "
        "create it or choose another file"
    ),
    _K.NAME_TOO_LONG: (
        "the database {path} has a name of {count} characters with its directory; on Windows "
        "expected at most {limit}, choose a directory with a shorter name"
    ),
    _K.NO_DATABASE: (
        "there is no database {path}; expected one that the recorder has written, record first or "
        "choose another file"
    ),
    _K.DIRECTORY_IN_PLACE: (
        "{path} is a directory; expected a database file, move it away or choose another name"
    ),
    _K.DEVICE_IN_PLACE: (
        "{path} is a pipe or a device; expected a database file, move it away or choose another "
        "name"
    ),
    _K.HARD_LINKS: (
        "the database {path} has {count} names (hard links): expected one, since each name would "
        "have a log of its own; copy the file in place of linking it, or remove the other names"
    ),
    _K.OTHER_WRITER: (
        "the database {path} is being written by another recorder; stop that one or choose "
        "another file"
    ),
    _K.BELONGS_TO_OTHER: (
        "the database {path} belongs to another program: expected the application id "
        "{expected:#x}, got {got:#x}; it was left as it is, choose another file"
    ),
    _K.NEWER_DATABASE: (
        "the database {path} was written by a newer version of this program: expected a schema "
        "version up to {expected}, got {got}; update the program or choose another file"
    ),
    _K.OLDER_DATABASE: (
        "the database {path} has the older schema version {got}, expected {expected}; start the "
        "recorder on it once, which brings it up to date"
    ),
    _K.EMPTY_DATABASE: (
        "the database {path} is empty; expected one that the recorder has written, record first "
        "or choose another file"
    ),
    _K.DATABASE_SPOILT: (
        "the database {path} is damaged: {what}; it was left as it is, restore a copy or choose "
        "another file"
    ),
    _K.WRONG_DATA_KIND: (
        "the database {path} holds {got} data, expected {expected}; the kinds never share a file, "
        "choose another one"
    ),
    _K.OTHER_MARKET: (
        "the database {path} holds {got}, expected {expected}; they are not mixed, choose another "
        "file"
    ),
    _K.TICK_SIZE_SPOILT: (
        "the database {path} is damaged: expected a decimal number as the tick size of {symbol}, "
        "got {got}; the next contact with the exchange replaces it"
    ),
    _K.NO_WRITE_AHEAD_LOG: (
        "the database needs a write-ahead log but its file system allows only {got}; use a file "
        "on a local disk"
    ),
    _K.NO_FILE: "{path} is no file; choose another one",
    _K.NO_DATA_DIRECTORY: (
        "the data directory {directory} cannot be made ({reason}); name a database in a writable "
        "directory"
    ),
    _K.NO_HOME: "no home directory is known; name a database file",
    _K.NO_ENGINE: "there is no storage engine for {address}; expected {known}",
    _K.NOT_WRITTEN: "{part} could not be written: {error}",
    _K.TICK_SIZE_NOT_WRITTEN: "the tick size of {symbol} could not be written: {error}",
    _K.CANDLES_NOT_STORED: "candles could not be stored: {cause}",
    # What somebody did to the database while it was written.
    _K.FILE_MOVED: "the database {path} was moved or deleted while it was written",
    _K.FILE_REPLACED: "the database {path} was replaced while it was written",
    _K.FILE_OVERWRITTEN: (
        "the database {path} was overwritten while it was written; up to {lost} events that only "
        "it held are lost"
    ),
    _K.FILE_LINKED: (
        "the database {path} was moved or deleted while it was written, and a link lies there"
    ),
    _K.FILE_DAMAGED: "the database {path} is damaged",
    _K.LOG_MOVED: "the log of the database {path} was moved or deleted while it was written",
    _K.LOG_INDEX_MOVED: (
        "the log's index of the database {path} was moved or deleted while it was written"
    ),
    _K.LOG_SPOILT: (
        "the log of the database {path} was cut off or overwritten while it was written"
    ),
    _K.LOG_FOREIGN: "the log beside the database {path} belongs to another file",
    _K.LOG_LARGE: (
        "the log of the database {path} has been larger than {limit_mib} MiB since {since_ms} "
        "(now {size_mib} MiB): another program keeps reading the database (a database browser, a "
        "backup); the log shrinks when that one stops"
    ),
    _K.SECOND_NAME: (
        "the database {path} was given a second name (a hard link); remove one of them: the next "
        "recorder refuses it"
    ),
    # What was done about it.
    _K.SET_ASIDE: "the damaged database was set aside as {target}",
    _K.SET_ASIDE_AFTER: "{cause}; the damaged database was set aside as {target}",
    _K.CONTENT_KEPT: "{cause}, what it held is kept as {target}",
    _K.LOG_KEPT: "{cause}, what lay there as its log is kept as {target}",
    _K.GOES_ON_ELSEWHERE: (
        "{cause}, and it cannot be moved while other programs have it open: recording goes on in "
        "{target} until they are closed and the recorder is started again"
    ),
    _K.GOES_ON_IN_NEW: "{cause}; recording goes on in a new file of that name, {path}",
    _K.GOES_ON_IN_FOUND: "{cause}; recording goes on in the file of that name, {path}",
    _K.NOTHING_LOST: "{cause}; nothing of it is lost",
    _K.LOG_RESTORED: (
        "{cause}; {restored} events that were only in the log are written once more, none is lost"
    ),
    _K.LOG_RESTORED_IN_PART: (
        "{cause}; {restored} events that were only in the log are written once more, {lost} are "
        "lost"
    ),
    _K.SCHEMA_MENDED: (
        "another program had changed the database {path}: {changes}; that was put right, every "
        "row is kept"
    ),
    _K.ROWS_LEFT_OUT: "the database {path} has damaged rows, left out: {tables}",
    # The ways on which alerts are told. Nothing here holds an address: it is a secret.
    _K.WAY_BUSY: "HTTP {status}: the receiver asks to wait {hold_s:.0f} s",
    _K.WAY_REFUSED: "HTTP {status}: the receiver refuses the message",
    _K.WAY_REDIRECTED: (
        "HTTP {status}: the receiver sends elsewhere, which is not followed; enter the address "
        "that it leads to"
    ),
    _K.WAY_SILENT: "the receiver did not answer within {limit_s:g} s",
    _K.WAY_NAME_UNKNOWN: "the receiver's name cannot be resolved",
    _K.WAY_NOT_REACHED: "no connection to the receiver",
    _K.WAY_NOT_SECURE: "no secure connection to the receiver: its certificate does not hold",
    _K.WAY_BROKE_OFF: "the receiver broke off the connection",
    _K.WAY_ANSWER_ODD: "the receiver's answer is not HTTP, or far too long",
    _K.WAY_SERVICE_FAILED: "the service did not take the message",
    _K.WAY_NOT_RUNNING: "nothing is sent now: alerts are stopped",
    _K.WAY_NEEDS_PACKAGE: "a package is not installed: pip install {package}",
    _K.WAY_ADDRESS_UNREADABLE: "expected an address such as https://host/path",
    _K.WAY_ADDRESS_NOT_SECURE: (
        "expected an address that begins with https:// (http:// only for this machine itself)"
    ),
    _K.WAY_SERVICE_UNKNOWN: "expected an address of a service that apprise knows",
    _K.WAY_NAME_WRONG: "expected a name of its own, one line of 1 to {limit} characters",
    _K.WAY_KEY_SHORT: "expected a signing key of at least {limit} characters",
    _K.WAYS_NOT_READ: "the file {path} cannot be read as ways of alerts: {reason}",
    _K.WAYS_NOT_WRITTEN: "the file {path} cannot be written: {reason}",
    _K.NO_TRAY: "this desktop has no tray that shows notifications",
    _K.NO_SOUND: "this display cannot beep",
    # Redis, where liquidations are published.
    _K.REDIS_AWAY: "Redis at {address} does not answer: {reason}",
    _K.REDIS_REFUSED: "Redis at {address} refuses: {reason}",
    # Alerts.
    _K.ALERTS_NOT_KEPT: (
        "what rang cannot be kept in {path}: {reason}; after a restart it may ring again"
    ),
    # The program.
    _K.RECORDER_ENDED: "the recorder ended: {error}",
    _K.PART_RESTARTED: "{part} failed and starts again: {error}",
    _K.NOT_RESTARTED: "recording could not be started again: {cause}",
    _K.LISTENER_FAILED: "a listener failed on changed settings: {error}",
    _K.LOOP_MOVING: "started in an event loop that does not run now: moving to the one that does",
    _K.LOOP_CLOSED: (
        "the event loop was closed: recording goes on, nothing is drawn until start() is awaited "
        "in one that runs"
    ),
    _K.LOOP_NOT_RUNNING: (
        "the event loop does not run: recording goes on, nothing is drawn until start() is "
        "awaited in one that runs"
    ),
    _K.LAYER_NOT_HEARD: "what a chart reports cannot be received: {error}",
    _K.LAYER_NOT_FED: "a layer could not be fed: {error}",
    _K.EVENTS_NOT_HANDED_ON: "new events did not reach the chart: {error}",
    _K.CHART_NOT_TOLD: "the chart could not be updated: {error}",
    _K.PICTURE_NOT_BUILT: "the heatmap could not be built: {error}",
    _K.CLUSTERS_FAILED: "the search for clusters failed: {error}",
    _K.NO_CLUSTERS: "no clusters of {symbol}: {cause}",
    _K.CLUSTERS_NOT_FOUND: "the clusters of {symbol} could not be found: {error}",
    _K.CLUSTER_LISTENER_FAILED: "a listener failed on the clusters of {symbol}: {error}",
    _K.NO_LEVELS: "no levels of {symbol}: {cause}",
    _K.LEVELS_NOT_COMPUTED: "the levels of {symbol} could not be computed: {error}",
    _K.LEVEL_LISTENER_FAILED: "a listener failed on the levels of {symbol}: {error}",
    _K.NOT_LEARNED: "nothing could be learned of {symbol}: {cause}",
    _K.FIT_UNREADABLE: "the fit {name} cannot be used: {reason}",
    _K.HISTORY_UNREADABLE: "imported history is not used: {reason}",
    _K.SYMBOLS_NOT_RECORDED: (
        "{symbols} not recorded: another recorder writes this database and records {recorded}"
    ),
    _K.INTERNAL: "internal error: {error}",
    # The chart page.
    _K.PAGE_NOT_LOADED: "the page did not load",
    _K.PAGE_DIED: "the page's render process has died",
    _K.PAGE_REFUSED_SCRIPT: "the page did not take the layer's script; its console says why",
    _K.PAGE_NOT_CHANGED: "the heatmap could not be put on the page: {reason}",
    _K.PAGE_SILENT: "the page does not answer through its web channel",
    _K.PAGE_CHANNEL_GONE: "the page's web channel was deleted while the page had it",
    _K.PAGE_LACKS: "the page has no “{name}” yet",
    _K.PAGE_MISMATCH: "“{candles}” is no series of “{chart}”",
    _K.PAGE_SCRIPT_FAILED: "the layer's JavaScript failed: {reason}",
    # Settings in a file.
    _K.SETTINGS_NOT_JSON: "not JSON: line {line}, column {column} cannot be read",
    _K.SETTINGS_ODD: "not settings: it holds values that no setting has",
    _K.SETTINGS_FOREIGN: "not settings of the heatmap",
    _K.SETTINGS_NEWER: "settings of a newer version of this program",
    _K.SETTINGS_TOO_LARGE: "not settings: it is larger than {limit} bytes",
    _K.SETTINGS_NOT_READ: "it cannot be read: {reason}",
    _K.SETTINGS_NOT_WRITTEN: "it cannot be written: {reason}",
    _K.LAYER_FAILED: "the layer failed: {error}",
    _K.OTHER: "{text}",
}

PARTS: Mapping[str, str] = {
    "events": "events",
    "refused_events": "some events",
    "coverage": "covered time",
    "counters": "counters",
    "tick_sizes": "tick sizes",
    "retention": "the retention",
    "database": "the database",
    "symbols": "the recorded symbols",
    "end": "the end of the file",
}
"""What cannot be written, or has failed, by the value of its `part`."""

ALL_OF_THEM = "all symbols"


def failure_text(
    failure: Failure | None,
    translate: Callable[[str], str] = str,
    show: Callable[[str, object], object] = lambda _name, value: value,
) -> str:
    """Return what went wrong as one line; empty for ``None``.

    Parameters
    ----------
    failure
        The fact.
    translate
        Given each text of this module before values are put into it.
    show
        Given name and value of what is put in; gives what takes its place, such as a time in words.
    """
    if failure is None:
        return ""
    values: dict[str, Any] = {
        name: _shown(name, show(name, value), translate) for name, value in failure.values.items()
    }
    values["cause"] = failure_text(failure.cause, translate, show)
    return translate(TEMPLATES[failure.kind]).format_map(_Named(values)).rstrip()


def raised(error: type[_Raised], kind: FailureKind, **values: object) -> _Raised:
    """Return an error of ours that carries its fact; its message are the words for it."""
    failure = Failure(kind, values)
    return error(failure_text(failure), failure)


def symbols_text(
    symbols: "tuple[str, ...] | list[str]", translate: Callable[[str], str] = str
) -> str:
    """Return names of symbols with commas between; ``ALL`` is all of them."""
    return translate(ALL_OF_THEM) if ALL_SYMBOLS in symbols else ", ".join(symbols)


def damaged_rows_text(counts: Mapping[str, int]) -> str:
    """Return in a few words how many damaged rows there are by table; empty without any."""
    if not counts:
        return ""
    is_one = sum(counts.values()) == 1
    parts = ", ".join(f"{count} in {table}" for table, count in counts.items())
    return f"damaged row{'' if is_one else 's'}, left out: {parts}"


def _shown(name: str, value: object, translate: Callable[[str], str]) -> object:
    if name == "part" and isinstance(value, str):
        return translate(PARTS[value]) if value in PARTS else value
    if name.endswith("_ms") and isinstance(value, int):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        except (OverflowError, ValueError, OSError):
            return value  # no calendar goes that far
    if isinstance(value, Mapping):
        return ", ".join(f"{count} in {table}" for table, count in value.items())
    if isinstance(value, list | tuple):
        return symbols_text(tuple(map(str, value)), translate)
    return _NOTHING if value is None else value


class _Nothing:
    """A value that is not known: it leaves its place empty, whatever form that has."""

    @override
    def __format__(self, spec: str) -> str:
        return ""


_NOTHING = _Nothing()


class _Named(dict[str, Any]):
    """What a fact of another version lacks is left open, and costs nobody the rest of the line."""

    def __missing__(self, name: str) -> "_Open":
        return _Open()


class _Open:
    @override
    def __format__(self, spec: str) -> str:
        return "?"
