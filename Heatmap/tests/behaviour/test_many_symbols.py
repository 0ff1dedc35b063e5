"""One, a hundred, two hundred and more symbols are recorded, each order once."""

from dataclasses import replace

import pytest

from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.tests.behaviour.conftest import QUICK, StartRecorder
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.test_recorder import listed

CHINESE = "\u5e01\u5b89\u4eba\u751f"


@pytest.mark.parametrize(
    ("count", "stem"),
    [(1, "S"), (100, "S"), (200, "S"), (1000, "S"), (30, CHINESE), (200, CHINESE)],
)
def test_each_order_is_stored_once_and_every_symbol_is_covered(
    exchange: ScriptedExchange,
    sink: MemorySink,
    start_recorder: StartRecorder,
    count: int,
    stem: str,
) -> None:
    symbols = tuple(f"{stem}{number}USDT" for number in range(count))
    recorder = start_recorder(symbols=symbols, coverage_s=0.2)
    eventually(lambda: live(recorder))
    assert len(exchange.paths) == 1
    assert len(exchange.ws_url + exchange.paths[0]) < 4000
    beats = [one for one in exchange.served[0].streams if "@markPrice" in one]
    # Some have few heartbeats, the others one each.
    assert len(beats) in (1, count)
    sent = [exchange.liquidate(symbol) for symbol in (*symbols[:2], symbols[-1])]
    foreign = exchange.liquidate("FOREIGNUSDT")
    eventually(lambda: recorder.status().stored == len(set(sent)))
    assert [one.ts_ms for one in sink.events] == sent
    assert foreign not in [one.ts_ms for one in sink.events]
    eventually(lambda: {one.symbol for one in sink.coverage} == set(symbols), limit_s=20)
    status = recorder.status()
    assert set(status.heartbeats) == set(symbols)
    assert status.without_heartbeat == ()
    assert status.reconnects == 0
    exchange.abort_all()
    eventually(lambda: len(exchange.served) == 2 and live(recorder))
    last = exchange.liquidate(symbols[-1])
    eventually(lambda: sink.events[-1].ts_ms == last)


def test_what_the_exchange_does_not_list_is_not_covered_by_the_heartbeat_of_another(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    symbols = tuple(f"S{number}USDT" for number in range(200))
    known = symbols[:150]
    exchange.rest = (200, listed(**dict.fromkeys(known, "0.1")))
    # Before the first heartbeat, as it mostly is.
    exchange.mute = True
    recorder = start_recorder(symbols=symbols, coverage_s=0.1, times=replace(QUICK, silence_s=10.0))
    eventually(lambda: recorder.status().tick_sizes.keys() == set(known))
    exchange.mute = False
    eventually(lambda: {one.symbol for one in sink.coverage} == set(known))
    _settle(exchange, recorder)
    assert {one.symbol for one in sink.coverage} == set(known)


def test_a_listing_that_lacks_most_symbols_is_not_believed(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    symbols = tuple(f"S{number}USDT" for number in range(200))
    exchange.rest = (200, listed(BTCUSDT="0.1"))
    recorder = start_recorder(symbols=symbols, coverage_s=0.1)
    eventually(lambda: recorder.status().last_failure is not None)
    eventually(lambda: {one.symbol for one in sink.coverage} == set(symbols))


def _settle(exchange: ScriptedExchange, recorder: Recorder) -> None:
    """Wait until some more heartbeats were taken."""
    now_ms = exchange.now_ms
    eventually(lambda: (recorder.status().last_heartbeat_ms or 0) > now_ms + 5000)
