"""Window and chart in other languages: every text is translated, and numbers are the locale's."""

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QCoreApplication, QPoint, QSettings
from PyQt6.QtGui import QAction
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QStatusBar,
    QToolButton,
    QWidget,
)

from Heatmap.errors import Failure, FailureKind
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.language_choice import keep_language, stored_language
from Heatmap.standalone.sources import Source, open_simulated
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.ui.chart_page import ChartPage, Recording
from Heatmap.tests.ui.marking_translator import MarkingTranslator
from Heatmap.ui import HeatmapLayer, failure_words, install_translation
from Heatmap.ui.number_texts import decimal_number, short_usd, whole_number

LISTEN = """(() => {
  window.drawn = [];
  const plain = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    drawn.push(String(text));
    return plain.call(this, text, ...rest);
  };
  return 0;
})()"""
# The box at the crosshair is an element above the chart.
BOX = """Array.from(chart.chartElement().querySelectorAll("div"))
  .filter((one) => one.style.position === "fixed" && one.style.display === "block")
  .map((one) => one.innerText).join("")"""
# A page that many others keep waiting answers late: no wait within another one is shorter.
LIMIT_MS = 90_000
SETTINGS = HeatmapSettings(
    enabled=True,
    heat="both",
    window="8h",
    cluster_lines=True,
    minimum_notional=1.0,
    side="both",
)
# What is the same in every language: names, units, the axis's own times and prices.
MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
NAMES = re.compile(rf"\d?\d ({MONTH})( '\d\d)?|\d+[mhd]|BTCUSDT|UTC|Heatmap")

# What the strip above the chart says, and what there is to read behind it.
STRIP = (
    "[...document.querySelectorAll('#strip span')].filter((each) => !each.children.length)"
    ".map((each) => each.textContent.trim())"
    ".concat(document.getElementById('legend').title.split('\\n'))"
)


class LongTranslator(MarkingTranslator):
    """Puts each text into brackets and makes it 40 % longer."""

    def translate(
        self,
        _context: str | None,
        source: str | None,
        _disambiguation: str | None = None,
        _n: int = -1,
    ) -> str:
        text = source or ""
        return f"⟦{text}{'~' * math.ceil(0.4 * len(text))}⟧"


