"""A picture from a real database: rebuilt or kept up, it is the same; gaps are told truthfully."""

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.aggregation.normalization import Scale
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.model import CoverageInterval, DataKind, LiquidationEvent, OrderSide, Viewport
from Heatmap.picture.gaps import find_gaps
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import Heartbeats, PictureMessage, PictureRequest
from Heatmap.picture.words import colour_bar_labels, usd_text
from Heatmap.storage.sqlite_store import SqliteStore

NOW_MS = 1_733_360_400_000
VIEW = Viewport(price_low=97_000, price_high=99_000, end_ms=None, width_px=920, height_px=500)
TICK = Decimal("0.1")


def event(ts_ms: int, price: float, notional: float, side: OrderSide) -> LiquidationEvent:
    qty = notional / price
    return LiquidationEvent(
        ts_ms, "BTCUSDT", side, price, qty, notional, "BINANCE_USDM", price, qty, ts_ms, ts_ms, ""
    )


def random_events(count: int, start_ms: int, end_ms: int, seed: int) -> list[LiquidationEvent]:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(start_ms, end_ms, count))
    sides = (OrderSide.BUY, OrderSide.SELL)
    return [
        event(int(ts), float(price), float(usd), sides[int(side)])
        for ts, price, usd, side in zip(
            times,
            rng.uniform(96_500, 99_500, count).round(1),
            rng.lognormal(8, 2, count),
            rng.integers(0, 2, count),
            strict=True,
        )
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "x.sqlite3", DataKind.REPLAY) as opened:
        yield opened


@pytest.fixture
def picture(tmp_path: Path, store: SqliteStore) -> Iterator[HeatPicture]:
    assert store is not None  # the file is there before a picture reads it
    made = HeatPicture(tmp_path / "x.sqlite3", "BTCUSDT")
    yield made
    made.close()


def request(now_ms: int = NOW_MS, viewport: Viewport = VIEW, **settings: Any) -> PictureRequest:
    return PictureRequest(
        viewport=viewport,
        settings=HeatmapSettings(enabled=True, **settings),
        tick_size=TICK,
        now_ms=now_ms,
        heartbeats=Heartbeats(now_ms - 9_000_000, now_ms - 200, 15_000),
    )


def cells_of(message: PictureMessage) -> np.ndarray:
    shape = (message.meta["rows"], message.meta["cols"])
    return np.frombuffer(message.cells, np.uint8).reshape(shape)


def whole(message: PictureMessage | None) -> PictureMessage:
    assert message is not None
    assert message.is_whole
    return message


def test_the_grid_tells_where_it_lies(store: SqliteStore, picture: HeatPicture) -> None:
    placed = event(NOW_MS - 3_600_000, 98_000.0, 1e6, OrderSide.SELL)
    store.write([placed])
    message = whole(picture.rebuild(request(), ()))
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


def test_batches_give_the_same_picture_as_a_rebuild(
    store: SqliteStore, picture: HeatPicture, tmp_path: Path
) -> None:
    locked = {"clip_usd": 50_000.0}
    store.write(random_events(400, NOW_MS - 9_000_000, NOW_MS, seed=1))
    cells = cells_of(whole(picture.rebuild(request(**locked), ()))).copy()
    now_ms = NOW_MS
    for step in range(12):
        # Some are late, some come in the newest column, and one is ahead of this clock.
        fresh = random_events(5, now_ms - 120_000, now_ms + 7_000, seed=100 + step)
        batch = store.write(fresh)
        now_ms += 7_000
        message = picture.update(
            request(now_ms, **locked), list(zip(batch.row_ids, batch.events, strict=True))
        )
        assert message is not None
        assert not message.is_whole
        meta = message.meta
        kept = cells[:, meta["dropCols"] :]
        cells = np.concatenate(
            [kept, np.zeros((cells.shape[0], cells.shape[1] - kept.shape[1]), np.uint8)], axis=1
        )
        added = np.frombuffer(message.cells, np.uint8).reshape(cells.shape[0], meta["cols"])
        first = meta["firstCol"] - meta["timeStartMs"] // 10_000
        cells[:, first : first + meta["cols"]] = added
    other = HeatPicture(tmp_path / "x.sqlite3", "BTCUSDT")
    rebuilt = cells_of(whole(other.rebuild(request(now_ms, **locked), ())))
    other.close()
    # A value in the middle between two levels may round either way.
    difference = np.abs(cells.astype(int) - rebuilt.astype(int))
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 5


