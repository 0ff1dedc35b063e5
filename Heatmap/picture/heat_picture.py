"""One layer's picture of one heat source: axes, scale, bytes and messages for the page.

What the values are, and what there is to say of them, is the source's (`Heatmap.sources`). All work
runs in a worker thread, one piece after the other under a lock. Each piece returns the message that
brings the page up to date, or ``None`` when the page already is.
"""

import math
from base64 import b64encode
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Any

import numpy as np

from Heatmap.aggregation.normalization import Scale, auto_clip, log_floor, steady_clip
from Heatmap.aggregation.resolution import GridSpec, choose_price_axis, choose_time_axis, fits
from Heatmap.domain.candles import RunningMinute
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings, changed_fields
from Heatmap.picture.messages import CellQuery, CellReport, PictureMessage, PictureRequest
from Heatmap.picture.packing import pack_cells
from Heatmap.picture.pane_window import fits_pane, pane_span_ms, with_margin
from Heatmap.picture.texts import (
    BRIGHTEST,
    colour_bar_labels,
    profile_words,
    scale_end_words,
)
from Heatmap.setting_fields import Effect, Resolution
from Heatmap.sources.heat_source import HeatSource, HeatWindow, Legend

FACTS_PERIOD_S = 1.0
"""What is told of a source is read with every update; without other news one is due this often."""
CLIP_PERIOD_S = 1.0
"""The automatic clip is looked at at most this often."""

_RESCALING = SETTINGS.with_effect(Effect.RESCALE)


