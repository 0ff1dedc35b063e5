"""``python -m Heatmap serve``: records, and gives the numbers over HTTP (extra ``web``)."""

import argparse
import asyncio
import gc
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from Heatmap.commands.arguments import (
    Parser,
    add_exchange_options,
    add_redis_options,
    announce,
    check_settings,
    file_path,
    refuse_addresses_of_demo,
    whole_number,
)
from Heatmap.commands.log_output import start_log
from Heatmap.heatmap_settings import REST_URL, WS_URL, HeatmapSettings

if TYPE_CHECKING:
    from Heatmap.publish import Publisher, PublishStatus, RedisAddress
    from Heatmap.standalone.sources import Source

LIVE_PATIENCE_S = 5.0
"""With ``--source auto``: how long Binance may take to deliver its mark price."""
_POLL_S = 0.1
_LARGEST_PORT = 65_535


def run(words: Sequence[str]) -> int:
    """Serve until it is asked to end; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    refuse_addresses_of_demo(parser, options)
    texts = {} if options.symbol is None else {"symbols": options.symbol}
    settings = check_settings(parser, texts)
    start_log(options)
    try:
        asyncio.run(_Serving(options, settings).run())
    finally:
        # All is in order: looking through millions of objects for garbage now would take seconds.
        gc.freeze()
    return 0


class _Serving:
    """One run of the command: sources, server, end.

    Parameters
    ----------
    options
        What the command line asks.
    settings
        Whose symbols are recorded.
    """

    def __init__(self, options: argparse.Namespace, settings: HeatmapSettings) -> None:
        # Here and not above, so that other commands load neither.
        from Heatmap.server import HeatmapServer, ServerOptions, check_server  # noqa: PLC0415
        from Heatmap.standalone import sources  # noqa: PLC0415

        self._sources = sources
        self._make_server = HeatmapServer
        self._options = options
        self._settings = settings
        self._server_options = ServerOptions(
            options.token_file, tuple(options.allow_host), tuple(options.allow_origin)
        )
        self._redis = _redis_address(options)
        # Before a database is made: it is asked for only where it can be served.
        check_server(self._address(options.port), self._server_options)
        self._publisher: Publisher | None = None
        self._open: list[Source] = []
        self._ended: asyncio.Event
        self._server: HeatmapServer | None = None

    async def run(self) -> None:
        """Serve until a signal comes."""
        from Heatmap.standalone.program_end import ProgramEnd  # noqa: PLC0415

        self._ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        program_end = ProgramEnd(lambda: loop.call_soon_threadsafe(self._ended.set))
        try:
            source, waiting = await self._choose()
            await self._serve(source)
            await self._wait(waiting)
        finally:
            # From here on a Ctrl-C interrupts what does not end.
            program_end.restore()
            await self._stop_serving()
            for one in self._open:
                await one.close()
            program_end.settle()

    async def _choose(self) -> "tuple[Source, Source | None]":
        """Open what is served, and what is waited for meanwhile."""
        options = self._options
        if options.source == "demo":
            return await self._keep(self._sources.open_simulated(self._settings, options.db)), None
        live = await self._keep(
            self._sources.open_live(
                self._settings,
                options.db,
                options.ws_url or WS_URL,
                options.rest_url or REST_URL,
            )
        )
        if options.source == "live" or await self._becomes_live(live, LIVE_PATIENCE_S):
            return live, None
        announce(
            f"no data from Binance within {LIVE_PATIENCE_S:g} s: serving a SIMULATED market until "
            "they come"
        )
        simulated = self._sources.open_simulated(self._settings, options.db, is_beside=True)
        return await self._keep(simulated), live

    async def _serve(self, source: "Source") -> None:
        """Serve a source in the place of the one before."""
        port = self._options.port
        if self._server is not None:
            await self._stop_serving()
            # Whoever asked the one before finds this one, also where any port served.
            port = int(self._server.url.rpartition(":")[2])
        self._publisher = self._publish(source)
        self._server = self._make_server(
            source.service, self._address(port), self._server_options, outlet=self._publisher
        )
        await asyncio.to_thread(self._server.start)
        announce(
            f"serving {source.name} at {self._server.url} (all paths: {self._server.url}/docs)"
        )
        if self._server.token_file is not None:
            announce(f"other machines need the token in {self._server.token_file}")

    def _address(self, port: int) -> str:
        host = self._options.host.removeprefix("[").removesuffix("]")
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _publish(self, source: "Source") -> "Publisher | None":
        """Publish what a source stores, where that is asked for."""
        if self._redis is None:
            return None
        from Heatmap.publish import Names, Publisher  # noqa: PLC0415

        shared = source.service.shared
        names = Names(shared.kind, self._options.redis_prefix)
        publisher = Publisher(shared.tape, self._redis, names, on_change=_tell_redis)
        publisher.start()
        return publisher

    async def _stop_serving(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
        if self._publisher is not None:
            await asyncio.to_thread(self._publisher.stop)

    async def _wait(self, waiting: "Source | None") -> None:
        """Wait for the end; serve what is waited for once it delivers."""
        while not self._ended.is_set():
            if waiting is not None and await self._becomes_live(waiting, 1.0):
                announce("data come from Binance: serving them now")
                await self._serve(waiting)
                waiting = None
            if waiting is None:
                await self._ended.wait()

    async def _becomes_live(self, source: "Source", patience_s: float) -> bool:
        """Wait until a source delivers heartbeats; ``False``: it takes too long, or all ends."""
        until_s = time.monotonic() + patience_s
        while not source.service.is_live():
            if self._ended.is_set() or time.monotonic() > until_s:
                return False
            # The recorder's thread offers a snapshot, not an event to wait for.
            await asyncio.sleep(_POLL_S)
        return True

    async def _keep(self, opening: "Awaitable[Source]") -> "Source":
        source = await opening
        self._open.append(source)
        if source.notice:
            announce(source.notice)
        source.begin()
        return source


def _redis_address(options: argparse.Namespace) -> "RedisAddress | None":
    """Return where Redis is, looked at before anything is started; ``None``: nowhere."""
    if options.redis is None:
        return None
    from Heatmap.publish import check_redis  # noqa: PLC0415

    return check_redis(options.redis, options.redis_prefix)


def _tell_redis(status: "PublishStatus") -> None:
    from Heatmap.publish import publish_text  # noqa: PLC0415

    # In the publisher's thread: output that fails does not end it.
    with suppress(OSError, ValueError):
        announce(publish_text(status))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m Heatmap serve",
        description="Record, and serve web pages, levels, heat, clusters and liquidations over "
        "HTTP, live too, until Ctrl-C or SIGTERM. Other machines need a token.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on, default %(default)s; 0.0.0.0: of all networks",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, metavar="N", help="default %(default)s; 0: any free one"
    )
    parser.add_argument(
        "--source",
        choices=("auto", "live", "demo"),
        default="auto",
        help="auto (default): Binance, or a simulated market until Binance can be reached; live: "
        "Binance only; demo: the simulated market only",
    )
    parser.add_argument(
        "--symbol", metavar="BTCUSDT,ETHUSDT|all", help="what to record, default BTCUSDT"
    )
    add_exchange_options(parser)
    add_redis_options(parser, "publish each stored liquidation, clusters and levels to Redis")
    parser.add_argument(
        "--token-file",
        type=file_path,
        metavar="FILE",
        help="file with the token; default: heatmap-token beside the database",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server that browsers may use; may be repeated",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this site use the server, such as https://example.net; may be repeated",
    )
    return parser


def _port(text: str) -> int:
    number = whole_number(text)
    if number > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_LARGEST_PORT}, got {text!r}")
    return number
