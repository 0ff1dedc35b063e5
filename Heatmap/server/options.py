"""What may be chosen of a server."""

import re
from dataclasses import dataclass
from pathlib import Path

from Heatmap.errors import SettingsError
from Heatmap.server import texts
from Heatmap.server.address import ip_address
from Heatmap.server.connections.admission import ConnectionLimits

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_NAME}(?:\.{_NAME})*\.?")
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
# Browsers leave them out.
_USUAL_PORTS = {"http": 80, "https": 443}
_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Who may ask a server, and from where.

    Attributes
    ----------
    token_file
        Where the token is kept that is asked for off loopback; it is made at the first start.
        ``None``: ``heatmap-token`` beside the database.
    hosts
        Further names by which the server may be addressed, such as ``charts.example.net``.
    origins
        Pages of these origins may ask too, such as ``https://charts.example.net``.
    connections
        How many connections it takes; ``None``: as many as the system's limit of open files suits.

    Raises
    ------
    SettingsError
        One of the names is none, or one of the origins.
    """

    token_file: Path | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    connections: ConnectionLimits | None = None

    def __post_init__(self) -> None:
        for one in self.hosts:
            if not _HOST.fullmatch(one) and ip_address(one) is None:
                raise SettingsError(texts.no_host(one))
        for one in self.origins:
            if not _is_origin(one):
                raise SettingsError(texts.no_origin(one))


def _is_origin(text: str) -> bool:
    """Tell whether a browser would write an origin so: what it writes is compared with it."""
    found = _ORIGIN.fullmatch(text)
    if not found:
        return False
    host, port = found["host"], found["port"]
    if host.startswith("["):
        if ip_address(host[1:-1]) is None:
            return False
    elif not _HOST.fullmatch(host):
        return False
    if port is None:
        return True
    is_plain = not port.startswith("0") and int(port) <= _LARGEST_PORT
    return is_plain and int(port) != _USUAL_PORTS[found["scheme"]]
