"""What helps to read a picture: the price profile, and what lies under the crosshair."""

import math
from base64 import b64decode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellQuery, PictureMessage
from Heatmap.sources.recorded.cell_facts import CellFacts
from Heatmap.sources.recorded.texts import cell_lines
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import (
    NOW_MS,
    cells_of,
    columns,
    event,
    line,
    place,
    query,
    random_events,
    rebuilt,
    recorded_picture,
    request,
    whole,
)


def bars_of(message: PictureMessage) -> np.ndarray:
    """Longs and shorts per row, 0 to 255."""
    return np.frombuffer(b64decode(message.meta["profile"]["bars"]), np.uint8).reshape(2, -1)


def assert_profile(
    message: PictureMessage, grid: dict[str, Any], events: list[LiquidationEvent], now_ms: int
) -> None:
    n_rows = grid["rows"]
    sides = np.zeros((2, n_rows))
    sums = [0.0, 0.0]
    for one in events:
        if one.ts_ms < now_ms - 7_200_000:
            continue
        side = int(one.liquidated is Liquidated.SHORT)
        sums[side] += one.notional
        row = place(grid, one.ts_ms, one.price)[0]
        if 0 <= row < n_rows:
            sides[side, row] += one.notional
    exact = sides * 255 / sides.sum(axis=0).max()
    bars = bars_of(message)
    assert bars.shape == (2, n_rows)
    # Rounded up, so that a row with little is not a row with nothing.
    assert np.all(bars >= exact - 1e-9)
    assert np.all(bars < exact + 1)
    for name, side, total in zip(("longText", "shortText"), ("longs", "shorts"), sums, strict=True):
        text = message.meta["profile"][name].removeprefix(f"{side} \u2265 ").removesuffix(" USD")
        number = float(text[:-1]) * {"k": 1e3, "M": 1e6}[text[-1]]
        assert total * 0.99 <= number <= total


def test_the_price_profile_is_of_the_windows_longs_and_shorts(
    writer: HandingWriter, picture: HeatPicture, database: Store
) -> None:
    values = {"price_profile": True, "clip_usd": 50_000.0}
    events = random_events(400, NOW_MS - 9_000_000, NOW_MS, seed=30)
    writer.write(events)
    message = whole(picture.rebuild(request(**values)))
    assert_profile(message, message.meta, events, NOW_MS)
    now_ms = NOW_MS
    for step in range(4):
        now_ms += 400_000
        fresh = random_events(30, now_ms - 500_000, now_ms, seed=31 + step)
        events += fresh
        writer.write(fresh)
        update = columns(picture.update(request(now_ms, **values)))
        assert_profile(update, message.meta, events, now_ms)
    again = rebuilt(database, request(now_ms, **values))
    assert again.meta["profile"] == update.meta["profile"]


