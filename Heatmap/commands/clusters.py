"""``python -m Heatmap clusters``: the price clusters in a database. Reads only; loads no Qt."""

import argparse
import math
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.clusters.find_clusters import (
    PARAMETER_RANGES,
    ClusterParameters,
    LiquidationCluster,
    are_usable,
    find_clusters,
    require_price,
)
from Heatmap.aggregation.event_timeline import EventTimeline
from Heatmap.commands.arguments import (
    EXIT_INTERRUPTED,
    Parser,
    add_database_option,
    say,
    say_json,
    seconds,
)
from Heatmap.commands.log_output import start_log
from Heatmap.commands.text_tables import aligned
from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import damaged_rows_text
from Heatmap.domain.instruments import parse_instruments
from Heatmap.errors import StorageError
from Heatmap.heatmap_settings import SETTINGS
from Heatmap.ingestion.venues.table import NAMED_VENUES
from Heatmap.runtime.exchange_clock import wall_clock_ms
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.recording import parse_time
from Heatmap.storage.coverage import covered_share, without_future
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store, StoreReader, open_store

logger = get_logger(__name__)

_SIGNIFICANT_DIGITS = 7
_MINUTE_S, _HOUR_S = 60, 3600
# The newest seconds of a recording are not proven yet.
_NEARLY_ALL = 0.99


