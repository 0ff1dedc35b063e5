"""What may be taken away: a database of ours with nothing in it that nobody writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite.discard import discard_empty
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "liq.sqlite3"


def test_a_database_without_a_row_is_deleted_and_not_while_it_is_written(path: Path) -> None:
    assert discard_empty(path)
    with closing(SqliteStore(path, DataKind.LIVE)):
        assert not discard_empty(path)
    assert path.exists()
    assert discard_empty(path)
    assert [one.name for one in path.parent.iterdir()] == ["liq.sqlite3-writer"]


def test_what_was_never_finished_is_deleted(path: Path) -> None:
    path.write_bytes(b"")
    assert discard_empty(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size
    assert discard_empty(path)
    assert not path.exists()


@pytest.mark.parametrize("what", ["event", "coverage", "log", "foreign", "text"])
def test_anything_else_stays(path: Path, what: str) -> None:
    if what == "text":
        path.write_text("what somebody keeps here, and nothing of ours at all\n" * 20)
    elif what == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (text)")
    else:
        with closing(SqliteStore(path, DataKind.LIVE)) as store:
            if what == "coverage":
                store.extend_coverage("BTCUSDT", 0, 9000, proven=True)
            else:
                store.write([EVENT])
            if what == "log":
                # As a killed recorder leaves it: the event is in the log only.
                copies = {
                    one: one.read_bytes() for one in path.parent.glob("liq.sqlite3*") if one != path
                }
                main = path.read_bytes()
        if what == "log":
            path.write_bytes(main)
            for one, content in copies.items():
                one.write_bytes(content)
            assert path.with_name("liq.sqlite3-wal").stat().st_size
    before = path.read_bytes()
    assert not discard_empty(path)
    assert path.read_bytes() == before
