"""Two hundred rounds of everything a host does, in a seeded random order, leave nothing behind.

The service is a real one that records live events all the while; the page is loaded again in every
round. Nothing is waited for but loading, so that each step meets what the one before has begun.
"""

import asyncio
import contextvars
import ctypes
import gc
import json
import mmap
import random
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QPoint, QTimer, QUrl
from PyQt6.QtTest import QTest
from PyQt6.QtWebChannel import QWebChannel
from yarl import URL

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.aggregation.resolution import can_lay_rows
from Heatmap.domain.events import LiquidationEvent
from Heatmap.heatmap_settings import PALETTES
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.left_behind import own_threads
from Heatmap.tests.systems import linux_only
from Heatmap.tests.ui.chart_page import ChartPage, page_html
from Heatmap.tests.ui.conftest import HostBridge
from Heatmap.tests.ui.drawn_layer import assert_host_works
from Heatmap.ui.bridge import HeatmapBridge
from Heatmap.ui.layer.chart_layer import HeatmapLayer

# Both are the host's doing: it registers what comes later, and it sets another channel while the
# page that it leaves still speaks to objects of the one before.
pytestmark = pytest.mark.qt_log_ignore(
    "Registered new object after initialization", "Unknown object encountered"
)


@pytest.fixture(scope="module")
def render_process() -> None:
    """Give each page a process of its own: its memory is measured."""


ROUNDS, CHECK_EVERY, SEED = 200, 10, 20_241_206
# What is measured from a round on, and how much more of it the last four measurements may show than
# the first four: three times what varies from run to run at least, and less than a quarter of a
# megabyte for each layer. The page's process has grown to its size after 120 rounds.
MEASURED = {
    "objects": (50, 50.0),
    "python_mb": (50, 1.0),
    "native_mb": (50, 6.0),
    "page_mb": (130, 8.0),
}
# Qt gives its answer to a call of the page that was left to the page that follows, whose client
# does not know it: the same happens with a host's own calls, without any layer.
LATE_ANSWER = "Uncaught TypeError: channel.execCallbacks[message.id] is not a function"
MEGABYTE, PAGE_BYTES = 2**20, mmap.PAGESIZE
# Chromium keeps the pages that have been left until it is short of memory: here it is.
PRESSURE = """(() => {
  let sum = 0;
  for (let i = 0; i < 40; i += 1) { sum += new Uint8Array(64 * 2 ** 20).length; }
  return sum;
})()"""

# What is subscribed to, and not yet unsubscribed from, is counted on the page itself.
COUNTING = """
window.subscribed = 0;
function counted(object) {
  let prototype = Object.getPrototypeOf(object);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const by = name.startsWith("subscribe") ? 1 : name.startsWith("unsubscribe") ? -1 : 0;
    const method = prototype[name];
    if (by !== 0 && !method.isCounted) {
      prototype[name] = function (...all) {
        window.subscribed += by;
        return method.apply(this, all);
      };
      prototype[name].isCounted = true;
    }
  }
}
createChart(CANDLES);
[chart, chart.timeScale(), priceSeries].forEach(counted);
connectHost();
"""
LEFT = """(() => {
  const own = (object) => Object.keys(object).length;
  return {
    script: "OrderPilotHeatmap" in window,
    subscribed: window.subscribed,
    series: chart.panes().map((pane) => pane.getSeries().length),
    nodes: document.body.querySelectorAll("*").length,
    keys: [own(chart), own(priceSeries)],
    transport: "value" in Object.getOwnPropertyDescriptor(qt.webChannelTransport, "onmessage"),
  };
})()"""
DRAWN = """(() => {
  const layers = Array.from(OrderPilotHeatmap.layers.values());
  return layers.length > 0 && layers.every((each) => each.picture.bitmap !== null);
})()"""
EXTRA_PANE = """(() => {
  if (window.extra) { chart.removeSeries(extra); window.extra = null; return; }
  window.extra = chart.addSeries(LightweightCharts.LineSeries, {}, chart.panes().length);
  extra.setData(priceSeries.data().map((each) => ({ time: each.time, value: each.low })));
})()"""
MOVE_CANDLES = """(() => {
  const count = chart.panes().length;
  if (count > 1) { priceSeries.moveToPane((priceSeries.getPane().paneIndex() + 1) % count); }
})()"""
TIDY = """(() => {
  if (window.extra) { chart.removeSeries(extra); window.extra = null; }
})()"""


def wave(first_minute: int, count: int, step_s: int = 60, price: float = 100_000.0) -> list[Any]:
    """Candles from some minutes after the exchange's first moment."""
    candles = []
    for number in range(count):
        middle = price * (1 + 0.0015 * ((number * 7) % 11 - 5))
        candles.append(
            {
                "time": START_MS // 1000 // 60 * 60 + first_minute * 60 + number * step_s,
                "open": middle * 0.9994,
                "high": middle * 1.0012,
                "low": middle * 0.9988,
                "close": middle * (1.0006 if number % 2 else 0.9992),
            }
        )
    return candles


