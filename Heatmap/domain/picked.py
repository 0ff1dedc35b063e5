"""What a user has pointed at on a chart. Pure."""

from dataclasses import dataclass


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
    """

    from_ms: int
    to_ms: int
    price_low: float
    price_high: float
    is_long: bool

    def holds(self, row: tuple[int, float, float, bool]) -> bool:
        """Whether a liquidation (time, price, USD, whether a long's) may be one of them."""
        ts_ms, price, _usd, is_long = row
        is_in_time = self.from_ms <= ts_ms <= self.to_ms
        return is_in_time and is_long == self.is_long and self.price_low <= price <= self.price_high
