"""Looks at each request before the application does: who asks, and what the answer may be used for.

Plain ASGI, for requests and websockets alike.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from Heatmap.server.access import UNAUTHORIZED, Access, Asker, Refusal
from Heatmap.server.problems import PROBLEM_TYPE, problem_body

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_ASKED_HEADERS = b"Authorization, Last-Event-ID"
_KEEP_S = b"600"


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
        added = self._headers(asker)
        if asks_before and _values(scope, b"access-control-request-method"):
            await _send_whole(send, "http", 204, [*added, *_PREFLIGHT], b"")
            return

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, send_more)

    def _headers(self, asker: Asker) -> Headers:
        headers: Headers = [(b"x-content-type-options", b"nosniff"), (b"vary", b"Origin")]
        foreign = [one for one in asker.origins if one in self._access.origins]
        if foreign:
            headers.append((b"access-control-allow-origin", foreign[0].encode("latin-1")))
        elif not self._access.origins:
            headers.append((b"cross-origin-resource-policy", b"same-origin"))
        return headers


_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET"),
    (b"access-control-allow-headers", _ASKED_HEADERS),
    (b"access-control-max-age", _KEEP_S),
]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


async def _refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    headers: Headers = [(b"content-type", PROBLEM_TYPE.encode())]
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
