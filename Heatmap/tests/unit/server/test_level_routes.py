"""Predicted levels over HTTP are what the service says, cell by cell."""

import asyncio
import base64
import math
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.candles import Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PredictedLevels
from Heatmap.server.routes import level_routes
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.served_market import MINUTES, Served, served_database
from Heatmap.tests.stored_market import made_candles, store_market

MINUTE_MS = 60_000
LOOKBACK_MINUTES = HeatmapSettings().candle_retention_ms // MINUTE_MS


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
            # To the last digit what is stored.
            closes = "SELECT close FROM candles_1m WHERE open_ms = ?"
            stored = world.query(closes, found["price_at"] - MINUTE_MS)
            assert [(found["current_price"],)] == stored
            # Measured against all that the model asks for, of which hours are there.
            minutes = MINUTES if asked is None else MINUTES - 100
            assert same(found["coverage"]["share"], minutes / LOOKBACK_MINUTES)
            (gap,) = found["coverage"]["gaps"]
            assert gap["end"] - gap["start"] == (LOOKBACK_MINUTES - minutes) * MINUTE_MS
            assert (found["lower_bound"], found["kind"]) == (True, "live")
            assert found["is_provisional"] == one.is_provisional
            assert [x["kind"] for x in found["notes"]] == [x.kind.value for x in one.notes]
            assert (found["score"] is None) == (one.score is None)
    answer = world.get("/liquidations/clusters")
    assert len(answer["clusters"]) == len(clusters) > 0
    for one, other in zip(answer["clusters"], clusters, strict=True):
        plain = asdict(other)
        assert one.pop("strength") == pytest.approx(plain.pop("strength"), rel=1e-6)
        assert one == plain
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
            # And no part that other positions have.
            parts = found["leverage"]
            assert same([sum(x["volume"] for x in parts)], [wanted])
            assert all(x["low"] <= 25 < x["high"] for x in parts)
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
    # Of the candles that the model asks for, not only of those in sight.
    assert same(cells["metadata"]["data_quality_score"], MINUTES / LOOKBACK_MINUTES)
    assert same(cells["coverage"]["share"], MINUTES / LOOKBACK_MINUTES)
    known_ms = [
        time["start"] + k * minutes * MINUTE_MS for k, one in enumerate(time["known"]) if one
    ]
    begin_ms = world.now_ms - (MINUTES + 1) * MINUTE_MS
    assert min(known_ms) > max(begin_ms, time["start"]) - 2 * minutes * MINUTE_MS


@pytest.mark.parametrize("model", list(LevelModel))
def test_the_newest_column_is_what_the_levels_say(world: Served, model: LevelModel) -> None:
    heat = world.get("/liquidations/heatmap", model=model.value, timeframe="1h", format="bytes")
    levels = world.get("/liquidations/levels", model=model.value)
    grid = np.frombuffer(base64.b64decode(heat["data"]["base64"]), "<f4")
    newest = grid.reshape(heat["data"]["shape"])[:, -1].astype(float)
    price = heat["price"]
    stand = np.zeros(price["n"])
    for one in (*levels["long_liquidations"], *levels["short_liquidations"]):
        stand[round(math.log(one["price_low"] / price["low"]) / price["step"])] += one["volume"]
    # What the newest minute has touched, the ensemble's columns leave out.
    last = world.get("/candles", interval="1m")["candles"][-1]
    edges = price["low"] * np.exp(price["step"] * np.arange(price["n"] + 1))
    is_touched = (edges[1:] > last["low"] * 0.999) & (edges[:-1] < last["high"] * 1.001)
    if model is LevelModel.ENSEMBLE:
        newest, stand = newest[~is_touched], stand[~is_touched]
    # The bins of the calibrated one exchange a little, as its picture does.
    loose = model is LevelModel.CALIBRATED
    np.testing.assert_allclose(newest, stand, rtol=1e-5, atol=0.03 * stand.max() if loose else 0.6)
    assert newest.sum() == pytest.approx(stand.sum(), rel=0.01 if loose else 1e-4)
    assert heat["current_price"] == levels["current_price"]


