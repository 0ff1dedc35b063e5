"""Live streams: each stored liquidation once, whoever reads slowly, and whatever ends meanwhile."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from Heatmap import HeatmapService
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind
from Heatmap.server import HeatmapServer
from Heatmap.storage.store import open_store
from Heatmap.tests.stored_market import made_candles, store_market
from Heatmap.tests.unit.stored_events import event

NOW_MS = 1_790_000_000_000
OLD, STREAMS, ROUNDS = 20_000, 50, 20


@dataclass
class Scene:
    """A database that a test writes, and a server of it."""

    sink: EventSink
    service: HeatmapService
    server: HeatmapServer
    written: list[int] = field(default_factory=list)

    def write(self, count: int, symbol: str = "BTCUSDT") -> list[int]:
        first = NOW_MS - 3_600_000 + 10 * len(self.written)
        batch = self.sink.write([event(first + 10 * k, symbol) for k in range(count)])
        self.written += batch.row_ids
        return list(batch.row_ids)


@contextmanager
def scene(directory: Path) -> Iterator[Scene]:
    database = directory / "heatmap.sqlite3"
    with closing(open_store(database).open_writer(DataKind.LIVE)) as sink:
        service = HeatmapService(db=database, clock=lambda: NOW_MS)
        with HeatmapServer(service, "127.0.0.1:0") as server:
            yield Scene(sink, service, server)


def parsed(block: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))


class Listener:
    """Follows a stream as a browser does: after an end it comes again with the last id."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self.client, self.url = client, url
        self.ids: list[int] = []
        self.last: str | None = None
        self.is_ready = asyncio.Event()
        self.is_done = asyncio.Event()
        self.ends = 0

    async def run(self, until: int) -> None:
        while not self.ids or self.ids[-1] < until:
            try:
                await self._listen(until)
            except httpx.TransportError:
                self.is_ready.clear()
                self.ends += 1
                # As long as a browser is impatient.
                await asyncio.sleep(0.05)
        self.is_done.set()

    async def _listen(self, until: int) -> None:
        headers = {} if self.last is None else {"last-event-id": self.last}
        async with self.client.stream("GET", f"{self.url}/stream", headers=headers) as answer:
            assert answer.status_code == 200
            rest = ""
            async for text in answer.aiter_text():
                *blocks, rest = (rest + text).split("\n\n")
                for found in filter(None, map(parsed, blocks)):
                    self.last = found["id"]
                    self.is_ready.set()
                    if found["event"] == "liquidation":
                        assert json.loads(found["data"])["id"] == int(self.last)
                        self.ids.append(int(self.last))
                if self.ids and self.ids[-1] >= until:
                    return
            raise httpx.ReadError("the stream ended")


