"""The socket at which a server listens: lets in whom `Admission` lets in, and nobody else.

asyncio asks it for connections. Each is lent: its place is free again when its socket is closed,
whatever became of it in between.
"""

import errno
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any

from Heatmap.runtime.compat import override
from Heatmap.server import texts
from Heatmap.server.connections.admission import Admission, Full, place_of
from Heatmap.server.problems import PROBLEM_TYPE, problem_body

if TYPE_CHECKING:
    from collections.abc import Callable

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Errors of a process, or a machine, that has no place for one more socket."""
# asyncio looks again after a second.
_REST_S = 0.5
# What waits in the system for a client that does not read; it says how far that one has come.
_SEND_BUFFER_BYTES = 131_072


class Door(socket.socket):
    """Listens, once it is bound.

    Parameters
    ----------
    family
        Of its address.
    admission
        Who is let in.

    Attributes
    ----------
    make_room
        Called with what is full and for whom, before somebody is refused; whether there is room
        now, or will be at once.
    lent
        The open connections by file descriptor.
    """

    def __init__(self, family: int, admission: Admission) -> None:
        # Named, as asyncio sends small answers at once only on sockets that say they are TCP's.
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # Those that it accepts have it from here.
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self.make_room: Callable[[Full, str], bool] = _nobody_leaves
        self.lent: dict[int, Lent] = {}
        self.admission = admission
        self._rests_until_s = 0.0
        # One that makes room is not closed yet: the next one that closes is it, or as good.
        self._waits_for_room = False

    @override
    def accept(self) -> "tuple[socket.socket, Any]":
        """Return the next connection that is let in, and its address.

        Raises
        ------
        BlockingIOError
            There is none just now.
        OSError
            The process has no file descriptor left; asyncio asks again after a second.
        """
        if self._waits_for_room or monotonic() < self._rests_until_s:
            # asyncio goes on asking in the same breath, as often as connections may wait.
            raise BlockingIOError
        try:
            accepted, address = super().accept()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._rests_until_s = monotonic() + _REST_S
            raise
        place = place_of(address[0])
        full = self.admission.full(place, accepted.fileno())
        if full is not None:
            if not self.make_room(full, place):
                self.admission.refused += 1
                _turn_away(accepted)
                # One with each turn of the loop: whoever is in has turns too.
                raise BlockingIOError
            self._waits_for_room = True
        return Lent(accepted, self, place), address

    def give_back(self, one: "Lent") -> None:
        """Take back the place of a connection that is being closed."""
        del self.lent[one.number]
        self.admission.leave(one.place)
        self._waits_for_room = False


class Lent(socket.socket):
    """One connection. Gives its place back when it is closed.

    Parameters
    ----------
    accepted
        The socket; this one takes its place.
    door
        Where it came in.
    place
        Where it comes from.

    Attributes
    ----------
    number
        Its file descriptor.
    sent
        How many bytes the system has taken of it.
    """

    def __init__(self, accepted: socket.socket, door: Door, place: str) -> None:
        kind = accepted.family, accepted.type, accepted.proto
        super().__init__(*kind, fileno=accepted.detach())
        self.sent = 0
        self.place = place
        self.number = self.fileno()
        self._door: Door | None = door
        door.lent[self.number] = self
        door.admission.enter(place)

    @override
    def close(self) -> None:
        """Close it, and give the place back. Idempotent."""
        door, self._door = self._door, None
        if door is not None:
            door.give_back(self)
        super().close()

    @override
    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send what the system takes now, and count it."""
        count = super().send(data, flags)
        self.sent += count
        return count

    if sys.platform != "win32":

        @override
        def sendmsg(self, buffers: Any, *more: Any) -> int:
            """Send what the system takes now, and count it; newer versions of asyncio do so."""
            count = super().sendmsg(buffers, *more)
            self.sent += count
            return count


def _nobody_leaves(_full: Full, _place: str) -> bool:
    return False


def _turn_away(accepted: socket.socket) -> None:
    """Say why, where the system takes it at once, and close."""
    with accepted, suppress(OSError):
        accepted.setblocking(False)
        accepted.send(_WORDS)


def _words() -> bytes:
    body = problem_body(HTTPStatus.SERVICE_UNAVAILABLE, texts.TOO_MANY_CONNECTIONS)
    head = (
        "HTTP/1.1 503 Service Unavailable",
        f"content-type: {PROBLEM_TYPE}",
        f"content-length: {len(body)}",
        "retry-after: 10",
        "connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*head, "")).encode() + body


_WORDS = _words()
