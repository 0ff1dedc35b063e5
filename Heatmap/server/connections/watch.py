"""Cuts off connections that take too long, and those that make room for others.

- A request has to be there, whole, within a time: its line, its headers, a body. Bytes that come
  one by one get no more of it.
- Whoever does not read is cut off: of what waits for him, so much has to be taken in so much time.
- Where there is no place for one more, who has waited longest without asking anything goes.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from Heatmap.runtime.safe_log import get_logger
from Heatmap.server import texts
from Heatmap.server.connections.admission import Full, place_of
from Heatmap.server.connections.door import Door

logger = get_logger(__name__)

TOLD_EVERY_S = 60.0
"""So often it is logged that connections found no place, however many they are."""
_LOOK_S = 1.0
# Of a slow client so much is expected, bytes a second.
_LEAST_RATE = 1_000
_MOST_UNREAD_BYTES = 64_000_000


class Connection(Protocol):
    """What is looked at of a connection; see `HttpConnection`."""

    transport: asyncio.Transport
    client: tuple[str, int] | None
    waits_since_s: float | None
    behind: tuple[float, int] | None

    @property
    def is_idle(self) -> bool:
        """Whether nobody would miss it."""


class Watch:
    """Belongs on the server's loop.

    Parameters
    ----------
    door
        Where the connections came in.
    connections
        Those that are open, as they are at each look.

    Attributes
    ----------
    connections
        The same.
    """

    def __init__(self, door: Door, connections: Iterable[Connection]) -> None:
        self._door = door
        self._admission = door.admission
        self.connections = connections
        self._told = 0
        self._told_s = -TOLD_EVERY_S
        door.make_room = self.make_room

    async def run(self) -> None:
        """Look at all of them, until it is cancelled."""
        loop, limits = asyncio.get_running_loop(), self._admission.limits
        while True:
            await asyncio.sleep(min(_LOOK_S, limits.request_s / 4, limits.unread_s / 4))
            self.look(loop.time())

    def look(self, now_s: float) -> None:
        """Cut off those that took too long.

        Parameters
        ----------
        now_s
            By the loop's clock, seconds.
        """
        limits = self._admission.limits
        for one in list(self.connections):
            since_s = one.waits_since_s
            is_late = since_s is not None and now_s - since_s > limits.request_s
            if is_late or self._is_stuck(one, now_s):
                self._admission.cut += 1
                one.transport.abort()
        self._tell(now_s)

    def make_room(self, full: Full, place: str) -> bool:
        """Have the one go that has waited longest without asking anything.

        Parameters
        ----------
        full
            Where there is no place.
        place
            Who needs one.

        Returns
        -------
        bool
            Whether one goes.
        """
        candidates = [one for one in self.connections if one.is_idle and _is_open(one)]
        if full is Full.ADDRESS:
            candidates = [one for one in candidates if _place(one) == place]
        if not candidates:
            return False
        # Of those who have the most, so that the others keep theirs.
        first = min(candidates, key=self._rank)
        self._admission.displaced += 1
        first.transport.abort()
        return True

    def _rank(self, one: Connection) -> tuple[float, float]:
        return -self._admission.count_of(_place(one)), one.waits_since_s or 0.0

    def _is_stuck(self, one: Connection, now_s: float) -> bool:
        """Whether a client takes nothing, or next to nothing, of what waits for it."""
        waiting = one.transport.get_write_buffer_size()
        lent = self._door.lent.get(_number(one.transport))
        if not waiting or lent is None:
            one.behind = None
            return False
        if waiting > _MOST_UNREAD_BYTES:
            return True
        limit_s = self._admission.limits.unread_s
        if one.behind is None:
            one.behind = now_s, lent.sent
        elif now_s - one.behind[0] > limit_s:
            if lent.sent - one.behind[1] < _LEAST_RATE * limit_s:
                return True
            one.behind = now_s, lent.sent
        return False

    def _tell(self, now_s: float) -> None:
        """Log in one line, now and then, that there is no place."""
        admission = self._admission
        pressed = admission.refused + admission.displaced + admission.exhausted
        if pressed == self._told or now_s - self._told_s < TOLD_EVERY_S:
            return
        logger.warning("%s", texts.connections_pressed(pressed - self._told, admission.facts()))
        self._told, self._told_s = pressed, now_s


def _is_open(one: Connection) -> bool:
    return not one.transport.is_closing()


def _place(one: Connection) -> str:
    return "" if one.client is None else place_of(one.client[0])


def _number(transport: asyncio.Transport) -> int:
    found = transport.get_extra_info("socket")
    return -1 if found is None else int(found.fileno())
