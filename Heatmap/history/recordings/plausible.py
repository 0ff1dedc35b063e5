"""Whether a live recording can be true: its times, and proven time without a liquidation. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import MappingProxyType

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import ALL_SYMBOLS, BINANCE_USDM, Instrument
from Heatmap.domain.recordings import RecordedEvent, RecordingHead
from Heatmap.errors import HistoryError
from Heatmap.ingestion.venues.numbers import EARLIEST_MS
from Heatmap.storage.coverage import AHEAD_MS, normalized

_DAY_MS = 86_400_000
_BEGAN_MS = MappingProxyType({BINANCE_USDM: 1_567_900_800_000})  # 2019-09-08
# A small contract may go without a liquidation for months, all of a venue's for no day.
_QUIET_SYMBOL_MS, _QUIET_VENUE_MS = 180 * _DAY_MS, 7 * _DAY_MS


class PlausibleRecording:
    """Judges one recording while its events go by; live ones only, others have clocks of their own.

    Parameters
    ----------
    head
        What it says of itself.
    now_ms
        This machine's time, UTC milliseconds.

    Raises
    ------
    HistoryError
        It claims to cover time before its venue existed, or that has not come.
    """

    def __init__(self, head: RecordingHead, now_ms: int) -> None:
        self._is_judged = head.kind is DataKind.LIVE
        self._coverage = (*head.coverage, *(one.interval for one in head.imported))
        self._latest_ms = now_ms + AHEAD_MS
        self._days: defaultdict[Instrument, set[int]] = defaultdict(set)
        if self._is_judged:
            for one in self._coverage:
                self._require_time("covers", one.instrument, one.start_ms)
                self._require_time("covers", one.instrument, one.end_ms)

    def watched(self, events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
        """Yield the events as they come.

        Raises
        ------
        HistoryError
            One cannot have happened; or, after the last one, proven time has too few of them.
        """
        for one in events:
            event = one.event
            if self._is_judged:
                self._require_time("has a liquidation", event.instrument, event.ts_ms)
                self._require_time("has a liquidation", event.instrument, event.pushed_ms)
                self._days[event.instrument].add(event.ts_ms // _DAY_MS)
            yield one
        if self._is_judged:
            self._require_events()

    def _require_time(self, what: str, instrument: Instrument, ts_ms: int) -> None:
        if ts_ms > self._latest_ms:
            raise HistoryError(
                f"the recording {what} of {instrument} at {_time_text(ts_ms)}, a time that has not "
                "come; set this machine's clock, or do not use that recording"
            )
        began_ms = _BEGAN_MS.get(instrument.venue, EARLIEST_MS)
        if ts_ms < began_ms:
            raise HistoryError(
                f"the recording {what} of {instrument} at {_time_text(ts_ms)}, before there was "
                f"such an exchange ({_time_text(began_ms)}); do not use that recording"
            )

    def _require_events(self) -> None:
        proven: defaultdict[Instrument, list[CoverageInterval]] = defaultdict(list)
        for part in self._coverage:
            if part.proven:
                proven[part.instrument].append(part)
        for instrument, parts in sorted(proven.items(), key=str):
            is_venue = instrument.symbol == ALL_SYMBOLS
            days: set[int] = set()
            for one, some in self._days.items():
                if one == instrument or (is_venue and one.venue == instrument.venue):
                    days |= some
            limit_ms = _QUIET_VENUE_MS if is_venue else _QUIET_SYMBOL_MS
            quiet_ms = longest_quiet_ms(normalized(parts), sorted(days))
            if quiet_ms > limit_ms:
                raise HistoryError(
                    f"the recording claims that {instrument} had no liquidation in "
                    f"{quiet_ms // _DAY_MS:,} days of proven time, which cannot be (at most "
                    f"{limit_ms // _DAY_MS} are believed); do not use that recording"
                )


def longest_quiet_ms(proven: Iterable[CoverageInterval], days: list[int]) -> int:
    """Return the longest proven time without an event, milliseconds; holes do not count.

    Parameters
    ----------
    proven
        Disjoint intervals, sorted.
    days
        Days since the epoch (UTC) that have an event, sorted; all of such a day counts as busy.
    """
    quiet_ms = longest_ms = 0
    for part in proven:
        start_ms = part.start_ms
        first = bisect_left(days, part.start_ms // _DAY_MS)
        for day in days[first : bisect_right(days, (part.end_ms - 1) // _DAY_MS)]:
            quiet_ms += max(0, day * _DAY_MS - start_ms)
            longest_ms = max(longest_ms, quiet_ms)
            quiet_ms, start_ms = 0, (day + 1) * _DAY_MS
        quiet_ms += max(0, part.end_ms - start_ms)
        longest_ms = max(longest_ms, quiet_ms)
    return longest_ms


def _time_text(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
