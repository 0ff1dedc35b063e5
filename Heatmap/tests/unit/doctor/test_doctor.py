"""What the doctor says, from facts alone: the words, the result, and what to do."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from Heatmap.doctor.addresses import Endpoint, read_endpoint
from Heatmap.doctor.doctor_config import DoctorConfig
from Heatmap.doctor.findings import (
    Check,
    Finding,
    Found,
    Result,
    decide,
    exit_code,
)
from Heatmap.doctor.rest_table import REST, TICK_SIZE, RestFacts, TickSizeFacts
from Heatmap.doctor.stream_table import (
    ACKNOWLEDGEMENT,
    HANDSHAKE,
    HEARTBEAT,
    ORDERS,
    AcknowledgementFacts,
    HandshakeFacts,
    HeartbeatFacts,
    OrderFacts,
    Received,
    Refusal,
    read_acknowledgement,
    refused,
)
from Heatmap.doctor.texts import advice_text, finding_as_mapping, finding_line, found_text
from Heatmap.doctor.way_table import NAME, TCP, TLS, NameFacts, TcpFacts, TlsFacts
from Heatmap.domain.events import Liquidated, LiquidationEvent, RejectReason
from Heatmap.domain.instruments import BINANCE_USDM
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.ingestion.proxies import Proxy
from Heatmap.ingestion.venues.binance.force_order import MarkPrice
from Heatmap.runtime.outside_text import error_text, shown_text

NOW_MS = 1_795_176_000_000
BASE = read_endpoint("wss://fstream.example")
OLD = read_endpoint("wss://fstream.example/ws")


def received(
    *symbols: str,
    delay_ms: int = 80,
    order: LiquidationEvent | None = None,
    others: int = 0,
    coin_m: int = 0,
    unread: int = 0,
    ended: Failure | None = None,
) -> Received:
    marks = {
        symbol: (MarkPrice(symbol, NOW_MS, 100_000.5), NOW_MS + delay_ms) for symbol in symbols
    }
    sorts = {
        reason: count
        for reason, count in (
            (RejectReason.NOT_JSON, others),
            (RejectReason.COIN_M, coin_m),
            (RejectReason.BAD_VALUE, unread),
        )
        if count
    }
    latest = "not JSON: 'hello'" if sorts else ""
    return Received(marks, order, 3.25, sorts, latest, unread, ended)


def other(reason: str) -> Failure:
    return Failure(FailureKind.REQUEST_FAILED, {"reason": reason})


def describe_name(host: str, addresses: Sequence[str], proxy: Proxy | None = None) -> Finding:
    facts = NameFacts(host, tuple(addresses))
    if proxy is not None:
        facts = NameFacts(
            host, tuple(addresses), proxy.shown, proxy.setting, proxy_looks_up=proxy.looks_up
        )
    return decide(Check.NAME, NAME, facts)


def describe_no_name(host: str, reason: str) -> Finding:
    return decide(Check.NAME, NAME, NameFacts(host, reason=reason))


def describe_tcp(address: str, port: int, took_s: float, failed: Mapping[str, str]) -> Finding:
    why = {name: other(reason) for name, reason in failed.items()}
    return decide(Check.TCP, TCP, TcpFacts(address, port, took_s, why))


def describe_no_tcp(port: int, failed: Mapping[str, str]) -> Finding:
    return describe_tcp("", port, 0.0, failed)


def describe_tls(
    version: str, names: Sequence[str], expires_s: float, expiry: str, now_s: float
) -> Finding:
    facts = TlsFacts(version=version, names=tuple(names), expiry=expiry, left_s=expires_s - now_s)
    return decide(Check.TLS, TLS, facts)


def describe_no_tls(reason: str, *, is_certificate: bool) -> Finding:
    return decide(Check.TLS, TLS, TlsFacts(reason=reason, is_certificate=is_certificate))


def describe_handshake(endpoint: Endpoint, path: str, took_s: float, tls: str) -> Finding:
    proxy, setting = ("http://proxy.example:80", "wss_proxy") if tls else ("", "")
    facts = HandshakeFacts(endpoint, path, took_s, tls, proxy, setting)
    return decide(Check.HANDSHAKE, HANDSHAKE, facts)


def describe_refusal(
    status: int, retry_after: str | None, date: str | None, endpoint: Endpoint | None = None
) -> Finding:
    return refused(Check.HANDSHAKE, Refusal.of(status, retry_after, date, endpoint))


def describe_no_handshake(failure: Failure, endpoint: Endpoint) -> Finding:
    return decide(Check.HANDSHAKE, HANDSHAKE, HandshakeFacts(endpoint, failure=failure))


def describe_acknowledgement(answer: Mapping[str, object], took_s: float) -> Finding:
    facts = AcknowledgementFacts(BASE, refusal=read_acknowledgement(answer), took_s=took_s)
    return decide(Check.ACKNOWLEDGEMENT, ACKNOWLEDGEMENT, facts)


def describe_no_acknowledgement(waited_s: float) -> Finding:
    facts = AcknowledgementFacts(BASE, waited_s=waited_s)
    return decide(Check.ACKNOWLEDGEMENT, ACKNOWLEDGEMENT, facts)


def describe_heartbeat(
    heard: Received, symbol: str, waited_s: float, endpoint: Endpoint, *, is_acknowledged: bool
) -> Finding:
    facts = HeartbeatFacts.of(heard, symbol, waited_s, endpoint, is_acknowledged=is_acknowledged)
    return decide(Check.HEARTBEAT, HEARTBEAT, facts)


def describe_orders(
    heard: Received, waited_s: float, endpoint: Endpoint, *, is_over: bool
) -> Finding:
    facts = OrderFacts.of(heard, waited_s, endpoint, is_over=is_over)
    return decide(Check.ORDERS, ORDERS, facts)


def describe_rest(skew_ms: float | None, took_s: float, why_no_time: str) -> Finding:
    return decide(Check.REST, REST, RestFacts(took_s, skew_ms, other(why_no_time)))


def describe_tick_size(symbol: str, tick_size: Decimal | None) -> Finding:
    return decide(Check.TICK_SIZE, TICK_SIZE, TickSizeFacts(symbol, tick_size))


def an_order(side: Liquidated = Liquidated.LONG) -> LiquidationEvent:
    return LiquidationEvent(
        NOW_MS, "ETHUSDT", side, 1.0, 1.0, 1.0, BINANCE_USDM, 1.0, 1.0, NOW_MS, NOW_MS, ""
    )


def assert_says(finding: Finding, result: Result, *words: str, never: str = "\n") -> None:
    text = f"{found_text(finding)} -- {advice_text(finding)}"
    assert finding.result is result, text
    for word in words:
        assert word in text
    assert never not in text
    # Whatever is wrong comes with something to do.
    assert result in (Result.OK, Result.SKIP) or advice_text(finding)


# -- findings -------------------------------------------------------------------------------------


def test_a_line_begins_with_the_result_and_names_the_check() -> None:
    expected = "skip  TLS: ws:// is not encrypted, there is nothing to check"
    assert finding_line(decide(Check.TLS, TLS, TlsFacts(is_wanted=False))) == expected
    line = finding_line(describe_no_name("a.example", "gone"))
    assert line.startswith("FAIL  name resolution: a.example cannot be resolved: gone -- check")
    assert finding_line(describe_name("a", ["1.2.3.4"])) == "ok    name resolution: a is 1.2.3.4"
    assert finding_line(describe_no_acknowledgement(5.0)).startswith("warn  acknowledgement")


def test_whatever_a_server_sends_stays_one_printable_line_of_bounded_length() -> None:
    reason = "a\r\nb\x1b[31m\u2028c\0" + "d" * 5000
    finding = describe_no_name("e\nf", reason)
    assert len(finding_line(finding).splitlines()) == 1
    assert finding_line(finding).isprintable()
    assert len(finding_line(finding)) < 800
    assert shown_text("a\n b\x07") == "a  b\\x07"
    mapping = json.loads(json.dumps(finding_as_mapping(finding)))
    assert set(mapping) == {
        *("check", "result", "found", "advice"),
        *("finding", "advice_kind", "values"),
    }
    assert "\n" not in mapping["found"]
    assert mapping["values"]["reason"].isprintable()


def test_only_a_failure_gives_exit_code_1() -> None:
    harmless = [
        Finding(Check.TCP, result, Found.REACHED)
        for result in (Result.OK, Result.WARN, Result.SKIP)
    ]
    assert exit_code(harmless) == 0
    assert exit_code([]) == 0
    assert exit_code([*harmless, Finding(Check.TCP, Result.FAIL, Found.REACHED)]) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(111, "Connection refused"), "Connection refused"),
        (ValueError("a\nb"), "a b"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_reason_is_one_line_and_never_empty(error: Exception, expected: str) -> None:
    assert error_text(error) == expected


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://a.example", Endpoint("wss://a.example")),
        ("wss://a.example:9443/", Endpoint("wss://a.example:9443")),
        ("ws://[::1]:80", Endpoint("ws://[::1]:80")),
        ("wss://a.example/ws", Endpoint("wss://a.example", "", "ws")),
        ("wss://a.example/ws/btcusdt@forceOrder", Endpoint("wss://a.example", "", "ws")),
        ("wss://a.example/stream?streams=x", Endpoint("wss://a.example", "", "stream")),
        ("wss://a.example/public/ws/", Endpoint("wss://a.example", "/public", "ws")),
        ("wss://a.example/market/stream", Endpoint("wss://a.example", "/market", "stream")),
        ("wss://a.example/x/market/ws", Endpoint("wss://a.example/x", "/market", "ws", True)),
        ("wss://a.example/market", Endpoint("wss://a.example/market", has_prefix=True)),
        ("wss://a.example/streams", Endpoint("wss://a.example/streams", has_prefix=True)),
    ],
)
def test_a_base_is_told_from_a_whole_endpoint(url: str, expected: Endpoint) -> None:
    assert read_endpoint(url) == expected


def test_the_old_and_the_foreign_paths_are_known() -> None:
    assert OLD.is_old
    assert OLD.path == "/ws"
    assert read_endpoint("wss://a.example/public/stream").is_old
    assert not read_endpoint("wss://a.example/market/ws").is_old
    assert not BASE.is_old
    assert BASE.path == ""


@pytest.mark.parametrize(
    ("ws_url", "rest_url", "expected"),
    [
        ("https://a.example", "https://a.example", "--ws-url"),
        ("a.example", "https://a.example", "--ws-url"),
        ("wss://", "https://a.example", "--ws-url"),
        ("wss://a.example:99999", "https://a.example", "--ws-url"),
        ("wss://a.example:x", "https://a.example", "--ws-url"),
        ("wss://[", "https://a.example", "--ws-url"),
        ("wss://a.example", "wss://a.example", "--rest-url"),
        ("wss://a.example", "", "--rest-url"),
    ],
)
def test_what_is_no_address_is_refused_by_its_option(
    ws_url: str, rest_url: str, expected: str
) -> None:
    with pytest.raises(SettingsError, match=expected):
        DoctorConfig(ws_url, rest_url)


def test_with_all_symbols_one_of_them_gives_the_heartbeat() -> None:
    addresses = ("wss://a.example", "https://a.example")
    assert DoctorConfig(*addresses, "ALL").heartbeat_symbol == "BTCUSDT"
    assert DoctorConfig(*addresses, "ETHUSDT").heartbeat_symbol == "ETHUSDT"


# -- the way to the exchange ----------------------------------------------------------------------


def test_names_are_said_with_their_addresses() -> None:
    addresses = [f"10.0.0.{number}" for number in range(6)]
    verdict = describe_name("a.example", addresses)
    assert_says(verdict, Result.OK, "a.example", "10.0.0.0", "and 2 more", never="10.0.0.5")
    proxy = Proxy("http", "a.example", 8080, "user", "secret", "https_proxy")
    assert_says(describe_name("a.example", ["10.0.0.1"], proxy), Result.OK, "http://a.example:8080")
    assert "secret" not in finding_line(describe_name("a.example", ["10.0.0.1"], proxy))
    assert_says(describe_name("::1", ["::1"]), Result.SKIP, "no name to look up")
    assert_says(describe_no_name("a.example", "unknown"), Result.FAIL, "a.example", "unknown")


def test_addresses_that_failed_before_one_accepted_are_a_warning() -> None:
    assert_says(describe_tcp("10.0.0.1", 443, 0.0234, {}), Result.OK, "443", "23 ms")
    verdict = describe_tcp("10.0.0.1", 443, 0.02, {"2001:db8::1": "no route"})
    assert_says(verdict, Result.WARN, "2001:db8::1 (no route)", "IPv6")
    assert_says(describe_no_tcp(443, {"10.0.0.1": "refused"}), Result.FAIL, "10.0.0.1 (refused)")


@pytest.mark.parametrize(
    ("days", "result", "words"),
    [(90.0, Result.OK, "TLSv1.3"), (14.0, Result.OK, ""), (13.9, Result.WARN, "in 14 days")],
)
def test_a_certificate_that_ends_soon_is_a_warning(days: float, result: Result, words: str) -> None:
    verdict = describe_tls("TLSv1.3", ["a.example"], 1e9 + days * 86_400, "some day", 1e9)
    assert_says(verdict, result, "a.example", "some day", words)


def test_what_to_do_without_tls_depends_on_the_reason() -> None:
    verdict = describe_no_tls("self-signed", is_certificate=True)
    assert_says(verdict, Result.FAIL, "self-signed", "clock", "SSL_CERT_FILE")
    assert_says(describe_no_tls("x", is_certificate=False), Result.FAIL, "speaks TLS")


# -- the websocket --------------------------------------------------------------------------------


def test_a_handshake_with_a_whole_endpoint_names_the_base() -> None:
    assert_says(describe_handshake(BASE, "/market/stream", 0.05, ""), Result.OK, "50 ms")
    verdict = describe_handshake(BASE, "/market/stream", 0.05, "TLSv1.3")
    assert_says(verdict, Result.OK, "TLSv1.3")
    advice = "use --ws-url wss://fstream.example"
    assert_says(describe_handshake(OLD, "/ws", 0.05, ""), Result.WARN, "/market/stream", advice)
    # Data would come here, and the recorder would ask for it elsewhere.
    right = read_endpoint("wss://fstream.example/market/ws")
    assert_says(describe_handshake(right, "/market/ws", 0.05, ""), Result.FAIL, advice)


@pytest.mark.parametrize(
    ("status", "retry_after", "words"),
    [
        (403, None, ("HTTP 403", "firewall", "300 s")),
        (418, "7200", ("HTTP 418", "banned", "wait 7200 s", "Retry-After: 7200")),
        (429, "30", ("HTTP 429", "too many", "wait 30 s", "Retry-After: 30")),
        (429, None, ("HTTP 429", "too many", "60 s")),
        (451, None, ("HTTP 451", "region")),
        (503, "5", ("HTTP 503", "fault on its side", "Retry-After: 5")),
        (404, None, ("HTTP 404", "address")),
        (200, None, ("HTTP 200", "address")),
    ],
)
def test_a_refusal_is_said_in_words_with_its_waiting_time(
    status: int, retry_after: str | None, words: tuple[str, ...]
) -> None:
    assert_says(describe_refusal(status, retry_after, None, BASE), Result.FAIL, *words)


def test_a_base_with_a_path_is_suspected_where_the_address_is() -> None:
    suspect = read_endpoint("wss://fstream.example/market")
    hint = "try wss://fstream.example"
    assert_says(describe_refusal(404, None, None, suspect), Result.FAIL, hint)
    assert_says(describe_no_handshake(other("no answer"), suspect), Result.FAIL, hint)
    assert_says(describe_no_handshake(other("no answer"), BASE), Result.FAIL, never="try wss")


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"result": None, "id": 1}, Result.OK),
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, Result.FAIL),
        ({"result": "no", "id": 1}, Result.FAIL),
    ],
)
def test_only_an_empty_result_acknowledges(answer: Mapping[str, object], result: Result) -> None:
    assert describe_acknowledgement(answer, 0.01).result is result


def test_without_an_acknowledgement_the_data_decides() -> None:
    assert_says(describe_no_acknowledgement(5.0), Result.WARN, "5 s", "heartbeat")


@pytest.mark.parametrize(
    ("delay_ms", "result", "words"),
    [
        (0, Result.OK, "0 ms old"),
        (2000, Result.OK, "2000 ms old"),
        (2001, Result.WARN, "2.00 s behind this clock"),
        (-500, Result.OK, "0.50 s ahead of this clock"),
        (-2000, Result.OK, "2.00 s ahead of"),
        (-7300, Result.WARN, "7.30 s ahead of this clock"),
    ],
)
def test_a_heartbeat_tells_how_far_the_clocks_are_apart(
    delay_ms: int, result: Result, words: str
) -> None:
    heard = received("BTCUSDT", delay_ms=delay_ms)
    verdict = describe_heartbeat(heard, "BTCUSDT", 10.0, BASE, is_acknowledged=True)
    assert_says(verdict, result, "100000", words)


def test_an_endpoint_that_acknowledges_and_delivers_nothing_is_named_with_the_right_path() -> None:
    silent = received()
    verdict = describe_heartbeat(silent, "BTCUSDT", 10.0, OLD, is_acknowledged=True)
    assert_says(
        verdict,
        Result.FAIL,
        "acknowledges but delivers nothing",
        "/ws",
        "only /market sends",
        "use --ws-url wss://fstream.example, to which /market/stream",
    )
    verdict = describe_heartbeat(silent, "BTCUSDT", 10.0, BASE, is_acknowledged=True)
    assert_says(verdict, Result.FAIL, "acknowledges but delivers nothing", "/market/stream")
    verdict = describe_heartbeat(silent, "BTCUSDT", 10.0, BASE, is_acknowledged=False)
    assert_says(verdict, Result.FAIL, "accepts connections but delivers nothing")


def test_a_wrong_symbol_is_told_from_a_silent_endpoint() -> None:
    for heard in (received("BTCUSDT"), received(order=an_order())):
        verdict = describe_heartbeat(heard, "XYZUSDT", 10.0, BASE, is_acknowledged=True)
        assert_says(verdict, Result.FAIL, "data came", "XYZUSDT", "--symbol", never="nothing")


def test_a_connection_that_ended_and_frames_of_another_sort_are_said() -> None:
    heard = received(ended=Failure(FailureKind.CLOSED_BY_EXCHANGE, {"code": 1008, "reason": ""}))
    verdict = describe_heartbeat(heard, "BTCUSDT", 10.0, BASE, is_acknowledged=False)
    assert_says(verdict, Result.FAIL, "1008", "ended before anything came")
    verdict = describe_heartbeat(received(others=3), "BTCUSDT", 10.0, BASE, is_acknowledged=False)
    assert_says(verdict, Result.FAIL, "3 other frames", "not JSON")


def test_force_orders_are_proven_by_one_of_any_symbol() -> None:
    sold = received("BTCUSDT", order=an_order())
    verdict = describe_orders(sold, 20.0, BASE, is_over=False)
    assert_says(verdict, Result.OK, "ETHUSDT", "a long was liquidated", "3.2 s")
    bought = received(order=an_order(Liquidated.SHORT), ended=Failure(FailureKind.BROKE_OFF))
    verdict = describe_orders(bought, 20.0, OLD, is_over=False)
    assert_says(verdict, Result.OK, "a short was liquidated")


def test_without_force_orders_quiet_is_not_taken_for_blind() -> None:
    alive = received("BTCUSDT")
    verdict = describe_orders(alive, 20.0, BASE, is_over=False)
    assert_says(
        verdict, Result.WARN, "20 s", "a quiet market, or nothing gets through", "--seconds"
    )
    # On the old paths it is known: mark prices may come, force orders never do.
    verdict = describe_orders(alive, 20.0, OLD, is_over=False)
    assert_says(verdict, Result.FAIL, "never sends liquidations", "only /market sends")
    verdict = describe_orders(received(), 20.0, BASE, is_over=True)
    assert_says(verdict, Result.SKIP, "nothing comes")
    ended = received(ended=Failure(FailureKind.BROKE_OFF))
    assert_says(describe_orders(ended, 20.0, BASE, is_over=True), Result.SKIP, "ended")


# -- REST -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew_ms", "result", "words"),
    [
        (0.0, Result.OK, "0.00 s ahead of"),
        (1500.0, Result.OK, "1.50 s behind"),
        (-2500.0, Result.WARN, "this clock is 2.50 s ahead of the exchange's"),
        (60_000.0, Result.WARN, "this clock is 60.00 s behind the exchange's"),
        (None, Result.OK, "not compared: HTTP 404"),
    ],
)
def test_rest_tells_how_far_the_clocks_are_apart(
    skew_ms: float | None, result: Result, words: str
) -> None:
    assert_says(describe_rest(skew_ms, 0.3, "HTTP 404"), result, "300 ms", words)


def test_a_tick_size_is_said_as_the_exchange_writes_it() -> None:
    assert_says(describe_tick_size("BTCUSDT", Decimal("0.10")), Result.OK, "0.10 USD")
    assert_says(describe_tick_size("XYZUSDT", None), Result.FAIL, "does not list XYZUSDT")