class HeatPicture:
    """The picture of one symbol by one source, which it closes. `rebuild` comes first.

    `close` may be called at any time.
    """

    def __init__(self, source: HeatSource, symbol: str) -> None:
        self.symbol = symbol
        self._source = source
        self._is_closed = False
        self._lock = Lock()
        # What the source has loaded last, and on which axes.
        self._built: PictureRequest | None = None
        self._axes: GridSpec | None = None
        # How long the window is that was loaded.
        self._span_ms = 0
        self._scale: Scale | None = None
        self._sequence = 0
        self._facts_read_s = 0.0
        self._clip_checked_s = 0.0

    def close(self) -> None:
        """Have the source follow nothing any more. Idempotent.

        Never waits. So the garbage collector may lead here, in any thread and in the midst of
        anything, as with a feed whose loop the host has closed.
        """
        self._is_closed = True
        self._source.close()

    def fits(self, viewport: Viewport) -> bool:
        """Whether the built grid still serves `viewport`, so that no rebuild is needed."""
        built, axes = self._built, self._axes
        if built is None or axes is None:
            return False
        resolution = Resolution.parse(built.settings.resolution)
        least_bin_ms = self._source.least_bin_ms
        if viewport.end_ms != built.viewport.end_ms or not fits(axes.price, viewport, resolution):
            return False
        if self._covers_pane(built.settings):
            shown = pane_span_ms(viewport, built.end_ms, built.settings)
            return fits_pane(
                shown,
                self._span_ms,
                axes.time.bin_ms,
                viewport.width_px,
                resolution,
                least_bin_ms,
            )
        wanted = choose_time_axis(
            built.end_ms, built.settings.window_ms, viewport.width_px, resolution, least_bin_ms
        )
        return wanted.bin_ms == axes.time.bin_ms

    def _covers_pane(self, settings: HeatmapSettings) -> bool:
        return self._source.covers_pane or settings.covers_pane

    def has_news(self) -> bool:
        """Whether the source may have something that an update would add."""
        return self._source.has_news()

    def is_due(self, now_ms: int, running: tuple[RunningMinute, ...] = ()) -> bool:
        """Whether an update without news would change the picture.

        Parameters
        ----------
        now_ms
            Data time now.
        running
            See `PictureRequest.running`.
        """
        built = self._built
        if built is None:
            return False
        follows_now = built.viewport.end_ms is None
        is_new_column = follows_now and now_ms >= self._source.spec.time.end_ms
        is_reached = follows_now and self._source.reaches_more(running)
        is_old = monotonic() - self._facts_read_s >= FACTS_PERIOD_S
        return is_new_column or is_reached or is_old

    # -- pieces of work, in the worker thread -------------------------------------------------

    def rebuild(self, request: PictureRequest) -> PictureMessage | None:
        """Lay the axes for what the chart shows, and load the source on them.

        Raises
        ------
        StorageError
            The source cannot be read.
        """
        with self._lock:
            if self._is_closed:
                return None
            return self._rebuild(request)

    def restyle(self, request: PictureRequest) -> PictureMessage | None:
        """Put the same values on another scale; nothing but what is new is read."""
        with self._lock:
            if self._is_closed:
                return None
            before = self._built
            if before is None or not self._source.take_news(self._window(request)):
                return self._rebuild(request)
            request = _in_view_of(before, request)
            self._built = request
            keeps_clip = _same_values(before.settings, request.settings)
            self._scale = self._fresh_scale(
                request.settings, previous=self._scale if keeps_clip else None
            )
            return self._whole_message(request)

    def update(self, request: PictureRequest) -> PictureMessage | None:
        """Move on with now and add what is new; a whole grid only when the scale moved."""
        with self._lock:
            if self._is_closed:
                return None
            built, axes, scale = self._built, self._axes, self._scale
            if built is None or axes is None or scale is None:
                return self._rebuild(request)
            if axes.price.tick_size != request.tick_size:
                return self._rebuild(request)
            return self._update(scale, _in_view_of(built, request))

    def describe(self, query: CellQuery) -> CellReport | None:
        """Return what lies at a place; ``None``: it is not in the picture (any more)."""
        with self._lock:
            built = self._built
            if self._is_closed or built is None:
                return None
            scale_end_usd = math.inf if self._scale is None else self._scale.clip_usd
            return self._source.describe(query, self._window(built), scale_end_usd)

    def _rebuild(self, request: PictureRequest) -> PictureMessage:
        settings, viewport = request.settings, request.viewport
        resolution = Resolution.parse(settings.resolution)
        before, axes = self._built, self._axes
        is_same_tick = axes is not None and axes.price.tick_size == request.tick_size
        previous = axes.price if axes is not None and is_same_tick else None
        self._span_ms, width_px = settings.window_ms, viewport.width_px
        if self._covers_pane(settings):
            shown = pane_span_ms(viewport, request.end_ms, settings)
            self._span_ms = with_margin(shown)
            width_px *= self._span_ms / shown
        axes = GridSpec(
            choose_price_axis(viewport, request.tick_size, resolution, previous),
            choose_time_axis(
                request.end_ms,
                self._span_ms,
                width_px,
                resolution,
                self._source.least_bin_ms,
            ),
        )
        self._source.load(axes, self._window(request))
        self._facts_read_s = monotonic()
        keeps_scale = before is not None and _same_values(before.settings, settings)
        self._axes, self._built = axes, request
        self._scale = self._fresh_scale(settings, previous=self._scale if keeps_scale else None)
        return self._whole_message(request)

    def _update(self, scale: Scale, request: PictureRequest) -> PictureMessage | None:
        source = self._source
        first_col_before = source.spec.time.first_col
        change = source.advance(self._window(request))
        if change is None:
            return self._rebuild(request)
        self._facts_read_s = monotonic()
        self._built = request
        changed = change.columns
        if changed is None and not change.has_new_facts:
            return None
        if changed is not None and monotonic() - self._clip_checked_s >= CLIP_PERIOD_S:
            fresh = self._fresh_scale(request.settings, previous=scale)
            if fresh != scale:
                self._scale = fresh
                return self._whole_message(request)
        time, legend = source.spec.time, source.legend
        first, stop, cells = 0, 0, b""
        if changed is not None:
            first, stop = changed.start, changed.stop
            cells = source.levels(scale, changed)
        self._sequence += 1
        meta = {
            "sequence": self._sequence,
            "firstCol": time.first_col + first,
            "cols": stop - first,
            "dropCols": time.first_col - first_col_before,
            "timeStartMs": time.start_ms,
            "windowStartMs": request.end_ms - self._span_ms,
            "endMs": request.end_ms,
            "nowMs": request.now_ms,
            "gaps": source.gaps,
            "sourceText": legend.words,
            "sourceSince": legend.since,
        }
        self._add_profile(meta, request)
        _add_offer(meta, legend)
        return PictureMessage(
            is_whole=False, meta=meta, packed=pack_cells(cells), marks=source.marks(scale)
        )

    def _whole_message(self, request: PictureRequest) -> PictureMessage:
        assert self._scale is not None  # noqa: S101 - set by every caller just before
        self._sequence += 1
        source = self._source
        legend, price, time = source.legend, source.spec.price, source.spec.time
        meta = {
            "symbol": self.symbol,
            "sequence": self._sequence,
            "priceLow": price.low,
            "binUsd": price.bin_usd,
            "rows": price.n_rows,
            "timeStartMs": time.start_ms,
            "binMs": time.bin_ms,
            "cols": time.n_cols,
            "windowStartMs": request.end_ms - self._span_ms,
            "endMs": request.end_ms,
            "nowMs": request.now_ms,
            "gaps": source.gaps,
            "sourceText": legend.words,
            "sourceSince": legend.since,
            "legend": {
                "words": legend.title,
                "text": legend.brief,
                "per": legend.per,
                "missing": legend.missing,
                "hint": legend.hint,
                "end": scale_end_words(self._scale) if legend.names_unit else "",
            },
            "isSplit": source.is_split,
            "scale": {
                "labels": colour_bar_labels(
                    self._scale, is_split=source.is_split, unit=legend.unit
                ),
                "mode": self._scale.mode,
                "floorUsd": self._scale.floor_usd,
                "clipUsd": self._scale.clip_usd,
            },
        }
        meta["paletteOption"] = source.palette_option
        if source.is_told_everywhere:
            meta["toldEverywhere"] = True
        if source.stands:
            # The right edge belongs to what stands there.
            meta["legendSide"] = "left"
            if request.viewport.end_ms is None:
                meta["standing"] = True
        if source.alpha_exponent is not None:
            meta["alphaExponent"] = source.alpha_exponent
        self._add_profile(meta, request)
        _add_offer(meta, legend)
        cells = source.levels(self._scale)
        return PictureMessage(
            is_whole=True, meta=meta, packed=pack_cells(cells), marks=source.marks(self._scale)
        )

    # -- helpers ------------------------------------------------------------------------------

    def _add_profile(self, meta: dict[str, Any], request: PictureRequest) -> None:
        """Add the window's longs and shorts per row, where they are to be drawn.

        ``bars`` holds one byte per row in base64, longs and then shorts, as parts of the longest
        row; the sums are of the whole window, also beyond the rows.
        """
        wants_profile = request.settings.price_profile
        profile = self._source.profile(self._window(request)) if wants_profile else None
        if profile is None:
            return
        sides = profile.rows_usd
        longest = float(sides.sum(axis=0).max(initial=0.0))
        # The longest may come out a rounding above 255, which rounded up would wrap to nothing.
        bars = np.minimum(np.ceil(sides * (BRIGHTEST / longest)), BRIGHTEST) if longest else sides
        longs, shorts = profile_words(profile.long_usd, profile.short_usd)
        meta["profile"] = {
            "bars": b64encode(bars.astype(np.uint8).tobytes()).decode("ascii"),
            "longText": longs,
            "shortText": shorts,
        }

    def _window(self, request: PictureRequest) -> HeatWindow:
        return HeatWindow(
            request.settings,
            request.end_ms,
            is_still=request.viewport.end_ms is not None,
            heartbeats=request.heartbeats,
            span_ms=self._span_ms,
            now_ms=request.now_ms,
            running=request.running,
        )

    def _fresh_scale(self, settings: HeatmapSettings, previous: Scale | None) -> Scale:
        self._clip_checked_s = monotonic()
        rule = self._source.scale_rule(settings)
        if rule.clip_usd is not None:
            clip_usd = rule.clip_usd
        else:
            fresh = auto_clip(self._source.values(), rule.percentile)
            before = None if previous is None else previous.clip_usd
            clip_usd = steady_clip(before, fresh) or rule.empty_clip_usd
        return Scale(rule.mode, log_floor(clip_usd), clip_usd)


def _same_values(before: HeatmapSettings, after: HeatmapSettings) -> bool:
    """Whether both settings give the same values in USD, so that the clip should hold still."""
    return changed_fields(before, after).isdisjoint(_RESCALING)


def _in_view_of(built: PictureRequest, request: PictureRequest) -> PictureRequest:
    """Keep the view that was built; only a rebuild takes another one over."""
    return replace(request, viewport=built.viewport)


def _add_offer(meta: dict[str, Any], legend: Legend) -> None:
    """Say what the chart offers; ``None`` where it offers nothing, so that it goes."""
    offer = legend.offer
    meta["offer"] = None if offer is None else {"words": offer.words, "heat": offer.heat}
