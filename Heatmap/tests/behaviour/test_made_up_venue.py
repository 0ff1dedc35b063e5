"""A second venue is a file and a row: what is recorded, stored and told names it."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import Instrument
from Heatmap.errors import StorageError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.ingestion.venue import Venue
from Heatmap.ingestion.venues import table
from Heatmap.ingestion.venues.table import VENUES
from Heatmap.service.recording import Recording, make_recorder
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.memory_sink import eventually, live
from Heatmap.tests.made_up_venue import MadeUpVenue
from Heatmap.tests.server_thread import ServerThread
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.stored_events import EVENT

START_MS = 1_790_000_000_000
# What a new venue adds to the table.
ROW: Venue = MadeUpVenue()


class LineServer(ServerThread):
    """Sends a heartbeat of each symbol that was subscribed to, and what a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.now_ms = START_MS
        self.url = ""
        self._open: list[ServerConnection] = []

    def send(self, line: str) -> None:
        self.call(self._send(line))

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with serve(self._serve, "127.0.0.1", 0, close_timeout=0.2) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            beats = asyncio.create_task(self._beat())
            yield
            beats.cancel()

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.heard.append(connection.request.path)
        async for message in connection:
            self.heard.append(str(message))
            if connection not in self._open:
                self._open.append(connection)

    async def _beat(self) -> None:
        while True:
            self.now_ms += 1000
            await self._send(f"beat|BTCUSDT|{self.now_ms}|100.25")
            await asyncio.sleep(0.02)

    async def _send(self, line: str) -> None:
        for connection in self._open:
            await connection.send(line)


@pytest.fixture
def server() -> Iterator[LineServer]:
    with LineServer() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds an event of Binance, an hour before."""
    path = tmp_path / "heatmap.sqlite3"
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write([EVENT])
        store.extend_coverage("BTCUSDT", EVENT.ts_ms - 60_000, EVENT.ts_ms, proven=True)
    return path


@pytest.fixture
def recorder(server: LineServer, path: Path) -> Iterator[Recorder]:
    recording = Recording(
        open_store(path), DataKind.REPLAY, ws_url=server.url, connection_times=QUICK, venue=ROW
    )
    recorder = make_recorder(recording, HeatmapSettings(symbols=("BTCUSDT",), retention_days=3650))
    recorder.start()
    yield recorder
    recorder.stop()


def test_it_is_recorded_told_and_stored_under_its_own_name(
    recorder: Recorder, server: LineServer, path: Path
) -> None:
    name = "made_up:BTCUSDT"
    eventually(lambda: live(recorder))
    server.send("gone|long|BTCUSDT|1790000000000|100.50|2")
    server.send("gone|long|BTCUSDT|1790000000000|100.5|2.0")
    server.send("nonsense")
    # Liquidations that cannot be read are told as such: their time is not recorded.
    server.send("gone|long|BTCUSDT|1790000000000|free|2")
    server.send("gone|long|BTCUSDT|soon|100.5|2")
    eventually(lambda: recorder.status().duplicates == 1)
    eventually(lambda: server.heard.count("still here") >= 2)
    eventually(lambda: name in recorder.status().tick_sizes)
    status = recorder.status()
    assert status.mark_prices == {name: 100.25}
    assert set(status.heartbeats) == {name}
    assert (status.stored, sum(status.rejected.values())) == (1, 3)
    assert sum(status.unread_orders.values()) == 2
    assert server.heard[:2] == ["/lines", '{"want": "BTCUSDT"}']
    recorder.stop()
    with EventReader(path) as reader:
        assert [row[2] for row in reader.read_window(name, 0, None).events.tolist()] == [201.0]
        assert len(reader.read_window("BTCUSDT", 0, None).events) == 1
        assert str(reader.tick_size(name)) == "0.50"
        assert reader.tick_size("BTCUSDT") is None
        (ours,) = reader.read_coverage("BTCUSDT", 0, None)
        theirs = reader.read_coverage(Instrument("MADE_UP", "BTCUSDT"), 0, None)
        assert ours.end_ms < START_MS <= theirs[0].start_ms
    found = open_store(path).status()
    assert set(found["symbols"]) == {"BTCUSDT", name}
    assert found["recorded_symbols"] == [name]


def test_every_row_of_the_table_says_what_it_is() -> None:
    for stored_name, venue in [*VENUES.items(), (ROW.id, ROW)]:
        assert venue.id == stored_name == stored_name.upper()
        assert venue.ws_url.startswith("wss://")
        assert venue.rest_url.startswith("https://")
        assert venue.stream_url("ws://127.0.0.1:1", ("BTCUSDT",)).startswith("ws://127.0.0.1:1/")
        assert venue.heartbeat_symbols(("BTCUSDT",)) == ("BTCUSDT",)
        assert len(venue.parse(b"{", 1, keep_raw=True)) == 1


@posix_only
def test_the_command_records_it_by_its_name(server: LineServer, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from Heatmap.ingestion.venues import table\n"
        "from Heatmap.tests.made_up_venue import MadeUpVenue\n"
        "table.VENUES = {**table.VENUES, 'MADE_UP': MadeUpVenue()}\n"
        "from Heatmap.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    path = tmp_path / "named.sqlite3"
    words = ("record", "--venue", "made_up", "--db", str(path), "--ws-url", server.url)
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program, *words],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        eventually(lambda: "still here" in server.heard)
        server.send("gone|long|BTCUSDT|1790000000000|100.50|2")
        eventually(lambda: path.exists() and _events(path, "made_up:BTCUSDT") == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert _events(path, "BTCUSDT") == 0


def _events(path: Path, name: str) -> int:
    try:
        with EventReader(path) as reader:
            return len(reader.read_window(name, 0, None).events)
    except StorageError:  # not made yet
        return 0


def test_a_service_is_told_the_venue_and_refuses_one_that_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "heatmap.sqlite3"
    with pytest.raises(ValueError, match="expected a venue of binance"):
        HeatmapService(db=path, venue="nowhere")
    assert not path.exists()


def test_a_service_records_the_venue_that_it_is_told(
    server: LineServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "VENUES", {**VENUES, ROW.id: ROW})
    path = tmp_path / "heatmap.sqlite3"

    async def record() -> None:
        service = HeatmapService(
            db=path, venue="made_up", ws_url=server.url, connection_times=QUICK
        )
        await service.start()
        try:
            await asyncio.to_thread(eventually, service.is_live)
            server.send("gone|long|BTCUSDT|1790000000000|100.50|2")
            await asyncio.to_thread(eventually, lambda: _events(path, "made_up:BTCUSDT") == 1)
        finally:
            await service.stop()

    asyncio.run(record())
    assert _events(path, "BTCUSDT") == 0
