"""The REST client against servers that send too much, too slowly, or somebody else's word."""

import asyncio
import contextlib
import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop
from Heatmap.ingestion.rest_client import RestAnswer, RestClient, RestError
from Heatmap.tests.behaviour.doctor_servers import rest_server
from Heatmap.tests.behaviour.proxy_servers import ProxyServer

LIMIT_BYTES = 2**20
NOWHERE = "http://rest.invalid:8002"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answered(
    body: bytes, *headers: str, status: str = "200 OK", has_length: bool = True
) -> Handler:
    lines = [f"HTTP/1.1 {status}", *headers]
    if has_length:
        lines.append(f"Content-Length: {len(body)}")
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return handle


def endless(head: bytes, piece: Callable[[int], bytes]) -> Handler:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        number = 0
        while True:
            writer.write(piece(number))
            number += 1
            await writer.drain()

    return handle


@contextlib.asynccontextmanager
async def serving(handle: Handler) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def ask(handle: Handler, *, timeout_s: float = 10.0, limit_bytes: int = LIMIT_BYTES) -> RestAnswer:
    async def scenario() -> RestAnswer:
        async with (
            serving(handle) as base,
            RestClient(base, limit_bytes=limit_bytes, timeout_s=timeout_s) as client,
        ):
            return await client.get("/fapi/v1/time", {"a": "b c"})

    with asyncio.Runner(loop_factory=RecorderLoop) as runner:
        return runner.run(scenario())


DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"[1, 2]", None),
        (b"[1, 2]", "identity"),
        (gzip.compress(b"[1, 2]"), "gzip"),
        (gzip.compress(b"[1,") + gzip.compress(b" 2]"), "x-gzip"),
        (zlib.compress(b"[1, 2]"), "deflate"),
        (DEFLATE.compress(b"[1, 2]") + DEFLATE.flush(), "Deflate"),
    ],
)
def test_an_answer_is_unpacked(body: bytes, encoding: str | None) -> None:
    headers = () if encoding is None else (f"Content-Encoding: {encoding}",)
    answer = ask(answered(body, *headers, "Date: today"))
    assert (answer.status, answer.body, answer.date) == (200, b"[1, 2]", "today")
    assert answer.refusal is None
    assert answer.asked_ms <= answer.answered_ms


def chunked(size: int) -> Callable[[int], bytes]:
    return lambda _number: f"{size:x}\r\n".encode() + b" " * size + b"\r\n"


NOTHING = gzip.compress(b"") * 500
BOMB = gzip.compress(bytes(200 * 2**20))
TOO_LONG = {
    "told": answered(b" " * (LIMIT_BYTES + 1)),
    "not told": answered(b" " * (LIMIT_BYTES + 1), has_length=False),
    "in chunks without end": endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(4096)
    ),
    "a gzip bomb": answered(BOMB, "Content-Encoding: gzip"),
    "a deflate bomb": answered(zlib.compress(bytes(200 * 2**20)), "Content-Encoding: deflate"),
    "headers without end": endless(
        b"HTTP/1.1 200 OK\r\n", lambda number: f"X-{number}: {'a' * 1000}\r\n".encode()
    ),
    "packed nothing without end": endless(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", lambda _: NOTHING
    ),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_an_answer_is_cut_off_at_its_limit_while_it_is_read(case: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RestError, match="too long"):
            ask(TOO_LONG[case], timeout_s=60.0)  # the size is what ends it
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 40 * 2**20


def test_an_answer_of_exactly_the_limit_is_taken() -> None:
    body = b" " * LIMIT_BYTES
    assert ask(answered(body)).body == body
    assert ask(answered(gzip.compress(body), "Content-Encoding: gzip")).body == body


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        (answered(b"", "Content-Encoding: br"), "packed as br"),
        (answered(b"", "Content-Encoding: gzip, gzip"), "packed as"),
        (answered(b"no gzip", "Content-Encoding: gzip"), "cannot be unpacked"),
        (answered(BOMB[:100], "Content-Encoding: gzip"), "breaks off"),
        (answered(b"", status="nonsense \x1b[31m"), None),
    ],
)
def test_what_cannot_be_read_is_one_printable_line(handle: Handler, words: str | None) -> None:
    with pytest.raises(RestError, match=words) as caught:
        ask(handle)
    assert str(caught.value).isprintable()
    assert 0 < len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
    ],
    ids=["nothing", "body", "head"],
)
def test_a_body_that_drips_does_not_take_longer_than_allowed(head: bytes) -> None:
    drops = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal drops
        if not head:
            await reader.read()
        writer.write(head)
        while True:
            writer.write(b"a")
            await writer.drain()
            drops += 1
            await asyncio.sleep(0.02)  # the server's slowness

    with pytest.raises(RestError, match=r"no answer within 0\.3 s"):
        ask(handle, timeout_s=0.3)
    # On a busy machine they come no faster.
    assert drops < 30


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal_and_is_not_followed(status: int) -> None:
    with rest_server({"/fapi/v1/time?a=b+c": (200, {"is": "wrong"}, {})}) as (other, asked):
        answer = ask(answered(b"", f"Location: {other}/fapi/v1/time", status=f"{status} Moved"))
    assert answer.refusal is not None
    assert str(status) in failure_text(answer.refusal)
    assert asked == []


