"""Recordings as files: what comes out is what goes in, in every format and from every engine."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.errors import HeatmapError, HistoryError, OtherWriterError, WrongDataKindError
from Heatmap.history.recordings.columns import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    SUFFIXES,
    coverage_path,
)
from Heatmap.history.recordings.export_recording import export_recording
from Heatmap.history.recordings.merge_recording import filled_spans, merge_recording
from Heatmap.history.recordings.recording_sources import open_source
from Heatmap.history.recordings.texts import export_text, merge_text, span_text
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.engines.memory.memory_engine import MemoryEngine
from Heatmap.tests.engines.stores import made_store
from Heatmap.tests.unit.history.recording_files import (
    DEC_5_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    contents,
    covered,
    keyed,
    merge,
    record,
    whole,
)
from Heatmap.tests.unit.stored_events import EVENT, query, tamper


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return open_store(tmp_path / "other.sqlite3")


@pytest.fixture(params=SUFFIXES)
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "it's [a]*"
    folder.mkdir()
    path = folder / f"rec[1]{request.param}"
    export_recording(record(open_store(tmp_path / "own.sqlite3")), path, NOW_MS)
    return path


def table(path: Path) -> list[dict[str, Any]]:
    """Read a file as another program would."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with closing(duckdb.connect()) as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [_no_pattern(path)])
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _no_pattern(path: Path) -> str:
    return str(path).replace("[", "[[]").replace("*", "[*]")


def test_a_file_says_what_stands_in_it(exported: Path) -> None:
    rows = table(exported)
    assert [path.name for path in exported.parent.iterdir() if path.name.startswith(".")] == []
    first = {name: str(value).lower() for name, value in rows[0].items()}
    expected = {"schema": "1", "kind": "live", "venue": "binance_usdm", "symbol": "btcusdt"}
    expected |= {"ts_ms": str(DEC_5_MS + 1), "known_ms": str(DEC_5_MS + 4), "liquidated": "long"}
    expected |= {"order_side": "sell", "price_kind": "fill", "is_lower_bound": "true"}
    assert first.items() >= (expected | {"venue_reports": "capped"}).items()
    assert [row["venue_reports"] for row in rows][-1] == "unknown"
    covers = table(coverage_path(exported))
    assert {(row["symbol"], str(row["origin"])) for row in covers} == {
        ("BTCUSDT", "recorder"),
        ("ALL", "recorder"),
    }


@pytest.mark.parametrize(
    ("exported", "engine"),
    [(".parquet", "sqlite"), (".csv", "memory"), (".jsonl", "sqlite")],
    indirect=["exported"],
)
def test_what_comes_back_is_what_went_out(exported: Path, tmp_path: Path, engine: str) -> None:
    own = open_store(tmp_path / "own.sqlite3")
    with made_store(engine, tmp_path) as other:
        report = merge(exported, other)
        assert (report.events, report.added) == (4, 4)
        assert contents(other) == contents(own)
        assert covered(other) == covered(own)
        assert covered(other, "bybit:X") == covered(own, "bybit:X") != []
        again = merge(exported, other)
        assert (again.added, {one.filled for one in again.instruments}) == (0, {()})
        # And on to a third, in which both origins are told apart.
        onward = tmp_path / f"onward{exported.suffix}"
        export_recording(other, onward, NOW_MS)
        third = open_store(tmp_path / "third.sqlite3")
        merge(onward, third, "friend")
        assert contents(third) == contents(own)
        assert {one.origin for one in whole(third)[0].imported} == {exported.name}


def test_another_database_is_merged_and_only_read(tmp_path: Path, other: Store) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    before = whole(own)
    with closing(own.open_writer(DataKind.LIVE)):  # also while it is recorded into
        report = merge(tmp_path / "own.sqlite3", other)
    assert (report.added, contents(other)) == (4, contents(own))
    assert {one.origin for one in whole(other)[0].imported} == {"own.sqlite3"}
    assert whole(own) == before
    with pytest.raises(HistoryError, match="the database itself"):
        merge(tmp_path / "own.sqlite3", own)


