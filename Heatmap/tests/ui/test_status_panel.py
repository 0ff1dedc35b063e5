"""The status panel: what is known, in words; asked for once a second, and only while it is seen."""

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QObject, QUrl, pyqtSlot
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QTabWidget, QVBoxLayout

from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.layer_state import LayerState
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.plain import as_plain
from Heatmap.tests.ui.marking_translator import MarkingTranslator
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import turn_to_page_of
from Heatmap.ui import HeatmapSettingsTab
from Heatmap.ui.status_panel import UNKNOWN, StatusPanel
from Heatmap.ui.while_visible import PERIOD_MS

HOUR_MS = 3_600_000


@pytest.fixture
def panel(qtbot: Any, service: PreparedService) -> StatusPanel:
    made = StatusPanel(service)
    qtbot.addWidget(made)
    made.show()
    return made


def failed(text: str) -> Failure:
    return Failure(FailureKind.OTHER, {"text": text})


def live(service: PreparedService, **values: Any) -> RecorderStatus:
    prepared: dict[str, Any] = {
        "role": SinkRole.WRITER,
        "connection": ConnectionState.LIVE,
        "connected_since_ms": service.now_ms - 2 * HOUR_MS,
        "last_heartbeat_ms": service.now_ms,
        "last_force_order_ms": service.now_ms - 3_000,
        "proven": True,
    }
    return RecorderStatus(**(prepared | values))


def texts_with(panel: StatusPanel, service: PreparedService, **values: Any) -> dict[str, str]:
    service.recorder = live(service, **values)
    panel.refresh()
    return panel.texts()


def chart(symbol: str | None, state: str) -> dict[str, Any]:
    """Give what the service says of a layer."""
    return {"symbol": symbol, "state": state, "failure": None, "measured": {}}


def test_before_the_start_nothing_is_recorded_and_nothing_is_claimed(panel: StatusPanel) -> None:
    texts = panel.texts()
    assert texts["connection"] == "Not recording"
    assert texts["role"].startswith("Stopped")
    assert texts["error"] == "None"
    assert texts["attention"] == "Nothing"
    unknown = {name for name, text in texts.items() if text == UNKNOWN}
    assert unknown == {
        *("since", "today", "day", "last", "size"),
        *("rate", "build", "update", "sent", "paint", "frames"),
    }


def test_connected_says_since_when(panel: StatusPanel, service: PreparedService) -> None:
    texts = texts_with(panel, service)
    assert texts["connection"] == "Connected"
    assert texts["since"] == "11:00:00 UTC, 2 h 0 min ago"


def test_quiet_is_connected_without_a_liquidation_of_any_symbol(
    panel: StatusPanel, service: PreparedService
) -> None:
    texts = texts_with(
        panel, service, proven=False, last_force_order_ms=service.now_ms - HOUR_MS + 500
    )
    assert texts["connection"].startswith("Quiet")
    assert texts["since"] == "12:00:00 UTC, 59 min ago"
    # None ever came: since the connection.
    texts = texts_with(panel, service, proven=False, last_force_order_ms=None)
    assert texts["since"].startswith("11:00:00 UTC")


@pytest.mark.parametrize(
    ("connection", "failure", "shown"),
    [
        (
            ConnectionState.BLIND,
            Failure(FailureKind.BANNED, {"status": 418, "hold_s": 120.0}),
            (
                "Blind: no connection (HTTP 418: this address is banned for too many requests; "
                "waiting 120 s)"
            ),
        ),
        (ConnectionState.CONNECTING, None, "Blind: connecting"),
        (ConnectionState.OPEN, None, "Blind: connected, but no data yet"),
        (ConnectionState.STOPPED, None, "Blind: no connection"),
    ],
)
def test_blind_says_why_and_since_when_no_data_came(
    panel: StatusPanel,
    service: PreparedService,
    connection: ConnectionState,
    failure: Failure | None,
    shown: str,
) -> None:
    texts = texts_with(
        panel,
        service,
        connection=connection,
        connection_failure=failure,
        connected_since_ms=None,
        proven=False,
        last_heartbeat_ms=service.now_ms - 42_000,
    )
    assert texts["connection"] == shown
    assert texts["since"] == "12:59:18 UTC, 42 s ago"


def test_events_of_today_and_the_size_come_from_the_service(
    panel: StatusPanel, service: PreparedService
) -> None:
    service.more = {"events_today": 1234, "database_bytes": 4_500_000}
    texts = texts_with(panel, service)
    assert texts["today"].replace(",", "") == "1234"
    assert texts["size"] == "4.5 MB"
    service.more = {"events_today": 0, "database_bytes": None}
    texts = texts_with(panel, service)
    assert texts["today"] == "0"
    assert texts["size"] == UNKNOWN
    assert texts["path"] == str(service.database)