CANDLE_TEXTS = {
    name: json.dumps(candles)
    for name, candles in {
        "usual": wave(-60, 180),
        "older": wave(-6000, 60),
        "newer": wave(0, 300),
        "longer": wave(-1500, 3000),
        "hours": wave(-6000, 150, 3600),
        "one": wave(0, 1),
        "none": [],
    }.items()
}
SETTINGS = (
    {"side": "split"},
    {"side": "both"},
    {"price_profile": True},
    {"price_profile": False},
    {"cluster_lines": True},
    {"cluster_lines": False},
    {"shape": "bands"},
    {"shape": "spots"},
    {"shape": "cells"},
    {"window": "2h"},
    {"window": "8h"},
    {"normalization": "log"},
    {"normalization": "sqrt"},
    {"decay": "off"},
    {"decay": "20m"},
    {"resolution": "200x900"},
    {"resolution": "auto"},
    {"clip_usd": 50_000.0},
    {"clip_usd": None},
    {"gap_hatch": False},
    {"gap_hatch": True},
)


class Session:
    """A host with a chart page, a running service, and whatever layers there are.

    More than 25 methods: each thing that a host may do at random is one.
    """

    def __init__(self, page: ChartPage, service: HeatmapService, exchange: ScriptedExchange):
        self.page = page
        self.service = service
        self.exchange = exchange
        self.chance = random.Random(SEED)
        self.layers: list[HeatmapLayer] = []
        self.bridge = HostBridge(page.page)
        self.channel: QWebChannel
        self.loads = 0
        self.wanted_loads = 0
        page.page.loadFinished.connect(self._on_loaded)
        script = COUNTING.replace("CANDLES", CANDLE_TEXTS["usual"])
        self.html = page_html().replace("</body>", f"<script>{script}</script></body>")

    def _on_loaded(self, is_ok: bool) -> None:
        self.loads += is_ok

    # -- the six of every round -------------------------------------------------------------

    def attach(self) -> None:
        layer = HeatmapLayer(
            self.page.page,
            channel=self.chance.choice((None, self.channel)),
            symbol=self.chance.choice(("BTCUSDT", "BTCUSDT", "AAPL", None)),
        )
        layer.set_time_offset(0.0)
        self.service.attach(layer)
        self.layers.append(layer)

    def detach(self) -> None:
        if not self.layers:
            return
        layer = self.layers.pop(self.chance.randrange(len(self.layers)))
        steps = [lambda: self.service.detach(layer), layer.detach]
        self.chance.shuffle(steps)
        for step in steps:
            step()

    def toggle(self) -> None:
        self.change({"enabled": not self.service.settings.enabled})

    def set_data(self) -> None:
        candles = CANDLE_TEXTS[self.chance.choice(tuple(CANDLE_TEXTS))]
        self.tell("priceSeries.priceScale().applyOptions({ mode: 0, autoScale: true })")
        self.tell(f"priceSeries.setData({candles})")
        self.tell("chart.timeScale().fitContent()")

    def resize(self) -> None:
        self.page.view.resize(self.chance.randrange(300, 900), self.chance.randrange(200, 600))

    def reload(self) -> None:
        self.wanted_loads += 1
        way = self.chance.randrange(3)
        if way == 0:
            self.page.page.triggerAction(self.page.page.WebAction.Reload)
        else:
            if way == 1:
                self.set_channel()
            self.page.page.setHtml(self.html, QUrl("http://host.invalid/charts/"))
        self.page.qtbot.waitUntil(lambda: self.loads >= self.wanted_loads, timeout=20_000)

    # -- and what comes in between ----------------------------------------------------------

    def open(self) -> None:
        self.set_channel()
        self.wanted_loads += 1
        self.page.page.setHtml(self.html, QUrl("http://host.invalid/charts/"))
        self.page.qtbot.waitUntil(lambda: self.loads >= self.wanted_loads, timeout=20_000)

    def set_channel(self) -> None:
        """Have another channel on the page, as a host does that shows another page."""
        before = self.page.page.webChannel()
        self.channel = QWebChannel(self.page.page)
        self.channel.registerObject("pyBridge", self.bridge)
        self.page.page.setWebChannel(self.channel)
        if before is not None:
            before.deregisterObject(self.bridge)
            before.deleteLater()

    def tell(self, script: str) -> None:
        failed = f"console.error({json.dumps(script)}, error.stack)"
        self.page.page.runJavaScript(f"try {{ {script}; }} catch (error) {{ {failed}; }}")

    def tell_full(self, script: str) -> None:
        """Tell a chart that has candles; without, the library itself fails at some calls."""
        self.tell(f"if (priceSeries.data().length > 1) {{ {script}; }}")

    def change(self, values: dict[str, Any]) -> None:
        self.service.apply_settings(self.service.settings.changed(**values))

    def change_setting(self) -> None:
        self.change(self.chance.choice(SETTINGS))

    def drag_opacity(self) -> None:
        for _ in range(5):
            self.change({"opacity": self.chance.random()})
        self.change({"palette": self.chance.choice(PALETTES)})

    def change_symbol(self) -> None:
        for layer in self.layers:
            layer.set_symbol(self.chance.choice(("BTCUSDT", "AAPL", None)))

    def pan(self) -> None:
        first = self.chance.uniform(-100, 200)
        last = first + self.chance.uniform(2, 300)
        self.tell_full(f"chart.timeScale().setVisibleLogicalRange({{ from: {first}, to: {last} }})")

    def zoom_prices(self) -> None:
        low = self.chance.uniform(98_000, 100_000)
        high = low + self.chance.uniform(50, 4_000)
        self.tell_full(
            "priceSeries.priceScale().applyOptions({ autoScale: false }),"
            f" priceSeries.priceScale().setVisibleRange({{ from: {low}, to: {high} }})"
        )

    def scale(self) -> None:
        options = {"mode": self.chance.randrange(4), "invertScale": self.chance.random() < 0.5}
        self.tell_full(f"priceSeries.priceScale().applyOptions({json.dumps(options)})")

    def change_panes(self) -> None:
        self.tell(self.chance.choice((EXTRA_PANE, EXTRA_PANE, MOVE_CANDLES)))

    def hover(self) -> None:
        view = self.page.view
        place = QPoint(
            self.chance.randrange(1, view.width()), self.chance.randrange(1, view.height())
        )
        QTest.mouseMove(view.focusProxy(), place)

    def liquidate(self) -> None:
        price = self.chance.uniform(99_400, 100_600)
        self.exchange.liquidate(price=f"{price:.1f}")

    def look(self) -> None:
        """Let the page come to the end of what it was told."""
        self.page.js("0")

    def play_round(self) -> None:
        six = (self.attach, self.toggle, self.set_data, self.resize, self.reload, self.detach)
        others = (
            self.change_setting,
            self.drag_opacity,
            self.change_symbol,
            self.pan,
            self.zoom_prices,
            self.scale,
            self.change_panes,
            self.hover,
            self.liquidate,
            self.look,
        )
        steps = [*six, *self.chance.choices(others, k=6)]
        self.chance.shuffle(steps)
        for step in steps:
            step()

    # -- what must be so ----------------------------------------------------------------------

    def assert_draws(self) -> None:
        """After all that, a layer that may draw does."""
        if not self.layers:
            self.attach()
        self.change({"enabled": True})
        self.tell(TIDY)
        self.tell(f"priceSeries.setData({CANDLE_TEXTS['usual']})")
        self.tell("priceSeries.priceScale().applyOptions({ mode: 0, autoScale: true })")
        self.tell("chart.timeScale().fitContent()")
        for layer in self.layers:
            layer.set_symbol("BTCUSDT")
        wait = self.page.qtbot.waitUntil
        wait(lambda: all(layer.is_ready for layer in self.layers), timeout=20_000)
        wait(lambda: self.page.js(DRAWN), timeout=20_000)
        assert [told_text(each) for each in self.service.status()["layers"]] == [""] * len(
            self.layers
        )

    def detach_all(self) -> None:
        left = list(self.layers)
        while self.layers:
            self.detach()
        # Those of earlier rounds too: right after a load a layer waits a moment before it leaves.
        self.page.qtbot.waitUntil(
            lambda: self.page.page.findChildren(HeatmapLayer) == [], timeout=20_000
        )
        assert all(layer.parent() is None for layer in left)
        # By themselves, and not because the last that refers to them has gone.
        assert set(self.channel.registeredObjects()) == {"pyBridge"}
        left.clear()
        gc.collect()

    def forget_late_answers(self) -> None:
        errors = self.page.page.console_errors
        errors[:] = [error for error in errors if error != LATE_ANSWER]

    def memory(self) -> dict[str, float]:
        """Measure what Python, the rest of this process and the page's process have in use."""
        page = self.page.page
        history = page.history()
        assert history is not None
        # It holds the text of each page that was shown.
        history.clear()
        self.page.js(PRESSURE)
        # What is known of the latest views: 64 at most, but until then more with each round.
        can_lay_rows.cache_clear()
        gc.collect()
        return {
            "objects": count_objects(),
            "python_mb": tracemalloc.get_traced_memory()[0] / MEGABYTE,
            "native_mb": native_mb(),
            "page_mb": resident_mb(page.renderProcessPid()),
        }

    def left_behind(self) -> dict[str, Any]:
        """Count what layers make, on both sides; call it when none is left."""
        page = self.page.page
        wait = self.page.qtbot.waitUntil
        wait(lambda: self.page.js("pyBridge !== null"), timeout=20_000)
        wait(lambda: self.page.js(LEFT)["transport"], timeout=20_000)
        wait(lambda: not self.page.js(LEFT)["script"], timeout=20_000)
        gc.collect()
        return {
            **self.page.js(LEFT),
            "children": sorted(type(child).__name__ for child in page.children()),
            "timers": len(page.findChildren(QTimer)),
            "alive": [
                type(each).__name__
                for each in gc.get_objects()
                if isinstance(each, HeatmapLayer | HeatmapBridge)
            ],
            "receivers": [
                page.receivers(signal)
                for signal in (page.loadStarted, page.loadFinished, page.renderProcessTerminated)
            ],
            "registered": sorted(self.channel.registeredObjects()),
            "feeds": len(self.service._attached.feeds) + len(self.service._attached.layers),
            "tasks": feed_tasks(self.service),
        }


