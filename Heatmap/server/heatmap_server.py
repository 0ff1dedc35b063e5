"""The server: a thread and a loop of its own, so that neither host nor recorder waits for it."""

import asyncio
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Self, cast

import uvicorn

from Heatmap.errors import ServerError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.calm_log import CalmFilter
from Heatmap.runtime.safe_log import get_logger
from Heatmap.server import texts
from Heatmap.server.access import Access
from Heatmap.server.address import ServerAddress, parse_server_address
from Heatmap.server.answers.history_facts import HistoryReader
from Heatmap.server.app import make_app
from Heatmap.server.connections.admission import Admission, usual_limits
from Heatmap.server.connections.door import EXHAUSTED, Door
from Heatmap.server.connections.protocols import (
    LARGEST_FRAME_BYTES,
    HttpConnection,
    SocketConnection,
)
from Heatmap.server.connections.watch import Watch
from Heatmap.server.context import ServerContext
from Heatmap.server.guard import Guard
from Heatmap.server.options import ServerOptions
from Heatmap.server.outlet import Outlet, feed
from Heatmap.server.tokens import check_token_file, read_or_make_token

logger = get_logger(__name__)
_CALM = CalmFilter()

TOKEN_FILE = "heatmap-token"  # noqa: S105 - its name
# A loaded machine takes seconds to make the routes and their document; a fault is told at once.
_START_LIMIT_S = 60.0
_END_LIMIT_S = 5.0
# Answers and streams that end by themselves have so long; who never reads is cut off then.
_ANSWER_END_S = 0.25
_POLL_S = 0.01
_BACKLOG = 256


class HeatmapServer:
    """Serves one service: REST, live streams, pages.

    `start` and `stop` are idempotent and may alternate; call them from one thread at a time. It is
    usable in a ``with`` statement. The service is the caller's: it should run, and goes on after
    the server has stopped.

    Parameters
    ----------
    service
        What is served.
    address
        Where, such as ``127.0.0.1:8000``; port 0 is any that is free. Off loopback the token of
        `ServerOptions.token_file` is asked for.
    options
        Who may ask; ``None``: this machine, or whoever has the token.
    history
        Tells what the history of whole days holds; ``None``: what was imported beside the database.
    outlet
        Takes clusters and levels whenever they have changed; ``None``: nobody does.

    Raises
    ------
    SettingsError
        `address` is none.

    Examples
    --------
    ::

        with HeatmapServer(service, "127.0.0.1:8000") as server:
            print(server.url)
            ...
    """

    def __init__(
        self,
        service: HeatmapService,
        address: str = "127.0.0.1:8000",
        options: ServerOptions | None = None,
        history: HistoryReader | None = None,
        outlet: Outlet | None = None,
    ) -> None:
        self._address = parse_server_address(address)
        self._options = options or ServerOptions()
        self._parts = service.shared
        self._history = history
        self._outlet = outlet
        self._thread: threading.Thread | None = None
        self._run: _Run | None = None
        self._bound: ServerAddress | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is asked, such as ``http://127.0.0.1:8000``; the port is known once started."""
        return f"http://{self._bound or self._address}"

    @property
    def token_file(self) -> Path | None:
        """Where the token is kept that it asks for; ``None``: it asks for none."""
        if self._address.is_loopback:
            return None
        if self._options.token_file is not None:
            return self._options.token_file
        database = self._parts.store.address
        return Path(TOKEN_FILE) if isinstance(database, str) else database.with_name(TOKEN_FILE)

    def is_running(self) -> bool:
        """Whether it listens."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Listen, and return when it does. Idempotent.

        Raises
        ------
        ServerError
            The address cannot be listened at, or the token cannot be used; one line says why.
        """
        if self.is_running():
            return
        admission = Admission(self._options.connections or usual_limits(_descriptors()))
        # First: where it cannot listen it leaves no token behind.
        door = _listen(self._address, admission)
        try:
            access = self._access()
        except BaseException:
            door.close()
            raise
        host, port = door.getsockname()[:2]
        self._bound = ServerAddress(self._address.host or host, port)
        context = ServerContext(self._parts, self._history, self._outlet, admission)
        run = self._run = _Run(context, access, door)
        self._thread = threading.Thread(target=run.main, name="Heatmap server", daemon=True)
        self._thread.start()
        if not run.started.wait(_START_LIMIT_S) or run.fault is not None:
            self.stop()
            raise ServerError(texts.port_in_use(self._address, run.fault or "no answer"))

    def stop(self) -> None:
        """End all streams and listen no more; takes under a second. Idempotent."""
        thread, run = self._thread, self._run
        self._thread = self._run = None
        if thread is None or run is None:
            return
        run.ask_end()
        thread.join(_END_LIMIT_S)
        if thread.is_alive():
            logger.error("the server did not end within %g s", _END_LIMIT_S)

    def _access(self) -> Access:
        path = self.token_file
        return Access(
            self._address.host,
            frozenset(one.lower() for one in self._options.hosts),
            frozenset(self._options.origins),
            None if path is None else read_or_make_token(path),
        )


