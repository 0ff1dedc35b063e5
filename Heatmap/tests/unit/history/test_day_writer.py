"""The manifest never says what the files of a day are not, wherever renaming ends."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.history.day_writer import DayFile, NewDay, put_days
from Heatmap.history.faults import FileFaultError
from Heatmap.history.manifest import ImportedDay, ImportFault, Manifest
from Heatmap.history.store_layout import history_folder

OLD = ImportedDay(
    "agg_trades", "BTCUSDT", "2025-01-01", "x.zip", "old", None, 1, 5, 0, 0, 9, 1, 5, 0, 0, 1, 7
)
PROFILE = replace(OLD, dataset="minute_profile")


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Manifest]:
    history_folder(tmp_path).mkdir()
    with Manifest(tmp_path, writes=True) as opened:
        opened.put([OLD, PROFILE])
        yield opened


def new_day(folder: Path, blocked: str, day: str = "2025-01-01", period: str = "") -> NewDay:
    """Return a day's new files; where one is to go, a folder with something in it lies."""
    files = []
    for row in (OLD, PROFILE):
        part = folder / f"{row.dataset}-{day}.part"
        part.write_text("new")
        target = folder / row.dataset / f"{day}.parquet"
        if row.dataset == blocked:
            (target / "kept").mkdir(parents=True)
        else:
            target.parent.mkdir(exist_ok=True)
            target.write_text("old")
        files.append(DayFile(part, target, replace(row, day=day, sha256="new")))
    return NewDay(tuple(files), period or day)


def test_a_day_is_known_again_once_all_its_files_are_there(
    tmp_path: Path, manifest: Manifest
) -> None:
    fault = ImportFault("agg_trades", "BTCUSDT", "2025-01", 3, "broken", "it was cut off")
    manifest.put_faults([fault, replace(fault, day="2025-02")])
    day = new_day(tmp_path, "", period="2025-01")
    assert put_days(manifest, [day]) == []
    assert [one.sha256 for one in manifest.days()] == ["new", "new"]
    assert [one.target.read_text() for one in day.files] == ["new", "new"]
    assert [one.day for one in manifest.faults()] == ["2025-02"]


def test_where_nothing_was_renamed_the_day_stays_as_it_was_and_the_others_are_put(
    tmp_path: Path, manifest: Manifest
) -> None:
    blocked, other = (
        new_day(tmp_path, "agg_trades"),
        new_day(tmp_path, "", "2025-01-02"),
    )
    assert [one for one, _ in put_days(manifest, [blocked, other])] == [blocked]
    assert [one for one in manifest.days() if one.day == "2025-01-01"] == [OLD, PROFILE]
    assert [one.sha256 for one in manifest.days() if one.day == "2025-01-02"] == ["new", "new"]


def test_where_half_was_renamed_nobody_claims_to_know_the_day(
    tmp_path: Path, manifest: Manifest
) -> None:
    ((_, error),) = put_days(manifest, [new_day(tmp_path, "minute_profile")])
    assert isinstance(error, (OSError, FileFaultError))
    assert (tmp_path / "agg_trades" / "2025-01-01.parquet").read_text() == "new"
    assert manifest.days() == []
