"""What differs between the systems that the tests run on."""

import os
import signal
import sys

import pytest

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such signals, processes or terminals"
)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells or has this")


def kill(process_id: int) -> None:
    """End a process at once."""
    if sys.platform != "win32":
        os.kill(process_id, signal.SIGKILL)
    else:
        os.kill(process_id, signal.SIGTERM)
