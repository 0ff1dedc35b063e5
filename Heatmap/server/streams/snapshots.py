"""What is told as a whole whenever it has changed: clusters and levels, each computed once."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial

from Heatmap.runtime.safe_log import get_logger
from Heatmap.server.streams.bell import Bell
from Heatmap.server.work import Work

logger = get_logger(__name__)

Compute = Callable[[object], tuple[object, bytes] | None]
"""Takes the basis of what is known, and gives another one with its JSON, in a worker thread;
``None``: nothing has changed."""


@dataclass(slots=True, eq=False)
class Snapshot:
    """The newest state of one thing.

    Attributes
    ----------
    body
        JSON; ``None``: it is not known yet.
    version
        Higher with each change; 0: it is not known yet.
    """

    compute: Compute
    every_s: float
    body: bytes | None = None
    version: int = 0
    basis: object = None
    followers: int = 0
    task: asyncio.Task[None] | None = field(default=None)


class Snapshots:
    """Computes what somebody follows, in turns. Belongs on the server's loop.

    Parameters
    ----------
    work
        Where it is computed.
    bell
        Rung with each change.
    """

    def __init__(self, work: Work, bell: Bell) -> None:
        self._work = work
        self._bell = bell
        self._followed: dict[object, Snapshot] = {}

    def follow(
        self, key: object, compute: Compute, every_s: float, asker: Hashable = ""
    ) -> Snapshot:
        """Have something computed from now on, as often as that; `leave` it in the end.

        Parameters
        ----------
        key
            What tells it from others: followed by several, it is computed once.
        compute
            Computes it.
        every_s
            So long after the last time, seconds.
        asker
            The stream that follows it: streams have turns.
        """
        snapshot = self._followed.get(key)
        if snapshot is None:
            snapshot = self._followed[key] = Snapshot(compute, every_s)
            snapshot.task = asyncio.create_task(
                self._keep_up(snapshot, asker), name="Heatmap snapshot"
            )
        snapshot.followers += 1
        return snapshot

    def leave(self, key: object) -> None:
        """Follow something no more."""
        snapshot = self._followed[key]
        snapshot.followers -= 1
        if not snapshot.followers:
            del self._followed[key]
            if snapshot.task is not None:
                snapshot.task.cancel()

    def close(self) -> None:
        """Compute nothing more. Idempotent."""
        for one in self._followed.values():
            if one.task is not None:
                one.task.cancel()

    async def _keep_up(self, snapshot: Snapshot, asker: Hashable) -> None:
        while True:
            try:
                basis = snapshot.basis
                found = await self._work.state(asker, partial(snapshot.compute, basis))
            except Exception as error:  # noqa: BLE001 - the route of the same thing tells it
                logger.info("a stream's state could not be computed: %s", error)
            else:
                if found is not None:
                    snapshot.basis, snapshot.body = found
                    snapshot.version += 1
                    self._bell.ring()
            await asyncio.sleep(snapshot.every_s)
