"""Other programs that have a database open, each in a process of its own."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]

_READ = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
print(connection.execute("SELECT count(*) FROM liq_events").fetchone()[0], flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
"""


@contextmanager
def reading_elsewhere(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a read transaction, by a connection that might write; the function ends it."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", _READ, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline().strip().isdecimal()

        def let_go() -> None:
            if reader.poll() is None:
                reader.communicate("\n", timeout=20)

        try:
            yield let_go
        finally:
            let_go()


# Writes an event, and one more for each line that comes; says what became of each.
WRITER = """
import sys
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import events
number = 0
def write():
    global number
    number += 1
    try:
        store.write(events(1, start_ms=10**6 + number))
    except OtherWriterError:
        print("other writer", flush=True)
    except StorageError as error:
        print("fault", error, flush=True)
    else:
        print("written", flush=True)
store = SqliteStore.for_recorder(sys.argv[1], DataKind.LIVE)
write()
for _ in sys.stdin:
    write()
store.close()
"""


class Writer:
    """A recorder's store in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def write(self) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self.answer()


@contextmanager
def writing_elsewhere(path: Path) -> Iterator[Writer]:
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        writer = Writer(process)
        assert writer.answer() == "written"
        try:
            yield writer
        finally:
            process.communicate(timeout=20)


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
