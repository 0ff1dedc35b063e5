"""What the crosshair tells: sums, what is drawn, and how much of it was recorded."""

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.event_timeline import EventTimeline, SideTotals
from Heatmap.aggregation.heat_field import counted
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.heatmap_settings import AS_CHART, HeatmapSettings
from Heatmap.picture.texts import colour_bar_labels
from Heatmap.runtime.plain import as_plain
from Heatmap.sources.amount_texts import scale_end_text, usd_text
from Heatmap.sources.cell_places import CellQuery
from Heatmap.sources.recorded.cell_facts import CellFacts, CellHeat, HeatOrigin, Recorded
from Heatmap.sources.recorded.cell_report import LEVEL_REACH_ROWS, describe_cell
from Heatmap.sources.recorded.drawn_field import DrawnField
from Heatmap.sources.recorded.texts import cell_lines

MINUTE = 60_000
BIN = 10_000
PRICE = PriceAxis(Decimal("0.1"), 5, first_row=2_000, n_rows=40)  # 1000 to 1020 USD
TIME = TimeAxis(BIN, first_col=100_000, n_cols=720)
SPEC = GridSpec(PRICE, TIME)
NOW = TIME.end_ms - 4_000
WINDOW_MS = (TIME.start_ms + 3_000, NOW)
NONE_MISSING: list[list[Any]] = []
NO_EVENTS = SideTotals()


def place(col: int, row: int, cols: int = 1, rows: int = 1) -> CellQuery:
    """The edges of cells, as the page tells them."""
    low, start_ms = PRICE.first_row + row, (TIME.first_col + col) * BIN
    return CellQuery(low * 0.5, (low + rows) * 0.5, start_ms, start_ms + cols * BIN)


def one(col: int, row: int, notional: float, is_long: bool) -> tuple[int, float, float, bool]:
    ts_ms = (TIME.first_col + col) * BIN
    return (ts_ms, 1_000.0 + 0.5 * row, notional, is_long)


def report(
    query: CellQuery,
    *rows: tuple[int, float, float, bool],
    gaps: list[list[Any]] = NONE_MISSING,
    **values: Any,
) -> CellFacts | None:
    settings = HeatmapSettings(enabled=True, **values)
    events = np.array(list(rows), dtype=EVENT_DTYPE)
    drawn = DrawnField(SPEC, settings, NOW)
    drawn.load(events)
    kept = EventTimeline(events[counted(events, settings.side, settings.minimum_notional)])
    return describe_cell(query, drawn, kept, gaps, settings, WINDOW_MS, math.inf)


def lines(
    query: CellQuery, *rows: tuple[int, float, float, bool], **values: Any
) -> list[tuple[str, str]]:
    found = report(query, *rows, **values)
    assert found is not None
    assert found.query == query
    return list(cell_lines(found))


CELLS = {"shape": "cells", "decay": "off"}
ASKED = place(300, 20)


def test_a_cell_tells_notional_count_longs_and_shorts_as_lower_bounds() -> None:
    rows = [
        one(300, 20, 12_000.0, True),
        one(300, 20, 900.0, True),
        one(300, 20, 250.0, False),
        one(301, 20, 1e6, True),
        one(300, 21, 1e6, False),
    ]
    assert lines(place(300, 20), *rows, **CELLS) == [
        ("Liquidated here", "\u2265 13.1k USD in 3"),
        ("  longs", "\u2265 12.9k USD in 2"),
        ("  shorts", "\u2265 250 USD in 1"),
        ("These prices in 2 h", "\u2265 1.01M USD in 4"),
        ("  longs", "\u2265 1.01M USD in 3"),
        ("  shorts", "\u2265 250 USD in 1"),
        ("Recorded", "all of this time"),
    ]


def test_the_sum_of_the_prices_is_of_the_heats_span_and_of_no_other_row() -> None:
    rows = [
        one(-200, 20, 1e6, True),
        one(0, 20, 1e6, True),
        one(1, 20, 100.0, True),
        one(500, 20, 20.0, False),
        one(500, 19, 1e6, False),
        one(500, 21, 1e6, False),
    ]
    # The first column begins before the window does; the second and the last but one do not.
    for shape in ("bands", "spots", "cells"):
        found = dict(lines(place(300, 20), *rows, shape=shape))
        assert found["These prices in 2 h"] == "\u2265 120 USD in 2"
    as_chart = dict(lines(place(300, 20), *rows, window=AS_CHART))
    assert as_chart["These prices in sight"] == "\u2265 120 USD in 2"


def test_a_side_without_liquidations_has_no_line() -> None:
    assert lines(place(300, 20), one(300, 20, 500.0, False), **CELLS)[:2] == [
        ("Liquidated here", "\u2265 500 USD in 1"),
        ("  shorts", "\u2265 500 USD in 1"),
    ]