def test_holes_are_filled_by_proof_only_and_named(tmp_path: Path, other: Store) -> None:
    own = open_store(tmp_path / "own.sqlite3")
    day = [DEC_5_MS + minute * MINUTE_MS for minute in range(24 * 60 + 1)]
    with closing(own.open_writer(DataKind.LIVE)) as sink:
        sink.extend_coverage("BTCUSDT", day[0], day[114], proven=True)  # 01:54
        sink.extend_coverage("BTCUSDT", day[403], day[600], proven=True)  # 06:43
        sink.extend_coverage("BTCUSDT", day[600], day[700], proven=False)
        sink.extend_coverage("BTCUSDT", day[900], day[-1], proven=True)
    with closing(other.open_writer(DataKind.LIVE)) as sink:
        sink.extend_coverage("ALL", day[100], day[420], proven=True)
        sink.extend_coverage("ALL", day[420], day[650], proven=False)
        sink.extend_coverage("ALL", day[650], day[660], proven=True)
        sink.extend_coverage("ALL", day[750], day[800], proven=False)
    report = merge(tmp_path / "other.sqlite3", own, "Kim")
    btc = next(one for one in report.instruments if one.instrument == "BTCUSDT")
    assert btc.filled == ((day[114], day[403]), (day[650], day[660]))
    assert btc.left == ((day[700], day[750]), (day[800], day[900]))
    text = merge_text(report, NOW_MS)
    assert "5 Dec 01:54 to 06:43" in text
    assert "5 Dec 11:40 to 12:30" in text
    minutes = [
        (start // MINUTE_MS, end // MINUTE_MS, proven) for start, end, proven in covered(own)
    ]
    assert minutes == [
        (0, 600, True),
        (600, 650, False),
        (650, 660, True),
        (660, 700, False),
        (750, 800, False),
        (900, 1440, True),
    ]
    # The other way round it is the same.
    merge(tmp_path / "own.sqlite3", other, "Lee")
    assert covered(other) == covered(own)


def test_liquidations_alone_fill_no_hole(tmp_path: Path, other: Store) -> None:
    path = tmp_path / "x.jsonl"
    export_recording(record(open_store(tmp_path / "own.sqlite3")), path, NOW_MS)
    coverage_path(path).unlink()
    report = merge(path, other)
    assert (report.added, covered(other)) == (4, [])
    assert "no hole is filled" in merge_text(report, NOW_MS)


@pytest.mark.parametrize("kind", [DataKind.SIMULATED, DataKind.REPLAY])
def test_a_simulated_recording_is_refused_into_a_live_one(
    tmp_path: Path, other: Store, kind: DataKind
) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"), kind)
    path = tmp_path / "x.csv"
    assert f"these are {kind} data" in export_text(export_recording(own, path, NOW_MS), NOW_MS)
    record(other)
    before = whole(other)
    for source in (path, tmp_path / "own.sqlite3"):
        with pytest.raises(WrongDataKindError):
            merge(source, other)
    assert whole(other) == before
    fresh = open_store(tmp_path / "fresh.sqlite3")
    merge(path, fresh)
    assert whole(fresh)[0].kind is kind


def test_nothing_is_merged_while_a_recorder_writes(tmp_path: Path, other: Store) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    with closing(other.open_writer(DataKind.LIVE)), pytest.raises(OtherWriterError):
        merge(own.address, other)
    assert merge(own.address, other).added == 4


def cut(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8", newline="")


def changed(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")

    return change


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (cut, "cut off"),
    (changed(f"{DEC_5_MS + 2}", f"{DEC_5_MS + 2}.5"), "row 2: expected a whole number in ts_ms"),
    (changed("94809.6,", "-94809.6,"), "row 1: expected price from 0"),
    (changed("94809.6,", "nan,"), "row 1: expected a finite number in price"),
    (changed(",long,SELL", ",long,BUY"), "row 1: expected the order side SELL"),
    (changed("1,live", "2,live"), "expected the schema 1, got 2"),
    (changed("1,live", "1,simulated"), "expected live data as in the rest, got simulated"),
    (changed("0.3000", "0.4000"), "other contents"),
    (changed("\n1,live,,,BYBIT,BTCUSDT", "\n1,live,,,BYBIT,ETHUSDT"), "other contents"),
    (changed(f"{DEC_5_MS + 1},", f"{DEC_5_MS + 2},"), "row 1: expected ts_ms as in its raw_json"),
    (changed("BTCUSDT", "BTC USDT"), "row 1: expected a symbol"),
    (changed("event_key", "key"), "event_key missing"),
    (changed("\n1,live", "\n1,live,live"), "row 1: expected"),
]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_damaged_file_changes_nothing_and_says_where(
    tmp_path: Path, other: Store, is_there: bool
) -> None:
    path = tmp_path / "x.csv"
    export_recording(record(open_store(tmp_path / "own.sqlite3")), path, NOW_MS)
    sound = path.read_bytes()
    if is_there:
        with closing(other.open_writer(DataKind.LIVE)) as sink:
            sink.write([EVENT])
        before = whole(other)
    for damage, words in DAMAGES:
        path.write_bytes(sound)
        damage(path)
        with pytest.raises(HistoryError) as raised:
            merge(path, other)
        assert words in str(raised.value)
        assert "x.csv" in str(raised.value)
        assert other.exists() is is_there
    if is_there:
        assert whole(other) == before


def test_coverage_of_other_liquidations_or_of_the_future_is_refused(
    tmp_path: Path, other: Store
) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    path, later = tmp_path / "x.jsonl", tmp_path / "y.jsonl"
    export_recording(own, path, NOW_MS)
    with closing(own.open_writer(DataKind.LIVE)) as sink:
        sink.write([keyed(DEC_5_MS + 9, raw_json="")])
        sink.extend_coverage("BTCUSDT", NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS, proven=True)
    export_recording(own, later, NOW_MS + 2 * HOUR_MS)
    coverage_path(later).replace(coverage_path(path))
    with pytest.raises(HistoryError, match="time that has not come"):
        merge(path, other)
    with pytest.raises(HistoryError, match="belongs to other liquidations"):
        merge_recording(open_source(str(path)), other, NOW_MS + 3 * HOUR_MS)


def test_an_export_replaces_only_when_asked_and_leaves_nothing_half(
    tmp_path: Path, other: Store
) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    path = tmp_path / "x.csv"
    export_recording(own, path, NOW_MS)
    before = path.read_bytes()
    with closing(own.open_writer(DataKind.LIVE)) as sink:
        sink.write([keyed(DEC_5_MS + 9, raw_json="")])
    for target in (path, coverage_path(path)):
        with pytest.raises(HistoryError, match="--replace"):
            export_recording(own, target, NOW_MS)
    assert path.read_bytes() == before
    assert export_recording(own, path, NOW_MS, replaces=True).events["BTCUSDT"] == 4
    assert merge(path, other).added == 5
    for target, words in (
        (tmp_path / "x.txt", "ends with"),
        (tmp_path / "none" / "x.csv", "make it first"),
    ):
        with pytest.raises(HistoryError, match=words):
            export_recording(own, target, NOW_MS)
    with closing(open_store(tmp_path / "empty.sqlite3").open_writer(DataKind.LIVE)):
        pass
    with pytest.raises(HistoryError, match="nothing to export"):
        export_recording(open_store(tmp_path / "empty.sqlite3"), tmp_path / "e.csv", NOW_MS)
    assert {one.name for one in tmp_path.iterdir() if one.suffix == ".csv"} == {
        "x.csv",
        "x.coverage.csv",
    }


def test_spoilt_rows_and_what_a_wrong_clock_covered_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite3"
    own = record(open_store(path))
    with closing(own.open_writer(DataKind.LIVE)) as sink:
        sink.extend_coverage("BTCUSDT", NOW_MS + HOUR_MS, NOW_MS + HOUR_MS + 1000, proven=True)
    tamper(path, "UPDATE liq_events SET qty = 'much' WHERE ts_ms % 10 = 1")
    tamper(path, "UPDATE liq_events SET symbol = '?!' WHERE ts_ms % 10 = 2")
    report = export_recording(own, tmp_path / "x.csv", NOW_MS)
    assert (report.left_out, sum(report.events.values())) == (2, 2)
    assert "2 rows left out" in export_text(report, NOW_MS)
    ends = [int(row["end_ms"]) for row in table(tmp_path / "x.coverage.csv")]
    assert max(ends) < NOW_MS
    assert query(path, "SELECT count(*) FROM liq_events") == [(4,)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_recording_is_refused_in_one_line(
    tmp_path: Path, other: Store, suffix: str
) -> None:
    path = tmp_path / f"x{suffix}"
    for content in (b"\xff\xfe\x00junk\n", b"", b"[]\n{}\n", b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(HistoryError) as raised:
            merge(path, other)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    for name in ("x.txt", "none.csv"):
        (tmp_path / "x.txt").write_text("x")
        with pytest.raises(HeatmapError):
            merge(tmp_path / name, other)
    assert not other.exists()


def test_spans_are_written_in_utc_with_what_matters() -> None:
    at = DEC_5_MS + 114 * MINUTE_MS
    assert span_text(at, at + 90_000, NOW_MS) == "5 Dec 01:54:00 to 01:55:30"
    assert span_text(at, at + 24 * HOUR_MS, NOW_MS) == "5 Dec 01:54 to 6 Dec 01:54"
    next_year_ms = NOW_MS + 60 * 24 * HOUR_MS
    assert span_text(at, at + HOUR_MS, next_year_ms) == "5 Dec 2025 01:54 to 02:54"


def spans(*edges: tuple[int, int, bool]) -> Iterator[CoverageInterval]:
    return (CoverageInterval("X", start, end, proven) for start, end, proven in edges)


def test_time_that_was_proven_already_is_not_filled() -> None:
    before = [*spans((0, 5, True), (7, 9, False))]
    after = [*spans((0, 8, True), (8, 9, False), (11, 12, True), (12, 13, False))]
    assert filled_spans(before, after) == ((5, 8), (11, 12))
    assert filled_spans(after, after) == ()


def test_the_page_describes_every_column() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "recordings.md").read_text("utf-8")
    for one in (*EVENT_COLUMNS, *COVERAGE_COLUMNS):
        assert f"| `{one.name}` | {one.meaning}" in page


def test_only_parquet_needs_duckdb(
    tmp_path: Path, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    parquet = tmp_path / "x.parquet"
    export_recording(own, parquet, NOW_MS)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for suffix in (".csv", ".jsonl"):
        export_recording(own, tmp_path / f"y{suffix}", NOW_MS)
        merge(tmp_path / f"y{suffix}", other)
    assert contents(other) == contents(own)
    with pytest.raises(HistoryError, match=r"pip install duckdb"):
        merge(parquet, other)
    with pytest.raises(HistoryError, match=r"pip install duckdb"):
        export_recording(own, tmp_path / "z.parquet", NOW_MS)
    assert not (tmp_path / "z.parquet").exists()


COVERAGE = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.booleans()), max_size=6)


@given(COVERAGE, COVERAGE)
@settings(max_examples=60, deadline=None)
def test_any_two_coverages_unite_the_same_both_ways(
    first: list[tuple[int, int, bool]], second: list[tuple[int, int, bool]]
) -> None:
    stores = [MemoryEngine(f"memory://{name}") for name in ("united-a", "united-b")]
    try:
        for store, given_spans in zip(stores, (first, second), strict=True):
            store.forget()
            with closing(store.open_writer(DataKind.LIVE)) as sink:
                for after_ms, length_ms, proven in given_spans:
                    start_ms = DEC_5_MS + after_ms
                    sink.extend_coverage("BTCUSDT", start_ms, start_ms + length_ms, proven=proven)
        before = [covered(store) for store in stores]
        merge(stores[0].address, stores[1])
        merge(stores[1].address, stores[0])
        assert covered(stores[0]) == covered(stores[1])
        moments = [ms + 0.5 for ms in range(45)]
        for moment in moments:
            sorts = [[p for a, b, p in spans if a < moment < b] for spans in before]
            claims = [proven for some in sorts for proven in some]
            now = [proven for a, b, proven in covered(stores[0]) if a < moment < b]
            assert now == ([any(claims)] if claims else [])
    finally:
        for store in stores:
            store.forget()
