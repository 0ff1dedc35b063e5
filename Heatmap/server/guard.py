"""Looks at each request before the application does: who asks, and what the answer may be used for.

Plain ASGI, for requests and websockets alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from Heatmap.server import texts
from Heatmap.server.access import UNAUTHORIZED, Access, Asker, Refusal
from Heatmap.server.connections.admission import place_of
from Heatmap.server.problems import PROBLEM_TYPE, problem_body
from Heatmap.server.work import ASKER

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_ASKED_HEADERS = b"Authorization, Last-Event-ID"
_KEEP_S = b"600"
# A client that does not read has no more than this in memory, beside what all share.
_PIECE_BYTES = 65_536


class Guard:
    """Refuses what `Access` refuses, and lets pages of given origins read the answers.

    Parameters
    ----------
    app
        What is guarded.
    access
        What is asked of a request.
    """

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asker = Asker(*(_values(scope, name) for name in (b"host", b"origin", b"authorization")))
        asks_before = scope["type"] == "http" and scope["method"] == "OPTIONS"
        refusal = self._access.refusal(asker, needs_token=not asks_before)
        if refusal is not None:
            await _refuse(scope, send, refusal)
            return
        added = [*self._headers(asker), *_end_of_body(scope)]
        if asks_before and _values(scope, b"access-control-request-method"):
            await _send_whole(send, "http", 204, [*added, *_PREFLIGHT], b"")
            return

        client = scope.get("client")
        ASKER.set(place_of(client[0]) if client else "")
        if scope["type"] == "websocket":
            await self._app(scope, receive, _SocketSender(send).send)
            return
        is_head = scope["method"] == "HEAD"
        # uvicorn leaves out the body by what it was asked itself.
        asked = {**scope, "method": "GET"} if is_head else scope
        await self._app(asked, receive, _Sender(send, added, is_head=is_head).send)

    def _headers(self, asker: Asker) -> Headers:
        headers: Headers = [(b"x-content-type-options", b"nosniff"), (b"vary", b"Origin")]
        foreign = [one for one in asker.origins if one in self._access.origins]
        if foreign:
            headers.append((b"access-control-allow-origin", foreign[0].encode("latin-1")))
        elif not self._access.origins:
            headers.append((b"cross-origin-resource-policy", b"same-origin"))
        return headers


class _SocketSender:
    """Sends what is said over a websocket; one that no route opens gets an answer with words."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_open = False

    async def send(self, message: Message) -> None:
        """Send one message of the application."""
        if message["type"] == "websocket.close" and not self._is_open:
            body = problem_body(404, texts.NOT_FOUND)
            headers: Headers = [(b"content-type", PROBLEM_TYPE.encode())]
            await _send_whole(self._send, "websocket.http", 404, headers, body)
            return
        self._is_open = True
        await self._send(message)


class _Sender:
    """Sends an answer with more headers, and no more of it at once than the client takes.

    Parameters
    ----------
    send
        Sends to the client; waits while much is on its way.
    added
        The headers.
    is_head
        Only the headers are asked for: an answer without an end ends after them.
    """

    def __init__(self, send: Send, added: Headers, *, is_head: bool) -> None:
        self._send = send
        self._added = added
        self._is_head = is_head
        self._is_done = False

    async def send(self, message: Message) -> None:
        """Send one message of the application."""
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *self._added]
        elif message["type"] == "http.response.body":
            await self._send_body(message)
            return
        await self._send(message)

    async def _send_body(self, message: Message) -> None:
        if self._is_head:
            if not self._is_done:
                self._is_done = True
                await self._send({"type": "http.response.body", "body": b""})
            return
        body = message.get("body", b"")
        at = 0
        while len(body) - at > _PIECE_BYTES:
            piece = body[at : at + _PIECE_BYTES]
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            at += _PIECE_BYTES
            # So that a client that has gone is noticed, and others have turns.
            await asyncio.sleep(0)
        await self._send({**message, "body": body[at:]})


_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", _ASKED_HEADERS),
    (b"access-control-max-age", _KEEP_S),
]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _end_of_body(scope: Scope) -> Headers:
    """Return what ends a connection after the answer where a body comes: no route takes one."""
    lengths = _values(scope, b"content-length")
    has_body = bool(_values(scope, b"transfer-encoding")) or any(one != "0" for one in lengths)
    return [(b"connection", b"close")] if has_body and scope["type"] == "http" else []


async def _refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    headers: Headers = [(b"content-type", PROBLEM_TYPE.encode()), *_end_of_body(scope)]
    if refusal.status == UNAUTHORIZED:
        headers += [
            (b"www-authenticate", b'Bearer realm="Heatmap"'),
            (b"www-authenticate", b'Basic realm="Heatmap", charset="UTF-8"'),
        ]
    prefix = "http" if scope["type"] == "http" else "websocket.http"
    body = problem_body(refusal.status, refusal.words)
    await _send_whole(send, prefix, refusal.status, headers, body)


async def _send_whole(send: Send, prefix: str, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": f"{prefix}.response.start", "status": status, "headers": [*headers, length]}
    )
    await send({"type": f"{prefix}.response.body", "body": body})
