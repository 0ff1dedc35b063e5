"""A service on the scripted exchange, as tests of service and interface begin."""

from pathlib import Path

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange


def make_service(
    exchange: ScriptedExchange, database: Path, settings: HeatmapSettings
) -> HeatmapService:
    """Make a service that records `exchange` by its clock; it is not started."""
    return HeatmapService(
        settings,
        db=database,
        ws_url=exchange.ws_url,
        rest_url=exchange.rest_url,
        kind=DataKind.SIMULATED,
        clock=lambda: exchange.now_ms,
    )
