"""A real chart page for benchmarks: candles, the layer, and clocks that Python and page share.

Not a benchmark itself. Import it before anything else of Qt.
"""

import asyncio
import itertools
import json
import logging
import os
import statistics
import sys
from collections.abc import Callable, Coroutine, Sequence
from time import perf_counter
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Without a GPU, as on the machine that runs the tests; as root Chromium wants no sandbox.
os.environ.setdefault(
    "QTWEBENGINE_CHROMIUM_FLAGS", "--no-sandbox --disable-gpu --log-level=3 --disable-logging"
)

from PyQt6.QtCore import QUrl
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication
from qasync import QEventLoop

from Heatmap.tests.bench.measurements import tell
from Heatmap.tests.ui.chart_page import WatchedPage, page_html, to_array

WAIT_S = 30.0
_MARK = "measured "

# Everything is told by the console, which Python hears at once and without asking.
_SCRIPT = """
window.measured = (function () {
  "use strict";
  let snapshot = null;
  let marks = {};
  const afterFrame = new MessageChannel();
  const tell = (name, value) => console.info("measured " + JSON.stringify([name, value]));
  const layer = () => OrderPilotHeatmap.layers.values().next().value;
  // A message that is posted while a frame is made arrives when the frame has been handed on.
  afterFrame.port1.onmessage = () => {
    marks.handedOn = performance.now();
    tell("painted", marks);
  };
  const isNew = {
    grid: (now) => now.picture.bitmap !== null && now.picture.grid !== snapshot.grid,
    colours: (now) => now.picture.colours !== snapshot.colours,
    nothing: (now) => now.picture.bitmap === null,
    any: () => true,
  };
  return {
    tell,
    layer,
    now: () => performance.now(),
    /** Tell "painted" once the layer has painted what is new. */
    arm(what) {
      const bitmap = layer().picture.bitmap;
      snapshot = { what, grid: bitmap && bitmap.grid, colours: layer().picture.colours };
      marks = {};
      return true;
    },
    watch() {
      const watched = layer();
      const { stage } = watched;
      const paint = stage.paint;
      stage.paint = function (scope) {
        const begin = performance.now();
        paint.call(stage, scope);
        const end = performance.now();
        if (snapshot !== null && isNew[snapshot.what](watched)) {
          snapshot = null;
          Object.assign(marks, { paintBegin: begin, paintEnd: end });
          afterFrame.port2.postMessage(0);
        }
      };
      const show = watched.setHeatmapData;
      watched.setHeatmapData = function (...message) {
        marks.arrived = performance.now();
        show.apply(watched, message);
        marks.taken = performance.now();
      };
      return true;
    },
    /** Have the picture that there is painted again, from any moment between two frames. */
    repaint(delayMs) {
      setTimeout(() => {
        measured.arm("any");
        marks.asked = performance.now();
        layer().stage.repaint();
      }, delayMs);
      return true;
    },
    /** What the page holds, as three numbers that other bytes would hardly give. */
    sumOfCells() {
      const grid = layer().picture.grid;
      const sums = [0, 0, 0];
      for (let row = 0; row < grid.rows; row += 1) {
        for (let col = grid.firstCol; col < grid.endCol; col += 1) {
          const value = grid.cells[row * grid.capacity + grid.slot(col)];
          sums[0] += value;
          sums[1] += value * row;
          sums[2] += value * (col - grid.firstCol);
        }
      }
      return [grid.rows, grid.endCol - grid.firstCol, ...sums];
    },
    /** Tell "rested" after three frames. */
    rest() {
      const later = (count) =>
        requestAnimationFrame(() => (count > 0 ? later(count - 1) : tell("rested", null)));
      later(3);
      return true;
    },
    frames(count) {
      const times = [];
      const next = (time) => {
        times.push(time);
        layer().stage.repaint();
        if (times.length <= count) {
          requestAnimationFrame(next);
        } else {
          tell("frames", times);
        }
      };
      requestAnimationFrame(next);
      return true;
    },
  };
})();
"""


