"""A picture beside a recorder that is not this process's own: new rows, and a fresh file."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.model import DataKind, LiquidationEvent, OrderSide, StoredBatch, Viewport
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.storage.set_aside import set_aside
from Heatmap.storage.sqlite_store import SqliteStore

NOW_MS = 1_733_360_400_000
VIEW = Viewport(price_low=97_000, price_high=99_000, end_ms=None, width_px=920, height_px=500)


def event(ts_ms: int, notional: float = 20_000.0, price: float = 98_000.0) -> LiquidationEvent:
    qty = notional / price
    side = OrderSide.SELL
    return LiquidationEvent(
        ts_ms, "BTCUSDT", side, price, qty, notional, "BINANCE_USDM", price, qty, ts_ms, ts_ms, ""
    )


def request(now_ms: int = NOW_MS, view: Viewport = VIEW, **values: Any) -> PictureRequest:
    return PictureRequest(
        viewport=view,
        settings=HeatmapSettings(enabled=True, clip_usd=50_000.0),
        tick_size=Decimal("0.1"),
        now_ms=now_ms,
        heartbeats=None,
        **values,
    )


def pending(batch: StoredBatch) -> list[tuple[int, LiquidationEvent]]:
    return list(zip(batch.row_ids, batch.events, strict=True))


def cells(message: PictureMessage | None) -> np.ndarray:
    assert message is not None
    assert message.is_whole
    return np.frombuffer(message.cells, np.uint8).reshape(message.meta["rows"], -1)


def rebuilt(path: Path, asked: PictureRequest) -> np.ndarray:
    other = HeatPicture(path, "BTCUSDT")
    try:
        return cells(other.rebuild(asked, ()))
    finally:
        other.close()


def test_while_another_recorder_writes_new_rows_are_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(NOW_MS - 60_000)])
        picture = HeatPicture(path, "BTCUSDT")
        picture.rebuild(request(), ())
        store.write([event(NOW_MS - 50_000), event(NOW_MS - 40_000)])
        assert picture.update(request(reads_new_rows=True), ()) is not None
        # Read once, and not again.
        picture.update(request(reads_new_rows=True), ())
        assert np.array_equal(cells(picture.restyle(request(), ())), rebuilt(path, request()))
        picture.close()


def test_taking_over_leaves_out_nothing_and_adds_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(NOW_MS - 60_000)])
        picture = HeatPicture(path, "BTCUSDT")
        picture.rebuild(request(), ())
        # The other recorder's last rows, and this one's first: read, and handed over.
        store.write([event(NOW_MS - 50_000)])
        batch = store.write([event(NOW_MS - 40_000)])
        picture.update(request(reads_new_rows=True), pending(batch))
        after = store.write([event(NOW_MS - 30_000)])
        picture.update(request(), pending(after))
        assert np.array_equal(cells(picture.restyle(request(), ())), rebuilt(path, request()))
        picture.close()


def test_a_restyle_reads_the_new_rows_too(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        picture = HeatPicture(path, "BTCUSDT")
        picture.rebuild(request(), ())
        store.write([event(NOW_MS - 60_000)])
        restyled = cells(picture.restyle(request(reads_new_rows=True), ()))
        assert restyled.any()
        assert np.array_equal(restyled, rebuilt(path, request()))
        picture.close()


def test_a_scrolled_back_picture_takes_no_new_rows_from_beyond_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    view = Viewport(97_000, 99_000, NOW_MS - 5_000_000, 920, 500)
    with SqliteStore(path, DataKind.LIVE) as store:
        picture = HeatPicture(path, "BTCUSDT")
        picture.rebuild(request(view=view), ())
        store.write([event(NOW_MS - 60_000)])
        message = picture.update(request(view=view, reads_new_rows=True), ())
        # The source line alone: there is something recorded now.
        assert message is not None
        assert message.meta["cols"] == 0
        assert "recorded since" in message.meta["sourceText"]
        assert picture.update(request(view=view, reads_new_rows=True), ()) is None
        picture.close()


def test_a_fresh_file_in_the_place_of_a_damaged_one_is_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(NOW_MS - 60_000 + number) for number in range(50)])
    picture = HeatPicture(path, "BTCUSDT")
    assert cells(picture.rebuild(request(), ())).any()
    set_aside(path)
    with SqliteStore(path, DataKind.LIVE) as store:
        assert not cells(picture.update(request(), ())).any()
        batch = store.write([event(NOW_MS - 30_000)])
        picture.update(request(), pending(batch))
        assert np.array_equal(cells(picture.restyle(request(), ())), rebuilt(path, request()))
        picture.close()