def count_objects() -> int:
    """Count Python's objects, but for what Qt's log keeps for a test, and weak references.

    Nor events and increments of totals: what only the database's log holds is kept until it is
    written back. Nor addresses, of which the HTTP library keeps the latest hundreds. Nor timers
    that were cancelled, with their contexts: a loop keeps up to a hundred until they would have
    been due, more of them on a slow machine.
    """
    return sum(not is_spared(each) for each in gc.get_objects())


def is_spared(each: object) -> bool:
    match each:
        case weakref.ref() | LiquidationEvent() | (int(), LiquidationEvent() | dict()):
            return True
        case dict() if type(each) is dict and list(each) == ["BINANCE_USDM"]:
            return True
        case URL() | contextvars.Context():
            return True
        case asyncio.TimerHandle():
            return each.cancelled()
    return str(type(each).__module__).startswith("pytestqt")


class AllocatorInfo(ctypes.Structure):
    """What the C library tells of its allocator (mallinfo2), bytes but for some counts."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def native_mb() -> float:
    """Give what this process has allocated and not freed; fragments and caches do not count."""
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = AllocatorInfo
    info = tell()
    return float(info.uordblks + info.hblkhd) / MEGABYTE


def resident_mb(process: int) -> float:
    """Give a process's resident memory that is its own."""
    assert sys.platform == "linux"
    pages = Path(f"/proc/{process}/statm").read_text("utf-8").split()
    return (int(pages[1]) - int(pages[2])) * PAGE_BYTES / MEGABYTE


