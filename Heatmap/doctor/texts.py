"""The doctor's words: one line for each finding, whatever a server has put into it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from Heatmap.doctor.addresses import RIGHT_ROUTE, origin_of
from Heatmap.doctor.findings import CONNECTION_CHECKS, Advice, Check, Finding, Found
from Heatmap.domain.events import RejectReason
from Heatmap.domain.failure_texts import REFUSALS, damaged_rows_text, failure_text
from Heatmap.errors import Failure
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.runtime.plain import as_plain

_SHOWN_NAMES = 4
_MIB, _GIB = 2**20, 2**30
_CLOCK_ADVICE = "set this computer's clock by a time server; recording itself uses the exchange's"

FOUND: Mapping[Found, str] = {
    Found.NOT_POSSIBLE: "skipped, because {barrier} failed",
    Found.BUG: "{failure}",
    # The way to the exchange.
    Found.PROXY_UNUSABLE: "{failure}",
    Found.ADDRESS_ODD: "{reason}",
    Found.NAME_UNKNOWN: "{host} cannot be resolved: {reason}",
    Found.NAME_NO_ANSWER: "{host} cannot be resolved: no answer in {waited_s} s",
    Found.IS_ADDRESS: "{host}{by_proxy} is an address, there is no name to look up",
    Found.RESOLVED: "{host}{by_proxy} is {addresses}",
    Found.NOT_REACHED: "port {port} cannot be reached: {failed}",
    Found.REACHED_AFTER_OTHERS: (
        "{address} port {port} accepted in {took_ms} ms; these failed first: {failed}"
    ),
    Found.REACHED: "{address} port {port} accepted in {took_ms} ms",
    Found.NOT_ENCRYPTED: "ws:// is not encrypted, there is nothing to check",
    Found.TLS_BEHIND_PROXY: "goes through the proxy, see the handshake",
    Found.TLS_NO_ANSWER: "no answer to the TLS handshake in {waited_s} s",
    Found.CERTIFICATE_REFUSED: "the certificate is not valid: {reason}",
    Found.TLS_FAILED: "no secure connection: {reason}",
    Found.CERTIFICATE_ENDS: (
        "{version}, certificate for {names}, valid until {expiry}, in {left_days} days"
    ),
    Found.SECURE: "{version}, certificate for {names}, valid until {expiry}",
    # The websocket.
    Found.REFUSED: "{meaning}",
    Found.REFUSED_LATER: "{meaning} (Retry-After: {retry_after})",
    Found.REFUSED_UNTIL: "{meaning}; wait {hold_s} s (Retry-After: {retry_after})",
    Found.REFUSED_WITHOUT_TIME: (
        "{meaning}; the exchange does not say how long, the recorder waits {hold_s} s"
    ),
    Found.NOT_CONNECTED: "{failure}",
    Found.ACCEPTED: "accepted at {path} in {took_ms} ms{tunnel}",
    Found.ACCEPTED_ELSEWHERE: (
        "accepted at {path} in {took_ms} ms{tunnel}, but --ws-url is the base to which "
        "/market/stream is appended"
    ),
    Found.SUBSCRIPTION_REFUSED: "the subscription was refused: {refusal}",
    Found.SUBSCRIPTION_UNANSWERED: "SUBSCRIBE was not answered in {waited_s} s",
    Found.ACKNOWLEDGED: ("SUBSCRIBE answered in {took_ms} ms (this proves nothing yet; data do)"),
    Found.MARK_PRICE: "mark price of {symbol} {price} USD, {delay_ms} ms old by this clock",
    Found.MARK_PRICE_OFF: "mark price of {symbol} {price} USD, stamped {stamped} this clock",
    Found.OTHER_SYMBOLS_ONLY: "data came, but no mark price of {symbol} in {waited_s} s",
    Found.ENDED_EARLY: "accepted, then ended before anything came: {ended}",
    Found.SILENT: (
        "the endpoint {accepts} but delivers nothing: no mark price in {waited_s} s{only}{old_path}"
    ),
    Found.ORDER: (
        "{side} {symbol} (a {liquidated} was liquidated), {after_s:.1f} s after the handshake"
    ),
    Found.ORDERS_UNREADABLE: (
        "{unread} liquidations came in {waited_s} s that this version cannot read "
        "(the latest: {latest_other})"
    ),
    Found.OTHER_ORDERS_ONLY: (
        "no liquidation of USD-M futures in {waited_s} s, but {other_orders} of COIN-M, which are "
        "not recorded"
    ),
    Found.NEVER_ORDERS: "none: the path {old} accepts subscriptions but never sends liquidations",
    Found.ENDED_BEFORE_ORDER: "none came before the connection ended",
    Found.NOT_WAITED_FOR: "skipped, because nothing comes over this connection",
    Found.NO_ORDER: (
        "none in {waited_s} s of all symbols: a quiet market, or nothing gets through"
    ),
    # REST.
    Found.REST_FAILED: "{failure}",
    Found.REST_NO_ANSWER: "exchangeInfo: no answer within {waited_s} s",
    Found.CLOCKS_NOT_COMPARED: (
        "exchangeInfo{through} in {took_ms} ms; the clocks were not compared: {why_no_time}"
    ),
    Found.CLOCKS_COMPARED: (
        "exchangeInfo{through} in {took_ms} ms, this clock is {skew} the exchange's"
    ),
    Found.TICK_SIZE: "{symbol} moves in steps of {tick_size} USD",
    Found.NOT_LISTED: "the exchange does not list {symbol}",
    # The database.
    Found.DISK_SILENT: "the file system did not answer in {waited_s} s",
    Found.DATABASE_FAILED: "{failure}",
    Found.NOT_WRITABLE: "the database {address} or its directory cannot be written",
    Found.OTHER_KIND: "the database {address} holds {kind} data, expected {wanted_kind}",
    Found.SCHEMA_CHANGED: "another program has changed the database {address}: {schema_changes}",
    Found.DAMAGED: "the database {address} is damaged: {damage}",
    Found.NO_INODES: "{file}{free}, but no room for new files (inodes)",
    Found.DISK_FULL: "{file}{free}, the disk is full",
    Found.OLD_SCHEMA: "{file}{free}; schema version {schema_version} of {expected_version}",
    Found.DAMAGED_ROWS: "{file}{free}; {damaged_rows}",
    Found.DATABASE: "{file}{free}",
}

ADVICE: Mapping[Advice, str] = {
    Advice.NONE: "",
    Advice.MEND_PROXY: "the recorder uses it too: correct or unset it",
    Advice.CHECK_WS_URL: "check --ws-url",
    Advice.CHECK_NAME: "check the spelling, the network connection and the name server",
    Advice.CHECK_PORT: ("check the port, the firewall and whether a proxy is needed (HTTPS_PROXY)"),
    Advice.CHECK_IPV6: (
        "each connection tries these first; if only IPv6 fails, repair it or switch it off"
    ),
    Advice.CHECK_CERTIFICATE: (
        "check this computer's clock; where a company's proxy or a virus scanner opens secure "
        "connections, make its certificate known (SSL_CERT_FILE)"
    ),
    Advice.CHECK_TLS: "check that the port speaks TLS (wss://, https://)",
    Advice.CERTIFICATE_ENDS: (
        "the server's owner has to renew it; where that is unlikely, check this computer's clock"
    ),
    Advice.OTHER_NETWORK: (
        "try another network or exit address; some hosting providers are blocked"
    ),
    Advice.STAY_AWAY: "wait until then; then find what else on your network sends so many requests",
    Advice.STAY_AWAY_BANNED: (
        "wait until then, since each attempt makes the ban longer; then find what sends so many "
        "requests"
    ),
    Advice.OTHER_REGION: "Binance does not serve your region: use another exchange or network",
    Advice.WAIT: "wait some minutes; the recorder keeps trying by itself",
    Advice.CHECK_ADDRESS: (
        "check the address and whether a proxy or firewall is in between{prefix_hint}"
    ),
    Advice.USE_BASE: "use --ws-url {base}",
    Advice.SEE_HEARTBEAT: (
        "the recorder needs no answer, since the address names what it wants: see the heartbeat"
    ),
    Advice.CHECK_SYMBOL_ONLY: "check --symbol",
    Advice.CHECK_SYMBOL: "check --symbol: the exchange also accepts names that do not exist",
    Advice.USE_MARKET: (
        "since April 2026 only /market sends liquidations: use --ws-url {base}, to which "
        "/market/stream is appended"
    ),
    Advice.CHECK_PATH: (
        "/market/stream is the path that should deliver: check --symbol, a proxy in between, and "
        "whether the exchange has announced another path{prefix_hint}"
    ),
    Advice.SET_CLOCK: _CLOCK_ADVICE,
    Advice.SET_CLOCK_OR_NETWORK: f"{_CLOCK_ADVICE}; or the network holds data back",
    Advice.NEWER_VERSION: "they are not stored: look for a newer version",
    Advice.WAIT_LONGER: ("try again with --seconds 300; a calm market can be silent for minutes"),
    Advice.CHECK_REST: (
        "check --rest-url, the network and whether a proxy is needed; recording goes on without "
        "REST"
    ),
    Advice.CHECK_LISTING: "check --symbol: spelled like BTCUSDT, and a USD-M future",
    Advice.LOCAL_DISK: "use a file on a local disk",
    Advice.CHANGE_PERMISSIONS: "change the permissions or choose another file",
    Advice.OTHER_FILE: "live, simulated and replayed data need a file each: choose another one",
    Advice.UNDO_INDEX: "undo that; a recorder repairs a changed index and keeps every row",
    Advice.UNDO_CHANGE: ("undo that; otherwise a recorder renames the file and begins a new one"),
    Advice.LEFT_AS_IT_WAS: (
        "nothing was changed; a recorder that finds the damage renames the file and begins anew"
    ),
    Advice.DELETE_FILES: "delete some files",
    Advice.FREE_SPACE: "free some space",
    Advice.FREE_SPACE_OR_RETENTION: "free some space, or set a shorter retention",
    Advice.START_RECORDER: "the recorder brings it up to date when it starts",
    Advice.LEFT_OUT: "another program wrote them; the rest can be read, and recording goes on",
    Advice.CHECK_BY_HAND: "check it with SQLite's own PRAGMA integrity_check",
}


FRAGMENTS = (
    "{s} s behind",
    "{s} s ahead of",
    "acknowledges",
    "accepts connections",
    " (the proxy {proxy} ({setting}){looks_up})",
    ", which looks up the exchange",
    " through the proxy {proxy} ({setting})",
    "; data comes all the same",
    " and {more} more",
)
"""What else a translation needs of the checks of a connection."""


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language findings are told; English as it stands here.

    Attributes
    ----------
    say
        Given each template before values are put into it.
    failure
        Gives what went wrong as one line.
    number
        Given each number with decimals, as ``0.25``.
    """

    say: Callable[[str], str] = str
    failure: Callable[[Failure], str] = failure_text
    number: Callable[[str], str] = str


