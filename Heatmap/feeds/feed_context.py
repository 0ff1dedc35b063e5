"""What all feeds of one service share."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from decimal import Decimal

from Heatmap.feeds.cluster_feed import ClusterFeed
from Heatmap.picture.messages import Heartbeats
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
    clusters
        Tells the clusters of a symbol; ``None``: no lines are drawn.
    note_shown
        Told the symbol that a page shows, which need not be recorded, so that its candles are kept
        up.
    look_around
        Has the service notice that another loop runs than the one in which the feeds were begun.
    """

    tape: EventTape
    clock: Callable[[], int]
    tick_size: Callable[[str], Decimal]
    heartbeats: Callable[[str], Heartbeats | None]
    executor: Executor
    label: str
    is_known: Callable[[str], bool] = lambda _symbol: True
    clusters: ClusterFeed | None = None
    note_shown: Callable[[str], object] = lambda _symbol: None
    look_around: Callable[[], object] = lambda: None
