"""docs/status.md describes each field of the status, and none that there is not."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService
from Heatmap.alerts.ways import WayFacts
from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure
from Heatmap.feeds.layer_feed import describe_layer
from Heatmap.feeds.layer_state import LayerState
from Heatmap.ingestion.candles.candle_status import CandleStatus
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_glance import TickOrigin
from Heatmap.ingestion.recorder.recorder_status import (
    RecorderStatus,
    TickSizeStatus,
    UnreadOrderFact,
)
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.service.alerting import AlertStatus
from Heatmap.service.learning import LearningStatus

PAGE = Path(__file__).resolve().parents[4] / "docs" / "status.md"


class _Layer:
    symbol, failure = "BTCUSDT", None


def tables() -> dict[str, dict[str, str]]:
    """Read the tables of the page: what stands before each, and its rows by key."""
    found: dict[str, dict[str, str]] = {}
    title = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if row := re.fullmatch(r"\| `(\w+)` \| (.+) \|", line):
            found.setdefault(title, {})[row[1]] = row[2]
        elif line and not line.startswith("|"):
            title = line.strip("# :`")
    return found


def test_what_is_told_of_redis_is_described() -> None:
    pytest.importorskip("redis", reason="the extra redis is not installed")
    from Heatmap.publish import PublishStatus  # noqa: PLC0415 - only where there is one

    assert set(tables()["Redis"]) == names(PublishStatus)


def names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("The recorder", RecorderStatus),
        ("last_unread_order", UnreadOrderFact),
        ("retention", RetentionStatus),
        ("An entry of `tick_sizes", TickSizeStatus),
        ("candles", CandleStatus),
        ("Learning", LearningStatus),
        ("Alerts", AlertStatus),
        ("A way of alerts", WayFacts),
        ("A failure", Failure),
    ],
)
def test_the_page_describes_each_field_of_a_dataclass(title: str, kind: Any) -> None:
    assert set(tables()[title]) == names(kind)


def test_the_page_describes_each_key_of_the_service_and_of_a_layer(tmp_path: Path) -> None:
    service = HeatmapService(db=tmp_path / "x.sqlite3")
    status = service.status()
    assert json.loads(json.dumps(status, allow_nan=False)) == status
    assert set(tables()["The service"]) == set(status)
    assert set(tables()["A layer"]) == set(describe_layer(_Layer(), None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "key", "values"),
    [
        ("A layer", "state", LayerState),
        ("The recorder", "connection", ConnectionState),
        ("The service", "role", SinkRole),
        ("The service", "kind", DataKind),
        ("An entry of `tick_sizes", "origin", TickOrigin),
    ],
)
def test_the_page_names_each_value_of_an_enum(title: str, key: str, values: Any) -> None:
    told = tables()[title][key]
    assert [value.value for value in values if f"`{value.value}`" not in told] == []


def test_keys_are_spelt_in_one_way() -> None:
    keys = [key for table in tables().values() for key in table]
    assert [key for key in keys if not re.fullmatch(r"[a-z]+(_[a-z]+)*", key)] == []