def check_server(address: str, options: ServerOptions) -> None:
    """Look whether a server could listen at an address, and read its token; writes nothing.

    Raises
    ------
    SettingsError
        `address` is none.
    ServerError
        The address cannot be listened at, or the token's file cannot be used; one line says why.
    """
    place = parse_server_address(address)
    _listen(place, Admission(usual_limits(None))).close()
    if options.token_file is not None and not place.is_loopback:
        check_token_file(options.token_file)


class _Run:
    """One life of a server, in its own thread from `main` on."""

    def __init__(self, context: ServerContext, access: Access, door: Door) -> None:
        self.started = threading.Event()
        self.fault: BaseException | None = None
        self._context = context
        self._door = door
        self._access = access
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = threading.Event()
        self._wake: asyncio.Event | None = None
        self.watch: Watch

    def ask_end(self) -> None:
        """Have it end; from any thread."""
        self._asked.set()
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:
                return  # it has ended meanwhile

    def main(self) -> None:
        """Serve until it is asked to end."""
        try:
            # Never the host's loop, whatever policy the host has set.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self.fault = error
            logger.exception("the server has ended by itself")
        finally:
            self._door.close()
            self.started.set()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._take_fault)
        self._loop, self._wake = loop, asyncio.Event()
        if self._asked.is_set():
            self._wake.set()
        server = uvicorn.Server(_config(Guard(make_app(self._context), self._access)))
        self.watch = Watch(self._door, _open(server))
        serving = asyncio.create_task(server.serve(sockets=[self._door]))
        try:
            # uvicorn offers no event to wait for.
            while not server.started and not serving.done():  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
            self.started.set()
            waking = asyncio.create_task(self._wake.wait())
            beside = [asyncio.create_task(one) for one in (self._feed_outlet(), self.watch.run())]
            await asyncio.wait([serving, waking], return_when=asyncio.FIRST_COMPLETED)
            for one in (waking, *beside):
                one.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._end_answers(server)
            server.should_exit = True
            await serving
        finally:
            await self._context.close()

    async def _feed_outlet(self) -> None:
        if self._context.outlet is None:
            return
        try:
            await feed(self._context, self._context.outlet)
        except Exception:
            logger.exception("clusters and levels are not handed on any more")

    async def _end_answers(self, server: uvicorn.Server) -> None:
        """End streams and computations, for which uvicorn waits; cut off who never reads."""
        # Whoever comes again at once finds nobody, and tries again.
        for listening in server.servers:
            listening.close()
        self._context.close_streams()
        loop, connections = asyncio.get_running_loop(), _open(server)
        until_s = loop.time() + _ANSWER_END_S
        # Streams say goodbye by themselves; what is in between ends with its answer.
        for one in [one for one in connections if isinstance(one, HttpConnection)]:
            one.shutdown()
        while connections and loop.time() < until_s:  # noqa: ASYNC110 - at most a moment
            await asyncio.sleep(_POLL_S)
        for left in list(connections):
            left.transport.abort()

    def _take_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what nobody caught; that no connection can be accepted is counted."""
        fault = context.get("exception")
        if isinstance(fault, OSError) and fault.errno in EXHAUSTED:
            self._context.admission.exhausted += 1
            return
        loop.default_exception_handler(context)


def _open(server: uvicorn.Server) -> "set[HttpConnection | SocketConnection]":
    """Return the open connections, as uvicorn goes on keeping them."""
    return cast("set[HttpConnection | SocketConnection]", server.server_state.connections)


def _descriptors() -> int | None:
    """Return how many file descriptors this process may have; ``None``: nobody says."""
    most: int | None = None
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = None if limit == resource.RLIM_INFINITY else limit
    return most


def _config(app: Guard) -> uvicorn.Config:
    # Its messages go where those of the host's other libraries go, without secrets, and each kind
    # once a minute: whoever sends nonsense, or is refused, does not fill the log.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        if _CALM not in get_logger(name).filters:
            get_logger(name).addFilter(_CALM)
    return uvicorn.Config(
        app,
        http=HttpConnection,
        ws=SocketConnection,
        ws_max_size=LARGEST_FRAME_BYTES,
        # Pictures are compressed in the worker threads already.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )


def _listen(address: ServerAddress, admission: Admission) -> Door:
    """Return a socket that listens.

    Raises
    ------
    ServerError
        Something else listens there, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = Door(family, admission)
    try:
        if socket.has_dualstack_ipv6() and family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # On Windows this would let two programs listen at once.
        if hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(texts.port_in_use(address, error.strerror or error)) from error
    return listener