_ENGLISH = Voice()


def finding_line(finding: Finding) -> str:
    """Return a finding as one printable line: how it ended, what was found, what to do."""
    text = f"{finding.check.value}: {found_text(finding)}"
    if advice := advice_text(finding):
        text += f" -- {advice}"
    return f"{finding.result.value:<4}  {shown_text(text, LONGEST_MESSAGE_CHARS)}"


def found_text(finding: Finding, voice: Voice = _ENGLISH) -> str:
    """Return what was found, as one printable line."""
    text = voice.say(FOUND[finding.found]).format_map(_Words(finding.values, voice))
    if finding.values.get("has_data"):
        text += voice.say("; data comes all the same")
    return shown_text(text, LONGEST_MESSAGE_CHARS)


def advice_text(finding: Finding, voice: Voice = _ENGLISH) -> str:
    """Return what to do, as one printable line; empty where there is nothing to do."""
    if finding.advice is Advice.NONE:
        return ""
    text = voice.say(ADVICE[finding.advice]).format_map(_Words(finding.values, voice))
    return shown_text(text, LONGEST_MESSAGE_CHARS)


def finding_as_mapping(finding: Finding) -> dict[str, Any]:
    """Return a finding for JSON.

    Returns
    -------
    dict
        ``check`` and ``result``; ``finding``, ``values`` and ``advice_kind``, the facts; ``found``
        and ``advice``, the same in words.
    """
    return {
        "check": finding.check.value,
        "result": finding.result.value,
        "finding": finding.found.value,
        "values": as_plain(finding.values),
        "advice_kind": finding.advice.value,
        "found": found_text(finding),
        "advice": advice_text(finding),
    }


