"""Debian's Redis on a free port of this machine, to be killed and started again.

The server is in the package `redis-tools`, under the name of one of them, without a service.
"""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

# A program that starts beside many others takes half a minute.
PATIENCE_S = 60.0
PASSWORD = "SECRET"  # noqa: S105 - of a server that is gone soon


class RedisServer:
    """One server with a log of its own, so that it remembers what it was told when it is killed."""

    def __init__(self, program: str, directory: Path, more: Sequence[str] = ()) -> None:
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port: int = free.getsockname()[1]
        self.shown = f"redis://127.0.0.1:{self.port}/0"
        self.url = self.shown.replace("://", f"://:{PASSWORD}@")
        self._words = [
            *(
                "redis-server",
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(directory),
            ),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
            *("--requirepass", PASSWORD),
            *more,
        ]
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

        self._process = subprocess.Popen(  # noqa: S603 - Debian's
            self._words, executable=self._program, stdout=subprocess.DEVNULL
        )

        def answers() -> bool:
            try:
                with self.client() as client:
                    return bool(client.ping())
            except (RedisError, OSError):
                return False

        wait_until(answers)

    def kill(self) -> None:
        """Kill it without a word, as a power cut does. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """Have it take what comes and answer nothing, as a machine that hangs does."""
        assert sys.platform != "win32"
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert sys.platform != "win32"
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> Any:
        """Return a client of its own, to be closed."""
        from redis import Redis  # noqa: PLC0415 - an extra

        return Redis.from_url(self.url, socket_timeout=PATIENCE_S)


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until something is so; the test fails where it takes too long."""
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s, "it did not come true in time"
        time.sleep(0.01)


@contextlib.contextmanager
def redis_server(directory: Path, *more: str) -> Iterator[RedisServer]:
    """Run a server, with more options; the test is skipped where there is none, or no client."""
    pytest.importorskip("redis", reason="the extra redis is not installed")
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if program is None:
        pytest.skip("there is no Redis; on Debian: apt-get install redis-tools")
    server = RedisServer(program, directory, more)
    server.start()
    try:
        yield server
    finally:
        server.kill()
