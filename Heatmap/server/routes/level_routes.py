"""Where liquidations are expected if the price goes there: levels, heat, models side by side."""

import asyncio
from collections.abc import Coroutine, Hashable, Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from Heatmap.domain.candles import (
    MINUTE_MS,
    Series,
    Span,
    clipped,
    joined,
    length_ms,
    without,
)
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PREDICTED_MODELS, PredictedLevels
from Heatmap.server import texts
from Heatmap.server.answer_cache import Answer, Make
from Heatmap.server.answers.comparison import comparison_answer
from Heatmap.server.answers.heat import Format, Timeframe, heat_answer, times_of
from Heatmap.server.answers.levels import levels_answer
from Heatmap.server.context import ServerContext, context_of
from Heatmap.server.json_answer import Packed, pack
from Heatmap.server.parameters import (
    HIGHEST_LEVERAGE,
    AtParameter,
    ModelParameter,
    SymbolParameter,
)
from Heatmap.server.problems import ProblemError, bad_request
from Heatmap.server.routes.documented import answers
from Heatmap.server.shapes import Comparison, Heat, Levels

router = APIRouter(tags=["predicted levels"])

COMPARE_WAIT_S = 4.0
"""After this the models that are ready are answered, and which are not."""

LeverageParameter = Annotated[
    float | None,
    Query(
        ge=1,
        le=HIGHEST_LEVERAGE,
        description="Only what positions of this leverage would be liquidated; model calibrated.",
    ),
]


@router.get(
    "/liquidations/levels",
    summary="Levels on both sides of the price",
    responses=answers(Levels, words="Ranges of 0.1 % of price, the nearest first."),
)
async def levels(
    request: Request,
    symbol: SymbolParameter,
    at: AtParameter,
    model: ModelParameter = LevelModel.CALIBRATED,
    leverage: LeverageParameter = None,
) -> Response:
    """Return what a model says stands, as `HeatmapService.levels` gives it."""
    context = context_of(request)
    if leverage is not None and model is not LevelModel.CALIBRATED:
        raise bad_request(
            "leverage", texts.no_leverage_of(model.value), [LevelModel.CALIBRATED.value]
        )

    def make(before: Answer | None) -> Answer:
        found = find_levels(context, symbol, model, at)
        if before is not None and before.basis is found:
            return before
        return Answer(found, pack(levels_plain(context, found, leverage)))

    return await _answer(context, request, symbol, ("levels", symbol, model, leverage), at, make)