def test_a_batch_that_was_read_from_the_file_is_not_added_again(
    store: SqliteStore, picture: HeatPicture
) -> None:
    batch = store.write([event(NOW_MS - 60_000, 98_000.0, 2e4, OrderSide.BUY)])
    pending = list(zip(batch.row_ids, batch.events, strict=True))
    once = cells_of(whole(picture.rebuild(request(clip_usd=50_000.0), ()))).copy()
    again = cells_of(whole(picture.rebuild(request(clip_usd=50_000.0), pending)))
    assert np.array_equal(once, again)


def test_another_symbols_rows_are_not_in_the_picture(
    store: SqliteStore, picture: HeatPicture
) -> None:
    foreign = dataclasses.replace(
        event(NOW_MS - 60_000, 98_000.0, 1e6, OrderSide.BUY), symbol="ETHUSDT"
    )
    store.write([foreign])
    assert not cells_of(whole(picture.rebuild(request(), ()))).any()


def test_the_clip_holds_still_until_it_is_off_by_a_tenth(
    store: SqliteStore, picture: HeatPicture
) -> None:
    store.write(random_events(300, NOW_MS - 7_000_000, NOW_MS, seed=3))
    before = whole(picture.rebuild(request(), ())).meta["scale"]["clipUsd"]
    store.write([event(NOW_MS - 30_000, 98_000.0, 500.0, OrderSide.BUY)])
    assert whole(picture.rebuild(request(), ())).meta["scale"]["clipUsd"] == before
    other_decay = whole(picture.rebuild(request(decay="6h"), ())).meta["scale"]["clipUsd"]
    assert other_decay != before


def test_a_locked_scale_is_the_one_that_was_set(picture: HeatPicture) -> None:
    message = whole(picture.rebuild(request(clip_usd=123_456.0, normalization="log"), ()))
    assert message.meta["scale"]["clipUsd"] == 123_456.0
    assert message.meta["scale"]["mode"] == "log"


def test_a_restyle_reads_nothing(store: SqliteStore, picture: HeatPicture) -> None:
    store.write(random_events(50, NOW_MS - 7_000_000, NOW_MS, seed=4))
    before = cells_of(whole(picture.rebuild(request(), ()))).copy()
    store.write(random_events(50, NOW_MS - 7_000_000, NOW_MS, seed=5))
    restyled = cells_of(whole(picture.restyle(request(normalization="linear"), ())))
    # The linear level is the square of the square root's, up to the rounding of both.
    assert np.abs(restyled - 255 * (before / 255) ** 2).max() <= 1.5
    assert restyled.any()
    back = cells_of(whole(picture.restyle(request(), ())))
    assert np.array_equal(before, back)


def test_a_scrolled_back_window_ends_at_the_visible_edge(
    store: SqliteStore, picture: HeatPicture
) -> None:
    end_ms = NOW_MS - 5_000_000
    view = Viewport(97_000, 99_000, end_ms, 920, 500)
    store.write([event(NOW_MS - 60_000, 98_000.0, 1e6, OrderSide.BUY)])
    message = whole(picture.rebuild(request(viewport=view), ()))
    assert message.meta["endMs"] == end_ms
    assert not cells_of(message).any()
    batch = store.write([event(NOW_MS - 50_000, 98_000.0, 1e6, OrderSide.BUY)])
    pending = list(zip(batch.row_ids, batch.events, strict=True))
    update = picture.update(request(NOW_MS + 60_000, viewport=view), pending)
    assert update is None


def test_fits_while_the_view_stays_within_the_margins(picture: HeatPicture) -> None:
    picture.rebuild(request(), ())
    assert picture.fits(VIEW)
    assert picture.fits(Viewport(97_300, 99_300, None, 920, 500))
    assert not picture.fits(Viewport(98_000, 100_000, None, 920, 500))
    assert not picture.fits(Viewport(97_000, 99_000, NOW_MS - 1_000_000, 920, 500))
    assert not picture.fits(Viewport(97_900, 98_100, None, 920, 500))


def test_a_changed_tick_size_builds_anew(picture: HeatPicture) -> None:
    picture.rebuild(request(), ())
    changed = PictureRequest(VIEW, request().settings, Decimal("0.5"), NOW_MS, None)
    message = whole(picture.update(changed, ()))
    assert message.meta["binUsd"] % 0.5 == 0


def test_a_closed_picture_does_nothing(picture: HeatPicture) -> None:
    picture.close()
    assert picture.rebuild(request(), ()) is None
    assert picture.update(request(), ()) is None
    assert picture.restyle(request(), ()) is None


def covered(start_ms: int, end_ms: int, *, proven: bool = True) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven)


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([], [[0, 100, "gap"]]),
        ([covered(0, 100)], []),
        ([covered(10, 40), covered(60, 100)], [[0, 10, "gap"], [40, 60, "gap"]]),
        (
            [covered(0, 50, proven=False), covered(50, 90)],
            [[0, 50, "unproven"], [90, 100, "gap"]],
        ),
    ],
)
def test_what_is_not_covered_is_a_gap(
    intervals: list[CoverageInterval], expected: list[list[Any]]
) -> None:
    assert find_gaps(intervals, 0, 100) == expected


