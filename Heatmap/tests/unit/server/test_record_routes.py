"""What was recorded is what plain SQL finds, and no data is not zero."""

import json
import math
from contextlib import closing
from datetime import datetime
from importlib import resources
from typing import Any

import pytest

from Heatmap.aggregation.longer_candles import longer_candles
from Heatmap.domain.candles import Series
from Heatmap.server.parameters import DAY_MS
from Heatmap.storage.level_arrays import candle_array
from Heatmap.storage.store import open_store
from Heatmap.tests.served_market import Served

MINUTE_MS = 60_000


def same(found: object, expected: object) -> bool:
    return found == pytest.approx(expected, rel=1e-12)


def test_records_are_the_rows_and_pages_go_through_all_of_them(world: Served) -> None:
    start, end = world.now_ms - DAY_MS // 2, world.now_ms - MINUTE_MS
    rows = world.query(
        "SELECT id, ts_ms, side, price, qty, notional, limit_price FROM liq_events "
        "WHERE ts_ms >= ? AND ts_ms < ? ORDER BY id",
        start,
        end,
    )
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = world.get("/liquidations/history", start=start, end=end, after_id=after, limit=700)
        found += page["records"]
        after = page["next"]
    assert len(rows) > 1_000
    sold = {"long": "SELL", "short": "BUY"}
    names = ("id", "timestamp", "side", "price", "quantity", "volume", "limit_price")
    assert [tuple(sold.get(x[n], x[n]) for n in names) for x in found] == rows


def test_buckets_add_up_what_plain_sql_does(world: Served) -> None:
    start, end = world.now_ms - 5 * 3_600_000, world.now_ms - 90_000
    found = world.get("/liquidations/history", aggregate=True, start=start, end=end, bucket_s=900)
    rows = world.query(
        "SELECT ts_ms / 900000 * 900000, side, sum(notional), count(*) FROM liq_events "
        "WHERE ts_ms >= ? AND ts_ms < ? GROUP BY 1, 2",
        start,
        end,
    )
    sides = {"SELL": "long", "BUY": "short"}
    expected = {(begin, sides[side]): (usd, count) for begin, side, usd, count in rows}
    assert len(found["buckets"]) == 2 * 21
    for one in found["buckets"]:
        usd, count = expected.pop((one["timestamp"], one["side"]), (0.0, 0))
        assert same(one["volume"], usd)
        assert one["count"] == count
        assert one["covered"] == 1.0
    assert not expected


def test_what_was_not_recorded_is_not_zero(world: Served) -> None:
    found = world.get("/liquidations/history", aggregate=True, symbol="ETHUSDT")
    assert {(one["volume"], one["count"]) for one in found["buckets"]} == {(None, None)}
    assert found["coverage"]["share"] == 0.0
    assert found["gaps"] == [{"start": found["start"], "end": found["end"], "kind": "gap"}]


def test_coverage_is_what_is_stored_and_its_gaps_the_rest(world: Served) -> None:
    (row,) = world.query("SELECT start_ms, end_ms FROM coverage")
    start, end = row[0] - 1_000, world.now_ms
    found = world.get("/coverage", start=start, end=end)
    assert [(x["start"], x["end"], x["proven"]) for x in found["intervals"]] == [(*row, True)]
    gaps = [(x["start"], x["end"]) for x in found["coverage"]["gaps"]]
    assert gaps == [(start, row[0]), (row[1], end)]
    assert same(found["coverage"]["share"], (row[1] - row[0]) / (end - start))


def test_candles_are_those_that_were_fetched(world: Served) -> None:
    found = world.get("/candles", interval="15m")
    with closing(open_store(world.database).open_reader()) as reader:
        minutes = reader.read_candles("BTCUSDT", 0, world.now_ms, candle_array)
        spans = reader.fetched_spans("BTCUSDT", Series.CANDLES)
    expected = longer_candles(minutes, spans, 15 * MINUTE_MS)
    assert [x["timestamp"] for x in found["candles"]] == expected["open_ms"].tolist()
    columns = {"volume": "quote_volume", "taker_buy_volume": "taker_buy_quote"}
    for name in ("open", "high", "low", "close", *columns):
        column = columns.get(name, name)
        assert same([x[name] for x in found["candles"]], expected[column].tolist())


