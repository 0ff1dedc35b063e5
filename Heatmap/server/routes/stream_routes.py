"""Live: server-sent events, and the same over a websocket."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, WebSocket
from fastapi.responses import Response, StreamingResponse
from starlette.websockets import WebSocketDisconnect, WebSocketState

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.instruments import parse_instrument
from Heatmap.errors import StorageError
from Heatmap.feeds.cluster_feed import rounded_cluster
from Heatmap.levels.models import LevelModel
from Heatmap.server import texts
from Heatmap.server.context import ServerContext, context_of
from Heatmap.server.json_answer import pack
from Heatmap.server.parameters import ModelParameter, refuse_unknown, require_known
from Heatmap.server.problems import ProblemError, bad_request
from Heatmap.server.routes.documented import PROBLEM_WORDS, answers
from Heatmap.server.routes.level_routes import find_levels, levels_plain
from Heatmap.server.routes.record_routes import find_clusters
from Heatmap.server.shapes import Problem
from Heatmap.server.streams.hub import Start, Wish
from Heatmap.server.streams.messages import (
    KEEP_ALIVE,
    StreamMessage,
    Topic,
    as_event,
    as_frame,
    parse_id,
)
from Heatmap.server.streams.snapshots import Compute

router = APIRouter(tags=["live"])

_LEVELS_EVERY_S = 2.0
_MOST_SYMBOLS = 50
_SOCKET_PARAMETERS = ("after_id", "model", "symbol", "topics")
_GOING_AWAY, _REFUSED, _TRY_LATER = 1001, 1008, 1013

_SYMBOLS_WORDS = "With commas between; without it liquidations of all symbols that are recorded."
_TOPICS_WORDS = "With commas between: liquidations, clusters, levels."
_AFTER_WORDS = "The id of the last message that is known: all that was stored after it comes first."
_LAST_WORDS = (
    f"{_AFTER_WORDS} It goes before `after_id`. One that is none of these data is no error, since "
    "a browser that is refused never comes again: the stream begins now, and `ready` says so."
)

SymbolsParameter = Annotated[str | None, Query(description=_SYMBOLS_WORDS)]
TopicsParameter = Annotated[str, Query(description=_TOPICS_WORDS)]
AfterParameter = Annotated[str | None, Query(description=_AFTER_WORDS)]

_STREAM_ANSWERS = {
    **{status: one for status, one in answers(Problem, words="").items() if status != 200},  # noqa: PLR2004
    200: {
        "description": "Events `ready`, `liquidation`, `clusters` and `levels`, each JSON, without "
        "an end. The id of a liquidation is the number of its row; a client that connects again "
        "with it in `Last-Event-ID` misses none and gets none twice. `ready` comes first: after "
        "the id `after` nothing is left out. Its `not_resumed` is null, or says why that is not "
        "the id that the client named: liquidations in between may be missing.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}
assert set(PROBLEM_WORDS) < set(_STREAM_ANSWERS)  # noqa: S101 - both are written above


@router.get(
    "/stream",
    summary="Live, as server-sent events",
    responses=_STREAM_ANSWERS,
    dependencies=[Depends(refuse_unknown)],
)
async def stream(
    request: Request,
    symbol: SymbolsParameter = None,
    topics: TopicsParameter = "liquidations",
    after_id: AfterParameter = None,
    model: ModelParameter = LevelModel.CALIBRATED,
    last_event_id: Annotated[str | None, Header(description=_LAST_WORDS)] = None,
) -> Response:
    """Stream what is stored from now on, or from the last id that is known."""
    context = context_of(request)
    wish = wish_of(context, symbol, topics, after_id, model)
    if last_event_id is not None:
        kind = context.parts.kind
        after = parse_id(kind, last_event_id)
        reason = f"Last-Event-ID {texts.no_id_of(kind, last_event_id)}" if after is None else None
        wish = replace(wish, after=after, not_resumed=reason)
    await _require_known(context, wish)
    start = await context.streams.start_of(wish)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        _written(context, wish, start), headers=headers, media_type="text/event-stream"
    )


@router.websocket("/ws")
async def websocket(socket: WebSocket) -> None:
    """Send the same messages as `stream`, each a text of JSON; what the client says is ignored.

    Its parameters are those of `stream`. They are read here: a browser is told nothing of a
    websocket that is refused before it is open, but why one is closed.
    """
    context: ServerContext = socket.app.state.context
    await socket.accept()
    try:
        wish = _socket_wish(context, socket.query_params)
        await _require_known(context, wish)
        start = await context.streams.start_of(wish)
        async with context.streams.opened(wish, start) as messages:
            await _send_all(socket, messages)
        await _close(socket, _GOING_AWAY, texts.CLOSING)
    except ProblemError as error:
        code = _TRY_LATER if error.status >= 500 else _REFUSED  # noqa: PLR2004 - HTTP's
        await _close(socket, code, error.detail)
    except StorageError as error:
        await _close(socket, _TRY_LATER, str(error))


async def _send_all(socket: WebSocket, messages: AsyncIterator[Sequence[StreamMessage]]) -> None:
    """Send messages until the server ends or the client has gone."""

    async def send() -> None:
        # The websocket's own pings keep a quiet one alive.
        async for news in messages:
            for one in news:
                await socket.send_text(as_frame(one))

    async def listen() -> None:
        while True:
            await socket.receive()

    tasks = [asyncio.create_task(one) for one in (send(), listen())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            # A client that has gone makes either of them fail, as it happens.
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        # A reason has at most 123 bytes.
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code, reason.encode("ascii", "replace")[:120].decode())


async def _written(context: ServerContext, wish: Wish, start: Start) -> AsyncIterator[bytes]:
    async with context.streams.opened(wish, start) as messages:
        async for news in messages:
            yield b"".join(map(as_event, news)) or KEEP_ALIVE


def wish_of(
    context: ServerContext,
    symbol: str | None,
    topics: str,
    known: str | None = None,
    model: LevelModel = LevelModel.CALIBRATED,
) -> Wish:
    """Return what a stream with these parameters wants.

    Raises
    ------
    ProblemError
        A parameter is not allowed.
    """
    wanted = _topics(topics)
    symbols = _symbols(symbol)
    after = None
    if known is not None:
        after = parse_id(context.parts.kind, known)
        if after is None:
            raise bad_request("after_id", f"after_id {texts.no_id_of(context.parts.kind, known)}")
    states = _states(context, wanted, symbols or ("BTCUSDT",), model)
    return Wish(wanted, symbols, after, states)


def _socket_wish(context: ServerContext, given: Mapping[str, str]) -> Wish:
    require_known(given, _SOCKET_PARAMETERS)
    models = [one.value for one in LevelModel]
    model = given.get("model", LevelModel.CALIBRATED.value)
    if model not in models:
        raise bad_request("model", texts.not_allowed("model", models, model), models)
    topics = given.get("topics", Topic.LIQUIDATIONS.value)
    return wish_of(context, given.get("symbol"), topics, given.get("after_id"), LevelModel(model))


async def _require_known(context: ServerContext, wish: Wish) -> None:
    """Refuse made-up symbols where something would be computed for them.

    Raises
    ------
    ProblemError
        There is one.
    StorageError
        The store cannot be read.
    """
    if wish.states:
        await context.symbols.require(*wish.symbols)


def _topics(text: str) -> tuple[Topic, ...]:
    names = [one.strip() for one in text.split(",") if one.strip()]
    allowed = [one.value for one in Topic]
    if not names or not set(names) <= set(allowed):
        raise bad_request("topics", texts.not_allowed("topics", allowed, text), allowed)
    return tuple(dict.fromkeys(Topic(one) for one in names))


def _symbols(text: str | None) -> tuple[str, ...]:
    names = [one for one in (text or "").split(",") if one.strip()]
    if len(names) > _MOST_SYMBOLS:
        raise bad_request("symbol", texts.too_many_symbols(len(names), _MOST_SYMBOLS))
    try:
        return tuple(dict.fromkeys(str(parse_instrument(one)) for one in names))
    except ValueError as error:
        raise bad_request("symbol", str(error)) from None


def _states(
    context: ServerContext, topics: Sequence[Topic], symbols: Sequence[str], model: LevelModel
) -> list[tuple[str, object, Compute, float]]:
    found: list[tuple[str, object, Compute, float]] = []
    for symbol in symbols:
        if Topic.CLUSTERS in topics:
            every_s = context.parts.settings().cluster_interval_s
            compute = partial(_clusters_now, context, symbol)
            found.append(("clusters", ("clusters", symbol), compute, every_s))
        if Topic.LEVELS in topics:
            compute_levels = partial(_levels_now, context, symbol, model)
            key = ("levels", symbol, model)
            found.append(("levels", key, compute_levels, _LEVELS_EVERY_S))
    return found


def _clusters_now(
    context: ServerContext, symbol: str, before: object
) -> tuple[object, bytes] | None:
    plain = find_clusters(context, symbol)
    # As they age, strengths differ by what rounding leaves of equal quotients.
    basis = [rounded_cluster(LiquidationCluster(**one)) for one in plain["clusters"]]
    return None if basis == before else (basis, pack(plain).body)


def _levels_now(
    context: ServerContext, symbol: str, model: LevelModel, before: object
) -> tuple[object, bytes] | None:
    found = find_levels(context, symbol, model, None)
    # The book gives the same object while nothing is new.
    if found is before:
        return None
    return found, pack(levels_plain(context, found)).body
