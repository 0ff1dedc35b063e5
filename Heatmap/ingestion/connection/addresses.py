"""What can be told from an address alone. Pure."""

import ipaddress
import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

# Blanks and control characters are left out by some readers, and a backslash is a slash to others.
_PLAIN = re.compile(r"[^\s\\\x00-\x1f\x7f]{1,2000}")


def is_base(url: str, schemes: Sequence[str]) -> bool:
    """Whether `url` is an address to which a path can be added: one of these schemes, a host.

    A port and a path may follow, but no ``#`` and no ``?``, which would swallow the added path. A
    websocket's may have a ``?``: the doctor knows a whole endpoint, and says what to write for it.
    """
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_usable = parts.scheme in schemes and parts.port != 0
    except ValueError:
        return False
    labels = (parts.hostname or "").removesuffix(".").split(".")
    is_plain = bool(_PLAIN.fullmatch(url)) and not any(sign in url for sign in _barred(schemes))
    return is_usable and all(labels) and is_plain


def base_words(schemes: Sequence[str]) -> str:
    """Return what `is_base` expects, in words."""
    *barred, last = "blanks", *_barred(schemes)
    return f"an address such as {schemes[-1]}://host, without {', '.join(barred)} and {last}"


def _barred(schemes: Sequence[str]) -> str:
    return "#" if "wss" in schemes else "?#"


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine itself, where no proxy can lead.

    Only what is written counts: ``localhost`` and addresses of the loopback ranges; no name is
    looked up.
    """
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False
