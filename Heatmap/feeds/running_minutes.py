"""What the price has reached since the newest candles, from the prices that are told. Pure."""

from Heatmap.domain.candles import MINUTE_MS, RunningMinute

# A candle comes seconds after its minute; one that has not come by then is not waited for.
_KEPT = 3


class RunningMinutes:
    """The minutes of one symbol whose candles may not have come yet."""

    def __init__(self) -> None:
        self._minutes: tuple[RunningMinute, ...] = ()

    def receive_price(self, price: float | None, now_ms: int) -> tuple[RunningMinute, ...]:
        """Take the present price; return the minutes, the oldest first.

        Parameters
        ----------
        price
            USD; ``None``: not known.
        now_ms
            When it was so, UTC milliseconds.
        """
        open_ms = now_ms // MINUTE_MS * MINUTE_MS
        kept = tuple(
            one for one in self._minutes if open_ms - _KEPT * MINUTE_MS < one.open_ms <= open_ms
        )
        if price is not None and price > 0:
            if kept and kept[-1].open_ms == open_ms:
                kept = (*kept[:-1], kept[-1].joined(price, price))
            else:
                kept = (*kept, RunningMinute(open_ms, price, price))
        self._minutes = kept[-_KEPT:]
        return self._minutes