def test_the_last_event_of_another_day_stands_with_its_date(
    panel: StatusPanel, service: PreparedService
) -> None:
    texts = texts_with(panel, service, last_event_ms=service.now_ms - 90_000)
    assert texts["last"] == "12:58:30 UTC, 90 s ago"
    texts = texts_with(panel, service, last_event_ms=service.now_ms - 72 * HOUR_MS)
    assert texts["last"] == "29 Dec 2025 13:00:00 UTC, 3 days ago"
    # The recorder has heard of none yet, but the database knows one.
    service.more = {"last_event_ms": service.now_ms - 1_000}
    assert texts_with(panel, service)["last"] == "12:59:59 UTC, 1 s ago"
    # The newer one of both.
    older = texts_with(panel, service, last_event_ms=service.now_ms - 2_000)
    assert older["last"] == "12:59:59 UTC, 1 s ago"
    # A clock that goes back a little makes nothing negative.
    assert texts_with(panel, service, last_event_ms=service.now_ms + 5)["last"].endswith("0 s ago")


def test_a_standby_says_so_and_what_is_not_recorded(
    panel: StatusPanel, service: PreparedService
) -> None:
    assert texts_with(panel, service)["role"].startswith("Recording")
    texts = texts_with(panel, service, role=SinkRole.STANDBY, not_recorded=("ETHUSDT",))
    assert texts["role"].startswith("Standby")
    assert "ETHUSDT" in texts["role"]
    texts = texts_with(panel, service, role=SinkRole.STANDBY, not_recorded=("ALL",))
    assert "all symbols" in texts["role"]


def test_what_is_amiss_and_the_last_error_stand_apart(
    panel: StatusPanel, service: PreparedService
) -> None:
    service.more = {"failure": as_plain(Failure(FailureKind.NOT_RESTARTED, cause=failed("full")))}
    texts = texts_with(
        panel,
        service,
        storage_fault=failed("disk full"),
        storage_notices=(failed("a damaged file was set aside"),),
        without_heartbeat=("BTCSUDT",),
        overflowed=7,
        last_failure=failed("HTTP 429"),
    )
    assert texts["attention"].splitlines() == [
        "recording could not be started again: full",
        "Not written: disk full",
        "No mark price for BTCSUDT: is the symbol right?",
        "Events lost because the queue was full: 7",
        "a damaged file was set aside",
    ]
    assert texts["error"] == "HTTP 429"


def test_a_failure_of_a_layer_is_named(panel: StatusPanel, service: PreparedService) -> None:
    service.more = {
        "layers": [{**chart("X", "failed"), "failure": as_plain(failed("cannot build"))}]
    }
    assert texts_with(panel, service)["attention"] == "cannot build"


@pytest.mark.parametrize(
    ("symbol", "state", "shown"),
    [
        ("BTCUSDT", "stopped", "BTCUSDT: stopped"),
        ("BTCUSDT", "off", "BTCUSDT: the heatmap is switched off"),
        (None, "no chart", "waiting for the page's chart"),
        ("BTCUSDT", "no chart", "BTCUSDT: waiting for the page's chart"),
        (None, "no symbol", "the page has not named its symbol"),
        ("AAPL", "not recorded", "AAPL: not recorded"),
        ("BTCUSDT", "no view", "BTCUSDT: no candles yet, or too small to draw on"),
        ("BTCUSDT", "failed", "BTCUSDT: failed, trying again"),
        ("BTCUSDT", "building", "BTCUSDT: building"),
        ("BTCUSDT", "drawn", "BTCUSDT: drawn"),
    ],
)
def test_each_chart_says_whether_it_is_drawn_or_why_not(
    panel: StatusPanel, service: PreparedService, symbol: str | None, state: str, shown: str
) -> None:
    service.more = {"layers": [chart(symbol, state)]}
    panel.refresh()
    assert panel.texts()["charts"] == shown


def test_no_state_of_a_chart_is_without_words(panel: StatusPanel, service: PreparedService) -> None:
    service.more = {"layers": [chart("BTCUSDT", state.value) for state in LayerState]}
    panel.refresh()
    lines = panel.texts()["charts"].splitlines()
    assert len(set(lines)) == len(LayerState)
    assert not [line for line in lines if UNKNOWN in line]


def test_the_words_of_each_state_can_be_translated(
    panel: StatusPanel, service: PreparedService
) -> None:
    translator = MarkingTranslator()
    assert QCoreApplication.installTranslator(translator)
    try:
        service.more = {"layers": [chart(None, state.value) for state in LayerState]}
        panel.refresh()
        lines = panel.texts()["charts"].splitlines()
        assert len(lines) == len(LayerState)
        assert all(line.startswith("«") for line in lines)
        service.more = {"layers": []}
        panel.refresh()
        assert panel.texts()["charts"] == "«None»"
    finally:
        QCoreApplication.removeTranslator(translator)


