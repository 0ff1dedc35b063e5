"""Where the window's data come from: Binance, the simulated market, or a recording.

A source is a running service with the addresses for the candles. Simulated and replayed ones bring
their own exchange on loopback, which speaks the real one's wire, so that everything behind it is
the same code. What they recorded before the program starts is written straight into the database:
this module and `exchange` know the plugin from within, while the window is a host like any other.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from Heatmap import ConnectionTimes, DataKind, HeatmapService, HeatmapSettings
from Heatmap.errors import OtherMarketError, OtherWriterError
from Heatmap.levels.yields import Volume
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.history import seed_history
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import Market
from Heatmap.standalone.exchange.recording import load_recording
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.storage.store import Address, address_beside, numbered_address, open_store

SEED = 20_241_204
"""Seed of the demonstration; any other gives another market."""
SIMULATED_SYMBOL = "BTCUSDT"
SIMULATED_HISTORY_MS = 2 * 86_400_000
"""What the simulated market has recorded before the program starts."""

# A hole in a recording passes quickly at high speed: what comes after it must not find the recorder
# in a long wait, and nobody is burdened by attempts on this machine.
_LOOPBACK_TIMES = ConnectionTimes(longest_backoff_s=1.0)

_POLL_S = 0.02
# Versions of the simulated market whose files may lie side by side.
_MOST_MARKETS = 9


@dataclass(slots=True)
class Source:
    """A service that runs, and what belongs to it.

    Attributes
    ----------
    service
        Started by whoever made the source.
    name
        What the window calls it: ``Binance``, ``SIMULATED``, ``REPLAY 60x``.
    clock
        Data time now.
    rest_url, ws_url
        Where its candles come from.
    exchange
        The loopback exchange, closed with the source; ``None`` for the real one.
    symbol
        The only one of which it has candles; empty: it has those of many.
    notice
        One line that a user should read; empty: none.
    listed
        Tick size, USD, of each instrument that the exchange lists; empty: not known yet.
    listed_s
        When it listed them, by the monotonic clock, seconds.
    """

    service: HeatmapService
    name: str
    clock: Callable[[], int]
    rest_url: str
    ws_url: str
    exchange: LoopbackExchange | None = None
    symbol: str = ""
    notice: str = ""
    listed: Mapping[str, Decimal] = field(default_factory=dict)
    listed_s: float = 0.0

    def begin(self) -> None:
        """Let the time of a replay run; nothing happens for other sources."""
        if isinstance(self.clock, DataClock):
            self.clock.start()

    @property
    def can_pause(self) -> bool:
        """Whether its time can stand still and go on: that of a replay, until its end."""
        clock = self.clock
        if not isinstance(clock, DataClock) or self.service.kind is not DataKind.REPLAY:
            return False
        return clock.is_running or clock.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether its time stands still until `resume`."""
        return isinstance(self.clock, DataClock) and self.clock.is_paused

    def pause(self) -> None:
        """Have candles and liquidations of a replay stand still until `resume`."""
        if self.can_pause and isinstance(self.clock, DataClock):
            self.clock.pause()

    def resume(self) -> None:
        """Let a replay that was paused go on where it stands."""
        if self.is_paused:
            self.begin()

    async def rest(self, *, at_end: bool) -> None:
        """Let the time of a simulated or replayed exchange stand still, for a picture.

        Parameters
        ----------
        at_end
            A replay that has an end stands still there, and not where a timer happened to fire.
        """
        if not isinstance(self.clock, DataClock):
            return
        while at_end and self.clock.has_end and self.clock.is_running:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        self.clock.freeze()

    async def close(self) -> None:
        """Stop service and exchange. Idempotent."""
        await self.service.stop()
        if self.exchange is not None:
            await self.exchange.stop()


