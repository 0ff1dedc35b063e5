"""What the chart page was told and where the user has scrolled it, for the page's next process.

Pure. A page whose render process dies forgets everything; what stands here is told to the new one.
"""

import json
import math
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

from Heatmap.standalone.exchange.market import Candle

_Row = dict[str, float]


class ChartState:
    """The present content of the chart page; each method takes what the page is told or tells.

    Attributes
    ----------
    theme
        ``dark`` or ``light``.
    look
        Of the candles: ``colour`` or ``neutral``.
    scale
        Of prices: ``linear``, ``log`` or ``percent``.
    zone, zone_label
        In whose time the page says times, and what that is called.
    words
        Of the strip.
    names
        What the candles are of: symbol, interval and its length in milliseconds.
    limit
        What is said where the oldest candle is in sight; empty: nothing.
    card
        What the card says; ``None``: there is none.
    locale
        How numbers and dates are written, as JavaScript names it.
    is_auto_scale
        Whether prices fit what is in sight, as asked or as the page reports.
    has_room
        Whether there is room for levels right of now, and above and below the candles.
    has_tags
        Whether there is room for tags at the right edge.
    has_bars
        Whether there is a pane below the candles for the bars of what was liquidated.
    serial
        Number of the last request for a visible range. What the page reports of an earlier one is
        out of date.
    """

    def __init__(self) -> None:
        self.theme = "dark"
        self.look = "colour"
        self.scale = "linear"
        self.is_auto_scale = True
        self.zone = self.zone_label = "UTC"
        self.words: dict[str, str] = {}
        self.names: dict[str, Any] = {"symbol": "", "interval": "", "intervalMs": 60_000}
        self.limit = ""
        self.card: dict[str, Any] | None = None
        self.locale = "en-GB"
        self.has_room = False
        self.has_tags = False
        self.has_bars = False
        self.serial = 0
        self._price_format: tuple[int, float] | None = None
        self._rows: list[_Row] = []
        self._visible_bars: int | None = None
        # What the page has reported of its visible range since it was asked for the last one.
        self._view: dict[str, Any] | None = None
        self._width_px: float | None = None

    def set_price_format(self, tick_size: Decimal) -> tuple[int, float]:
        """Take a tick size, USD; returns the digits after the point and the step."""
        exponent = tick_size.normalize().as_tuple().exponent
        digits = max(0, -exponent) if isinstance(exponent, int) else 2
        self._price_format = digits, float(tick_size)
        return self._price_format

    def set_candles(self, candles: Sequence[Candle], visible_bars: int) -> list[_Row]:
        """Take all candles, of which the newest `visible_bars` are shown; returns their rows."""
        self._rows = [_row(candle) for candle in candles]
        self.limit = ""
        self.show_newest(visible_bars)
        return self._rows

    def replace_candles(self, candles: Sequence[Candle]) -> list[_Row]:
        """Take other candles, of which as many are in sight as before; returns their rows."""
        before, self._rows = len(self._rows), [_row(candle) for candle in candles]
        self._move_view(len(self._rows) - before)
        return self._rows

    def add_older_candles(self, candles: Sequence[Candle]) -> list[_Row]:
        """Take candles that come before all others; what is in sight stays. Returns their rows."""
        first = self._rows[0]["time"] if self._rows else math.inf
        rows = [row for row in map(_row, candles) if row["time"] < first]
        self._rows = [*rows, *self._rows]
        self._move_view(len(rows))
        return rows

    def replace_from(self, from_ms: int, candles: Sequence[Candle]) -> list[_Row]:
        """Take other candles in the place of those from a time on; returns their rows."""
        rows = [_row(candle) for candle in candles]
        kept = bisect_left(self._rows, from_ms / 1000, key=itemgetter("time"))
        before, self._rows = len(self._rows), [*self._rows[:kept], *rows]
        self._move_view(len(self._rows) - before)
        return rows

    def clear_candles(self) -> None:
        """Take note that there are no candles."""
        self._rows, self._visible_bars = [], None
        self._forget_view()

    def update_candle(self, candle: Candle) -> _Row | None:
        """Take the newest candle, again or as one more.

        Returns
        -------
        dict or None
            Its row; ``None``: it looks as before, since no more than its volume has changed.
        """
        row = _row(candle)
        if self._rows and self._rows[-1] == row:
            return None
        if self._rows and self._rows[-1]["time"] == row["time"]:
            self._rows[-1] = row
        elif not self._rows or self._rows[-1]["time"] < row["time"]:
            self._rows.append(row)
        return row

    def show_newest(self, visible_bars: int) -> None:
        """Take that the newest `visible_bars` candles are to be seen."""
        self._visible_bars = visible_bars
        self._forget_view()

    @property
    def count(self) -> int:
        """How many candles there are."""
        return len(self._rows)

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest candle began, UTC milliseconds; ``None``: there is none."""
        return int(self._rows[0]["time"]) * 1000 if self._rows else None

    @property
    def newest_ms(self) -> int | None:
        """When the newest candle began, UTC milliseconds; ``None``: there is none."""
        return int(self._rows[-1]["time"]) * 1000 if self._rows else None

    @property
    def visible_bars(self) -> int | None:
        """How many candles were to be seen when that was said last; ``None``: there are none."""
        return self._visible_bars

    @property
    def width_px(self) -> float | None:
        """Width of the candles' pane, CSS pixels; ``None``: not reported yet."""
        return self._width_px

    @property
    def bars_before(self) -> float | None:
        """How many candles lie left of what is in sight; ``None``: not reported yet."""
        return None if self._view is None else float(self._view["from"])

    @property
    def bars_shown(self) -> float:
        """How many candles wide the pane is, as far as that was reported."""
        return 0.0 if self._view is None else float(self._view["to"] - self._view["from"])

    @property
    def seen_ms(self) -> int | None:
        """Which time is in the middle of a chart that is scrolled back, UTC milliseconds.

        ``None``: its newest candle is in sight, or nothing was reported yet.
        """
        view = self._view
        if view is None or not self._rows or view["to"] >= view["bars"] - 1:
            return None
        middle = round((view["from"] + view["to"]) / 2)
        return int(self._rows[min(max(middle, 0), len(self._rows) - 1)]["time"]) * 1000

    def note_view(self, text: str) -> None:
        """Take what the page reports of its visible range; what is no such report is ignored."""
        try:
            view = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(view, dict):
            return
        if _is_number(view.get("width")):
            self._width_px = float(view["width"])
        self.is_auto_scale = view.get("isAuto", self.is_auto_scale) is True
        if view.get("serial") != self.serial:
            return
        if all(_is_number(view.get(name)) for name in ("from", "to", "bars")):
            self._view = view

    def to_message(self) -> dict[str, Any]:
        """Return what a new page is told to show the same.

        The visible range is where the user had it. Where the newest candle was in sight, it still
        is: candles that came since have moved the chart, as they do on a living page.
        """
        message: dict[str, Any] = {
            "theme": self.theme,
            "look": self.look,
            "scale": self.scale,
            "zone": self.zone,
            "zoneLabel": self.zone_label,
            "words": self.words,
            "names": self.names,
            "limit": self.limit,
            "card": self.card,
            "locale": self.locale,
            "hasRoom": self.has_room,
            "hasTags": self.has_tags,
            "hasBars": self.has_bars,
            "priceFormat": self._price_format,
            "candles": self._rows,
            "visibleBars": self._visible_bars,
            "serial": self.serial,
            "range": None,
            "priceScale": None,
        }
        view = self._view
        if view is not None:
            bars = view["bars"]
            moved = len(self._rows) - bars if view["to"] >= bars - 1 else 0
            message["range"] = {"from": view["from"] + moved, "to": view["to"] + moved}
            message["priceScale"] = view.get("priceScale")
        return message

    def _move_view(self, count: int) -> None:
        """Take note that there are so many more candles before what is in sight, or fewer."""
        if self._view is not None:
            moved = {name: self._view[name] + count for name in ("from", "to", "bars")}
            self._view = self._view | moved

    def _forget_view(self) -> None:
        self._view = None
        self.serial += 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _row(candle: Candle) -> _Row:
    return {
        "time": candle.open_ms // 1000,
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
    }
