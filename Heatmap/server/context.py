"""What the routes of one server share. Made on the server's loop, and closed there."""

from typing import TYPE_CHECKING, Any

from fastapi import Request

from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.feeds.cluster_feed import cluster_parameters
from Heatmap.feeds.level_book import give_way
from Heatmap.server.answer_cache import AnswerCache
from Heatmap.server.answers.history_facts import HistoryReader, history_beside
from Heatmap.server.charts.chart_hub import ChartHub
from Heatmap.server.connections.admission import Admission, usual_limits
from Heatmap.server.kept_reader import KeptReader
from Heatmap.server.known_symbols import KnownSymbols
from Heatmap.server.streams.bell import Bell
from Heatmap.server.streams.event_tail import EventTail
from Heatmap.server.streams.hub import StreamHub
from Heatmap.server.streams.snapshots import Snapshots
from Heatmap.server.work import Work
from Heatmap.service.shared_parts import SharedParts
from Heatmap.sources.level_grids import LevelGrids

if TYPE_CHECKING:
    from Heatmap.server.outlet import Outlet


class ServerContext:
    """The parts of a service, and what a server adds to them.

    Parameters
    ----------
    parts
        Of the service that is served.
    history
        Tells what the history of whole days holds; ``None``: what was imported beside the database.
    outlet
        Takes clusters and levels whenever they have changed; ``None``: nobody does.
    admission
        Counts the server's connections; ``None``: there are none.

    Attributes
    ----------
    work
        Worker threads.
    reader
        Reads the store for routes.
    symbols
        Which symbols there is anything of.
    answers
        Answers that take seconds.
    clusters
        Price clusters, as the service's own.
    grids
        Heat as numbers.
    streams
        The open streams.
    charts
        The open charts in browsers.
    """

    def __init__(
        self,
        parts: SharedParts,
        history: HistoryReader | None = None,
        outlet: "Outlet | None" = None,
        admission: Admission | None = None,
    ) -> None:
        self.parts = parts
        self.history = history or history_beside(parts.store.address, parts.kind)
        self.outlet = outlet
        self.admission = admission or Admission(usual_limits(None))
        self.work = Work()
        self.reader = KeptReader(parts.store)
        self.symbols = KnownSymbols(parts, self.reader, self.work)
        self.answers = AnswerCache(self.work)
        self.clusters = ClusterBook(parts.tape, cluster_parameters(parts.settings()))
        self.grids = LevelGrids(parts.maps, parts.markets, give_way)
        self.charts = ChartHub(parts)
        self._tail_reader = KeptReader(parts.store)
        bell = Bell()
        self.streams = StreamHub(
            parts.kind,
            EventTail(self._tail_reader, self.work, bell),
            Snapshots(self.work, bell),
            bell,
        )

    def now_ms(self) -> int:
        """Return data time now, UTC milliseconds."""
        return self.parts.clock()

    def about(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return an answer about the market, with what its data are."""
        return {"kind": self.parts.kind.value, **plain}

    def candle_span_ms(self) -> int:
        """Return how far back candles are used, milliseconds."""
        return self.parts.settings().candle_retention_ms

    def mark_price(self, symbol: str) -> float | None:
        """Return the newest mark price, USD; ``None``: the recorder knows none."""
        status = self.parts.recorder()
        return None if status is None else status.mark_prices.get(symbol)

    @property
    def open_ends(self) -> int:
        """How many streams and charts are open."""
        return self.streams.open_streams + self.charts.open_charts

    def close_streams(self) -> None:
        """End all streams and charts, soon, and whatever waits to be computed."""
        self.streams.close()
        self.charts.end()
        self.work.close()

    async def close(self) -> None:
        """Give everything back; what is computed just now ends by itself."""
        self.close_streams()
        await self.answers.close()
        self.charts.close()
        self.work.close()
        self.clusters.close()
        for reader in (self.reader, self._tail_reader):
            reader.close()


def context_of(request: Request) -> ServerContext:
    """Return the context of the server that a request came to."""
    context = request.app.state.context
    assert isinstance(context, ServerContext)  # noqa: S101 - as `make_app` sets it
    return context
