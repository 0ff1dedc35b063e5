"""A picture beside a recorder that is not this process's own: new rows, and a fresh file."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.storage.sqlite.event_reader import EventReader, EventWindow
from Heatmap.storage.sqlite.set_aside import set_aside
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.picture_requests import (
    NOW_MS,
    VIEW,
    cells_of,
    event,
    pending_of,
    rebuilt,
    request,
    whole,
)


def sold(ts_ms: int) -> LiquidationEvent:
    return event(ts_ms, 98_000.0, 20_000.0, Liquidated.LONG)


def asked(viewport: Viewport = VIEW, **values: Any) -> PictureRequest:
    """Ask as beside another process's recorder: its heartbeats are not known here."""
    settled = request(viewport=viewport, clip_usd=50_000.0)
    return replace(settled, heartbeats=None, **values)


def cells(message: PictureMessage | None) -> np.ndarray:
    return cells_of(whole(message))


def test_while_another_recorder_writes_new_rows_are_read_from_the_file(
    path: Path, store: SqliteStore, picture: HeatPicture
) -> None:
    store.write([sold(NOW_MS - 60_000)])
    picture.rebuild(asked(), ())
    store.write([sold(NOW_MS - 50_000), sold(NOW_MS - 40_000)])
    assert picture.update(asked(reads_new_rows=True), ()) is not None
    # Read once, and not again.
    picture.update(asked(reads_new_rows=True), ())
    assert np.array_equal(cells(picture.restyle(asked(), ())), cells(rebuilt(path, asked())))


def test_taking_over_leaves_out_nothing_and_adds_nothing_twice(
    path: Path, store: SqliteStore, picture: HeatPicture
) -> None:
    store.write([sold(NOW_MS - 60_000)])
    picture.rebuild(asked(), ())
    # The other recorder's last rows, and this one's first: read, and handed over.
    store.write([sold(NOW_MS - 50_000)])
    batch = store.write([sold(NOW_MS - 40_000)])
    picture.update(asked(reads_new_rows=True), pending_of(batch))
    after = store.write([sold(NOW_MS - 30_000)])
    picture.update(asked(), pending_of(after))
    assert np.array_equal(cells(picture.restyle(asked(), ())), cells(rebuilt(path, asked())))


def test_a_restyle_reads_the_new_rows_too(
    path: Path, store: SqliteStore, picture: HeatPicture
) -> None:
    picture.rebuild(asked(), ())
    store.write([sold(NOW_MS - 60_000)])
    restyled = cells(picture.restyle(asked(reads_new_rows=True), ()))
    assert restyled.any()
    assert np.array_equal(restyled, cells(rebuilt(path, asked())))


def test_a_scrolled_back_picture_takes_no_new_rows_from_beyond_its_end(
    store: SqliteStore, picture: HeatPicture
) -> None:
    view = Viewport(97_000, 99_000, NOW_MS - 5_000_000, 920, 500)
    picture.rebuild(asked(view), ())
    store.write([sold(NOW_MS - 60_000)])
    message = picture.update(asked(view, reads_new_rows=True), ())
    # The source line alone: there is something recorded now.
    assert message is not None
    assert message.meta["cols"] == 0
    assert "recorded since" in message.meta["sourceText"]
    assert picture.update(asked(view, reads_new_rows=True), ()) is None


def test_a_picture_that_is_closed_amidst_its_work_closes_the_file_after_it(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([sold(NOW_MS - 60_000)])
    picture = HeatPicture(path, "BTCUSDT")
    read_window = EventReader.read_window
    readers: list[EventReader] = []

    def close_and_read(reader: EventReader, *words: Any) -> EventWindow:
        # In the same thread, as the garbage collector may.
        picture.close()
        readers.append(reader)
        return read_window(reader, *words)

    monkeypatch.setattr(EventReader, "read_window", close_and_read)
    assert cells(picture.rebuild(asked(), ())).any()
    assert picture.rebuild(asked(), ()) is None
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        readers[0].first_event_ms("BTCUSDT")


def test_a_fresh_file_in_the_place_of_a_damaged_one_is_built_anew(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([sold(NOW_MS - 60_000 + number) for number in range(50)])
    picture = HeatPicture(path, "BTCUSDT")
    assert cells(picture.rebuild(asked(), ())).any()
    set_aside(path)
    with SqliteStore(path, DataKind.LIVE) as store:
        assert not cells(picture.update(asked(), ())).any()
        batch = store.write([sold(NOW_MS - 30_000)])
        picture.update(asked(), pending_of(batch))
        assert np.array_equal(cells(picture.restyle(asked(), ())), cells(rebuilt(path, asked())))
        picture.close()
