"""What a validation says of days that were imported well, and of each way in which they are not."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from Heatmap.commands.history import run as run_history
from Heatmap.errors import HistoryError
from Heatmap.history.days import begin_ms
from Heatmap.history.engine import open_engine
from Heatmap.history.manifest import EmptyDay, ImportedDay, ImportFault, Manifest
from Heatmap.history.minute_profile import profile_query
from Heatmap.history.store_layout import day_path
from Heatmap.history.validation.findings import (
    ODD_CHECKS,
    Check,
    Finding,
    Place,
    Validation,
    Weight,
)
from Heatmap.history.validation.texts import advice_text, finding_text, validation_text
from Heatmap.history.validation.validate import Asked, validate_store

DAY = date(2025, 1, 3)
NEXT = date(2025, 1, 4)
A_DAY = 5760  # trades: one every 15 s

TRADES = """
SELECT ({first} + i)::BIGINT AS id, ({begin} + i * 15000)::BIGINT AS ts_ms,
    round(100000 + 50 * sin(i / 50), 1)::DOUBLE AS price, (0.01 + i % 7 / 1000)::DOUBLE AS qty,
    i % 2 = 0 AS buyer_is_maker
FROM range({count}) made(i)
"""
KLINES = """
SELECT ts_ms // 60000 * 60000 AS ts_ms, arg_min(price, id) AS open, max(price) AS high,
    min(price) AS low, arg_max(price, id) AS close, sum(qty) AS volume,
    sum(price * qty) AS quote_volume, count(*) AS trades,
    sum(CASE WHEN buyer_is_maker THEN 0 ELSE price * qty END) AS taker_buy_quote
FROM ({trades}) GROUP BY 1 ORDER BY 1
"""
METRICS = """
SELECT ({begin} + i * 300000)::BIGINT AS label_ms, label_ms + 300000 AS known_ms,
    80000.0::DOUBLE AS open_interest, 8e9::DOUBLE AS open_interest_usd,
    1.1::DOUBLE AS top_account_ratio, 1.2::DOUBLE AS top_position_ratio,
    1.3::DOUBLE AS account_ratio, CASE WHEN i = 7 THEN NULL ELSE 0.9 END::DOUBLE AS taker_ratio
FROM range(288) made(i)
"""
FUNDING = """
SELECT ({begin} + i * 28800000 + 4)::BIGINT AS ts_ms, 8::INTEGER AS interval_h,
    0.0001::DOUBLE AS rate FROM range(3) made(i)
