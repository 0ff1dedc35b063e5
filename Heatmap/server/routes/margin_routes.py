"""Liquidation prices of single positions, and the brackets."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from Heatmap.levels.shipped import shipped_brackets
from Heatmap.server import texts
from Heatmap.server.answers.margin import brackets_answer, highest_leverage, margin_answer
from Heatmap.server.context import context_of
from Heatmap.server.json_answer import pack
from Heatmap.server.parameters import HIGHEST_LEVERAGE, AtParameter, SymbolParameter
from Heatmap.server.problems import bad_request
from Heatmap.server.routes.documented import answers
from Heatmap.server.shapes import Brackets, Margin

router = APIRouter(tags=["margin"])


class PositionSide(StrEnum):
    """Which side a position is on."""

    LONG = "long"
    SHORT = "short"


@router.get(
    "/margin/liquidation-price",
    summary="Where a position is liquidated",
    responses=answers(Margin, words="Of an isolated position without further margin."),
)
async def liquidation_price_of(
    request: Request,
    symbol: SymbolParameter,
    at: AtParameter,
    side: PositionSide,
    entry: Annotated[float, Query(gt=0, le=1e12, description="Entry price, USD.")],
    leverage: Annotated[float, Query(ge=1, le=HIGHEST_LEVERAGE, description="Such as 25.")],
    quantity: Annotated[float, Query(gt=0, le=1e12, description="In the base currency, BTC.")] = 1,
) -> Response:
    """Return the mark price at which the exchange's formula liquidates it."""
    context = context_of(request)
    table = shipped_brackets().in_force(symbol, context.now_ms() if at is None else at)
    limit = highest_leverage(table, entry * quantity)
    if leverage > limit:
        raise bad_request("leverage", texts.leverage_too_high(limit), [f"1 to {limit:g}"])
    answer = margin_answer(symbol, side.value, entry, leverage, quantity, table)
    return pack(answer).response(request)


@router.get(
    "/brackets",
    summary="Maintenance margins by size",
    responses=answers(Brackets, words="The table in use, the smallest sizes first."),
)
async def brackets(request: Request, symbol: SymbolParameter, at: AtParameter) -> Response:
    """Return the brackets valid at a time."""
    at_ms = context_of(request).now_ms() if at is None else at
    table = shipped_brackets().in_force(symbol, at_ms)
    return pack(brackets_answer(symbol, at_ms, table)).response(request)