def test_older_candles_are_in_the_next_answer(tmp_path: Path) -> None:
    # All ends at the same minute, as while a start fetches backwards from now.
    candles = made_candles(300)
    database = tmp_path / "x.sqlite3"
    store_market(database, candles[200:], [])
    with served_database(database, candles[-1].open_ms + 65_000) as served:
        paths = ("/liquidations/levels", "/liquidations/heatmap", "/liquidations/compare-models")
        before = [served.get(path) for path in paths]
        assert all(same(one["coverage"]["share"], 100 / LOOKBACK_MINUTES) for one in before)
        span = (candles[0].open_ms, candles[199].open_ms + MINUTE_MS)
        with closing(open_store(database).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
            writer.save_fetched("BTCUSDT", Fetched(Series.CANDLES, candles[:200], (span,)))
        for path, first in zip(paths, before, strict=True):
            eventually(lambda path=path: same(share_of(served, path), 300 / LOOKBACK_MINUTES))
            assert _amounts(served.get(path)) > _amounts(first)


def test_models_that_are_ready_are_compared_while_others_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(level_routes, "COMPARE_WAIT_S", 0.05)
    candles = made_candles(60)
    store_market(tmp_path / "x.sqlite3", candles, [])
    with served_database(tmp_path / "x.sqlite3", candles[-1].open_ms + 65_000) as served:
        levels = served.get("/liquidations/levels")
        others = [one.value for one in LevelModel if one is not LevelModel.CALIBRATED]
        # As long as nothing can be computed, as while the machine is busy.
        with served.service.shared.levels._work:
            first = served.get("/liquidations/compare-models")
        (ready,) = first["models"]
        assert (ready["name"], ready["agreement"], first["pending"]) == ("calibrated", None, others)
        assert len(ready["levels"]) == len(sides(levels)) > 0

        def is_whole() -> bool:
            found = served.get("/liquidations/compare-models")
            return not found["pending"] and len(found["models"]) == len(LevelModel)

        eventually(is_whole)


def share_of(served: Served, path: str) -> float:
    return float(served.get(path)["coverage"]["share"])


def _amounts(answer: dict[str, Any]) -> float:
    """Return the sum of all levels that an answer has."""
    if "models" in answer:
        return float(sum(x["volume"] for one in answer["models"] for x in one["levels"]))
    if "metadata" in answer:
        return float(answer["metadata"]["total_liquidation_volume"])
    return float(sum(one[2] for one in sides(answer)))


def test_models_agree_with_the_ensemble_as_far_as_their_levels_do(world: Served) -> None:
    found = world.get("/liquidations/compare-models")
    by_name = {one["name"]: one for one in found["models"]}
    assert set(by_name) == {one.value for one in LevelModel}
    assert by_name["ensemble"]["agreement"] == pytest.approx(1.0)
    parts = {}
    for name, one in by_name.items():
        levels = world.get("/liquidations/levels", model=name)
        expected = [x[:3] for x in sides(levels)]
        lies = sorted(one["levels"], key=lambda x: (x["side"], x["price_low"]))
        mine = [(x["price_low"], x["price_high"], x["volume"]) for x in lies]
        np.testing.assert_allclose(mine, expected, rtol=1e-12)
        total = sum(x[2] for x in expected)
        parts[name] = {(x["side"], round(x["price_low"], 3)): x["volume"] / total for x in lies}
        assert (one["score"], one["unit"]) == (levels["score"], levels["unit"])
    for name, one in by_name.items():
        shared = [min(x, parts["ensemble"].get(place, 0)) for place, x in parts[name].items()]
        assert one["agreement"] == pytest.approx(sum(shared), rel=1e-9)
    assert 0 < by_name["binance_standard"]["agreement"] < by_name["calibrated"]["agreement"] < 1
    assert sum(found["ensemble"]["weights"].values()) == pytest.approx(1.0, abs=0.2)
