"""A picture beside a recorder that is not this process's own: new rows, and a fresh store."""

import sqlite3
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import StorageError
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.storage.store import Store, StoreReader
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import (
    NOW_MS,
    VIEW,
    cells_of,
    event,
    rebuilt,
    recorded_picture,
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


def test_while_another_recorder_writes_new_rows_are_read_from_the_store(
    database: Store, writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.is_standby = True
    writer.write([sold(NOW_MS - 60_000)])
    picture.rebuild(asked())
    writer.write([sold(NOW_MS - 50_000), sold(NOW_MS - 40_000)])
    assert picture.has_news()
    assert picture.update(asked()) is not None
    # Read once, and not again.
    picture.update(asked())
    assert np.array_equal(cells(picture.restyle(asked())), cells(rebuilt(database, asked())))


def test_taking_over_leaves_out_nothing_and_adds_nothing_twice(
    database: Store, writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.is_standby = True
    writer.write([sold(NOW_MS - 60_000)])
    picture.rebuild(asked())
    # The other recorder's last rows, and this one's first: read, and handed over.
    writer.write([sold(NOW_MS - 50_000)])
    writer.tape.add_batch(writer.write([sold(NOW_MS - 40_000)]))
    picture.update(asked())
    writer.is_standby = False
    writer.write([sold(NOW_MS - 30_000)])
    picture.update(asked())
    assert np.array_equal(cells(picture.restyle(asked())), cells(rebuilt(database, asked())))


def test_a_restyle_reads_the_new_rows_too(
    database: Store, writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.is_standby = True
    picture.rebuild(asked())
    writer.write([sold(NOW_MS - 60_000)])
    restyled = cells(picture.restyle(asked()))
    assert restyled.any()
    assert np.array_equal(restyled, cells(rebuilt(database, asked())))


@pytest.mark.parametrize("is_standby", [True, False], ids=["read", "handed over"])
def test_a_scrolled_back_picture_takes_no_new_rows_from_beyond_its_end(
    is_standby: bool, writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.is_standby = is_standby
    view = Viewport(97_000, 99_000, NOW_MS - 5_000_000, 920, 500)
    picture.rebuild(asked(view))
    writer.write([sold(NOW_MS - 60_000)])
    message = picture.update(asked(view))
    # The source line alone: there is something recorded now.
    assert message is not None
    assert message.meta["cols"] == 0
    assert "recorded since" in message.meta["sourceText"]
    assert picture.update(asked(view)) is None


def test_lost_batches_are_read(
    database: Store, writer: HandingWriter, picture: HeatPicture
) -> None:
    picture.rebuild(asked())
    writer.write_silently([sold(NOW_MS - 60_000)])
    assert not picture.has_news()
    writer.tape.lose_batches()
    assert picture.has_news()
    assert picture.update(asked()) is not None
    restyled = cells(picture.restyle(asked()))
    assert restyled.any()
    assert np.array_equal(restyled, cells(rebuilt(database, asked())))


def test_a_picture_that_is_closed_amidst_its_work_closes_the_store_after_it(
    writer: HandingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write([sold(NOW_MS - 60_000)])
    picture = recorded_picture(writer.tape)
    readers: list[StoreReader] = []
    open_reader = writer.database.open_reader

    def open_and_close() -> StoreReader:
        # In the same thread, as the garbage collector may.
        picture.close()
        readers.append(open_reader())
        return readers[-1]

    monkeypatch.setattr(writer.database, "open_reader", open_and_close)
    assert cells(picture.rebuild(asked())).any()
    assert picture.rebuild(asked()) is None
    for reader in readers:
        with pytest.raises((sqlite3.ProgrammingError, StorageError), match="closed"):
            reader.first_event_ms("BTCUSDT")


def test_a_fresh_store_in_the_place_of_a_damaged_one_is_built_anew(
    database: Store, writer: HandingWriter, picture: HeatPicture
) -> None:
    writer.write([sold(NOW_MS - 60_000 + number) for number in range(50)])
    assert cells(picture.rebuild(asked())).any()
    writer.close()
    take_away(database)
    writer.reopen()
    assert not cells(picture.update(asked())).any()
    writer.write([sold(NOW_MS - 30_000)])
    picture.update(asked())
    assert np.array_equal(cells(picture.restyle(asked())), cells(rebuilt(database, asked())))
