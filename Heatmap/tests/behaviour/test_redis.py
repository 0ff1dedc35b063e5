"""What is stored is published to a real Redis, once, whatever happens to that."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from Heatmap.errors import FailureKind
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.left_behind import own_threads, still_running
from Heatmap.tests.redis_server import PASSWORD, PATIENCE_S, RedisServer, redis_server, wait_until
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.stored_events import event

publish = pytest.importorskip("Heatmap.publish", reason="the extra redis is not installed")
from Heatmap.publish import (  # noqa: E402 - only where there is one
    Names,
    Publisher,
    PublishState,
    PublishTimes,
    check_redis,
)

BTC, ETH = "heatmap:liquidations:BTCUSDT", "heatmap:liquidations:ETHUSDT"
TIMES = PublishTimes(look_s=0.05, first_backoff_s=0.02, longest_backoff_s=0.1)
Publish = Callable[..., Publisher]


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(one_server: RedisServer) -> RedisServer:
    with one_server.client() as client:
        client.flushall()
    return one_server


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    with server.client() as opened:
        yield opened


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[HandingWriter]:
    with closing(HandingWriter(open_store(tmp_path / "x.sqlite3"))) as opened:
        yield opened


@pytest.fixture
def started(server: RedisServer) -> Iterator[Publish]:
    """Start publishers; in the end no thread of them may be left."""
    with ExitStack() as stack:

        def start(tape: EventTape) -> Publisher:
            publisher = Publisher(tape, check_redis(server.url, "heatmap"), Names(), times=TIMES)
            stack.callback(publisher.stop)
            publisher.start()
            return publisher

        yield start
    assert still_running(own_threads()) == []


@contextmanager
def stopping(publisher: Publisher) -> Iterator[Publisher]:
    try:
        yield publisher
    finally:
        publisher.stop()


def in_stream(client: Any, name: str = BTC, after: str = "-") -> list[dict[str, Any]]:
    entries = client.xrange(name, min=after)
    told = [json.loads(fields[b"data"]) for _, fields in entries]
    assert [one["stream_id"].encode() for one in told] == [one for one, _ in entries]
    return told


def times_of(told: list[dict[str, Any]]) -> list[int]:
    return [one["timestamp"] for one in told]


def test_a_liquidation_is_told_on_its_channel_kept_in_a_stream_and_as_the_newest(
    writer: HandingWriter, client: Any, started: Publish
) -> None:
    writer.write([event(500)])
    with closing(client.pubsub(ignore_subscribe_messages=True)) as heard:
        heard.psubscribe("heatmap:*")
        heard.get_message(timeout=PATIENCE_S)
        publisher = started(writer.tape)
        # What was stored before the first start is history, not news.
        batch = writer.write([event(1000), event(2000, symbol="ETHUSDT", qty=0.25)])
        wait_until(lambda: publisher.status().published == 2)
        messages = [heard.get_message(timeout=PATIENCE_S) for _ in range(2)]
    assert [one["channel"].decode() for one in messages] == [BTC, ETH]
    told = [json.loads(one["data"]) for one in messages]
    price = event(2000).price
    assert told[1] == {
        "schema": 1,
        "type": "liquidation",
        "kind": "live",
        "id": batch.row_ids[1],
        "symbol": "ETHUSDT",
        "timestamp": 2000,
        "side": "long",
        "price": price,
        "quantity": 0.25,
        "volume": price * 0.25,
        "limit_price": price,
        "lower_bound": True,
        "stream_id": told[1]["stream_id"],
    }
    assert in_stream(client) == [told[0]]
    assert in_stream(client, ETH) == [told[1]]
    assert json.loads(client.get("heatmap:newest:ETHUSDT")) == told[1]
    assert publisher.facts()["waiting"] == 0


def test_while_redis_is_dead_recording_goes_on_and_afterwards_nothing_is_missing_or_twice(
    writer: HandingWriter, server: RedisServer, client: Any, started: Publish
) -> None:
    publisher = started(writer.tape)
    publisher.offer("levels", "BTCUSDT", b'{"at": 1}')
    writer.write([event(1000), event(2000)])
    wait_until(lambda: publisher.status().published == 2)
    known = in_stream(client)[-1]["stream_id"]
    server.kill()
    wait_until(lambda: publisher.status().state is PublishState.AWAY)
    failure = publisher.status().failure
    assert failure is not None
    assert failure.kind is FailureKind.REDIS_AWAY
    # More than one page of them.
    rows = [event(3000 + number) for number in range(450)]
    assert len(writer.write(rows).row_ids) == 450
    publisher.offer("levels", "BTCUSDT", b'{"at": 2}')
    wait_until(lambda: publisher.status().waiting == 450)
    server.start()
    wait_until(lambda: publisher.status().published == 452)
    status = publisher.status()
    assert (status.state, status.failure, status.waiting) == (PublishState.LIVE, None, 0)
    assert (status.reconnects, status.refused) == (1, 0)
    assert times_of(in_stream(client)) == [1000, 2000, *range(3000, 3450)]
    # Who was away reads on after the last id that it knows.
    assert times_of(in_stream(client, after=f"({known}")) == list(range(3000, 3450))
    wait_until(lambda: json.loads(client.get("heatmap:levels:BTCUSDT"))["data"] == {"at": 2})


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot stop a process for a while")
def test_a_redis_that_hangs_keeps_nobody_waiting_and_gets_everything_once(
    writer: HandingWriter, server: RedisServer, client: Any
) -> None:
    times = replace(TIMES, timeout_s=0.3)
    address = check_redis(server.url, "heatmap")
    with stopping(Publisher(writer.tape, address, Names(), times=times)) as publisher:
        publisher.start()
        writer.write([event(1000)])
        wait_until(lambda: publisher.status().published == 1)
        server.freeze()
        try:
            writer.write([event(2000)])
            wait_until(lambda: publisher.status().state is PublishState.AWAY)
            # The store does not wait for it.
            assert len(writer.write([event(3000)]).row_ids) == 1
        finally:
            server.thaw()
        wait_until(lambda: publisher.status().state is PublishState.LIVE)
        wait_until(lambda: len(in_stream(client)) >= 3)
    assert times_of(in_stream(client)) == [1000, 2000, 3000]


def test_redis_is_reached_over_tls_and_only_with_a_certificate_that_is_trusted(
    writer: HandingWriter, tmp_path: Path
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl program is installed to make a certificate with")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=redis", "-days", "9"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([openssl, *words, "-out", str(certificate)], check=True, capture_output=True)  # noqa: S603
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    with redis_server(tmp_path, "--tls-port", port, "--tls-auth-clients", "no", *files) as server:
        url = f"rediss://:{PASSWORD}@127.0.0.1:{port}/0"
        for trusted in (False, True):
            given = check_redis(f"{url}?ssl_ca_certs={certificate}" if trusted else url, "heatmap")
            with stopping(Publisher(writer.tape, given, Names(), times=TIMES)) as publisher:
                publisher.start()
                writer.write([event(2000 if trusted else 1000)])
                if trusted:
                    wait_until(lambda: publisher.status().published == 1)
                else:
                    wait_until(lambda: publisher.status().failure is not None)
                    assert publisher.status().published == 0
        with server.client() as opened:
            assert times_of(in_stream(opened)) == [2000]


def test_a_redis_that_forgot_everything_gets_what_is_new_and_the_newest_states(
    writer: HandingWriter, client: Any, started: Publish
) -> None:
    publisher = started(writer.tape)
    writer.write([event(1000)])
    wait_until(lambda: publisher.status().published == 1)
    first = in_stream(client)[0]["stream_id"]
    client.flushall()
    writer.write([event(2000)])
    wait_until(lambda: publisher.status().published == 2)
    told = in_stream(client)
    assert times_of(told) == [2000]
    # Ids ascend all the same: who knows the old one misses nothing.
    assert int(told[0]["stream_id"].split("-")[0]) > int(first.split("-")[0])


def test_publishers_of_one_database_share_the_work_and_a_later_one_goes_on(
    writer: HandingWriter, client: Any, started: Publish
) -> None:
    both = [started(writer.tape), started(EventTape(writer.database))]
    for number in range(40):
        writer.write([event(1000 + number)])
    wait_until(lambda: len(in_stream(client)) == 40)
    for one in both:
        one.stop()
    assert sum(one.status().published for one in both) == 40
    # Stored while nobody published.
    writer.write([event(5000)])
    started(EventTape(writer.database))
    wait_until(lambda: len(in_stream(client)) == 41)
    assert times_of(in_stream(client)) == [*range(1000, 1040), 5000]


def test_another_database_begins_a_new_epoch_with_what_is_new_in_it(
    writer: HandingWriter, client: Any, started: Publish, tmp_path: Path
) -> None:
    first = started(writer.tape)
    writer.write([event(1000 + number) for number in range(3)])
    wait_until(lambda: first.status().published == 3)
    first.stop()
    with closing(HandingWriter(open_store(tmp_path / "y.sqlite3"))) as other:
        other.write([event(10 + number) for number in range(5)])
        second = started(other.tape)
        wait_until(lambda: second.status().state is PublishState.LIVE)
        other.write([event(20)])
        wait_until(lambda: second.status().published == 1)
        second.stop()
    assert times_of(in_stream(client)) == [1000, 1001, 1002, 20]


def test_what_redis_refuses_is_counted_and_the_rest_goes_on(
    writer: HandingWriter, client: Any, started: Publish
) -> None:
    client.set(ETH, "something else of this name")
    publisher = started(writer.tape)
    writer.write([event(1000), event(1001, symbol="ETHUSDT"), event(1002)])
    wait_until(lambda: publisher.status().published == 3)
    failure = publisher.status().failure
    assert publisher.status().refused == 1
    assert failure is not None
    assert (failure.kind, "WRONGTYPE" in failure.values["reason"]) == (
        FailureKind.REDIS_REFUSED,
        True,
    )
    assert times_of(in_stream(client)) == [1000, 1002]


def test_a_password_that_redis_does_not_take_is_told_without_it(
    writer: HandingWriter, server: RedisServer
) -> None:
    address = check_redis(server.url.replace(PASSWORD, "not-this-one"), "heatmap")
    told: list[Any] = []
    publisher = Publisher(writer.tape, address, Names(), times=TIMES, on_change=told.append)
    publisher.start()
    wait_until(lambda: told)
    publisher.stop()
    assert told[0].failure.kind is FailureKind.REDIS_REFUSED
    assert told[0].address == server.shown
    assert "not-this-one" not in repr((told, publisher.facts(), publisher.status()))
