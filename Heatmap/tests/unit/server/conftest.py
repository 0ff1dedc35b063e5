"""A market that is served, once for all tests of the server."""

from collections.abc import Iterator

import pytest

from Heatmap.tests.left_behind import own_threads, still_running
from Heatmap.tests.served_market import Served, served_market


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a recorded market; in the end no thread may be left."""
    before = set(own_threads())
    with served_market(tmp_path_factory.mktemp("served")) as served:
        yield served
    assert still_running(set(own_threads()) - before) == []
