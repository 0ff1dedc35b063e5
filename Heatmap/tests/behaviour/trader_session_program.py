"""The program, used by a trader's mouse and keyboard: keys and clicks come from the X server.

Run by `test_trader_session`, as ``python -m Heatmap.tests.behaviour.trader_session_program
first|second FOLDER WORDS...``, where the words are those of ``python -m Heatmap``. Nothing of the
program is replaced: its window only starts the session when it is shown.
"""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from PyQt6.QtCore import QPoint, QRect, QTimer
from PyQt6.QtGui import QGuiApplication, QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QTabBar, QToolButton, QWidget

from Heatmap.__main__ import main
from Heatmap.runtime.compat import override
from Heatmap.standalone import application
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.window import ChartWindow
from Heatmap.ui.panels.as_of_dialog import AsOfDialog

RETRY_S = 3.0
WAIT_S = 25.0
LARGE_USD = 2_500_000.0
PICTURES = "TRADER_PICTURES"
HOUR_MS = 3_600_000
_failed: list[str] = []


class Trader:
    """Sees the screen, types and clicks. Waits for what is to be seen, never for a time."""

    def __init__(self, window: ChartWindow, folder: Path) -> None:
        self.window = window
        self.folder = folder
        self._step = 0

    # -- hands --------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys by their names in X, as ``shift+2``."""
        _xdotool("key", *keys)

    def write(self, text: str) -> None:
        """Type letters."""
        _xdotool("type", "--delay", "15", text)

    def click(self, widget: QWidget, at: QPoint | None = None, times: int = 1) -> None:
        """Click on a widget, in its middle."""
        place = widget.mapToGlobal(widget.rect().center() if at is None else at)
        # Over it first: a chart takes no click at a place where the mouse never was.
        _xdotool("mousemove", str(place.x() - 3), str(place.y()))
        QTest.qWait(20)
        _xdotool("mousemove", str(place.x()), str(place.y()))
        QTest.qWait(20)
        _xdotool("click", "--repeat", str(times), "--delay", "40", "1")

    # -- eyes ---------------------------------------------------------------------------------

    def until(self, condition: Callable[[], object], awaited: str) -> None:
        """Wait until something is to be seen."""
        end_s = monotonic() + WAIT_S
        while not condition():
            if monotonic() > end_s:
                self.keep(f"failed {awaited}")
                told = f"{self.window.windowTitle()}; {self.window.status_text()}"
                raise AssertionError(f"not seen: {awaited}; {told}")
            QTest.qWait(20)

    def shown(self, kind: type[QDialog]) -> Any:
        """Return a dialog, once it is there and has the keyboard.

        There is no window manager that would give it.
        """
        found: list[QDialog] = []

        def is_there() -> bool:
            found[:] = [one for one in self.window.findChildren(kind) if one.isVisible()]
            if found and not found[0].isActiveWindow():
                found[0].activateWindow()
            return bool(found) and found[0].isActiveWindow()

        self.until(is_there, kind.__name__)
        return found[0]

    def focus_window(self) -> None:
        """Give the window the keyboard, as a window manager does after a dialog."""

        def is_active() -> bool:
            if not self.window.isActiveWindow():
                self.window.activateWindow()
            return self.window.isActiveWindow()

        self.until(is_active, "a window with the keyboard")

    def js(self, script: str) -> Any:
        """Ask the page."""
        answers: list[Any] = []
        self.window.page.runJavaScript(script, answers.append)
        self.until(lambda: answers, script)
        return answers[0]

    def offered(self) -> list[str]:
        """Return the lines of the list of symbols, heads too; none where it is shut."""
        shown = self.window.tool_bar.symbols.list
        model = shown.model()
        if not shown.isVisible() or model is None:
            return []
        return [str(model.index(at, 0).data()) for at in range(model.rowCount())]

    def screen(self) -> QImage:
        """Return all that is on the screen, dialogs too."""
        screen = QGuiApplication.primaryScreen()
        assert screen is not None
        return screen.grabWindow(0).toImage()  # type: ignore[arg-type]  # 0: the screen

    def chart_pixels(self) -> Any:
        """Return the chart as it is on the screen, (height, width, 3) int."""
        corner = self.window.view.mapToGlobal(QPoint(0, 0))
        image = self.screen().copy(QRect(corner, self.window.view.size()))
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        bits = image.constBits()
        assert bits is not None
        rows = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8)
        rows = rows.reshape(image.height(), image.bytesPerLine())
        return rows[:, : 3 * image.width()].reshape(image.height(), -1, 3).astype(int)

    def colours(self) -> int:
        """Return how many colours the chart has on the screen: a bare one has a hundred."""
        return len(np.unique(self.chart_pixels()[::2, ::2].reshape(-1, 3), axis=0))

    def changed_part(self, before: Any) -> float:
        """Return which part of the chart looks otherwise than in an earlier picture."""
        now = self.chart_pixels()
        if now.shape != before.shape:
            return 0.0
        return float((np.abs(now - before).max(axis=2) > 16).mean())

    def keep(self, name: str) -> None:
        """Save a picture of a step, where pictures are wanted."""
        folder = os.environ.get(PICTURES)
        self._step += 1
        if folder:
            QTest.qWait(900)
            self.screen().save(str(Path(folder) / f"{self.folder.name}-{self._step:02} {name}.png"))

    def layer(self) -> dict[str, Any]:
        """Return what the service says of the window's layer."""
        service = self.window.market.service
        layers = [] if service is None else service.status()["layers"]
        return layers[0] if layers else {}

    def sees(self, symbol: str, price: float) -> bool:
        """Whether title, layer and candles are of one symbol."""
        closes = self.window.market.closes
        return (
            self.window.windowTitle().startswith(f"{symbol} ")
            and self.window.layer.symbol == symbol
            and self.layer().get("state") == "drawn"
            and closes is not None
            and abs(closes[-1] / price - 1) < 0.05
        )