def test_margin_is_the_formula_with_the_brackets_in_force(world: Served) -> None:
    brackets = world.get("/brackets")["brackets"]
    found = world.get(
        "/margin/liquidation-price", side="long", entry=100_000, leverage=20, quantity=2
    )
    # LP = (W + c - q E) / (q (m - 1)) with the bracket that holds q LP.
    first = next(x for x in brackets if found["liquidation_price"] * 2 <= (x["cap"] or math.inf))
    expected = (10_000 + first["amount"] - 200_000) / (2 * (first["rate"] - 1))
    assert same(found["liquidation_price"], expected)
    assert (found["margin"], found["notional"]) == (10_000, 200_000)
    assert same(found["bankruptcy_price"], 95_000)
    assert same(found["distance_pct"], 100 - found["liquidation_price"] / 1_000)
    held = next(x for x in brackets if found["notional"] <= (x["cap"] or math.inf))
    assert same(found["maintenance_margin"], 200_000 * held["rate"] - held["amount"])
    assert found["highest_leverage"] == held["highest_leverage"]
    unlevered = world.get("/margin/liquidation-price", side="long", entry=100, leverage=1)
    assert (unlevered["liquidation_price"], unlevered["distance_pct"]) == (None, None)
    problem = world.problem(
        "/margin/liquidation-price", 400, side="long", entry=1e6, leverage=125, quantity=1_000
    )
    assert problem["parameter"] == "leverage"


def test_brackets_are_the_shipped_file_and_say_which_leverage_is_allowed(world: Served) -> None:
    file = resources.files("Heatmap.levels").joinpath("tables", "brackets.json")
    tables = json.loads(file.read_text(encoding="utf-8"))["symbols"]["BTCUSDT"]
    for table in tables:
        at = int(datetime.fromisoformat(f"{table['valid_from']}T00:00:00Z").timestamp() * 1_000)
        found = world.get("/brackets", at=at)
        rows = [(x["cap"], x["rate"], x["highest_leverage"]) for x in found["brackets"]]
        assert rows == [(x["cap_usd"], x["rate"], x["max_leverage"]) for x in table["brackets"]]
        assert (found["valid_from"], found["source"]) == (at, table["source"])
        # What it allows is allowed, and not a bit more.
        asked = {"side": "short", "entry": 100_000, "quantity": 0.001, "at": at}
        most = rows[0][2]
        made = world.get("/margin/liquidation-price", leverage=most, **asked)
        assert made["highest_leverage"] == most
        problem = world.problem("/margin/liquidation-price", 400, leverage=most + 1, **asked)
        assert problem["parameter"] == "leverage"
    highest = max(one["brackets"][0]["max_leverage"] for one in tables)
    for path in ("/margin/liquidation-price", "/liquidations/levels"):
        operation = world.get("/openapi.json")["paths"][path]["get"]
        (schema,) = (x["schema"] for x in operation["parameters"] if x["name"] == "leverage")
        limits = schema.get("anyOf", [schema])
        assert [one["maximum"] for one in limits if "maximum" in one] == [highest]


def test_health_names_the_newest_liquidation_and_what_the_models_were_fitted_to(
    world: Served,
) -> None:
    found = world.get("/health")
    assert world.query("SELECT max(ts_ms) FROM liq_events") == [(found["recorder"]["last_event"],)]
    assert (found["symbols"], found["now"], found["kind"]) == (["BTCUSDT"], world.now_ms, "live")
    for name, one in found["models"].items():
        score = world.get("/liquidations/levels", model=name)["score"]
        assert one["score_bits"] == (None if score is None else score["bits_over_distance"])
