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
    # The frame that raises holds the text nowhere: some reports of errors tell local names.
    fault = _fault(address.reveal())
    if fault is not None:
        raise raised(SettingsError, fault)


def _fault(text: str) -> FailureKind | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return FailureKind.WAY_ADDRESS_UNREADABLE
    if parts.scheme not in ("http", "https"):
        return FailureKind.WAY_ADDRESS_NOT_SECURE
    if not _PLAIN.fullmatch(text) or not parts.hostname or port == 0 or parts.fragment:
        return FailureKind.WAY_ADDRESS_UNREADABLE
    if parts.scheme == "http" and not is_loopback(text):
        return FailureKind.WAY_ADDRESS_NOT_SECURE
    return None
