"""Where a server listens. Pure."""

import ipaddress
import re
from dataclasses import dataclass

from Heatmap.errors import SettingsError
from Heatmap.runtime.compat import override

_HOST = r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9.-]+))"
_ADDRESS = re.compile(rf"{_HOST}:(?P<port>[0-9]{{1,5}})")
_LARGEST_PORT = 65_535
_LOCAL_NAMES = frozenset({"localhost"})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A host and a port.

    Attributes
    ----------
    host
        A name or an IP address, without brackets.
    port
        0: any that is free.
    """

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @override
    def __str__(self) -> str:
        """Return it as it stands in a URL: ``127.0.0.1:8000``, ``[::1]:8000``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine only: ``localhost``, ``127.0.0.1``, ``::1``."""
    if host.lower() in _LOCAL_NAMES:
        return True
    number = ip_address(host)
    return number is not None and number.is_loopback


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is written as; ``None``: it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def parse_server_address(text: str) -> ServerAddress:
    """Read an address such as ``127.0.0.1:8000`` or ``[::1]:8000``.

    Raises
    ------
    SettingsError
        It is none; also a ValueError.
    """
    found = _ADDRESS.fullmatch(text)
    if found and int(found["port"]) <= _LARGEST_PORT:
        return ServerAddress(found["six"] or found["name"], int(found["port"]))
    raise SettingsError(
        f"a server listens at a host and a port such as 127.0.0.1:8000, got {text!r}"
    )
