"""Services that apprise knows (Telegram, Discord, mail and others): the extra `notify`.

The only place that imports it. It blocks, so each message has a thread; it writes addresses into
logs of its own and of the libraries below it, so these are silent while it works for us.
"""

import asyncio
import contextlib
import importlib.util
import logging
import re
import threading
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from Heatmap.alerts.ways.delivery_queue import Rate
from Heatmap.alerts.ways.messages import Message
from Heatmap.alerts.ways.secret import Secret
from Heatmap.alerts.ways.way import WayError
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.ingestion.recorder.recorder_loop import in_daemon_thread
from Heatmap.runtime.compat import override

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = "apprise"
TIMEOUT_S = 20.0
"""A service that takes longer counts as silent. Sign-on and sending of mail are slow."""
#: By the scheme of an address: what the service takes, as far as is known.
RATES = {
    "discord": Rate(30, 60.0),
    "tgram": Rate(1, 1.0),
    "mailto": Rate(1, 60.0),
    "mailtos": Rate(1, 60.0),
}
USUAL_RATE = Rate(1, 2.0)

_OURS = "Heatmap"
_STATUS = re.compile(r"error=(\d{3})\b")


class AppriseWay:
    """Sends messages by one service; see `Way`.

    There is no key by which a service could tell a repeated message: it shows it twice. The first
    one that is made loads all of apprise, which takes a second: not in the thread of a window.

    Parameters
    ----------
    name
        What the user calls it.
    address
        As apprise writes it, such as ``tgram://token/chat``.
    timeout_s
        What an attempt may take in all, seconds.

    Raises
    ------
    SettingsError
        The package is not installed, or the address is none of a service that it knows; the message
        does not repeat it.
    """

    kind = "apprise"

    def __init__(self, name: str, address: Secret, *, timeout_s: float = TIMEOUT_S) -> None:
        apprise = _load()
        self.name = name
        self._timeout_s = timeout_s
        asset = apprise.AppriseAsset(
            storage_mode=apprise.PersistentStoreMode.MEMORY, allow_templates=False
        )
        asset.app_id, asset.app_desc, asset.app_url = _OURS, _OURS, ""
        asset.http_redirects = False
        service = None
        # Whatever its plugins raise may hold the address.
        with _quiet(), contextlib.suppress(Exception):
            service = apprise.Apprise.instantiate(address.reveal(), asset=asset)
        if service is None:
            raise raised(SettingsError, FailureKind.WAY_SERVICE_UNKNOWN)
        self.rate = _rate_of(service)
        self._service: Any = service
        self._text_format = apprise.NotifyFormat.TEXT
        # Held by the thread that sends: the next one waits for one that hangs.
        self._turn = threading.Lock()

    async def send(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        WayError
            The service did not take it, as far as is known.
        """
        failure: Failure | None
        try:
            # A service may wait for longer than its own limits, such as until it has room again.
            async with asyncio.timeout(self._timeout_s):
                failure = await in_daemon_thread(lambda: self._notify(message))
        except TimeoutError:
            failure = Failure(FailureKind.WAY_SILENT, {"limit_s": self._timeout_s})
        if failure is not None:
            raise WayError(failure)

    async def close(self) -> None:
        """Do nothing: no connection stays open."""

    def _notify(self, message: Message) -> Failure | None:
        if not self._turn.acquire(timeout=self._timeout_s):
            return Failure(FailureKind.WAY_SILENT, {"limit_s": self._timeout_s})
        status: int | None = None
        try:
            with _quiet() as said:
                is_taken = self._service.notify(
                    body=message.body or message.title,
                    title=message.title if message.body else "",
                    body_format=self._text_format,
                )
            status = said.status
        except Exception:  # noqa: BLE001 - whatever its plugins raise; it may hold the address
            is_taken = False
        finally:
            self._turn.release()
        if is_taken:
            return None
        if status is None:
            return Failure(FailureKind.WAY_SERVICE_FAILED)
        return Failure(FailureKind.WAY_REFUSED, {"status": status})


@cache
def is_installed() -> bool:
    """Whether the package is there; it is not loaded."""
    return importlib.util.find_spec(PACKAGE) is not None


def _load() -> "ModuleType":
    try:
        # An extra: imported where such a way is made, and only there.
        import apprise  # noqa: PLC0415
    except ImportError:
        raise raised(SettingsError, FailureKind.WAY_NEEDS_PACKAGE, package=PACKAGE) from None
    module: ModuleType = apprise
    return module


def _rate_of(service: Any) -> Rate:
    schemes: list[str] = []
    for found in (service.protocol, service.secure_protocol):
        schemes += [found] if isinstance(found, str) else list(found or ())
    return next((RATES[scheme] for scheme in schemes if scheme in RATES), USUAL_RATE)


class _Said(threading.local):
    """What the libraries log in this thread is held back; of it only a status is kept."""

    depth = 0
    status: int | None = None


class _Silence(logging.Filter):
    """Lets no record of a thread through that is working for us."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not _SAID.depth:
            return True
        with contextlib.suppress(Exception):  # a record of somebody else's that cannot be read
            if found := _STATUS.search(record.getMessage()):
                _SAID.status = int(found[1])
        return False


_SAID = _Said()
_SILENCE = _Silence()


@contextlib.contextmanager
def _quiet() -> Iterator[_Said]:
    """Hold back in this thread what is logged by anything but this package."""
    # Each time: loggers come with the modules that libraries load when they need them.
    for name, logger in list(logging.root.manager.loggerDict.items()):
        is_ours = name == _OURS or name.startswith(f"{_OURS}.")
        if isinstance(logger, logging.Logger) and not is_ours:
            _silence(logger)
    _silence(logging.root)
    _SAID.status = None
    _SAID.depth += 1
    try:
        yield _SAID
    finally:
        _SAID.depth -= 1


def _silence(logger: logging.Logger) -> None:
    if _SILENCE not in logger.filters:
        logger.addFilter(_SILENCE)
