"""What the doctor says about each thing it looked at. Pure: facts in, one line out.

A finding is ``ok``, ``warn`` (recording works, but something is not as it should be), ``FAIL`` (it
does not work) or ``skip`` (could not be looked at, and why). Whatever is no ``ok`` says what to do,
where there is something to do.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from Heatmap.domain.events import LiquidationEvent
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, SettingsError
from Heatmap.ingestion.connection.supervisor import classify_status
from Heatmap.ingestion.venues.binance.force_order import MarkPrice

if TYPE_CHECKING:
    from Heatmap.ingestion.proxies import Proxy

#: Beyond this the local clock is worth a warning, milliseconds.
LARGEST_SKEW_MS = 2000
#: Where the exchange delivers force orders and mark prices since April 2026.
RIGHT_ROUTE = "/market"

_EXPIRY_WARNING_S = 14 * 86_400.0
_SHOWN_ADDRESSES, _SHOWN_NAMES, _SHOWN_CHARS = 4, 4, 600
# A whole endpoint of the exchange: a route, one of two forms, and perhaps streams.
_ENDPOINT = re.compile(r"(?P<prefix>.*?)(?P<route>/market|/public)?/(?P<form>stream|ws)(?:/.*)?")
_SERVER_ERRORS = range(500, 600)
_FORBIDDEN, _TEAPOT, _TOO_MANY, _LEGAL = 403, 418, 429, 451
_REFUSAL_ADVICE = {
    _FORBIDDEN: "try another network or exit address; some hosting providers are blocked",
    _TEAPOT: "stay away until then: each attempt prolongs the ban; then find what asks so often",
    _TOO_MANY: "stay away until then; then find what else on this address asks so often",
    _LEGAL: "use an exchange or a network that serves your region",
}


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check
        What was looked at, such as ``handshake``.
    result
        How it ended.
    found
        What was found, in words.
    advice
        What to do; empty where there is nothing to do.
    """

    check: str
    result: Result
    found: str
    advice: str = ""

    def line(self) -> str:
        """Return the finding as one line of text, whatever a server has put into it."""
        text = f"{self.check}: {self.found}"
        if self.advice:
            text += f" -- {self.advice}"
        return f"{self.result.value:<4}  {one_line(text)}"

    def as_mapping(self) -> dict[str, str]:
        """Return the finding for JSON: ``check``, ``result``, ``found`` and ``advice``."""
        return {
            "check": self.check,
            "result": self.result.value,
            "found": one_line(self.found),
            "advice": one_line(self.advice),
        }


#: How a check ended, what was found, and what to do where there is something to do.
Verdict: TypeAlias = tuple[Result, str] | tuple[Result, str, str]


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 where something failed, else 0: warnings and what was skipped do not count."""
    return int(any(finding.result is Result.FAIL for finding in findings))


def one_line(text: str) -> str:
    """Return text that a server may have sent as one printable line of bounded length."""
    words = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "?" for char in words)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}..."


def reason_of(error: BaseException) -> str:
    """Return what an exception says, as one line that is never empty."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return one_line(str(text))


# -- addresses ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a websocket address means to the recorder.

    Attributes
    ----------
    base
        What ``--ws-url`` should be: scheme, host and perhaps a prefix.
    route
        ``/market``, ``/public`` or empty (the address of before April 2026) where the address
        names a whole endpoint; ``None`` where it is a base, as it should be.
    form
        ``stream`` or ``ws`` where the address names a whole endpoint.
    has_prefix
        Whether the base has a path of its own, which is unusual.
    """

    base: str
    route: str | None = None
    form: str = ""
    has_prefix: bool = False

    @property
    def path(self) -> str:
        """The named endpoint's path; empty for a base."""
        return "" if self.route is None else f"{self.route}/{self.form}"

    @property
    def is_old(self) -> bool:
        """Whether the address names a path that acknowledges and delivers no force orders."""
        return self.route is not None and self.route != RIGHT_ROUTE


