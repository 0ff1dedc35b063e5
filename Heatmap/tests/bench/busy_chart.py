"""What stalls the loop of the user interface: a chart that is handled, an exchange that is busy.

Not a benchmark itself. Qt is imported by the process that shows a chart, and by no other.
"""

import asyncio
import json
import sys
import time
from decimal import Decimal
from typing import Any

from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import MINUTE_MS, Candle
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket

EVENTS_PER_S = 50
PANES = ((1060, 550), (800, 450), (1780, 700))
VISIBLE_BARS, CANDLE_COUNT = 120, 1500
# The exchange's orders are larger than all of the history's, so that a filter can tell them apart.
LIVE_QTY = 60.0
LIVE_MINIMUM_USD = 4_000_000.0


class BusyMarket(SimulatedMarket):
    """The simulated market, but every 20 ms a large liquidation near its price."""

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        step_ms = 1000 // EVENTS_PER_S
        first = -(-start_ms // step_ms)
        return [self._order(number * step_ms) for number in range(first, -(-end_ms // step_ms))]

    def _order(self, push_ms: int) -> dict[str, Any]:
        number = push_ms * EVENTS_PER_S // 1000
        # Up to 60 USD around the price, so that many rows and the newest column change each time.
        middle = round(self.mark_price(push_ms - push_ms % 1000), 1)
        price = Decimal(str(middle)) + Decimal(number * 37 % 1200 - 600) / 10
        order = {
            "s": self.symbol,
            "S": "SELL" if number % 2 else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": f"{LIVE_QTY:.3f}",
            "p": f"{price:.2f}",
            "ap": f"{price:.2f}",
            "X": "FILLED",
            "l": f"{LIVE_QTY:.3f}",
            "z": f"{LIVE_QTY:.3f}",
            "T": push_ms - 5,
        }
        return {"e": "forceOrder", "E": push_ms, "o": order}


async def serve_exchange() -> None:
    """Run the exchange until standard input ends; its addresses go to standard output."""
    exchange = LoopbackExchange(BusyMarket(), DataClock.wall())
    await exchange.start()
    print(json.dumps({"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await exchange.stop()


class Chart:
    """A view with the chart page, and what a user does to it."""

    def __init__(self) -> None:
        from PyQt6.QtWebEngineWidgets import QWebEngineView  # noqa: PLC0415

        from Heatmap.standalone.chart_page import ChartPage  # noqa: PLC0415

        self.page = ChartPage()
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self._beside = (0, 0)
        self._candles: list[Candle] = []

    async def show(self, market: SimulatedMarket) -> None:
        """Load the page with candles until now, and give its pane the first size."""
        self.view.resize(*PANES[0])
        self.view.show()
        await self.page.load_chart("dark")
        now_ms = int(time.time() * 1000)
        self._candles = market.candles(MINUTE_MS, now_ms - CANDLE_COUNT * MINUTE_MS, now_ms)
        self.page.set_candles(self._candles, VISIBLE_BARS)
        await self.page.wait_for_frame()
        pane = await self.page.geometry()
        self._beside = (PANES[0][0] - int(pane["paneWidth"]), PANES[0][1] - int(pane["paneHeight"]))
        self.resize_pane(PANES[0])
        await self._wait_for_pane(PANES[0])

    async def _wait_for_pane(self, size: tuple[int, int]) -> None:
        async with asyncio.timeout(10):
            while (pane := await self.page.geometry())["paneWidth"] != size[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if pane["paneHeight"] != size[1]:
            raise AssertionError(f"the pane has not taken the size {size}: {pane}")

    def resize_pane(self, size: tuple[float, float]) -> None:
        self.view.resize(
            *(round(part + beside) for part, beside in zip(size, self._beside, strict=True))
        )

    async def drag_to(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Resize the pane in twelve steps of 40 ms, as by dragging the window's corner."""
        for step in range(1, 13):
            part = step / 12
            self.resize_pane(
                (
                    before[0] + (after[0] - before[0]) * part,
                    before[1] + (after[1] - before[1]) * part,
                )
            )
            await asyncio.sleep(0.04)

    async def pan(self, bars: int) -> None:
        """Scroll back by some bars and forth again, in steps of 40 ms."""
        for step in (*range(1, 11), *range(9, -1, -1)):
            self.page.runJavaScript(f"chart.timeScale().scrollToPosition({4 - bars * step / 10})")
            await asyncio.sleep(0.04)

    async def pan_price(self) -> None:
        """Move the prices by half the pane's height and back, then scale by themselves again."""
        self.page.runJavaScript("""(() => {
            const scale = chart.priceScale("right");
            const { from, to } = scale.getVisibleRange();
            scale.setAutoScale(false);
            window.benchPrices = { from, to };
        })()""")
        for step in (*range(1, 9), *range(7, -1, -1)):
            self.page.runJavaScript(f"""(() => {{
                const {{ from, to }} = window.benchPrices;
                const shift = (to - from) * {step / 16};
                chart.priceScale("right").setVisibleRange({{ from: from + shift, to: to + shift }});
            }})()""")
            await asyncio.sleep(0.04)
        self.page.runJavaScript('chart.priceScale("right").setAutoScale(true)')

    async def tick_candles(self) -> None:
        """Update the newest candle four times a second, until cancelled."""
        last = self._candles[-1]
        for number in range(10**9):
            open_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
            close = (last.open, last.close)[number % 2]
            self.page.update_candle(
                Candle(
                    max(open_ms, last.open_ms), last.open, last.high, last.low, close, 1.0, False
                )
            )
            await asyncio.sleep(0.25)
