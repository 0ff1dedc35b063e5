"""The web page of the standalone window: Lightweight Charts with candles, and nothing else."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from importlib import resources
from time import monotonic, time
from typing import Any

from PyQt6.QtCore import QObject, QTimer, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.errors import PageError
from Heatmap.feeds.page.chart_build import charts_library
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.candle_counts import MOST_LOADED
from Heatmap.standalone.chart_clock import ChartClock
from Heatmap.standalone.chart_state import ChartState
from Heatmap.standalone.chart_words import close_words, strip_words
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.ui import users_locale

logger = get_logger(__name__)

LOAD_ATTEMPTS = 4
"""A page that never loaded is given up after so many attempts; one that did is loaded for ever."""
MEMORY_S = 60.0
"""Deaths of the render process count together within this time."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.25, 4.0
"""Wait before the second attempt in a row, and before any later one at most."""
_FRAME_S = 0.02
SCALES = ("linear", "log", "percent")
"""How prices can be laid out."""
LOOKS = ("colour", "neutral")
"""How candles can be coloured: green and red, or white and grey."""
# In the order in which they need each other.
_SCRIPTS = ("zoned_time.js", "strip.js", "card.js", "chart_page.js")
# Before what the page's card tells, on its console.
_CARD_MARK = "heatmap card: "
_ROOM_MARK = "heatmap card has room: "
# Older candles are wanted while fewer than this part of what is in sight lie left of it.
_SPARE_PART = 0.5


class _ChartGoneError(Exception):
    """The page has lost its chart before it could answer."""