def first_session(trader: Trader) -> None:
    """A first start, another symbol, what others do with it, and German."""
    window = trader.window
    trader.until(lambda: trader.sees("BTCUSDT", 98_000), "BTCUSDT")
    # What was liquidated before the first start is not known, and no amount is invented.
    assert window.docks.tape.model.rowCount() == 0
    trader.press("shift+1")
    trader.until(lambda: window.market.settings.heat == "recorded", "the recorded heat")
    trader.until(lambda: window.status_bar.line.words.startswith("Live"), "Live")
    trader.keep("first start")
    # The first map needs no recording: it is there in the first minute.
    before = trader.chart_pixels()
    trader.press("shift+2")
    trader.until(lambda: window.market.settings.heat == "predicted", "predicted levels")
    trader.until(lambda: trader.changed_part(before) > 0.02, "predicted levels on the chart")
    trader.keep("predicted")
    _symbol_and_back(trader)
    trader.press("shift+3")
    trader.until(lambda: window.market.settings.heat == "both", "both")
    # What is liquidated now comes into the tape; the test's exchange hears of it by a file.
    (trader.folder / "liquidate").write_text("now")
    trader.until(lambda: window.docks.tape.model.rowCount() == 2, "two liquidations in the tape")
    amounts = sorted(row[2] for row in window.docks.tape.model.rows)
    assert abs(amounts[0] / 40_000 - 1) < 0.01, amounts
    assert abs(amounts[1] / 300_000 - 1) < 0.01, amounts
    trader.keep("first liquidations")
    _choose_german(trader)
    trader.press("ctrl+q")


def _symbol_and_back(trader: Trader) -> None:
    """Find another symbol by typing, and the first one again."""
    window = trader.window
    # What the exchange has is asked for when the list is opened first.
    box = window.tool_bar.symbols
    trader.press("ctrl+k")
    trader.until(lambda: "ETHUSDT" in trader.offered(), "what the exchange has")
    trader.press("Escape")
    trader.until(lambda: not box.list.isVisible(), "a list that is shut")
    # A letter on the chart begins a symbol.
    trader.click(window.view)
    trader.write("eth")
    trader.until(lambda: box.text().upper() == "ETH", "what was typed")
    trader.until(lambda: trader.offered()[1:] == ["ETHUSDT"], "the symbol that was typed")
    trader.keep("symbol search")
    trader.press("Return")
    trader.until(lambda: trader.sees("ETHUSDT", 3_009), "ETHUSDT")
    assert not box.list.isVisible()
    trader.keep("another symbol")
    trader.press("ctrl+k")
    trader.until(trader.offered, "the list of symbols again")
    trader.write("btc")
    trader.until(lambda: trader.offered()[1:] == ["BTCUSDT"], "the other symbol")
    trader.press("Return")
    trader.until(lambda: trader.sees("BTCUSDT", 98_000), "BTCUSDT again")


