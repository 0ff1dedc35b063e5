"""How the server and its recorder are."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from Heatmap.errors import StorageError
from Heatmap.levels.models import LevelModel
from Heatmap.server.answers.health import health_answer
from Heatmap.server.context import ServerContext, context_of
from Heatmap.server.json_answer import Packed, pack
from Heatmap.server.routes.documented import answers
from Heatmap.server.served_symbols import served_symbols
from Heatmap.server.shapes import Health

router = APIRouter(tags=["state"])


@router.get(
    "/health",
    summary="Whether data come",
    responses=answers(Health, words="The state in short."),
)
async def health(request: Request) -> Response:
    """Return the state of recorder, history and models; 200 also where it is degraded."""
    context = context_of(request)
    return (await context.work.quick(lambda: _read(context))).response(request)


def _read(context: ServerContext) -> Packed:
    parts, now_ms = context.parts, context.now_ms()
    symbols = served_symbols(parts)
    status = parts.recorder()
    last_event_ms = None if status is None else status.last_event_ms
    if last_event_ms is None:
        try:
            # What was recorded before this start, or by another program.
            last_event_ms = parts.store.day_facts(symbols, now_ms).last_event_ms
        except StorageError:
            last_event_ms = None
    market = parts.markets.without_candles(symbols[0])
    table, ensemble = market.table_at(now_ms), market.ensemble_at(now_ms)
    fits = {
        LevelModel.CALIBRATED.value: (table, None if table is None else table.score),
        LevelModel.ENSEMBLE.value: (ensemble, None if ensemble is None else ensemble.score),
        **{
            one.value: (None, market.scores.get(one))
            for one in LevelModel
            if one not in (LevelModel.CALIBRATED, LevelModel.ENSEMBLE)
        },
    }
    redis = None if context.outlet is None else context.outlet.facts()
    plain = health_answer(
        parts.kind.value,
        now_ms,
        symbols,
        status,
        last_event_ms,
        context.history(),
        fits,
        redis,
    )
    return pack({**plain, "connections": context.admission.facts()})
