"""What Qt and Chromium need to start on this machine, and what they print when they do."""

import os
import re
import socket
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

from PyQt6.QtCore import QMessageLogContext, QtMsgType

from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

# Qt and Chromium say so at every start on a machine without a GPU or a window system.
_HARMLESS = re.compile(
    r"GPUInfo not initialized|QRhiGles2|Failed to create RHI|This plugin does not support|Vulkan"
    r"|Unable to detect GPU vendor|GBM is not supported",
    re.IGNORECASE,
)
_PROCESS_LIMIT = "--renderer-process-limit="


def prepare_environment(environment: MutableMapping[str, str], platform: str) -> bool:
    """Set what Qt and Chromium need to start on this machine; whether there is no display.

    Parameters
    ----------
    environment
        The process's environment, changed in place; what the user has set stays.
    platform
        As `sys.platform`.
    """
    is_headless = environment.get("QT_QPA_PLATFORM") == "offscreen"
    flags = environment.get("QTWEBENGINE_CHROMIUM_FLAGS", "").split()
    if platform == "linux":
        # Elsewhere there is always a display, whatever DISPLAY says: a shell or an X server that
        # runs on Windows sets it too.
        if "QT_QPA_PLATFORM" not in environment and not _names_a_display(environment):
            environment["QT_QPA_PLATFORM"] = "offscreen"
            is_headless = True
        # Chromium's own complaints about a missing GPU or bus; the page's errors come otherwise.
        if not any(flag.startswith("--log-level") for flag in flags):
            flags.append("--log-level=3")
        if _is_root() and "--no-sandbox" not in flags:
            # Chromium's sandbox refuses to run as root.
            flags.append("--no-sandbox")
    if is_headless and "--disable-gpu" not in flags:
        flags.append("--disable-gpu")
    if not any(flag.startswith(_PROCESS_LIMIT) for flag in flags):
        # All windows' pages are ours: one process draws them. Each more costs 150 MB.
        flags.append(f"{_PROCESS_LIMIT}1")
    environment["QTWEBENGINE_CHROMIUM_FLAGS"] = " ".join(flags)
    return is_headless


def _names_a_display(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("WAYLAND_DISPLAY")) or is_reachable_display(
        environment.get("DISPLAY", "")
    )


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def is_reachable_display(name: str) -> bool:
    """Whether an X server answers at `name` (as in ``DISPLAY``); Qt would abort without one.

    Displays of other machines are taken to be there: finding out would take as long as trying.
    """
    match = re.fullmatch(r":(\d+)(?:\.\d+)?", name)
    if match is None:
        return bool(name)
    if sys.platform != "win32":
        path = f"/tmp/.X11-unix/X{match[1]}"  # noqa: S108 - where X servers listen
        for address in (path, f"\0{path}"):
            with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
                connection.connect(address)
                return True
    return False


def log_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
    """Send what Qt prints to the log; what every start without a GPU prints, to its debug level."""
    text = message or ""
    if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) or _HARMLESS.search(text):
        logger.debug("Qt: %s", text)
    else:
        logger.warning("Qt: %s", text)
