"""Whose candles a replay has reaches the dollars of its levels, also in the command."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from Heatmap import HeatmapSettings, PredictedLevels
from Heatmap.__main__ import main
from Heatmap.domain.candles import DAY_MS, MINUTE_MS
from Heatmap.errors import OtherMarketError
from Heatmap.levels.yields import SPOT_OVER_FUTURES
from Heatmap.standalone.exchange.recording import parse_time
from Heatmap.standalone.sources import load_market, open_replay

START_MS = parse_time("2024-12-05T01:00:00Z")
AT_MS = START_MS - 10 * MINUTE_MS
FILES = (
    "forceorder_btcusdt_2024-12-04_06.jsonl",
    "klines_1m_btcusdt_spot_2024-12-03_07.csv",
)


async def replayed_levels(files: list[Path], db: Path, candles_market: str) -> PredictedLevels:
    """Replay until all candles were fetched, and return what a service says stands."""
    market = load_market(*files, START_MS, candles_market=candles_market)
    settings = HeatmapSettings(candle_retention_days=2)
    source = await open_replay(
        settings, db, market=market, start_ms=START_MS, speed=1.0, duration_s=None
    )
    try:
        source.begin()
        async with asyncio.timeout(30):
            while True:
                levels = await source.service.levels(market.symbol, at=AT_MS)
                if levels.candles >= (AT_MS - START_MS + 2 * DAY_MS) // MINUTE_MS - 1:
                    return levels
                await asyncio.sleep(0.05)
    finally:
        await source.close()


def test_dollars_are_scaled_by_whose_candles_they_are(
    tmp_path: Path, shared_data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [shared_data(name) for name in FILES]
    usd, shown = {}, {}
    for name in ("futures", "spot"):
        db = tmp_path / f"{name}.sqlite3"
        levels = asyncio.run(replayed_levels(files, db, name))
        usd[name] = sum(one.expected_usd for one in levels.levels)
        # Of the shipped yields the dollars are those of spot volume.
        assert levels.is_provisional == (name == "futures")
        words = ("show", "--db", str(db), "--json", "--at", "2024-12-05T00:50:00Z", "--rows", "0")
        assert main(["levels", *words]) == 0
        told = json.loads(capsys.readouterr().out)
        shown[name] = sum(one["expected_usd"] for one in told["levels"])
        assert told["is_provisional"] == levels.is_provisional
        assert main(["status", "--db", str(db)]) == 0
        assert json.loads(capsys.readouterr().out)["market"] == {"name": "", "candles": name}
    assert usd["futures"] == pytest.approx(usd["spot"] * SPOT_OVER_FUTURES, rel=1e-3)
    assert shown["futures"] == pytest.approx(shown["spot"] * SPOT_OVER_FUTURES, rel=1e-3)
    # The other's candles are not mixed in.
    with pytest.raises(OtherMarketError, match=r"candles of spot.*expected.*candles of futures"):
        asyncio.run(replayed_levels(files, tmp_path / "spot.sqlite3", "futures"))
