"""How a program of ours is asked to end: by signals, and on Windows by a console that is closed.

Windows has no SIGHUP. It tells a console program in a thread of its own that the window is being
closed or the user logs off, and ends the process as soon as that thread returns, or after about 5 s
(https://learn.microsoft.com/windows/console/handlerroutine). So the thread is held until everything
is in order; that takes less (see `Heatmap.ingestion.recorder.recorder`).
"""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from ctypes import wintypes
from functools import partial
from types import FrameType
from typing import TypeAlias

_CLOSE_EVENT, _LOGOFF_EVENT, _SHUTDOWN_EVENT = 2, 5, 6
_PATIENCE_S = 10.0
"""Longer than Windows allows, so that it is Windows who decides."""

# SIGTERM is always meant. A terminal that is closed sends SIGHUP, Ctrl-Break on Windows SIGBREAK.
_ALWAYS = ("SIGTERM",)
_UNLESS_IGNORED = ("SIGINT", "SIGHUP", "SIGBREAK")

_Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | signal.Handlers"


class ProgramEnd:
    """Asks for the end when a signal comes or the console is closed. Main thread only.

    What the program was started to ignore stays ignored: `nohup` does so with SIGHUP, and a
    shell's ``&`` may with SIGINT.

    Parameters
    ----------
    ask
        Called amid whatever the main thread does, or in another thread: must not wait for
        anything, and take no lock. Called again with each signal.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._settled = threading.Event()
        self._before: dict[int, _Handler] = {}
        for name in (*_ALWAYS, *_UNLESS_IGNORED):
            number = getattr(signal, name, None)
            if number is None:
                continue
            if name in _ALWAYS or signal.getsignal(number) is not signal.SIG_IGN:
                before = signal.signal(number, self._receive_signal)
                # None: a handler that Python did not set, and cannot set again.
                self._before[number] = signal.SIG_DFL if before is None else before
        self._forget_console = _listen_to_console(self._receive_console_event)

    def restore(self) -> None:
        """Put back the signals' handlers of before, while the program cleans up. Idempotent."""
        before, self._before = self._before, {}
        for number, handler in before.items():
            signal.signal(number, handler)

    def settle(self) -> None:
        """Say that all is in order, so that the process may be ended. Idempotent."""
        self._settled.set()
        self._forget_console()

    def _receive_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._ask()

    def _receive_console_event(self, event: int) -> bool:
        """Take what Windows tells, in its thread; whether nobody else needs to."""
        if event not in (_CLOSE_EVENT, _LOGOFF_EVENT, _SHUTDOWN_EVENT):
            return False  # Ctrl-C and Ctrl-Break: Python makes signals of them
        self._ask()
        self._settled.wait(_PATIENCE_S)
        return True


def _listen_to_console(receive: Callable[[int], bool]) -> Callable[[], object]:
    """Let Windows call `receive`; returns what ends that. Elsewhere nothing is to be done."""
    if sys.platform != "win32":
        return _do_nothing
    else:  # noqa: RET505 - by which mypy knows what belongs to which system
        kernel = ctypes.WinDLL("kernel32")
        # Must be kept as long as Windows may call it, which the returned function sees to.
        routine = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(receive)
        kernel.SetConsoleCtrlHandler(routine, True)
        return partial(kernel.SetConsoleCtrlHandler, routine, False)


def _do_nothing() -> None:
    pass