def never_reads(url: str) -> socket.socket:
    """Ask for all that was ever stored, which is more than fits between, and read none of it."""
    host, _, port = url.removeprefix("http://").partition(":")
    sleeper = socket.create_connection((host, int(port)))
    sleeper.sendall(b"GET /stream?after_id=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sleeper


def test_each_event_comes_once_to_50_streams_across_a_restart(tmp_path: Path) -> None:
    with scene(tmp_path) as world:
        world.write(OLD)
        asyncio.run(_follow(world))


async def _follow(world: Scene) -> None:
    start = world.written[-1]
    until = start + 2 * ROUNDS * 2
    server, url = world.server, world.server.url
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client, asyncio.TaskGroup() as tasks:
        listeners = [Listener(client, url) for _ in range(STREAMS)]
        with closing(never_reads(url)), closing(never_reads(url)):
            for one in listeners:
                tasks.create_task(one.run(until))
            for one in listeners:
                await one.is_ready.wait()
            for _ in range(ROUNDS):
                world.write(2)
                await asyncio.sleep(0.01)
            # Amid the streams, of which two wait for clients that never read.
            await asyncio.to_thread(server.stop)
            assert not server.is_running()
            world.write(ROUNDS)
        again = HeatmapServer(world.service, url.removeprefix("http://"))
        with again:
            for _ in range(ROUNDS // 2):
                world.write(2)
                await asyncio.sleep(0.01)
            async with asyncio.timeout(60):
                for one in listeners:
                    await one.is_done.wait()
    expected = list(range(start + 1, until + 1))
    assert world.written[-1] == until
    for one in listeners:
        assert one.ids == expected
        assert one.ends >= 1


def frames(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [json.loads(connection.recv(timeout=30)) for _ in range(count)]


def test_a_websocket_says_the_same_and_resumes_by_id(tmp_path: Path) -> None:
    with scene(tmp_path) as world:
        old = world.write(3)
        address = world.server.url.replace("http", "ws") + "/ws"
        with connect(f"{address}?symbol=ETHUSDT,BTCUSDT") as connection:
            (ready,) = frames(connection, 1)
            assert (ready["type"], ready["data"]["after"]) == ("ready", str(old[-1]))
            new = [*world.write(2), *world.write(1, "ETHUSDT")]
            world.write(1, "SOLUSDT")
            new += world.write(1)
            found = frames(connection, 4)
            assert [int(one["id"]) for one in found] == new
            assert found[2]["data"]["symbol"] == "ETHUSDT"
        with connect(f"{address}?after_id={old[0]}") as connection:
            ids = [int(one["id"]) for one in frames(connection, 8)]
            assert ids == [old[0], *range(old[0] + 1, world.written[-1] + 1)]
            world.server.stop()
            with pytest.raises(ConnectionClosed) as caught:
                connection.recv(timeout=30)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


def test_an_id_that_is_none_of_this_database_is_told_and_the_stream_begins_now(
    tmp_path: Path,
) -> None:
    with scene(tmp_path) as world:
        newest = world.write(3)[-1]
        for last, words in (
            ("simulated-1", "Last-Event-ID must be the id of a message of live data"),
            ("-1", "Last-Event-ID must be"),
            (str(newest + 1), f"the id {newest + 1} is ahead of the newest one, {newest}:"),
            (str(newest - 1), None),
            (None, None),
        ):
            ready = first_event(f"{world.server.url}/stream", last)
            assert ready["after"] == str(newest - 1 if last == str(newest - 1) else newest)
            assert (ready["not_resumed"] or "").startswith(words or "")
            assert (ready["not_resumed"] is None) == (words is None)
        address = world.server.url.replace("http", "ws") + f"/ws?after_id={newest + 1}"
        with connect(address) as connection:
            (told,) = frames(connection, 1)
            assert "is ahead of" in told["data"]["not_resumed"]
            # What is stored from now on comes all the same.
            (row_id,) = world.write(1)
            assert [one["id"] for one in frames(connection, 1)] == [str(row_id)]


def first_event(url: str, last: str | None) -> dict[str, Any]:
    headers = {} if last is None else {"last-event-id": last}
    with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        text = ""
        for part in answer.iter_text():
            text += part
            if "\n\n" in text:
                break
    found: dict[str, Any] = json.loads(parsed(text.partition("\n\n")[0])["data"])
    return found


def test_a_websocket_of_a_foreign_page_or_with_a_bad_wish_is_refused(tmp_path: Path) -> None:
    with scene(tmp_path) as world:
        address = world.server.url.replace("http", "ws") + "/ws"
        with pytest.raises(InvalidStatus) as caught, connect(address, origin="http://evil.example"):  # type: ignore[arg-type]
            pass
        assert caught.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as nowhere, connect(f"{address}/nowhere"):
            pass
        assert nowhere.value.response.status_code == 404
        too_many = ",".join(f"A{number}USDT" for number in range(51))
        for wish, words in (
            ("topics=all", "liquidations, clusters, levels"),
            ("bogus=1", "this path has no parameter bogus"),
            ("model=best", "model must be one of calibrated"),
            (f"symbol={too_many}", "at most 50 symbols, got 51"),
            ("after_id=x", "after_id must be"),
            ("symbol=BTCUSDT,MADEUPUSDT&topics=levels", "MADEUPUSDT was never recorded"),
        ):
            assert words in reason_of_end(f"{address}?{wish}")
        made_up = world.server.url + "/stream?topics=clusters&symbol=MADEUPUSDT"
        answer = httpx.get(made_up)
        assert (answer.status_code, answer.json()["allowed"]) == (400, ["BTCUSDT"])


def reason_of_end(address: str) -> str:
    with connect(address) as connection, pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    return closed.value.rcvd.reason


def test_clusters_and_levels_come_at_once_and_again_when_they_change(tmp_path: Path) -> None:
    database = tmp_path / "heatmap.sqlite3"
    candles = made_candles(60)
    store_market(database, candles, [])
    now_ms = candles[-1].open_ms + 65_000
    service = HeatmapService(db=database, clock=lambda: now_ms)
    service.apply_settings(service.settings.changed(cluster_interval_s=1.0, min_cluster_size=2))
    with (
        closing(open_store(database).open_writer(DataKind.LIVE)) as sink,
        HeatmapServer(service, "127.0.0.1:0") as server,
        connect(server.url.replace("http", "ws") + "/ws?topics=levels,clusters") as connection,
    ):
        first = frames(connection, 3)
        assert first[0]["type"] == "ready"
        by_type = {one["type"]: one for one in first[1:]}
        assert by_type["clusters"]["data"]["clusters"] == []
        assert len(by_type["levels"]["data"]["short_liquidations"]) > 5
        # They are no rows: a stream resumes after a liquidation.
        assert not any("id" in one for one in by_type.values())
        # As the recorder of this process hands its batches on.
        batch = sink.write([event(now_ms - 5_000), event(now_ms - 6_000)])
        service.shared.tape.add_batch(batch)
        (changed,) = frames(connection, 1)
        assert changed["type"] == "clusters"
        assert [one["liquidation_count"] for one in changed["data"]["clusters"]] == [2]
