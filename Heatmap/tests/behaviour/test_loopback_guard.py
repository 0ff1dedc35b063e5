"""The loopback exchange and strangers: pages of a browser, and clients that ask for too much."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.loopback_guard import (
    MAX_CONNECTIONS,
    MAX_MESSAGE_BYTES,
    MAX_STREAMS,
    foreign_words,
)
from Heatmap.standalone.exchange.market import Market
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.sources import load_market

FIRST_MS = 1_733_360_400_000  # 2024-12-05T01:00:00Z
NOW_MS = FIRST_MS + 3_600_000
STREAM = "/market/ws/btcusdt@markPrice@1s"


def replayed(tmp_path: Path) -> Market:
    order = {"s": "BTCUSDT", "S": "SELL", "q": "1", "p": "99600", "ap": "100000", "z": "1"}
    messages, candles = tmp_path / "messages.jsonl", tmp_path / "klines.csv"
    messages.write_text(
        "".join(
            json.dumps({"e": "forceOrder", "E": ts_ms, "o": {**order, "T": ts_ms}}) + "\n"
            for ts_ms in range(FIRST_MS, FIRST_MS + 12_000_000, 600_000)
        )
    )
    candles.write_text(
        "open_time,open,high,low,close,volume,quote_volume,trades\n"
        + "".join(
            f"{FIRST_MS + minute * 60_000},100000,100050,99950,100010,1.5,150000,10\n"
            for minute in range(200)
        )
    )
    return load_market(messages, candles, FIRST_MS)


@pytest.fixture(params=["simulated", "replayed"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., None]:
    """Run a scenario with an exchange of either kind."""
    market = SimulatedMarket(3) if request.param == "simulated" else replayed(tmp_path)

    def run_with(scenario: Callable[[LoopbackExchange], Awaitable[None]]) -> None:
        async def main() -> None:
            exchange = LoopbackExchange(market, lambda: NOW_MS, 1.0, keepalive_s=0.1)
            await exchange.start()
            try:
                async with asyncio.timeout(60):
                    await scenario(exchange)
            finally:
                await exchange.stop()

        asyncio.run(main())

    return run_with


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def raw(url: str, *lines: str) -> tuple[int, str]:
    """Send a request as it stands; return the status and the body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
    try:
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        lengths = [
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        ]
        body = await reader.readexactly(lengths[0]) if lengths and lengths[0] else b""
        return status, body.decode()
    finally:
        writer.close()


def rest_request(host: str | None, *headers: str) -> tuple[str, ...]:
    own = () if host is None else (f"Host: {host}",)
    return ("GET /fapi/v1/time HTTP/1.1", *own, *headers)


def ws_request(host: str | None, *headers: str) -> tuple[str, ...]:
    own = () if host is None else (f"Host: {host}",)
    return (
        f"GET {STREAM} HTTP/1.1",
        *own,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    )


