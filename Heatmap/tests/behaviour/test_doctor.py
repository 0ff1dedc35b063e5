"""The doctor on real sockets: what it finds with exchanges that are well, ill, mute and absent."""

import asyncio
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from Heatmap.doctor.doctor import DoctorConfig, DoctorTimes, _examine, diagnose
from Heatmap.doctor.findings import Finding, Result, exit_code
from Heatmap.doctor.texts import advice_text, finding_line, found_text
from Heatmap.domain.events import DataKind
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import DatabaseFacts, open_store
from Heatmap.tests.behaviour.doctor_servers import (
    acknowledge,
    deliver,
    exchange_info,
    loopback_exchange,
    raw_server,
    rest_server,
    websocket_server,
)
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

ROOT = Path(__file__).resolve().parents[3]
CHECKS = [
    "name resolution",
    "TCP",
    "TLS",
    "handshake",
    "acknowledgement",
    "heartbeat",
    "forceOrder data",
    "REST",
    "tick size",
    "database",
]
# Waits that end by a verdict of silence are short; those for a server of this machine are long.
TIMES = DoctorTimes(acknowledge_s=0.5, heartbeat_s=0.7, rest_s=5.0)
KEYS = {"check", "result", "found", "advice", "finding", "advice_kind", "values"}
NOWHERE = "http://127.0.0.1:9"
HEALTHY = DatabaseFacts(Path("x.sqlite3"), free_bytes=2**40)


def look(
    ws_url: str,
    rest_url: str = NOWHERE,
    *,
    symbol: str = "BTCUSDT",
    order_s: float = 0.7,
    times: DoctorTimes = TIMES,
) -> dict[str, Finding]:
    """Let the doctor look; return its findings by check. Nothing of it may be left."""
    reported: list[Finding] = []
    config = DoctorConfig(ws_url, rest_url, symbol, order_s, times)
    findings = diagnose(config, lambda: HEALTHY, reported.append)
    assert list(findings) == reported
    assert [finding.check for finding in findings] == CHECKS
    assert all(found_text(finding) for finding in findings)
    deadline_s = time.monotonic() + 20
    while threads := [one for one in threading.enumerate() if one.name.startswith("heatmap-")]:
        assert time.monotonic() < deadline_s
        threads[0].join(5)
    return {finding.check: finding for finding in findings}


def assert_results(found: Mapping[str, Finding], **expected: str) -> None:
    """Compare the results of the checks named (``_`` for a space)."""
    names = {name.replace("_", " "): result for name, result in expected.items()}
    assert {name: found[name].result.value for name in names} == names, "\n".join(
        finding_line(finding) for finding in found.values()
    )


# -- well -----------------------------------------------------------------------------------------


