"""The settings' page of the recording: cards of symbols, and what was recorded of the last day."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QLineEdit, QPushButton, QTabWidget, QWidget

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.ui.settings_controls import enter
from Heatmap.tests.unit.stored_events import EVENT
from Heatmap.ui import HeatmapSettingsTab

NOW_MS = 1_733_360_400_000
HOUR_MS = 3_600_000
# Nobody answers there: what is shown comes from the file.
NOWHERE = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}


@pytest.fixture
def shown(
    qtbot: Any, qt_run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HeatmapSettingsTab]:
    """Show the page of a recording of two symbols, of which one has a hole."""
    path = tmp_path / "x.sqlite3"
    # The database's name begins as the user's folder does, and is not in it.
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "x")
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([replace(EVENT, ts_ms=NOW_MS - at * 60_000) for at in range(1, 8)])
        store.write([replace(EVENT, symbol="SOLUSDT", ts_ms=NOW_MS - 2 * HOUR_MS)])
        store.extend_coverage("BTCUSDT", NOW_MS - 12 * HOUR_MS, NOW_MS - 7 * HOUR_MS, proven=True)
        store.extend_coverage("BTCUSDT", NOW_MS - 6 * HOUR_MS, NOW_MS, proven=True)
        store.extend_coverage("SOLUSDT", NOW_MS - 6 * HOUR_MS, NOW_MS - HOUR_MS, proven=True)
        settings = HeatmapSettings(symbols=("BTCUSDT", "ETHUSDT"))
        service = HeatmapService(settings, db=path, clock=lambda: NOW_MS, **NOWHERE)
        qt_run(service.start())
        tab = HeatmapSettingsTab(service)
        qtbot.addWidget(tab)
        tab.findChild(QTabWidget, "pages").setCurrentIndex(2)
        tab.show()
        yield tab
        qt_run(service.stop())


def words(tab: HeatmapSettingsTab, name: str) -> str:
    label = tab.findChild(QLabel, name)
    return "" if label is None else label.text()


def test_a_card_says_since_when_and_how_much_and_the_state_where_the_hole_is(
    qtbot: Any, shown: HeatmapSettingsTab
) -> None:
    where = words(shown, "status_path").replace("\u200b", "")
    assert where.endswith("x.sqlite3")
    assert "~" not in where
    since = "since 4 Dec 13:00, 7 liquidations"
    # Nothing comes from the exchange here; what writes the file has recorded it until now.
    qtbot.waitUntil(lambda: words(shown, "recorded_BTCUSDT") == since, timeout=20_000)
    # Nobody has recorded the other one, and the card says that nothing comes.
    qtbot.waitUntil(
        lambda: words(shown, "recorded_ETHUSDT").endswith("nothing recorded yet"), timeout=20_000
    )
    assert words(shown, "recorded_ETHUSDT") != "nothing recorded yet"
    qtbot.waitUntil(
        lambda: (
            words(shown, "status_day")
            == "45 % recorded; longest hole 12.0 h, before the first start"
        ),
        timeout=20_000,
    )


def test_symbols_are_added_and_stopped_one_by_one_and_one_stays(
    qtbot: Any, shown: HeatmapSettingsTab
) -> None:
    service = shown._service

    def cards() -> list[str]:
        found = [one for one in shown.findChildren(QWidget) if one.isVisible()]
        return [one.objectName()[5:] for one in found if one.objectName().startswith("card_")]

    enter("symbols", "solusdt, btcusdt")(shown)
    assert service.settings.symbols == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert shown.findChild(QLineEdit, "symbols").text() == ""
    qtbot.waitUntil(lambda: cards() == ["BTCUSDT", "ETHUSDT", "SOLUSDT"], timeout=5_000)
    # Of this one the file has nothing since an hour: here as in the window's bar.
    blind = "Blind; since 4 Dec 19:00, 1 liquidation"
    qtbot.waitUntil(lambda: words(shown, "recorded_SOLUSDT").startswith(blind), timeout=20_000)
    for symbol in ("ETHUSDT", "BTCUSDT"):
        button = shown.findChild(QPushButton, f"stop_{symbol}")
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert service.settings.symbols == ("SOLUSDT",)
    assert cards() == ["SOLUSDT"]
    assert not shown.findChild(QPushButton, "stop_SOLUSDT").isEnabled()
    enter("symbols", "BTCUSDT")(shown)
    assert shown.findChild(QPushButton, "stop_SOLUSDT").isEnabled()
