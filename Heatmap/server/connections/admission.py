"""How many connections a server takes, and from whom. Pure.

- So many in all, and so many of one address: whoever opens more gets none of the others' places.
- This machine has all places, some of them for itself alone: it is never locked out from elsewhere.
- The process's last file descriptors are no places at all: recorder and store live on them. The
  system gives the lowest number that is free, so a high number says that few are left.
"""

import ipaddress
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from Heatmap.errors import SettingsError
from Heatmap.server import texts

LOCAL = "this machine"
"""Stands where an address would, for all of this machine's."""
_MOST = 800
# On Windows a loop cannot wait for more than 512 sockets.
_MOST_WITHOUT_A_LIMIT = 400
_MOST_KEPT = 256
_SHARE = 8
_NETWORK_BITS = 64


class Full(StrEnum):
    """What a connection finds no place in."""

    SERVER = "server"
    ADDRESS = "address"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections are open at once, and how long each may take.

    Attributes
    ----------
    in_all
        So many are open at once; 1 or more.
    per_address
        So many of one address (of one network of 64 bits with IPv6); 1 or more. All of this
        machine's, such as a proxy's, count as `in_all` only.
    kept_local
        So many of `in_all` are for this machine alone.
    first_kept_descriptor
        No connection has a file descriptor with this number or above; ``None``: any.
    request_s
        A request is there, whole, after this time, seconds; above 0.
    unread_s
        Whoever does not read what was sent is cut off after this time, seconds; above 0.

    Raises
    ------
    SettingsError
        One of them is too small.
    """

    in_all: int
    per_address: int
    kept_local: int = 0
    first_kept_descriptor: int | None = None
    request_s: float = 10.0
    unread_s: float = 60.0

    def __post_init__(self) -> None:
        is_valid = min(self.in_all, self.per_address) >= 1 and 0 <= self.kept_local < self.in_all
        if not is_valid or min(self.request_s, self.unread_s) <= 0:
            raise SettingsError(texts.limits_too_small(self))


def usual_limits(descriptors: int | None) -> ConnectionLimits:
    """Return limits that fit a process.

    Parameters
    ----------
    descriptors
        How many file descriptors it may have; ``None``: nobody says.
    """
    if descriptors is None:
        in_all, first_kept = _MOST_WITHOUT_A_LIMIT, None
    else:
        first_kept = max(descriptors - min(_MOST_KEPT, descriptors // 4), 1)
        in_all = min(_MOST, first_kept)
    share = max(in_all // _SHARE, 1)
    return ConnectionLimits(in_all, share, min(share, in_all - 1), first_kept)


@lru_cache(4_096)
def place_of(host: str) -> str:
    """Return what an address's connections are counted under.

    Parameters
    ----------
    host
        An IP address as a socket gives it.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            if address.is_loopback:
                return LOCAL
            # One customer has as many of these as he likes.
            return str(ipaddress.ip_network((int(address), _NETWORK_BITS), strict=False))
        address = address.ipv4_mapped
    return LOCAL if address.is_loopback else str(address)


class Admission:
    """Counts connections; belongs on the server's loop, its numbers may be read anywhere.

    Parameters
    ----------
    limits
        How many there may be.

    Attributes
    ----------
    refused
        Connections that found no place.
    displaced
        Connections that asked nothing, and had to make room for others.
    cut
        Connections that took too long.
    exhausted
        How often the process had no file descriptor left, because of others.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.refused = 0
        self.displaced = 0
        self.cut = 0
        self.exhausted = 0
        self._places: Counter[str] = Counter()
        self._open = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._open

    def count_of(self, place: str) -> int:
        """Return how many connections of a place are open."""
        return self._places[place]

    def full(self, place: str, descriptor: int) -> Full | None:
        """Return what is full for one more connection; ``None``: it may come in.

        Parameters
        ----------
        place
            Where it comes from, see `place_of`.
        descriptor
            The number of its file descriptor.
        """
        limits, is_local = self.limits, place == LOCAL
        first_kept = limits.first_kept_descriptor
        if first_kept is not None and descriptor >= first_kept:
            return Full.PROCESS
        if not is_local and self._places[place] >= limits.per_address:
            return Full.ADDRESS
        foreign = self._open - self._places[LOCAL]
        has_kept = is_local or foreign < limits.in_all - limits.kept_local
        if self._open >= limits.in_all or not has_kept:
            return Full.SERVER
        return None

    def enter(self, place: str) -> None:
        """Count one more."""
        self._places[place] += 1
        self._open += 1

    def leave(self, place: str) -> None:
        """Count one less."""
        self._open -= 1
        self._places[place] -= 1
        if not self._places[place]:
            del self._places[place]

    def facts(self) -> dict[str, int]:
        """Return the numbers as plain data."""
        return {
            "open": self._open,
            "limit": self.limits.in_all,
            "refused": self.refused,
            "displaced": self.displaced,
            "cut": self.cut,
        }
