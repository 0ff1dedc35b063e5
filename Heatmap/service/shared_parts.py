"""What of a service other threads may use, such as a server with a loop of its own.

A service belongs to the thread of its host's loop. These parts of it are safe to use from any
thread, and what they give is what the host gets: one store, one tape, one book of levels.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from Heatmap.domain.events import DataKind
from Heatmap.feeds.level_book import LevelBook
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.recorder.recorder import RecorderStatus
from Heatmap.service.symbol_facts import SymbolFacts
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store


@dataclass(frozen=True, slots=True)
class SharedParts:
    """Parts of one service for other threads; none of them waits for the host's loop.

    Attributes
    ----------
    kind
        What the data are.
    tape, markets, levels, maps
        What is stored, and the levels that are computed of it. Not for a loop: they read.
    clock
        Data time now, UTC milliseconds.
    settings
        Gives the current settings.
    recorder
        Gives the recorder's snapshot; ``None``: there is none.
    heartbeats
        Gives what heartbeats prove of a symbol beyond the written coverage; ``None``: nothing.
    symbols
        What is known of symbols; notes nothing.
    label
        Short text on pictures, such as ``SIMULATED``; empty: none.
    """

    kind: DataKind
    tape: EventTape
    markets: LevelStore
    levels: LevelBook
    maps: LevelMaps
    clock: Callable[[], int]
    settings: Callable[[], HeatmapSettings]
    recorder: Callable[[], RecorderStatus | None]
    heartbeats: Callable[[str], Heartbeats | None]
    symbols: SymbolFacts
    label: str

    @property
    def store(self) -> Store:
        """Where it is kept."""
        return self.tape.store


def locked(clock: Callable[[], int]) -> Callable[[], int]:
    """Return a clock that any thread may ask, made of one that only one may."""
    lock = threading.Lock()

    def now_ms() -> int:
        with lock:
            return clock()

    return now_ms
