"""One websocket client of the loopback exchange: its subscriptions, commands and queue."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.loopback_guard import stream_problem
from Heatmap.standalone.exchange.wire import compact, enveloped

logger = get_logger(__name__)

# Frames waiting for a client that does not read. Beyond it the client is cut off, as the real
# exchange does: a hole that shows is better than memory that grows.
_QUEUE_FRAMES, _QUEUE_CHARACTERS = 50_000, 16_000_000
# As the exchange's, which is a number or a short text.
_MAX_ID_LENGTH = 36
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the path of a connection means.

    Attributes
    ----------
    is_enveloped
        Frames come as ``{"stream": ..., "data": ...}``.
    is_silent
        Subscriptions are acknowledged and nothing is ever delivered: Binance's paths from before
        April 2026, and those that carry other streams.
    streams
        What is subscribed by the address itself.
    """

    is_enveloped: bool
    is_silent: bool
    streams: tuple[str, ...]


def parse_path(path: str) -> Endpoint | None:
    """Read the path and query of a websocket address; ``None`` when there is no such endpoint."""
    parts = urlsplit(path)
    place = parts.path.rstrip("/")
    route = place.removeprefix("/market")
    is_silent = route == place
    route = route.removeprefix("/public") if is_silent else route
    if route == "/stream":
        names = parse_qs(parts.query).get("streams", [""])[0]
        return Endpoint(True, is_silent, _stream_names(names))
    if route == "/ws" or route.startswith("/ws/"):
        return Endpoint(False, is_silent, _stream_names(unquote(route.removeprefix("/ws"))))
    return None


def _stream_names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in text.split("/") if name))


class LoopbackClient:
    """Serve one connection until it closes: `run` once; `offer` never blocks.

    Parameters
    ----------
    connection
        The websocket, after its handshake.
    endpoint
        What its path means.
    on_subscribed
        Called with the client and the newly subscribed streams, after their acknowledgement.
    """

    def __init__(
        self,
        connection: ServerConnection,
        endpoint: Endpoint | None,
        on_subscribed: Callable[["LoopbackClient", list[str]], None],
    ) -> None:
        assert endpoint is not None  # noqa: S101  # an unknown path is refused in the handshake
        self._connection = connection
        self._endpoint = endpoint
        self._on_subscribed = on_subscribed
        # In the order of subscription.
        self._streams = dict.fromkeys(endpoint.streams)
        self._queue: asyncio.Queue[str] = asyncio.Queue(_QUEUE_FRAMES)
        self._queued_characters = 0
        # Nothing is queued any more for a client that was cut off.
        self._is_cut_off = False

    def wants(self, stream: str) -> bool:
        """Tell whether frames of `stream` are delivered to this client."""
        return stream in self._streams and not self._endpoint.is_silent and not self._is_cut_off

    def offer(self, stream: str, payload: Mapping[str, Any]) -> None:
        """Queue a payload if the client wants it."""
        if self.wants(stream):
            is_enveloped = self._endpoint.is_enveloped
            self._put(enveloped(stream, payload) if is_enveloped else compact(payload))

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._is_cut_off = True
        self._connection.transport.abort()

    async def run(self) -> None:
        """Answer commands and send what is queued, until the connection closes."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(), name="loopback exchange client")
            if self._streams:
                self._on_subscribed(self, list(self._streams))
            with contextlib.suppress(ConnectionClosed):
                async for text in self._connection:
                    self._receive(text)
            writer.cancel()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                text = await self._queue.get()
                await self._connection.send(text)
                self._queued_characters -= len(text)

    def _put(self, text: str) -> None:
        self._queued_characters += len(text)
        if self._queue.full() or self._queued_characters > _QUEUE_CHARACTERS:
            logger.warning("a client of the loopback exchange does not read and is cut off")
            self.abort()
        else:
            self._queue.put_nowait(text)

    def _receive(self, text: str | bytes) -> None:
        try:
            command = json.loads(text)
        except (ValueError, RecursionError) as error:
            self._refuse(3, f"Invalid JSON: {error}")
            return
        method = command.get("method") if isinstance(command, dict) else None
        if method not in _METHODS:
            self._refuse(
                2, f"Invalid request: unknown variant {method!r:.80}, expected one of {_METHODS}"
            )
            return
        command_id = command.get("id")
        is_known_type = command_id is None or isinstance(command_id, int | str)
        if not is_known_type or len(str(command_id)) > _MAX_ID_LENGTH:
            self._refuse(
                2, f"Invalid request: id must be a number or a text, got {command_id!r:.80}"
            )
            return
        names = command.get("params", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._refuse(2, "Invalid request: params must be a list of stream names", command_id)
            return
        self._obey(method, list(dict.fromkeys(names)), command_id)

    def _refuse(self, code: int, message: str, command_id: object = None) -> None:
        answer: dict[str, Any] = {"error": {"code": code, "msg": message}}
        if command_id is not None:
            answer["id"] = command_id
        self._put(compact(answer))

    def _obey(self, method: str, names: list[str], command_id: object) -> None:
        result: list[str] | None = None
        if method == "SUBSCRIBE":
            new = [name for name in names if name not in self._streams]
            if problem := stream_problem(new, len(self._streams)):
                self._refuse(2, f"Invalid request: {problem}", command_id)
                return
            self._streams.update(dict.fromkeys(new))
        elif method == "UNSUBSCRIBE":
            new = []
            for name in names:
                self._streams.pop(name, None)
        else:
            new, result = [], list(self._streams)
        self._put(compact({"result": result, "id": command_id}))
        if new:
            self._on_subscribed(self, new)
