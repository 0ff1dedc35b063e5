"""What the price has reached since the newest candles, from what is told of it. Pure."""

from Heatmap.domain.candles import MINUTE_MS, RunningMinute

# A candle comes seconds after its minute, or late, as after an outage of the exchange. One that has
# not come by then is not waited for: by then there is nothing new to be seen in the picture.
_KEPT = 60


class RunningMinutes:
    """The minutes of the last hour of one symbol; whoever has their candles passes them over.

    What the exchange tells of a minute that is not over counts; where it tells nothing, the mark
    prices of that time do.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, RunningMinute] = {}
        # The minutes of which the exchange has told.
        self._told: set[int] = set()

    def receive(
        self, running: RunningMinute | None, price: float | None, now_ms: int
    ) -> tuple[RunningMinute, ...]:
        """Take what is known now; return the minutes, the oldest first.

        Parameters
        ----------
        running
            What the exchange told last of a minute that was not over; ``None``: nothing.
        price
            The present mark price, USD; ``None``: not known.
        now_ms
            When it was so, UTC milliseconds.
        """
        open_ms = now_ms // MINUTE_MS * MINUTE_MS
        if running is not None:
            self._minutes[running.open_ms] = running
            self._told.add(running.open_ms)
        if price is not None and price > 0 and open_ms not in self._told:
            known = self._minutes.get(open_ms, RunningMinute(open_ms, price, price))
            self._minutes[open_ms] = known.joined(price, price)
        # The exchange may be a moment ahead.
        kept = range(open_ms - (_KEPT - 1) * MINUTE_MS, open_ms + 2 * MINUTE_MS, MINUTE_MS)
        self._minutes = {one: self._minutes[one] for one in kept if one in self._minutes}
        self._told &= set(kept)
        return tuple(self._minutes.values())