def test_with_an_exchange_that_delivers_everything_is_well() -> None:
    answers = {
        "/fapi/v1/time": (200, {"serverTime": time.time_ns() // 1_000_000}, {}),
        "/fapi/v1/exchangeInfo": (200, exchange_info(), {}),
    }
    with websocket_server(deliver) as ws_url, rest_server(answers) as (rest_url, _):
        found = look(ws_url, rest_url)
    assert {check: found[check].result for check in CHECKS[3:]} == dict.fromkeys(
        CHECKS[3:], Result.OK
    )
    assert_results(found, TCP="ok", TLS="skip", name_resolution="skip")
    assert "ETHUSDT (a long was liquidated)" in found_text(found["forceOrder data"])
    assert exit_code(found.values()) == 0


def test_the_simulated_exchange_is_well_but_for_its_clock() -> None:
    # An hour of long ago that had a force order every minute, sixty times as fast.
    with loopback_exchange(1_700_169_200_000, 60.0) as exchange:
        found = look(exchange.ws_url, exchange.rest_url, order_s=30.0)
        again = look(exchange.ws_url, exchange.rest_url, symbol="ALL", order_s=30.0)
    for findings in (found, again):
        assert_results(findings, handshake="ok", acknowledgement="ok", forceOrder_data="ok")
        assert_results(findings, heartbeat="warn", REST="warn", tick_size="ok", database="ok")
    assert found_text(found["tick size"]) == "BTCUSDT moves in steps of 0.10 USD"


def test_a_name_is_resolved_and_said_with_its_address() -> None:
    with websocket_server(deliver) as ws_url:
        found = look(ws_url.replace("127.0.0.1", "localhost"))
    assert_results(found, name_resolution="ok", handshake="ok", heartbeat="ok")
    assert "127.0.0.1" in found_text(found["name resolution"])


@pytest.mark.parametrize("delivers", [True, False])
def test_no_task_is_left(delivers: bool) -> None:
    async def scenario(ws_url: str) -> set[asyncio.Task[Any]]:
        config = DoctorConfig(ws_url, NOWHERE, order_s=0.1, times=TIMES)
        await _examine(config, lambda: HEALTHY, lambda _finding: None)
        return asyncio.all_tasks() - {asyncio.current_task()}

    with (
        websocket_server(deliver if delivers else acknowledge) as ws_url,
        asyncio.Runner(loop_factory=RecorderLoop) as runner,
    ):
        assert runner.run(scenario(ws_url)) == set()


# -- silent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ws", "/stream", "/public/ws", "/stream?streams=x@forceOrder"])
def test_a_path_that_acknowledges_and_stays_silent_is_named_with_the_right_one(path: str) -> None:
    with loopback_exchange() as exchange:
        found = look(exchange.ws_url + path, exchange.rest_url)
        base = exchange.ws_url
    assert_results(found, handshake="warn", acknowledgement="ok", heartbeat="FAIL", REST="ok")
    assert_results(found, forceOrder_data="FAIL")
    assert "acknowledges but delivers nothing" in found_text(found["heartbeat"])
    assert f"--ws-url {base}, to which /market/stream" in advice_text(found["heartbeat"])
    assert "never sends liquidations" in found_text(found["forceOrder data"])


def test_an_endpoint_in_place_of_the_base_fails_though_data_comes() -> None:
    with loopback_exchange() as exchange:
        found = look(exchange.ws_url + "/market/ws", exchange.rest_url)
        assert advice_text(found["handshake"]) == f"use --ws-url {exchange.ws_url}"
    assert_results(found, handshake="FAIL", acknowledgement="ok", heartbeat="ok")


def test_the_right_path_that_acknowledges_and_stays_silent_fails() -> None:
    with websocket_server(acknowledge) as ws_url:
        found = look(ws_url)
    assert_results(found, acknowledgement="ok", heartbeat="FAIL", forceOrder_data="skip")
    assert "acknowledges but delivers nothing" in found_text(found["heartbeat"])


def test_heartbeats_without_force_orders_are_no_failure(exchange: ScriptedExchange) -> None:
    exchange.rest = (200, exchange_info())
    found = look(exchange.ws_url, exchange.rest_url)
    # It answers no subscription, which the recorder does not need either.
    assert_results(found, acknowledgement="warn", forceOrder_data="warn", tick_size="ok")
    assert "nothing gets through" in found_text(found["forceOrder data"])
    assert exit_code(found.values()) == 0


def test_a_force_order_of_another_symbol_proves_the_data(exchange: ScriptedExchange) -> None:
    found: dict[str, Finding] = {}
    thread = threading.Thread(
        target=lambda: found.update(look(exchange.ws_url, exchange.rest_url, order_s=20.0))
    )
    thread.start()
    while thread.is_alive():
        exchange.liquidate("ETHUSDT", side="BUY")
        thread.join(0.05)
    assert_results(found, forceOrder_data="ok")
    assert "BUY ETHUSDT (a short was liquidated)" in found_text(found["forceOrder data"])


def test_a_clock_that_is_wrong_is_a_warning() -> None:
    def behind(connection: ServerConnection) -> None:
        mark = {"e": "markPriceUpdate", "E": 1_790_000_000_000, "s": "BTCUSDT", "p": "1"}
        connection.send(json.dumps(mark))
        acknowledge(connection)

    answers = {
        "/fapi/v1/time": (200, {"serverTime": 1_790_000_000_000}, {}),
        "/fapi/v1/exchangeInfo": (200, exchange_info(), {}),
    }
    with websocket_server(behind) as ws_url, rest_server(answers) as (rest_url, _):
        found = look(ws_url, rest_url)
    assert_results(found, heartbeat="warn", REST="warn")
    assert exit_code(found.values()) == 0


def test_a_symbol_that_the_exchange_does_not_know_is_told_from_silence() -> None:
    with loopback_exchange() as exchange:
        found = look(exchange.ws_url, exchange.rest_url, symbol="XYZUSDT")
    assert_results(found, acknowledgement="ok", heartbeat="FAIL", REST="ok", tick_size="FAIL")
    assert "data came, but no mark price of XYZUSDT" in found_text(found["heartbeat"])
    assert "does not list XYZUSDT" in found_text(found["tick size"])


# -- refused and broken ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (403, {}, ("HTTP 403", "firewall")),
        (418, {"Retry-After": "7200"}, ("HTTP 418", "banned", "7200 s", "Retry-After: 7200")),
        (429, {"Retry-After": "30"}, ("HTTP 429", "30 s")),
        (451, {}, ("HTTP 451", "region")),
        (503, {}, ("HTTP 503", "fault on its side")),
        (404, {}, ("HTTP 404", "address")),
    ],
)
def test_a_refused_handshake_is_said_in_words(
    status: int, headers: Mapping[str, str], words: Sequence[str]
) -> None:
    with websocket_server(acknowledge, (status, headers)) as ws_url:
        found = look(ws_url)
    assert_results(found, TCP="ok", handshake="FAIL", acknowledgement="skip", heartbeat="skip")
    assert_results(found, forceOrder_data="skip", database="ok")
    for word in words:
        assert word in found_text(found["handshake"])
    assert advice_text(found["handshake"])
    assert "handshake failed" in found_text(found["heartbeat"])


