"""A browser's chart, as its page speaks with the server."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from Heatmap import HeatmapService
from Heatmap.domain.candles import MINUTE_MS, Candle, RunningMinute
from Heatmap.heatmap_settings import PALETTES, HeatmapSettings
from Heatmap.server import HeatmapServer
from Heatmap.server.charts.choice import parse_choice
from Heatmap.server.charts.newest_candles import newest_candles
from Heatmap.server.charts.outbox import MOST_WAITING, Outbox
from Heatmap.server.charts.socket_layer import SocketLayer
from Heatmap.tests.packed_cells import unpack_cells
from Heatmap.tests.served_market import Served

CHOICE = {
    "symbol": "BTCUSDT",
    "heat": "predicted",
    "window": "8h",
    "interval": 1,
    "theme": "dark",
}
VIEW = {
    "priceLow": 95_000,
    "priceHigh": 105_000,
    "startMs": None,
    "endMs": None,
    "widthPx": 800,
    "heightPx": 500,
}


@contextmanager
def chart(world: Served) -> Iterator[ClientConnection]:
    """Open a chart without a page."""
    url = world.server.url.replace("http", "ws") + "/heatmap/ws"
    with connect(url, max_size=None) as socket:
        yield socket


def until(socket: ClientConnection, kind: str) -> Any:
    """Return what the next message of a kind says."""
    while True:
        message = json.loads(socket.recv(timeout=60))
        if message["type"] == kind:
            return message["content"]


def say(socket: ClientConnection, report: str, **payload: Any) -> None:
    socket.send(json.dumps({"report": report, "payload": json.dumps(payload)}))


def choose(socket: ClientConnection, **changes: Any) -> dict[str, Any]:
    socket.send(json.dumps({"choose": CHOICE | changes}))
    found: dict[str, Any] = until(socket, "chosen")[0]
    return found


def test_each_chart_is_shown_what_it_has_chosen(world: Served) -> None:
    with chart(world) as one, chart(world) as other:
        assert until(one, "hello")[0]["symbols"] == ["BTCUSDT"]
        grids = []
        for socket, heat in ((one, "predicted"), (other, "recorded")):
            entry = choose(socket, heat=heat)["config"]["entry"]
            say(socket, "pageReady", entry=entry)
            say(socket, "pageMoved", entry=entry, **VIEW)
            meta, packed = until(socket, "gridShown")
            grids.append(json.loads(meta))
            cells = unpack_cells(packed)
            assert len(cells) == grids[-1]["rows"] * grids[-1]["cols"]
            assert max(cells) > 200
        assert [grid.get("paletteOption") for grid in grids] == ["predictedPalette", "palette"]
        # What was reported of an earlier choice was under way: it counts for nothing. Of a later
        # one, which there is not, it is refused.
        entry = choose(one)["config"]["entry"]
        say(one, "pageMoved", entry=entry - 1, **VIEW)
        say(one, "pageMoved", entry=entry + 1, **VIEW)
        assert f"got {entry + 1}" in until(one, "refused")[0]
        newest = until(one, "candles")[0][-1]
        (stored,) = world.get("/candles", start=newest["time"] * 1000)["candles"]
        assert {name: stored[name] for name in newest if name != "time"} == {
            name: newest[name] for name in newest if name != "time"
        }


def test_heat_that_a_chart_offers_is_put_in_force_on_that_chart_only(world: Served) -> None:
    before = world.service.settings
    with chart(world) as socket:
        entry = choose(socket, symbol="ETHUSDT", heat="recorded")["config"]["entry"]
        say(socket, "pageReady", entry=entry)
        say(socket, "pageMoved", entry=entry, **VIEW)
        part, offer = until(socket, "partShown")
        assert (part, json.loads(offer)["heat"]) == ("offer", "both")
        say(socket, "pageChose", entry=entry, heat="both")
        assert until(socket, "heat") == ["both"]
    assert world.service.settings is before


def test_what_the_program_that_writes_records_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite3"
    nowhere = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
    bitcoin = HeatmapSettings(enabled=True, symbols=("BTCUSDT",))
    writer = HeatmapService(bitcoin.changed(symbols=("BTCUSDT", "ETHUSDT")), db=path, **nowhere)
    service = HeatmapService(bitcoin, db=path, **nowhere)

    def ask(url: str) -> None:
        with connect(url.replace("http", "ws") + "/heatmap/ws", max_size=None) as socket:
            assert until(socket, "hello")[0]["symbols"] == ["BTCUSDT", "ETHUSDT"]
            entry = choose(socket, symbol="ETHUSDT", heat="recorded")["config"]["entry"]
            say(socket, "pageReady", entry=entry)
            say(socket, "pageMoved", entry=entry, **VIEW)
            until(socket, "gridShown")

    async def main() -> None:
        await writer.start()
        await service.start()
        async with asyncio.timeout(20):
            # The recorder's thread offers a snapshot, not an event to wait for.
            while service.recorder_status().recorded_by_writer is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        with HeatmapServer(service, "127.0.0.1:0") as server:
            await asyncio.to_thread(ask, server.url)
        await service.stop()
        await writer.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "line 1"),
        ("[" * 20_000, "recursion"),
        (json.dumps({"choose": CHOICE | {"heat": "hot"}}), "recorded, predicted, both"),
        (json.dumps({"choose": CHOICE | {"interval": True}}), "1, 3, 5"),
        (json.dumps({"choose": CHOICE | {"symbol": "?"}}), "symbol"),
        (json.dumps({"report": "pageDance", "payload": "{}"}), "pageDance"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(world: Served, text: str, words: str) -> None:
    with chart(world) as socket:
        socket.send(text)
        assert words in until(socket, "refused")[0]
        # And the chart goes on.
        assert choose(socket)["symbol"] == "BTCUSDT"


def test_a_light_ground_has_its_palette_unless_another_was_set() -> None:
    choice = parse_choice(CHOICE | {"theme": "light"})
    assert choice.settings(HeatmapSettings()).predicted_palette == "daylight"
    other = HeatmapSettings(palette=PALETTES[-1])
    assert other.palette != HeatmapSettings().palette
    assert choice.settings(other).palette == other.palette
    assert choice.settings(other).enabled


class Listener:
    """Takes note of what a layer tells its feed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def page_ready(self) -> None:
        self.calls.append("ready")

    def page_gone(self) -> None:
        self.calls.append("gone")

    def symbol_changed(self) -> None:
        self.calls.append("symbol")


