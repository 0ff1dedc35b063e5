"""A stand-in for Windows' console, below the code that listens to it; for programs of a test's own.

It is what `ctypes` gives there, and no more: handlers are called in a thread of their own, the
newest first, until one says that it has dealt with the event; then the process is ended at once.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

CTRL_C_EVENT, CLOSE_EVENT = 0, 2
EXIT_STATUS = 77
"""Of a process that was ended because its console was closed."""


class Kernel:
    """``kernel32``."""

    def __init__(self) -> None:
        self.handlers: list[Callable[[int], bool]] = []

    def SetConsoleCtrlHandler(self, handler: Callable[[int], bool], add: bool) -> int:  # noqa: N802
        if add:
            self.handlers.append(handler)
        else:
            self.handlers.remove(handler)
        return 1

    def send(self, event: int, before_end: Callable[[], object]) -> None:
        """Tell the program; `before_end` is called where Windows would end the process."""

        def tell() -> None:
            if any(handler(event) for handler in reversed(self.handlers)):
                before_end()
                sys.stdout.flush()
                os._exit(EXIT_STATUS)

        threading.Thread(target=tell, daemon=True).start()


def install() -> Kernel:
    """Let this process take itself for one on Windows, where ctypes and `sys.platform` are asked.

    To be called when everything is imported: the standard library asks, too.
    """
    kernel = Kernel()

    def load(name: str) -> Kernel:
        assert name == "kernel32"
        return kernel

    def no_change(*_types: Any) -> Callable[[Any], Any]:
        return lambda function: function

    sys.platform = "win32"
    ctypes.WinDLL = load
    ctypes.WINFUNCTYPE = no_change
    return kernel