def test_the_newest_coverage_reaches_until_now_while_heartbeats_flow(
    store: SqliteStore, picture: HeatPicture
) -> None:
    store.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 900, proven=True)
    assert whole(picture.rebuild(request(), ())).meta["gaps"] == []
    blind = PictureRequest(VIEW, request().settings, TICK, NOW_MS + 20_000, None)
    update = picture.update(blind, ())
    assert update is not None
    assert update.meta["gaps"] == [[NOW_MS - 900, NOW_MS + 20_000, "gap"]]


def test_coverage_of_an_earlier_connection_is_not_stretched(
    store: SqliteStore, picture: HeatPicture
) -> None:
    store.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 3_600_000, proven=True)
    fresh = PictureRequest(
        VIEW, request().settings, TICK, NOW_MS, Heartbeats(NOW_MS - 3_000, NOW_MS - 1_000, 15_000)
    )
    gaps = whole(picture.rebuild(fresh, ())).meta["gaps"]
    assert gaps == [[NOW_MS - 3_600_000, NOW_MS, "gap"]]


def test_heartbeats_prove_no_further_than_to_the_next_one(
    store: SqliteStore, picture: HeatPicture
) -> None:
    store.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 60_000, proven=True)
    silent = PictureRequest(
        VIEW,
        request().settings,
        TICK,
        NOW_MS,
        Heartbeats(NOW_MS - 7_300_000, NOW_MS - 50_000, 15_000),
    )
    gaps = whole(picture.rebuild(silent, ())).meta["gaps"]
    assert gaps == [[NOW_MS - 40_000, NOW_MS, "gap"]]


def test_a_picture_of_another_view_never_slides_on_with_now(
    store: SqliteStore, picture: HeatPicture
) -> None:
    back = Viewport(97_000, 99_000, NOW_MS - 5_000_000, 920, 500)
    store.write([event(NOW_MS - 60_000, 98_000.0, 1e6, OrderSide.BUY)])
    picture.rebuild(request(viewport=back), ())
    assert not picture.fits(VIEW)
    # The chart has returned to now before the rebuild for it is made.
    assert picture.update(request(NOW_MS + 60_000), ()) is None
    assert not picture.fits(VIEW)
    assert cells_of(whole(picture.rebuild(request(NOW_MS + 60_000), ()))).any()


def test_the_colour_bar_says_what_the_levels_stand_for() -> None:
    assert colour_bar_labels(Scale("linear", 0.0, 260_000.0)) == [
        [0.0, "0"],
        [0.5, "130k"],
        [1.0, "\u2265260k USD"],
    ]
    assert colour_bar_labels(Scale("sqrt", 0.0, 1e6))[1] == [0.5, "250k"]
    assert colour_bar_labels(Scale("log", 100.0, 1e6)) == [
        [0.0, "100"],
        [0.5, "10k"],
        [1.0, "\u22651M USD"],
    ]


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "0"),
        (0.5, "0.5"),
        (949.0, "950"),
        (999.6, "1k"),
        (1_234.0, "1.2k"),
        (34_800.0, "35k"),
        (999_600.0, "1M"),
        (2_520_530.0, "2.5M"),
        (3.1e9, "3.1B"),
    ],
)
def test_amounts_have_two_significant_digits(usd: float, text: str) -> None:
    assert usd_text(usd) == text


def test_the_source_says_since_when_was_recorded(store: SqliteStore, picture: HeatPicture) -> None:
    assert "none recorded yet" in whole(picture.rebuild(request(), ())).meta["sourceText"]
    store.write([event(NOW_MS - 60_000, 98_000.0, 2e4, OrderSide.BUY)])
    words = whole(picture.rebuild(request(), ())).meta["sourceText"]
    assert "lower bound" in words
    assert "2024-12-05 00:59 UTC" in words


def test_coverage_that_lags_by_more_than_writing_explains_is_not_stretched(
    store: SqliteStore, picture: HeatPicture
) -> None:
    store.extend_coverage("BTCUSDT", NOW_MS - 7_300_000, NOW_MS - 1_200_000, proven=True)
    beats = Heartbeats(NOW_MS - 3_600_000, NOW_MS - 500, 15_000)
    odd = PictureRequest(VIEW, request().settings, TICK, NOW_MS, beats)
    gaps = whole(picture.rebuild(odd, ())).meta["gaps"]
    assert gaps == [[NOW_MS - 1_200_000, NOW_MS, "gap"]]
