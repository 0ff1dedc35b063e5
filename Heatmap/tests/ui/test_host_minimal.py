"""The example of a host: under 80 lines, and it runs, with an exchange and without one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import Heatmap.examples
from Heatmap.runtime.compat import override
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.behaviour.scripted_exchange import force_order

CLOSED = ("ws://127.0.0.1:9", "http://127.0.0.1:9")
START_MS = 1_733_360_400_000  # 2024-12-05T01:00:00Z
CANDLES = 240
"""How many the example asks for."""

SCRIPT = """
import json, runpy, sys
from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication, QTabWidget

folder, wanted, *sys.argv[1:] = sys.argv[1:]
QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
LOOK = '''(() => {
  try {
    const hot = (layer) =>
      layer.picture.grid !== null && layer.picture.grid.cells.some((c) => c > 0);
    return JSON.stringify({
      candles: priceSeries.data().length,
      hot: Array.from(OrderPilotHeatmap.layers.values()).filter(hot).length,
    });
  } catch (error) {
    return "{}";  // the page is still loading
  }
})()'''
looks = 0

def find():
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QTabWidget) and widget.isVisible():
            print("tabs:", [widget.tabText(i) for i in range(widget.count())], flush=True)
            return look(widget) if json.loads(wanted) else widget.close()
    QTimer.singleShot(100, find)

def look(tabs):
    tabs.findChild(QWebEngineView).page().runJavaScript(LOOK, lambda text: judge(tabs, text))

def judge(tabs, text):
    global looks
    looks += 1
    if json.loads(text) == json.loads(wanted) or looks == 600:
        print("page:", text, flush=True)
        tabs.close()
    else:
        QTimer.singleShot(100, lambda: look(tabs))

original = QApplication.__init__
def start(self, *words):
    original(self, *words)
    QTimer.singleShot(100, find)
QApplication.__init__ = start
runpy.run_module("Heatmap.examples.host_minimal", run_name="__main__", alter_sys=True)
"""


class BusyMarket(SimulatedMarket):
    """Liquidates once a second, at the mark price, and never before the test begins."""

    @override
    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        first_ms = -(-max(start_ms, START_MS) // 1000) * 1000
        return [
            force_order(push_ms - 5, price=f"{self.mark_price(push_ms):.1f}")
            for push_ms in range(first_ms, end_ms, 1000)
        ]


def run_example(folder: Path, wanted: dict[str, int], *addresses: str) -> str:
    """Run the example until its page has what is wanted; returns what the script has printed."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", SCRIPT, str(folder), json.dumps(wanted), *addresses],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if sys.platform != "win32" and done.returncode == -signal.SIGKILL:
        pytest.skip("the machine ran out of memory")
    assert done.returncode == 0, done.stderr
    # Chromium's word for a chart that follows its window's size in the next frame.
    said = done.stderr.replace("js: ResizeObserver loop completed with undelivered", "")
    for sign in ("Traceback", "never retrieved", "was destroyed", "js:"):
        assert sign not in said, done.stderr
    assert "tabs: ['Chart', 'Heatmap']" in done.stdout
    return done.stdout


def test_it_has_fewer_than_eighty_lines() -> None:
    assert (
        len(
            (Path(Heatmap.examples.__file__).parent / "host_minimal.py")
            .read_text("utf-8")
            .splitlines()
        )
        < 80
    )


def test_it_runs_until_its_window_is_closed(tmp_path: Path) -> None:
    """The exchange refuses, on a closed port of loopback, and the host goes on all the same."""
    run_example(tmp_path, {}, *CLOSED)
    assert (tmp_path / "data" / "Heatmap" / "heatmap.sqlite3").exists()


def test_it_shows_the_candles_and_the_heat_of_an_exchange(
    qt_run: Callable[..., Any], tmp_path: Path
) -> None:
    clock = DataClock.replay(START_MS, 1.0)
    exchange = LoopbackExchange(BusyMarket(3), clock)
    qt_run(exchange.start(), timeout=20_000)
    clock.start()
    try:
        said = run_example(
            tmp_path, {"candles": CANDLES, "hot": 1}, exchange.ws_url, exchange.rest_url
        )
    finally:
        qt_run(exchange.stop(), timeout=20_000)
    assert json.loads(said.partition("page: ")[2]) == {"candles": CANDLES, "hot": 1}
