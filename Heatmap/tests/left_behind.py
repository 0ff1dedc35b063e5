"""What a test must not leave behind: threads, and errors that reach nobody but asyncio's log."""

import gc
import threading
from collections.abc import Iterable

import pytest

# What hangs in the operating system cannot be ended: a name server, a disk.
LEFT_ON_PURPOSE = ("heatmap-worker", "heatmap-resolver")


def own_threads() -> list[threading.Thread]:
    """Give the threads of service and recorder."""
    return [each for each in threading.enumerate() if each.name.lower().startswith("heatmap")]


def still_running(threads: Iterable[threading.Thread]) -> list[str]:
    """Give the names of those threads that do not end."""
    ending = [thread for thread in threads if thread.name not in LEFT_ON_PURPOSE]
    for thread in ending:
        # One that was told to end may need a moment; one that begins just now cannot be joined.
        if thread.ident is not None:
            thread.join(5)
    return [thread.name for thread in ending if thread.is_alive()]


def asyncio_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what asyncio found nobody to tell: a loop's exceptions, and those never retrieved."""
    # What is never retrieved is told when it is collected.
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.records]
    return [
        f"{each.getMessage()} {each.exc_info}"
        for each in records
        if each.name == "asyncio" and each.levelname in ("ERROR", "CRITICAL")
    ]