def test_who_does_not_read_is_built_nothing_and_begins_anew() -> None:
    async def run() -> None:
        outbox, listener = Outbox(), Listener()
        layer = SocketLayer(outbox)
        layer.set_listener(listener)
        entry = layer.enter("BTCUSDT")["entry"]
        layer.report("pageReady", json.dumps({"entry": entry}))
        # A picture makes those before needless.
        for _ in range(3 * MOST_WAITING):
            layer.show_grid({"sequence": 1}, "x")
        assert not outbox.is_stalled
        for number in range(2 * MOST_WAITING):
            layer.append_cells({"sequence": number}, "y")
        assert outbox.is_stalled
        assert listener.calls[-1] == "gone"
        # What comes first when it reads again is that all of it is lost.
        assert await outbox.take() is None
        outbox.put("enter")
        assert json.loads(await outbox.take() or "")["type"] == "enter"

    asyncio.run(run())


def test_the_newest_candle_goes_on_with_the_minute_that_runs() -> None:
    minutes = [
        Candle(n * MINUTE_MS, 100.0 + n, 102.0 + n, 99.0 + n, 101.0 + n, 1.0) for n in range(4, 9)
    ]
    running = RunningMinute(9 * MINUTE_MS, 104.0, 120.0)
    start_ms, five_ms = 5 * MINUTE_MS, 5 * MINUTE_MS
    (found,) = newest_candles(minutes, start_ms, five_ms, running, 107.0)
    assert (found.time, found.open, found.high, found.low, found.close) == (300, 105, 120, 104, 107)
    # A minute whose candle has come already adds nothing, nor does one without a price.
    late = RunningMinute(8 * MINUTE_MS, 1.0, 999.0)
    for one, price in ((late, 107.0), (running, None), (None, 107.0)):
        (found,) = newest_candles(minutes, start_ms, five_ms, one, price)
        assert (found.high, found.low, found.close) == (110.0, 104.0, 109.0)