async def open_live(
    settings: HeatmapSettings, db: Address | None, ws_url: str, rest_url: str
) -> Source:
    """Start recording from the exchange at `ws_url`.

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    service = HeatmapService(settings, db=db, ws_url=ws_url, rest_url=rest_url)
    source = Source(service, "Binance", service.clock, rest_url, ws_url)
    await service.start()
    return source


async def open_simulated(
    settings: HeatmapSettings, db: Address | None, *, is_beside: bool = False
) -> Source:
    """Start the simulated market, with two days of history in its database.

    Parameters
    ----------
    settings
        The symbols do not count.
    db
        Its database; ``None``: the usual one.
    is_beside
        Whether `db` is that of other data, beside which its own one is to be.

    Raises
    ------
    OtherMarketError
        `db` is the user's own choice, and holds another simulated market.
    StorageError
        The database cannot be used.
    """
    market = SimulatedMarket(seed=SEED, symbol=SIMULATED_SYMBOL)
    settings = settings.changed(symbols=(SIMULATED_SYMBOL,))
    clock = DataClock.wall()
    if db is not None and is_beside:
        db = address_beside(db, DataKind.SIMULATED)
    refusal: OtherMarketError | None = None
    for address in _candidates(db, is_own=db is not None and not is_beside):
        try:
            source = await _open_loopback(
                settings,
                address,
                DataKind.SIMULATED,
                market,
                clock,
                SIMULATED_HISTORY_MS,
                "SIMULATED",
            )
        except OtherMarketError as error:
            refusal = refusal or error
        else:
            if refusal is not None:
                source.notice = f"{refusal}: {address} is used instead"
            return source
    raise refusal or AssertionError("there is a first address")


def _candidates(db: Address | None, *, is_own: bool) -> list[Address]:
    """Return where the simulated market may be kept, the best first.

    Where the user named no file, an earlier version's market in the usual one is left as it is.
    """
    first = open_store(db, DataKind.SIMULATED).address
    if is_own:
        return [first]
    return [first, *(numbered_address(first, number) for number in range(2, _MOST_MARKETS + 1))]


def load_market(
    messages: Path,
    candles: Path,
    start_ms: int,
    symbol: str | None = None,
    candles_market: str = Volume.FUTURES.value,
) -> ReplayedMarket:
    """Read a recording of `symbol` (``None``: its main one) to be replayed from `start_ms` on.

    `candles_market` says which market's candles they are: ``futures`` or ``spot``.

    Raises
    ------
    RecordingFileError
        A file cannot be read, or `start_ms` lies outside the recording.
    """
    market = ReplayedMarket(
        load_recording(messages, candles), symbol, volume=Volume(candles_market)
    )
    market.require_inside(start_ms)
    return market


def require_database(db: Address | None, kind: DataKind) -> None:
    """Find out before anything starts whether a database can be used; ``None``: the usual one.

    Live data that another recorder writes can: the window's own stands by.

    Raises
    ------
    StorageError
        It cannot, and why.
    """
    try:
        open_store(db, kind).open_writer(kind).close()
    except OtherWriterError:
        # Live data are recorded once and shown as often as one likes; simulated and replayed ones
        # belong to the window that makes them.
        if kind is not DataKind.LIVE:
            raise


async def open_replay(
    settings: HeatmapSettings,
    db: Address | None,
    *,
    market: ReplayedMarket,
    start_ms: int,
    speed: float,
    duration_s: float | None,
) -> Source:
    """Start an exchange that replays `market` from `start_ms` on.

    Its clock stands still until `Source.begin`, and again after `duration_s` of replaying.

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    until_ms = None if duration_s is None else start_ms + int(duration_s * speed * 1000)
    clock = DataClock.replay(start_ms, speed, until_ms)
    settings = settings.changed(symbols=(market.symbol,))
    return await _open_loopback(
        settings, db, DataKind.REPLAY, market, clock, None, f"REPLAY {speed:g}x"
    )


async def _open_loopback(
    settings: HeatmapSettings,
    db: Address | None,
    kind: DataKind,
    market: Market,
    clock: DataClock,
    history_ms: int | None,
    name: str,
) -> Source:
    db = open_store(db, kind).address
    await asyncio.to_thread(seed_history, db, kind, market, clock(), history_ms)
    exchange = LoopbackExchange(market, clock)
    await exchange.start()
    try:
        service = HeatmapService(
            settings,
            db=db,
            ws_url=exchange.ws_url,
            rest_url=exchange.rest_url,
            kind=kind,
            clock=clock,
            label=name if kind is DataKind.SIMULATED else "",
            speed=clock.speed,
            connection_times=_LOOPBACK_TIMES,
        )
        await service.start()
    except BaseException:
        await exchange.stop()
        raise
    return Source(
        service,
        name,
        clock,
        exchange.rest_url,
        exchange.ws_url,
        exchange,
        market.symbol,
    )
