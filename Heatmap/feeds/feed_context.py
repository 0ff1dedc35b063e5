"""What all feeds of one service share."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from decimal import Decimal

from Heatmap.domain.candles import RunningMinute
from Heatmap.feeds.cluster_feed import ClusterFeed
from Heatmap.picture.messages import Heartbeats
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What all feeds of one service share.

    Attributes
    ----------
    tape
        What is stored.
    clock
        Data time now, UTC milliseconds.
    tick_size
        Symbol to tick size, USD.
    heartbeats
        What a symbol's heartbeats prove beyond the written coverage; ``None`` while they do not
        flow, or while somebody else or nobody can write.
    executor
        Where reading and building run.
    label
        Short text on the picture, such as SIMULATED; empty: none.
    is_known
        Whether a symbol is one of the exchange's, where all of them are recorded.
    is_recorded_elsewhere
        Whether another program, which writes the database, records a symbol.
    can_have_candles
        Whether a symbol's candles can be fetched, also where its liquidations are not recorded.
    clusters
        Tells the clusters of a symbol; ``None``: no lines are drawn.
    mark_price
        A symbol's newest mark price, USD; ``None``: not known.
    running_minute
        What a symbol's minute that is not over has reached; ``None``: not known.
    maps
        Predicted levels; ``None``: there are none.
    note_shown
        Told the symbol that a page shows, so that its candles are kept up, also where its
        liquidations are not recorded.
    set_heat
        Applies another heat, as the chart offers it.
    look_around
        Has the service notice that another loop runs than the one in which the feeds were begun.
    is_replay
        Whether it is an earlier time that is shown, by `clock`.
    """

    tape: EventTape
    clock: Callable[[], int]
    tick_size: Callable[[str], Decimal]
    heartbeats: Callable[[str], Heartbeats | None]
    executor: Executor
    label: str
    is_known: Callable[[str], bool] = lambda _symbol: True
    is_recorded_elsewhere: Callable[[str], bool] = lambda _symbol: False
    can_have_candles: Callable[[str], bool] = lambda _symbol: True
    clusters: ClusterFeed | None = None
    mark_price: Callable[[str], float | None] = lambda _symbol: None
    running_minute: Callable[[str], RunningMinute | None] = lambda _symbol: None
    maps: LevelMaps | None = None
    note_shown: Callable[[str], object] = lambda _symbol: None
    set_heat: Callable[[str], object] = lambda _heat: None
    look_around: Callable[[], object] = lambda: None
    is_replay: bool = False