@pytest.mark.parametrize(
    ("ts_offset_ms", "price", "is_inside"),
    [
        (0, 1_010.0, True),
        (BIN - 1, 1_010.4, True),
        (-1, 1_010.0, False),
        (BIN, 1_010.0, False),
        (0, 1_009.9, False),
        (0, 1_010.5, False),
        (0, 0.1 * 10_105, False),
        (0, 0.1 * 10_100, True),
    ],
)
def test_the_cell_is_half_open_in_price_and_time(
    ts_offset_ms: int, price: float, is_inside: bool
) -> None:
    start_ms = (TIME.first_col + 300) * BIN
    found = lines(place(300, 20), (start_ms + ts_offset_ms, price, 500.0, True), **CELLS)
    assert (found[0] == ("Liquidated here", "\u2265 500 USD in 1")) is is_inside


def test_several_cells_under_a_pixel_are_told_together() -> None:
    rows = [one(300, 20, 1_000.0, True), one(303, 23, 2_000.0, True), one(304, 20, 9e9, True)]
    found = lines(place(300, 20, cols=4, rows=4), *rows, **CELLS)
    assert found[0] == ("Liquidated here", "\u2265 3k USD in 2")


def test_cells_at_the_edges_of_the_grid_are_told_and_those_beyond_are_not() -> None:
    first, last = one(0, 0, 100.0, True), one(719, 39, 200.0, True)
    assert lines(place(0, 0), first, last, **CELLS)[0][1] == "\u2265 100 USD in 1"
    assert lines(place(719, 39), first, last, **CELLS)[0][1] == "\u2265 200 USD in 1"
    for outside in (place(-1, 0), place(0, -1), place(720, 39), place(719, 40)):
        assert report(outside, first, last, **CELLS) is None
    # A pixel of several cells may hang over the edge; what is inside is told.
    assert lines(place(-2, -2, 4, 4), first, **CELLS)[0][1] == "\u2265 100 USD in 1"
    assert lines(place(718, 38, 4, 4), last, **CELLS)[0][1] == "\u2265 200 USD in 1"


def test_edges_that_miss_whole_cells_only_by_rounding_are_theirs() -> None:
    exact = place(300, 20)
    off = CellQuery(exact.price_low - 1e-9, exact.price_high + 1e-9, exact.from_ms, exact.to_ms)
    rows = [one(300, 19, 1.0, True), one(300, 20, 500.0, True), one(300, 21, 1.0, True)]
    assert lines(off, *rows, **CELLS)[0][1] == "\u2265 500 USD in 1"


def test_what_is_drawn_is_told_where_it_is_not_the_sum_itself() -> None:
    event = one(300, 20, 1_000.0, True)
    assert "Heat" not in dict(lines(place(300, 20), event, **CELLS))
    # 419 columns of 10 s later, at a time constant of 60 min.
    faded = 1_000.0 * math.exp(-419 * BIN / (60 * MINUTE))
    found = dict(lines(place(300, 20), event, shape="cells", decay="60m"))
    assert found["Heat"] == f"{usd_text(faded)} USD, faded from 1k USD"
    assert found["Liquidated here"] == "\u2265 1k USD in 1"
    spot = dict(lines(place(300, 20), event, shape="spots", decay="off"))
    assert 0 < float(spot["Heat"].split()[0]) < 1_000
    assert spot["Heat"].endswith(" USD, spread from 1k USD")


def test_of_several_cells_the_strongest_is_what_is_drawn() -> None:
    rows = [one(300, 20, 1_000.0, True), one(310, 30, 500_000.0, False)]
    far = dict(lines(place(300, 20, 20, 20), *rows, shape="bands", decay="off"))
    near = dict(lines(place(310, 30), *rows, shape="bands", decay="off"))
    # What it came of is of all of them.
    assert far["Heat"].split(",")[0] == near["Heat"].split(",")[0]


def test_where_nothing_is_drawn_the_heat_is_nothing() -> None:
    found = dict(lines(place(300, 20), shape="bands"))
    assert found["Heat"] == "0 USD"
    assert found["Liquidated here"] == "none"


def test_a_band_tells_what_its_level_has_seen_so_far_and_when_last() -> None:
    rows = [
        one(60, 20, 1_000.0, True),
        one(120, 20 + LEVEL_REACH_ROWS, 2_000.0, False),
        one(120, 20 - LEVEL_REACH_ROWS, 4_000.0, False),
        # Neither of another level nor to the right of the cell.
        one(130, 21 + LEVEL_REACH_ROWS, 1e6, True),
        one(130, 19 - LEVEL_REACH_ROWS, 1e6, True),
        one(301, 20, 1e6, True),
        # Also from before the window.
        one(-200, 20, 300.0, True),
    ]
    found = lines(place(300, 20), *rows, shape="bands")
    assert found[1:] == [
        ("Liquidated here", "none"),
        # The prices of the box and no others, in the whole window.
        ("These prices in 2 h", "\u2265 1M USD in 2"),
        ("  longs", "\u2265 1M USD in 2"),
        ("Level around it so far", "\u2265 7.3k USD in 4"),
        ("Last of them", "30 min before"),
        ("Recorded", "all of this time"),
    ]