# -- values ---------------------------------------------------------------------------------------


class _Words(dict[str, Any]):
    """Gives each place of a template its words: those of a fact, or of several together."""

    def __init__(self, values: Mapping[str, Any], voice: Voice) -> None:
        super().__init__({name: _shown(value, voice) for name, value in values.items()})
        self._values = values
        self._voice = voice
        endpoint = values.get("endpoint") or {}
        self._endpoint: Mapping[str, Any] = endpoint

    @override
    def __getitem__(self, name: str) -> Any:
        return (
            _TOGETHER[name](self._values, self._endpoint, self._voice)
            if name in _TOGETHER
            else self.get(name)
        )


def _shown(value: object, voice: Voice) -> object:
    if isinstance(value, Mapping):
        if value.keys() == {"kind", "values", "cause"}:
            return voice.failure(Failure.from_plain(value))
        return "; ".join(f"{name} ({_shown(one, voice)})" for name, one in value.items())
    if isinstance(value, list):
        return _list([str(one) for one in value], voice)
    if isinstance(value, float):
        return _Digits(value, voice)
    return "" if value is None else value


class _Digits(float):
    """A number that is shown with all of its digits unless a template wants fewer."""

    _voice: Voice

    def __new__(cls, number: float, voice: Voice) -> Self:
        """Keep in which language it is shown."""
        made = super().__new__(cls, number)
        made._voice = voice
        return made

    @override
    def __format__(self, spec: str) -> str:
        return self._voice.number(super().__format__(spec) if spec else digits(self))


