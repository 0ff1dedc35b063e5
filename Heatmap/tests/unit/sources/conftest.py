"""What tests of heat sources share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Heatmap.tests.unit.sources.drawn_levels import ALL, COUNT, Drawn


@pytest.fixture
def drawn(tmp_path: Path) -> Iterator[Drawn]:
    made = Drawn(tmp_path / "heatmap.sqlite3", ALL[:COUNT])
    yield made
    made.picture.close()
