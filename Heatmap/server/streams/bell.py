"""Wakes all who wait for something new."""

import asyncio


class Bell:
    """Take `next` before looking for what is new, so that nothing rung meanwhile is missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Return what is set when it rings next."""
        return self._event

    def ring(self) -> None:
        """Wake all who wait."""
        event, self._event = self._event, asyncio.Event()
        event.set()


async def wait_for(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until it rings; ``False``: it did not within the time."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
