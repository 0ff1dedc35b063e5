"""What the server says to people, in English."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from Heatmap.domain.candles import DAY_MS

LOWER_BOUND = (
    "Binance reports at most one liquidation per symbol and second: every amount is a lower bound."
)
BUSY = "too many levels are being computed already; ask again in a moment"
CLOSING = "the server is stopping; connect again later"
NOT_FOUND = "there is nothing at this path; /docs lists all paths"
NO_DUCKDB = "history needs DuckDB, which is not installed: pip install duckdb"
NO_PLOTLY = "the package plotly is missing: pip install plotly"
NO_REQUEST = "this is not a valid HTTP request, or its headers are too long"
TOO_MANY_CHARTS = "too many charts are open already; close one of them"
TOO_MANY_CONNECTIONS = "too many connections are open already; close some, or try again in a moment"
TOO_MANY_STREAMS = "{limit} streams are open already; close one of them"
OPENAPI_DESCRIPTION = (
    "Liquidations as they were recorded, and where they are expected if the price goes there. "
    + LOWER_BOUND
    + " Times are UTC milliseconds; as a parameter 2026-11-05T01:00:00Z is a time too. "
    "Each answer says how much of its time was recorded: no data is not zero."
)


def no_price(symbol: str, *, is_recorded: bool) -> str:
    """Say that there are no candles, and what to do."""
    advice = (
        "candles come when the exchange can be reached"
        if is_recorded
        else f"record it by name (--symbol {symbol}), and its candles come within a minute"
    )
    return f"no candle of {symbol} is stored, so there is no price to measure from: {advice}"


def no_price_before(symbol: str, at_ms: int, span_ms: int) -> str:
    """Say that there are no candles of a time, and what to do."""
    return (
        f"no candle of {symbol} of the {span_ms / DAY_MS:g} days before {_time_text(at_ms)} is "
        "stored, so there is no price to measure from: ask for a later time, or import these days "
        "(python -m Heatmap history import)"
    )


def in_the_future(name: str, at_ms: int, now_ms: int) -> str:
    """Say that of a time nothing can be known yet."""
    return f"{name} must not lie in the future; it is {_time_text(now_ms)}, got {_time_text(at_ms)}"


def _time_text(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def foreign_host(hosts: Sequence[str]) -> str:
    """Say that a request is addressed to another host."""
    return f"this server is not known as {_shown(hosts)}; allow the name with --allow-host"


def foreign_origin(origins: Sequence[str]) -> str:
    """Say that a page of another origin asks."""
    return f"pages of {_shown(origins)} may not use this server; allow them with --allow-origin"


def asks_for_token() -> str:
    """Say how to give the token."""
    return (
        "this server needs its token: send the header Authorization: Bearer TOKEN, or the token as "
        "the password; the token is in the file that the server named when it started"
    )


def not_allowed(name: str, allowed: Iterable[object], got: object) -> str:
    """Say that a value is none of those that are allowed."""
    return f"{name} must be one of {', '.join(map(str, allowed))}; got {str(got)[:80]!r}"


def unknown_parameters(names: Iterable[str]) -> str:
    """Say that parameters are not known."""
    return f"this path has no parameter {_shown(list(names))}"


def port_in_use(address: object, reason: object) -> str:
    """Say that the server can't listen."""
    return f"the server cannot listen at {address} ({reason}); choose another --host or --port"


def token_open(path: object, mode: int) -> str:
    """Say that others may read the token."""
    return f"the token file {path} may be read by others (mode {mode:03o}); type: chmod 600 {path}"


def token_unusable(path: object, reason: object) -> str:
    """Say that the token can't be read or made."""
    return f"the token file {path} cannot be used ({reason}); choose another one with --token-file"


def too_long(count: int, limit: int, what: str) -> str:
    """Say that too much is asked for at once."""
    return f"there are {count} {what} since start, an answer has at most {limit}; ask for less time"


def too_many_symbols(count: int, limit: int) -> str:
    """Say that a stream asks for too many symbols."""
    return f"symbol takes at most {limit} symbols, got {count}"


def unknown_symbol(symbol: str, known: Sequence[str]) -> str:
    """Say that there is nothing of a symbol."""
    return (
        f"{_shown([symbol])} was never recorded; recorded are {_shown(known)}; start the server "
        "with --symbol to record more"
    )


def no_id_of(kind: str, given: str) -> str:
    """Say that an id is none of a message of these data."""
    return f"must be the id of a message of {kind} data; got {given[:80]!r}"


def id_ahead(known: str, newest: str) -> str:
    """Say that nothing is stored as far as a client knows."""
    return (
        f"the id {known} is ahead of the newest one, {newest}: it is of another database, or was "
        "deleted; ask /liquidations/history for what may be missing"
    )


def no_origin(text: str) -> str:
    """Say that something is no origin."""
    return (
        "--allow-origin takes an origin as browsers write it, such as https://charts.example.net "
        f"(no path, no *, no usual port), got {text[:80]!r}"
    )


def no_host(text: str) -> str:
    """Say that something is no name of a host."""
    return (
        f"--allow-host takes a name such as charts.example.net, without a port, got {text[:80]!r}"
    )


def limits_too_small(limits: object) -> str:
    """Say that limits of connections leave nothing."""
    return f"limits of connections must let at least one in, for longer than 0 s; got {limits}"


def connections_pressed(count: int, facts: Mapping[str, int]) -> str:
    """Say that connections found no place."""
    return (
        f"{count} connections were refused or closed to make room; {facts['open']} are open, at "
        f"most {facts['limit']} (said at most once a minute)"
    )


def empty_time(start_ms: int, end_ms: int) -> str:
    """Say that a time ends before it begins."""
    return f"start must lie before end; got {start_ms} and {end_ms}"


def leverage_too_high(limit: float) -> str:
    """Say that no position of that size may have the leverage."""
    return f"a position of this size may have a leverage of at most {limit:g}"


def no_leverage_of(model: str) -> str:
    """Say that a model tells no leverages apart."""
    return f"leverage works with the model calibrated only; {model} does not know leverages"


def _shown(values: Sequence[str]) -> str:
    return (", ".join(values) or "none")[:120].encode("ascii", "backslashreplace").decode()