def test_without_the_price_profile_no_message_has_one(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    batch = writer.write([event(NOW_MS - 60_000, 98_000.0, 2e4, Liquidated.LONG)])
    assert "profile" not in whole(picture.rebuild(request())).meta
    update = columns(picture.update(request(NOW_MS + 10_000)))
    assert "profile" not in update.meta
    # Switching it on needs nothing but another scale's message.
    restyled = whole(picture.restyle(request(NOW_MS + 10_000, price_profile=True)))
    assert bars_of(restyled).max() == 255
    assert batch.events


@pytest.mark.parametrize("values", [{"minimum_notional": 1_000.0}, {"side": "longs"}])
def test_live_events_that_do_not_count_change_nothing(
    writer: HandingWriter, picture: HeatPicture, values: dict[str, Any]
) -> None:
    writer.write([event(NOW_MS - 60_000, 98_000.0, 999.0, Liquidated.SHORT)])
    message = whole(picture.rebuild(request(price_profile=True, **values)))
    assert not cells_of(message).any()
    assert not bars_of(message).any()
    # An order to buy closes a short.
    writer.write([event(NOW_MS - 50_000, 98_000.0, 999.0, Liquidated.SHORT)])
    assert picture.update(request(**values)) is None
    cell = picture.describe(query(message.meta, NOW_MS - 50_000, 98_000.0))
    assert line(cell, "Liquidated here") == "not recorded"


@pytest.mark.parametrize("notional", [1500.0, 3000.0, 20_000.0])
@pytest.mark.parametrize("side", [Liquidated.LONG, Liquidated.SHORT])
def test_the_longest_bar_is_the_longest_whatever_its_rounding(
    writer: HandingWriter, picture: HeatPicture, notional: float, side: Liquidated
) -> None:
    writer.write([event(NOW_MS - 60_000, 98_000.0, notional, side)])
    message = whole(picture.rebuild(request(price_profile=True)))
    bars = bars_of(message)
    row = place(message.meta, NOW_MS - 60_000, 98_000.0)[0]
    assert bars[int(side is Liquidated.SHORT), row] == 255
    assert np.count_nonzero(bars) == 1


def test_the_profile_of_nothing_is_empty(picture: HeatPicture) -> None:
    message = whole(picture.rebuild(request(price_profile=True)))
    assert not bars_of(message).any()
    assert message.meta["profile"]["longText"] == "longs \u2265 0 USD"


def told(picture: HeatPicture, asked: CellQuery) -> tuple[tuple[str, str], ...]:
    """Say what lies at a place; where the scale ends may differ from a fresh picture's."""
    report = picture.describe(asked)
    assert report is not None
    facts = report.facts
    assert isinstance(facts, CellFacts)
    heat = tuple(replace(one, scale_end_usd=math.inf) for one in facts.heat)
    return cell_lines(replace(facts, heat=heat))


def test_a_cell_is_described_after_a_rebuild_and_after_live_events(
    writer: HandingWriter, picture: HeatPicture, database: Store
) -> None:
    somewhere = CellQuery(98_000, 98_010, NOW_MS - 60_000, NOW_MS - 50_000)
    assert picture.describe(somewhere) is None
    ts_ms = NOW_MS - 600_000
    writer.write([event(ts_ms, 98_000.0, 1e4, Liquidated.LONG)])
    writer.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 900, proven=True)
    asked = query(whole(picture.rebuild(request())).meta, ts_ms, 98_000.0)
    report = picture.describe(asked)
    assert report is not None
    assert report.query == asked
    assert line(report, "Liquidated here") == "\u2265 10k USD in 1"
    assert line(report, "Recorded") == "all of this time"
    # Late events of the same cell, of the one before and of the newest column; one comes twice.
    late = writer.write(
        [
            event(ts_ms + 1, 98_000.0, 3e3, Liquidated.SHORT),
            event(ts_ms - 10_000, 98_000.0, 500.0, Liquidated.SHORT),
            event(NOW_MS - 1, 98_000.0, 1e6, Liquidated.SHORT),
        ]
    )
    picture.update(request())
    writer.tape.add_batch(late)
    picture.update(request())
    report = picture.describe(asked)
    assert report is not None
    assert line(report, "Liquidated here") == "\u2265 13k USD in 2"
    assert line(report, "Level around it so far") == "\u2265 13.5k USD in 3"
    other = recorded_picture(EventTape(database))
    other.rebuild(request())
    assert told(other, asked) == told(picture, asked)
    other.close()


def test_a_closed_picture_describes_nothing(writer: HandingWriter, picture: HeatPicture) -> None:
    writer.write([event(NOW_MS - 60_000, 98_000.0, 1e4, Liquidated.LONG)])
    asked = query(whole(picture.rebuild(request())).meta, NOW_MS - 60_000, 98_000.0)
    assert picture.describe(asked) is not None
    picture.close()
    assert picture.describe(asked) is None


def test_a_place_that_has_left_the_window_is_not_described(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    first_ms = NOW_MS - 7_200_000
    writer.write([event(first_ms, 98_000.0, 1e4, Liquidated.LONG)])
    asked = query(whole(picture.rebuild(request())).meta, first_ms, 98_000.0)
    assert picture.describe(asked) is not None
    picture.update(request(NOW_MS + 60_000))
    assert picture.describe(asked) is None


@pytest.mark.parametrize(
    ("values", "is_kept"),
    [
        ({"shape": "cells"}, False),
        ({"shape": "spots"}, False),
        ({"shape": "bands", "decay": "20m"}, True),
        ({"shape": "bands", "decay": "off"}, True),
    ],
)
def test_old_events_are_forgotten_once_no_picture_would_read_them(
    writer: HandingWriter,
    picture: HeatPicture,
    database: Store,
    values: dict[str, Any],
    is_kept: bool,
) -> None:
    old = random_events(50, NOW_MS - 7_200_000, NOW_MS, seed=40)
    writer.write(old)
    picture.rebuild(request(**values))
    assert len(picture._source._events) == 50
    # Two windows later, in steps, with something new on the way.
    now_ms = NOW_MS
    fresh = event(NOW_MS + 14_000_000, 98_000.0, 1e4, Liquidated.LONG)
    for _ in range(20):
        now_ms += 720_000
        is_time = now_ms - 720_000 <= fresh.ts_ms < now_ms
        if is_time:
            writer.write([fresh])
        picture.update(request(now_ms, **values))
    assert len(picture._source._events) == (51 if is_kept else 1)
    # What is told is what a picture built now would tell.
    again = recorded_picture(EventTape(database))
    asked = query(whole(again.rebuild(request(now_ms, **values))).meta, fresh.ts_ms, 98_000.0)
    assert told(picture, asked) == told(again, asked)
    assert line(again.describe(asked), "Liquidated here") == "\u2265 10k USD in 1"
    again.close()