FOREIGN_HOSTS = [
    None,
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8080",
    "evil.example@127.0.0.1",
    "192.168.1.7",
    "[::1]",
    "127.0.0.1:80:80",
    "",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_point_here_is_refused(
    run: Callable[..., None], host: str | None
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        status, body = await raw(exchange.rest_url, *rest_request(host))
        assert status in (400, 403)
        assert len(body.splitlines()) == 1
        status, body = await raw(exchange.ws_url, *ws_request(host))
        assert status in (400, 403)
        assert len(body.splitlines()) == 1

    run(scenario)


@pytest.mark.parametrize(
    "header",
    [
        "Origin: https://evil.example",
        "Origin: http://evil.example",
        "Origin: null",
        "Origin: http://127.0.0.1:1",
        "Origin: http://localhost",
        "Origin: file://",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ],
)
def test_a_page_of_a_browser_is_refused(run: Callable[..., None], header: str) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        for url, request in ((exchange.rest_url, rest_request), (exchange.ws_url, ws_request)):
            status, body = await raw(url, *request(f"127.0.0.1:{port_of(url)}", header))
            assert status == 403
            assert len(body.splitlines()) == 1

    run(scenario)


def test_its_own_clients_are_served_by_either_name_of_this_machine(
    run: Callable[..., None],
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        for name in ("127.0.0.1", "localhost", "LOCALHOST"):
            for url, request, status in (
                (exchange.rest_url, rest_request, 200),
                (exchange.ws_url, ws_request, 101),
            ):
                host = f"{name}:{port_of(url)}"
                assert (await raw(url, *request(host)))[0] == status
                own = f"Origin: http://{host}"
                assert (await raw(url, *request(host, own)))[0] == status
        async with connect(exchange.ws_url + STREAM, proxy=None) as connection:
            assert json.loads(await connection.recv())["e"] == "markPriceUpdate"

    run(scenario)


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
def test_other_methods_and_paths_of_strangers_are_refused_as_well(
    run: Callable[..., None], method: str
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        for path in ("/fapi/v1/klines", "/nowhere"):
            status, body = await raw(
                exchange.rest_url, f"{method} {path} HTTP/1.1", "Host: evil.example"
            )
            assert status == 403
            assert len(body.splitlines()) == 1

    run(scenario)


@asynccontextmanager
async def subscriber(exchange: LoopbackExchange) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    async with connect(exchange.ws_url + "/market/ws", proxy=None, max_size=None) as connection:

        async def ask(method: str, names: list[Any], number: int = 1) -> Any:
            await connection.send(json.dumps({"method": method, "params": names, "id": number}))
            return json.loads(await connection.recv())

        yield ask


def test_one_connection_subscribes_to_so_many_streams_and_no_more(
    run: Callable[..., None],
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        async with subscriber(exchange) as ask:
            # As many as there may be, in pieces; the same ones again are no more.
            for _time in range(2):
                for piece in range(8):
                    names = [f"s{piece}_{number}@x" for number in range(MAX_STREAMS // 8)]
                    assert await ask("SUBSCRIBE", names) == {"result": None, "id": 1}
            answer = await ask("SUBSCRIBE", ["one@more"], 7)
            assert answer["id"] == 7
            assert str(MAX_STREAMS) in answer["error"]["msg"]
            assert len((await ask("LIST_SUBSCRIPTIONS", []))["result"]) == MAX_STREAMS
            # What is given up makes room, and what is refused takes none.
            assert (await ask("UNSUBSCRIBE", ["s0_0@x"]))["result"] is None
            assert "error" in await ask("SUBSCRIBE", ["two@more", "three@more"])
            assert "error" not in await ask("SUBSCRIBE", ["one@more"])

    run(scenario)


@pytest.mark.parametrize("name", ["", "x" * 101, "a b", "a\nb", "\x00"])
def test_a_stream_without_a_proper_name_is_refused(run: Callable[..., None], name: str) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        async with subscriber(exchange) as ask:
            answer = await ask("SUBSCRIBE", ["btcusdt@forceOrder", name])
            assert len(answer["error"]["msg"].splitlines()) == 1
            assert (await ask("LIST_SUBSCRIPTIONS", []))["result"] == []

    run(scenario)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        '{"method":"SUBSCRIBE","params":[],"id":{"a":"' + "x" * 1000 + '"}}',
        '{"method":"SUBSCRIBE","params":[],"id":"' + "x" * 1000 + '"}',
        '{"method":"' + "x" * 10_000 + '"}',
        '{"method":' + "9" * 10_000 + "}",
    ],
    ids=["deep", "id of another kind", "long id", "long method", "long number"],
)
def test_an_odd_command_is_answered_in_one_short_line(run: Callable[..., None], text: str) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        async with connect(exchange.ws_url + "/market/ws", proxy=None) as connection:
            for _time in range(2):
                await connection.send(text)
                answer = await connection.recv()
                assert "error" in json.loads(answer)
                assert len(answer) < 400

    run(scenario)


def test_a_message_that_is_too_long_ends_its_connection_only(run: Callable[..., None]) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        async with (
            connect(exchange.ws_url + "/market/ws", proxy=None) as greedy,
            connect(exchange.ws_url + STREAM, proxy=None) as other,
        ):
            await greedy.send("x" * (MAX_MESSAGE_BYTES + 1))
            with pytest.raises(ConnectionClosed):
                await greedy.recv()
            assert greedy.close_code == 1009
            assert json.loads(await other.recv())["e"] == "markPriceUpdate"

    run(scenario)


def test_an_address_with_too_many_streams_is_refused(run: Callable[..., None]) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        names = "/".join(f"{number:x}" for number in range(MAX_STREAMS + 1))
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{exchange.ws_url}/market/stream?streams={names}", proxy=None)
        assert caught.value.response.status_code == 400
        assert len(caught.value.response.body.splitlines()) == 1

    run(scenario)


@pytest.mark.parametrize("kind", ["ws_url", "rest_url"])
def test_connections_beyond_a_number_are_refused_until_one_is_closed(
    run: Callable[..., None], kind: str
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        url = getattr(exchange, kind)
        request = (ws_request if kind == "ws_url" else rest_request)("127.0.0.1")
        # They only hold their place: a client that asks for nothing counts as well.
        opened = [
            await asyncio.open_connection("127.0.0.1", port_of(url))
            for _number in range(MAX_CONNECTIONS)
        ]

        async def answered_by(*wanted: int) -> None:
            found = 0
            while found not in wanted:
                await asyncio.sleep(0.01)
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    found, _body = await raw(url, *request)

        await answered_by(503)
        opened.pop()[1].close()
        await answered_by(101, 200)
        for _reader, writer in opened:
            writer.close()

    run(scenario)


def test_a_client_that_asks_without_reading_the_answers_is_cut_off(
    run: Callable[..., None],
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        async with connect(
            exchange.ws_url + "/market/ws", proxy=None, max_size=None, close_timeout=0.1
        ) as connection:
            names = [f"{number:x}".rjust(100, "x") for number in range(MAX_STREAMS)]
            await connection.send(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
            await connection.recv()
            connection.transport.pause_reading()
            sent = 0

            async def ask_until_cut_off() -> None:
                nonlocal sent
                # A hundred kilobytes of answer each.
                command = json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 2})
                while sent < 5_000:
                    await connection.send(command)
                    await asyncio.sleep(0.002)
                    sent += 1

            with pytest.raises(ConnectionClosed):
                await ask_until_cut_off()
            assert sent < 5_000

    run(scenario)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "9" * 5000},
        {"limit": "9" * 17},
        {"limit": "-1"},
        {"limit": "1e3"},
        {"limit": "1501"},
        {"limit": "\u0661"},
        {"startTime": "9" * 5000},
        {"startTime": "-9"},
        {"startTime": "1.5"},
        {"endTime": "9" * 17},
        {"endTime": ""},
        {"startTime": str(NOW_MS), "endTime": "0"},
    ],
)
def test_a_parameter_out_of_bounds_is_refused_in_one_line(
    run: Callable[..., None], query: dict[str, str]
) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        given = {"symbol": "BTCUSDT", "interval": "1m", **query}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{exchange.rest_url}/fapi/v1/klines", params=given) as response,
        ):
            text = await response.text()
            assert response.status == 400
            assert len(text.splitlines()) == 1
            assert set(json.loads(text)) == {"code", "msg"}

    run(scenario)


def test_the_widest_question_that_is_allowed_is_answered(run: Callable[..., None]) -> None:
    async def scenario(exchange: LoopbackExchange) -> None:
        given = {"symbol": "BTCUSDT", "interval": "1d", "limit": "1500", "startTime": "0"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{exchange.rest_url}/fapi/v1/klines", params=given) as response,
        ):
            assert response.status == 200
            assert 1 <= len(await response.json()) <= 1500

    run(scenario)


def test_several_hosts_or_none_are_no_host() -> None:
    assert foreign_words(["127.0.0.1", "127.0.0.1"], [], [])
    assert foreign_words([], [], [])
    assert foreign_words(["127.0.0.1:1"], ["http://127.0.0.1:1", "http://evil"], [])
    assert not foreign_words(["127.0.0.1:1"], ["http://127.0.0.1:1"], ["same-origin"])
    assert not foreign_words(["localhost"], [], ["none"])
