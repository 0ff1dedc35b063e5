"""Where Redis is. The address may hold a password, so it is shown without one. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from Heatmap.errors import SettingsError
from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import printable

_TCP = ("redis", "rediss")
_UNIX = "unix"
_DATABASE = re.compile(r"(?:/\d{0,4})?")
_PORT = 6379

_TEXT = re.compile(r".+", re.DOTALL), "a text"
_WORD = re.compile(r"[!-~]+"), "a name without blanks"
_NUMBER = re.compile(r"\d{1,4}"), "a number from 0 to 9999"
_SECONDS = re.compile(r"(?=.*[1-9])\d{1,5}(?:\.\d+)?"), "seconds above 0"
_SWITCH = re.compile(r"yes|no|true|false|1|0", re.IGNORECASE), "yes or no"
_OPTIONS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "client_name": _WORD,
    "db": _NUMBER,
    "health_check_interval": _NUMBER,
    "password": _TEXT,
    "protocol": (re.compile("[23]"), "2 or 3"),
    "socket_connect_timeout": _SECONDS,
    "socket_timeout": _SECONDS,
    "username": _TEXT,
}
"""What may stand behind the ``?``: the library's options that suit what is done here.

Others, such as ``decode_responses``, would change what it answers.
"""
_TLS_OPTIONS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "ssl_ca_certs": _TEXT,
    "ssl_ca_path": _TEXT,
    "ssl_cert_reqs": (re.compile("none|optional|required"), "none, optional or required"),
    "ssl_certfile": _TEXT,
    "ssl_check_hostname": _SWITCH,
    "ssl_keyfile": _TEXT,
    "ssl_password": _TEXT,
}


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

    ``rediss`` is TLS; ``unix:///run/redis.sock`` is a socket of this machine. Behind a ``?`` may
    stand some options of the redis library, with an ``&`` between them.

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
        _checked_options(parts.query, parts.scheme)
        return RedisAddress(text, printable(f"unix://{parts.path}"))
    if parts.scheme not in _TCP:
        raise _wrong("its scheme is none of redis, rediss, unix")
    if not parts.hostname:
        raise _wrong("it names no host")
    if port == 0 or not _DATABASE.fullmatch(parts.path) or parts.fragment:
        raise _wrong("behind the host belong a port and the number of a database")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    options = _checked_options(parts.query, parts.scheme)
    number = options.get("db") or parts.path.strip("/") or "0"
    return RedisAddress(text, printable(f"{parts.scheme}://{host}:{port or _PORT}/{number}"))


def _checked_options(query: str, scheme: str) -> dict[str, str]:
    allowed = {**_OPTIONS, **_TLS_OPTIONS} if scheme == "rediss" else _OPTIONS
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _TLS_OPTIONS and name not in allowed:
            raise _wrong(f"its option {name} belongs to TLS: write rediss:// for {scheme}://")
        if name not in allowed:
            names = ", ".join(sorted(allowed))
            raise _wrong(f"its option {name[:40]!r} is none of {names}")
        if name in given:
            raise _wrong(f"its option {name} stands there twice")
        pattern, expected = allowed[name]
        # What came is not repeated: it may be what nobody else is to see.
        if not pattern.fullmatch(value):
            raise _wrong(f"its option {name} must be {expected}")
        given[name] = value
    return given


def _wrong(why: str) -> SettingsError:
    return SettingsError(f"expected an address of Redis such as redis://host:6379/0: {why}")
