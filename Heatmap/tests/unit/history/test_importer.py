"""Files into days: what is taken, skipped, kept out and replaced."""

import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Market
from Heatmap.history.datasets import AGG_TRADES, FUNDING, IMPORTER_VERSION, KLINES, METRICS
from Heatmap.history.engine import open_engine
from Heatmap.history.faults import FaultKind
from Heatmap.history.importer import ImportReport, Result
from Heatmap.history.manifest import Manifest, read_manifest
from Heatmap.history.preflight import look_before
from Heatmap.history.source_tree import find_files
from Heatmap.history.store_layout import day_path, history_folder
from Heatmap.history.store_status import store_status
from Heatmap.history.whole_import import import_tree
from Heatmap.tests.archive_files import (
    DAY,
    SYMBOL,
    agg_rows,
    begin_ms,
    header,
    kline_rows,
    metrics_rows,
    place,
    write_agg_days,
    write_checksum,
    write_csv,
    write_zip,
)

HEAD = header(AGG_TRADES)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    # What would be a pattern of names to the engine, and ends a text in SQL.
    (tmp_path / "s1").mkdir()
    return tmp_path / "it's s[1]"


@pytest.fixture
def run(archive: Path, store: Path) -> Callable[..., ImportReport]:
    def call(
        *, market: Market = Market.USD_M, replaces: bool = False, jobs: int = 1, **days: Any
    ) -> ImportReport:
        tree = find_files(archive, SYMBOL, market, None, days.get("first"), days.get("last"))
        return import_tree(tree, store, replaces=replaces, jobs=jobs, terminal=StringIO())

    return call


def rows_of(store: Path, dataset: str = "agg_trades", day: date = DAY) -> list[tuple[Any, ...]]:
    with closing(open_engine(threads=1)) as engine:
        path = str(day_path(store, dataset, SYMBOL, day))
        return engine.execute("SELECT * FROM read_parquet(?)", [path]).fetchall()


def kinds(report: ImportReport) -> list[FaultKind]:
    return [one.fault.kind for one in report.of(Result.KEPT_OUT) if one.fault is not None]


def test_days_are_imported_once_with_their_profile(archive: Path, store: Path, run: Any) -> None:
    write_agg_days(archive, 3, 200)
    report = run(jobs=2)
    assert report.is_whole
    assert sum(one.rows for one in report.outcomes) == 600
    days, faults = read_manifest(store)
    assert [(one.dataset, one.day, one.first_id) for one in days[:3]] == [
        ("agg_trades", str(DAY + timedelta(days=number)), 1 + number * 200) for number in range(3)
    ]
    assert {one.dataset for one in days[3:]} == {"minute_profile"}
    assert faults == []
    assert all(one.published_sha256 == one.sha256 for one in days)
    profile, trades = rows_of(store, "minute_profile"), rows_of(store)
    assert sum(row[2] for row in profile) == pytest.approx(sum(row[2] * row[3] for row in trades))
    assert sum(row[4] for row in profile) == 200
    assert {row[1] % 10 for row in profile} == {0}

    before = day_path(store, "agg_trades", SYMBOL, DAY).stat()
    again = run()
    assert {one.result for one in again.outcomes} == {Result.SKIPPED}
    after = day_path(store, "agg_trades", SYMBOL, DAY).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    # Nothing is left of the work.
    assert sorted(path.name for path in history_folder(store).iterdir()) == [
        "agg_trades",
        "import.lock",
        "manifest.sqlite3",
        "minute_profile",
    ]


def test_zip_gzip_and_csv_in_both_layouts_give_the_same_rows(
    archive: Path, store: Path, run: Any
) -> None:
    packed = place(archive, AGG_TRADES, DAY)
    write_zip(packed, agg_rows(60), head=HEAD)
    run()
    expected = rows_of(store)
    assert len(expected) == 60
    packed.unlink()
    for name in ("csv", "csv.gz"):
        path = archive / SYMBOL / "aggTrades" / f"{SYMBOL}-aggTrades-{DAY}.{name}"
        write_csv(path, agg_rows(60))
        other = store.with_name(name)
        tree = find_files(archive, SYMBOL, Market.USD_M, None, None, None)
        assert import_tree(tree, other, replaces=False, jobs=1, terminal=StringIO()).is_whole
        assert rows_of(other) == expected
        path.unlink()


