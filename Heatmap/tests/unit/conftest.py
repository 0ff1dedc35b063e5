"""Fixtures of the tests of single parts: a database, and a picture of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.sqlite_store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a database that is not there yet."""
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """Open a fresh database for writing."""
    with SqliteStore(path, DataKind.LIVE) as opened:
        yield opened


@pytest.fixture
def picture(path: Path, store: SqliteStore) -> Iterator[HeatPicture]:
    """Give a picture of what the store holds."""
    assert store is not None  # the file is there before a picture reads it
    made = HeatPicture(path, "BTCUSDT")
    yield made
    made.close()