def digits(number: float) -> str:
    """Return a number with all of its digits, and no more: ``93123.456``, ``20``."""
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _list(texts: Sequence[str], voice: Voice) -> str:
    more = len(texts) - _SHOWN_NAMES
    rest = voice.say(" and {more} more").format(more=more) if more > 0 else ""
    return ", ".join(texts[:_SHOWN_NAMES]) + rest


def _meaning(values: Mapping[str, Any], _: Mapping[str, Any], voice: Voice) -> str:
    failure = Failure.from_plain(values["failure"])
    if failure.kind in REFUSALS and voice is _ENGLISH:
        return REFUSALS[failure.kind].format_map(failure.values)
    return voice.failure(failure)


def _hold(values: Mapping[str, Any], _: Mapping[str, Any], _voice: Voice) -> str:
    return f"{Failure.from_plain(values['failure']).hold_s or 0.0:.0f}"


def _by_proxy(values: Mapping[str, Any], _: Mapping[str, Any], voice: Voice) -> str:
    if not values["proxy"]:
        return ""
    looks_up = voice.say(", which looks up the exchange") if values["proxy_looks_up"] else ""
    template = voice.say(" (the proxy {proxy} ({setting}){looks_up})")
    return template.format(proxy=values["proxy"], setting=values["setting"], looks_up=looks_up)


def _through(values: Mapping[str, Any], _: Mapping[str, Any], voice: Voice) -> str:
    if not values["proxy"]:
        return ""
    template = voice.say(" through the proxy {proxy} ({setting})")
    return template.format(proxy=values["proxy"], setting=values["setting"])


def _tunnel(values: Mapping[str, Any], endpoint: Mapping[str, Any], voice: Voice) -> str:
    through = _through(values, endpoint, voice).strip()
    words = " ".join(filter(None, (values["tls"], through)))
    return f", {words}" if words else ""