def test_several_charts_have_a_line_each_before_what_is_amiss(
    panel: StatusPanel, service: PreparedService
) -> None:
    assert panel.texts()["charts"] == "None"
    service.more = {"layers": [chart("BTCUSDT", "drawn"), chart("AAPL", "not recorded")]}
    panel.refresh()
    assert panel.texts()["charts"].splitlines() == ["BTCUSDT: drawn", "AAPL: not recorded"]
    names = list(panel.texts())
    assert names.index("charts") == names.index("attention") - 1


@pytest.mark.parametrize("width", [700, 1])
def test_charts_in_all_states_are_not_cut_off_in_the_dialog(
    qtbot: Any, service: PreparedService, width: int
) -> None:
    service.more = {"layers": [chart("1000000MOGUSDT", state.value) for state in LayerState]}
    dialog = QDialog()
    tab = HeatmapSettingsTab(service)
    QVBoxLayout(dialog).addWidget(tab)
    qtbot.addWidget(dialog)
    dialog.resize(width, 560)
    dialog.show()
    assert dialog.width() <= 700
    pages = tab.findChild(QTabWidget, "pages")
    turn_to_page_of(tab, "status_charts")
    area, label = pages.currentWidget(), tab.findChild(QLabel, "status_charts")
    lines = len(LayerState) * label.fontMetrics().height()
    qtbot.waitUntil(lambda: label.height() >= max(lines, label.heightForWidth(label.width())))
    right = label.mapTo(area, label.rect().topRight()).x()
    assert right <= area.viewport().width()


def test_measurements_of_all_layers_are_shown(panel: StatusPanel, service: PreparedService) -> None:
    service.measured = [
        {
            "rebuild_ms": 123.4,
            "update_ms": 4.24,
            "sent_bytes": 1500,
            "paint_ms": 1.26,
            "frames": 60,
        },
        {"rebuild_ms": 80.0},
    ]
    texts = texts_with(panel, service)
    assert texts["build"] == "123 ms, 80 ms"
    assert texts["update"] == "4.2 ms"
    assert texts["sent"] == "1.5 kB"
    assert texts["paint"] == "1.3 ms"
    assert texts["frames"] == "60 a second"


def test_the_inserts_of_the_last_minute_are_told(qtbot: Any, service: PreparedService) -> None:
    panel = StatusPanel(service)
    qtbot.addWidget(panel)
    assert texts_with(panel, service, inserts_per_minute=17)["rate"] == "17 a minute"


def test_the_service_is_asked_only_while_the_panel_is_seen(
    qtbot: Any, service: PreparedService
) -> None:
    panel = StatusPanel(service)
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(QLabel("other"), "other")
    tabs.addTab(panel, "status")
    tabs.show()
    assert service.asked == 0
    assert not panel._visible._timer.isActive()
    tabs.setCurrentWidget(panel)
    assert service.asked == 1
    assert panel._visible._timer.isActive()
    qtbot.waitUntil(lambda: service.asked >= 3, timeout=10 * PERIOD_MS)
    tabs.setCurrentIndex(0)
    assert not panel._visible._timer.isActive()
    tabs.setCurrentWidget(panel)
    tabs.close()
    assert not panel._visible._timer.isActive()


def test_a_failure_while_refreshing_stays_in_the_plugin(
    qtbot: Any, service: PreparedService, caplog: pytest.LogCaptureFixture
) -> None:
    panel = StatusPanel(service)
    qtbot.addWidget(panel)
    service.more = {"layers": None}
    panel.show()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    # The next look succeeds.
    service.more = {}
    qtbot.waitUntil(lambda: panel.texts()["connection"] == "Not recording", timeout=10_000)


class Opener(QObject):
    """Stands for the desktop, which opens folders."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @pyqtSlot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toLocalFile())


def test_the_folder_of_the_database_can_be_opened(
    panel: StatusPanel, service: PreparedService
) -> None:
    desktop = Opener()
    QDesktopServices.setUrlHandler("file", desktop.take)
    try:
        panel.findChild(QPushButton, "open_folder").click()
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert desktop.opened == [str(Path(str(service.database)).parent)]


def test_words_of_others_are_shown_as_they_are_and_can_be_broken(
    panel: StatusPanel, service: PreparedService
) -> None:
    error = "<b>404</b> /a/long/path"
    assert texts_with(panel, service, last_failure=failed(error))["error"] == error
    label = panel.findChild(QLabel, "status_error")
    assert label.text().replace("\u200b", "") == error
    assert "/\u200blong/" in label.text()
    panel.findChild(QPushButton, "copy_status").click()
    copied = QApplication.clipboard().text()
    assert f"Last error: {error}" in copied.splitlines()
    assert "\u200b" not in copied
