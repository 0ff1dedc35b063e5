"""A cell is what it is, wherever the picture around it ends: in time, in price, now or later."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import Liquidated
from Heatmap.domain.viewport import Viewport
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage
from Heatmap.storage.store import Store
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import (
    NOW_MS,
    VIEW,
    cells_of,
    columns,
    event,
    random_events,
    rebuilt,
    request,
    whole,
)

END_MS = NOW_MS - 3_600_000
BACK = replace(VIEW, end_ms=END_MS)
SHAPES = pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
SIDES = pytest.mark.parametrize("side", ["both", "shorts", "split"])
# A value in the middle between two levels may round either way.
ROUNDED = 5


def locked(shape: str, side: str = "both", **values: Any) -> dict[str, Any]:
    """Settings under which a cell's byte depends on its value alone."""
    return {"shape": shape, "side": side, "clip_usd": 50_000.0, "decay": "off", **values}


def shared(one: PictureMessage, other: PictureMessage) -> tuple[np.ndarray, np.ndarray]:
    """Give the cells that both pictures have, from both."""
    parts = []
    for mine, its in ((one, other), (other, one)):
        meta, limit = mine.meta, its.meta
        assert (meta["binMs"], meta["binUsd"]) == (limit["binMs"], limit["binUsd"])
        col = (limit["timeStartMs"] - meta["timeStartMs"]) // meta["binMs"]
        row = round((limit["priceLow"] - meta["priceLow"]) / meta["binUsd"])
        parts.append(
            cells_of(mine)[
                max(0, row) : max(0, row + limit["rows"]), max(0, col) : col + limit["cols"]
            ].astype(int)
        )
    assert parts[0].shape == parts[1].shape
    return parts[0], parts[1]


def assert_same(one: PictureMessage, other: PictureMessage) -> tuple[int, int]:
    """Both say the same where both say something; give how much that is."""
    mine, its = shared(one, other)
    assert mine.any()
    assert np.abs(mine - its).max() <= (2 if one.meta["isSplit"] else 1)
    assert np.count_nonzero(mine != its) <= ROUNDED
    rows, cols = mine.shape
    return rows, cols


@SHAPES
@SIDES
def test_a_chart_that_is_scrolled_back_has_the_columns_of_one_that_goes_on(
    shape: str, side: str, writer: HandingWriter, database: Store
) -> None:
    writer.write(random_events(2_000, END_MS - 9_000_000, NOW_MS, seed=31))
    back = rebuilt(database, request(viewport=BACK, **locked(shape, side)))
    goes_on = rebuilt(database, request(NOW_MS - 1_800_000, **locked(shape, side)))
    _, cols = assert_same(back, goes_on)
    # All but the half hour that the window has moved on, the columns at its right edge too.
    assert back.meta["cols"] - cols == 180
    assert cells_of(back)[:, -1].any()


@SHAPES
@pytest.mark.parametrize("at_edge", ["oldest", "lowest", "highest"])
def test_no_other_edge_of_a_picture_shows(
    at_edge: str, shape: str, writer: HandingWriter, database: Store
) -> None:
    writer.write(random_events(2_000, END_MS - 20_000_000, NOW_MS, seed=32))
    # Without decay bands would carry in what one of both has not read.
    values = locked(shape, decay="20m" if shape == "bands" else "off")
    beside = {
        "oldest": replace(BACK, end_ms=END_MS - 3_600_000),
        "lowest": Viewport(96_200, 98_200, END_MS, 920, 500),
        "highest": Viewport(97_800, 99_800, END_MS, 920, 500),
    }[at_edge]
    one = rebuilt(database, request(viewport=BACK, **values))
    other = rebuilt(database, request(viewport=beside, **values))
    rows, cols = assert_same(one, other)
    assert rows < one.meta["rows"] or cols < one.meta["cols"]


@SHAPES
@SIDES
def test_what_comes_after_the_right_edge_is_added_as_it_comes(
    shape: str, side: str, writer: HandingWriter, picture: HeatPicture, database: Store
) -> None:
    """The chart was scrolled back by less than a minute: its edge is not of the past yet."""
    end_ms = NOW_MS - 25_000
    asked = request(viewport=replace(VIEW, end_ms=end_ms), **locked(shape, side))
    writer.write(random_events(500, NOW_MS - 7_000_000, end_ms, seed=33))
    cells = cells_of(whole(picture.rebuild(asked))).copy()
    fresh = [
        event(ts_ms, 98_000.0 + number, 4e4, (Liquidated.SHORT, Liquidated.LONG)[number % 2])
        for number, ts_ms in enumerate(
            # Before the edge, so late; after it; so far after it that nothing is seen of it; and
            # one that comes after those, with a time before the edge.
            [end_ms - 1_000, end_ms + 9_000, end_ms + 40_000, end_ms + 400_000, end_ms - 60_000]
        )
    ]
    for each in fresh:
        writer.write([each])
        now_ms = max(NOW_MS, each.ts_ms)
        message = picture.update(replace(asked, now_ms=now_ms))
        if message is None:
            continue
        meta = columns(message).meta
        assert meta["dropCols"] == 0
        first = meta["firstCol"] - meta["timeStartMs"] // 10_000
        added = np.frombuffer(bytes_of(message), np.uint8).reshape(len(cells), meta["cols"])
        cells[:, first : first + meta["cols"]] = added
    expected = cells_of(rebuilt(database, replace(asked, now_ms=NOW_MS + 500_000)))
    assert np.count_nonzero(cells != expected) <= ROUNDED
    goes_on = rebuilt(database, request(NOW_MS + 500_000, **locked(shape, side)))
    assert_same(rebuilt(database, asked), goes_on)


def test_another_recorder_s_rows_count_after_the_edge_as_well(
    writer: HandingWriter, picture: HeatPicture, database: Store
) -> None:
    writer.is_standby = True
    asked = request(viewport=BACK, **locked("spots"))
    writer.write(random_events(500, END_MS - 7_000_000, END_MS, seed=34))
    picture.rebuild(asked)
    writer.write([event(END_MS + 15_000, 98_000.0, 4e5, Liquidated.LONG)])
    message = columns(picture.update(asked))
    expected = cells_of(rebuilt(database, asked))[:, -message.meta["cols"] :]
    assert np.array_equal(
        np.frombuffer(bytes_of(message), np.uint8).reshape(expected.shape), expected
    )
    assert expected.any()
    writer.write([event(END_MS + 900_000, 98_000.0, 4e5, Liquidated.LONG)])
    assert picture.update(asked) is None


@SHAPES
def test_the_fade_of_a_chart_that_is_scrolled_back_is_against_its_end(
    shape: str, writer: HandingWriter, database: Store
) -> None:
    """What goes on fades as a whole by the time that has passed since; nothing else differs."""
    values = locked(shape, decay="60m", normalization="linear", clip_usd=500_000.0)
    writer.write(random_events(2_000, END_MS - 9_000_000, NOW_MS, seed=35))
    back = rebuilt(database, request(viewport=BACK, **values))
    goes_on = rebuilt(database, request(END_MS + 1_200_000, **values))
    mine, its = shared(back, goes_on)
    left = 1.0 if shape == "bands" else np.exp(-1 / 3)
    # Where the scale does not end, and up to the rounding of both.
    inside = mine < 255
    assert np.abs(mine * left - its)[inside].max() <= 1.5
    assert its[:, -1].any()
