"""One view after the other: the candles of the next one load beside those that are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PyQt6.QtCore import QCoreApplication

from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.standalone.candle_feed import LIVE, CandleFeed, CandleTable
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.sources import Source

USUAL_SYMBOL = "BTCUSDT"
"""What is shown where nothing else is named, or nothing that is named has candles."""


@dataclass(frozen=True, slots=True)
class View:
    """What one picture is of; all its parts change together.

    Attributes
    ----------
    source
        Where candles and heat come from.
    symbol
        As ``BTCUSDT``.
    interval
        Of the candles, as ``1m``.
    """

    source: Source
    symbol: str
    interval: str


@dataclass(frozen=True, slots=True)
class CandleCounts:
    """How many candles of a view are wanted.

    Attributes
    ----------
    first
        At once: what is in sight.
    all
        In the end, so that the chart can be scrolled back.
    """

    first: int
    all: int


def symbols_to_try(source: Source | None, recorded: Sequence[str], *others: str) -> list[str]:
    """Return the symbols of which the first that has candles is shown. Pure.

    Parameters
    ----------
    source
        A simulated or replayed market has one symbol only, whatever is recorded; ``None``: not
        known yet.
    recorded
        As `HeatmapSettings.symbols`; all symbols name none.
    others
        What is shown where none of these can be: what is shown already, what was shown last.
    """
    if source is not None and source.symbol:
        return [source.symbol]
    names = [name for name in (*recorded, *others, USUAL_SYMBOL) if name and name != ALL_SYMBOLS]
    return list(dict.fromkeys(names))


class _Loading:
    """A view and the feed of its candles, with the feed's last word."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.state = ""
        # Made when its turn comes: what is replaced before that asks for nothing.
        self.feed: CandleFeed | None = None


class CandleSwitch:
    """Keeps the candles of the shown view coming, and changes to the wanted one as a whole.

    `want` says what is to be shown; `carry_out` is awaited after each `want`, and whenever
    `on_work` was called. A view is shown when its whole history is there and not before: until then
    the one before stays and goes on. An answer of a view that is wanted no more is dropped.

    Parameters
    ----------
    on_history
        Gets a view with its whole history, when it becomes the shown one and again when more was
        missed than can be filled in.
    on_candle
        Gets the shown view's newest candle.
    on_older
        Gets candles that come before all of the shown view's.
    on_unknown
        Gets a wanted view whose symbol the exchange does not have.
    on_work
        Called when `carry_out` has something to do.
    """

    def __init__(
        self,
        on_history: Callable[[View, Sequence[Candle]], None],
        on_candle: Callable[[Candle], None],
        on_older: Callable[[Sequence[Candle]], None],
        on_unknown: Callable[[View], None],
        on_work: Callable[[], None],
    ) -> None:
        self._on_history = on_history
        self._on_candle = on_candle
        self._on_older = on_older
        self._on_unknown = on_unknown
        self._on_work = on_work
        self._shown: _Loading | None = None
        self._next: _Loading | None = None
        # Feeds of views that are neither; their callbacks do nothing.
        self._left: list[CandleFeed] = []

    @property
    def shown(self) -> View | None:
        """The view whose candles are shown; ``None`` before the first."""
        return None if self._shown is None else self._shown.view

    @property
    def wanted(self) -> View | None:
        """The view that is shown or is to be."""
        return self.shown if self._next is None else self._next.view

    def problems(self) -> list[str]:
        """Return what keeps candles from coming, a line each."""
        lines = []
        shown, coming = self._shown, self._next
        if shown is not None and shown.feed is not None:
            # Those that are there are not loading, whatever is asked for to go on.
            lines.append(shown.feed.trouble(has_candles=True))
        if coming is not None and coming.feed is not None and coming.state != LIVE:
            state = coming.feed.trouble(has_candles=False) or coming.state
            view = coming.view
            if state and shown is not None:
                # Beside others its name is needed.
                words = _tr("candles of {symbol} {interval}: {state}")
                state = words.format(symbol=view.symbol, interval=view.interval, state=state)
            lines.append(state)
        return [line for line in lines if line]

    @property
    def has_all(self) -> bool:
        """Whether the exchange has nothing that is older than what the shown view has."""
        feed = None if self._shown is None else self._shown.feed
        return feed is not None and feed.is_complete

    def want_older(self, count: int) -> None:
        """Have so many candles of the shown view in the end, where that is more than before."""
        if self._shown is not None and self._shown.feed is not None:
            self._shown.feed.want(count)

    def want(self, view: View) -> None:
        """Show `view` as soon as its candles are there; what was wanted before is not any more."""
        if view == self.wanted:
            return
        self._leave(self._next)
        self._next = None if view == self.shown else _Loading(view)
        self._on_work()

    def leave(self) -> None:
        """Show nothing and want nothing."""
        self._leave(self._next)
        self._leave(self._shown)
        self._next = self._shown = None

    async def carry_out(self, counts_of: Callable[[View], CandleCounts]) -> None:
        """Start what is wanted, with so many candles of history, and stop what is not any more."""
        while self._left:
            await self._left.pop().stop()
        coming = self._next
        if coming is not None and coming.feed is None:
            coming.feed = self._feed_of(coming, counts_of(coming.view))
            await coming.feed.start()

    def _feed_of(self, loading: _Loading, counts: CandleCounts) -> CandleFeed:
        view = loading.view

        def take_history(candles: Sequence[Candle]) -> None:
            self._take_history(loading, candles)

        def take_candle(candle: Candle) -> None:
            if loading is self._shown:
                self._on_candle(candle)

        def take_older(candles: Sequence[Candle]) -> None:
            if loading is self._shown:
                self._on_older(candles)

        def take_state(text: str) -> None:
            loading.state = text
            feed = loading.feed
            if loading is self._next and feed is not None and feed.is_symbol_unknown:
                self._on_unknown(view)

        return CandleFeed(
            view.source.rest_url,
            view.source.ws_url,
            view.symbol,
            view.interval,
            count=counts.all,
            on_history=take_history,
            on_candle=take_candle,
            on_state=take_state,
            table=CandleTable(
                partial(
                    view.source.service.candles,
                    view.symbol,
                    interval_ms=INTERVALS_MS[view.interval],
                ),
                view.source.clock,
                counts.first,
                take_older,
            ),
        )

    def _take_history(self, loading: _Loading, candles: Sequence[Candle]) -> None:
        if loading is self._next:
            self._leave(self._shown)
            self._shown, self._next = loading, None
            self._on_work()
        if loading is self._shown:
            self._on_history(loading.view, candles)

    def _leave(self, loading: _Loading | None) -> None:
        if loading is not None and loading.feed is not None:
            self._left.append(loading.feed)


def _tr(text: str) -> str:
    return QCoreApplication.translate("CandleFeed", text)
