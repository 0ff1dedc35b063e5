"""What the page's reports are taken for, and what is dropped."""

import json
from typing import Any

import pytest

from Heatmap.domain.picked import PickedLiquidations
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.page.reports import ReportReader, parse_pick, parse_query, parse_viewport
from Heatmap.picture.messages import CellQuery
from Heatmap.ui.bridge import HeatmapBridge
from Heatmap.ui.report_gate import MAX_WORDS_CHARS, LineLimit, page_words

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


JUNK = ("", "nonsense", "[]", "null", "3", "[" * 9_000, "{" + " " * 20_000 + "}")


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

    def page_picked(self, picked: PickedLiquidations) -> None:
        self.calls.append(picked)

    def page_found_offset(self, offset_ms: float, *, is_certain: bool) -> None:
        self.calls.append((offset_ms, is_certain))

    def page_painted(self, timing: dict[str, float]) -> None:
        self.calls.append(timing)

    def page_failed(self, reason: str) -> None:
        self.calls.append(reason)


def test_a_clicked_bubble_is_read_and_a_senseless_one_is_not() -> None:
    good = {"fromMs": 5.2, "toMs": 9, "priceLow": 1.5, "priceHigh": 2, "isLong": True}
    good |= {"usd": 8.5, "count": 2}
    assert parse_pick(json.dumps(good)) == PickedLiquidations(
        5, 9, 1.5, 2.0, is_long=True, usd=8.5, count=2
    )
    wrongs: list[dict[str, Any]] = [{"toMs": 4}, {"priceHigh": 1.4}, {"count": 0}, {"usd": -1}]
    for wrong in (*wrongs, {"fromMs": None}, {"priceLow": 1e300}):
        with pytest.raises(ValueError, match=r"must be|empty"):
            parse_pick(json.dumps({**good, **wrong}))


def test_a_view_is_read_with_its_types() -> None:
    assert parse_viewport(json.dumps(GOOD)) == Viewport(98_000.5, 99_000.0, None, 800.0, 450.5)
    assert parse_viewport(json.dumps(GOOD)).start_ms is None
    assert parse_viewport(json.dumps({**GOOD, "startMs": 1_733_360_400_122.6})).start_ms == (
        1_733_360_400_123
    )
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
        json.dumps({**GOOD, "startMs": True}),
        json.dumps({**GOOD, "startMs": 1e300}),
        json.dumps({**GOOD, "priceHigh": 98_000.5}),
        json.dumps({**GOOD, "priceHigh": float("nan")}),
        json.dumps({**GOOD, "priceHigh": float("inf")}),
        # A whole number that no float can hold.
        json.dumps({**GOOD, "priceHigh": 10**400}),
        # What a float holds, and no chart shows.
        json.dumps({**GOOD, "priceHigh": 1e308}),
        json.dumps({**GOOD, "priceLow": -1e308}),
        json.dumps({**GOOD, "priceLow": -1e308, "priceHigh": 1e308}),
        json.dumps({**GOOD, "priceLow": 1e300, "priceHigh": 1e308}),
        json.dumps({**GOOD, "priceLow": 99_000, "priceHigh": 98_000}),
        json.dumps({**GOOD, "widthPx": 1e308}),
        json.dumps({**GOOD, "heightPx": 1e17}),
        json.dumps({**GOOD, "heightPx": -450.5}),
        json.dumps({**GOOD, "endMs": 1e308}),
        json.dumps({**GOOD, "endMs": -9.3e18}),
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
    # Only what the page says of a place right of now; other values are no answer to that.
    flags = [
        parse_query(json.dumps({**PLACE, "isNow": one})).is_now for one in (True, False, 1, "")
    ]
    assert flags == [True, False, False, False]


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
        *(json.dumps({**PLACE, name: 1e308}) for name in PLACE),
        *(json.dumps({**PLACE, name: -1e308}) for name in PLACE),
        json.dumps({**PLACE, "fromMs": -1e19}),
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
        {"paint_ms": 0.4, "frames": 12.0},
        "TypeError: nothing to see\nat 1",
        "no JSON",
        "[" * 10_000,
        "",
        '""',
    ]


