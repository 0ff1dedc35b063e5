"""The websocket of the chart page; not documented, since both its ends are ours."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from Heatmap.server import texts
from Heatmap.server.charts.chart_session import TICK_S, ChartSession
from Heatmap.server.context import ServerContext
from Heatmap.server.streams.bell import wait_for

router = APIRouter(include_in_schema=False)

_GOING_AWAY, _TRY_LATER = 1001, 1013


@router.websocket("/heatmap/ws")
async def chart(socket: WebSocket) -> None:
    """Show one page its chart, until it goes or the server ends."""
    context: ServerContext = socket.app.state.context
    hub = context.charts
    await socket.accept()
    if hub.is_full:
        await _close(socket, _TRY_LATER, texts.TOO_MANY_CHARTS)
        return
    session = ChartSession(hub, context.work)
    hub.open_charts += 1
    tasks = [
        asyncio.create_task(one)
        for one in (_send(socket, session), _listen(socket, session), _tick(context, session))
    ]
    try:
        session.greet()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.close()
        for task in tasks:
            task.cancel()
        for task in tasks:
            # A browser that has gone makes either of them fail, as it happens.
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task
        try:
            await _close(socket, _GOING_AWAY, texts.CLOSING)
        finally:
            hub.open_charts -= 1


async def _send(socket: WebSocket, session: ChartSession) -> None:
    while True:
        text = await session.outbox.take()
        if text is None:
            session.begin_again()
        else:
            # Waits for a browser that does not read, and keeps nobody else waiting.
            await socket.send_text(text)


async def _listen(socket: WebSocket, session: ChartSession) -> None:
    while True:
        await session.take(await socket.receive_text())


async def _tick(context: ServerContext, session: ChartSession) -> None:
    """Tell what has changed each second; returns when the server ends."""
    ended = context.charts.ended
    while not ended.is_set():
        await session.tick()
        await wait_for(ended, TICK_S)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code, reason)
