"""Where liquidations are expected if the price goes there: levels, heat, models side by side."""

from collections.abc import Hashable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from Heatmap.domain.candles import Series, Span, joined
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PREDICTED_MODELS, PredictedLevels
from Heatmap.server import texts
from Heatmap.server.answer_cache import Answer, Make
from Heatmap.server.answers.comparison import comparison_answer
from Heatmap.server.answers.heat import Format, Timeframe, heat_answer, times_of
from Heatmap.server.answers.levels import levels_answer
from Heatmap.server.context import ServerContext, context_of
from Heatmap.server.json_answer import pack
from Heatmap.server.parameters import AtParameter, ModelParameter, SymbolParameter
from Heatmap.server.problems import ProblemError, bad_request
from Heatmap.server.routes.documented import answers
from Heatmap.server.shapes import Comparison, Heat, Levels

router = APIRouter(tags=["predicted levels"])

_MINUTE_MS = 60_000

LeverageParameter = Annotated[
    float | None,
    Query(
        ge=1,
        le=125,
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
        plain = levels_answer(found, fetched_spans(context, symbol), leverage)
        return Answer(found, pack(plain))

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
        now_ms = context.now_ms()
        # Levels come of closed candles and of fits: nothing else changes them.
        basis = (*context.parts.markets.newest(symbol), now_ms // _MINUTE_MS)
        if before is not None and before.basis == basis:
            return before
        times = times_of(timeframe, now_ms)
        grid = context.grids.grid(symbol, model, times, context.candle_span_ms())
        if grid.price_usd is None:
            raise ProblemError(503, texts.NO_PRICE.format(symbol=symbol))
        return Answer(basis, pack(heat_answer(symbol, grid, format)))

    return await _answer(
        context, request, symbol, ("heat", symbol, model, timeframe, format), None, make
    )


@router.get(
    "/liquidations/compare-models",
    summary="The models side by side",
    responses=answers(Comparison, words="Each model's levels, score and agreement."),
)
async def compare_models(request: Request, symbol: SymbolParameter, at: AtParameter) -> Response:
    """Return what each model says of the same time."""
    context = context_of(request)

    def make(before: Answer | None) -> Answer:
        found = [find_levels(context, symbol, one, at) for one in PREDICTED_MODELS]
        # The book gives the same objects while nothing is new.
        basis = tuple(map(id, found)), found
        if before is not None and isinstance(before.basis, tuple) and before.basis[0] == basis[0]:
            return before
        table = _ensemble(context, symbol, found[0].at_ms)
        return Answer(basis, pack(comparison_answer(found, table, fetched_spans(context, symbol))))

    return await _answer(context, request, symbol, ("compare", symbol), at, make)


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
        raise ProblemError(503, texts.NO_PRICE.format(symbol=symbol))
    return found


def fetched_spans(context: ServerContext, symbol: str) -> tuple[Span, ...]:
    """Return time whose candles were fetched, or imported beside them; in a worker thread."""
    with context.reader.reading() as reader:
        spans = reader.fetched_spans(symbol, Series.CANDLES)
    return joined([*spans, *context.parts.markets.imported_spans(symbol)])


def _ensemble(context: ServerContext, symbol: str, at_ms: int) -> EnsembleTable | None:
    return context.parts.markets.without_candles(symbol).ensemble_at(at_ms)
