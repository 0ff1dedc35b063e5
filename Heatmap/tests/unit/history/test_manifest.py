"""What a killed import leaves of the manifest, and what is none of this program's."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.errors import HistoryError
from Heatmap.history.manifest import Manifest, read_manifest
from Heatmap.history.store_layout import manifest_path


def made(store: Path, *statements: str) -> Path:
    path = manifest_path(store)
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in statements:
            connection.execute(statement)
    return path


def test_a_file_without_tables_yet_holds_nothing_and_is_filled_by_the_next_import(
    tmp_path: Path,
) -> None:
    path = made(tmp_path)
    assert path.stat().st_size > 0
    assert read_manifest(tmp_path) == ([], [])
    with Manifest(tmp_path) as manifest:
        assert (manifest.days(), manifest.faults(), manifest.empty_days()) == ([], [], [])
    with Manifest(tmp_path, writes=True) as manifest:
        assert manifest.days() == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM imports").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement", ["PRAGMA user_version = 1", "PRAGMA application_id = 7", "CREATE TABLE x (y)"]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, statement: str) -> None:
    made(tmp_path, statement)
    for writes in (False, True):
        with pytest.raises(HistoryError, match="not a manifest of this program"):
            Manifest(tmp_path, writes=writes)
