"""What can be told from an address alone. Pure."""

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine itself, where no proxy can lead.

    Only what is written counts: ``localhost`` and addresses of the loopback ranges; no name is
    looked up.
    """
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False
