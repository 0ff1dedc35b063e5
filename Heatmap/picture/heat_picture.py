"""One layer's picture: reads the window, builds the heat field, turns it into bytes for the page.

All work runs in a worker thread, one piece after the other under a lock. Each piece returns the
message that brings the page up to date, or ``None`` when the page already is.
"""

from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from threading import Lock
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.event_timeline import EventTimeline
from Heatmap.aggregation.heat_field import ColumnRange, counted, needed_span_ms, united
from Heatmap.aggregation.normalization import Scale, auto_clip, log_floor, steady_clip
from Heatmap.aggregation.price_profile import price_profile
from Heatmap.aggregation.resolution import (
    GridSpec,
    PriceAxis,
    TimeAxis,
    choose_price_axis,
    choose_time_axis,
    fits,
)
from Heatmap.domain.instruments import instrument_of
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings, changed_fields
from Heatmap.picture.cell_report import describe_cell
from Heatmap.picture.drawn_field import DrawnField
from Heatmap.picture.gaps import find_gaps, inner_edges, stretched
from Heatmap.picture.messages import CellQuery, CellReport, PictureMessage, PictureRequest
from Heatmap.picture.packing import pack_cells
from Heatmap.picture.words import (
    BRIGHTEST,
    bound_text,
    colour_bar_labels,
    source_since,
    source_words,
)
from Heatmap.setting_fields import Effect, Resolution
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape

COVERAGE_PERIOD_S = 1.0
"""The coverage is read with every update; without other news, an update is due this often."""
CLIP_PERIOD_S = 1.0
"""The automatic clip is looked at at most this often."""
EMPTY_CLIP_USD = 100_000.0
"""Where the scale ends while there is nothing to take a percentile of."""

_RESCALING = SETTINGS.with_effect(Effect.RESCALE)