@pytest.fixture
def traced() -> Iterator[None]:
    """Have Python count what its objects take."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def feed_tasks(service: HeatmapService) -> list[str]:
    assert service._lifecycle.home.loop is not None
    names = [task.get_name() for task in asyncio.all_tasks(service._lifecycle.home.loop)]
    return [name for name in names if name == "Heatmap layer feed"]


@pytest.fixture
def session(qt_run: Callable[..., Any], chart_page: ChartPage, tmp_path: Path) -> Iterator[Session]:
    with ScriptedExchange() as exchange:
        service = make_service(exchange, tmp_path / "x.sqlite3", HeatmapSettings(enabled=True))
        qt_run(service.start(), timeout=20_000)
        session = Session(chart_page, service, exchange)
        session.open()
        yield session
        session.forget_late_answers()
        if service.is_running():
            qt_run(service.stop(), timeout=20_000)


@linux_only
@pytest.mark.timeout(480)
@pytest.mark.usefixtures("traced")
def test_two_hundred_rounds_in_any_order_leave_nothing_behind(
    session: Session, qt_run: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    page = session.page
    clean = session.left_behind()
    assert clean["alive"] == []
    assert clean["registered"] == ["pyBridge"]
    memory: dict[int, dict[str, float]] = {}
    for number in range(1, ROUNDS + 1):
        session.play_round()
        session.forget_late_answers()
        assert page.page.console_errors == []
        if number % CHECK_EVERY == 0:
            session.reload()
            session.assert_draws()
            session.detach_all()
            assert session.left_behind() == clean, f"after round {number}"
            # The slower the machine, the more reports come of a page that was left: each is logged.
            assert [each for each in caplog.records if each.levelname == "ERROR"] == []
            caplog.clear()
            memory[number] = session.memory()
    assert_host_works(page, session.bridge)
    sent = session.service.recorder_status()
    assert sent is not None
    assert sent.overflowed == 0
    qt_run(session.service.stop(), timeout=20_000)
    assert own_threads() == []
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
    for name, (first_round, limit) in MEASURED.items():
        values = [each[name] for number, each in memory.items() if number >= first_round]
        assert sum(values[-4:]) / 4 - sum(values[:4]) / 4 < limit, (name, values)