"""
BOOK_DEPTH = """
SELECT ({begin} + i // 10 * 30000)::BIGINT AS ts_ms, (i % 10 - 5)::DOUBLE AS percentage,
    5.0::DOUBLE AS depth, 5e5::DOUBLE AS notional FROM range(28800) made(i)
"""


class Made:
    """A store whose days are made by queries."""

    def __init__(self, store: Path, connection: Any) -> None:
        self.store = store
        self._connection = connection

    def rows(self, dataset: str, day: date) -> str:
        """Return the query for a sound day."""
        begin = begin_ms(day)
        first = 1000 + (day - DAY).days * A_DAY
        trades = TRADES.format(begin=begin, first=first, count=A_DAY)
        return {
            "agg_trades": trades,
            "klines_1m": KLINES.format(trades=trades),
            "minute_profile": profile_query(f"({trades})", 10.0),
            "metrics": METRICS.format(begin=begin),
            "funding": FUNDING.format(begin=begin),
            "book_depth": BOOK_DEPTH.format(begin=begin),
        }[dataset]

    def add(self, dataset: str, day: date, change: str = "{rows}", **noted: Any) -> Path:
        """Write a day; what the manifest says follows the file, but for `noted`."""
        path = day_path(self.store, dataset, "BTCUSDT", day)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = change.replace("{rows}", f"({self.rows(dataset, day)})")
        self._connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
        time = "label_ms" if dataset == "metrics" else "ts_ms"
        ids = "min(id), max(id)" if dataset == "agg_trades" else "NULL, NULL"
        asked = f"count(*), min({time}), max({time}), {ids}"
        read = f"FROM read_parquet('{path}')"
        facts = self._connection.execute(f"SELECT {asked} {read}").fetchone()
        row = ImportedDay(
            dataset,
            "BTCUSDT",
            str(day),
            f"BTCUSDT-{dataset}-{day}.zip",
            sha256="a" * 64,
            published_sha256="a" * 64,
            header=1,
            rows=facts[0],
            rejected=0,
            first_ms=facts[1],
            last_ms=facts[2],
            first_id=facts[3],
            last_id=facts[4],
            holes=0,
            duplicates=0,
            importer_version=1,
            imported_ms=1,
        )
        with Manifest(self.store, writes=True) as manifest:
            manifest.put([replace(row, **noted)])
        return path

    def validate(self, **asked: Any) -> Validation:
        return validate_store(self.store, Asked(**asked))


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    with closing(open_engine(threads=1)) as opened:
        yield opened


@pytest.fixture
def made(tmp_path: Path, connection: Any) -> Made:
    return Made(tmp_path, connection)


def checks(validation: Validation) -> dict[Check, int]:
    return {one.check: one.count for one in validation.findings}


def only(validation: Validation) -> Finding:
    (finding,) = validation.findings
    return finding


def test_sound_days_are_summed_up_and_nothing_is_wrong(made: Made) -> None:
    datasets = ("agg_trades", "klines_1m", "minute_profile", "metrics", "funding", "book_depth")
    for dataset in datasets:
        for day in (DAY, NEXT):
            # A profile's row in the manifest has the times of its trades.
            times = {"first_ms": begin_ms(day) + 1} if dataset == "minute_profile" else {}
            made.add(dataset, day, **times)
    found = made.validate()
    # The one blank of the metrics is told, and no more than odd.
    assert (checks(found), found.is_sound) == ({Check.BLANK: 2}, True)
    assert only(found).values == {"column": "taker_ratio"}
    assert {one.dataset: one.rows for one in found.summaries} == {
        "agg_trades": 2 * A_DAY,
        "klines_1m": 2880,
        "minute_profile": found.summaries[-1].rows,
        "metrics": 576,
        "funding": 6,
        "book_depth": 57_600,
    }
    trades = found.summaries[0]
    assert (trades.first_ms, trades.days) == (begin_ms(DAY), 2)
    assert (trades.price_low, trades.price_high) == (99_950.0, 100_050.0)
    text = validation_text(found)
    assert "agg_trades of BTCUSDT (USD-M futures)" in text
    assert "prices 99,950 to 100,050" in text
    assert "nothing is wrong, 1 finding to look at" in text


# Dataset, what is done to its rows, what is found, how many, and what is said of the first place.
FAULTS = [
    (
        "agg_trades",
        "SELECT * FROM {rows} WHERE id NOT BETWEEN 1010 AND 1019",
        {Check.MISSING_IDS: 10},
        "2025-01-03 00:02:15 to 00:05:00, ids 1010 to 1019",
    ),
    (
        "agg_trades",
        "SELECT * FROM {rows} UNION ALL SELECT * FROM {rows} WHERE id = 1500 ORDER BY id",
        {Check.DUPLICATES: 1},
        "id 1500",
    ),
    ("agg_trades", "SELECT * FROM {rows} ORDER BY id % 2, id", {Check.UNSORTED: 1}, ""),
    (
        "agg_trades",
        (
            "SELECT * REPLACE (CASE WHEN id = 1007 THEN -5 WHEN id = 1008 THEN 'nan'::DOUBLE "
            "WHEN id = 1009 THEN NULL ELSE price END AS price) FROM {rows}"
        ),
        {Check.NOT_POSITIVE: 1, Check.NOT_FINITE: 1, Check.MISSING_VALUE: 1, Check.JUMP: 1},
        "",
    ),
    (
        "agg_trades",
        (
            "SELECT * REPLACE (CASE WHEN id = 1100 THEN price * 1.06 ELSE price END AS price) "
            "FROM {rows}"
        ),
        {Check.JUMP: 2},
        "to 106",
    ),
    (
        "agg_trades",
        "SELECT * REPLACE (ts_ms + 90000000 AS ts_ms) FROM {rows}",
        {Check.OUTSIDE_DAY: A_DAY},
        "2025-01-04",
    ),
    (
        "agg_trades",
        (
            "SELECT * REPLACE (CASE WHEN id < 1100 THEN ts_ms ELSE greatest(ts_ms, 1735868100000) "
            "END AS ts_ms) FROM {rows}"
        ),
        {Check.QUIET: 1},
        "2025-01-03 00:24:45 to 01:35:00",
    ),
    (
        "agg_trades",
        (
            "SELECT * REPLACE (CASE WHEN id = 1200 THEN ts_ms - 20000 ELSE ts_ms END AS ts_ms) "
            "FROM {rows}"
        ),
        {Check.TIME_BACKWARD: 1},
        "id 1200",
    ),
    ("agg_trades", "SELECT * FROM {rows} WHERE false", {Check.EMPTY: 1}, "2025-01-03"),
    ("agg_trades", "SELECT * EXCLUDE qty FROM {rows}", {Check.COLUMNS: 1}, "2025-01-03"),
    (
        "klines_1m",
        "SELECT * FROM {rows} WHERE ts_ms NOT BETWEEN 1735876800000 AND 1735884000000",
        {Check.MISSING_STEPS: 121},
        "2025-01-03 04:00:00 to 06:01:00",
    ),
    (
        "klines_1m",
        (
            "SELECT * REPLACE (CASE WHEN ts_ms % 3600000 = 0 THEN low - 1 ELSE high END AS high) "
            "FROM {rows}"
        ),
        {Check.IMPOSSIBLE: 24 * 3, Check.UNUSUAL: 24},
        "",
    ),
    (
        "metrics",
        "SELECT * FROM {rows} WHERE label_ms < 1735909200000",
        {Check.MISSING_STEPS: 132, Check.BLANK: 1},
        "2025-01-03 13:00:00 to 2025-01-04 00:00:00",
    ),
    (
        "metrics",
        "SELECT * REPLACE (label_ms AS known_ms) FROM {rows}",
        {Check.IMPOSSIBLE: 288, Check.BLANK: 1},
        "",
    ),
    (
        "metrics",
        (
            "SELECT * REPLACE (CASE WHEN label_ms = 1735876800000 THEN 10 ELSE open_interest END "
            "AS open_interest) FROM {rows}"
        ),
        {Check.UNUSUAL: 2, Check.BLANK: 1},
        "2025-01-03 04:00:00",
    ),
    (
        "funding",
        (
            "SELECT * REPLACE (CASE WHEN ts_ms % 86400000 > 40000000 THEN 0.05 ELSE rate END "
            "AS rate) FROM {rows} WHERE ts_ms % 86400000 NOT BETWEEN 20000000 AND 40000000"
        ),
        {Check.LONG_GAP: 1, Check.UNUSUAL: 1},
        "",
    ),
    (
        "book_depth",
        "SELECT * FROM {rows} WHERE ts_ms NOT BETWEEN 1735876800000 AND 1735884000000",
        {Check.LONG_GAP: 1},
        "2025-01-03 03:59:30 to 06:00:30",
    ),
]


@pytest.mark.parametrize(("dataset", "change", "expected", "place"), FAULTS)
def test_each_fault_is_found_counted_and_placed(
    made: Made, dataset: str, change: str, expected: dict[Check, int], place: str
) -> None:
    made.add(dataset, DAY, change)
    found = made.validate()
    counts: dict[Check, int] = {}
    for one in found.findings:
        counts[one.check] = counts.get(one.check, 0) + one.count
        # Words are made of every one, with its numbers and what to do.
        assert f"{one.count:,} " in finding_text(one)
        assert "{" not in finding_text(one) + advice_text(one.check)
    if Check.UNSORTED in expected:
        expected = {Check.UNSORTED: counts[Check.UNSORTED]}
    assert counts == expected
    assert place in validation_text(found)
    assert found.is_sound is not any(one.weight is Weight.WRONG for one in found.findings)


def test_from_day_to_day_ids_go_on_and_no_day_is_missing(made: Made) -> None:
    made.add("agg_trades", DAY, "SELECT * FROM {rows} WHERE id < 6700")
    made.add("agg_trades", NEXT, "SELECT * REPLACE (id - 10 AS id) FROM {rows} WHERE id > 6800")
    made.add("agg_trades", NEXT + timedelta(4))
    found = made.validate()
    assert checks(found) == {Check.MISSING_DAYS: 3, Check.MISSING_IDS: 91}
    text = validation_text(found)
    assert "2025-01-05 to 2025-01-07" in text
    assert "ids 6700 to 6790" in text
    made.add("agg_trades", NEXT, "SELECT * REPLACE (id - 70 AS id) FROM {rows}")
    assert checks(made.validate()) == {Check.MISSING_DAYS: 3, Check.OVERLAPPING_IDS: 10}


def test_ids_of_a_day_far_before_are_found_as_well(made: Made) -> None:
    made.add("agg_trades", DAY)
    made.add("agg_trades", NEXT + timedelta(1), "SELECT * REPLACE (id - 11520 AS id) FROM {rows}")
    found = made.validate()
    assert checks(found)[Check.OVERLAPPING_IDS] == A_DAY
    (finding,) = (one for one in found.findings if one.check is Check.OVERLAPPING_IDS)
    assert finding.places[0].detail == f"ids 1000 to {999 + A_DAY}, which {DAY} has too"


def test_a_row_in_two_days_files_is_told(made: Made) -> None:
    midnight = begin_ms(NEXT)
    both = (
        "SELECT * FROM {rows} UNION ALL (SELECT * REPLACE (label_ms + 86400000 AS label_ms, "
        "known_ms + 86400000 AS known_ms) FROM {rows} ORDER BY 1 LIMIT 1)"
    )
    made.add("metrics", DAY, both)
    made.add("metrics", NEXT)
    finding = next(one for one in made.validate().findings if one.check is Check.IN_TWO_DAYS)
    assert (finding.count, finding.weight) == (1, Weight.ODD)
    assert finding.places == (Place(str(NEXT), midnight),)


def test_days_that_are_asked_for_are_expected(made: Made) -> None:
    made.add("funding", DAY)
    made.add("funding", NEXT, "SELECT * FROM {rows} WHERE ts_ms % 86400000 > 1000")
    assert checks(made.validate()) == {Check.LONG_GAP: 1}  # from 16:00 to 08:00
    asked = {"first": DAY - timedelta(1), "last": DAY + timedelta(3)}
    assert checks(made.validate(**asked)) == {Check.MISSING_DAYS: 3, Check.LONG_GAP: 1}
    with Manifest(made.store, writes=True) as manifest:
        manifest.put_empty([EmptyDay("funding", "BTCUSDT", str(DAY - timedelta(1)), "x", "a")])
    assert checks(made.validate(**asked))[Check.MISSING_DAYS] == 2
    for nothing in ({"symbol": "ETHUSDT"}, {"datasets": {"trades"}}, {"last": date(2024, 1, 1)}):
        with pytest.raises(HistoryError, match="found none"):
            made.validate(**nothing)


def test_what_the_manifest_says_is_held_against_the_files(made: Made) -> None:
    made.add("funding", DAY, rows=4)
    lost = made.add("funding", NEXT)
    lost.unlink()
    made.add("klines_1m", DAY, published_sha256="b" * 64, rejected=3, importer_version=0)
    path = made.add("metrics", DAY)
    path.write_bytes(path.read_bytes()[:-50])
    (path.parent / "notes.txt").write_text("mine")
    with Manifest(made.store, writes=True) as manifest:
        manifest.put_faults(
            [
                ImportFault("metrics", "BTCUSDT", "2025-01", None, "broken", "cut off"),
                ImportFault("metrics", "BTCUSDT", str(NEXT), None, "hole_before", "a note"),
            ]
        )
        manifest.forget([("metrics", "BTCUSDT", str(DAY))])
    found = made.validate()
    by_dataset: dict[str, set[Check]] = {}
    for one in found.findings:
        by_dataset.setdefault(one.dataset, set()).add(one.check)
    assert by_dataset == {
        "funding": {Check.MANIFEST, Check.LOST_FILE},
        "klines_1m": {Check.CHECKSUM, Check.REJECTED, Check.OLDER_IMPORTER},
        "metrics": {Check.UNREADABLE, Check.MANIFEST, Check.UNKNOWN_FILE, Check.KEPT_OUT},
    }
    text = validation_text(found)
    for words in (
        "expected rows 4, got rows 3",
        "3 lines of the archive",
        "broken: cut off",
        "notes.txt",
    ):
        assert words in text


def test_profiles_and_candles_are_held_against_the_trades(made: Made) -> None:
    made.add("agg_trades", DAY)
    twice = "SELECT * REPLACE (notional * 2 AS notional) FROM {rows}"
    made.add("minute_profile", DAY, twice)
    made.add(
        "klines_1m", DAY, "SELECT * REPLACE (quote_volume * 1.005 AS quote_volume) FROM {rows}"
    )
    found = checks(made.validate())
    assert found[Check.PROFILE_SUM] == 1
    assert Check.VOLUME_DIFFERS not in found
    more = "SELECT * REPLACE (quote_volume * 1.02 AS quote_volume) FROM {rows}"
    made.add("klines_1m", DAY, more)
    assert checks(made.validate())[Check.VOLUME_DIFFERS] == 1


def run(*words: str) -> int:
    return run_history(["validate", *words])


def test_the_command_tells_it_in_words_and_in_json(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made.add("funding", DAY)
    store = str(made.store)
    assert run("--store", store) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    words = ("--store", store, "--symbol", "BTC/USDT", "--datasets", "fundingRate,minute_profile")
    assert run(*words, "--end-date", "2025-01-04", "--json") == 1
    plain = json.loads(capsys.readouterr().out)
    assert (plain["is_sound"], plain["summaries"][0]["rows"]) == (False, 3)
    (finding,) = plain["findings"]
    assert (finding["check"], finding["count"], finding["weight"]) == ("missing_days", 1, "wrong")
    assert finding["places"][0]["day"] == "2025-01-04"
    assert finding["text"] == "1 day missing"
    for wrong in (
        ("--symbol", "?"),
        ("--datasets", "none"),
        ("--start-date", "2025-13-01"),
        ("--start-date", "2025-01-05", "--end-date", "2025-01-04"),
    ):
        with pytest.raises(HistoryError):
            run("--store", store, *wrong)


def test_the_page_names_every_check_with_its_weight() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "data-validation.md").read_text("utf-8")
    for one in Check:
        (line,) = (row for row in page.splitlines() if row.startswith("| `") and f"`{one}`" in row)
        weight = Weight.ODD if one in ODD_CHECKS else Weight.WRONG
        assert line.endswith(f"| {weight} |")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
def test_a_terminal_is_told_how_far_it_is(made: Made) -> None:
    for day in (DAY, NEXT):
        made.add("funding", day)
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as terminal:
        assert validate_store(made.store, Asked(), terminal=terminal).is_sound
        shown = os.read(leader, 10_000)
    os.close(leader)
    assert b"2/2 files" in shown
    assert shown.rsplit(b"\r", 2)[1].strip() == b""
