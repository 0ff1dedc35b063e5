"""The base of sources of what was recorded: a made-up one, the number of liquidations."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.runtime.compat import override
from Heatmap.sources.cell_places import CellQuery, CellReport
from Heatmap.sources.heat_source import HeatWindow, ScaleRule
from Heatmap.sources.recorded_heat import RecordedHeat
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import NOW_MS, event, request, whole


class Counts(RecordedHeat):
    """What a newcomer writes: what each adds, the scale, and what lies at a place."""

    @override
    def _amounts(self, events: NDArray[np.void]) -> NDArray[np.float64]:
        return np.ones(len(events))

    @override
    def scale_rule(self, settings: HeatmapSettings) -> ScaleRule:
        return ScaleRule("linear", None, settings.clip_percentile, 10.0)

    @override
    def describe(
        self,
        query: CellQuery,  # noqa: ARG002
        window: HeatWindow,  # noqa: ARG002
        scale_end_usd: float,  # noqa: ARG002
    ) -> CellReport | None:
        return None


def long(age_ms: int, usd: float) -> LiquidationEvent:
    return event(NOW_MS - age_ms, 98_000.0, usd, Liquidated.LONG)


@pytest.fixture
def counts(tape: EventTape) -> Counts:
    return Counts(SourceContext(tape), "BTCUSDT")


def test_it_counts_what_is_stored_and_what_comes_and_leaves_out_by_usd(
    counts: Counts, writer: HandingWriter
) -> None:
    drawn = HeatPicture(counts, "BTCUSDT")
    asked: dict[str, Any] = {"shape": "cells", "decay": "off", "minimum_notional": 1_000.0}
    writer.write([long(60_000, usd) for usd in (999.0, 5e3, 2e6)])
    whole(drawn.rebuild(request(**asked)))
    assert counts.sides()[0].sum() == pytest.approx(2.0)
    # Below the least, and above it.
    writer.write([long(50_000, usd) for usd in (10.0, 7e3)])
    drawn.update(request(**asked))
    assert counts.sides()[0].sum() == pytest.approx(3.0)
    # Longs and shorts by price stay in USD.
    settings = request(**asked).settings
    side = counts.profile(HeatWindow(settings, NOW_MS, is_still=False, heartbeats=None))
    assert side is not None
    assert side.long_usd == pytest.approx(2e6 + 5e3 + 7e3)


def test_it_has_gaps_and_the_facts_of_what_was_recorded(counts: Counts) -> None:
    drawn = HeatPicture(counts, "BTCUSDT")
    meta = whole(drawn.rebuild(request())).meta
    # Nothing was recorded: the whole window is hatched.
    assert [part[2] for part in meta["gaps"]] == ["gap"]
    assert (Counts.needs_recording, Counts.takes_recorded_settings) == (True, True)
    assert (Counts.stands, Counts.clip_field) == (False, "")
