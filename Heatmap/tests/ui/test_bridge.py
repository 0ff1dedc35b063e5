"""What the page's reports are taken for, and what is dropped."""

import json
from typing import Any

import pytest

from Heatmap.domain.events import Viewport
from Heatmap.picture.messages import CellQuery
from Heatmap.ui.bridge import HeatmapBridge, parse_query, parse_viewport

GOOD: dict[str, Any] = {
    "priceLow": 98_000.5,
    "priceHigh": 99_000,
    "endMs": None,
    "widthPx": 800,
    "heightPx": 450.5,
}
PLACE: dict[str, Any] = {
    "priceLow": 98_000.5,
    "priceHigh": 98_010,
    "fromMs": 1_733_360_400_000,
    "toMs": 1_733_360_410_000,
}


class Reports:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def page_is_ready(self, entry: int) -> None:
        self.calls.append(("ready", entry))

    def page_is_blank(self) -> None:
        self.calls.append("blank")

    def page_lacks(self, what: str) -> None:
        self.calls.append(("lacks", what))

    def page_is_gone(self) -> None:
        self.calls.append("gone")

    def page_needs_grid(self) -> None:
        self.calls.append("needs grid")

    def page_moved(self, viewport: Viewport) -> None:
        self.calls.append(viewport)

    def page_asked(self, query: CellQuery) -> None:
        self.calls.append(query)

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        self.calls.append((offset_ms, is_certain))

    def page_painted(self, timing: dict[str, float]) -> None:
        self.calls.append(timing)

    def page_failed(self, reason: str) -> None:
        self.calls.append(reason)


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
        "[" * 9_000,
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
        # A whole number that no float can hold.
        json.dumps({**GOOD, "priceHigh": 10**400}),
        json.dumps({**GOOD, "padding": "x" * 20_000}),
    ],
)
def test_a_view_that_cannot_be_used_is_refused_and_dropped(payload: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words differ from case to case
        parse_viewport(payload)
    reports = Reports()
    HeatmapBridge(reports).pageMoved(payload)
    assert reports.calls == []


def test_a_place_is_read() -> None:
    expected = CellQuery(98_000.5, 98_010.0, 1_733_360_400_000, 1_733_360_410_000)
    assert parse_query(json.dumps(PLACE)) == expected
    # Times come as JavaScript's numbers, and are whole milliseconds.
    query = parse_query(json.dumps({**PLACE, "fromMs": 1_733_360_399_999.7, "more": "ignored"}))
    assert query == expected
    assert isinstance(query.from_ms, int)
    assert isinstance(query.price_high, float)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "nonsense",
        "[" * 9_000,
        "[]",
        "null",
        *(json.dumps({k: v for k, v in PLACE.items() if k != name}) for name in PLACE),
        *(json.dumps({**PLACE, name: None}) for name in PLACE),
        *(json.dumps({**PLACE, name: "98000"}) for name in PLACE),
        *(json.dumps({**PLACE, name: True}) for name in PLACE),
        *(json.dumps({**PLACE, name: float("nan")}) for name in PLACE),
        *(json.dumps({**PLACE, name: float("-inf")}) for name in PLACE),
        *(json.dumps({**PLACE, name: -(10**400)}) for name in PLACE),
        json.dumps({**PLACE, "priceLow": 98_010}),
        json.dumps({**PLACE, "priceLow": 98_011}),
        json.dumps({**PLACE, "toMs": 1_733_360_400_000}),
        # Less than a millisecond is no time.
        json.dumps({**PLACE, "toMs": 1_733_360_400_000.4}),
        json.dumps({**PLACE, "padding": "x" * 20_000}),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_dropped(payload: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words differ from case to case
        parse_query(payload)
    reports = Reports()
    HeatmapBridge(reports).pageAsked(payload)
    assert reports.calls == []


def test_reports_reach_their_receiver() -> None:
    reports = Reports()
    bridge = HeatmapBridge(reports)
    for payload in ('{"entry": 3}', "{}", "nonsense", '{"entry": "3"}'):
        bridge.pageReady(payload)
    bridge.pageBlank("{}")
    for payload in ('{"what": "chart"}', "[]"):
        bridge.pageLacks(payload)
    bridge.pageGone("{}")
    bridge.pageNeedsGrid("{}")
    bridge.pageMoved(json.dumps(GOOD))
    bridge.pageAsked(json.dumps(PLACE))
    bridge.pageOffset(json.dumps({"offsetMs": 19_800_000, "isCertain": True}))
    bridge.pageOffset(json.dumps({"offsetMs": "much", "isCertain": True}))
    bridge.pagePainted(json.dumps({"paintMs": 0.4, "frames": 12, "more": "ignored"}))
    bridge.pagePainted("{}")
    for reason in ('"TypeError: nothing to see\\nat 1"', "no JSON", "[" * 20_000, "", '""'):
        bridge.pageFailed(reason)
    assert reports.calls == [
        ("ready", 3),
        "blank",
        ("lacks", "chart"),
        "gone",
        "needs grid",
        Viewport(98_000.5, 99_000.0, None, 800.0, 450.5),
        CellQuery(98_000.5, 98_010.0, 1_733_360_400_000, 1_733_360_410_000),
        (19_800_000.0, True),
        {"paintMs": 0.4, "frames": 12.0},
        "TypeError: nothing to see\nat 1",
        "no JSON",
        "[" * 10_000,
        "",
        '""',
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
        "cellDescribed",
        "levelsShown",
        "cleared",
        "pageReady",
        "pageBlank",
        "pageLacks",
        "pageGone",
        "pageNeedsGrid",
        "pageMoved",
        "pageAsked",
        "pageOffset",
        "pagePainted",
        "pageFailed",
    }
    assert meta.propertyCount() == meta.propertyOffset()
