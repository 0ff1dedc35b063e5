"""By how much the times of a page's candles are ahead of UTC: as told, or as the page found it."""

from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

_HOUR_MS = 3_600_000


class CandleOffset:
    """What was told and what was found; says in the log what was found.

    Attributes
    ----------
    told_ms
        As told, milliseconds; ``None``: the page finds it.
    """

    def __init__(self) -> None:
        self.told_ms: float | None = None
        # What the page works with; None: it has not said yet.
        self._found_ms: float | None = None
        self._has_warned = False

    @property
    def ms(self) -> float | None:
        """As told, or else as found, milliseconds; ``None``: not known yet."""
        return self._found_ms if self.told_ms is None else self.told_ms

    def find(self, offset_ms: float, *, is_certain: bool) -> None:
        """Take what the page works with for its newest candles, and whether it could tell."""
        is_news = offset_ms != (self._found_ms or 0)
        self._found_ms = offset_ms
        hours = offset_ms / _HOUR_MS
        if self.told_ms is not None:
            if is_certain and is_news and offset_ms != self.told_ms:
                _logger.info("The page's newest candles are %+g h ahead of UTC, not as told", hours)
            return
        if is_certain and is_news:
            _logger.info("The page's candle times are %+g h ahead of UTC", hours)
        elif not is_certain and not self._has_warned:
            self._has_warned = True
            _logger.warning(
                "The page's candles do not tell whether their times are UTC or local, because the "
                "newest one is not of now; taking them as %+g h ahead of UTC (set_time_offset "
                "tells it)",
                hours,
            )
