"""What a user has pointed at on a chart. Pure."""

from dataclasses import dataclass

_MINUTE_MS, _PRICE_PART = 60_000, 0.001
# Amounts were added up on their way.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PickedLiquidations:
    """A bubble that was clicked: liquidations of one side that lie close together.

    Attributes
    ----------
    from_ms, to_ms
        First and last of them, UTC milliseconds, both included.
    price_low, price_high
        Between which prices they lie, USD, both included.
    is_long
        Whether longs were liquidated.
    usd, count
        What they are together, USD, and how many.
    """

    from_ms: int
    to_ms: int
    price_low: float
    price_high: float
    is_long: bool
    usd: float
    count: int

    def holds(self, row: tuple[int, float, float, bool]) -> bool:
        """Whether a liquidation (time, price, USD, whether a long's) may be one of them."""
        ts_ms, price, _usd, is_long = row
        is_in_time = self.from_ms <= ts_ms <= self.to_ms
        return is_in_time and is_long == self.is_long and self.price_low <= price <= self.price_high

    def distance(self, row: tuple[int, float, float, bool]) -> float | None:
        """Return how far a liquidation is from these, where it may be their largest.

        Where there are thousands in a chart's window, those of about the same time and price are
        one by then, at their mean: the largest of them lies near it.

        Returns
        -------
        float or None
            One for each minute, and for each 0.1 % of price; ``None``: of another side, more than
            all of them together, or less than their mean.
        """
        ts_ms, price, usd, is_long = row
        is_of_size = self.usd / self.count * (1 - _ROUNDING) <= usd <= self.usd * (1 + _ROUNDING)
        if is_long != self.is_long or not is_of_size:
            return None
        late_ms = max(self.from_ms - ts_ms, ts_ms - self.to_ms, 0)
        off = max(self.price_low - price, price - self.price_high, 0.0) / price
        return late_ms / _MINUTE_MS + off / _PRICE_PART
