"""Fixtures of what every storage engine must do: a store of each, open for writing and reading."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind
from Heatmap.storage.store import Store, StoreReader


@pytest.fixture
def sink(database: Store) -> Iterator[EventSink]:
    """Open a fresh store for writing."""
    with closing(database.open_writer(DataKind.LIVE)) as opened:
        yield opened


@pytest.fixture
def reader(database: Store, sink: EventSink) -> Iterator[StoreReader]:
    """Open the store that is written for reading."""
    assert sink is not None
    with closing(database.open_reader()) as opened:
        yield opened