def read_endpoint(ws_url: str) -> Endpoint:
    """Read what ``--ws-url`` names: the base that is expected, or a whole endpoint of the exchange.

    Raises
    ------
    SettingsError
        It is no ``ws://`` or ``wss://`` address.
    """
    require_address("--ws-url", ws_url, ("ws", "wss"))
    parts = urlsplit(ws_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    if match := _ENDPOINT.fullmatch(path):
        prefix = match["prefix"]
        return Endpoint(f"{origin}{prefix}", match["route"] or "", match["form"], bool(prefix))
    return Endpoint(f"{origin}{path}", has_prefix=bool(path))


def require_address(option: str, url: str, schemes: Sequence[str]) -> None:
    """Refuse what is no address of one of these schemes with a host.

    Raises
    ------
    SettingsError
        The message names the option, what is expected and what came.
    """
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_address = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingsError(
            f"{option} must be an address such as {schemes[-1]}://host, got {one_line(url)!r}"
        )


# -- the way to the exchange ----------------------------------------------------------------------


def describe_name(host: str, addresses: Sequence[str], proxy: "Proxy | None" = None) -> Verdict:
    """Say what the name resolved to that the connection leads to first: the proxy's, if any."""
    what = host
    if proxy is not None:
        looks_up = ", which looks up the exchange" if proxy.looks_up else ""
        what += f" (the proxy {proxy.shown} ({proxy.setting}){looks_up})"
    if addresses == [host]:
        return Result.SKIP, f"{what} is an address already"
    return Result.OK, f"{what} is {_list(addresses, _SHOWN_ADDRESSES)}"


def describe_no_name(host: str, reason: str) -> Verdict:
    """Say why a name did not resolve."""
    return (
        Result.FAIL,
        f"{host} cannot be resolved: {reason}",
        "check the spelling, the network connection and the name server",
    )


def describe_tcp(address: str, port: int, took_s: float, failed: Mapping[str, str]) -> Verdict:
    """Say which address accepted, and which before it did not.

    Parameters
    ----------
    address, port
        What accepted.
    took_s
        How long that took, seconds.
    failed
        Reason by address that was tried before.
    """
    found = f"{address} port {port} accepted in {took_s * 1000:.0f} ms"
    if not failed:
        return Result.OK, found
    return (
        Result.WARN,
        f"{found}; before it failed {_reasons(failed)}",
        "each connection tries them too; where only IPv6 fails, repair or switch it off",
    )


def describe_no_tcp(port: int, failed: Mapping[str, str]) -> Verdict:
    """Say that no address accepted."""
    return (
        Result.FAIL,
        f"port {port} cannot be reached: {_reasons(failed)}",
        "check the port, the firewall and whether a proxy is needed (HTTPS_PROXY)",
    )


def describe_tls(
    version: str, names: Sequence[str], expires_s: float, expiry: str, now_s: float
) -> Verdict:
    """Say what a verified TLS connection showed.

    Parameters
    ----------
    version
        Such as ``TLSv1.3``.
    names
        Whom the certificate is for.
    expires_s, now_s
        End of the certificate and the local clock, Unix seconds.
    expiry
        The end as text.
    """
    found = f"{version}, certificate for {_list(names, _SHOWN_NAMES)}, valid until {expiry}"
    if expires_s - now_s >= _EXPIRY_WARNING_S:
        return Result.OK, found
    return (
        Result.WARN,
        f"{found}, in {max(expires_s - now_s, 0.0) / 86_400:.0f} days",
        "the server's owner has to renew it; where that is unlikely, check this computer's clock",
    )


def describe_no_tls(reason: str, *, is_certificate: bool) -> Verdict:
    """Say why there was no secure connection."""
    if is_certificate:
        advice = (
            "check this computer's clock; where a company's proxy or a virus scanner opens secure "
            "connections, make its certificate known (SSL_CERT_FILE)"
        )
    else:
        advice = "check that the port speaks TLS (wss://, https://)"
    return Result.FAIL, reason, advice


# -- the websocket --------------------------------------------------------------------------------


def describe_handshake(endpoint: Endpoint, path: str, took_s: float, tunnel: str) -> Verdict:
    """Say that a handshake was accepted, and whether its address is the one to record with.

    Parameters
    ----------
    endpoint
        What ``--ws-url`` names.
    path
        Where the handshake was made.
    took_s
        How long it took, seconds.
    tunnel
        What is known of the way inside a proxy, such as ``TLSv1.3 through a proxy``; or empty.
    """
    found = f"accepted at {path} in {took_s * 1000:.0f} ms"
    found += f", {tunnel}" if tunnel else ""
    if endpoint.route is None:
        return Result.OK, found
    # With the old paths what follows shows the fault; with the right one nothing else would.
    result = Result.WARN if endpoint.is_old else Result.FAIL
    return (
        result,
        f"{found}, but --ws-url is the base to which /market/stream is appended",
        f"use --ws-url {endpoint.base}",
    )


def describe_refusal(
    status: int, retry_after: str | None, date: str | None, endpoint: Endpoint | None = None
) -> Verdict:
    """Say what an HTTP status means that was not the wanted one.

    Parameters
    ----------
    status, retry_after, date
        Of the answer, as `classify_status` takes them.
    endpoint
        What was asked, where it was the websocket.
    """
    failure = classify_status(status, retry_after, date)
    found = failure_text(failure).partition("; waiting")[0]
    if failure.hold_s is not None:
        asked = "the exchange names no time, the recorder waits" if retry_after is None else "wait"
        found += f"; {asked} {failure.hold_s:.0f} s"
    if retry_after is not None:
        found += f" (Retry-After: {retry_after})"
    if status in _SERVER_ERRORS:
        advice = "wait some minutes; the recorder keeps trying by itself"
    else:
        advice = _REFUSAL_ADVICE.get(status) or _advise_address(endpoint)
    return Result.FAIL, found, advice


def describe_no_handshake(failure: Failure, endpoint: Endpoint) -> Verdict:
    """Say that there was no HTTP answer to the handshake."""
    return Result.FAIL, failure_text(failure), _advise_address(endpoint)


def describe_acknowledgement(answer: Mapping[str, object], took_s: float) -> Verdict:
    """Say how a subscription was answered.

    Parameters
    ----------
    answer
        The answer with the subscription's number: ``{"result": null}`` is a yes.
    took_s
        How long it took, seconds.
    """
    if "error" in answer or answer.get("result") is not None:
        reason = answer.get("error", answer.get("result"))
        return Result.FAIL, f"the subscription was refused: {reason}", "check --symbol"
    return (
        Result.OK,
        f"SUBSCRIBE answered in {took_s * 1000:.0f} ms (which proves nothing yet, only data does)",
    )


def describe_no_acknowledgement(waited_s: float) -> Verdict:
    """Say that a subscription was not answered."""
    return (
        Result.WARN,
        f"SUBSCRIBE was not answered in {waited_s:g} s",
        "the recorder subscribes by the address and needs no answer: see the heartbeat",
    )


@dataclass(frozen=True, slots=True)
class Received:
    """What has come over the recorder's connection so far.

    Attributes
    ----------
    mark_prices
        The first mark price of each symbol, and the local clock when it came, UTC milliseconds.
    order
        The first force order; ``None``: none came.
    order_after_s
        How long after the handshake it came, seconds.
    others
        Number of frames that were neither.
    latest_other
        Why the latest of those was neither.
    ended
        Why the connection has ended; ``None``: it is open.
    """

    mark_prices: Mapping[str, tuple[MarkPrice, int]]
    order: LiquidationEvent | None
    order_after_s: float
    others: int
    latest_other: str
    ended: Failure | None

    @property
    def is_anything(self) -> bool:
        """Whether the exchange's data came at all."""
        return bool(self.mark_prices) or self.order is not None


def describe_heartbeat(
    received: Received, symbol: str, waited_s: float, endpoint: Endpoint, *, is_acknowledged: bool
) -> Verdict:
    """Say whether the mark price of `symbol` came, and how its time compares with this clock.

    Parameters
    ----------
    received
        What has come.
    symbol
        Whose mark price is wanted.
    waited_s
        How long it was waited for, seconds.
    endpoint
        What ``--ws-url`` names.
    is_acknowledged
        Whether a subscription was acknowledged.
    """
    if symbol in received.mark_prices:
        mark, receive_ms = received.mark_prices[symbol]
        return _describe_delay(symbol, mark, receive_ms)
    if received.is_anything:
        return (
            Result.FAIL,
            f"data came, but no mark price of {symbol} in {waited_s:g} s",
            "check --symbol: the exchange acknowledges names it does not know",
        )
    if received.ended is not None:
        found = f"accepted, then ended before anything came: {failure_text(received.ended)}"
        return Result.FAIL, found, "wait some minutes; the recorder keeps trying by itself"
    said = "acknowledges" if is_acknowledged else "accepts connections"
    found = f"the endpoint {said} but delivers nothing: no mark price in {waited_s:g} s"
    if received.others:
        found += f", only {received.others} other frames ({received.latest_other})"
    if endpoint.is_old:
        found += f"; {endpoint.path} is a path from before April 2026 or for other streams"
    return Result.FAIL, found, _advise_path(endpoint)


def describe_orders(
    received: Received, waited_s: float, endpoint: Endpoint, *, is_over: bool
) -> Verdict:
    """Say whether some symbol's force order came.

    Parameters
    ----------
    received
        What has come.
    waited_s
        How long after the handshake it was waited for, seconds.
    endpoint
        What ``--ws-url`` names.
    is_over
        Whether waiting longer would be of no use: nothing comes over this connection.
    """
    order = received.order
    if order is not None:
        who = f"{order.liquidated.order_side} {order.symbol} (a {order.liquidated} was liquidated)"
        return (
            Result.OK,
            f"{who}, {received.order_after_s:.1f} s after the handshake",
        )
    if endpoint.is_old:
        return (
            Result.FAIL,
            f"none: {endpoint.path} acknowledges subscriptions and never delivers forceOrder",
            _advise_path(endpoint),
        )
    if received.ended is not None:
        return Result.SKIP, "none came before the connection ended"
    if is_over:
        return Result.SKIP, "not waited for, because nothing comes over this connection"
    return (
        Result.WARN,
        f"none in {waited_s:g} s of all symbols: quiet or blind cannot be told apart yet",
        "try again with --seconds 300; a calm market can be silent for minutes",
    )


# -- REST -----------------------------------------------------------------------------------------


def describe_rest(skew_ms: float | None, took_s: float, why_no_time: str, way: str = "") -> Verdict:
    """Say that REST answered, and how its clock compares with this one.

    Parameters
    ----------
    skew_ms
        The exchange's clock less this one, milliseconds; ``None``: it did not tell.
    took_s
        How long ``exchangeInfo`` took, seconds.
    why_no_time
        Why it did not tell.
    way
        Through which proxy; or empty.
    """
    found = f"exchangeInfo{way} in {took_s * 1000:.0f} ms"
    if skew_ms is None:
        return Result.OK, f"{found}; the clocks were not compared: {why_no_time}"
    found += f", this clock is {_skew(-skew_ms)} the exchange's"
    if abs(skew_ms) <= LARGEST_SKEW_MS:
        return Result.OK, found
    return Result.WARN, found, _CLOCK_ADVICE


def describe_tick_size(symbol: str, tick_size: Decimal | None) -> Verdict:
    """Say what the tick size of a symbol is."""
    if tick_size is not None:
        return Result.OK, f"{symbol} moves in steps of {tick_size} USD"
    return (
        Result.FAIL,
        f"the exchange does not list {symbol}",
        "check --symbol: spelled like BTCUSDT, and a USD-M future",
    )


_CLOCK_ADVICE = "set this computer's clock by a time server; recording itself uses the exchange's"


def _describe_delay(symbol: str, mark: MarkPrice, receive_ms: int) -> Verdict:
    delay_ms = receive_ms - mark.ts_ms
    found = f"mark price of {symbol} {mark.price:g} USD"
    if 0 <= delay_ms <= LARGEST_SKEW_MS:
        return Result.OK, f"{found}, {delay_ms} ms old by this clock"
    found += f", stamped {_skew(-delay_ms)} this clock"
    if abs(delay_ms) <= LARGEST_SKEW_MS:
        return Result.OK, found
    return Result.WARN, found, f"{_CLOCK_ADVICE}; or the network holds data back"


def _skew(ms: float) -> str:
    """Return how far one clock is from another: ``0.25 s ahead of``, ``3.00 s behind``."""
    return f"{abs(ms) / 1000:.2f} s {'behind' if ms < 0 else 'ahead of'}"


def _advise_path(endpoint: Endpoint) -> str:
    if endpoint.is_old:
        return (
            f"since April 2026 only {RIGHT_ROUTE} delivers force orders: use --ws-url "
            f"{endpoint.base}, to which /market/stream is appended"
        )
    return (
        f"{RIGHT_ROUTE}/stream is the path that should deliver: check --symbol, a proxy in "
        "between, and whether the exchange has announced another path" + _prefix_hint(endpoint)
    )


def _advise_address(endpoint: Endpoint | None) -> str:
    hint = "" if endpoint is None else _prefix_hint(endpoint)
    return f"check the address and whether a proxy or firewall is in between{hint}"


def _prefix_hint(endpoint: Endpoint) -> str:
    if not endpoint.has_prefix:
        return ""
    parts = urlsplit(endpoint.base)
    return f"; the base has a path of its own, try {parts.scheme}://{parts.netloc}"


def _reasons(failed: Mapping[str, str]) -> str:
    return "; ".join(f"{address} ({reason})" for address, reason in failed.items())


def _list(texts: Sequence[str], shown: int) -> str:
    more = len(texts) - shown
    return ", ".join(texts[:shown]) + (f" and {more} more" if more > 0 else "")