@pytest.mark.parametrize(
    ("age_cols", "words"),
    [
        # Counted from the right edge of the cell.
        (0, "less than a minute before"),
        (5, "1 min before"),
        (11, "2 min before"),
        (713, "119 min before"),
        (719, "2 h before"),
        (1_200, "3 h before"),
    ],
)
def test_the_age_of_the_last_one_is_in_plain_words(age_cols: int, words: str) -> None:
    found = dict(lines(place(719, 20), one(719 - age_cols, 20, 1_000.0, True), shape="bands"))
    assert found["Last of them"] == words


def test_other_shapes_have_no_level() -> None:
    for shape in ("spots", "cells"):
        found = dict(lines(place(300, 20), one(60, 20, 1_000.0, True), shape=shape))
        assert "Level around it so far" not in found
        assert "Last of them" not in found


def test_only_what_the_picture_counts_is_told() -> None:
    rows = [
        one(300, 20, 100.0, True),
        one(300, 20, 1_000.0, True),
        one(300, 20, 2_000.0, False),
    ]
    at_least = lines(place(300, 20), *rows, minimum_notional=1_000.0, **CELLS)
    assert at_least[0] == ("Liquidated here", "\u2265 3k USD in 2")
    assert at_least[-1] == ("Counted", "only longs and shorts from 1k USD")
    shorts = lines(place(300, 20), *rows, side="shorts", **CELLS)
    assert shorts[-1] == ("Counted", "only shorts")
    assert shorts[0] == ("Liquidated here", "\u2265 2k USD in 1")
    split = lines(place(300, 20), *rows, side="split", **CELLS)
    assert split[0] == ("Liquidated here", "\u2265 3.1k USD in 3")


def gap(from_ms: int, to_ms: int, kind: str = "gap") -> list[Any]:
    start_ms = (TIME.first_col + 300) * BIN
    return [start_ms + from_ms, start_ms + to_ms, kind]


@pytest.mark.parametrize(
    ("gaps", "here", "recorded"),
    [
        ([], "none", "all of this time"),
        ([gap(-50_000, 0)], "none", "all of this time"),
        ([gap(BIN, 50_000)], "none", "all of this time"),
        ([gap(-50_000, 50_000)], "not recorded", "nothing of this time"),
        ([gap(0, BIN)], "not recorded", "nothing of this time"),
        ([gap(0, 5_000)], "none in what was recorded", "50 % of this time, 50 % not"),
        ([gap(7_500, 90_000)], "none in what was recorded", "75 % of this time, 25 % not"),
        # Whole per cents stay whole, in spite of binary fractions.
        ([gap(0, 700)], "none in what was recorded", "93 % of this time, 7 % not"),
        ([gap(0, 9_000)], "none in what was recorded", "10 % of this time, 90 % not"),
        (
            [gap(0, 5_500, "unproven")],
            "none in what was recorded",
            "45 % of this time, 55 % unproven",
        ),
        # No more is claimed than was.
        ([gap(0, 1)], "none in what was recorded", "99 % of this time, 1 % not"),
        ([gap(0, BIN, "unproven")], "none seen, unproven", "0 % of this time, 100 % unproven"),
        (
            [gap(0, 2_500, "unproven"), gap(2_500, 5_000)],
            "none in what was recorded",
            "50 % of this time, 25 % unproven, 25 % not",
        ),
    ],
)
def test_nothing_recorded_is_not_nothing_liquidated(
    gaps: list[list[Any]], here: str, recorded: str
) -> None:
    found = lines(place(300, 20), gaps=gaps, **CELLS)
    assert found == [("Liquidated here", here), ("Recorded", recorded)]


def test_the_columns_at_the_windows_ends_count_only_within_it() -> None:
    everything = [[0, WINDOW_MS[0], "gap"], [WINDOW_MS[1], 2 * NOW, "gap"]]
    assert lines(place(0, 20), gaps=everything, **CELLS)[-1] == ("Recorded", "all of this time")
    assert lines(place(719, 20), gaps=everything, **CELLS)[-1] == ("Recorded", "all of this time")


def test_edges_of_other_bins_count_as_the_cells_that_they_lie_in() -> None:
    # The page asks in its old bins when the picture has just been built anew.
    rows = [one(300, 20, 500.0, True), one(300, 21, 1e6, False)]
    start_ms = (TIME.first_col + 300) * BIN
    query = CellQuery(1_010.3, 1_010.45, start_ms + 1000, start_ms + 2000)
    assert lines(query, *rows, **CELLS)[0] == ("Liquidated here", "\u2265 500 USD in 1")


