"""What the addresses of the exchange name: the base that is expected, or a whole endpoint. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from Heatmap.errors import SettingsError
from Heatmap.ingestion.connection.addresses import base_words, is_base

#: Where the exchange delivers force orders and mark prices since April 2026.
RIGHT_ROUTE = "/market"

# A whole endpoint of the exchange: a route, one of two forms, and perhaps streams.
_ENDPOINT = re.compile(r"(?P<prefix>.*?)(?P<route>/market|/public)?/(?P<form>stream|ws)(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a websocket address means to the recorder.

    Attributes
    ----------
    base
        What ``--ws-url`` should be: scheme, host and perhaps a prefix.
    route
        ``/market``, ``/public`` or empty (the address of before April 2026) where the address
        names a whole endpoint; ``None`` where it is a base, as it should be.
    form
        ``stream`` or ``ws`` where the address names a whole endpoint.
    has_prefix
        Whether the base has a path of its own, which is unusual.
    """

    base: str
    route: str | None = None
    form: str = ""
    has_prefix: bool = False

    @property
    def path(self) -> str:
        """The named endpoint's path; empty for a base."""
        return "" if self.route is None else f"{self.route}/{self.form}"

    @property
    def is_old(self) -> bool:
        """Whether the address names a path that acknowledges and delivers no force orders."""
        return self.route is not None and self.route != RIGHT_ROUTE


def read_endpoint(ws_url: str) -> Endpoint:
    """Read what ``--ws-url`` names: the base that is expected, or a whole endpoint of the exchange.

    Raises
    ------
    SettingsError
        It is no ``ws://`` or ``wss://`` address.
    """
    require_address("--ws-url", ws_url, ("ws", "wss"))
    parts = urlsplit(ws_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    if match := _ENDPOINT.fullmatch(path):
        prefix = match["prefix"]
        return Endpoint(f"{origin}{prefix}", match["route"] or "", match["form"], bool(prefix))
    return Endpoint(f"{origin}{path}", has_prefix=bool(path))


def require_address(option: str, url: str, schemes: Sequence[str]) -> None:
    """Refuse what is no address of one of these schemes, to which a path can be added.

    Raises
    ------
    SettingsError
        The message names the option, what is expected and what came.
    """
    if not is_base(url, schemes):
        raise SettingsError(f"{option} must be {base_words(schemes)}, got {url!r}")


def origin_of(base: str) -> str:
    """Return a base without a path of its own."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"