@router.get(
    "/liquidations/heatmap",
    summary="What stood when and where",
    responses=answers(Heat, words="A grid of time by price."),
)
async def heatmap(
    request: Request,
    symbol: SymbolParameter,
    model: ModelParameter = LevelModel.CALIBRATED,
    timeframe: Annotated[Timeframe, Query(description="How much time, up to now.")] = Timeframe.DAY,
    format: Annotated[  # noqa: A002 - as the parameter is called
        Format, Query(description="Cells that hold anything, one by one; or all of them as bytes.")
    ] = Format.CELLS,
) -> Response:
    """Return the levels of a window: each column shows what was known at its end."""
    context = context_of(request)

    def make(before: Answer | None) -> Answer:
        now_ms, span_ms = context.now_ms(), context.candle_span_ms()
        # Levels come of closed candles and of fits: nothing else changes them.
        spans, fits = context.parts.markets.basis(symbol)
        basis: object = (spans, fits, now_ms // MINUTE_MS)
        if before is not None and before.basis == basis:
            return before
        times = times_of(timeframe, now_ms)
        grid = context.grids.grid(symbol, model, times, span_ms)
        if grid.price_usd is None:
            raise no_price(context, symbol)
        if is_behind(grid.fetched, spans, now_ms, span_ms):
            basis = None
        plain = heat_answer(symbol, grid, span_ms, format)
        return Answer(basis, pack(context.about(plain)))

    return await _answer(
        context, request, symbol, ("heat", symbol, model, timeframe, format), None, make
    )


@router.get(
    "/liquidations/compare-models",
    summary="The models side by side",
    responses=answers(Comparison, words="Each model's levels, score and agreement."),
)
async def compare_models(request: Request, symbol: SymbolParameter, at: AtParameter) -> Response:
    """Return what each model says of the same time.

    The first answer of now can take long: each `COMPARE_WAIT_S` it is looked whether a model is
    ready, and those that are are given.
    """
    context = context_of(request)

    def make(before: Answer | None) -> Answer:
        found = [find_levels(context, symbol, one, at) for one in PREDICTED_MODELS]
        # The book gives the same objects while nothing is new.
        basis = tuple(map(id, found)), found
        if before is not None and isinstance(before.basis, tuple) and before.basis[0] == basis[0]:
            return before
        table = _ensemble(context, symbol, found[0].at_ms)
        spans = fetched_spans(context, symbol)
        plain = comparison_answer(found, table, spans, context.candle_span_ms())
        return Answer(basis, pack(context.about(plain)))

    def answer() -> Coroutine[Any, Any, Response]:
        return _answer(context, request, symbol, ("compare", symbol), at, make)

    while at is None:
        with suppress(TimeoutError):
            # What is computed goes on meanwhile, for whoever asks next.
            return await asyncio.wait_for(answer(), COMPARE_WAIT_S)
        ready = await context.work.quick(lambda: _ready(context, symbol))
        if ready is not None:
            return ready.response(request)
    return await answer()


def _ready(context: ServerContext, symbol: str) -> Packed | None:
    """Return what the models say that are ready; ``None``: none is."""
    since_ms, book = context.now_ms() - MINUTE_MS, context.parts.levels
    said = {one: book.known(symbol, one, since_ms) for one in PREDICTED_MODELS}
    found = [one for one in said.values() if one is not None and one.price_usd is not None]
    if not found:
        return None
    pending = [one for one, levels in said.items() if levels is None]
    table = _ensemble(context, symbol, found[0].at_ms)
    spans, span_ms = fetched_spans(context, symbol), context.candle_span_ms()
    return pack(context.about(comparison_answer(found, table, spans, span_ms, pending)))


async def _answer(
    context: ServerContext,
    request: Request,
    symbol: str,
    key: Hashable,
    at: int | None,
    make: Make,
) -> Response:
    """Give the answer of now as it is kept; one of a time that is model for is computed."""
    await context.symbols.require(symbol)
    now_ms = context.now_ms()
    # Clocks of other machines are a little ahead of this one.
    if at is not None and at > now_ms + MINUTE_MS:
        raise bad_request("at", texts.in_the_future("at", at, now_ms))
    if at is None:
        return (await context.answers.get(key, make)).response(request)
    return (await context.work.slow(lambda: make(None))).packed.response(request)


def find_levels(
    context: ServerContext, symbol: str, model: LevelModel, at_ms: int | None
) -> PredictedLevels:
    """Return what a model says stands; in a worker thread.

    Raises
    ------
    ProblemError
        There is no candle, and so no price.
    """
    found = context.parts.levels.levels(
        symbol, context.now_ms(), context.candle_span_ms(), model, at_ms
    )
    if found.price_usd is None:
        raise no_price(context, symbol, at_ms)
    return found


def no_price(context: ServerContext, symbol: str, at_ms: int | None = None) -> ProblemError:
    """Return the problem of a symbol without candles, or without any before a time."""
    if at_ms is not None:
        return ProblemError(503, texts.no_price_before(symbol, at_ms, context.candle_span_ms()))
    is_recorded = symbol in context.parts.settings().symbols
    return ProblemError(503, texts.no_price(symbol, is_recorded=is_recorded))


def levels_plain(
    context: ServerContext, found: PredictedLevels, leverage: float | None = None
) -> dict[str, Any]:
    """Return what is answered of levels; in a worker thread."""
    spans = fetched_spans(context, found.symbol)
    return context.about(levels_answer(found, spans, context.candle_span_ms(), leverage))


def is_behind(used: Sequence[Span], spans: Sequence[Span], now_ms: int, span_ms: int) -> bool:
    """Tell whether candles have come that an answer was not made of: it is soon made again."""
    wanted = clipped(spans, now_ms - span_ms, now_ms - now_ms % MINUTE_MS)
    return length_ms(without(wanted, used)) > 0


def fetched_spans(context: ServerContext, symbol: str) -> tuple[Span, ...]:
    """Return time whose candles were fetched, or imported beside them; in a worker thread."""
    with context.reader.reading() as reader:
        spans = reader.fetched_spans(symbol, Series.CANDLES)
    return joined([*spans, *context.parts.markets.imported_spans(symbol)])


def _ensemble(context: ServerContext, symbol: str, at_ms: int) -> EnsembleTable | None:
    return context.parts.markets.without_candles(symbol).ensemble_at(at_ms)