def test_what_has_faded_to_less_than_a_cent_is_nothing() -> None:
    found = dict(lines(place(300, 20), one(-4000, 20, 1e-3, True), decay="20m"))
    assert found["Heat"] == "0 USD"


# -- the numbers of one box -----------------------------------------------------------------------


def test_only_recorded_totals_are_lower_bounds() -> None:
    rows = [one(60, 20, 1_000.0, True), one(60, 24, 9e6, False)]
    for shape in ("bands", "spots", "cells"):
        for side in ("both", "split"):
            for label, text in lines(place(300, 20, 40, 3), *rows, shape=shape, side=side):
                if label.startswith("Heat"):
                    assert "\u2265" not in text


def test_heat_without_a_liquidation_at_these_prices_glows_from_their_neighbours() -> None:
    found = dict(lines(place(300, 20), one(299, 22, 1e6, True), shape="bands", decay="off"))
    assert found["Liquidated here"] == "none"
    assert found["Heat"].endswith(" USD, glow from neighbouring prices")


@pytest.mark.parametrize(
    ("decay", "word"), [("off", "spread from"), ("20m", "faded from"), ("6h", "faded from")]
)
def test_the_heat_of_a_band_is_left_of_what_its_level_has_seen(decay: str, word: str) -> None:
    rows = [one(60, 20, 40_000.0, True), one(90, 21, 2_000.0, False)]
    found = dict(lines(place(300, 20), *rows, shape="bands", decay=decay))
    total = found["Level around it so far"].removeprefix("\u2265 ").partition(" in")[0]
    assert found["Heat"].endswith(f"USD, {word} {total}")


def test_heat_above_all_that_was_liquidated_here_is_not_said_to_be_left_of_it() -> None:
    rows = [one(60, 20, 1.0, True), one(61, 20 + LEVEL_REACH_ROWS + 1, 9e9, True)]
    found = dict(lines(place(61, 20), *rows, shape="bands", decay="off"))
    assert found["Level around it so far"] == "\u2265 1 USD in 1"
    assert found["Heat"].endswith("glow from neighbouring prices")


@pytest.mark.parametrize("clip_usd", [100.0, 123_456.0, 2.7e5])
def test_heat_above_the_end_of_the_scale_is_said_as_the_colour_bar_says_it(clip_usd: float) -> None:
    rows = [one(300, 20, 1e6, True)]
    end = str(colour_bar_labels(Scale("sqrt", 0.0, clip_usd))[-1][1])
    settings = HeatmapSettings(enabled=True, shape="bands", decay="off")
    events = np.array(rows, dtype=EVENT_DTYPE)
    drawn = DrawnField(SPEC, settings, NOW)
    drawn.load(events)
    found = describe_cell(
        place(300, 20), drawn, EventTimeline(events), NONE_MISSING, settings, WINDOW_MS, clip_usd
    )
    assert found is not None
    assert dict(cell_lines(found))["Heat"] == f"{end}, spread from 1M USD"


AMOUNTS_USD = st.floats(0.01, 1e12)


def amount(text: str) -> float:
    number = text.removeprefix("\u2265").strip().removesuffix(" USD")
    unit = {"k": 1e3, "M": 1e6, "B": 1e9}.get(number[-1])
    return float(number) if unit is None else float(number[:-1]) * unit


@given(AMOUNTS_USD, AMOUNTS_USD, AMOUNTS_USD)
def test_what_is_left_is_never_said_to_be_more_than_what_it_came_of_or_the_scale_s_end(
    usd: float, from_usd: float, end_usd: float
) -> None:
    assume(usd <= from_usd)
    heat = CellHeat("both", usd, HeatOrigin.FADED, from_usd, end_usd)
    found = CellFacts(
        ASKED, (heat,), NO_EVENTS, NO_EVENTS, None, None, None, Recorded(1, 0, 0), "both", 0
    )
    heat_text, _, from_text = dict(cell_lines(found))["Heat"].partition(", faded from ")
    end_text = scale_end_text(end_usd)
    if usd > end_usd * 1.001:
        assert heat_text == end_text
    assert amount(heat_text) <= amount(from_text)
    assert amount(heat_text) <= amount(end_text)


def test_the_report_is_plain() -> None:
    found = report(place(300, 20), one(300, 20, 1_000.0, True), side="split")
    assert found is not None
    plain = json.loads(json.dumps(as_plain(found)))
    assert [heat["side"] for heat in plain["heat"]] == ["longs", "shorts"]
    assert [heat["origin"] for heat in plain["heat"]] == ["faded", "nothing"]