def test_an_endpoint_that_accepts_and_closes_fails_with_its_reason() -> None:
    with websocket_server(lambda connection: connection.close(1008, "no\nthanks")) as ws_url:
        found = look(ws_url)
    assert_results(found, handshake="ok", acknowledgement="FAIL", heartbeat="FAIL")
    assert_results(found, forceOrder_data="skip")
    assert "1008" in finding_line(found["heartbeat"])
    assert len(finding_line(found["heartbeat"]).splitlines()) == 1


def test_frames_that_are_not_the_exchanges_are_counted_and_shown() -> None:
    def babble(connection: ServerConnection) -> None:
        for frame in ("hello", b"\xff\x00", "[[[", '{"e": "other"}', '{"id": 1}'):
            connection.send(frame)
        for _ in connection:
            connection.send("and again")

    with websocket_server(babble) as ws_url:
        found = look(ws_url)
    assert_results(found, handshake="ok", heartbeat="FAIL", forceOrder_data="skip")
    assert "other frames" in found_text(found["heartbeat"])


def test_a_refused_subscription_does_not_matter_where_data_comes() -> None:
    def refuse(connection: ServerConnection) -> None:
        mark = {"e": "markPriceUpdate", "E": 1_790_000_000_000, "s": "BTCUSDT", "p": "1"}
        connection.send(json.dumps(mark))
        for _ in connection:
            connection.send(json.dumps({"error": {"code": 2, "msg": "Invalid request"}}))

    with websocket_server(refuse) as ws_url:
        found = look(ws_url)
    assert_results(found, acknowledgement="warn", heartbeat="warn")
    assert "Invalid request" in found_text(found["acknowledgement"])


