"""A picture from a real database: rebuilt or kept up, it is the same; gaps are told truthfully."""

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from Heatmap.domain.events import Liquidated
from Heatmap.domain.viewport import Viewport
from Heatmap.picture import heat_picture
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import Heartbeats, PictureRequest
from Heatmap.storage.store import Store
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import (
    NOW_MS,
    TICK,
    VIEW,
    cells_of,
    columns,
    event,
    place,
    random_events,
    rebuilt,
    request,
    whole,
)


def test_the_grid_tells_where_it_lies(writer: HandingWriter, picture: HeatPicture) -> None:
    placed = event(NOW_MS - 3_600_000, 98_000.0, 1e6, Liquidated.LONG)
    writer.write([placed])
    message = whole(picture.rebuild(request()))
    meta, cells = message.meta, cells_of(message)
    assert meta["timeStartMs"] <= NOW_MS - 7_200_000 < meta["timeStartMs"] + meta["binMs"]
    assert meta["priceLow"] < VIEW.price_low
    assert meta["priceLow"] + meta["rows"] * meta["binUsd"] > VIEW.price_high
    column = (placed.ts_ms - meta["timeStartMs"]) // meta["binMs"]
    row = int((placed.price - meta["priceLow"]) / meta["binUsd"] + 1e-9)
    assert np.argmax(cells[:, column]) == row
    assert not cells[:, :column].any()
    # A band fades to the right and stays in its rows.
    assert cells[row, column] > cells[row, -1] > 0


@pytest.mark.parametrize("side", ["both", "shorts", "split"])
@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_batches_give_the_same_picture_as_a_rebuild(
    writer: HandingWriter, picture: HeatPicture, database: Store, shape: str, side: str
) -> None:
    values = {"clip_usd": 50_000.0, "shape": shape, "side": side, "minimum_notional": 500.0}
    writer.write(random_events(400, NOW_MS - 9_000_000, NOW_MS, seed=1))
    first_message = whole(picture.rebuild(request(**values)))
    assert first_message.meta["isSplit"] is (side == "split")
    cells = cells_of(first_message).copy()
    now_ms = NOW_MS
    for step in range(12):
        # Some are late, some come in the newest column, and one is ahead of this clock.
        fresh = random_events(15, now_ms - 120_000, now_ms + 7_000, seed=100 + step)
        writer.write(fresh)
        now_ms += 7_000
        message = picture.update(request(now_ms, **values))
        meta = columns(message).meta
        kept = cells[:, meta["dropCols"] :]
        cells = np.concatenate(
            [kept, np.zeros((cells.shape[0], cells.shape[1] - kept.shape[1]), np.uint8)], axis=1
        )
        added = np.frombuffer(bytes_of(columns(message)), np.uint8)
        first = meta["firstCol"] - meta["timeStartMs"] // 10_000
        cells[:, first : first + meta["cols"]] = added.reshape(cells.shape[0], meta["cols"])
    expected = cells_of(rebuilt(database, request(now_ms, **values)))
    assert expected.any()
    # A value in the middle between two levels may round either way.
    step_size = 2 if side == "split" else 1
    difference = np.abs(cells.astype(int) - expected.astype(int))
    assert difference.max() <= step_size
    assert np.count_nonzero(difference) <= 5


