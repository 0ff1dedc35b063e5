"""Alerts on the desktop: notifications and sound; and where a window keeps ways and their secrets.

What shows something belongs to Qt's thread, so these are no ways of a `WaySet`: they are offered
alerts in that thread, have the same queue, and tell the same facts.
"""

import contextlib
import math
import os
import random
import secrets
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from PyQt6.QtCore import QCoreApplication, QObject, QSettings, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication, QStyle, QSystemTrayIcon

from Heatmap.alerts.ways import (
    DeliveryTimes,
    MessageWords,
    Notice,
    Rate,
    WayFacts,
    WaySpec,
)
from Heatmap.alerts.ways.delivery_queue import DeliveryQueue
from Heatmap.alerts.ways.messages import Entry, Message, PlainNotice, make_message
from Heatmap.alerts.ways.way_file import ways_from_text, ways_to_text
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

GROUP = "HeatmapAlertWays"
"""The group of a store in which ways are: not that of the settings, which are exported."""
TRAY_RATE = Rate(1, 3.0)
SOUND_RATE = Rate(1, 2.0)

_KEY = f"{GROUP}/ways"
_OWNER_ONLY = 0o600
_QUEUE_LENGTH = 200
# What cannot be shown is not tried again, so what comes next need not wait for long.
_TIMES = DeliveryTimes(first_backoff_s=0.1, longest_backoff_s=0.1)
# Displays of Qt that have nobody who could hear.
_SILENT = frozenset(
    {"eglfs", "linuxfb", "minimal", "minimalegl", "offscreen", "vkkhrdisplay", "vnc"}
)


def words(text: str) -> str:
    """Return a text of alerts in the user's language."""
    return QCoreApplication.translate("Alerts", text)


def message_words() -> MessageWords:
    """Return the words of messages in the user's language, for a `WaySet` too."""
    return MessageWords(
        several=words("{count} alerts"),
        more=words("and {count} more"),
        test_title=words("Heatmap: a test"),
        test_body=words("Alerts arrive here."),
    )


class DesktopWay(QObject):
    """A way in Qt's thread. What comes faster than it can be shown is shown together.

    Derive from it: `kind`, `available`, `show_message`.

    Parameters
    ----------
    name
        What the user calls it.
    rate
        How many messages are shown.
    parent
        What it belongs to.
    """

    kind = ""

    def __init__(self, name: str, rate: Rate, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._queue = DeliveryQueue(
            rate,
            _TIMES,
            random.Random(),  # noqa: S311 - jitter needs no cryptography
            length=_QUEUE_LENGTH,
        )
        self._last_sent_ms: int | None = None
        self._last_failure: Failure | None = None
        self._last_failure_ms: int | None = None
        self._is_failing = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show_due)

    def available(self) -> Failure | None:
        """Return what the machine lacks for it; ``None``: nothing."""
        raise NotImplementedError

    def show_message(self, message: Message) -> None:
        """Show a message; only called where nothing is lacking."""
        raise NotImplementedError

    def offer(self, notice: Notice) -> None:
        """Show an alert, now or together with the next; returns at once."""
        self._queue.offer(Entry.of(notice))
        self._show_due()

    def test(self) -> Failure | None:
        """Show a test now; returns what the machine lacks. It counts nowhere."""
        failure = self.available()
        if failure is None:
            said = message_words()
            name = f"test-{secrets.token_hex(8)}"
            notice = PlainNotice(name, said.test_title, said.test_body, {"is_test": True})
            failure = self._tried(make_message([Entry.of(notice)], said))
        return failure

    def facts(self) -> WayFacts:
        """Return how it fares."""
        counts = self._queue.counts()
        return WayFacts(
            self.name,
            self.kind,
            counts.sent,
            counts.repeated,
            counts.dropped,
            counts.failed,
            len(self._queue.left()),
            self._last_sent_ms,
            self._last_failure,
            self._last_failure_ms,
            self._is_failing,
        )

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("an alert could not be shown", exc_info=error)

    @guarded
    def _show_due(self) -> None:
        now_s = time.monotonic()
        if entries := self._queue.take(now_s):
            self._show(entries, now_s)
        delay_s = self._queue.next_delay(time.monotonic())
        if delay_s != math.inf:
            self._timer.start(math.ceil(delay_s * 1000))

    def _show(self, entries: tuple[Entry, ...], now_s: float) -> None:
        failure = self.available()
        if failure is None:
            failure = self._tried(make_message(entries, message_words()))
        now_ms = time.time_ns() // 1_000_000
        if failure is None:
            self._queue.receive_delivered()
            self._last_sent_ms, self._is_failing = now_ms, False
        else:
            # Later it would be news of the past.
            self._queue.receive_failed(failure, now_s, is_final=True)
            self._last_failure, self._last_failure_ms = failure, now_ms
            self._is_failing = True

    def _tried(self, message: Message) -> Failure | None:
        try:
            self.show_message(message)
        except Exception as error:  # noqa: BLE001 - told, and no other alert waits for it
            self.note_error(error)
            return Failure.of(error)
        return None


