"""The pragmas of the writing connection."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.connections import open_writable
from Heatmap.storage.sqlite.pragmas import prepare_for_writing, set_write_ahead_log


def test_a_new_file_gets_every_pragma(tmp_path: Path) -> None:
    with closing(open_writable(tmp_path / "a.sqlite3", timeout_s=0.0)) as connection:
        prepare_for_writing(connection, 1234)
        values = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("auto_vacuum", "journal_mode", "synchronous", "temp_store", "busy_timeout")
        }
    assert values == {
        "auto_vacuum": 2,
        "journal_mode": "wal",
        "synchronous": 1,
        "temp_store": 2,
        "busy_timeout": 1234,
    }


def test_a_place_without_a_write_ahead_log_is_refused() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(StorageError, match="local disk"),
    ):
        set_write_ahead_log(connection)
