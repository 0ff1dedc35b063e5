"""Recorder, candles and doctor go through the proxy that is set, each in the same way."""

import asyncio
import importlib.util
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from Heatmap.doctor.doctor import DoctorConfig, DoctorTimes, diagnose
from Heatmap.doctor.texts import finding_line
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.recorder.texts import connection_text
from Heatmap.standalone.candle_feed import LIVE, CandleFeed
from Heatmap.standalone.exchange import loopback_guard
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.storage.store import DatabaseFacts
from Heatmap.tests.behaviour.conftest import StartRecorder
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually, live, times_of
from Heatmap.tests.behaviour.proxy_servers import ProxyServer
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.test_recorder import listed

# Names that only the proxy knows.
WS, REST = "ws://stream.invalid:8001", "http://rest.invalid:8002"
NAMES = {"stream.invalid", "rest.invalid"}


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


@pytest.fixture
def proxy(exchange: ScriptedExchange) -> Iterator[ProxyServer]:
    """Run a proxy that leads to the scripted exchange, for who knows the password."""
    ports = {8001: port_of(exchange.ws_url), 8002: port_of(exchange.rest_url)}
    with ProxyServer(ports, "user:S3CRET") as running:
        yield running


def set_proxy(monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: ProxyServer) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:S3CRET@127.0.0.1:{proxy.port}")


@pytest.mark.parametrize("scheme", ["socks5h", "socks", "http"])
def test_the_recorder_records_through_it(
    monkeypatch: pytest.MonkeyPatch,
    exchange: ScriptedExchange,
    proxy: ProxyServer,
    sink: MemorySink,
    start_recorder: StartRecorder,
    scheme: str,
) -> None:
    set_proxy(monkeypatch, scheme, proxy)
    exchange.rest = (200, listed(BTCUSDT="0.10"))
    recorder = start_recorder(ws_url=WS, rest_url=REST)
    eventually(lambda: live(recorder), limit_s=20)
    sent = exchange.liquidate()
    eventually(lambda: times_of(sink) == [sent])
    eventually(lambda: "BTCUSDT" in sink.tick_sizes)
    assert {host for host, _ in proxy.asked} == NAMES
    assert "S3CRET" not in repr(recorder.status())


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_a_proxy_that_refuses_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: ProxyServer, start_recorder: StartRecorder, scheme: str
) -> None:
    monkeypatch.setenv("all_proxy", f"{scheme}://user:WR0NG@127.0.0.1:{proxy.port}")
    recorder = start_recorder(ws_url=WS, rest_url=REST)
    eventually(lambda: proxy.refused >= 2)
    eventually(lambda: ":" in connection_text(recorder.status()))
    eventually(lambda: recorder.status().last_failure is not None)
    assert "WR0NG" not in repr(recorder.status())
    assert "proxy" in connection_text(recorder.status()).lower()


def test_without_the_package_for_socks_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, proxy: ProxyServer, start_recorder: StartRecorder
) -> None:
    set_proxy(monkeypatch, "socks5", proxy)
    # Python itself does not find it: nothing of the program is replaced.
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    recorder = start_recorder(ws_url=WS, rest_url=REST)
    eventually(lambda: "pip install python-socks" in connection_text(recorder.status()))
    eventually(lambda: "pip install python-socks" in failure_text(recorder.status().last_failure))
    assert "S3CRET" not in repr(recorder.status())
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_the_candles_come_through_it(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    # The exchange of these names stands for one that is not on this machine.
    monkeypatch.setattr(loopback_guard, "_OWN_HOST", re.compile(r"(stream|rest)\.invalid(:\d+)?"))

    async def scenario() -> None:
        exchange = LoopbackExchange(SimulatedMarket(3), lambda: 1_795_176_034_567)
        await exchange.start()
        is_live = asyncio.Event()
        ports = {8001: port_of(exchange.ws_url), 8002: port_of(exchange.rest_url)}
        try:
            with ProxyServer(ports, "user:S3CRET") as proxy:
                set_proxy(monkeypatch, scheme, proxy)
                feed = CandleFeed(
                    REST,
                    WS,
                    "BTCUSDT",
                    "1m",
                    on_history=lambda _candles: None,
                    on_candle=lambda _candle: None,
                    on_state=lambda state: is_live.set() if state == LIVE else None,
                )
                await feed.start()
                async with asyncio.timeout(20):
                    await is_live.wait()
                await feed.stop()
                assert {host for host, _ in proxy.asked} == NAMES
        finally:
            await exchange.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_the_doctor_names_it_without_its_password(
    monkeypatch: pytest.MonkeyPatch, exchange: ScriptedExchange, proxy: ProxyServer, scheme: str
) -> None:
    set_proxy(monkeypatch, scheme, proxy)
    exchange.rest = (200, listed(BTCUSDT="0.10"))
    config = DoctorConfig(
        WS, REST, order_s=0.1, times=DoctorTimes(acknowledge_s=0.1, heartbeat_s=5.0)
    )
    findings = diagnose(config, DatabaseFacts, lambda _finding: None)
    found = {finding.check: finding_line(finding) for finding in findings}
    shown = f"{scheme}://127.0.0.1:{proxy.port} (all_proxy)"
    assert shown in found["name resolution"]
    assert shown in found["handshake"]
    assert shown in found["REST"]
    assert "mark price of BTCUSDT" in found["heartbeat"]
    assert found["tick size"].startswith("ok")
    assert "S3CRET" not in repr(findings)


def test_no_proxy_is_left_out_by_all(
    monkeypatch: pytest.MonkeyPatch,
    exchange: ScriptedExchange,
    proxy: ProxyServer,
    sink: MemorySink,
    start_recorder: StartRecorder,
) -> None:
    set_proxy(monkeypatch, "socks5h", proxy)
    # This machine by another address, which is not told from its spelling.
    monkeypatch.setenv("no_proxy", "127.1")
    exchange.rest = (200, listed(BTCUSDT="0.10"))
    recorder = start_recorder(
        ws_url=exchange.ws_url.replace("127.0.0.1", "127.1"),
        rest_url=exchange.rest_url.replace("127.0.0.1", "127.1"),
    )
    eventually(lambda: live(recorder))
    eventually(lambda: "BTCUSDT" in sink.tick_sizes)
    assert proxy.asked == []