def run(words: Sequence[str]) -> int:
    """Print clusters, once or whenever they change; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    try:
        query = _Query(
            store=open_store(options.db),
            symbols=parse_instruments(options.symbol.split(","), NAMED_VENUES),
            parameters=ClusterParameters(
                **{name: getattr(options, name) for name in PARAMETER_RANGES}
            ),
            price=options.price,
            at_ms=None if options.at is None else parse_time(options.at),
        )
        if query.price is not None:
            require_price("--price", query.price)
    except ValueError as error:
        parser.error(str(error))
    if query.price is not None and len(query.symbols) > 1:
        parser.error(f"--price is for one symbol, got {options.symbol}")
    if query.at_ms is not None and options.follow:
        parser.error("give either --at or --follow, not both")
    start_log(options)

    try:
        if not options.follow:
            with closing(_Followed(query)) as followed:
                followed.warn_of_damage()
                for symbol in query.symbols:
                    _tell(followed.find(symbol), is_json=options.json)
            return 0
        with closing(_changes(query, options.update_interval)) as answers:
            for answer in answers:
                _tell(answer, is_json=options.json)
    except KeyboardInterrupt:
        return 0 if options.follow else EXIT_INTERRUPTED
    return 0


def _tell(answer: "_Answer", *, is_json: bool) -> None:
    if is_json:
        say_json(answer.as_plain())
    else:
        say(answer.as_table())


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m Heatmap clusters",
        description="Print price clusters: prices at which many liquidations lie close together. "
        "Records nothing: for live data let a window or `record` run.",
        epilog="A rule of thumb, not advice. Sums are lower bounds: the exchange reports at most "
        "one liquidation per symbol and second.",
        allow_abbrev=False,
    )
    add_database_option(parser)
    parser.add_argument(
        "--symbol", default="BTCUSDT", metavar="BTCUSDT,ETHUSDT", help="symbols, default BTCUSDT"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--follow", action="store_true", help="print again when clusters change, until Ctrl-C"
    )
    parser.add_argument(
        "--update-interval",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="how often --follow looks for changes, default 5",
    )
    parser.add_argument(
        "--price",
        type=float,
        metavar="USD",
        help="price from which distances are measured; default: that of the newest liquidation",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="look at this time, such as 2024-12-05T01:00:00Z; default: now, or the end of "
        "simulated and replayed data",
    )
    defaults = ClusterParameters()
    for name, (low, high) in PARAMETER_RANGES.items():
        default = getattr(defaults, name)
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=type(default),
            default=default,
            metavar="N",
            help=f"{SETTINGS[name].help} ({low:.10g} to {high:.10g}, default {default:g})".replace(
                "%", "%%"
            ),
        )
    return parser


@dataclass(frozen=True, slots=True)
class _Query:
    """What is asked: `price` in USD and `at_ms` in UTC milliseconds are ``None`` by default."""

    store: Store
    symbols: tuple[str, ...]
    parameters: ClusterParameters
    price: float | None
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The clusters of one symbol; `price` is ``None`` where nothing tells one.

    `recorded_share` is that of the lookback, 0 to 1; `was_recorded` tells whether it ever was.
    """

    symbol: str
    kind: DataKind
    as_of_ms: int
    price: float | None
    price_source: str
    newest_ms: int | None
    clusters: list[LiquidationCluster]
    recorded_share: float
    was_recorded: bool

    def members(self) -> object:
        """Return what changes with the clusters' members, and not as these age."""
        return sorted(
            (one.side, one.lowest_price, one.highest_price, one.liquidation_count, one.last_updated)
            for one in self.clusters
        )

    def as_plain(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "symbol": self.symbol,
            "kind": self.kind.value,
            "as_of_ms": self.as_of_ms,
            "price": self.price,
            "price_source": self.price_source,
            "newest_liquidation_ms": self.newest_ms,
            "recorded_share": round(self.recorded_share, 4),
            "clusters": [asdict(cluster) for cluster in self.clusters],
        }

    def as_table(self) -> str:
        """Return a heading and one line per cluster."""
        moment = datetime.fromtimestamp(self.as_of_ms // 1000, tz=UTC)
        kind = "" if self.kind is DataKind.LIVE else f", {self.kind.value} data"
        heading = f"{self.symbol} at {moment:%Y-%m-%d %H:%M:%S} UTC{kind}: "
        if self.price is None:
            if not self.recorded_share:
                when = "within the lookback" if self.was_recorded else "in this database"
                return heading + f"no clusters, NOT RECORDED {when}"
            words = "no clusters, no liquidation within the lookback"
            return heading + words + self._share_words()
        heading += f"price {_price_text(self.price)} USD ({self.price_source}"
        if self.newest_ms is not None:
            age = _age_text(self.as_of_ms - self.newest_ms)
            heading += f", {age} old" if self.price_source != "given" else ""
        heading += ")" + self._share_words()
        if not self.clusters:
            return heading + ", no clusters"
        rows = [("side", "price USD", "distance", "strength", "count", "USD at least", "newest")]
        rows += [
            (
                one.side,
                _price_text(one.price_level),
                f"{one.distance_from_price:+.2f} %",
                f"{one.strength:.2f}",
                str(one.liquidation_count),
                f"{one.total_notional:,.0f}",
                _age_text(self.as_of_ms - one.last_updated),
            )
            for one in self.clusters
        ]
        return "\n".join([heading, *aligned(rows)])

    def _share_words(self) -> str:
        """Say how much of the lookback was recorded, where that is not nearly all of it."""
        if self.recorded_share >= _NEARLY_ALL:
            return ""
        if not self.recorded_share:
            # Events without any coverage: of a file that another program has changed.
            return ", NOT RECORDED within the lookback" if self.newest_ms is None else ""
        return f", {max(1, int(100 * self.recorded_share))} % of the lookback recorded"


class _Followed:
    """The events of the symbols that are asked for, kept up with what is stored."""

    def __init__(self, query: _Query) -> None:
        self._query = query
        self._tape = EventTape(query.store)
        self._followers = {
            symbol: self._tape.follow(symbol, 0, as_array) for symbol in query.symbols
        }
        # By symbol, with the time from which on it has all events.
        self._kept: dict[str, tuple[int, EventTimeline]] = {}

    def warn_of_damage(self) -> None:
        """Say how many rows are left out because another program has spoilt them."""
        with self._tape.reading() as reader:
            damaged = reader.damaged_rows()
        if damaged:
            address = self._query.store.address
            logger.warning("the database %s has %s", address, damaged_rows_text(damaged))

    def find(self, symbol: str) -> _Answer:
        """Return the clusters of a symbol.

        Raises
        ------
        StorageError
            The database cannot be read.
        """
        query = self._query
        with self._tape.reading() as reader:
            kind = reader.kind
            as_of_ms = _now_ms(symbol, reader) if query.at_ms is None else query.at_ms
            start_ms = as_of_ms - query.parameters.lookback_ms
            coverage = reader.read_coverage(symbol, start_ms, as_of_ms)
            was_recorded = reader.recorded_since_ms(symbol) is not None
        events = self._events(symbol, start_ms, as_of_ms + 1)
        newest_ms, price, source = None, query.price, "given"
        if len(events):
            newest_ms = int(events["ts_ms"][-1])
        if price is None:
            source = "newest liquidation"
            price = float(events["price"][-1]) if len(events) else None
        clusters = [] if price is None else find_clusters(events, price, as_of_ms, query.parameters)
        return _Answer(
            symbol,
            kind,
            as_of_ms,
            price,
            source,
            newest_ms,
            clusters,
            covered_share(coverage, start_ms, as_of_ms),
            was_recorded,
        )

    def close(self) -> None:
        """Give the database back."""
        for follower in self._followers.values():
            follower.close()

    def _events(self, symbol: str, start_ms: int, end_ms: int) -> NDArray[np.void]:
        follower = self._followers[symbol]
        kept = self._kept.get(symbol)
        if kept is None or start_ms < kept[0]:
            follower.rewind(start_ms, None if self._query.at_ms is None else end_ms)
        news = follower.read(start_ms)
        usable = news.events[are_usable(news.events)]
        if kept is None or news.restarted:
            timeline = EventTimeline(usable)
        else:
            timeline = kept[1]
            timeline.add(usable)
            timeline.forget_before(start_ms)
        self._kept[symbol] = start_ms, timeline
        return timeline.between(start_ms, end_ms)


def _now_ms(symbol: str, reader: StoreReader) -> int:
    """Return the time that it is for the data, UTC milliseconds.

    Heartbeats that are written down tell of a clock of this machine that is behind, unless they are
    an exchange's that was wrong for a moment. They do not tell of one that is ahead: then just as
    well nothing may have been recorded for a while.
    """
    coverage = reader.read_coverage(symbol, 0, None)
    wall_ms = wall_clock_ms()
    if reader.kind is DataKind.LIVE:
        coverage = without_future(coverage, wall_ms, reader.newest_push_ms())
    if not coverage:
        return wall_ms
    heartbeat_ms = coverage[-1].end_ms
    return max(heartbeat_ms, wall_ms) if reader.kind is DataKind.LIVE else heartbeat_ms


def _changes(query: _Query, interval_s: float) -> Generator[_Answer, None, None]:
    """Yield the clusters of each symbol at first, and again whenever their members change.

    Raises
    ------
    StorageError
        The database cannot be read at first; later that is logged, and tried again.
    """
    followed = _Followed(query)
    followed.warn_of_damage()
    told: dict[str, object] = {}
    fault = ""
    try:
        while True:
            try:
                answers = [followed.find(symbol) for symbol in query.symbols]
            except StorageError as error:
                if not told:
                    raise
                if str(error) != fault:
                    logger.warning("no clusters at present: %s", error)
                fault = str(error)
                answers = []
            else:
                fault = ""
            for answer in answers:
                if told.get(answer.symbol) != answer.members():
                    told[answer.symbol] = answer.members()
                    yield answer
            time.sleep(interval_s)
    finally:
        followed.close()


def _price_text(price: float) -> str:
    decimals = _SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(price))
    return f"{price:,.{max(0, min(decimals, 12))}f}"


def _age_text(age_ms: int) -> str:
    age_s = age_ms // 1000
    if age_s < _MINUTE_S:
        return f"{age_s} s"
    if age_s < _HOUR_S:
        return f"{age_s // _MINUTE_S} min"
    return f"{age_s // _HOUR_S} h {age_s % _HOUR_S // _MINUTE_S:02} min"
