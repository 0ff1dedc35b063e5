"""Who may ask the server. Pure.

- ``Host`` must be a name of this server: a page whose own name was made to lead here (DNS
  rebinding) is known by it. On loopback that is this machine's; elsewhere any IP address, and the
  names that were given.
- ``Origin`` must be the server's own, or one that was given.
- Off loopback a token is asked for, in ``Authorization`` only: as ``Bearer``, or as the password of
  ``Basic``, which browsers know how to ask for, whatever the user's name.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from Heatmap.server import texts
from Heatmap.server.address import ip_address, is_loopback

MISDIRECTED, FORBIDDEN, UNAUTHORIZED = 421, 403, 401

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:/@\[\]\s]+))(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Asker:
    """What the headers of a request say of who asks.

    Attributes
    ----------
    hosts, origins, authorizations
        The values of its headers ``Host``, ``Origin`` and ``Authorization``.
    """

    hosts: Sequence[str]
    origins: Sequence[str]
    authorizations: Sequence[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered.

    Attributes
    ----------
    status
        Of the answer.
    words
        The reason, for who asked.
    """

    status: int
    words: str


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked of a request.

    Attributes
    ----------
    host
        Where the server listens.
    names
        Further names of it, in small letters.
    origins
        Foreign origins that may ask, as browsers write them.
    token
        ``None``: none is asked for.
    """

    host: str
    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    token: str | None = None

    def refusal(self, asker: Asker, *, needs_token: bool = True) -> Refusal | None:
        """Return why a request is refused; ``None``: it is not.

        Parameters
        ----------
        asker
            Who asks.
        needs_token
            False for what a browser asks before the request itself.
        """
        if len(asker.hosts) != 1 or not self._is_own_host(asker.hosts[0]):
            return Refusal(MISDIRECTED, texts.foreign_host(asker.hosts))
        if any(not self.is_own_origin(one, asker.hosts[0]) for one in asker.origins):
            foreign = [one for one in asker.origins if one not in self.origins]
            if foreign or len(asker.origins) > 1:
                return Refusal(FORBIDDEN, texts.foreign_origin(asker.origins))
        if self.token is None or not needs_token:
            return None
        given = [_token_in(one) for one in asker.authorizations]
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), self.token.encode()):
            return Refusal(UNAUTHORIZED, texts.asks_for_token())
        return None

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Tell whether an origin is that of the server's own pages."""
        return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())

    def _is_own_host(self, text: str) -> bool:
        found = _HOST.fullmatch(text)
        if not found:
            return False
        name = (found["six"] or found["name"]).lower().rstrip(".")
        if name in self.names or name == self.host.lower():
            return True
        if is_loopback(self.host):
            return is_loopback(name)
        # A name can be made to lead here, an address can't.
        return is_loopback(name) or ip_address(name) is not None


def _token_in(authorization: str) -> str:
    """Return the token of a header; empty: there is none."""
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:  # it is not base64, or no text
            return ""
    return ""