def _only(values: Mapping[str, Any], _: Mapping[str, Any], _voice: Voice) -> str:
    """Name what came instead, by its sort."""
    others: Mapping[str, int] = values["others"]
    if not others:
        return ""
    sorts = ", ".join(
        f"{count} of COIN-M" if sort == RejectReason.COIN_M.value else f"{count} {sort}"
        for sort, count in others.items()
    )
    count = sum(others.values())
    frames = "other frame" if count == 1 else "other frames"
    return f", only {count} {frames}: {sorts} (the latest: {values['latest_other']})"


def _old_path(_: Mapping[str, Any], endpoint: Mapping[str, Any], _voice: Voice) -> str:
    old = _path_of(endpoint)
    return f"; {old} is a path from before April 2026 or for other streams" if old else ""


def _path_of(endpoint: Mapping[str, Any]) -> str:
    route = endpoint["route"]
    return "" if route is None or route == RIGHT_ROUTE else f"{route}/{endpoint['form']}"


def _prefix_hint(_: Mapping[str, Any], endpoint: Mapping[str, Any], _voice: Voice) -> str:
    if not endpoint or not endpoint["has_prefix"]:
        return ""
    return f"; the base has a path of its own, try {origin_of(endpoint['base'])}"


def _file(values: Mapping[str, Any], _: Mapping[str, Any], _voice: Voice) -> str:
    path = values["address"]
    if not values["exists"]:
        return f"{path} does not exist yet, the recorder creates it"
    if values["kind"] is None:
        return f"{path} is empty, the recorder will use it"
    integrity = "intact" if values["is_checked"] else "too large to check in time"
    writer = "a recorder is writing it" if values["writer_active"] else "no recorder is writing it"
    return (
        f"{path} holds {values['kind']} data, schema version {values['schema_version']}, "
        f"{_size(values['size_bytes'])}, {integrity}, {writer}"
    )


def _free(values: Mapping[str, Any], _: Mapping[str, Any], _voice: Voice) -> str:
    free_bytes = values["free_bytes"]
    return "" if free_bytes is None else f"; {_size(free_bytes)} free"


def _size(size_bytes: int) -> str:
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes / 1024:.0f} KiB"


def _skew(ms: float, voice: Voice) -> str:
    """Return how far one clock is from another: ``0.25 s ahead of``, ``3.00 s behind``."""
    template = "{s} s behind" if ms < 0 else "{s} s ahead of"
    return voice.say(template).format(s=voice.number(f"{abs(ms) / 1000:.2f}"))


def _barrier(values: Mapping[str, Any], _: Mapping[str, Any], voice: Voice) -> str:
    check = Check(values["barrier"])
    named = CONNECTION_CHECKS.get(check)
    return check.value if voice is _ENGLISH or named is None else voice.say(named)


_TOGETHER: Mapping[str, Any] = {
    "barrier": _barrier,
    "meaning": _meaning,
    "hold_s": _hold,
    "by_proxy": _by_proxy,
    "through": _through,
    "tunnel": _tunnel,
    "only": _only,
    "old_path": _old_path,
    "old": lambda _values, endpoint, _voice: _path_of(endpoint),
    "prefix_hint": _prefix_hint,
    "base": lambda _values, endpoint, _voice: endpoint["base"],
    "accepts": lambda values, _endpoint, voice: voice.say(
        "acknowledges" if values["is_acknowledged"] else "accepts connections"
    ),
    "took_ms": lambda values, _endpoint, _voice: f"{values['took_s'] * 1000:.0f}",
    "tick_size": lambda values, _endpoint, voice: voice.number(values["tick_size"]),
    "left_days": lambda values, _endpoint, _voice: f"{max(values['left_s'], 0.0) / 86_400:.0f}",
    "stamped": lambda values, _endpoint, voice: _skew(-values["delay_ms"], voice),
    "skew": lambda values, _endpoint, voice: _skew(-(values["skew_ms"] or 0.0), voice),
    "file": _file,
    "free": _free,
    "damaged_rows": lambda values, _endpoint, _voice: damaged_rows_text(values["damaged_rows"]),
}
