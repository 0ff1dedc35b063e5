"""Covered time that is not written yet: behind the events that it needs, without what is no cover.

Reads no clock and never awaits.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_sink import EventSink
from Heatmap.errors import StorageError
from Heatmap.ingestion.coverage_holes import CoverageHoles
from Heatmap.ingestion.recorder.coverage_tracker import CoverageLedger

# Covered time is put less than 10 s after it, and heartbeats come once a second.
_HEARD_HEARTBEATS = 128
# No connection is held up for longer.
_HELD_UP_MS = 60_000


class WaitingCoverage:
    """Takes covered time, holes in it and heartbeats; `write` writes what is ready.

    Events are told by how many had come, or were written, by then.
    """

    def __init__(self) -> None:
        self._ledger = CoverageLedger()
        self._holes = CoverageHoles()
        # By symbol: the latest heartbeats, and how many events had come before each.
        self._heard: dict[str, deque[tuple[int, int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._ledger) or bool(self._holes)

    @property
    def has_intervals(self) -> bool:
        """Whether covered time waits."""
        return bool(self._ledger)

    def put(self, interval: CoverageInterval, accepted: int) -> None:
        """Take covered time, once so many events had come."""
        self._ledger.add(interval, accepted, self._since(interval))

    def put_hole(self, symbol: str | None, spans: Sequence[tuple[int, int]]) -> None:
        """Take time that no coverage of a symbol (``None``: of any) may claim, whenever it came."""
        self._holes.add(symbol, spans)

    def note_heartbeat(self, symbol: str, ts_ms: int, accepted: int) -> None:
        """Take a heartbeat whose time is believed, before what is complete by it is put."""
        heard = self._heard.setdefault(symbol, deque(maxlen=_HEARD_HEARTBEATS))
        if heard and ts_ms < heard[-1][0] - _HELD_UP_MS:
            # A time that was believed has turned out to be wrong.
            heard.clear()
        # A connection that was held up brings older ones, after events that came by the other.
        if not heard or ts_ms > heard[-1][0]:
            heard.append((ts_ms, accepted))

    def cut(self, cuts_ms: Mapping[str, int]) -> None:
        """Forget what lies before these times, by symbol: its events were not kept."""
        self._ledger.cut(cuts_ms)

    def leave_out(self, number: int) -> None:
        """Claim no time that needs the event of this number: the sink refuses it."""
        self._ledger.leave_out(number)

    def forget_written(self, written: int) -> None:
        """Claim no time that needs events among the first so many: the sink lacks them."""
        self._ledger.forget_written(written)

    def write(self, sink: EventSink, written: int, venue: str) -> None:
        """Write the holes, and what needs no other events than the first `written`.

        Raises
        ------
        Exception
            Whatever the sink raised: a `StorageError` at once, anything else after the other
            symbols were written.
        """
        for symbol, spans in self._holes.unwritten().items():
            sink.cut_coverage(symbol, spans, venue)
            self._holes.note_written(symbol, spans)
        failed: dict[str, Exception] = {}
        while (interval := self._ledger.first_ready(written, failed)) is not None:
            try:
                for part in self._holes.cut(interval):
                    sink.extend_coverage(
                        part.instrument, part.start_ms, part.end_ms, proven=part.proven
                    )
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - raised below, after the other symbols
                failed[interval.symbol] = error
            else:
                self._ledger.discard(interval)
        if failed:
            raise next(iter(failed.values()))

    def _since(self, interval: CoverageInterval) -> int | None:
        """Return how many events had come when an interval began; ``None``: nobody noted that."""
        heard = self._heard.get(interval.symbol)
        if heard is None:
            return None
        earlier = (accepted for ts_ms, accepted in reversed(heard) if ts_ms <= interval.start_ms)
        return next(earlier, 0)