def test_a_server_that_speaks_another_language_fails_at_the_handshake() -> None:
    with raw_server(lambda peer: peer.sendall(b"\x00\xff220 mail ready\r\n" * 50)) as address:
        found = look(f"ws://{address}", f"http://{address}")
    assert_results(found, TCP="ok", handshake="FAIL", REST="FAIL", tick_size="skip")


def test_a_server_that_accepts_and_says_nothing_cannot_hang_the_doctor() -> None:
    times = DoctorTimes(open_s=0.5, tls_s=0.5, rest_s=0.5)
    begun_s = time.monotonic()
    with raw_server(lambda peer: [None for _ in iter(lambda: peer.recv(4096), b"")]) as address:
        found = look(f"ws://{address}", f"http://{address}", times=times)
        secure = look(f"wss://{address}", f"https://{address}", times=times)
    assert time.monotonic() - begun_s < 10
    assert_results(found, TCP="ok", handshake="FAIL", heartbeat="skip", REST="FAIL")
    assert "no answer in time" in found_text(found["handshake"])
    assert_results(secure, TCP="ok", TLS="FAIL", handshake="skip", REST="FAIL")


def test_without_a_server_the_address_and_the_reason_are_said() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        found = look(f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    assert_results(found, TCP="FAIL", TLS="skip", handshake="skip", REST="FAIL", tick_size="skip")
    assert f"port {port}" in found_text(found["TCP"])
    assert "refused" in found_text(found["TCP"])
    assert exit_code(found.values()) == 1


def test_a_name_that_does_not_exist_fails_first() -> None:
    found = look("wss://exchange.invalid", "https://exchange.invalid")
    assert_results(found, name_resolution="FAIL", TCP="skip", forceOrder_data="skip", REST="FAIL")
    assert "exchange.invalid" in found_text(found["name resolution"])


def test_a_name_server_that_hangs_cannot_hang_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        released.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    times = DoctorTimes(name_s=0.3, rest_s=0.3)
    begun_s = time.monotonic()
    timer = threading.Timer(20.0, released.set)
    timer.start()
    config = DoctorConfig("wss://exchange.example", "https://exchange.example", times=times)
    findings = diagnose(config, lambda: HEALTHY, lambda _finding: None)
    assert time.monotonic() - begun_s < QUICK_END_S
    assert "no answer in 0.3 s" in found_text(findings[0])
    timer.cancel()
    released.set()
    released.set()


def test_a_proxy_that_cannot_be_one_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("wss_proxy", "gopher://user:secret@proxy.example")
    monkeypatch.setenv("no_proxy", "")
    found = look("wss://exchange.invalid")
    assert_results(found, name_resolution="FAIL", TCP="skip")
    assert "proxy" in found_text(found["name resolution"])
    assert "secret" not in finding_line(found["name resolution"])


def test_what_a_proxy_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

    def refuse(peer: socket.socket) -> None:
        request = b""
        # Whoever only tries the port asks for nothing, and hangs up.
        while b"\r\n\r\n" not in request and (received := peer.recv(4096)):
            request += received
        peer.sendall(refusal)

    with raw_server(refuse) as address:
        monkeypatch.setenv("wss_proxy", f"http://{address}")
        monkeypatch.setenv("no_proxy", "")
        found = look("wss://exchange.invalid")
    assert_results(found, name_resolution="skip", TCP="ok", TLS="skip", handshake="FAIL")
    assert "the proxy refused: HTTP 407" in found_text(found["handshake"])


# -- TLS ------------------------------------------------------------------------------------------


@pytest.fixture
def make_certificate(tmp_path: Path) -> Callable[..., tuple[ssl.SSLContext, Path]]:
    """Make self-signed certificates with the openssl program."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program is installed to make a certificate with")

    def make(names: str, days: int) -> tuple[ssl.SSLContext, Path]:
        certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=exchange"]
        words += ["-days", str(days), "-addext", f"subjectAltName={names}"]
        subprocess.run(  # noqa: S603 - openssl
            [program, *words, "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate

    return make


def test_a_certificate_that_nobody_vouches_for_fails(
    make_certificate: Callable[..., tuple[ssl.SSLContext, Path]],
) -> None:
    context, _ = make_certificate("IP:127.0.0.1", 365)
    with websocket_server(deliver, context=context) as ws_url:
        found = look(ws_url)
    assert_results(found, TCP="ok", TLS="FAIL", handshake="skip", heartbeat="skip")
    assert "self-signed" in found_text(found["TLS"]).replace("self signed", "self-signed")


@pytest.mark.parametrize(("days", "result"), [(365, "ok"), (1, "warn")])
def test_a_certificate_is_said_with_its_names_and_its_end(
    days: int,
    result: str,
    make_certificate: Callable[..., tuple[ssl.SSLContext, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, certificate = make_certificate("IP:127.0.0.1,DNS:exchange.example", days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with websocket_server(deliver, context=context) as ws_url:
        found = look(ws_url)
    assert_results(found, TLS=result, handshake="ok", acknowledgement="ok", heartbeat="ok")
    assert "TLSv1" in found_text(found["TLS"])
    assert "exchange.example" in found_text(found["TLS"])
    assert "GMT" in found_text(found["TLS"])


def test_a_certificate_for_another_name_fails(
    make_certificate: Callable[..., tuple[ssl.SSLContext, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, certificate = make_certificate("DNS:other.example", 365)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with websocket_server(deliver, context=context) as ws_url:
        found = look(ws_url)
    assert_results(found, TLS="FAIL", handshake="skip")
    assert "127.0.0.1" in found_text(found["TLS"])


def test_a_port_that_does_not_speak_tls_fails() -> None:
    with websocket_server(deliver) as ws_url:
        found = look(ws_url.replace("ws://", "wss://"))
    assert_results(found, TCP="ok", TLS="FAIL", handshake="skip")
    assert "speaks TLS" in advice_text(found["TLS"])


# -- REST -----------------------------------------------------------------------------------------


def test_a_fault_of_rest_leaves_the_stream_alone(exchange: ScriptedExchange) -> None:
    exchange.rest = (500, {})
    found = look(exchange.ws_url, exchange.rest_url)
    assert_results(found, heartbeat="warn", REST="FAIL", tick_size="skip", database="ok")
    assert "HTTP 500" in found_text(found["REST"])


@pytest.mark.parametrize("body", [b"garbage", [1], {"serverTime": "soon"}, b"x" * 100_000])
def test_a_clock_that_cannot_be_read_does_not_matter(body: object) -> None:
    answers = {
        "/fapi/v1/time": (200, body, {}),
        "/fapi/v1/exchangeInfo": (200, exchange_info(), {}),
    }
    with rest_server(answers) as (rest_url, _):
        found = look("ws://127.0.0.1:9", rest_url)
    assert_results(found, REST="ok", tick_size="ok")
    assert "not compared" in found_text(found["REST"])


def test_rest_that_bans_is_not_asked_a_second_time() -> None:
    answers = {"/fapi/v1/time": (418, {}, {"Retry-After": "600"})}
    with rest_server(answers) as (rest_url, asked):
        found = look("ws://127.0.0.1:9", rest_url)
    assert asked == ["/fapi/v1/time"]
    assert_results(found, REST="FAIL", tick_size="skip")
    assert "Retry-After: 600" in found_text(found["REST"])


def test_a_symbol_that_is_not_listed_has_no_tick_size(exchange: ScriptedExchange) -> None:
    found = look(exchange.ws_url, exchange.rest_url)
    assert_results(found, REST="ok", tick_size="FAIL")
    assert "does not list BTCUSDT" in found_text(found["tick size"])


# -- the database and the rest of the world -------------------------------------------------------


def database_finding(path: Path) -> Finding:
    config = DoctorConfig("ws://127.0.0.1:9", NOWHERE)
    return diagnose(config, open_store(path).health, lambda _: None)[-1]


def test_the_database_is_said_whatever_its_state(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    assert database_finding(path).result is Result.OK
    assert not path.exists()
    with SqliteStore(path, DataKind.LIVE):
        in_use = database_finding(path)
    assert (in_use.result, "a recorder is writing it" in found_text(in_use)) == (Result.OK, True)
    other = tmp_path / "other.sqlite3"
    SqliteStore(other, DataKind.SIMULATED).close()
    assert database_finding(other).result is Result.FAIL
    corrupt = tmp_path / "corrupt.sqlite3"
    corrupt.write_bytes(b"no database at all " * 300)
    assert database_finding(corrupt).result is Result.FAIL
    assert corrupt.read_bytes() == b"no database at all " * 300
    assert database_finding(tmp_path / "missing" / "x.sqlite3").result is Result.FAIL


def test_a_disk_that_hangs_cannot_hang_the_doctor() -> None:
    released = threading.Event()

    def hang() -> DatabaseFacts:
        released.wait(30)
        return HEALTHY

    config = DoctorConfig("ws://127.0.0.1:9", NOWHERE, times=DoctorTimes(database_s=0.3))
    findings = diagnose(config, hang, lambda _finding: None)
    released.set()
    assert findings[-1].result is Result.FAIL
    assert "did not answer" in found_text(findings[-1])


def test_a_bug_in_one_check_does_not_hide_the_others() -> None:
    def break_down() -> DatabaseFacts:
        raise RuntimeError("a bug")

    config = DoctorConfig("ws://127.0.0.1:9", NOWHERE)
    findings = diagnose(config, break_down, lambda _finding: None)
    assert len(findings) == len(CHECKS)
    assert findings[-1].result is Result.FAIL
    assert "a bug" in found_text(findings[-1])


def test_a_reader_that_has_gone_ends_the_checks() -> None:
    def gone(_finding: Finding) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        diagnose(DoctorConfig("ws://127.0.0.1:9", NOWHERE), lambda: HEALTHY, gone)


# -- the command ----------------------------------------------------------------------------------


def run_doctor(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG")}
    extra = {"HOME": str(directory), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-X", "dev", "-m", "Heatmap", "doctor", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=directory,
        env=kept | extra,
    )
    # The developer's mode also tells of each step that took long: on a busy machine any does.
    done.stderr = re.sub(r"(?m)^.* asyncio: Executing .* took [0-9.]+ seconds\n", "", done.stderr)
    return done


def test_the_command_prints_a_line_per_check_and_exits_with_0(tmp_path: Path) -> None:
    with loopback_exchange() as exchange:
        urls = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        done = run_doctor(tmp_path, *urls, "--db", "x.sqlite3", "--seconds", "0.5")
        as_json = run_doctor(
            tmp_path, *urls, "--db", "x.sqlite3", "--seconds", "0.5", "--json", "--symbol", "all"
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert [line[6:].partition(":")[0] for line in lines] == CHECKS
    assert {line[:6].strip() for line in lines} <= {"ok", "warn", "skip"}
    assert (as_json.returncode, as_json.stderr) == (0, "")
    content = json.loads(as_json.stdout)
    assert [entry["check"] for entry in content] == CHECKS
    assert all(set(entry) == KEYS for entry in content)
    assert list(tmp_path.iterdir()) == []


def test_the_command_exits_with_1_where_something_failed(tmp_path: Path) -> None:
    done = run_doctor(tmp_path, "--ws-url", "ws://127.0.0.1:9", "--rest-url", NOWHERE)
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAIL  TCP" in done.stdout
    assert "skip  heartbeat: skipped, because TCP failed" in done.stdout