class TrayWay(DesktopWay):
    """Notifications of the desktop, where it has a tray that shows them.

    Parameters
    ----------
    name
        What the user calls it.
    parent
        What it belongs to.
    tray
        The host's own icon in the tray; ``None``: one is made when something is shown first.
    """

    kind = "tray"

    def __init__(
        self, name: str, parent: QObject | None = None, tray: QSystemTrayIcon | None = None
    ) -> None:
        super().__init__(name, TRAY_RATE, parent)
        self._tray = tray
        # Of an icon that is made here: a host's says what the host wants.
        self._tool_tip = words("Heatmap: alerts")
        self._has_own_icon = False

    def set_tool_tip(self, text: str) -> None:
        """Have the icon say this; a host's own icon is left as it is."""
        if text != self._tool_tip:
            self._tool_tip = text
            if self._has_own_icon and self._tray is not None:
                self._tray.setToolTip(text)

    @override
    def available(self) -> Failure | None:
        """Return that there is no tray; asked each time, as a desktop may bring one later."""
        has_windows = isinstance(QCoreApplication.instance(), QApplication)
        # Before one is made: where there is no tray, making one is an error to Qt.
        if has_windows and QSystemTrayIcon.isSystemTrayAvailable():
            return None if QSystemTrayIcon.supportsMessages() else Failure(FailureKind.NO_TRAY)
        return Failure(FailureKind.NO_TRAY)

    @override
    def show_message(self, message: Message) -> None:
        """Show a notification."""
        if self._tray is None:
            self._tray = self._made_icon()
        # On Linux information is of low urgency, which desktops list without showing it.
        icon = QSystemTrayIcon.MessageIcon.Warning
        self._tray.showMessage(message.title, message.body, icon)

    def _made_icon(self) -> QSystemTrayIcon:
        icon = QGuiApplication.windowIcon()
        style = QApplication.style()
        if icon.isNull() and style is not None:
            icon = style.standardIcon(QStyle.StandardPixmap.SP_MessageBoxInformation)
        tray = QSystemTrayIcon(icon, self)
        tray.setToolTip(self._tool_tip)
        self._has_own_icon = True
        tray.show()  # a hidden one shows no messages
        return tray


class SoundWay(DesktopWay):
    """The system's own sound for attention."""

    kind = "sound"

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(name, SOUND_RATE, parent)

    @override
    def available(self) -> Failure | None:
        """Return that this display cannot beep, as far as Qt tells."""
        has_windows = isinstance(QCoreApplication.instance(), QApplication)
        if has_windows and QGuiApplication.platformName() not in _SILENT:
            return None
        return Failure(FailureKind.NO_SOUND)

    @override
    def show_message(self, message: Message) -> None:  # noqa: ARG002 - a sound has no words
        """Beep."""
        QApplication.beep()


def save_ways(store: QSettings, specs: Iterable[WaySpec]) -> None:
    """Keep ways, with their secrets, in a store; a file of it is its owner's alone then (0600).

    Raises
    ------
    SettingsError
        Two have one name, or the store cannot be written.
    """
    text = ways_to_text(specs)
    _begin_closed(store)
    _close_to_others(store)
    store.setValue(_KEY, text)
    store.sync()
    _close_to_others(store)
    if store.status() != QSettings.Status.NoError:
        reason = words("the settings cannot be stored")
        kind = FailureKind.WAYS_NOT_WRITTEN
        raise raised(SettingsError, kind, path=store.fileName(), reason=reason)


def load_ways(store: QSettings) -> tuple[WaySpec, ...]:
    """Return the ways that `save_ways` kept; none where there are none.

    Raises
    ------
    SettingsError
        What is stored is none of ways. The message repeats nothing of it.
    """
    if not store.contains(_KEY):
        return ()
    _close_to_others(store)
    text = store.value(_KEY)
    return ways_from_text(str(text).encode("utf-8", "surrogatepass"), store.fileName())


def _begin_closed(store: QSettings) -> None:
    """Make the file of a store as its owner's alone, before anything is in it."""
    path = Path(store.fileName())
    # An empty file is none of the store's on a Mac, where it is a list of properties.
    if sys.platform.startswith("linux") and path.is_absolute():
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(_OWNER_ONLY)


def _close_to_others(store: QSettings) -> None:
    path = Path(store.fileName())
    # On Windows the folder of the user says who may read; elsewhere it may be no file.
    if os.name == "posix" and path.is_file():
        with contextlib.suppress(OSError):
            path.chmod(_OWNER_ONLY)