class ChartPage(QWebEnginePage):
    """A chart page with the names ``chart`` and ``candleSeries``, as a host's page has them.

    `load_chart` is awaited once; the other methods may be called at any time. A page whose render
    process dies is loaded again, each time, and shows what it showed: candles, digits, colours,
    visible range. Meanwhile nothing is told to it, and what asks it something waits.

    More than 25 methods: what a user can ask of a chart, and the loads and deaths of its process.

    Attributes
    ----------
    card_action
        The card's button was pressed: the action that came with it.
    card_shut
        The card was shut by Esc or its mark.
    card_fitted
        There is room for the card now, or no longer: `has_card`.
    older_wanted
        The oldest candle is in sight, or nearly: how many more are wanted.
    place_reached
        The place of `scroll_to` is in sight, or nearly: UTC milliseconds, USD.
    pane_resized
        The candles' pane has another width: `pane_px`.
    scale_moved
        Prices fit what is in sight now, or no longer: `is_auto_scale`.
    times
        Says times as the chart does.
    """

    card_action = pyqtSignal(str)
    card_shut = pyqtSignal()
    card_fitted = pyqtSignal()
    older_wanted = pyqtSignal(int)
    place_reached = pyqtSignal(object, float)
    pane_resized = pyqtSignal()
    scale_moved = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Errors that the page's own scripts print; a test or a status line may look at them.
        self.console_errors: list[str] = []
        self._html = ""
        self._state = ChartState()
        self.times = ChartClock()
        # What the user has shut is not shown again.
        self._shut_card: dict[str, Any] | None = None
        # The page finds no room for it where it would lie on the newest candles.
        self._has_card_room = True
        # Where the chart is to be once it goes back so far: UTC milliseconds, USD. Without a price
        # the time is to be in sight and nothing marks it.
        self._target: tuple[int, float | None] | None = None
        # Set while the page has a chart; how many it has had, of how many loads and deaths.
        self._chart_there = asyncio.Event()
        self._chart_count = 0
        self._turns = 0
        # Result of `load_chart`, while it waits.
        self._loaded: asyncio.Future[bool] | None = None
        # Its window is closed: nobody waits for a chart.
        self._is_given_up = False
        # Answers under way, which a page that dies never gives.
        self._answers: set[asyncio.Future[Any]] = set()
        # When loads failed or processes died lately, by the monotonic clock.
        self._failures_s: deque[float] = deque(maxlen=16)
        self._next_load = QTimer(self)
        self._next_load.setSingleShot(True)
        self._next_load.timeout.connect(self._load_again)
        self.loadStarted.connect(self._on_load_started)
        self.loadFinished.connect(self._on_load_finished)
        self.renderProcessTerminated.connect(self._on_terminated)
        self.titleChanged.connect(self._note_view)

    async def load_chart(self, theme: str) -> bool:
        """Load the page and create the chart.

        Returns
        -------
        bool
            Whether there is one: there is none after `give_up`.

        Raises
        ------
        PageError
            The chart library is missing or is not the build it should be, or the page did not load.
        """
        own = resources.files("Heatmap.standalone").joinpath("page")
        # In the page itself: scripts that WebEngine is given to insert are left out now and then,
        # by a render process that has had another page before.
        texts = [own.joinpath(name).read_text("utf-8") for name in _SCRIPTS]
        scripts = (charts_library(), *texts)
        self._state.theme = theme
        self._state.words = strip_words()
        self._state.locale = users_locale().name().replace("_", "-")
        self._html = own.joinpath("chart.html").read_text("utf-8")
        self._html = self._html.replace("SCRIPTS", "".join(map(_script_element, scripts)))
        if self._is_given_up:
            return False
        self._loaded = asyncio.get_running_loop().create_future()
        self._load_again()
        try:
            is_loaded = await self._loaded
        finally:
            self._loaded = None
        if not is_loaded and not self._is_given_up:
            raise PageError(
                "the chart page did not load; start again with QTWEBENGINE_DISABLE_SANDBOX=1"
            )
        return is_loaded

    def give_up(self) -> None:
        """Load nothing any more: the window is closed, and its page may go untold. Idempotent."""
        self._is_given_up = True
        self._next_load.stop()
        self._tell_loaded(False)

    def set_theme(self, theme: str) -> None:
        """Use the ``dark`` or ``light`` colours."""
        self._state.theme = theme
        self._call("setTheme", theme)

    def set_room(self, *, has_room: bool, has_tags: bool = False) -> None:
        """Leave room for what stands right of now, or not.

        Parameters
        ----------
        has_room
            For levels, also above and below the candles.
        has_tags
            For tags at the right edge.
        """
        self._state.has_room, self._state.has_tags = has_room, has_tags
        self._call("setRoom", has_room, has_tags)

    def set_bars(self, *, has_bars: bool) -> None:
        """Have a pane for bars below the candles, or none: the pane of ``barsSeries``."""
        self._state.has_bars = has_bars
        self._call("setBars", has_bars)

    def set_price_format(self, tick_size: Decimal) -> None:
        """Show prices with the digits of `tick_size`, USD."""
        self._call("setPriceFormat", *self._state.set_price_format(tick_size))

    def set_look(self, look: str) -> None:
        """Colour the candles: one of `LOOKS`."""
        self._state.look = look
        self._call("setLook", look)

    def set_scale(self, scale: str) -> None:
        """Lay out the prices in another way: one of `SCALES`."""
        self._state.scale = scale
        self._call("setScale", scale)

    @property
    def is_auto_scale(self) -> bool:
        """Whether the price scale fits what is in sight; else it is where the user moved it."""
        return self._state.is_auto_scale

    def set_auto_scale(self, *, is_auto: bool) -> None:
        """Fit prices to what is in sight from now on, or have them stay where they are."""
        self._state.is_auto_scale = is_auto
        self._call("setAutoScale", is_auto)

    def set_time_zone(self, name: str) -> bool:
        """Say all times in a zone: ``UTC``, ``local`` or one of the IANA's.

        Returns
        -------
        bool
            Whether this computer knows it; where not, nothing changes.
        """
        if not self.times.set_zone(name):
            return False
        self._state.zone = self.times.page_zone
        label = self.times.zone_words(self._state.newest_ms or int(time() * 1000))
        self._state.zone_label = label
        self._call("setTimeZone", self._state.zone, label)
        return True

    def clock(self, ts_ms: int) -> str:
        """Return a time, UTC milliseconds, as the chart says it; the day where it is another."""
        return self.times.clock(ts_ms, self._state.newest_ms)

    @property
    def pane_px(self) -> float | None:
        """Width of the candles' pane, CSS pixels; ``None``: not known yet."""
        return self._state.width_px

    @property
    def candle_count(self) -> int:
        """How many candles the chart has."""
        return self._state.count

    def set_candles(
        self,
        candles: Sequence[Candle],
        visible_bars: int,
        tick_size: Decimal | None = None,
        names: tuple[str, str] | None = None,
    ) -> None:
        """Replace all candles and show the newest `visible_bars`.

        All of it changes in the same frame. A chart that is scrolled back stays at its time where
        only the interval is another one.

        Parameters
        ----------
        candles
            Oldest first.
        visible_bars
            How many of them are in sight.
        tick_size
            Which gives the digits of the prices, USD; ``None``: they stay.
        names
            Symbol and interval of the candles, as ``BTCUSDT`` and ``3m``; ``None``: they stay.
        """
        digits = None if tick_size is None else self._state.set_price_format(tick_size)
        seen_ms, before = self._state.seen_ms, self._state.names
        rows = self._state.set_candles(candles, visible_bars)
        self._target = None
        if names is not None:
            symbol, interval = names
            length_ms = INTERVALS_MS[interval]
            self._state.names = {"symbol": symbol, "interval": interval, "intervalMs": length_ms}
            is_same = symbol == before["symbol"] and length_ms != before["intervalMs"]
            newest_ms = self._state.newest_ms
            if is_same and seen_ms is not None and newest_ms is not None:
                # What cannot be loaded is not gone to.
                is_near = newest_ms - seen_ms < MOST_LOADED * length_ms
                self._target = (seen_ms, None) if is_near else None
        self._call("setCandles", rows, visible_bars, self._state.serial, digits, self._state.names)
        self._go_to_target()

    def set_limit(self, text: str) -> None:
        """Say why there is nothing older, where the oldest candle is in sight; empty: nothing."""
        if text != self._state.limit:
            self._state.limit = text
            self._call("setLimit", text)
        if text:
            self._go_to_target(is_last=True)

    def replace_candles(self, candles: Sequence[Candle], *, shows_newest: bool) -> None:
        """Replace all candles; as many are in sight as before, as far from the newest as before.

        Where the newest is to be shown, it is brought into sight.
        """
        self._call("replaceCandles", self._state.replace_candles(candles), shows_newest)

    def replace_from(self, from_ms: int, candles: Sequence[Candle], *, shows_newest: bool) -> None:
        """Replace the candles from a time on, UTC milliseconds; else as `replace_candles`."""
        rows = self._state.replace_from(from_ms, candles)
        self._call("replaceFrom", from_ms / 1000, rows, shows_newest)

    def add_older_candles(self, candles: Sequence[Candle]) -> None:
        """Put candles before all others; what is in sight stays."""
        self._call("addOlderCandles", self._state.add_older_candles(candles))
        self._go_to_target()

    def clear_candles(self) -> None:
        """Show no candles."""
        self._state.clear_candles()
        self._call("clearCandles", self._state.serial)

    def update_candle(self, candle: Candle) -> None:
        """Replace the newest candle, or add one."""
        row = self._state.update_candle(candle)
        if row is not None:
            self._call("updateCandle", row)

    def show_newest(self, visible_bars: int) -> None:
        """Show the newest `visible_bars` candles."""
        self._state.show_newest(visible_bars)
        self._call("showNewest", visible_bars, self._state.serial)

    def go_to_now(self) -> None:
        """Show the newest candle, as many candles at once as now."""
        self._target = None
        self._call("goToNow")

    def scroll(self, direction: int) -> None:
        """Go back by a part of what is in sight (-1), or on (1)."""
        self._call("scroll", direction)

    def zoom(self, direction: int) -> None:
        """Show fewer candles (1), or more of them (-1)."""
        self._call("zoom", direction)

    def reset_view(self) -> None:
        """Show what was shown at first, and all prices of it."""
        bars = self._state.visible_bars
        if bars is not None:
            self._target = None
            self._state.show_newest(bars)
            self._call("resetView", bars, self._state.serial)

    def scroll_to(self, ts_ms: int, price: float) -> None:
        """Bring a place into sight; older candles are wanted first where it lies before them.

        Parameters
        ----------
        ts_ms
            UTC milliseconds.
        price
            USD.
        """
        self._target = ts_ms, price
        self._go_to_target()

    def show_card(self, text: str, button: str, action: str, *, is_bad: bool = False) -> None:
        """Show a card on the chart, in the place with the fewest candles.

        What the user has shut stays shut until another card is shown, or `hide_card` was called.

        Parameters
        ----------
        text
            One sentence or two.
        button, action
            Name of its button, and what `card_action` tells; empty: there is no button.
        is_bad
            Something is wrong: it has a red edge.
        """
        card = {
            "text": text,
            "button": button,
            "action": action,
            "isBad": is_bad,
            "close": close_words(),
        }
        if card in (self._state.card, self._shut_card):
            return
        self._shut_card, self._state.card = None, card
        self._has_card_room = True
        self._call("showCard", card)

    @property
    def has_card(self) -> bool:
        """Whether a card can be seen: shown, not shut, and with room for it."""
        return self._state.card is not None and self._has_card_room

    def hide_card(self) -> None:
        """Show no card; what was shut may be shown again."""
        self._shut_card = None
        if self._state.card is not None:
            self._state.card = None
            self._call("hideCard")

    def _go_to_target(self, *, is_last: bool = False) -> None:
        """Scroll to where the chart is to be, or ask for the candles that this needs first."""
        target, oldest_ms = self._target, self._state.oldest_ms
        if target is None or oldest_ms is None:
            return
        ts_ms, price = target
        if ts_ms >= oldest_ms or is_last:
            self._target = None
            self._call("scrollTo", ts_ms / 1000, price)
            if price is not None:
                self.place_reached.emit(ts_ms, price)
            return
        missing = (oldest_ms - ts_ms) // self._state.names["intervalMs"]
        self.older_wanted.emit(int(missing) + int(self._state.bars_shown) + 1)

    def _note_view(self, text: str) -> None:
        """Take what the page reports of its visible range."""
        state, before = self._state, self._state.width_px
        was_auto = state.is_auto_scale
        state.note_view(text)
        if state.width_px != before:
            self.pane_resized.emit()
        if state.is_auto_scale != was_auto:
            self.scale_moved.emit()
        left = state.bars_before
        if left is not None and left < state.bars_shown * _SPARE_PART:
            self.older_wanted.emit(int(state.bars_shown) + 1)

    async def wait_for_frame(self) -> None:
        """Wait until a frame shows everything that was asked of the page until now."""
        while True:
            before = (await self.geometry())["framesDrawn"]
            chart = self._chart_count
            self._call("countFrame")
            # The page answers questions; it cannot call back without a channel of its own.
            while (await self.geometry())["framesDrawn"] == before:
                if chart != self._chart_count:
                    break
                await asyncio.sleep(_FRAME_S)
            if chart == self._chart_count:
                return

    async def geometry(self) -> dict[str, Any]:
        """Return size and price range of the candles' pane, as the page measures them.

        A page that has no chart at the moment answers when it has one again.
        """
        while True:
            await self._chart_there.wait()
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._answers.add(answer)
            self._evaluate("chartPage.geometry()", partial(_settle, answer))
            try:
                return dict(await answer)
            except _ChartGoneError:
                continue
            finally:
                self._answers.discard(answer)

    def _call(self, function: str, *arguments: object) -> None:
        self._evaluate(f"chartPage.{function}(...{json.dumps(arguments)})")

    def _evaluate(self, script: str, on_answer: Callable[[Any], None] | None = None) -> None:
        """Run a script on the page if it has a chart; the only place that speaks to the page."""
        if not self._chart_there.is_set():
            return
        if on_answer is None:
            self.runJavaScript(script)
        else:
            self.runJavaScript(script, on_answer)

    # -- loads and deaths -----------------------------------------------------------------------

    def _load_again(self) -> None:
        # In its colours from the first frame on: no dark flash in a light window.
        html = self._html.replace('class="THEME"', f'class="{self._state.theme}"', 1)
        self.setHtml(html, QUrl("heatmap:/"))

    def _on_load_started(self) -> None:
        # Whoever has begun it: the layer has a page loaded again as well.
        self._next_load.stop()
        self._lose_chart()

    def _on_load_finished(self, is_ok: bool) -> None:
        if not is_ok:
            self._load_soon()
            return
        self._next_load.stop()
        self.runJavaScript("typeof chartPage", partial(self._on_looked, self._turns))

    def _on_looked(self, turn: int, kind: object) -> None:
        if turn != self._turns:
            return  # another load has begun, whose end is looked at as well
        if kind != "object":
            # A load that begins while a render process ends may be told as done too early.
            logger.warning("the chart page was loaded without its scripts")
            self._load_soon()
            return
        # Two ends of one load may be told: what was found after the first one is out of date.
        self._next_load.stop()
        self._chart_count += 1
        self._chart_there.set()
        self._call("restore", self._state.to_message())
        self._tell_loaded(True)

    def _on_terminated(
        self, status: QWebEnginePage.RenderProcessTerminationStatus, exit_code: int
    ) -> None:
        logger.warning("the chart page's render process has ended: %s, %d", status.name, exit_code)
        self._lose_chart()
        self._load_soon()

    def _lose_chart(self) -> None:
        self._turns += 1
        self._chart_there.clear()
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(_ChartGoneError)

    def _load_soon(self) -> None:
        """Load the page again: at once, or after a while where that has failed lately."""
        if self._is_given_up:
            return
        now_s = monotonic()
        self._failures_s.append(now_s)
        recent = sum(now_s - failure_s < MEMORY_S for failure_s in self._failures_s)
        if not self._chart_count and recent >= LOAD_ATTEMPTS:
            self._tell_loaded(False)
            return
        delay_s = 0.0 if recent == 1 else min(FIRST_DELAY_S * 2 ** (recent - 2), LONGEST_DELAY_S)
        self._next_load.start(int(delay_s * 1000))

    def _tell_loaded(self, is_loaded: bool) -> None:
        if self._loaded is not None and not self._loaded.done():
            self._loaded.set_result(is_loaded)

    def _on_card(self, action: str) -> None:
        card = self._state.card
        if card is None:
            return
        if action == card["action"] and action:
            self.card_action.emit(action)
        elif not action:
            self._shut_card, self._state.card = card, None
            self.card_shut.emit()

    # -- Qt -----------------------------------------------------------------------------------

    @override
    def javaScriptConsoleMessage(
        self,
        level: QWebEnginePage.JavaScriptConsoleMessageLevel,
        message: str | None,
        line: int,
        source: str | None,
    ) -> None:
        """Send what the page prints to the log, and take what its card tells."""
        told = str(message)
        if told.startswith(_ROOM_MARK):
            self._has_card_room = told.removeprefix(_ROOM_MARK) == "true"
            self.card_fitted.emit()
            return
        if told.startswith(_CARD_MARK):
            self._on_card(told.removeprefix(_CARD_MARK))
            return
        if level == QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel:
            self.console_errors.append(str(message))
            logger.error("chart page: %s (%s:%s)", message, source, line)
        else:
            logger.debug("chart page: %s", message)

    @override
    def acceptNavigationRequest(
        self, url: QUrl, kind: QWebEnginePage.NavigationType, is_main_frame: bool
    ) -> bool:
        """Open what the user clicks on in the user's browser."""
        if kind == QWebEnginePage.NavigationType.NavigationTypeLinkClicked:
            QDesktopServices.openUrl(url)
            return False
        return super().acceptNavigationRequest(url, kind, is_main_frame)

    @override
    def createWindow(self, _kind: QWebEnginePage.WebWindowType) -> QWebEnginePage | None:
        """Give the attribution logo's link, which asks for a window, the user's browser."""
        outside = QWebEnginePage(self)
        outside.urlChanged.connect(QDesktopServices.openUrl)
        outside.urlChanged.connect(lambda _url: outside.deleteLater())
        return outside


def _script_element(source: str) -> str:
    if "</script" in source.lower():
        raise PageError("a script of the chart page would end its own element; install it anew")
    return f"<script>{source}</script>"


def _settle(answer: asyncio.Future[Any], result: object) -> None:
    if not answer.done():
        answer.set_result(result)
