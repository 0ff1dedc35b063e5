"""Recorded liquidations as heat: the USD that happened."""

from dataclasses import replace
from typing import Any, ClassVar

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.sources.cell_places import CellQuery, CellReport
from Heatmap.sources.coverage_gaps import recorded_parts
from Heatmap.sources.heat_source import OFFERED_HEAT, HeatOffer, HeatWindow, Legend, ScaleRule
from Heatmap.sources.recorded.cell_report import describe_cell
from Heatmap.sources.recorded.texts import OFFER_WORDS, cell_lines
from Heatmap.sources.recorded_heat import RecordedHeat

EMPTY_CLIP_USD = 100_000.0
"""Where the scale ends while there is nothing to take a percentile of."""

# Predicted levels are offered where so much of the window was not recorded, and nothing happened.
_OFFER_MISSING = 0.5


class RecordedLiquidations(RecordedHeat):
    """The liquidations of one symbol that were recorded, in USD."""

    clip_field: ClassVar[str] = "clip_usd"

    @override
    def scale_rule(self, settings: HeatmapSettings) -> ScaleRule:
        """Return the scale that the settings ask for."""
        return ScaleRule(
            settings.normalization, settings.clip_usd, settings.clip_percentile, EMPTY_CLIP_USD
        )

    @override
    def describe(
        self, query: CellQuery, window: HeatWindow, scale_end_usd: float
    ) -> CellReport | None:
        """Say what was liquidated at a place, and how much of its time was recorded."""
        window_ms = (window.start_ms, window.end_ms)
        facts = describe_cell(
            query, self._cells, self._events, self._gaps, window.settings, window_ms, scale_end_usd
        )
        return None if facts is None else CellReport(query, facts, cell_lines(facts))

    @override
    def _find_legend(self, window: HeatWindow, gaps: list[list[Any]]) -> Legend:
        """Offer other heat where there is none of this."""
        legend, offer = super()._find_legend(window, gaps), self._find_offer(window, gaps)
        return legend if offer is None else replace(legend, offer=offer)

    def _find_offer(self, window: HeatWindow, gaps: list[list[Any]]) -> HeatOffer | None:
        """Offer predicted levels where nothing was recorded, and not where all was quiet."""
        settings, (start_ms, end_ms) = window.settings, (window.start_ms, window.end_ms)
        is_filtered = settings.side in ("longs", "shorts") or settings.minimum_notional > 0
        if is_filtered or len(self._events.between(start_ms, self.spec.time.end_ms)):
            return None
        _, _, missing = recorded_parts(gaps, start_ms, end_ms)
        return HeatOffer(OFFER_WORDS, OFFERED_HEAT) if missing >= _OFFER_MISSING else None
