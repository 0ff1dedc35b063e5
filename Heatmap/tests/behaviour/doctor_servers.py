"""Servers on loopback that do to the doctor what exchanges and networks do; real sockets."""

import asyncio
import http.server
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.behaviour.scripted_exchange import force_order

Serve = Callable[[ServerConnection], None]


@contextmanager
def websocket_server(
    behave: Serve,
    refusal: tuple[int, Mapping[str, str]] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Serve each websocket connection with `behave`; at the end all of them must be closed."""
    begun, ended = [], []

    def handle(connection: ServerConnection) -> None:
        begun.append(connection)
        with suppress(ConnectionClosed):
            behave(connection)
        ended.append(connection)

    def answer(connection: ServerConnection, _request: Request) -> Response | None:
        if refusal is None:
            return None
        response = connection.respond(refusal[0], "refused")
        response.headers.update(refusal[1])
        return response

    with serve(handle, "127.0.0.1", 0, process_request=answer, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        scheme = "ws" if context is None else "wss"
        try:
            yield f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}"
            deadline_s = time.monotonic() + 20
            while len(ended) < len(begun):
                assert time.monotonic() < deadline_s, "a connection was left open"
                time.sleep(0.01)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raw_server(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept TCP connections and do with each what `handle` does; waits for all at the end."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                handle(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def rest_server(
    answers: Mapping[str, tuple[int, object, Mapping[str, str]]],
) -> Iterator[tuple[str, list[str]]]:
    """Serve JSON by path; give the base and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, content, headers = answers.get(self.path, (404, {}, {}))
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def loopback_exchange(
    start_ms: int | None = None, speed: float = 1.0
) -> Iterator[LoopbackExchange]:
    """Run the simulated market from a time on, default now, `speed` times as fast."""
    begun_ms, begun_s = start_ms or time.time_ns() // 1_000_000, time.monotonic()
    exchange = LoopbackExchange(
        SimulatedMarket(3),
        lambda: begun_ms + int((time.monotonic() - begun_s) * 1000 * speed),
        speed,
    )
    asyncio.run(exchange.start())
    try:
        yield exchange
    finally:
        asyncio.run(exchange.stop())


def deliver(connection: ServerConnection) -> None:
    """Acknowledge, and push a mark price and a force order of now."""
    now_ms = time.time_ns() // 1_000_000
    mark = {"e": "markPriceUpdate", "E": now_ms, "s": "BTCUSDT", "p": "100.25"}
    connection.send(json.dumps(mark))
    connection.send(json.dumps({"stream": "x", "data": force_order(now_ms - 900, "ETHUSDT")}))
    acknowledge(connection)


def acknowledge(connection: ServerConnection) -> None:
    for text in connection:
        connection.send(json.dumps({"result": None, "id": json.loads(text)["id"]}))


def exchange_info(symbol: str = "BTCUSDT") -> dict[str, Any]:
    filters = [{"filterType": "PRICE_FILTER", "tickSize": "0.10"}]
    return {"symbols": [{"symbol": symbol, "filters": filters}]}