@pytest.mark.parametrize(
    ("slot", "payload"),
    [
        *((slot, text) for slot in ("pageGone", "pageBlank", "pageNeedsGrid") for text in JUNK),
        *(("pageLacks", text) for text in JUNK),
        *(("pageReady", json.dumps({"entry": entry})) for entry in (-1, 0.5, 1e308, True, [1])),
        *(("pageOffset", json.dumps({"offsetMs": ms})) for ms in (1e308, -1e308, 4e9, None)),
        *(
            ("pagePainted", json.dumps({"paintMs": 0.4, "frames": 3} | changes))
            for changes in ({"paintMs": -1}, {"paintMs": 1e308}, {"frames": -2}, {"frames": 1e300})
        ),
    ],
)
def test_a_report_that_cannot_be_is_dropped(slot: str, payload: str) -> None:
    reports = Reports()
    getattr(HeatmapBridge(reports), slot)(payload)
    assert reports.calls == []


def test_words_from_the_page_are_one_printable_line_of_limited_length() -> None:
    assert (
        page_words("TypeError: no\r\n  at 1\x1b[31m\u2028x\ud800") == "TypeError: no   at 1 [31m x"
    )
    assert page_words("") == ""
    long = page_words("x" * 10_000_000)
    assert len(long) == MAX_WORDS_CHARS
    assert long.endswith("\u2026")


def test_a_report_of_an_earlier_entering_is_dropped_and_one_of_none_is_refused() -> None:
    reports = Reports()
    reader = ReportReader(reports)
    reader.entry = 3
    # It was under way when the page was entered again: no fault of the page.
    reader.read("pageLacks", json.dumps({"what": "chart", "entry": 2}))
    for entry in (4, 0, -1, 2.0, True, "2", None):
        with pytest.raises(ValueError, match="entry must be 3"):
            reader.read("pageLacks", json.dumps({"what": "chart", "entry": entry}))
    assert reports.calls == []
    reader.read("pageLacks", json.dumps({"what": "chart", "entry": 3}))
    assert reports.calls == [("lacks", "chart")]


def test_of_a_flood_the_last_report_of_each_kind_counts_in_their_order(qtbot: Any) -> None:
    reports = Reports()
    bridge = HeatmapBridge(reports)
    for number in range(3_000):
        bridge.pageMoved(json.dumps({**GOOD, "widthPx": 100 + number}))
        bridge.pageFailed(json.dumps(f"error {number}"))
        bridge.pageGone("{}")
        bridge.pageReady(json.dumps({"entry": 7}))
    bridge.pageMoved(json.dumps({**GOOD, "widthPx": 801}))
    qtbot.waitUntil(lambda: reports.calls[-1:] == [Viewport(98_000.5, 99_000, None, 801, 450.5)])
    assert reports.calls[-4:-1] == ["error 2999", "gone", ("ready", 7)]
    assert len(reports.calls) < 600
    # Afterwards all is as it was before: reports are passed on at once.
    qtbot.waitUntil(lambda: is_taken_at_once(bridge, reports))


def is_taken_at_once(bridge: HeatmapBridge, reports: Reports) -> bool:
    before = len(reports.calls)
    bridge.pageNeedsGrid("{}")
    return len(reports.calls) == before + 1


def test_of_many_like_lines_few_are_granted_and_the_others_are_counted() -> None:
    now_s = 0.0
    limit = LineLimit(3, 60.0, lambda: now_s)
    assert [limit.grant() for _ in range(1000)] == ["", "", "", *[None] * 997]
    now_s = 59.0
    assert limit.grant() is None
    now_s = 61.0
    more = limit.grant()
    assert more is not None
    assert "998" in more
    assert limit.grant() is None
    now_s = 1e6
    assert [limit.grant() for _ in range(4)] == [" (1 more like it were not logged)", "", "", None]


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
        "partShown",
        "cleared",
        "pageReady",
        "pageBlank",
        "pageLacks",
        "pageGone",
        "pageNeedsGrid",
        "pageMoved",
        "pageAsked",
        "pageChose",
        "pagePicked",
        "pageOffset",
        "pagePainted",
        "pageFailed",
    }
    assert meta.propertyCount() == meta.propertyOffset()
