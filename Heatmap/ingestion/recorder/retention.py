"""Deletes what is older than the current retention, which is shortened only on confirmation."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from Heatmap.domain.event_sink import EventSink

# Between two steps of a deletion, so that it never keeps the loop from the sockets.
_PAUSE_S = 0.02
# Longest time until the next attempt after the sink failed.
_RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class RetentionStatus:
    """How long events are kept.

    Attributes
    ----------
    in_force_ms
        What is older is deleted, milliseconds.
    wanted_ms
        What is set. Shorter than `in_force_ms`: it waits for confirmation.
    expired_events
        How many events confirming it would delete; 0 where nothing waits.
    deleted_events
        How many events the shortening that was applied last deletes; ``None``: none was.
    """

    in_force_ms: int
    wanted_ms: int
    expired_events: int
    deleted_events: int | None = None

    @property
    def is_pending(self) -> bool:
        """Whether a shorter retention waits for confirmation."""
        return self.wanted_ms < self.in_force_ms


def retention_in_force(kept_ms: int | None, wanted_ms: int, *, is_confirmed: bool) -> int:
    """Decide how long events are kept, milliseconds. Pure.

    Parameters
    ----------
    kept_ms
        The current retention so far; ``None``: a file that has none yet.
    wanted_ms
        What is set.
    is_confirmed
        Whether somebody who was told what it deletes agreed to `wanted_ms`.
    """
    return wanted_ms if kept_ms is None or is_confirmed else max(kept_ms, wanted_ms)


def earlier_ms(exchange_ms: int | None, machine_ms: int) -> int | None:
    """Return the time that retention counts from: the earlier of the two clocks.

    Either may be wrong by years, and what is deleted for it cannot be fetched again. So an event
    expires only when both agree that it is old.

    Parameters
    ----------
    exchange_ms
        The exchange's time, UTC milliseconds; ``None``: not known yet, nothing expires.
    machine_ms
        This machine's time, UTC milliseconds.
    """
    return None if exchange_ms is None else min(exchange_ms, machine_ms)


class RetentionKeeper:
    """Keeps the sink within its retention; lives in the recorder's loop.

    Parameters
    ----------
    wanted_ms
        The retention that is set, milliseconds.
    confirmed_deletions
        How many events may be deleted to shorten it to that without asking; ``None``: it waits for
        `confirm` in any case.
    interval_s
        Time between two deletions, seconds.
    now_ms
        What retention counts from (`earlier_ms`), asked for once the exchange's time is known.
    report
        Told each `RetentionStatus`, and each failure.
    """

    def __init__(
        self,
        wanted_ms: int,
        *,
        confirmed_deletions: int | None,
        interval_s: float,
        now_ms: Callable[[], int | None],
        report: Callable[[RetentionStatus | Exception], None],
    ) -> None:
        self._wanted_ms = wanted_ms
        # The retention that was confirmed, and how many events it may delete; ``None``: any.
        self._confirmed_ms = None if confirmed_deletions is None else wanted_ms
        self._confirmed_deletions = confirmed_deletions
        self._deleted: int | None = None
        self._interval_s = interval_s
        self._now_ms = now_ms
        self._report = report
        self._changed = asyncio.Event()
        self._clock_known = asyncio.Event()

    def note_clock(self) -> None:
        """Note that the exchange's time is known from now on."""
        self._clock_known.set()

    def want(self, wanted_ms: int) -> None:
        """Set another retention, milliseconds; a shorter one waits for `confirm`."""
        if wanted_ms != self._wanted_ms:
            self._wanted_ms = wanted_ms
            self._changed.set()

    def confirm(self) -> None:
        """Let the retention that is set be applied, though it is shorter."""
        self._confirmed_ms = self._wanted_ms
        self._confirmed_deletions = None
        self._changed.set()

    async def run(self, sink: EventSink) -> None:
        """Keep the sink within its retention; ends only by being cancelled."""
        while True:
            await self._clock_known.wait()
            self._changed.clear()
            pause_s = self._interval_s
            try:
                retention_ms = await self._settle(sink)
                while self._delete_step(sink, retention_ms):  # noqa: ASYNC110 - it does the work
                    await asyncio.sleep(_PAUSE_S)
            except Exception as error:  # noqa: BLE001 - it is shown, and tried again
                self._report(error)
                pause_s = min(pause_s, _RETRY_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._changed.wait()

    async def _settle(self, sink: EventSink) -> int:
        """Apply what may be applied, and say so; return the current retention, milliseconds."""
        wanted_ms = self._wanted_ms
        kept_ms = sink.kept_retention_ms()
        expired = 0
        now_ms = self._now_ms()
        is_shorter = kept_ms is not None and wanted_ms < kept_ms
        if is_shorter and now_ms is not None:
            for count in sink.expired_counts(now_ms - wanted_ms):
                expired += count
                await asyncio.sleep(0)  # the sockets get their turn
        in_force_ms = retention_in_force(
            kept_ms, wanted_ms, is_confirmed=self._may_delete(wanted_ms, expired)
        )
        if in_force_ms != kept_ms:
            sink.keep_retention(in_force_ms)
        if is_shorter and in_force_ms == wanted_ms:
            self._deleted, expired = expired, 0
        if self._wanted_ms == wanted_ms:
            self._report(RetentionStatus(in_force_ms, wanted_ms, expired, self._deleted))
        return in_force_ms

    def _may_delete(self, wanted_ms: int, count: int) -> bool:
        # Another retention may have been set during the count: then nothing is confirmed.
        if not self._confirmed_ms == wanted_ms == self._wanted_ms:
            return False
        return self._confirmed_deletions is None or count <= self._confirmed_deletions

    def _delete_step(self, sink: EventSink, retention_ms: int) -> int:
        now_ms = self._now_ms()
        return 0 if now_ms is None else sink.delete_expired(now_ms - retention_ms)