def test_a_refusal_is_cut_short_and_says_how_long_to_stay_away() -> None:
    answer = ask(answered(b"a" * 2**19, "Retry-After: 77", status="429 Too Many"))
    assert answer.refusal is not None
    assert answer.refusal.hold_s == 77
    assert len(answer.body) == 2**16


def test_reading_much_does_not_hold_the_loop() -> None:
    longest_s = 0.0

    async def scenario() -> None:
        nonlocal longest_s

        async def watch() -> None:
            nonlocal longest_s
            while True:
                # Of this process, so that a busy machine does not count.
                begun_s = time.process_time()
                await asyncio.sleep(0)
                longest_s = max(longest_s, time.process_time() - begun_s)

        watcher = asyncio.create_task(watch())
        handle = answered(gzip.compress(bytes(32 * 2**20)), "Content-Encoding: gzip")
        # The server's end cancels the watcher.
        async with (
            serving(handle) as base,
            RestClient(base, limit_bytes=32 * 2**20, timeout_s=20) as client,
        ):
            assert len((await client.get("/")).body) == 32 * 2**20
        assert watcher.cancelled()

    asyncio.run(scenario())
    # It is one of the loop's many turns; what is meant are seconds.
    assert longest_s < 0.3


@pytest.fixture
def rest() -> AsyncIterator[int]:
    with rest_server({"/fapi/v1/time": (200, {"serverTime": 5}, {})}) as (base, _):
        yield int(base.rpartition(":")[2])


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks"])
@pytest.mark.parametrize("credentials", ["", "user:p@ss"])
def test_a_proxy_leads_to_the_exchange(
    monkeypatch: pytest.MonkeyPatch, rest: int, scheme: str, credentials: str
) -> None:
    # A name that only the proxy knows.
    base = "http://exchange.invalid:4242"
    with ProxyServer({4242: rest}, credentials) as proxy:
        spelt = "user:p%40ss@" if credentials else ""
        monkeypatch.setenv("all_proxy", f"{scheme}://{spelt}127.0.0.1:{proxy.port}")
        answer = asyncio.run(_time_of(base))
        assert answer.body == b'{"serverTime": 5}'
        assert proxy.asked == [("exchange.invalid", 4242)]
        if credentials:
            monkeypatch.setenv("all_proxy", f"{scheme}://user:SECRET@127.0.0.1:{proxy.port}")
            with contextlib.suppress(RestError):
                refused = asyncio.run(_time_of(base))
                assert refused.status == 407
            assert proxy.refused


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks4"])
def test_a_proxy_that_is_not_there_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setenv("all_proxy", f"{scheme}://user:SECRET@127.0.0.1:{port}")
    with pytest.raises(RestError) as caught:
        asyncio.run(
            _time_of("http://127.1.1.1.invalid:1" if scheme == "http" else "http://10.9.9.9:1")
        )
    assert "SECRET" not in str(caught.value)
    assert str(port) in str(caught.value)
    assert str(caught.value).isprintable()


async def _time_of(base: str) -> RestAnswer:
    async with RestClient(base, limit_bytes=LIMIT_BYTES, timeout_s=10) as client:
        return await client.get("/fapi/v1/time")


def test_a_proxy_that_changes_is_found_at_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with serving(answered(b"[]")) as url:
            port = urlsplit(url).port
            assert port is not None
            with ProxyServer({8002: port}) as first, ProxyServer({8002: port}) as second:
                async with RestClient(NOWHERE, limit_bytes=LIMIT_BYTES, timeout_s=10) as client:
                    for proxy, scheme in ((first, "http"), (second, "http"), (second, "socks5h")):
                        monkeypatch.setenv("all_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
                        assert (await client.get("/x")).body == b"[]"
                        assert client.proxy is not None
                        assert client.proxy.port == proxy.port
                        assert client.proxy.is_socks == (scheme != "http")
                    assert (len(first.asked), len(second.asked)) == (1, 2)
                    # One that cannot be used is said, and the next one is found again.
                    monkeypatch.setenv("all_proxy", "gopher://127.0.0.1:1")
                    with pytest.raises(RestError, match="proxy"):
                        await client.get("/x")
                    monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{first.port}")
                    assert (await client.get("/x")).body == b"[]"
                    assert len(first.asked) == 2

    asyncio.run(scenario())