def test_a_batch_that_was_read_from_the_file_is_not_added_again(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    batch = writer.write([event(NOW_MS - 60_000, 98_000.0, 2e4, Liquidated.SHORT)])
    once = cells_of(whole(picture.rebuild(request(clip_usd=50_000.0)))).copy()
    writer.tape.add_batch(batch)
    again = cells_of(whole(picture.rebuild(request(clip_usd=50_000.0))))
    assert np.array_equal(once, again)


def test_another_symbols_rows_are_not_in_the_picture(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    foreign = dataclasses.replace(
        event(NOW_MS - 60_000, 98_000.0, 1e6, Liquidated.SHORT), symbol="ETHUSDT"
    )
    writer.write([foreign])
    assert not cells_of(whole(picture.rebuild(request()))).any()


def test_the_clip_holds_still_until_it_is_off_by_a_tenth(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.write(random_events(300, NOW_MS - 7_000_000, NOW_MS, seed=3))
    before = whole(picture.rebuild(request())).meta["scale"]["clipUsd"]
    writer.write([event(NOW_MS - 30_000, 98_000.0, 500.0, Liquidated.SHORT)])
    assert whole(picture.rebuild(request())).meta["scale"]["clipUsd"] == before
    other_decay = whole(picture.rebuild(request(decay="6h"))).meta["scale"]["clipUsd"]
    assert other_decay != before


def test_a_locked_scale_is_the_one_that_was_set(picture: HeatPicture) -> None:
    message = whole(picture.rebuild(request(clip_usd=123_456.0, normalization="log")))
    assert message.meta["scale"]["clipUsd"] == 123_456.0
    assert message.meta["scale"]["mode"] == "log"


def test_a_restyle_reads_nothing(writer: HandingWriter, picture: HeatPicture) -> None:
    writer.write(random_events(50, NOW_MS - 7_000_000, NOW_MS, seed=4))
    before = cells_of(whole(picture.rebuild(request()))).copy()
    writer.write_silently(random_events(50, NOW_MS - 7_000_000, NOW_MS, seed=5))
    restyled = cells_of(whole(picture.restyle(request(normalization="linear"))))
    # The linear level is the square of the square root's, up to the rounding of both.
    assert np.abs(restyled - 255 * (before / 255) ** 2).max() <= 1.5
    assert restyled.any()
    back = cells_of(whole(picture.restyle(request())))
    assert np.array_equal(before, back)


def test_a_scrolled_back_window_ends_at_the_visible_edge(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    end_ms = NOW_MS - 5_000_000
    view = Viewport(97_000, 99_000, end_ms, 920, 500)
    writer.write([event(NOW_MS - 60_000, 98_000.0, 1e6, Liquidated.SHORT)])
    message = whole(picture.rebuild(request(viewport=view)))
    assert message.meta["endMs"] == end_ms
    assert not cells_of(message).any()
    writer.write([event(NOW_MS - 50_000, 98_000.0, 1e6, Liquidated.SHORT)])
    update = picture.update(request(NOW_MS + 60_000, viewport=view))
    assert update is None


def test_fits_while_the_view_stays_within_the_margins(picture: HeatPicture) -> None:
    picture.rebuild(request())
    assert picture.fits(VIEW)
    assert picture.fits(Viewport(97_300, 99_300, None, 920, 500))
    assert not picture.fits(Viewport(98_000, 100_000, None, 920, 500))
    assert not picture.fits(Viewport(97_000, 99_000, NOW_MS - 1_000_000, 920, 500))
    assert not picture.fits(Viewport(97_900, 98_100, None, 920, 500))


def test_a_changed_tick_size_builds_anew(picture: HeatPicture) -> None:
    picture.rebuild(request())
    changed = PictureRequest(VIEW, request().settings, Decimal("0.5"), NOW_MS, None)
    message = whole(picture.update(changed))
    assert message.meta["binUsd"] % 0.5 == 0


def test_a_closed_picture_does_nothing(picture: HeatPicture) -> None:
    picture.close()
    assert picture.rebuild(request()) is None
    assert picture.update(request()) is None
    assert picture.restyle(request()) is None


def test_the_newest_coverage_reaches_until_now_while_heartbeats_flow(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 900, proven=True)
    assert whole(picture.rebuild(request())).meta["gaps"] == []
    blind = PictureRequest(VIEW, request().settings, TICK, NOW_MS + 20_000, None)
    update = picture.update(blind)
    assert update is not None
    assert update.meta["gaps"] == [[NOW_MS - 900, NOW_MS + 20_000, "gap"]]


def test_coverage_of_an_earlier_connection_is_not_stretched(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 3_600_000, proven=True)
    fresh = PictureRequest(
        VIEW, request().settings, TICK, NOW_MS, Heartbeats(NOW_MS - 3_000, NOW_MS - 1_000, 15_000)
    )
    gaps = whole(picture.rebuild(fresh)).meta["gaps"]
    assert gaps == [[NOW_MS - 3_600_000, NOW_MS, "gap"]]


def test_where_the_next_heartbeat_is_overdue_the_last_one_proves_nothing_after_it(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 60_000, proven=True)
    silent = PictureRequest(
        VIEW,
        request().settings,
        TICK,
        NOW_MS,
        Heartbeats(NOW_MS - 7_300_000, NOW_MS - 50_000, 15_000),
    )
    gaps = whole(picture.rebuild(silent)).meta["gaps"]
    assert gaps == [[NOW_MS - 50_000, NOW_MS, "gap"]]


def test_a_picture_of_another_view_never_slides_on_with_now(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    back = Viewport(97_000, 99_000, NOW_MS - 5_000_000, 920, 500)
    writer.write([event(NOW_MS - 60_000, 98_000.0, 1e6, Liquidated.SHORT)])
    picture.rebuild(request(viewport=back))
    assert not picture.fits(VIEW)
    # The chart has returned to now before the rebuild for it is made.
    assert picture.update(request(NOW_MS + 60_000)) is None
    assert not picture.fits(VIEW)
    assert cells_of(whole(picture.rebuild(request(NOW_MS + 60_000)))).any()


def test_the_source_says_since_when_was_recorded(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    nothing = whole(picture.rebuild(request())).meta
    assert "none recorded yet" in nothing["sourceText"]
    assert nothing["sourceSince"] is None
    writer.write([event(NOW_MS - 60_000, 98_000.0, 2e4, Liquidated.SHORT)])
    meta = whole(picture.rebuild(request())).meta
    words = meta["sourceText"]
    assert meta["sourceSince"]["ms"] == NOW_MS - 60_000
    assert "lower bound" in words
    assert "5 Dec 2024 00:59 UTC" in words


def test_coverage_that_lags_by_more_than_writing_explains_is_not_stretched(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 1_200_000, proven=True)
    beats = Heartbeats(NOW_MS - 3_600_000, NOW_MS - 500, 15_000)
    odd = PictureRequest(VIEW, request().settings, TICK, NOW_MS, beats)
    gaps = whole(picture.rebuild(odd)).meta["gaps"]
    assert gaps == [[NOW_MS - 1_200_000, NOW_MS, "gap"]]


def test_locked_colours_stay_comparable_between_days_and_windows(
    writer: HandingWriter, database: Store
) -> None:
    day_ms = 86_400_000
    marks = [
        event(NOW_MS - number * day_ms - 60_000, 98_000.0, 4e4, Liquidated.LONG)
        for number in range(3)
    ]
    # The days differ in everything else.
    writer.write(random_events(40, NOW_MS - 7_000_000, NOW_MS - 1_000_000, seed=20))
    giants = [
        event(NOW_MS - day_ms - number * 60_000, 97_200.0, 9e6, Liquidated.SHORT)
        for number in range(2, 50)
    ]
    writer.write(marks + giants)
    levels, scales = set(), []
    for number, mark in enumerate(marks):
        for window in ("2h", "8h", "2d"):
            asked = request(
                NOW_MS - number * day_ms,
                window=window,
                clip_usd=250_000.0,
                decay="off",
                shape="cells",
            )
            message = rebuilt(database, asked)
            scales.append(message.meta["scale"])
            levels.add(int(cells_of(message)[place(message.meta, mark.ts_ms, mark.price)]))
    assert levels == {round(255 * (4e4 / 250_000.0) ** 0.5)}
    assert all(scale == scales[0] for scale in scales)


@pytest.mark.parametrize("side", ["both", "split"])
def test_drawn_columns_keep_their_locked_colours_as_the_window_moves_on(
    writer: HandingWriter, database: Store, side: str
) -> None:
    writer.write(random_events(400, NOW_MS - 9_000_000, NOW_MS + 3_600_000, seed=21))
    values = {"clip_usd": 50_000.0, "side": side}
    before = rebuilt(database, request(**values))
    after = rebuilt(database, request(NOW_MS + 1_800_000, **values))
    moved = (after.meta["timeStartMs"] - before.meta["timeStartMs"]) // before.meta["binMs"]
    assert moved == 180
    # All but the column of then, whose end was still to come.
    old, new = cells_of(before)[:, moved:-1].astype(int), cells_of(after)[:, : -moved - 1]
    assert old.any()
    assert np.abs(old - new).max() <= 2
    # A value in the middle between two levels may round either way.
    assert np.count_nonzero(old != new) <= 5


def test_a_live_event_moves_the_clip_only_when_it_is_off_by_more_than_a_tenth(
    writer: HandingWriter, picture: HeatPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heat_picture, "CLIP_PERIOD_S", 0.0)
    values = {"shape": "cells", "decay": "off", "clip_percentile": 100.0}
    writer.write([event(NOW_MS - 60_000, 98_000.0, 1e5, Liquidated.LONG)])
    assert whole(picture.rebuild(request(**values))).meta["scale"]["clipUsd"] == 1e5
    writer.write([event(NOW_MS - 60_000, 98_000.0, 9e3, Liquidated.LONG)])
    columns(picture.update(request(**values)))
    writer.write([event(NOW_MS - 60_000, 98_000.0, 2e3, Liquidated.LONG)])
    message = whole(picture.update(request(**values)))
    assert message.meta["scale"]["clipUsd"] == pytest.approx(1.11e5)


def test_a_split_picture_tells_whose_each_cell_is(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    long, short = (
        event(NOW_MS - 600_000, 98_000.0, 4e4, Liquidated.LONG),
        event(NOW_MS - 600_000, 98_500.0, 4e4, Liquidated.SHORT),
    )
    writer.write([long, short])
    values = {"side": "split", "shape": "cells", "decay": "off", "clip_usd": 4e4}
    message = whole(picture.rebuild(request(**values)))
    cells, meta = cells_of(message), message.meta
    assert cells[place(meta, long.ts_ms, long.price)] == 255
    assert cells[place(meta, short.ts_ms, short.price)] == 254
    assert np.count_nonzero(cells) == 2
    places = [label for label, _ in meta["scale"]["labels"]]
    texts = [text for _, text in meta["scale"]["labels"]]
    assert places == [0.0, 0.5, 1.0]
    assert texts == ["shorts \u226540k USD", "0", "longs \u226540k USD"]
    # A live event turns the cell to the side that is the larger now.
    writer.write([event(long.ts_ms, long.price, 6e4, Liquidated.SHORT)])
    update = columns(picture.update(request(**values)))
    assert update.meta["cols"] == 1
    row = place(meta, long.ts_ms, long.price)[0]
    assert bytes_of(update)[row] == 254


def test_a_window_as_the_chart_covers_what_the_pane_shows_wherever_that_ends(
    writer: HandingWriter, picture: HeatPicture
) -> None:
    hour_ms = 3_600_000
    writer.write([event(NOW_MS - 11 * hour_ms, 98_000.0, 1e6, Liquidated.LONG)])

    def shown(start_ms: int, end_ms: int | None) -> Viewport:
        return dataclasses.replace(VIEW, start_ms=start_ms, end_ms=end_ms)

    # Half an hour, a night, and a part of it that the chart is scrolled back to.
    cases = (
        (NOW_MS - hour_ms // 2, None),
        (NOW_MS - 12 * hour_ms, None),
        (NOW_MS - 12 * hour_ms, NOW_MS - 10 * hour_ms),
    )
    for start_ms, end_ms in cases:
        view = shown(start_ms, end_ms)
        assert not picture.fits(view)
        message = whole(picture.rebuild(request(viewport=view, window="chart", shape="cells")))
        meta = message.meta
        span_ms = (end_ms or NOW_MS) - start_ms
        assert meta["endMs"] == (end_ms or NOW_MS)
        assert start_ms - span_ms // 2 <= meta["windowStartMs"] <= start_ms
        assert cells_of(message).any() == (span_ms > hour_ms)
        # Columns as wide as they are in a window of that length: neither coarse nor endless.
        assert 600 <= span_ms / meta["binMs"] <= 2_000 or meta["binMs"] == 5_000
        assert picture.fits(view)
