"""What a check found: a result, a finding and an advice by kind, with the facts. Pure.

A finding is ``ok``, ``warn`` (recording works, but something is not as it should be), ``FAIL`` (it
does not work) or ``skip`` (could not be looked at, and why). Whatever is no ``ok`` says what to do,
where there is something to do. Each subject has a table of rows; the first row whose condition
holds gives the finding. Its words stand in `doctor.texts`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from Heatmap.errors import Failure, FailureKind
from Heatmap.runtime.outside_text import shown_text
from Heatmap.runtime.plain import as_plain

_Facts = TypeVar("_Facts")


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


class Check(StrEnum):
    """What is looked at, in the order in which it is told."""

    NAME = "name resolution"
    TCP = "TCP"
    TLS = "TLS"
    HANDSHAKE = "handshake"
    ACKNOWLEDGEMENT = "acknowledgement"
    HEARTBEAT = "heartbeat"
    ORDERS = "forceOrder data"
    REST = "REST"
    TICK_SIZE = "tick size"
    DATABASE = "database"


CONNECTION_CHECKS: Mapping[Check, str] = {
    Check.NAME: "Name",
    Check.TCP: "Way to the server",
    Check.TLS: "Encryption",
    Check.HANDSHAKE: "Handshake",
    Check.ACKNOWLEDGEMENT: "Subscription",
    Check.HEARTBEAT: "Mark price",
    Check.ORDERS: "Liquidations",
    Check.REST: "Requests (REST)",
    Check.TICK_SIZE: "Tick size",
}
"""The checks of a connection, and what a user calls them."""


class Found(StrEnum):
    """What was found."""

    # Of any check.
    NOT_POSSIBLE = "not_possible"
    BUG = "bug"
    # The way to the exchange.
    PROXY_UNUSABLE = "proxy_unusable"
    ADDRESS_ODD = "address_odd"
    NAME_UNKNOWN = "name_unknown"
    NAME_NO_ANSWER = "name_no_answer"
    IS_ADDRESS = "is_address"
    RESOLVED = "resolved"
    NOT_REACHED = "not_reached"
    REACHED_AFTER_OTHERS = "reached_after_others"
    REACHED = "reached"
    NOT_ENCRYPTED = "not_encrypted"
    TLS_BEHIND_PROXY = "tls_behind_proxy"
    TLS_NO_ANSWER = "tls_no_answer"
    CERTIFICATE_REFUSED = "certificate_refused"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_ENDS = "certificate_ends"
    SECURE = "secure"
    # The websocket, and requests that are refused.
    REFUSED = "refused"
    REFUSED_LATER = "refused_later"
    REFUSED_UNTIL = "refused_until"
    REFUSED_WITHOUT_TIME = "refused_without_time"
    NOT_CONNECTED = "not_connected"
    ACCEPTED = "accepted"
    ACCEPTED_ELSEWHERE = "accepted_elsewhere"
    SUBSCRIPTION_REFUSED = "subscription_refused"
    SUBSCRIPTION_UNANSWERED = "subscription_unanswered"
    ACKNOWLEDGED = "acknowledged"
    MARK_PRICE = "mark_price"
    MARK_PRICE_OFF = "mark_price_off"
    OTHER_SYMBOLS_ONLY = "other_symbols_only"
    ENDED_EARLY = "ended_early"
    SILENT = "silent"
    ORDER = "order"
    ORDERS_UNREADABLE = "orders_unreadable"
    OTHER_ORDERS_ONLY = "other_orders_only"
    NEVER_ORDERS = "never_orders"
    ENDED_BEFORE_ORDER = "ended_before_order"
    NOT_WAITED_FOR = "not_waited_for"
    NO_ORDER = "no_order"
    # REST.
    REST_FAILED = "rest_failed"
    REST_NO_ANSWER = "rest_no_answer"
    CLOCKS_NOT_COMPARED = "clocks_not_compared"
    CLOCKS_COMPARED = "clocks_compared"
    TICK_SIZE = "tick_size"
    NOT_LISTED = "not_listed"
    # The database.
    DISK_SILENT = "disk_silent"
    DATABASE_FAILED = "database_failed"
    NOT_WRITABLE = "not_writable"
    OTHER_KIND = "other_kind"
    SCHEMA_CHANGED = "schema_changed"
    DAMAGED = "damaged"
    NO_INODES = "no_inodes"
    DISK_FULL = "disk_full"
    OLD_SCHEMA = "old_schema"
    DAMAGED_ROWS = "damaged_rows"
    DATABASE = "database"


class Advice(StrEnum):
    """What to do."""

    NONE = ""
    MEND_PROXY = "mend_proxy"
    CHECK_WS_URL = "check_ws_url"
    CHECK_NAME = "check_name"
    CHECK_PORT = "check_port"
    CHECK_IPV6 = "check_ipv6"
    CHECK_CERTIFICATE = "check_certificate"
    CHECK_TLS = "check_tls"
    CERTIFICATE_ENDS = "certificate_ends"
    OTHER_NETWORK = "other_network"
    STAY_AWAY = "stay_away"
    STAY_AWAY_BANNED = "stay_away_banned"
    OTHER_REGION = "other_region"
    WAIT = "wait"
    CHECK_ADDRESS = "check_address"
    USE_BASE = "use_base"
    SEE_HEARTBEAT = "see_heartbeat"
    CHECK_SYMBOL_ONLY = "check_symbol_only"
    CHECK_SYMBOL = "check_symbol"
    USE_MARKET = "use_market"
    CHECK_PATH = "check_path"
    SET_CLOCK = "set_clock"
    SET_CLOCK_OR_NETWORK = "set_clock_or_network"
    NEWER_VERSION = "newer_version"
    WAIT_LONGER = "wait_longer"
    CHECK_REST = "check_rest"
    CHECK_LISTING = "check_listing"
    LOCAL_DISK = "local_disk"
    CHANGE_PERMISSIONS = "change_permissions"
    OTHER_FILE = "other_file"
    UNDO_INDEX = "undo_index"
    UNDO_CHANGE = "undo_change"
    LEFT_AS_IT_WAS = "left_as_it_was"
    DELETE_FILES = "delete_files"
    FREE_SPACE = "free_space"
    FREE_SPACE_OR_RETENTION = "free_space_or_retention"
    START_RECORDER = "start_recorder"
    LEFT_OUT = "left_out"
    CHECK_BY_HAND = "check_by_hand"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check
        What was looked at.
    result
        How it ended.
    found
        What was found.
    advice
        What to do; `Advice.NONE` where there is nothing to do.
    values
        The facts, as plain data whose texts are safe to show.
    """

    check: Check
    result: Result
    found: Found
    advice: Advice = Advice.NONE
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row(Generic[_Facts]):
    """A line of a table: where `condition` holds, this was found, and that is to be done."""

    condition: Callable[[_Facts], bool]
    result: Result
    found: Found
    advice: Advice | Callable[[_Facts], Advice] = Advice.NONE


