"""A recorder in a process of its own, which tells what it holds: started by the torture run.

Standard input takes one command a line; standard output gives one JSON object a line in answer:

- ``measure``; ``stop``, which ends the process;
- ``sleep N``: this thread, which stands for a host's GUI, sleeps for N seconds;
- ``hold N``: it does so in a C call that holds the interpreter lock, so no thread runs;
- ``limit N``: no file of the process grows beyond N bytes; 0: as before.

It is a process of its own so that its memory is the recorder's alone.
"""

import asyncio
import ctypes
import gc
import json
import logging
import mmap
import random
import sys
import threading
import time
import tracemalloc
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.connection.supervisor import ConnectionTimes
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
from Heatmap.ingestion.recorder.texts import connection_text
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.fact_texts import notices_text

if sys.platform != "win32":
    import resource
assert sys.platform != "win32", "it looks at itself as Linux shows it"

_logger = logging.getLogger("recorder process")
_PAGE_BYTES = mmap.PAGESIZE


class _Complaints(logging.Handler):
    """Keeps what was logged as an error; asyncio logs there what nobody retrieved."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR and record.name != "py.warnings":
            self.warnings += 1
        elif len(self.errors) < 50:
            text = self.format(record)
            self.errors.append(f"{record.name}: {text[:1500]}")


class _Probe:
    """Runs in the recorder's thread with each batch: counts the tasks of its loop."""

    def __init__(self) -> None:
        self.tasks = 0

    def __call__(self, _: StoredBatch) -> None:
        self.tasks = len(asyncio.all_tasks())


def _sockets() -> int:
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except OSError:
            continue  # the folder's own descriptor, or one just closed
    return count


class _Stores:
    """Opens the recorder's stores, and says how much of what they wrote they keep in memory."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._store: SqliteStore | None = None

    def __call__(self) -> SqliteStore:
        self._store = SqliteStore.for_recorder(self._path, DataKind.LIVE)
        return self._store

    def log_copy_bytes(self) -> int:
        """Return the size of the events that are only in the log: it varies, and has a limit."""
        if self._store is None:
            return 0
        events = [event for _, event in self._store._log.memory.events_after(0)]
        return sum(_ENTRY_BYTES + _size(event) for event in events)


# A row id, and the pair that it makes with the event.
_ENTRY_BYTES = 32 + 56
_names = [field.name for field in fields(LiquidationEvent)]


def _size(event: LiquidationEvent) -> int:
    values = [getattr(event, name) for name in _names]
    # A symbol is one text for many events.
    own = [value for value in values if isinstance(value, int | float) or value is event.raw_json]
    return sys.getsizeof(event) + sum(map(sys.getsizeof, own))


def _measure(
    recorder: Recorder, probe: _Probe, complaints: _Complaints, stores: _Stores
) -> dict[str, Any]:
    gc.collect()
    status = recorder.status()
    return {
        "log_copy_bytes": stores.log_copy_bytes(),
        "rss_bytes": int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES,
        "traced_bytes": tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0,
        "tasks": probe.tasks,
        "threads": threading.active_count(),
        "sockets": _sockets(),
        "errors": complaints.errors,
        "warnings": complaints.warnings,
        "running": recorder.is_running(),
        "role": status.role.value,
        "connection": status.connection.value,
        "words": connection_text(status),
        "received": status.received,
        "stored": status.stored,
        "duplicates": status.duplicates,
        "overflowed": status.overflowed,
        "queued": status.queued,
        "storage_fault": failure_text(status.storage_fault),
        "storage_notice": notices_text(status.storage_notices),
        "reconnects": status.reconnects,
        "rotations": status.rotations,
        "rejected": {reason.value: count for reason, count in status.rejected.items()},
    }


def main() -> None:
    options = json.loads(sys.argv[1])
    complaints = _Complaints()
    logging.basicConfig(level=logging.WARNING, handlers=[complaints])
    logging.captureWarnings(True)
    sys.unraisablehook = lambda caught: _logger.error("unraisable: %r", caught.exc_value)
    threading.excepthook = lambda caught: _logger.error("in a thread: %r", caught.exc_value)
    random.seed(options["seed"])
    if options["trace"]:
        tracemalloc.start()
    probe = _Probe()
    config = RecorderConfig(
        symbols=tuple(options["symbols"]),
        ws_url=options["ws_url"],
        rest_url=options["rest_url"],
        connection_times=ConnectionTimes(**options["times"]),
        tick_refresh_s=options.get("tick_refresh_s", 86_400.0),
        candle_retention_ms=options.get("candle_retention_ms"),
    )
    stores = _Stores(options["db"])
    recorder = Recorder(
        config,
        stores,
        on_stored=probe,
    )
    recorder.start()
    _answer({"times": asdict(config.connection_times)})
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        if word == "stop":
            break
        if word != "measure":
            _ERRANDS[word](int(number))
        _answer(_measure(recorder, probe, complaints, stores))
    recorder.stop()
    _answer(_measure(recorder, probe, complaints, stores))


def _sleep(seconds: int) -> None:
    time.sleep(seconds)


def _hold(seconds: int) -> None:
    ctypes.PyDLL(None).sleep(seconds)


def _limit(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size or hard, hard))


_ERRANDS = {"sleep": _sleep, "hold": _hold, "limit": _limit}


def _answer(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
