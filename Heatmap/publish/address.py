"""Where Redis is. The address may hold a password, so it is shown without one. Pure."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from Heatmap.errors import SettingsError
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import printable

_TCP = ("redis", "rediss")
_UNIX = "unix"
_DATABASE = re.compile(r"(?:/\d{0,4})?")
_PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address that was looked at.

    Attributes
    ----------
    url
        As it was given, with user and password; never to be shown.
    shown
        Without them, and without options.
    """

    url: str = field(repr=False)
    shown: str

    @override
    def __str__(self) -> str:
        """Return what may be shown."""
        return self.shown


def parse_redis_address(text: str) -> RedisAddress:
    """Read an address such as ``redis://user:password@host:6379/0``.

    ``rediss`` is TLS; ``unix:///run/redis.sock`` is a socket of this machine. What stands behind a
    ``?`` are options of the redis library.

    Raises
    ------
    SettingsError
        It is none. The message does not repeat it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong("its host or port cannot be read") from None
    if parts.scheme == _UNIX and parts.path.strip("/") and not parts.fragment:
        return RedisAddress(text, printable(f"unix://{parts.path}"))
    if parts.scheme not in _TCP:
        raise _wrong("its scheme is none of redis, rediss, unix")
    if not parts.hostname:
        raise _wrong("it names no host")
    if port == 0 or not _DATABASE.fullmatch(parts.path) or parts.fragment:
        raise _wrong("behind the host belong a port and the number of a database")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    number = parts.path.strip("/") or "0"
    return RedisAddress(text, printable(f"{parts.scheme}://{host}:{port or _PORT}/{number}"))


def _wrong(why: str) -> SettingsError:
    return SettingsError(f"expected an address of Redis such as redis://host:6379/0: {why}")