class Opened:
    """The window over a simulated market, and what the tests ask of it."""

    def __init__(self, qtbot: Any) -> None:
        self.qtbot = qtbot
        self.window: ChartWindow
        self.source: Source

    async def open(self, folder: Path) -> None:
        store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.source = await open_simulated(SETTINGS, folder / "demo.sqlite3")
        self.window = ChartWindow(store, "dark")
        self.window.show()
        await self.window.load()
        self.js(LISTEN)
        await self.window.show_source(self.source)
        await self.window.wait_for_candles(None)
        self.source.begin()

    async def close(self) -> None:
        await self.window.leave()
        await self.source.close()
        self.window.close()
        self.window.deleteLater()

    def js(self, script: str, take: Callable[[Any], None] = lambda _answer: None) -> None:
        self.window.page.runJavaScript(f"JSON.stringify({script})", take)

    def ask(self, script: str) -> Any:
        answers: list[Any] = []
        self.js(script, answers.append)
        self.qtbot.waitUntil(lambda: bool(answers), timeout=LIMIT_MS)
        return json.loads(answers[0])

    def drawn(self) -> list[str]:
        return [str(text) for text in self.ask(f"drawn.concat({STRIP})")]

    def wait_until_drawn(self, part: str) -> None:
        self.qtbot.waitUntil(lambda: any(part in text for text in self.drawn()), timeout=LIMIT_MS)

    def box(self, part: str) -> str:
        """Give the words at the crosshair once these are among them, left of the pane's middle.

        The market is that of the present: at some times the price has just swept what stood at a
        height, so several are tried. A pointer that moves on drops the question on its way, so it
        rests for longer than an answer takes; the chart may move under it, and close the box.
        """
        target = self.window.view.focusProxy()
        assert isinstance(target, QWidget)
        end_s = monotonic() + LIMIT_MS / 1000
        for tenths in cycle((5, 2, 6, 3, 1, 4)):
            QTest.mouseMove(target, QPoint(target.width() // 3, target.height() * tenths // 10))
            rest_s = monotonic() + 5.0
            while monotonic() < rest_s:
                said = str(self.ask(BOX))
                if part in said:
                    return said
                self.qtbot.wait(50)
            assert monotonic() < end_s, said
        raise AssertionError

    def texts_of_widgets(self) -> list[str]:
        window = self.window
        texts = [window.windowTitle()]
        texts += [action.text() for action in window.findChildren(QAction)]
        for widget in window.findChildren(QWidget):
            texts.append(widget.toolTip())
            if isinstance(widget, QLabel | QAbstractButton):
                texts.append(widget.text())
            elif isinstance(widget, QComboBox):
                texts += [widget.itemText(index) for index in range(widget.count())]
        return texts


@pytest.fixture
def opened(
    qtbot: Any, qt_run: Callable[..., Any], tmp_path: Path
) -> Iterator[Callable[[], Opened]]:
    shown = Opened(qtbot)

    def open_it() -> Opened:
        qt_run(shown.open(tmp_path), timeout=90_000)
        return shown

    yield open_it
    errors = list(shown.window.page.console_errors)
    qt_run(shown.close(), timeout=30_000)
    assert errors == []


@pytest.fixture
def long_language(qapp: QApplication) -> Iterator[None]:
    translator = LongTranslator()
    assert qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    install_translation(qapp, "de")
    yield
    install_translation(qapp, "en")


def untranslated(texts: list[str]) -> list[str]:
    """Return what stands outside of all brackets, and is a word."""
    # In a row: on the chart a text may take several lines.
    before, text = "", "\n".join(texts)
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    lines = {NAMES.sub("", line).strip() for line in text.split("\n")}
    return sorted(line for line in lines if re.search(r"[^\W\d_]{2,}", line))


@pytest.mark.usefixtures("long_language")
def test_every_text_of_the_window_goes_through_its_translation_and_has_room(
    opened: Callable[[], Opened],
) -> None:
    shown = opened()
    for part in ("⟦Colour:", "⟦≈ at a level", "⟦Recorded since", "⟦longs ≥", "⟦SIMULATED"):
        shown.wait_until_drawn(part)
    box = shown.box("⟦From the price to here")
    shown.window.refresh_status()
    texts = [*shown.texts_of_widgets(), box, *shown.drawn()]
    assert len(set(texts)) > 40
    assert untranslated(texts) == []
    # Nothing is cut off. The status bar has its tool tip.
    for widget in shown.window.findChildren(QWidget):
        is_words = isinstance(widget, QLabel | QAbstractButton) and widget.isVisible()
        # One sign, such as that which closes a panel, has room without the margins of words.
        if is_words and len(widget.text()) != 1 and not isinstance(widget.parent(), QStatusBar):
            assert widget.width() >= widget.minimumSizeHint().width(), widget.text()
    more = shown.window.tool_bar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert more is None or not more.isVisible()


@pytest.mark.usefixtures("german")
def test_the_window_speaks_german(opened: Callable[[], Opened]) -> None:
    shown = opened()
    shown.wait_until_drawn("Farbe: erwartete USD je 0,1 % Kurs")
    shown.wait_until_drawn("Aufgezeichnet seit")
    window = shown.window
    # All choices are at hand, also in the widest font.
    window.resize(1_440, 900)
    bar = window.tool_bar
    shown.qtbot.waitUntil(lambda: bar.width() == 1_440, timeout=LIMIT_MS)
    assert bar.level == 0
    window.refresh_status()
    assert "SIMULIERT: live seit" in window.status_bar.text()
    box = shown.box("Vom Kurs bis hier")
    # Prices have the digits of the tick, on the axis as at the crosshair.
    price = 98_240.125
    digits = shown.ask("candleSeries.options().priceFormat.precision")
    axis = shown.ask(f"candleSeries.priceFormatter().format({price})")
    assert axis == decimal_number(price, digits)
    assert re.search(r"\d\d\.\d\d\d,\d", box.split("\n")[0])


def amounts() -> list[float]:
    random = np.random.default_rng(2)
    fixed = [0.0, 0.5, 1.0, 9.99, 999.9, 1_000.0, 999_999.0, 1_027_145.0, 2.5e9, 1e6, 29_999.9]
    return [*fixed, *np.exp(random.uniform(-3, 24, 1_000)).tolist()]


@pytest.mark.parametrize("language", ["en", "de"])
def test_python_and_the_page_write_the_same_numbers(
    language: str,
    qapp: QApplication,
    shown: Callable[..., HeatmapLayer],
    chart_page: ChartPage,
    listener: Recording,
) -> None:
    chart_page.create_chart()
    install_translation(qapp, language)
    try:
        shown()
        # A load that leaves the page as it was has the layer's files run again.
        ready = listener.ready
        chart_page.page.loadFinished.emit(True)
        chart_page.qtbot.waitUntil(lambda: listener.ready > ready, timeout=10_000)
        page = f"OrderPilotHeatmap.amounts.usdText, {amounts()}"
        said = chart_page.js(f"((f, all) => all.map(f))({page})")
        assert said == [short_usd(usd) for usd in amounts()]
        page = f"OrderPilotHeatmap.language.wholeNumber, {amounts()}"
        said = chart_page.js(f"((f, all) => all.map(f))({page})")
        assert said == [whole_number(usd) for usd in amounts()]
        assert short_usd(1_027_145.0) == ("1.02M" if language == "en" else "1,02M")
    finally:
        install_translation(qapp, "en")


def test_times_and_numbers_of_a_failure_are_the_locale_s(qapp: QApplication) -> None:
    values = {"target": "x", "wanted_mib": 1234.5, "free_mib": 2.25}
    grown = {"path": "x", "limit_mib": 4, "size_mib": 9, "since_ms": 1_733_360_340_000}
    install_translation(qapp, "de")
    try:
        assert "nötig 1234,50 MiB, frei 2,25 MiB" in failure_words(
            Failure(FailureKind.NO_ROOM, values)
        )
        assert "seit 5. Dez. 2024 00:59 UTC größer" in failure_words(
            Failure(FailureKind.LOG_LARGE, grown)
        )
    finally:
        install_translation(qapp, "en")


def test_a_language_that_is_kept_is_that_of_the_next_start(tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    assert stored_language(store) == "system"
    keep_language(store, "de")
    assert stored_language(store) == "de"
    store.setValue("Window/language", "fr")
    assert stored_language(store) == "system"


def test_another_language_is_refused(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="fr"):
        install_translation(qapp, "fr")


def test_german_has_the_words_of_qt_s_own_buttons(qapp: QApplication) -> None:
    before = QCoreApplication.translate("QPlatformTheme", "Cancel")
    install_translation(qapp, "de")
    try:
        assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"
    finally:
        install_translation(qapp, "en")
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == before == "Cancel"