class MeasuringPage(WatchedPage):
    """A page that hears its own messages at once."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.waiting: dict[str, asyncio.Future[Any]] = {}

    def javaScriptConsoleMessage(  # noqa: N802  # Qt's name
        self, level: Any, message: str | None, line: int, source: str | None
    ) -> None:
        text = str(message)
        if not text.startswith(_MARK):
            super().javaScriptConsoleMessage(level, message, line, source)
            return
        name, value = json.loads(text[len(_MARK) :])
        future = self.waiting.pop(name, None)
        if future is not None and not future.done():
            future.set_result(value)


class MeasuredPage:
    """One chart page: `open` it, give it a layer, `watch` the layer, and `close` it."""

    def __init__(self) -> None:
        self.view = QWebEngineView()
        self.page = MeasuringPage(self.view)
        self.view.setPage(self.page)
        # The page's clock minus `perf_counter`, milliseconds.
        self._offset_ms = 0.0

    async def open(
        self, candles: list[Any], *, pane: tuple[int, int], options: dict[str, Any] | None = None
    ) -> None:
        """Load the page and make its chart with a pane of the given size, CSS pixels."""
        self.view.resize(pane[0] + 80, pane[1] + 28)
        self.view.show()
        loaded: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.page.loadFinished.connect(lambda ok: loaded.done() or loaded.set_result(ok))
        self.page.setHtml(page_html(), QUrl("http://host.invalid/"))
        assert await asyncio.wait_for(loaded, WAIT_S)
        await self.js(f"(createChart({json.dumps(candles)}, {json.dumps(options)}), 0)")
        await self.until("chart.paneSize(0).width > 0")
        for _ in range(2):
            size = await self.js("chart.paneSize(0)")
            width = self.view.width() + pane[0] - size["width"]
            height = self.view.height() + pane[1] - size["height"]
            self.view.resize(width, height)
            await self.until(f"document.body.clientWidth === {width}")
            await asyncio.sleep(0.1)
        size = await self.js("chart.paneSize(0)")
        # The price axis takes whole steps of its own.
        assert abs(size["width"] - pane[0]) <= 3, size
        assert size["height"] == pane[1], size

    async def watch(self) -> None:
        """Watch what the page's only layer paints, and compare the clocks."""
        self.page.runJavaScript(_SCRIPT)
        await self.js("measured.watch()")
        low, high = float("-inf"), float("inf")
        for _ in range(50):
            before = perf_counter() * 1_000
            page_ms = await self.js("measured.now()")
            after = perf_counter() * 1_000
            low, high = max(low, page_ms - after), min(high, page_ms - before)
        # Both are the machine's monotonic clock; the page's is rounded to 0.1 ms.
        assert low - 0.2 <= high, "the page's clock does not run as Python's"
        self._offset_ms = (low + high) / 2

    def python_ms(self, page_ms: float) -> float:
        """Turn a time of the page into one of `perf_counter`, milliseconds."""
        return page_ms - self._offset_ms

    async def js(self, script: str) -> Any:
        """Evaluate an expression on the page."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.page.runJavaScript(f"JSON.stringify({script})", answer.set_result)
        text = await asyncio.wait_for(answer, WAIT_S)
        return json.loads(text) if text else None

    async def until(self, script: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(WAIT_S):
            while not await self.js(script):  # noqa: ASYNC110  # the page cannot be waited for
                await asyncio.sleep(0.02)

    def expect(self, name: str) -> asyncio.Future[Any]:
        """Return what the page will tell under this name; ask before it can be told."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.page.waiting[name] = future
        return future

    async def painted_after(self, what: str, action: Callable[[], object]) -> dict[str, float]:
        """Do something and wait until the layer has painted what is new.

        Returns
        -------
        dict
            Times in milliseconds since the action began: ``arrived`` and ``taken`` (the grid on
            the page), ``paintBegin``, ``paintEnd``, ``handedOn`` (the frame is made).
        """
        await self.js(f"measured.arm({json.dumps(what)})")
        painted = self.expect("painted")
        began_ms = perf_counter() * 1_000
        action()
        marks = await asyncio.wait_for(painted, WAIT_S)
        return {name: self.python_ms(ms) - began_ms for name, ms in marks.items()}

    async def frame_ms(self, rounds: int = 21) -> float:
        """Return how long it takes to paint again what is there, from asking to handing it on."""
        times = []
        for turn in range(rounds):
            painted = self.expect("painted")
            # Between two frames, at a different part of the interval each time.
            await self.js(f"measured.repaint({5 + turn * 7 % 17})")
            marks = await asyncio.wait_for(painted, WAIT_S)
            times.append(marks["handedOn"] - marks["asked"])
        return statistics.median(times)

    async def frame_interval_ms(self) -> float:
        """Return the time between two frames while something is painted in each."""
        told = self.expect("frames")
        await self.js("measured.frames(60)")
        times = await asyncio.wait_for(told, WAIT_S)
        return statistics.median(after - before for before, after in itertools.pairwise(times))

    async def picture(self) -> Any:
        """Return what the view shows, (height, width, 3) int.

        Once three frames have passed and two grabs agree.
        """
        told = self.expect("rested")
        await self.js("measured.rest()")
        await asyncio.wait_for(told, WAIT_S)
        last = to_array(self.view.grab().toImage())
        async with asyncio.timeout(WAIT_S):
            while True:
                await asyncio.sleep(0.1)
                before, last = last, to_array(self.view.grab().toImage())
                if (before == last).all():
                    return last

    async def close(self) -> None:
        """Take the page away; an error on its console fails the benchmark."""
        errors = self.page.console_errors
        gone = asyncio.get_running_loop().create_future()
        # The page before its view and its profile: Qt warns about the other order.
        self.page.destroyed.connect(lambda: gone.done() or gone.set_result(None))
        self.view.setPage(None)
        self.page.deleteLater()
        await asyncio.wait_for(gone, WAIT_S)
        self.view.deleteLater()
        assert errors == [], errors


def report(
    name: str,
    times: Sequence[float],
    goal: float | None = None,
    baseline: float | None = None,
    *,
    spread: tuple[float, float] | None = None,
) -> bool:
    """Print the median of some times, milliseconds, and between which two they lay.

    ``ratio`` is baseline over value, and `goal` the least that it may be; without a baseline `goal`
    is the largest value that is good, and without a goal every value is.
    """
    value = statistics.median(times)
    ratio = None if baseline is None else baseline / value
    ok = goal is None or (value <= goal if ratio is None else ratio >= goal)
    low, high = spread or (min(times), max(times))
    told = [round(low, 3), round(high, 3)]
    return tell(name, value, "ms", goal, ok=ok, baseline=baseline, ratio=ratio, spread=told)


def run(main: Callable[[], Coroutine[Any, Any, bool]]) -> int:
    """Run a benchmark in Qt's loop, which can be entered only once; 0 when all goals are met."""
    # The exchange's address leads nowhere, which the recorder says again and again.
    logging.getLogger("Heatmap").setLevel(logging.CRITICAL)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    task = loop.create_task(main())
    task.add_done_callback(lambda _task: loop.stop())
    loop.run_forever()
    return 0 if task.result() else 1