def _choose_german(trader: Trader) -> None:
    """Choose German in the settings: another window stands in the place of this one at once."""
    window = trader.window
    trader.press("ctrl+comma")
    trader.until(lambda: window.findChild(SettingsDock) is not None, "the settings")
    trader.keep("settings")
    bar = window.findChild(SettingsDock).findChild(QTabBar)
    assert bar is not None
    languages = window.findChild(QWidget, "language")
    assert languages is not None

    def is_led_to() -> bool:
        # The dock may still find its place under the first click.
        if not languages.isVisible():
            trader.click(bar, bar.tabRect(1).center())
        return languages.isVisible()

    trader.until(is_led_to, "the choice of a language")
    german = next(one for one in languages.findChildren(QToolButton) if one.text() == "Deutsch")

    def is_chosen() -> bool:
        # The page may still find its place under the first click.
        if not german.isChecked():
            trader.click(german)
        return german.isChecked()

    trader.until(is_chosen, "German as the choice")

    def others() -> list[ChartWindow]:
        shown = [one for one in QApplication.topLevelWidgets() if isinstance(one, ChartWindow)]
        return [one for one in shown if one is not window and one.settings_page == 1]

    trader.until(others, "a window in German, with its settings")
    trader.window = others()[0]
    titles = [one.windowTitle() for one in trader.window.docks._docks]
    assert titles == ["Summen", "Ticker", "Alarme"], titles
    trader.until(lambda: trader.sees("BTCUSDT", 98_000), "BTCUSDT in German")
    trader.keep("German at once")
    trader.focus_window()


def second_session(trader: Trader) -> None:
    """The next day, in German: tape, bubbles, replay, an hour ago, a picture."""
    window, tape, bar = trader.window, trader.window.docks.tape, trader.window.replay.bar
    trader.until(lambda: trader.sees("BTCUSDT", 98_000), "BTCUSDT")
    trader.keep("both in German")
    titles = [one.windowTitle() for one in window.docks._docks]
    assert titles == ["Summen", "Ticker", "Alarme"], titles
    trader.until(lambda: tape.model.rowCount() > 100, "rows in the tape")
    _tape_and_chart(trader)
    _replay(trader)
    # As of an hour ago: by the button of its dialog, and Enter.
    trader.press("ctrl+t")
    dialog = trader.shown(AsOfDialog)
    trader.keep("as of, asked")
    trader.click(dialog.ago[0])
    trader.press("Return")
    trader.until(lambda: window.replay.shown_ms is not None, "an earlier time")
    shown_ms, service = window.replay.shown_ms, window.market.service
    assert service is not None
    assert shown_ms is not None
    assert abs(service.clock() - HOUR_MS - shown_ms) < 60_000
    trader.focus_window()
    trader.until(lambda: window.status_bar.line.words.startswith("Stand "), "the word for it")
    trader.until(lambda: _newest_ms(trader) <= shown_ms, "no later candle")
    trader.until(lambda: tape.model.rows and tape.model.rows[0][0] <= shown_ms, "no later row")
    trader.keep("as of an hour ago")
    trader.press("Escape")
    trader.until(bar.isHidden, "the present")
    trader.until(lambda: _newest_ms(trader) > shown_ms, "candles of the present")
    trader.until(lambda: trader.colours() > 200, "the heat of the present")
    # A picture in a file, by the keyboard alone.
    trader.press("ctrl+s")
    dialog = trader.shown(QFileDialog)
    target = trader.folder / "picture.png"
    trader.keep("save, asked")
    trader.press("ctrl+a")
    trader.write(str(target))
    trader.press("Return")
    trader.until(target.is_file, "the picture's file")
    trader.focus_window()
    trader.until(lambda: str(target) in window.status_bar.line.words, "that it was saved")
    trader.keep("saved")
    trader.press("ctrl+q")


def _tape_and_chart(trader: Trader) -> None:
    """From the oldest row to its place on the chart, and from the bubble there to its row."""
    window, tape = trader.window, trader.window.docks.tape
    trader.click(tape.view)
    trader.press("ctrl+End")
    oldest = tape.model.rowCount() - 1
    trader.until(lambda: tape.view.currentIndex().row() == oldest, "the oldest row")
    trader.press("Return")
    at_ms = tape.model.rows[oldest][0]

    def is_in_sight() -> bool:
        seen = trader.js("chart.timeScale().getVisibleRange()")
        return bool(seen and seen["from"] * 1000 <= at_ms <= seen["to"] * 1000)

    trader.until(is_in_sight, "the oldest liquidation on the chart")
    large = next(row for row in tape.model.rows if row[2] > LARGE_USD * 0.99)
    # The candle in whose time it was, whatever the interval; the chart stands below its strip.
    where = (
        f"((at) => [chart.timeScale().timeToCoordinate(at.time), "
        f"candleSeries.priceToCoordinate({large[1]}) + "
        f"chart.chartElement().getBoundingClientRect().top])"
        f"(candleSeries.data().findLast((one) => one.time * 1000 <= {large[0]}))"
    )
    trader.keep("row on the chart")

    def is_found() -> bool:
        x, y = trader.js(where)
        if x is None or y is None:
            return False
        trader.click(window.view, QPoint(round(x), round(y)))
        end_s = monotonic() + 1.5
        while monotonic() < end_s:
            event = tape.chosen_event()
            if event is not None and event.ts_ms == large[0]:
                return True
            QTest.qWait(20)
        return False

    # The picture for another part of the chart comes a moment after it was scrolled.
    trader.until(is_found, "the bubble's row")
    trader.keep("bubble's row in the tape")