def test_a_file_that_fails_stays_out_and_the_others_go_on(
    archive: Path, store: Path, run: Any
) -> None:
    days = [DAY + timedelta(days=number) for number in range(8)]
    paths = write_agg_days(archive, 8, 50)
    paths[0].write_bytes(paths[0].read_bytes()[:-40])  # cut off
    write_checksum(paths[0])
    content = bytearray(paths[1].read_bytes())
    content[len(content) // 2] ^= 0x55  # spoilt inside
    paths[1].write_bytes(bytes(content))
    write_checksum(paths[1])
    write_checksum(paths[2], "0" * 64)
    write_zip(paths[3], agg_rows(50), head=HEAD, member="BTCUSDT-aggTrades-2025-01-02.csv")
    write_zip(paths[4], agg_rows(50, days[5], first_id=201), head=HEAD)  # another day's rows
    paths[5].with_name(paths[5].name + ".CHECKSUM").write_text("<html>")
    paths[6].rename(paths[6].with_name(f"ETHUSDT-aggTrades-{days[6]}.zip"))

    report = run()
    assert not report.is_whole
    assert sorted(kinds(report)) == sorted(
        [
            FaultKind.BROKEN,
            FaultKind.BROKEN,
            FaultKind.CHECKSUM,
            FaultKind.WRONG_MEMBER,
            FaultKind.OUTSIDE,
            FaultKind.CHECKSUM_FILE,
            FaultKind.WRONG_FOLDER,
        ]
    )
    imported, faults = read_manifest(store)
    assert {one.day for one in imported} == {str(days[7])}
    assert len(faults) == 7
    assert not day_path(store, "agg_trades", SYMBOL, days[0]).exists()

    # Fetched again, it is taken, and nothing is wrong with the day any more.
    write_zip(paths[0], agg_rows(50), head=HEAD)
    run(last=DAY)
    assert str(DAY) not in {one.day for one in read_manifest(store)[1]}
    assert len(rows_of(store)) == 50


def test_a_replaced_file_needs_a_word(archive: Path, store: Path, run: Any) -> None:
    path = write_zip(place(archive, AGG_TRADES, DAY), agg_rows(50), head=HEAD)
    run()
    before = rows_of(store)
    write_zip(path, agg_rows(60), head=HEAD)
    report = run()
    assert kinds(report) == [FaultKind.REPLACED]
    assert rows_of(store) == before
    assert run(replaces=True).is_whole
    assert len(rows_of(store)) == 60
    # A day that is there from another file is not taken from a month's.
    write_zip(place(archive, AGG_TRADES, "2025-01"), agg_rows(10), head=HEAD)
    path.unlink()
    assert run().is_whole
    assert len(rows_of(store)) == 60


def test_a_days_own_file_counts_before_a_months_whichever_comes_first(
    archive: Path, store: Path, run: Any
) -> None:
    lines = agg_rows(20) + agg_rows(20, NEXT, first_id=21)
    month = write_zip(place(archive, AGG_TRADES, "2025-01"), lines, head=HEAD)
    run(last=NEXT)
    assert len(rows_of(store, day=NEXT)) == 20
    own = write_zip(place(archive, AGG_TRADES, NEXT), agg_rows(30, NEXT, first_id=21), head=HEAD)
    assert run(last=NEXT).is_whole
    assert len(rows_of(store, day=NEXT)) == 30
    # Neither by itself nor with a word does the month's take the day's place again.
    own.unlink()
    for replaces in (False, True):
        report = run(last=NEXT, replaces=replaces)
        assert {one.result for one in report.outcomes} == {Result.THERE_ALREADY}
        assert len(rows_of(store, day=NEXT)) == 30
    assert len(rows_of(store)) == 20
    month.unlink()


def test_a_broken_file_of_a_day_does_not_hide_another_that_has_it(
    archive: Path, store: Path, run: Any
) -> None:
    lines = agg_rows(20) + agg_rows(20, NEXT, first_id=21)
    write_zip(place(archive, AGG_TRADES, "2025-01"), lines, head=HEAD)
    own = write_zip(place(archive, AGG_TRADES, NEXT), agg_rows(20, NEXT, first_id=21), head=HEAD)
    own.write_bytes(own.read_bytes()[:-40])
    write_checksum(own)
    for _ in range(2):
        report = run(last=NEXT)
        assert kinds(report) == [FaultKind.BROKEN]
        assert [(one.day, one.kind) for one in read_manifest(store)[1]] == [(str(NEXT), "broken")]
    assert [len(rows_of(store, day=day)) for day in (DAY, NEXT)] == [20, 20]


def test_a_day_that_cannot_be_put_there_ends_the_run_and_the_others_of_its_group_are_there(
    archive: Path, store: Path, run: Any
) -> None:
    write_agg_days(archive, 3, 20)
    kept = day_path(store, "agg_trades", SYMBOL, NEXT) / "kept"
    kept.mkdir(parents=True)
    report = run()
    assert [one.result for one in report.outcomes] == [
        Result.IMPORTED,
        Result.NOT_REACHED,
        Result.IMPORTED,
    ]
    assert str(store) in report.stopped
    assert {one.day for one in read_manifest(store)[0]} == {str(DAY), str(NEXT + timedelta(days=1))}
    kept.rmdir()
    kept.parent.rmdir()
    assert run().is_whole
    assert len(rows_of(store, day=NEXT)) == 20


@pytest.mark.parametrize("below", ["data/spot/daily/klines/BTCUSDT/1m", "data/spot/BTCUSDT/klines"])
def test_spot_is_not_taken_for_futures(tmp_path: Path, below: str) -> None:
    """Spot's candles up to 2024 look just like those of futures: their folders tell."""
    folder = tmp_path / below
    folder.mkdir(parents=True)
    write_zip(folder / f"BTCUSDT-1m-{DAY}.zip", kline_rows())
    for root in (tmp_path / "data", tmp_path / "data/spot", folder):
        with pytest.raises(HistoryError):
            find_files(root, SYMBOL, Market.USD_M, None, None, None)
    root = tmp_path / "data/spot"
    with pytest.raises(HistoryError, match="--market spot"):
        find_files(root, SYMBOL, Market.USD_M, None, None, None)
    assert len(find_files(root, SYMBOL, Market.SPOT, None, None, None).files) == 1


def test_the_folder_of_a_symbol_is_found_from_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / SYMBOL / "aggTrades" / f"{SYMBOL}-aggTrades-{DAY}.csv"
    write_csv(path, agg_rows(5))
    monkeypatch.chdir(tmp_path / SYMBOL)
    assert len(find_files(Path(), SYMBOL, Market.USD_M, None, None, None).files) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes among files")
def test_a_file_that_would_fill_the_disk_stays_out_and_a_pipe_is_not_opened(
    archive: Path, run: Any
) -> None:
    paths = write_agg_days(archive, 4, 20)
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"0" * 1_000_000
    packed = b"".join(bomb.compress(zeros) for _ in range(66)) + bomb.flush()
    paths[0].unlink()
    paths[0].with_name(paths[0].name.replace(".zip", ".csv.gz")).write_bytes(packed)
    write_zip(paths[1], ["0" * 66_000_000])
    paths[2].unlink()
    os.mkfifo(paths[2])
    report = run()
    assert kinds(report) == [FaultKind.TOO_LARGE] * 2
    assert len(report.of(Result.IMPORTED)) == 1
    tree = find_files(archive, SYMBOL, Market.USD_M, None, None, None)
    assert tree.ignored == (f"{paths[2]} (no regular file)",)


def test_a_month_of_interleaved_halves_becomes_days_and_empty_ones_are_remembered(
    archive: Path, store: Path, run: Any
) -> None:
    third = DAY + timedelta(days=2)
    lines = agg_rows(30) + agg_rows(30, third, first_id=31)
    halves = [line for pair in zip(lines[:30], lines[30:], strict=True) for line in pair]
    write_zip(place(archive, AGG_TRADES, "2025-01"), halves)
    report = run(last=third)
    assert report.is_whole
    assert [one.days for one in report.outcomes] == [2]
    assert [row[0] for row in rows_of(store, day=third)] == list(range(31, 61))
    assert not day_path(store, "agg_trades", SYMBOL, NEXT).exists()
    assert {one.result for one in run(last=third).outcomes} == {Result.SKIPPED}
    # The day comes by itself, as the archive fills up what it missed.
    write_zip(place(archive, AGG_TRADES, NEXT), [f"31,95000.1,1,1,1,{begin_ms(NEXT)},true"])
    assert kinds(run(last=third)) == [FaultKind.OVERLAP]
    # Around midnight ids and times may rise apart, as long as no id comes twice.
    write_zip(place(archive, AGG_TRADES, NEXT), [f"61,95000.1,1,1,1,{begin_ms(NEXT)},true"])
    assert run(last=third).is_whole


def test_missing_ids_between_days_are_noted(archive: Path, store: Path, run: Any) -> None:
    write_zip(place(archive, AGG_TRADES, DAY), agg_rows(30))
    write_zip(place(archive, AGG_TRADES, NEXT), agg_rows(30, NEXT, first_id=41))
    assert run().is_whole
    faults = read_manifest(store)[1]
    assert [(one.day, one.kind) for one in faults] == [(str(NEXT), "hole_before")]
    assert faults[0].detail.startswith("10 ids are missing")
    run()
    assert read_manifest(store)[1] == faults


def test_spot_and_futures_share_no_store(archive: Path, store: Path, run: Any) -> None:
    write_zip(place(archive, KLINES, DAY), kline_rows(), head=header(KLINES))
    assert run().is_whole
    at = begin_ms(NEXT)
    spot = place(archive, KLINES, NEXT, market=Market.SPOT)
    line = kline_rows(NEXT, minutes=[0])[0].replace(str(at), str(at * 1000), 1)
    write_zip(spot, [line])
    assert kinds(run(market=Market.SPOT)) == [FaultKind.OTHER_MARKET]
    assert {one.market for one in read_manifest(store)[0]} == {"um"}


def test_what_an_earlier_version_made_is_made_again_and_a_later_ones_stays(
    archive: Path, store: Path, run: Any
) -> None:
    write_zip(place(archive, METRICS, DAY), metrics_rows(), head=header(METRICS))
    run()
    path = day_path(store, "metrics", SYMBOL, DAY)
    for version, became in (
        (IMPORTER_VERSION - 1, Result.IMPORTED),
        (IMPORTER_VERSION + 1, Result.KEPT_OUT),
    ):
        with Manifest(store, writes=True) as manifest:
            row = manifest.days()[0]
            manifest.put([replace(row, importer_version=version)])
        before = path.stat().st_mtime_ns
        assert [one.result for one in run().outcomes] == [became]
        assert (path.stat().st_mtime_ns != before) is (became is Result.IMPORTED)
    # A file that is gone is made again too.
    with Manifest(store, writes=True) as manifest:
        manifest.put([replace(manifest.days()[0], importer_version=IMPORTER_VERSION)])
    path.unlink()
    assert store_status(store)["datasets"][0]["lost_files"] == [[str(DAY)] * 2]
    assert [one.result for one in run().outcomes] == [Result.IMPORTED]
    assert len(rows_of(store, "metrics")) == 288


def test_the_status_says_days_holes_and_what_was_kept_out(
    archive: Path, store: Path, run: Any
) -> None:
    assert store_status(store)["datasets"] == []
    for number in (0, 2):
        day = DAY + timedelta(days=number)
        write_zip(place(archive, KLINES, day), kline_rows(day, minutes=range(1430)))
    write_zip(place(archive, KLINES, DAY + timedelta(days=3)), ["x"])
    run()
    status = store_status(store)
    (found,) = status["datasets"]
    assert (found["days"], found["holes"], found["rows"]) == (2, 20, 2860)
    assert found["missing_days"] == [[str(NEXT), str(NEXT)]]
    assert [one["kind"] for one in status["faults"]] == ["columns"]
    assert store_status(store, "ETHUSDT")["datasets"] == []


def test_the_preflight_finds_what_an_import_would_meet(archive: Path, store: Path) -> None:
    paths = write_agg_days(archive, 4, 20)
    paths[1].unlink()
    write_checksum(paths[2], "1" * 64)
    write_zip(paths[3], ["1,2,3"])
    paths[3].with_name("BTCUSDT-aggTrades-2025-13-01.zip").write_bytes(b"")
    tree = find_files(archive, SYMBOL, Market.USD_M, None, DAY, DAY + timedelta(days=3))
    found = look_before(tree, store, DAY, DAY + timedelta(days=3))
    assert not found.is_ready
    assert found.missing == {"agg_trades": [NEXT]}
    assert [fault.kind for _, fault in found.faults] == [FaultKind.CHECKSUM, FaultKind.COLUMNS]
    assert found.plain["ignored"] == [str(paths[3].with_name("BTCUSDT-aggTrades-2025-13-01.zip"))]
    assert not store.exists()
    # Whatever else is wrong, the first day alone is fine.
    tree = find_files(archive, SYMBOL, Market.USD_M, None, DAY, DAY)
    assert look_before(tree, store, DAY, DAY).is_ready


def test_funding_has_months_only(archive: Path, run: Any) -> None:
    lines = [f"{begin_ms() + number * 28_800_000},8,0.0001" for number in range(93)]
    write_zip(place(archive, FUNDING, "2025-01"), lines, head=header(FUNDING))
    report = run(first=DAY + timedelta(days=9), last=DAY + timedelta(days=10))
    assert [(one.days, one.rows) for one in report.outcomes] == [(2, 6)]


@pytest.mark.parametrize("spoil", ["foreign", "newer", "text"])
def test_another_manifest_is_refused_and_stays(
    archive: Path, store: Path, run: Any, spoil: str
) -> None:
    write_agg_days(archive, 1, 5)
    folder = history_folder(store)
    folder.mkdir(parents=True)
    path = folder / "manifest.sqlite3"
    if spoil == "text":
        path.write_text("what somebody keeps here, and nothing of ours at all\n" * 20)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (text)")
            if spoil == "newer":
                connection.execute("PRAGMA application_id = 0x4C69714D")
                connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match=r"manifest|newer"):
        run()
    assert path.read_bytes() == before
    assert not day_path(store, "agg_trades", SYMBOL, DAY).exists()
