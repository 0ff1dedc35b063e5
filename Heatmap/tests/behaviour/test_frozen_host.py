"""A host whose event loop stands still for seconds costs no event, and thawing is no stall."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from Heatmap import HeatmapSettings
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.behaviour.service_world import RecordingLayer

FROZEN_S = 5.0
# Between two events, and the most that the thawed loop may compute in one piece.
EVERY_S, STALL_S = 0.02, 0.1


def sleep_through() -> None:
    time.sleep(FROZEN_S)


def compute_through() -> None:
    until_s = time.monotonic() + FROZEN_S
    number = 0
    while time.monotonic() < until_s:
        number = (number * 31 + 7) % 1_000_003


class Sender:
    """Has the exchange liquidate at a steady pace, from a thread of its own."""

    def __init__(self, exchange: ScriptedExchange) -> None:
        self.sent: list[int] = []
        self._exchange = exchange
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.sent.append(self._exchange.liquidate(price="100000.5"))

    def end(self) -> None:
        self._ended.set()
        self._thread.join(10)


@pytest.mark.parametrize("freeze", [sleep_through, compute_through])
def test_nothing_is_lost_while_the_host_stands_still(
    exchange: ScriptedExchange, tmp_path: Path, freeze: Callable[[], None]
) -> None:
    path = tmp_path / "heatmap.sqlite3"
    layer = RecordingLayer()

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - state of other threads
                await asyncio.sleep(0.01)

    async def main() -> list[int]:
        service = make_service(exchange, path, HeatmapSettings(enabled=True))
        service.attach(layer)
        await service.start()
        # Coverage begins with a heartbeat: none of the events may come before the first one.
        await until(service.is_live)
        sender = Sender(exchange)
        try:
            layer.open_page()
            await until(lambda: layer.grids)
            before = len(sender.sent)
            freeze()
            # The picture catches up in short pieces: between two turns of the loop lies no stall.
            stalls = []
            thawed_s = time.monotonic()
            while time.monotonic() - thawed_s < 1.0:
                # The thread's own time: what other processes take is no stall of the plugin's.
                turn_s = time.thread_time()
                await asyncio.sleep(0)
                stalls.append(time.thread_time() - turn_s)
            during = len(sender.sent) - before
            sender.end()
            # Coverage reaches to the last heartbeat: let one follow the last event.
            last_ms = sender.sent[-1]
            await until(lambda: (service.recorder_status().last_heartbeat_ms or 0) > last_ms)
            recorder = service.recorder_status()
            assert recorder is not None
            assert during > FROZEN_S / EVERY_S / 5
            assert max(stalls) < STALL_S
            assert recorder.reconnects == 0
            assert recorder.overflowed == 0
            return sender.sent
        finally:
            await asyncio.to_thread(sender.end)
            await service.stop()

    sent = asyncio.run(main())
    with EventReader(path) as reader:
        assert reader.read_window("BTCUSDT", 0, None).events["ts_ms"].tolist() == sent
        covered = reader.read_coverage("BTCUSDT", sent[0], sent[-1])
    assert [(one.start_ms, one.end_ms) for one in covered][:1] == [(sent[0], covered[0].end_ms)]
    assert sum(one.end_ms - one.start_ms for one in covered) == sent[-1] - sent[0]
