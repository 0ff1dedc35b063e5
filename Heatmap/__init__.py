"""A heatmap of Binance liquidations behind the candles of a Lightweight Charts page.

The public names are imported when they are first used: ``import Heatmap`` loads neither Qt nor
numpy, so that a headless recorder stays small.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from Heatmap._version import __version__

if TYPE_CHECKING:
    from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
    from Heatmap.alerts.alert import Alert, AlertKind
    from Heatmap.alerts.alert_state import AlertState
    from Heatmap.alerts.backtest_result import AlertBacktest
    from Heatmap.alerts.rules import Rule, parse_rule, rule_text
    from Heatmap.domain.candles import Candle, CandleHistory
    from Heatmap.domain.events import DataKind
    from Heatmap.domain.failure_texts import failure_text
    from Heatmap.domain.instruments import Instrument
    from Heatmap.errors import Failure, FailureKind
    from Heatmap.heatmap_service import HeatmapService
    from Heatmap.heatmap_settings import HeatmapSettings
    from Heatmap.ingestion.connection.supervisor import ConnectionState, ConnectionTimes
    from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
    from Heatmap.ingestion.recorder.standby import SinkRole
    from Heatmap.ingestion.recorder.texts import attention_texts, connection_text
    from Heatmap.levels.models import LevelModel
    from Heatmap.levels.predict import PredictedLevels
    from Heatmap.programs.liquidation_hunter import LiquidationHunter
    from Heatmap.programs.live_liquidation_heatmap import LiveLiquidationHeatmap
    from Heatmap.service.layer_overrides import LayerOverrides
    from Heatmap.service.market_state import (
        MarketState,
        ShownTime,
        Situation,
        market_state,
        recorded_symbols,
        shown_time,
    )
    from Heatmap.service.replays import Replay
    from Heatmap.sources.registry import heat_of_unrecorded, wants_room

__all__ = [
    "Alert",
    "AlertBacktest",
    "AlertKind",
    "AlertState",
    "Candle",
    "CandleHistory",
    "ConnectionState",
    "ConnectionTimes",
    "DataKind",
    "Failure",
    "FailureKind",
    "HeatmapService",
    "HeatmapSettings",
    "Instrument",
    "LayerOverrides",
    "LevelModel",
    "LiquidationCluster",
    "LiquidationHunter",
    "LiveLiquidationHeatmap",
    "MarketState",
    "PredictedLevels",
    "RecorderStatus",
    "Replay",
    "Rule",
    "ShownTime",
    "SinkRole",
    "Situation",
    "__version__",
    "attention_texts",
    "connection_text",
    "failure_text",
    "heat_of_unrecorded",
    "market_state",
    "parse_rule",
    "recorded_symbols",
    "rule_text",
    "shown_time",
    "wants_room",
]

_HOMES = {
    "Alert": "Heatmap.alerts.alert",
    "AlertBacktest": "Heatmap.alerts.backtest_result",
    "AlertKind": "Heatmap.alerts.alert",
    "AlertState": "Heatmap.alerts.alert_state",
    "Candle": "Heatmap.domain.candles",
    "CandleHistory": "Heatmap.domain.candles",
    "ConnectionState": "Heatmap.ingestion.connection.supervisor",
    "ConnectionTimes": "Heatmap.ingestion.connection.supervisor",
    "DataKind": "Heatmap.domain.events",
    "Failure": "Heatmap.errors",
    "FailureKind": "Heatmap.errors",
    "HeatmapService": "Heatmap.heatmap_service",
    "HeatmapSettings": "Heatmap.heatmap_settings",
    "Instrument": "Heatmap.domain.instruments",
    "LayerOverrides": "Heatmap.service.layer_overrides",
    "LevelModel": "Heatmap.levels.models",
    "LiquidationCluster": "Heatmap.aggregation.clusters.find_clusters",
    "LiquidationHunter": "Heatmap.programs.liquidation_hunter",
    "LiveLiquidationHeatmap": "Heatmap.programs.live_liquidation_heatmap",
    "MarketState": "Heatmap.service.market_state",
    "PredictedLevels": "Heatmap.levels.predict",
    "Replay": "Heatmap.service.replays",
    "RecorderStatus": "Heatmap.ingestion.recorder.recorder_status",
    "Rule": "Heatmap.alerts.rules",
    "ShownTime": "Heatmap.service.market_state",
    "SinkRole": "Heatmap.ingestion.recorder.standby",
    "Situation": "Heatmap.service.market_state",
    "attention_texts": "Heatmap.ingestion.recorder.texts",
    "connection_text": "Heatmap.ingestion.recorder.texts",
    "failure_text": "Heatmap.domain.failure_texts",
    "heat_of_unrecorded": "Heatmap.sources.registry",
    "market_state": "Heatmap.service.market_state",
    "parse_rule": "Heatmap.alerts.rules",
    "recorded_symbols": "Heatmap.service.market_state",
    "rule_text": "Heatmap.alerts.rules",
    "shown_time": "Heatmap.service.market_state",
    "wants_room": "Heatmap.sources.registry",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
