"""The simulated source beside a file of an earlier version's market: left as it is, and said so."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap import HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherMarketError
from Heatmap.standalone.exchange.history import seed_history
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.sources import Source, open_simulated
from Heatmap.storage.store import address_beside

NOW_MS = 1_795_176_034_567


def stored(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            *connection.execute("SELECT * FROM meta WHERE key IN ('market', 'kind') ORDER BY key"),
            *connection.execute("SELECT * FROM liq_events ORDER BY id"),
        ]


async def opened(db: Path, *, is_beside: bool) -> Source:
    source = await open_simulated(HeatmapSettings(), db, is_beside=is_beside)
    await source.close()
    return source


def test_another_markets_file_is_refused_where_it_was_named_and_left_alone_elsewhere(
    tmp_path: Path,
) -> None:
    db = tmp_path / "heatmap.sqlite3"
    beside = Path(address_beside(db, DataKind.SIMULATED))
    for path in (db, beside):
        seed_history(path, DataKind.SIMULATED, SimulatedMarket(3), NOW_MS, 3_600_000)
    with pytest.raises(OtherMarketError, match="seed 3"):
        asyncio.run(opened(db, is_beside=False))
    before = stored(beside)
    for _ in range(2):
        source = asyncio.run(opened(db, is_beside=True))
        assert source.service.database == beside.with_name(f"{beside.stem}-2{beside.suffix}")
        assert "seed 3" in source.notice
        assert source.notice.count("\n") == 0
        assert str(source.service.database) in source.notice
    assert stored(beside) == before