def always(_facts: object) -> bool:
    """Hold for all facts: the condition of a table's last row."""
    return True


def decide(check: Check, table: Sequence[Row[_Facts]], facts: _Facts) -> Finding:
    """Return the finding of the first row whose condition holds.

    Parameters
    ----------
    check
        What was looked at.
    table
        Its rows; the last one holds `always`.
    facts
        A dataclass.
    """
    row = next(row for row in table if row.condition(facts))
    advice = row.advice if isinstance(row.advice, Advice) else row.advice(facts)
    values = _shown(as_plain(facts))
    return Finding(check, row.result, row.found, advice, values if isinstance(values, dict) else {})


def _shown(plain: object) -> object:
    """Return plain data whose texts are safe to show: servers have put something into them."""
    if isinstance(plain, str):
        return shown_text(plain)
    if isinstance(plain, dict):
        return {_shown(name): _shown(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return [_shown(value) for value in plain]
    return plain


def not_possible(check: Check, barrier: Check) -> Finding:
    """Return that a check could not be made, because one before it failed."""
    return Finding(check, Result.SKIP, Found.NOT_POSSIBLE, values={"barrier": barrier.value})


def bug(check: Check, error: Exception) -> Finding:
    """Return that a check has failed by a mistake of its own."""
    failure = Failure(FailureKind.INTERNAL, {"error": repr(error)})
    return Finding(check, Result.FAIL, Found.BUG, values={"failure": as_plain(failure)})


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 where something failed, else 0: warnings and what was skipped do not count."""
    return int(any(finding.result is Result.FAIL for finding in findings))
