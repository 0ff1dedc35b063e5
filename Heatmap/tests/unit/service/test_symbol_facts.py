"""Which symbols are recorded: by this program, or by the one that writes the database."""

import pytest

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.service.market_state import recorded_symbols
from Heatmap.service.symbol_facts import SymbolFacts

WRITER = RecorderStatus(role=SinkRole.WRITER)
BESIDE = RecorderStatus(role=SinkRole.STANDBY)
BITCOIN, ALL = ("BTCUSDT",), ("ALL",)


def beside(*recorded: str) -> RecorderStatus:
    return RecorderStatus(role=SinkRole.STANDBY, recorded_by_writer=recorded)


@pytest.mark.parametrize(
    ("own", "status", "expected"),
    [
        (BITCOIN, None, (True, False)),
        (BITCOIN, WRITER, (True, False)),
        (ALL, WRITER, (True, True)),
        # It is not known what the other one records: what was asked for counts.
        (BITCOIN, BESIDE, (True, False)),
        (BITCOIN, beside("BTCUSDT", "ETHUSDT"), (True, True)),
        (BITCOIN, beside("ALL"), (True, True)),
        # What only this one was asked for is recorded by nobody.
        (ALL, beside("ETHUSDT"), (False, True)),
    ],
)
def test_one_symbol_and_all_of_them_are_told_alike(
    own: tuple[str, ...], status: RecorderStatus | None, expected: tuple[bool, bool]
) -> None:
    settings = HeatmapSettings(symbols=own)
    facts = SymbolFacts(
        lambda symbol: None if status is None else status.glance(symbol),
        lambda _symbol: None,
        lambda: settings,
    )
    assert (facts.is_recorded("BTCUSDT"), facts.is_recorded("ETHUSDT")) == expected
    every = recorded_symbols(own, status)
    assert tuple(one in every or "ALL" in every for one in ("BTCUSDT", "ETHUSDT")) == expected
