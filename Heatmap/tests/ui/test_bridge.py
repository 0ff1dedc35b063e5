"""What the page's reports are taken for, and what is dropped."""

import json
from typing import Any

import pytest

from Heatmap.model import Viewport
from Heatmap.ui.bridge import HeatmapBridge, parse_viewport

GOOD: dict[str, Any] = {
    "priceLow": 98_000.5,
    "priceHigh": 99_000,
    "endMs": None,
    "widthPx": 800,
    "heightPx": 450.5,
}


class Reports:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def page_is_ready(self) -> None:
        self.calls.append("ready")

    def page_needs_grid(self) -> None:
        self.calls.append("needs grid")

    def page_moved(self, viewport: Viewport) -> None:
        self.calls.append(viewport)

    def page_painted(self, timing: dict[str, float]) -> None:
        self.calls.append(timing)


def test_a_view_is_read_with_its_types() -> None:
    assert parse_viewport(json.dumps(GOOD)) == Viewport(98_000.5, 99_000.0, None, 800.0, 450.5)
    shown = parse_viewport(json.dumps({**GOOD, "endMs": 1_733_360_400_123.0}))
    assert shown.end_ms == 1_733_360_400_123
    assert isinstance(shown.end_ms, int)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "3",
        json.dumps({**GOOD, "priceLow": "98000"}),
        json.dumps({**GOOD, "priceLow": None}),
        json.dumps({**GOOD, "widthPx": True}),
        json.dumps({**GOOD, "widthPx": 0}),
        json.dumps({**GOOD, "endMs": "soon"}),
        json.dumps({**GOOD, "priceHigh": 98_000.5}),
        json.dumps({**GOOD, "priceHigh": float("nan")}),
        json.dumps({**GOOD, "priceHigh": float("inf")}),
        json.dumps({**GOOD, "padding": "x" * 20_000}),
    ],
)
def test_a_view_that_cannot_be_used_is_refused_and_dropped(payload: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words differ from case to case
        parse_viewport(payload)
    reports = Reports()
    HeatmapBridge(reports).pageMoved(payload)
    assert reports.calls == []


def test_reports_reach_their_receiver() -> None:
    reports = Reports()
    bridge = HeatmapBridge(reports)
    bridge.pageReady("{}")
    bridge.pageNeedsGrid("{}")
    bridge.pageMoved(json.dumps(GOOD))
    bridge.pagePainted(json.dumps({"paintMs": 0.4, "frames": 12, "more": "ignored"}))
    bridge.pagePainted("{}")
    bridge.pageFailed("TypeError: nothing to see")
    assert reports.calls == [
        "ready",
        "needs grid",
        Viewport(98_000.5, 99_000.0, None, 800.0, 450.5),
        {"paintMs": 0.4, "frames": 12.0},
    ]


def test_the_page_sees_only_messages_on_the_bridge() -> None:
    bridge = HeatmapBridge(Reports())
    meta = bridge.metaObject()
    assert meta is not None
    own = {
        bytes(meta.method(i).name().data()).decode()
        for i in range(meta.methodOffset(), meta.methodCount())
    }
    assert own == {
        "gridShown",
        "cellsAppended",
        "optionsSet",
        "timeOffsetSet",
        "cleared",
        "pageReady",
        "pageNeedsGrid",
        "pageMoved",
        "pagePainted",
        "pageFailed",
    }
    assert meta.propertyCount() == meta.propertyOffset()
