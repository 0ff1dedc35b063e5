"""Markets as they were known at a time: recorded candles, and imported ones beside them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import MINUTE_MS, Span, clipped
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.imported import ImportedMarket, ImportedMarkets
from Heatmap.levels.taker_selection import TakerRule, TakerTrades
from Heatmap.levels.yields import Volume
from Heatmap.storage.store import Store


def markets_as_of(live: LevelStore, store: Store, clock: Callable[[], int]) -> LevelStore:
    """Return the same markets as of the time of a clock.

    Parameters
    ----------
    live
        All that is known.
    store
        What was recorded, as of that time.
    clock
        The moment, UTC milliseconds; asked in any thread.
    """
    imported = None if live.imported is None else _ImportedAsOf(live.imported, clock)
    return LevelStore(store, live.fits, imported)


@dataclass(frozen=True, slots=True)
class _ImportedAsOf:
    """Imported markets, of which a minute is known from its end on."""

    markets: ImportedMarkets
    clock: Callable[[], int]

    def volume(self, instrument: str, /) -> Volume | None:
        return self.markets.volume(instrument)

    def spans(self, instrument: str, /) -> tuple[Span, ...]:
        return clipped(self.markets.spans(instrument), 0, self._end_ms())

    def candle_spans(self, instrument: str, /) -> tuple[Span, ...]:
        return clipped(self.markets.candle_spans(instrument), 0, self._end_ms())

    def candles(self, instrument: str, start_ms: int, end_ms: int, /) -> NDArray[np.void]:
        end_ms = max(start_ms, min(end_ms, self._end_ms()))
        return self.markets.candles(instrument, start_ms, end_ms)

    def read(self, instrument: str, start_ms: int, end_ms: int, /) -> ImportedMarket:
        end_ms = max(start_ms, min(end_ms, self._end_ms()))
        return self.markets.read(instrument, start_ms, end_ms)

    def trades(
        self, instrument: str, start_ms: int, end_ms: int, rule: TakerRule, /
    ) -> TakerTrades | None:
        end_ms = max(start_ms, min(end_ms, self.clock()))
        return self.markets.trades(instrument, start_ms, end_ms, rule)

    def _end_ms(self) -> int:
        now_ms = self.clock()
        return now_ms - now_ms % MINUTE_MS
