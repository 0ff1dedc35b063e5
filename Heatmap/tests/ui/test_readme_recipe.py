"""The lines that Heatmap/README.md has a host add run as they are written."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QTabWidget

import Heatmap
from Heatmap.tests.ui.chart_page import ChartPage
from Heatmap.tests.ui.test_panels import NOW_MS, NOWHERE

README = Path(Heatmap.__file__).parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
REST = "...\n"
DATABASE = 'db="heatmap.sqlite3"'


def compiled(source: str) -> CodeType:
    return compile(source, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.qt_log_ignore("Registered new object after initialization")
def test_each_block_runs_as_it_is_written(
    chart_page: ChartPage,
    qtbot: Any,
    qt_run: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    chart_page.create_chart()
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    names: dict[str, Any] = {
        "view": chart_page.view,
        "qsettings": QSettings("host.ini", QSettings.Format.IniFormat),
        "tabs": tabs,
        "ts_ms": NOW_MS,
        "from_ms": NOW_MS - 3_600_000,
        "to_ms": NOW_MS,
    }

    async def run(source: str) -> None:
        done = eval(compiled(source), names)  # noqa: S307 - of our own document
        if done is not None:
            await done

    first, *others = BLOCKS
    assert len(others) == 2
    # The real exchange is left alone.
    assert DATABASE in first
    addresses = ", ".join(f"{name}={url!r}" for name, url in NOWHERE.items())
    begin, end = first.replace(DATABASE, f"{DATABASE}, {addresses}").split(REST)
    qt_run(run(begin))
    qtbot.waitUntil(lambda: names["layer"].is_ready, timeout=10_000)
    for one in others:
        qt_run(run(one))
    for part in ("tape", "totals", "bar"):
        names[part].show()
        qtbot.addWidget(names[part])
    assert tabs.count() == 1
    assert names["candles"] == ()
    (layer,) = names["service"].status()["layers"]
    assert layer["symbol"] == names["tape"].symbol == names["totals"].symbol == "BTCUSDT"
    assert not names["replay"].is_active
    assert (tmp_path / "heatmap.sqlite3").exists()
    qt_run(run(end))
    assert names["service"].status()["layers"] == []
    assert not names["service"].is_running()
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("!('OrderPilotHeatmap' in window)"), timeout=10_000
    )
