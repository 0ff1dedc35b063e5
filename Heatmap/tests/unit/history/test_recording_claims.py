"""What a recording claims: held against its keys, its hashes, and what can be."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import LONGEST_RETENTION_MS
from Heatmap.errors import HistoryError
from Heatmap.history.recordings.columns import (
    coverage_path,
)
from Heatmap.history.recordings.export_recording import export_recording
from Heatmap.history.recordings.plausible import longest_quiet_ms
from Heatmap.history.recordings.texts import merge_text
from Heatmap.ingestion.recorder.retention import retention_in_force
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.unit.history.recording_files import (
    DAY_MS,
    DEC_5_MS,
    EVENTS,
    HOUR_MS,
    NOW_MS,
    contents,
    covered,
    keyed,
    merge,
    record,
    whole,
)
from Heatmap.tests.unit.stored_events import tamper


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return open_store(tmp_path / "other.sqlite3")


def test_what_a_merge_brings_stays_until_somebody_shortens_the_retention(
    tmp_path: Path, other: Store
) -> None:
    own = record(open_store(tmp_path / "own.sqlite3"))
    fresh = open_store(tmp_path / "fresh.sqlite3")
    with closing(other.open_writer(DataKind.LIVE)) as sink:
        sink.keep_retention(DAY_MS)
    for store, older, words in ((other, 4, "kept 1 d; 4 liquidations"), (fresh, 0, "asks first")):
        report = merge(own.address, store)
        assert (report.kept_ms, report.older) == (LONGEST_RETENTION_MS, older)
        assert words in merge_text(report, NOW_MS)
        # As a recorder decides that is set to 14 days, or to 1.
        for days in (14, 1):
            kept_ms = store.kept_retention_ms()
            found_ms = retention_in_force(kept_ms, days * DAY_MS, is_confirmed=False)
            assert found_ms == LONGEST_RETENTION_MS
        assert "asks first" not in merge_text(merge(own.address, store), NOW_MS)


def test_an_edited_row_is_refused_whatever_its_key_is(tmp_path: Path, other: Store) -> None:
    path = tmp_path / "x.jsonl"
    export_recording(record(open_store(tmp_path / "own.sqlite3")), path, NOW_MS)
    sound = path.read_text("utf-8").splitlines()
    edits: list[tuple[int, dict[str, Any], str]] = [
        (0, {"price": 94_809.5, "notional_usd": 94_809.5 * 0.013}, "expected price as in its raw"),
        (0, {"push_ms": DEC_5_MS + 5}, "expected push_ms as in its raw"),
        (0, {"notional_usd": 1e9}, "price times qty"),
        (0, {"raw_json": "{}"}, "the event_key of its raw_json"),
        (0, {"raw_json": "", "qty": 0.014, "notional_usd": 94_809.6 * 0.014}, "of its numbers"),
        (2, {"qty": 0.014, "notional_usd": 94_809.6 * 0.014}, "of its numbers"),
        (3, {"price": 1.0}, "with other contents"),
        (0, {"receive_ms": 1, "raw_json": ""}, "with other contents"),
        (0, {"raw_json": "\ud800"}, "a text in UTF-8 in raw_json"),
        (0, {"raw_json": [[]]}, "a text in UTF-8 in raw_json"),
    ]
    for row, edit, words in edits:
        lines = [*sound]
        lines[row] = json.dumps(json.loads(lines[row]) | edit)
        path.write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(HistoryError) as raised:
            merge(path, other)
        assert words in str(raised.value), edit
        assert not other.exists()
    deep = "[" * 100_000
    long = '{"schema": ' + "1" * 5000 + "}"
    for line in (deep, long):
        path.write_text(line, encoding="utf-8")
        with pytest.raises(HistoryError, match="too deep or too long"):
            merge(path, other)
    # Sorted otherwise and begun with a mark, it is the same.
    path.write_text("\n".join(reversed(sound)), encoding="utf-8-sig")
    assert merge(path, other).added == 4


def test_an_edited_row_of_a_database_is_refused_and_not_exported(
    tmp_path: Path, other: Store
) -> None:
    own, path = record(open_store(tmp_path / "own.sqlite3")), tmp_path / "x.csv"
    tamper(tmp_path / "own.sqlite3", "UPDATE liq_events SET push_ms = 1 WHERE ts_ms % 10 = 1")
    with pytest.raises(HistoryError, match="push_ms as in its raw_json"):
        merge(own.address, other)
    assert not other.exists()
    assert export_recording(own, path, NOW_MS).left_out == 1
    assert merge(path, other).added == 3


def test_an_edited_coverage_is_refused(tmp_path: Path, other: Store) -> None:
    path = tmp_path / "x.jsonl"
    export_recording(record(open_store(tmp_path / "own.sqlite3")), path, NOW_MS)
    beside = coverage_path(path)
    sound = beside.read_text("utf-8")
    assert sound.count('"proven": false') == 1
    for edited in (sound.replace('"proven": false', '"proven": true'), sound.split("\n", 1)[1]):
        beside.write_text(edited, encoding="utf-8")
        with pytest.raises(HistoryError, match="with other contents"):
            merge(path, other)
    beside.write_text("", encoding="utf-8")
    report = merge(path, other)
    assert (report.added, covered(other)) == (4, [])
    assert "it does not say when it was recorded" in merge_text(report, NOW_MS)


@pytest.mark.parametrize(
    ("event_ms", "start_ms", "end_ms", "words"),
    [
        (NOW_MS + HOUR_MS, None, None, "has a liquidation of BTCUSDT at 2025-12-10 01:00 UTC, a"),
        (1_500_000_000_000, None, None, "2017-07-14 02:40 UTC, before there was"),
        (None, 0, NOW_MS, "covers of BTCUSDT at 1970-01-01 00:00 UTC, before"),
        (None, DEC_5_MS, NOW_MS + HOUR_MS, "covers of BTCUSDT at 2025-12-10 01:00 UTC, a time"),
        (DEC_5_MS, DEC_5_MS - 181 * DAY_MS, NOW_MS, "had no liquidation in 181 days of proven"),
        (DEC_5_MS, DEC_5_MS - 180 * DAY_MS, NOW_MS, ""),
    ],
)
def test_what_cannot_be_true_is_refused_from_files_and_databases(
    tmp_path: Path,
    other: Store,
    event_ms: int | None,
    start_ms: int | None,
    end_ms: int | None,
    words: str,
) -> None:
    own, path = open_store(tmp_path / "own.sqlite3"), tmp_path / "x.csv"
    with closing(own.open_writer(DataKind.LIVE)) as sink:
        if event_ms is not None:
            sink.write([keyed(event_ms, raw_json="")])
        if start_ms is not None and end_ms is not None:
            sink.extend_coverage("BTCUSDT", start_ms, end_ms, proven=True)
    export_recording(own, path, NOW_MS + HOUR_MS)
    for source in (path, own.address):
        if not words:
            merge(source, other)
            continue
        with pytest.raises(HistoryError) as raised:
            merge(source, other)
        assert words in str(raised.value)
        assert not other.exists()


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 90)), max_size=4),
    st.sets(st.integers(0, 14)),
)
@settings(max_examples=30, deadline=None)
def test_quiet_time_is_counted_hour_by_hour(parts: list[tuple[int, int]], days: set[int]) -> None:
    proven, hours, reached = [], [], 0
    for gap, length in parts:
        start, reached = reached + gap, reached + gap + length
        proven.append(CoverageInterval("X", start * HOUR_MS, reached * HOUR_MS, True))
        hours += range(start, reached)
    longest = quiet = 0
    for hour in hours:
        quiet = 0 if hour // 24 in days else quiet + 1
        longest = max(longest, quiet)
    # A busy day in a hole tells nothing of the time beside it.
    assert longest_quiet_ms(proven, sorted(days)) == longest * HOUR_MS


def test_simulated_markets_of_two_names_never_mix(tmp_path: Path, other: Store) -> None:
    stores = {}
    for name in ("seed 1", "seed 2", ""):
        stores[name] = open_store(tmp_path / f"{name or 'none'}.sqlite3")
        with closing(stores[name].open_writer(DataKind.SIMULATED)) as sink:
            if name:
                sink.keep_market(MarketNote(name, "spot"))
            sink.write(EVENTS)
    path = tmp_path / "x.csv"
    export_recording(stores["seed 1"], path, NOW_MS)
    merge(path, other)
    with closing(other.open_reader()) as reader:
        assert reader.market() == MarketNote("seed 1", "spot")
    merge(stores["seed 1"].address, other)
    before = whole(stores["seed 2"])
    for name in ("seed 2", ""):
        for source in (path, stores["seed 1"].address):
            with pytest.raises(HistoryError, match="two markets never mix"):
                merge(source, stores[name])
    assert whole(stores["seed 2"]) == before


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount")
def test_a_database_on_a_read_only_mount_is_merged_from(tmp_path: Path, other: Store) -> None:
    folder = tmp_path / "away"
    folder.mkdir()
    record(open_store(folder / "own.sqlite3"))
    script = (
        f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}" || exit 77; '
        f'exec "{sys.executable}" -m Heatmap history import '
        f'--liquidations "{folder}/own.sqlite3" --db "{other.address}"'
    )
    done = subprocess.run(  # noqa: S603 - a script of this test
        ["unshare", "-m", "sh", "-c", script],  # noqa: S607 - as it lies
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (1, 77) and "Heatmap" not in done.stderr:
        pytest.skip("this machine does not allow mounts")
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(other) == contents(open_store(folder / "own.sqlite3"))
