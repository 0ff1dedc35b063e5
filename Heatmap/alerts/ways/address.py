"""Addresses of webhooks: what is taken. A message about one never repeats it. Pure."""

import re
from urllib.parse import urlsplit

from Heatmap.alerts.ways.secret import Secret
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError
from Heatmap.ingestion.connection.addresses import is_loopback

# A backslash or a blank is read in one way here and in another elsewhere: so hosts get confused.
_PLAIN = re.compile(r"[!-\[\]-~]{1,2000}")


def check_webhook_address(address: Secret) -> None:
    """Accept an address with https, or with http where it is this machine itself.

    Raises
    ------
    SettingsError
        It is none. The message does not repeat it.
    """
    text = address.reveal()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    if parts.scheme not in ("http", "https"):
        raise raised(SettingsError, FailureKind.WAY_ADDRESS_NOT_SECURE)
    if not _PLAIN.fullmatch(text) or not parts.hostname or port == 0 or parts.fragment:
        raise _unreadable()
    if parts.scheme == "http" and not is_loopback(text):
        raise raised(SettingsError, FailureKind.WAY_ADDRESS_NOT_SECURE)


def _unreadable() -> SettingsError:
    return raised(SettingsError, FailureKind.WAY_ADDRESS_UNREADABLE)
