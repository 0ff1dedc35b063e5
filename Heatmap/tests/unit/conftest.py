"""Fixtures of the tests of single parts: a database, and a picture of it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import Store
from Heatmap.tests.engines.stores import ENGINES, made_store
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import recorded_picture


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a database that is not there yet."""
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """Open a fresh database file for writing."""
    with SqliteStore(path, DataKind.LIVE) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give a store of each engine that is not there yet."""
    with made_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def writer(database: Store) -> Iterator[HandingWriter]:
    """Open a fresh store of each engine for writing."""
    with closing(HandingWriter(database)) as opened:
        yield opened


@pytest.fixture
def tape(writer: HandingWriter) -> EventTape:
    """Give the tape that the writer hands its batches to."""
    return writer.tape


@pytest.fixture
def picture(tape: EventTape) -> Iterator[HeatPicture]:
    """Give a picture of what is stored."""
    made = recorded_picture(tape)
    yield made
    made.close()
