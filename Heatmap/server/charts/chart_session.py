"""One browser's chart: what it has chosen, its layer, and the feed that shows it something.

The page says ``{"choose": {...}}`` first, and again with each change; each is answered by
``chosen``, with what the layer's script is attached with. What the layer's script reports is
``{"report": name, "payload": text}``. The page is told messages ``{"type", "content"}``: those of
the bridge under its signals' names, and ``hello``, ``chosen``, ``enter``, ``candles``, ``heat``,
``state``, ``refused``.
"""

import asyncio
import json
from dataclasses import asdict, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import StorageError
from Heatmap.feeds.layer_feed import LayerFeed
from Heatmap.heatmap_settings import HEATS, WINDOWS_S, HeatmapSettings
from Heatmap.runtime.host_loop import begin_task, end_task
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.server.charts.chart_hub import ChartHub
from Heatmap.server.charts.choice import INTERVALS_MIN, ChartChoice, parse_choice
from Heatmap.server.charts.newest_candles import ChartCandle, read_newest
from Heatmap.server.charts.outbox import Outbox
from Heatmap.server.charts.socket_layer import SocketLayer
from Heatmap.server.served_symbols import served_symbols
from Heatmap.server.work import Work

if TYPE_CHECKING:
    from Heatmap.feeds.layer_state import LayerState

TICK_S = 1.0
"""So often the page is told its newest candles, and how its picture is."""
# Reports that are taken at once, and in a second after that; a page that sends more waits.
_BURST, _PER_SECOND = 40.0, 40.0


class ChartSession:
    """Belongs on the server's loop; `close` ends it.

    Parameters
    ----------
    hub
        What it shares with the other charts.
    work
        Where it reads candles.
    """

    def __init__(self, hub: ChartHub, work: Work) -> None:
        self.outbox = Outbox()
        self._hub = hub
        self._work = work
        self._layer = SocketLayer(self.outbox)
        self._choice: ChartChoice | None = None
        self._feed: tuple[LayerFeed, asyncio.Task[None]] | None = None
        # The service's settings that the chart's are made of.
        self._in_force: HeatmapSettings | None = None
        self._told_candles: list[ChartCandle] = []
        self._told_state: tuple[LayerState, str] | None = None
        self._tokens, self._filled_s = _BURST, monotonic()

    def greet(self) -> None:
        """Tell the page what there is."""
        parts = self._hub.parts
        self.outbox.put(
            "hello",
            {
                "kind": parts.kind.value,
                "symbols": served_symbols(parts),
                "heats": list(HEATS),
                "windows": {name: length_s * 1000 for name, length_s in WINDOWS_S.items()},
                "intervals": list(INTERVALS_MIN),
                "window": parts.settings().window,
            },
        )

    async def take(self, text: str) -> None:
        """Take one message of the page; one that cannot be used is refused, and changes nothing."""
        await self._wait_for_turn()
        try:
            message = _as_object(json.loads(text))
            if "choose" in message:
                self._choose(parse_choice(_as_object(message["choose"])))
            else:
                self._layer.report(str(message.get("report")), message.get("payload"))
        except (ValueError, RecursionError) as error:
            words = shown_text(str(error) or "it cannot be read", LONGEST_MESSAGE_CHARS)
            self.outbox.put("refused", words)

    def begin_again(self) -> None:
        """Have a page that reads again after a while show everything anew."""
        if self._choice is not None:
            self._told_candles, self._told_state = [], None
            self.outbox.put("enter", self._layer.enter(self._choice.symbol))

    async def tick(self) -> None:
        """Tell what has changed: candles, state, settings."""
        if self._choice is None or self._feed is None or self.outbox.is_stalled:
            return
        self._apply(self._choice)
        feed, _ = self._feed
        failure = "" if feed.failure is None else failure_text(feed.failure)
        state = (feed.state, failure)
        if state != self._told_state:
            self._told_state = state
            self.outbox.put("state", {"state": state[0].value, "failure": state[1]})
        choice = self._choice
        read = partial(read_newest, self._hub.parts, choice.symbol, choice.interval_ms)
        try:
            candles = await self._work.quick(read)
        except StorageError:
            return  # told by the feed; tried again with the next tick
        if candles != self._told_candles and choice is self._choice:
            self._told_candles = candles
            self.outbox.put("candles", [asdict(one) for one in candles])

    def close(self) -> None:
        """Feed nothing any more. Idempotent."""
        feed, self._feed = self._feed, None
        if feed is not None:
            end_task(feed[1])
            feed[0].close()

    def _choose(self, choice: ChartChoice) -> None:
        self._choice = choice
        self._told_candles, self._told_state = [], None
        self._in_force = None
        self._apply(choice)
        tick = self._hub.parts.symbols.tick_size(choice.symbol)
        exponent = tick.normalize().as_tuple().exponent
        chosen: dict[str, Any] = {
            "config": self._layer.enter(choice.symbol),
            "symbol": choice.symbol,
            "interval": choice.interval_ms // 60_000,
            "priceFormat": [max(0, -exponent) if isinstance(exponent, int) else 2, float(tick)],
        }
        self.outbox.put("chosen", chosen)

    def _apply(self, choice: ChartChoice) -> None:
        """Apply the choice, with what the service's settings say now."""
        in_force = self._hub.parts.settings()
        if in_force is self._in_force:
            return
        self._in_force = in_force
        settings = choice.settings(in_force)
        if self._feed is None:
            feed = LayerFeed(self._layer, settings, self._hub.context(self._set_heat))
            loop = asyncio.get_running_loop()
            self._feed = feed, begin_task(loop, feed.run(), "Heatmap browser feed")
        else:
            self._feed[0].apply_settings(settings)

    def _set_heat(self, heat: str) -> None:
        if self._choice is not None:
            self._choice = replace(self._choice, heat=heat)
            self._in_force = None
            self._apply(self._choice)
            self.outbox.put("heat", heat)

    async def _wait_for_turn(self) -> None:
        now_s = monotonic()
        self._tokens = min(_BURST, self._tokens + (now_s - self._filled_s) * _PER_SECOND) - 1.0
        self._filled_s = now_s
        if self._tokens < 0:
            # What it sends meanwhile waits in its socket.
            await asyncio.sleep(-self._tokens / _PER_SECOND)


def _as_object(plain: object) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise ValueError(f"an object is expected, got {str(plain)[:40]!r}")  # noqa: TRY004 - one error for callers
    return plain
