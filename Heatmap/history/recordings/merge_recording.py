"""Adds another recording to a database: what is missing, each event once, time by whose word."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import ALL_SYMBOLS, Instrument
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import RECORDER, ImportedCoverage, RecordedEvent, RecordingHead
from Heatmap.errors import HistoryError
from Heatmap.history.recordings.plausible import PlausibleRecording
from Heatmap.history.recordings.recording_sources import RecordingSource
from Heatmap.history.recordings.reports import MergedInstrument, MergeReport
from Heatmap.history.recordings.rows import of_origin
from Heatmap.storage.coverage import effective, gaps_between
from Heatmap.storage.store import Store

_Coverage = dict[Instrument, tuple[CoverageInterval, ...]]


def merge_recording(
    source: RecordingSource, store: Store, now_ms: int, *, origin: str | None = None
) -> MergeReport:
    """Merge a recording into a database, all of it or, where anything is amiss, nothing.

    Parameters
    ----------
    source
        The other recording.
    store
        The database, which is made where there is none. Nobody else may write it.
    now_ms
        This machine's time, UTC milliseconds.
    origin
        What the other recording is to be called; ``None``: as its file.

    Raises
    ------
    HistoryError
        The source is damaged, or claims what cannot be; nothing was stored.
    StorageError
        The database cannot be written, is written by a recorder, or holds another kind of data.
    """
    if source.is_at(store.address):
        raise HistoryError(
            f"{store.address} is the database itself; choose the recording of another one"
        )
    is_new = not store.exists()
    if is_new:
        # Before a database is made for it: whether it can be read to its end.
        source.read(lambda head, events: _check(head, events, now_ms))
    name = origin or source.name
    try:
        report = source.read(
            lambda head, events: _Merge(store, name, now_ms).run(
                head, events, has_coverage=source.has_coverage
            )
        )
    except BaseException:
        if is_new:  # a database with nothing in it would look as if somebody had recorded
            store.discard_empty()
        raise
    return replace(report, left_out=source.left_out)


class _Merge:
    """One merge; `run` is called once."""

    def __init__(self, store: Store, origin: str, now_ms: int) -> None:
        self._store = store
        self._origin = origin
        self._now_ms = now_ms
        self._events: Counter[Instrument] = Counter()

    def run(
        self, head: RecordingHead, events: Iterator[RecordedEvent], *, has_coverage: bool
    ) -> MergeReport:
        events = PlausibleRecording(head, self._now_ms).watched(events)
        covered = [ImportedCoverage(one, RECORDER) for one in head.coverage] + [*head.imported]
        coverage = [of_origin(one, self._origin) for one in covered]
        with closing(self._store.open_writer(head.kind, is_recorder=False)) as writer:
            kept_before_ms = writer.kept_retention_ms()
            before = self._coverage()
            market = self._market(head, writer.kept_market(), is_fresh=not before)
            added = writer.merge_recording(self._counted(events), coverage, self._now_ms, market)
            after = self._coverage()
            kept_ms = writer.kept_retention_ms()
        older = 0
        if kept_before_ms not in (None, kept_ms):
            older = self._store.count_expired(self._now_ms - kept_before_ms)
        return MergeReport(
            self._origin,
            head.kind,
            self._events.total(),
            added,
            has_coverage,
            len(coverage),
            tuple(self._merged(before, after, coverage)),
            kept_before_ms,
            kept_ms,
            older,
        )

    def _market(
        self, head: RecordingHead, kept: MarketNote | None, *, is_fresh: bool
    ) -> MarketNote | None:
        """Return what is to be noted of the market; refuse to mix two.

        Raises
        ------
        HistoryError
            The database holds another market, or one that nobody noted.
        """
        if head.kind is DataKind.LIVE:
            return None
        if kept is None and is_fresh:
            with closing(self._store.open_reader()) as reader:
                if reader.newest_push_ms() is None:
                    return head.market
        ours, theirs = (
            "a market without a name" if one is None or not one.name else repr(one.name)
            for one in (kept, head.market)
        )
        if ours != theirs:
            raise HistoryError(
                f"the recording is of {theirs}, {self._store.address} of {ours}; two markets never "
                "mix, choose another --db"
            )
        return None

    def _counted(self, events: Iterator[RecordedEvent]) -> Iterator[RecordedEvent]:
        for one in events:
            self._events[one.event.instrument] += 1
            yield one

    def _coverage(self) -> _Coverage:
        """Return when each instrument is recorded, as readers see it."""
        with closing(self._store.open_reader()) as reader:
            head: RecordingHead = reader.read_recording(lambda head, _: head)
        found: dict[Instrument, list[CoverageInterval]] = {}
        for one in (*head.coverage, *(part.interval for part in head.imported)):
            found.setdefault(one.instrument, []).append(one)
        return {one: tuple(parts) for one, parts in found.items()}

    def _merged(
        self, before: _Coverage, after: _Coverage, added: Iterable[ImportedCoverage]
    ) -> Iterator[MergedInstrument]:
        touched = {one.interval.instrument for one in added}
        venues = {one.venue for one in touched if one.symbol == ALL_SYMBOLS}
        named = {*touched, *self._events, *(one for one in after if one.venue in venues)}
        for one in sorted(named, key=str):
            then, now = effective(one, before), effective(one, after)
            left: tuple[tuple[int, int], ...] = ()
            if now:
                first_ms = min(part.start_ms for part in now)
                left = gaps_between(now, first_ms, max(part.end_ms for part in now))
            yield MergedInstrument(
                str(one),
                self._events[one],
                filled_spans(then, now),
                left,
                sum(part.end_ms - part.start_ms for part in now if not part.proven),
            )


def filled_spans(
    before: Iterable[CoverageInterval], after: Iterable[CoverageInterval]
) -> tuple[tuple[int, int], ...]:
    """Return the time that is proven now and was not before.

    Parameters
    ----------
    before, after
        Intervals of one instrument.

    Returns
    -------
    tuple of (start_ms, end_ms)
        Sorted, apart from each other.
    """
    known = [part for part in before if part.proven]
    proven = (part for part in after if part.proven)
    spans = sorted(
        span for part in proven for span in gaps_between(known, part.start_ms, part.end_ms)
    )
    return tuple(spans)


def _check(head: RecordingHead, events: Iterator[RecordedEvent], now_ms: int) -> None:
    for _ in PlausibleRecording(head, now_ms).watched(events):
        pass
