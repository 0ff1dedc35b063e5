"""What was recorded: liquidations, clusters, coverage, candles."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from Heatmap.feeds.cluster_feed import cluster_parameters
from Heatmap.server import texts
from Heatmap.server.answers.records import (
    bucket_ms_for,
    buckets_answer,
    candles_answer,
    clusters_answer,
    coverage_answer,
    records_answer,
)
from Heatmap.server.context import ServerContext, context_of
from Heatmap.server.json_answer import Packed, pack
from Heatmap.server.parameters import (
    DAY_MS,
    EndParameter,
    StartParameter,
    SymbolParameter,
    time_between,
)
from Heatmap.server.problems import bad_request
from Heatmap.server.recorded_time import read_recorded
from Heatmap.server.routes.documented import answers
from Heatmap.server.shapes import Buckets, Candles, Clusters, CoverageAnswer, Records
from Heatmap.service.candle_reads import read_history
from Heatmap.storage.event_arrays import as_array

router = APIRouter(tags=["recorded"])

_MOST_BUCKETS = 5_000
_MOST_CANDLES = 5_000
_USUAL_CANDLES = 500
_MINUTE_MS = 60_000


class CandleInterval(StrEnum):
    """How long a candle lasts."""

    MINUTE = "1m"
    THREE_MINUTES = "3m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HALF_HOUR = "30m"
    HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    SIX_HOURS = "6h"
    HALF_DAY = "12h"
    DAY = "1d"

    @property
    def length_ms(self) -> int:
        """Its length, milliseconds."""
        unit = {"m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": DAY_MS}[self.value[-1]]
        return int(self.value[:-1]) * unit


@router.get(
    "/liquidations/history",
    summary="Liquidations one by one, or added up over time",
    responses=answers(
        Records | Buckets, words="Records; or buckets of longs and shorts with aggregate=true."
    ),
)
async def history(
    request: Request,
    symbol: SymbolParameter,
    start: StartParameter,
    end: EndParameter,
    aggregate: Annotated[bool, Query(description="Add up longs and shorts over time.")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many records.")] = 1_000,
    after_id: Annotated[
        int, Query(ge=0, le=2**62, description="Only what was stored after this row.")
    ] = 0,
    bucket_s: Annotated[
        int | None,
        Query(ge=60, le=86_400, multiple_of=60, description="Length of a bucket; by itself: fits."),
    ] = None,
) -> Response:
    """Return what was recorded in a time; by default in the last 24 hours."""
    context = context_of(request)
    start_ms, end_ms = time_between(start, end, context.now_ms(), DAY_MS)
    if aggregate:
        bucket_ms = bucket_ms_for(start_ms, end_ms) if bucket_s is None else bucket_s * 1_000
        count = -(-(end_ms - start_ms) // bucket_ms)
        if count > _MOST_BUCKETS:
            raise bad_request("start", texts.too_long(count, _MOST_BUCKETS, "buckets"))
        read = partial(_read_buckets, context, symbol, start_ms, end_ms, bucket_ms)
    else:
        read = partial(_read_records, context, symbol, start_ms, end_ms, after_id, limit)
    return (await context.work.quick(read)).response(request)


@router.get(
    "/liquidations/clusters",
    summary="Prices at which many were liquidated",
    responses=answers(Clusters, words="Clusters, the strongest first."),
)
async def clusters(request: Request, symbol: SymbolParameter) -> Response:
    """Return price clusters by the current settings, as `HeatmapService.clusters` gives them."""
    context = context_of(request)
    await context.symbols.require(symbol)
    plain = await context.work.quick(partial(find_clusters, context, symbol))
    return pack(plain).response(request)


@router.get(
    "/coverage",
    summary="When liquidations were recorded",
    responses=answers(CoverageAnswer, words="Intervals, and the gaps between them."),
)
async def coverage(
    request: Request, symbol: SymbolParameter, start: StartParameter, end: EndParameter
) -> Response:
    """Return when a symbol was recorded; by default in the last 24 hours."""
    context = context_of(request)
    start_ms, end_ms = time_between(start, end, context.now_ms(), DAY_MS)

    def read() -> Packed:
        with context.reader.reading() as reader:
            found = read_recorded(context.parts, reader, symbol, start_ms, end_ms)
        return pack(context.about(coverage_answer(symbol, found, start_ms, end_ms)))

    return (await context.work.quick(read)).response(request)


@router.get(
    "/candles",
    summary="Closed candles that were fetched",
    responses=answers(Candles, words="Candles, the oldest first."),
)
async def candles(
    request: Request,
    symbol: SymbolParameter,
    start: StartParameter,
    end: EndParameter,
    interval: Annotated[CandleInterval, Query(description="How long one lasts.")] = (
        CandleInterval.MINUTE
    ),
) -> Response:
    """Return what the recorder has fetched; by default the latest 500. Nobody else is asked."""
    context = context_of(request)
    usual_ms = _USUAL_CANDLES * interval.length_ms
    start_ms, end_ms = time_between(start, end, context.now_ms(), usual_ms)
    count = (end_ms - start_ms) // interval.length_ms
    if count > _MOST_CANDLES:
        raise bad_request("start", texts.too_long(count, _MOST_CANDLES, "candles"))

    def read() -> Packed:
        found = read_history(context.parts.markets, symbol, start_ms, end_ms, interval.length_ms)
        plain = candles_answer(symbol, found, interval.value, start_ms, end_ms)
        return pack(context.about(plain))

    return (await context.work.quick(read)).response(request)


def find_clusters(context: ServerContext, symbol: str) -> dict[str, Any]:
    """Return the clusters of now; in a worker thread."""
    parameters = cluster_parameters(context.parts.settings())
    context.clusters.set_parameters(parameters)
    price, now_ms = context.mark_price(symbol), context.now_ms()
    found = context.clusters.find(symbol, price, now_ms)
    with context.reader.reading() as reader:
        covered = reader.read_coverage(symbol, now_ms - parameters.lookback_ms, now_ms)
    plain = clusters_answer(symbol, found, price, now_ms, parameters.lookback_ms, covered)
    return context.about(plain)


def _read_records(
    context: ServerContext, symbol: str, start_ms: int, end_ms: int, after_id: int, limit: int
) -> Packed:
    with context.reader.reading() as reader:
        # One more tells whether there are more.
        found = reader.read_stored_between(symbol, start_ms, end_ms, after_id, limit + 1)
        covered = read_recorded(context.parts, reader, symbol, start_ms, end_ms)
    plain = records_answer(
        symbol,
        found[:limit],
        has_more=len(found) > limit,
        coverage=covered,
        start_ms=start_ms,
        end_ms=end_ms,
    )
    return pack(context.about(plain))


def _read_buckets(
    context: ServerContext, symbol: str, start_ms: int, end_ms: int, bucket_ms: int
) -> Packed:
    with context.reader.reading() as reader:
        events = reader.read_window(symbol, start_ms, end_ms, as_array).events
        covered = read_recorded(context.parts, reader, symbol, start_ms, end_ms)
    plain = buckets_answer(symbol, events, covered, start_ms, end_ms, bucket_ms)
    return pack(context.about(plain))
