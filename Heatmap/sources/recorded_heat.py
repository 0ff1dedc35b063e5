"""Heat made of recorded liquidations: read from the store and kept up with it."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.event_timeline import EventTimeline
from Heatmap.aggregation.heat_field import ColumnRange, counted, needed_span_ms, united
from Heatmap.aggregation.price_profile import price_profile
from Heatmap.aggregation.resolution import GridSpec, TimeAxis
from Heatmap.domain.instruments import instrument_of
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.sources.coverage_gaps import find_gaps, stretched
from Heatmap.sources.heat_source import Change, HeatWindow, Legend, SideProfile
from Heatmap.sources.kept_heat import KeptHeat
from Heatmap.sources.recorded.drawn_field import DrawnField
from Heatmap.sources.recorded.texts import (
    HEAT_BRIEF,
    HEAT_HINT,
    HEAT_PER,
    heat_title,
    source_since,
    source_words,
)
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_arrays import as_array


class RecordedHeat(KeptHeat[DrawnField]):
    """Follows the stored liquidations of one symbol and draws them as bands, spots or cells.

    Whoever inherits it says how bright they are (`scale_rule`) and what lies at a place
    (`describe`); and, where it is something else than their USD, what each adds (`_amounts`) and
    what the corner says (`_find_legend`).
    """

    needs_recording: ClassVar[bool] = True
    takes_recorded_settings: ClassVar[bool] = True

    def __init__(self, context: SourceContext, symbol: str) -> None:
        super().__init__(context, symbol)
        self._follower = self._tape.follow(symbol, 0, as_array)
        # What the field counts, with its USD, for what is asked about single places.
        self._events = EventTimeline(np.empty(0, dtype=EVENT_DTYPE))
        # First column of the window when events were last dropped from there.
        self._forgotten_col = 0

    def _amounts(self, events: NDArray[np.void]) -> NDArray[np.float64]:
        """Return what each liquidation adds to the field: its USD.

        Parameters
        ----------
        events : (n,) EVENT_DTYPE
            Those that the settings count.

        Returns
        -------
        (n,) float64
            Finite, not negative, in the unit of the source.
        """
        amounts: NDArray[np.float64] = events["notional"]
        return amounts

    def _find_legend(self, window: HeatWindow, gaps: list[list[Any]]) -> Legend:  # noqa: ARG002
        """Say what is drawn and since when; `gaps` are those of the window."""
        with self._tape.reading() as reader:
            kind, since_ms = reader.kind, reader.recorded_since_ms(self._symbol)
        venue = instrument_of(self._symbol).venue
        return Legend(
            source_words(kind, since_ms, venue),
            source_since(kind, since_ms, venue),
            title=heat_title(kind, venue),
            brief=HEAT_BRIEF,
            per=HEAT_PER,
            hint=HEAT_HINT,
            names_unit=True,
        )

    @override
    def has_news(self) -> bool:
        """Whether events may have been stored that are not in the values yet."""
        return self._follower.has_news()

    @override
    def close(self) -> None:
        """Follow what is stored no more; idempotent, and never waits."""
        self._follower.close()

    @override
    def load(self, spec: GridSpec, window: HeatWindow) -> None:
        """Read the window from the store and build the values from scratch.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        settings, time = window.settings, spec.time
        # What is too small is left out by its USD, whatever the field adds up.
        all_sizes = settings
        if settings.minimum_notional > 0:
            all_sizes = settings.changed(minimum_notional=0.0)
        field = DrawnField(spec, all_sizes, window.end_ms, is_still=window.is_still)
        start_ms, reach_ms = _needed_span(time, settings)
        # On a chart that is scrolled back, some events after its edge count too. Live, all of them
        # do: the column of one ahead of this machine's clock is yet to come.
        self._follower.rewind(start_ms, reach_ms if window.is_still else None)
        events = _counted(self._follower.read().events, settings)
        field.load(self._weighed(events))
        self._events = EventTimeline(events)
        self._forgotten_col = time.first_col
        self._cells = field
        self._read_facts(window)

    @override
    def advance(self, window: HeatWindow) -> Change | None:
        """Advance the column of now, and add the events that were stored meanwhile.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        news = self._follower.read()
        if news.restarted:
            # Another store stands in the place of the one that was loaded.
            return None
        changed = None if window.is_still else self._cells.advance(window.end_ms)
        if self._is_expiring(window.settings):
            return None
        changed = united(changed, self._take(news.events, window.settings))
        return Change(changed, self._read_facts(window))

    @override
    def take_news(self, window: HeatWindow) -> bool:
        """Add the events that were stored meanwhile; no time passes, and no coverage is read.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        news = self._follower.read()
        if not news.restarted:
            self._take(news.events, window.settings)
        return not news.restarted

    @override
    def profile(self, window: HeatWindow) -> SideProfile | None:
        """Return the window's longs and shorts per row."""
        spec = self._cells.spec
        events = self._events.between(window.start_ms, spec.time.end_ms)
        is_long, notional = events["is_long"], events["notional"]
        return SideProfile(
            rows_usd=price_profile(events, spec.price),
            long_usd=float(notional[is_long].sum()),
            short_usd=float(notional[~is_long].sum()),
        )

    # -- helpers ------------------------------------------------------------------------------

    def _take(self, events: NDArray[np.void], settings: HeatmapSettings) -> ColumnRange | None:
        """Add events to the field, and to what is asked about single places."""
        chosen = _counted(events, settings)
        if not len(chosen):
            return None
        self._events.add(chosen)
        return self._cells.add(self._weighed(chosen))

    def _weighed(self, events: NDArray[np.void]) -> NDArray[np.void]:
        """Return events that carry what they add to the field."""
        amounts = self._amounts(events)
        if amounts.base is events:
            return events
        weighed = events.copy()
        weighed["notional"] = amounts
        return weighed

    def _is_expiring(self, settings: HeatmapSettings) -> bool:
        """Drop the events that would not be read if it was loaded now; seldom, since it copies.

        Returns
        -------
        bool
            Whether it must be loaded again for that: without decay the field still carries what the
            retention has deleted.
        """
        time = self._cells.spec.time
        if time.first_col - self._forgotten_col < time.n_cols:
            return False
        self._forgotten_col = time.first_col
        if settings.decay_tau_ms is None:
            return True
        self._events.forget_before(_needed_span(time, settings)[0])
        return False

    def _read_facts(self, window: HeatWindow) -> bool:
        """Read legend and gaps again; whether they have changed."""
        gaps = self._read_gaps(window)
        legend = self._find_legend(window, gaps)
        return self._keep_facts(legend, gaps, window.start_ms, window.end_ms)

    def _read_gaps(self, window: HeatWindow) -> list[list[Any]]:
        """Read the coverage again."""
        start_ms, end_ms = window.start_ms, window.end_ms
        with self._tape.reading() as reader:
            intervals = list(reader.read_coverage(self._symbol, start_ms, end_ms))
        if not window.is_still and intervals and window.heartbeats is not None:
            intervals[-1] = stretched(intervals[-1], window.heartbeats, end_ms)
        return find_gaps(intervals, start_ms, end_ms)


def _counted(events: NDArray[np.void], settings: HeatmapSettings) -> NDArray[np.void]:
    chosen: NDArray[np.void] = events[counted(events, settings.side, settings.minimum_notional)]
    return chosen


def _needed_span(time: TimeAxis, settings: HeatmapSettings) -> tuple[int, int]:
    return needed_span_ms(
        time,
        shape=settings.shape,
        tau_ms=settings.decay_tau_on(time.n_cols * time.bin_ms),
        retention_ms=settings.retention_ms,
    )
