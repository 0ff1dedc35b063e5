"""A request that cannot be answered is told why, and what is allowed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.storage.store import open_store
from Heatmap.tests.served_market import Served, served_database
from Heatmap.tests.unit.stored_events import event

NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    ("path", "parameters", "name"),
    [
        ("/liquidations/levels", {"model": "best"}, "model"),
        ("/liquidations/levels", {"at": "yesterday"}, "at"),
        ("/liquidations/levels", {"at": "-1"}, "at"),
        ("/liquidations/levels", {"at": "1790000000000\0"}, "at"),
        ("/liquidations/levels", {"at": "2026-11-05T01:00:00Z\0"}, "at"),
        ("/liquidations/levels", {"leverage": "nan"}, "leverage"),
        ("/liquidations/levels", {"symbol": "a b"}, "symbol"),
        ("/liquidations/heatmap", {"timeframe": "2d"}, "timeframe"),
        ("/liquidations/history", {"start": "2026-01-02", "end": "2026-01-01"}, "start"),
        ("/liquidations/history", {"aggregate": "true", "start": "0", "bucket_s": "60"}, "start"),
        ("/liquidations/history", {"simbol": "BTCUSDT"}, "simbol"),
        ("/coverage", {"start": "9" * 5_000}, "start"),
        ("/candles", {"interval": "7m"}, "interval"),
        ("/candles", {"start": "2000-01-01T00:00:00Z"}, "start"),
        ("/margin/liquidation-price", {"entry": "1", "leverage": "2"}, "side"),
        ("/stream", {"topics": "all"}, "topics"),
        ("/stream", {"after_id": "simulated-1"}, "after_id"),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_allowed(
    world: Served, path: str, parameters: dict[str, str], name: str
) -> None:
    problem = world.problem(path, 400, **parameters)
    assert problem["parameter"] == name
    assert name in problem["detail"]


def test_a_choice_names_all_its_values(world: Served) -> None:
    problem = world.problem("/liquidations/heatmap", 400, timeframe="2d")
    assert problem["allowed"] == ["1h", "4h", "12h", "1d", "7d", "30d"]
    world.problem("/liquidations/nowhere", 404)
    answer = world.client.post("/health")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["allowed"] == ["GET", "HEAD"]


def test_a_time_may_be_written_in_several_ways(world: Served) -> None:
    at = world.now_ms // 1000 * 1000 - 7_200_000
    texts = [str(at), *_written(at)]
    answers = [world.get("/coverage", start=text)["start"] for text in texts]
    assert answers == [at] * len(texts)


def _written(at_ms: int) -> list[str]:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    east = moment.astimezone(timezone(timedelta(hours=5)))
    plain = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return [plain, f"{plain}Z", east.isoformat()]


def test_without_a_candle_there_is_no_price_and_no_number_in_its_place(tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite3"
    with closing(open_store(database).open_writer(DataKind.LIVE)) as sink:
        sink.write([event(NOW_MS - 1_000, "ETHUSDT")])
    with served_database(database, NOW_MS) as served:
        for path in ("levels", "heatmap", "compare-models"):
            problem = served.problem(f"/liquidations/{path}", 503, symbol="ETHUSDT")
            assert "ETHUSDT" in problem["detail"]
        clusters = served.get("/liquidations/clusters", symbol="ETHUSDT")
        assert clusters["clusters"] == []
        # What is not there comes from nowhere.
        assert (clusters["current_price"], clusters["price_source"]) == (None, None)


def test_a_time_before_all_candles_is_not_said_to_have_no_candles_at_all(world: Served) -> None:
    for path in ("levels", "compare-models"):
        problem = world.problem(f"/liquidations/{path}", 503, at="2020-01-15")
        assert "2020-01-15T00:00:00Z" in problem["detail"]


def test_what_would_be_of_a_time_that_has_not_come_is_refused(world: Served) -> None:
    for path in ("levels", "compare-models"):
        # Other machines' clocks may be ahead of this one.
        world.get(f"/liquidations/{path}", at=world.now_ms + 30_000)
        problem = world.problem(f"/liquidations/{path}", 400, at=world.now_ms + 120_000)
        assert (problem["parameter"], "future" in problem["detail"]) == ("at", True)


def test_nothing_is_computed_for_a_symbol_that_nobody_records(world: Served) -> None:
    for path in ("levels", "heatmap", "compare-models", "clusters"):
        problem = world.problem(f"/liquidations/{path}", 400, symbol="MADEUPUSDT")
        assert (problem["parameter"], problem["allowed"]) == ("symbol", ["BTCUSDT"])
        assert "MADEUPUSDT" in problem["detail"]


def test_a_database_that_is_not_there_is_a_problem_and_health_says_degraded(tmp_path: Path) -> None:
    with served_database(tmp_path / "none.sqlite3", NOW_MS) as served:
        for path in ("/liquidations/levels", "/liquidations/history", "/coverage", "/stream"):
            assert "none.sqlite3" in served.problem(path, 503)["detail"]
        health = served.get("/health")
        assert (health["status"], health["recorder"]["role"]) == ("degraded", "stopped")
        nothing = {"datasets": [], "days": 0, "last_day": None, "note": None}
        assert health["history"] == nothing
