"""Predicted levels over HTTP are what the service says, cell by cell."""

import asyncio
import base64
import math
from typing import Any

import numpy as np
import pytest

from Heatmap import HeatmapService
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PredictedLevels
from Heatmap.tests.served_market import MINUTES, Served

MINUTE_MS = 60_000


def same(found: object, expected: object) -> bool:
    return found == pytest.approx(expected, rel=1e-12)


async def _service_says(world: Served, at: int | None) -> tuple[list[PredictedLevels], list[Any]]:
    """Ask a service of its own, on the same database; its exchange is never there."""
    service = HeatmapService(
        db=world.database,
        clock=lambda: world.now_ms,
        ws_url="ws://127.0.0.1:1",
        rest_url="http://127.0.0.1:1",
    )
    await service.start()
    try:
        levels = [await service.levels("BTCUSDT", model, at) for model in LevelModel]
        return levels, [await service.clusters("BTCUSDT")]
    finally:
        await service.stop()


def sides(answer: dict[str, Any]) -> list[tuple[float, ...]]:
    return [
        (one["price_low"], one["price_high"], one["volume"], one["cumulative"], one["distance_pct"])
        for one in (*reversed(answer["long_liquidations"]), *answer["short_liquidations"])
    ]


def test_levels_and_clusters_are_what_the_service_says(world: Served) -> None:
    at = world.now_ms - 100 * MINUTE_MS
    for asked in (None, at):
        levels, (clusters,) = asyncio.run(_service_says(world, asked))
        for one in levels:
            parameters = {"model": one.model.value} | ({} if asked is None else {"at": asked})
            found = world.get("/liquidations/levels", **parameters)
            expected = sorted(one.levels, key=lambda level: (level.side, level.low_usd))
            assert len(expected) > 20
            says = [
                (x.low_usd, x.high_usd, x.expected_usd, x.cumulative_usd, x.distance_pct)
                for x in expected
            ]
            np.testing.assert_allclose(sides(found), says, rtol=1e-12)
            assert (found["current_price"], found["at"]) == (one.price_usd, asked or world.now_ms)
            assert found["coverage"]["share"] == 1.0
            assert found["lower_bound"] is True
            assert (found["score"] is None) == (one.score is None)
    answer = world.get("/liquidations/clusters")
    assert len(answer["clusters"]) == len(clusters) > 0
    for one, other in zip(answer["clusters"], clusters, strict=True):
        assert same(one["total_notional"], other.total_notional)
        assert (one["side"], one["liquidation_count"]) == (other.side, other.liquidation_count)
    assert answer["coverage"]["share"] == clusters.recorded_share


def test_a_leverage_keeps_what_its_positions_have(world: Served) -> None:
    whole = world.get("/liquidations/levels")
    part = world.get("/liquidations/levels", leverage=25)
    by_price = {one["price_low"]: one for one in part["long_liquidations"]}
    passed = 0.0
    for one in whole["long_liquidations"]:
        wanted = sum(x["volume"] for x in one["leverage"] if x["low"] <= 25 < x["high"])
        found = by_price.pop(one["price_low"], None)
        assert (found is None) == (wanted == 0)
        if found is not None:
            passed += wanted
            assert same([found["volume"], found["cumulative"]], [wanted, passed])
    assert not by_price
    assert passed > 0
    problem = world.problem("/liquidations/levels", 400, leverage=25, model="ensemble")
    assert (problem["parameter"], problem["allowed"]) == ("leverage", ["calibrated"])


@pytest.mark.parametrize(
    ("timeframe", "columns", "minutes"), [("1h", 60, 1), ("1d", 96, 15), ("30d", 90, 480)]
)
def test_cells_and_bytes_are_the_same_heat(
    world: Served, timeframe: str, columns: int, minutes: int
) -> None:
    cells = world.get("/liquidations/heatmap", timeframe=timeframe)
    packed = world.get("/liquidations/heatmap", timeframe=timeframe, format="bytes")
    n = cells["price"]["n"]
    grid = np.frombuffer(base64.b64decode(packed["data"]["base64"]), "<f4")
    grid = grid.reshape(packed["data"]["shape"])
    assert grid.shape == (n, columns)
    built = np.zeros((n, columns))
    time = cells["time"]
    assert (time["n"], time["step_s"]) == (columns, minutes * 60)
    for one in cells["data"]:
        column = (one["time"] - time["start"]) // (time["step_s"] * 1000)
        built[one["price_bucket"], column] = one["volume"]
        assert one["density"] == pytest.approx(
            one["volume"] / packed["data"]["usd_per_message"], abs=2e-6, rel=1e-3
        )
    np.testing.assert_allclose(built, grid, rtol=1e-6, atol=0.011)
    total = float(grid[:, -1].sum(dtype=np.float64))
    assert cells["metadata"]["total_liquidation_volume"] == pytest.approx(total, rel=1e-6)
    densest = math.log(cells["metadata"]["highest_density_price"] / cells["price"]["low"])
    assert int(densest / cells["price"]["step"]) == int(grid[:, -1].argmax())
    covered_ms = min(columns * minutes, MINUTES) * MINUTE_MS
    share = cells["metadata"]["data_quality_score"]
    span_ms = world.now_ms - time["start"]
    assert share == pytest.approx(covered_ms / span_ms, abs=minutes * MINUTE_MS * 1.2 / span_ms)


def test_models_agree_with_the_ensemble_as_far_as_their_levels_do(world: Served) -> None:
    found = world.get("/liquidations/compare-models")
    by_name = {one["name"]: one for one in found["models"]}
    assert set(by_name) == {one.value for one in LevelModel}
    assert by_name["ensemble"]["agreement"] == pytest.approx(1.0)
    for name, one in by_name.items():
        levels = world.get("/liquidations/levels", model=name)
        assert same(sum(x["volume"] for x in one["levels"]), sum(x[2] for x in sides(levels)))
        assert 0 < one["agreement"] <= 1.0000001
    assert 0 < by_name["binance_standard"]["agreement"] < by_name["calibrated"]["agreement"] < 1
    assert sum(found["ensemble"]["weights"].values()) == pytest.approx(1.0, abs=0.2)
