"""Whose candles a recorder that stands by fetches itself, beside what the one that writes stores.

The other program keeps up what it records by name and what its windows show; of all symbols, it
keeps none by name. What it stores is seen in the store: what reaches to now is left to it. What it
records by name it gets some time for, as it may have begun a moment ago. Pure.
"""

from collections.abc import Collection, Mapping, Sequence

from Heatmap.domain.candles import DAY_MS, MINUTE_MS

MOST_SYMBOLS = 8
"""Of so many the candles are held in memory at once, those that were shown last."""
LONGEST_MS = 45 * DAY_MS
"""They are held for so long at most: some six megabytes for each symbol."""
LOOK_S = 2.0
"""So often it is looked at what the other program stores."""

# What the other program keeps up reaches to within this of now.
_FRESH_MS = 3 * MINUTE_MS
_PATIENCE_S = 30.0


class StandbyShare:
    """Says whose candles are this program's to fetch; `begin` comes before `choose`."""

    def __init__(self) -> None:
        self._began_s = 0.0

    def begin(self, now_s: float) -> None:
        """Stand by from now on, by the monotonic clock."""
        self._began_s = now_s

    def choose(
        self,
        kept: Sequence[str],
        recorded: Collection[str],
        stored_until_ms: Mapping[str, int],
        now_ms: int,
        now_s: float,
    ) -> tuple[str, ...]:
        """Return whose candles are fetched here, those that count most first.

        Parameters
        ----------
        kept
            Whose are wanted, those that count most first.
        recorded
            What the other program records by name.
        stored_until_ms
            Until when it has stored candles, by symbol, UTC milliseconds.
        now_ms
            The exchange's time, UTC milliseconds.
        now_s
            The monotonic clock.
        """
        is_patient = now_s - self._began_s < _PATIENCE_S

        def is_left(symbol: str) -> bool:
            until_ms = stored_until_ms.get(symbol)
            is_fresh = until_ms is not None and until_ms >= now_ms - _FRESH_MS
            return is_fresh or (is_patient and symbol in recorded)

        return tuple(one for one in kept if not is_left(one))[:MOST_SYMBOLS]