def _replay(trader: Trader) -> None:
    """Begin, play, pause, seek by a click on the recording, go on by a candle, and end."""
    window, bar = trader.window, trader.window.replay.bar
    trader.click(window.view, QPoint(60, 60))
    trader.press("ctrl+r")
    trader.until(lambda: bar.isVisible() and bar.timeline.recorded is not None, "the replay bar")
    trader.until(lambda: ": BTCUSDT" in window.windowTitle(), "the title of a replay")
    replay = bar.replay
    assert replay is not None
    if not replay.is_playing:
        trader.press("space")
    trader.until(lambda: replay.is_playing, "a replay that plays")
    began_ms = replay.now_ms()
    trader.until(lambda: replay.now_ms() > began_ms, "time that goes on")
    trader.press("space")
    trader.until(lambda: not replay.is_playing, "a pause")
    stands_ms = replay.now_ms()
    line = bar.timeline
    wanted_ms = stands_ms - 3 * HOUR_MS

    clicked_s = -RETRY_S

    def is_sought() -> bool:
        # The line may still find its place, or learn of more that is recorded, under a click.
        nonlocal clicked_s
        is_there = abs(replay.now_ms() - wanted_ms) < 5 * 60_000
        if not is_there and monotonic() - clicked_s > RETRY_S:
            clicked_s = monotonic()
            trader.click(line, QPoint(line.x_of(wanted_ms), line.height() // 3))
        return is_there

    trader.until(is_sought, "the time that was sought")
    sought_ms = replay.now_ms()
    assert not replay.is_playing
    trader.until(lambda: 0 < _newest_ms(trader) <= sought_ms, "candles of that time")
    trader.until(
        lambda: _newest_ms(trader) > sought_ms - 5 * 60_000, "the last candle of that time"
    )
    trader.until(lambda: window.status_bar.line.words.startswith("Wiedergabe"), "the word for it")
    trader.keep("replay, sought")
    trader.press("shift+Right")
    trader.until(lambda: replay.now_ms() > sought_ms, "one candle on")
    assert replay.now_ms() - sought_ms <= 5 * 60_000
    trader.press("Escape")
    trader.until(bar.isHidden, "the present again")
    trader.until(lambda: _newest_ms(trader) > stands_ms, "candles of the present")


def _newest_ms(trader: Trader) -> int:
    """Return when the newest candle on the page begins, and 0 without one."""
    found = trader.js("candleSeries.data().slice(-1).map((one) => one.time)")
    return int(found[0] * 1000) if found else 0


def _xdotool(*words: str) -> None:
    subprocess.run(["xdotool", *words], check=True, timeout=20)  # noqa: S603, S607


def run(session: Callable[[Trader], None], folder: Path, words: list[str]) -> int:
    """Run the program with a session, and return its exit code, or 3 where the session failed."""
    traders: list[Trader] = []

    class UsedWindow(ChartWindow):
        @override
        async def load(self) -> None:
            self.setGeometry(0, 0, 1440, 900)
            await super().load()
            # Not in a window that stands in the place of another.
            if not traders:
                traders.append(Trader(self, folder))
                QTimer.singleShot(0, self._use)

        def _use(self) -> None:
            trader = traders[0]
            try:
                trader.focus_window()
                session(trader)
            except BaseException:  # noqa: BLE001 - told by the exit code, below
                _failed.append(traceback.format_exc())
                QApplication.closeAllWindows()
                trader.window.quit_asked.emit()

    # Qt finds the translation of a window's texts by the name of its class.
    UsedWindow.__name__ = ChartWindow.__name__
    application.ChartWindow = UsedWindow  # type: ignore[misc]
    code = main(words)
    sys.stderr.write("".join(_failed))
    return 3 if _failed else code


if __name__ == "__main__":
    SESSIONS = {"first": first_session, "second": second_session}
    sys.exit(run(SESSIONS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3:]))
