"""What a chart shows. Pure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewport:
    """What the chart shows, as the layer reports it.

    Attributes
    ----------
    price_low, price_high
        Price at the pane's lower and upper edge (swapped back for an inverted scale), USD.
    end_ms
        Time at the pane's right edge; ``None`` while the chart shows its newest candle, so that the
        window follows now.
    width_px, height_px
        Size of the candles' pane in CSS pixels.
    start_ms
        Time at the pane's left edge, or of the oldest candle where that lies right of it;
        ``None``: not told.
    """

    price_low: float
    price_high: float
    end_ms: int | None
    width_px: float
    height_px: float
    start_ms: int | None = None

    @property
    def is_drawable(self) -> bool:
        """Whether there is something to draw on: a pane with a size and a price range."""
        numbers = (self.price_low, self.price_high, self.width_px, self.height_px)
        return (
            all(map(math.isfinite, numbers))
            and self.price_low < self.price_high
            and min(self.price_high, self.width_px, self.height_px) > 0
        )