class HeatPicture:
    """The picture of one symbol. `close` may be called at any time; `rebuild` comes first."""

    def __init__(self, tape: EventTape, symbol: str) -> None:
        self.symbol = symbol
        self._tape = tape
        self._follower = tape.follow(symbol, 0, as_array)
        self._is_closed = False
        self._lock = Lock()
        self._field: DrawnField | None = None
        # What the field counts, for what is asked about single places.
        self._events = EventTimeline(np.empty(0, dtype=EVENT_DTYPE))
        # First column of the window when events were last dropped from there.
        self._forgotten_col = 0
        self._axis: PriceAxis | None = None
        self._built: PictureRequest | None = None
        self._scale: Scale | None = None
        self._sequence = 0
        self._source_text = ""
        self._source_since: dict[str, Any] | None = None
        self._gaps: list[list[Any]] = []
        self._inner_gap_edges: list[tuple[Any, ...]] = []
        self._coverage_read_s = 0.0
        self._clip_checked_s = 0.0

    def close(self) -> None:
        """Follow what is stored no more. Idempotent.

        Never waits. So the garbage collector may lead here, in any thread and in the midst of
        anything, as with a feed whose loop the host has closed.
        """
        self._is_closed = True
        self._follower.close()

    def fits(self, viewport: Viewport) -> bool:
        """Whether the built grid still serves `viewport`, so that no rebuild is needed."""
        built, axis, field = self._built, self._axis, self._field
        if built is None or axis is None or field is None:
            return False
        resolution = Resolution.parse(built.settings.resolution)
        same_end = viewport.end_ms == built.viewport.end_ms
        wanted = choose_time_axis(
            built.end_ms, built.settings.window_ms, viewport.width_px, resolution
        )
        return (
            same_end
            and wanted.bin_ms == field.spec.time.bin_ms
            and fits(axis, viewport, resolution)
        )

    def has_news(self) -> bool:
        """Whether events may have been stored that an update would add."""
        return self._follower.has_news()

    def is_due(self, now_ms: int) -> bool:
        """Whether an update without new events would change the picture."""
        field, built = self._field, self._built
        if field is None or built is None:
            return False
        follows_now = built.viewport.end_ms is None
        is_new_column = follows_now and now_ms >= field.spec.time.end_ms
        return is_new_column or monotonic() - self._coverage_read_s >= COVERAGE_PERIOD_S

    # -- pieces of work, in the worker thread -------------------------------------------------

    def rebuild(self, request: PictureRequest) -> PictureMessage | None:
        """Read the window from the store and build the picture from scratch.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with self._lock:
            if self._is_closed:
                return None
            return self._rebuild(request)

    def restyle(self, request: PictureRequest) -> PictureMessage | None:
        """Put the same field on another scale, without reading anything."""
        with self._lock:
            if self._is_closed:
                return None
            field = self._field
            news = None if field is None else self._follower.read()
            if field is None or news is None or news.restarted:
                return self._rebuild(request)
            before = self._built
            request = self._with_built_view(request)
            self._take(field, request, news.events)
            keeps_clip = before is not None and _same_values(before.settings, request.settings)
            self._scale = self._fresh_scale(
                field, request.settings, previous=self._scale if keeps_clip else None
            )
            return self._whole_message(field, request)

    def update(self, request: PictureRequest) -> PictureMessage | None:
        """Advance the column of now and add events; a whole grid only when the scale moved."""
        with self._lock:
            if self._is_closed:
                return None
            field, axis, scale = self._field, self._axis, self._scale
            if field is None or axis is None or scale is None:
                return self._rebuild(request)
            if axis.tick_size != request.tick_size:
                return self._rebuild(request)
            return self._update(field, scale, request)

    def describe(self, query: CellQuery) -> CellReport | None:
        """Say what lies at a place of the picture; ``None``: the place is not in it (any more)."""
        with self._lock:
            field, built = self._field, self._built
            if self._is_closed or field is None or built is None:
                return None
            window_ms = (built.end_ms - built.settings.window_ms, built.end_ms)
            return describe_cell(query, field, self._events, self._gaps, built.settings, window_ms)

    def _rebuild(self, request: PictureRequest) -> PictureMessage:
        settings = request.settings
        resolution = Resolution.parse(settings.resolution)
        viewport = request.viewport
        previous = self._axis if self._has_tick(request.tick_size) else None
        axis = choose_price_axis(viewport, request.tick_size, resolution, previous)
        time = choose_time_axis(request.end_ms, settings.window_ms, viewport.width_px, resolution)
        is_still = viewport.end_ms is not None
        field = DrawnField(GridSpec(axis, time), settings, request.end_ms, is_still=is_still)
        start_ms, _ = _needed_span(time, settings)
        self._follower.rewind(start_ms, _until_ms(field, request))
        events = self._follower.read().events
        field.load(events)
        self._events = EventTimeline(self._counted(events, settings))
        self._forgotten_col = time.first_col
        keeps_scale = self._built is not None and _same_values(self._built.settings, settings)
        self._field, self._axis, self._built = field, axis, request
        self._read_source()
        self._scale = self._fresh_scale(
            field, settings, previous=self._scale if keeps_scale else None
        )
        self._read_gaps(request)
        return self._whole_message(field, request)

    def _update(
        self, field: DrawnField, scale: Scale, request: PictureRequest
    ) -> PictureMessage | None:
        news = self._follower.read()
        if news.restarted:
            # Another store stands in the place of the one that the picture was built from.
            return self._rebuild(request)
        request = self._with_built_view(request)
        first_col_before = field.spec.time.first_col
        changed = field.advance(request.end_ms) if request.viewport.end_ms is None else None
        if self._is_expiring(field, request.settings):
            return self._rebuild(request)
        changed = united(changed, self._take(field, request, news.events))
        gaps_changed = self._read_gaps(request)
        source_changed = self._read_source()
        if changed is None and not gaps_changed and not source_changed:
            return None
        if changed is not None and monotonic() - self._clip_checked_s >= CLIP_PERIOD_S:
            fresh = self._fresh_scale(field, request.settings, previous=scale)
            if fresh != scale:
                self._scale = fresh
                return self._whole_message(field, request)
        time = field.spec.time
        first, stop, cells = 0, 0, b""
        if changed is not None:
            first, stop = changed.start, changed.stop
            cells = field.levels(scale, changed)
        self._sequence += 1
        meta = {
            "sequence": self._sequence,
            "firstCol": time.first_col + first,
            "cols": stop - first,
            "dropCols": time.first_col - first_col_before,
            "timeStartMs": time.start_ms,
            "windowStartMs": request.end_ms - request.settings.window_ms,
            "endMs": request.end_ms,
            "nowMs": request.now_ms,
            "gaps": self._gaps,
            "sourceText": self._source_text,
            "sourceSince": self._source_since,
        }
        self._add_profile(meta, field, request)
        return PictureMessage(is_whole=False, meta=meta, packed=pack_cells(cells))

    def _whole_message(self, field: DrawnField, request: PictureRequest) -> PictureMessage:
        assert self._scale is not None  # noqa: S101 - set by every caller just before
        self._sequence += 1
        price, time = field.spec.price, field.spec.time
        meta = {
            "symbol": self.symbol,
            "sequence": self._sequence,
            "priceLow": price.low,
            "binUsd": price.bin_usd,
            "rows": price.n_rows,
            "timeStartMs": time.start_ms,
            "binMs": time.bin_ms,
            "cols": time.n_cols,
            "windowStartMs": request.end_ms - request.settings.window_ms,
            "endMs": request.end_ms,
            "nowMs": request.now_ms,
            "gaps": self._gaps,
            "sourceText": self._source_text,
            "sourceSince": self._source_since,
            "isSplit": field.is_split,
            "scale": {
                "labels": colour_bar_labels(self._scale, is_split=field.is_split),
                "mode": self._scale.mode,
                "floorUsd": self._scale.floor_usd,
                "clipUsd": self._scale.clip_usd,
            },
        }
        self._add_profile(meta, field, request)
        cells = field.levels(self._scale)
        return PictureMessage(is_whole=True, meta=meta, packed=pack_cells(cells))

    # -- helpers ------------------------------------------------------------------------------

    def _with_built_view(self, request: PictureRequest) -> PictureRequest:
        """Keep the view that the field was built for; only a rebuild takes another one over."""
        if self._built is not None:
            request = replace(request, viewport=self._built.viewport)
        self._built = request
        return request

    def _read_source(self) -> bool:
        """Read again since when there is something; whether the words have changed."""
        before = self._source_text
        with self._tape.reading() as reader:
            kind, since_ms = reader.kind, reader.recorded_since_ms(self.symbol)
        venue = instrument_of(self.symbol).venue
        self._source_text = source_words(kind, since_ms, venue)
        self._source_since = source_since(kind, since_ms, venue)
        return self._source_text != before

    def _has_tick(self, tick_size: Decimal) -> bool:
        return self._axis is not None and self._axis.tick_size == tick_size

    def _take(
        self, field: DrawnField, request: PictureRequest, events: NDArray[np.void]
    ) -> ColumnRange | None:
        """Add events to the field, and to what is asked about single places."""
        if not len(events):
            return None
        self._events.add(self._counted(events, request.settings))
        return field.add(events)

    def _is_expiring(self, field: DrawnField, settings: HeatmapSettings) -> bool:
        """Drop the events that a picture built now would not read; seldom, since it copies.

        Returns
        -------
        bool
            Whether the picture must be built anew for that: without decay the field still carries
            what the retention has deleted.
        """
        time = field.spec.time
        if time.first_col - self._forgotten_col < time.n_cols:
            return False
        self._forgotten_col = time.first_col
        if settings.decay_tau_ms is None:
            return True
        self._events.forget_before(_needed_span(time, settings)[0])
        return False

    @staticmethod
    def _counted(events: NDArray[np.void], settings: HeatmapSettings) -> NDArray[np.void]:
        chosen: NDArray[np.void] = events[counted(events, settings.side, settings.minimum_notional)]
        return chosen

    def _add_profile(
        self, meta: dict[str, Any], field: DrawnField, request: PictureRequest
    ) -> None:
        """Add the window's longs and shorts per row, where they are to be drawn.

        ``bars`` holds one byte per row in base64, longs and then shorts, as parts of the longest
        row; the sums are of the whole window, also beyond the rows.
        """
        if not request.settings.price_profile:
            return
        start_ms = request.end_ms - request.settings.window_ms
        events = self._events.between(start_ms, field.spec.time.end_ms)
        sides = price_profile(events, field.spec.price)
        longest = float(sides.sum(axis=0).max(initial=0.0))
        # The longest may come out a rounding above 255, which rounded up would wrap to nothing.
        bars = np.minimum(np.ceil(sides * (BRIGHTEST / longest)), BRIGHTEST) if longest else sides
        is_long, notional = events["is_long"], events["notional"]
        long_usd, short_usd = float(notional[is_long].sum()), float(notional[~is_long].sum())
        meta["profile"] = {
            "bars": b64encode(bars.astype(np.uint8).tobytes()).decode("ascii"),
            "longText": f"\u2265 {bound_text(long_usd)}",
            "shortText": f"\u2265 {bound_text(short_usd)}",
        }

    def _fresh_scale(
        self, field: DrawnField, settings: HeatmapSettings, previous: Scale | None
    ) -> Scale:
        self._clip_checked_s = monotonic()
        if settings.clip_usd is not None:
            clip_usd = settings.clip_usd
        else:
            fresh = auto_clip(field.values(), settings.clip_percentile)
            before = None if previous is None else previous.clip_usd
            clip_usd = steady_clip(before, fresh) or EMPTY_CLIP_USD
        return Scale(settings.normalization, log_floor(clip_usd), clip_usd)

    def _read_gaps(self, request: PictureRequest) -> bool:
        """Read the coverage again; whether the gaps have changed."""
        self._coverage_read_s = monotonic()
        end_ms = request.end_ms
        start_ms = end_ms - request.settings.window_ms
        with self._tape.reading() as reader:
            intervals = list(reader.read_coverage(self.symbol, start_ms, end_ms))
        if request.viewport.end_ms is None and intervals and request.heartbeats is not None:
            intervals[-1] = stretched(intervals[-1], request.heartbeats, end_ms)
        gaps = find_gaps(intervals, start_ms, end_ms)
        inner = inner_edges(gaps, start_ms, end_ms)
        changed = inner != self._inner_gap_edges
        self._gaps, self._inner_gap_edges = gaps, inner
        return changed


def _same_values(before: HeatmapSettings, after: HeatmapSettings) -> bool:
    """Whether both settings give the same values in USD, so that the clip should hold still."""
    return changed_fields(before, after).isdisjoint(_RESCALING)


def _needed_span(time: TimeAxis, settings: HeatmapSettings) -> tuple[int, int]:
    return needed_span_ms(
        time,
        shape=settings.shape,
        tau_ms=settings.decay_tau_ms,
        retention_ms=settings.retention_ms,
    )


def _until_ms(field: DrawnField, request: PictureRequest) -> int | None:
    """Return before when events count: on a chart that is scrolled back, some after its edge.

    ``None``: all of them; live, the column of one ahead of this machine's clock is yet to come.
    """
    if request.viewport.end_ms is None:
        return None
    return _needed_span(field.spec.time, request.settings)[1]
