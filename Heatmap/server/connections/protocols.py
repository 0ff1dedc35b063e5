"""uvicorn's connections, with what it lacks: an end to waiting, and calm about bad input.

`Watch` looks at them, and cuts off those that take too long.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from Heatmap.runtime.compat import override
from Heatmap.server import texts
from Heatmap.server.problems import PROBLEM_TYPE, problem_body

LARGEST_FRAME_BYTES = 65_536
_MOST_FRAGMENTS = 64
_MOST_AT_ONCE_BYTES = 16_384
# A client that does not read gets no more answers to its pings than these.
_MOST_UNREAD_BYTES = 65_536


class HttpConnection(H11Protocol):
    """Requests of one client, one after the other.

    Attributes
    ----------
    waits_since_s
        Since when the rest of a request, or the next one, is waited for, by the loop's clock;
        ``None``: a request is being answered.
    is_idle
        Whether nobody would miss it: no request is being answered.
    behind
        See `Watch`.
    """

    waits_since_s: float | None = None
    behind: tuple[float, int] | None = None

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self._answer, self.app = self.app, self._run_app
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        # uvicorn's own says nothing of the time before the first request.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        # Read in one turn of the loop; a websocket's transport has it from here. As asyncio has it,
        # a thousand small frames would keep everybody waiting.
        transport.max_size = _MOST_AT_ONCE_BYTES  # type: ignore[attr-defined]
        self.waits_since_s = self.loop.time()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything; nothing is computed any more for who has gone."""
        super().connection_lost(exc)
        if self._task is not None:
            self._task.cancel()

    async def _run_app(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        self._task = asyncio.current_task()
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:
            # Its client has gone, or the server ends. uvicorn would log either as an error, and
            # nothing waits for this task to be cancelled.
            if not self.cycle.disconnected:
                self.cycle.disconnected = True
                self.transport.abort()
        finally:
            self._task = None

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came."""
        super().data_received(data)
        self._look()

    @override
    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.waits_since_s = None
        super().on_response_complete()
        self._look()

    @override
    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Say as a problem what is no request."""
        if self.cycle is not None:
            # What is being answered goes nowhere any more.
            self.cycle.disconnected = True
        # Amid an answer nothing else can be said.
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        body = problem_body(HTTPStatus.BAD_REQUEST, texts.NO_REQUEST)
        headers = [
            ("content-type", PROBLEM_TYPE),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _look(self) -> None:
        """Note whether something is waited for; what comes bit by bit gets no more time."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self.waits_since_s = None
        elif self.waits_since_s is None:
            self.waits_since_s = self.loop.time()


class SocketConnection(WebSocketsSansIOProtocol):
    """One websocket.

    Attributes
    ----------
    waits_since_s, is_idle
        As of `HttpConnection`: its pings tell whether the client is there.
    behind
        See `Watch`.
    """

    waits_since_s: float | None = None
    is_idle = False
    behind: tuple[float, int] | None = None

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came; the first time that is the whole request."""
        super().data_received(data)
        if not (self.handshake_initiated or self.close_sent):
            # The library waits for nothing any more then, and says nothing.
            self._refuse_handshake()

    @override
    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # Else uvicorn logs as an error that it was refused.
            self.handshake_complete = True

    @override
    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read the answers."""
        is_deaf = self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES
        if is_deaf or self.transport.is_closing():
            self.conn.data_to_send()
            return
        super().handle_ping()

    @override
    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message; empty ones would be taken for ever."""
        if self.close_sent:
            return
        if len(self.frames) >= _MOST_FRAGMENTS:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many parts")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def _refuse_handshake(self) -> None:
        self.close_sent = self.handshake_complete = True
        body = problem_body(HTTPStatus.BAD_REQUEST, texts.NO_REQUEST)
        self.transport.write(
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        self.transport.close()
