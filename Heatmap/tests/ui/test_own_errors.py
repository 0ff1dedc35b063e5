"""An error of the plugin's own costs a picture at most: not the host, and not the recording."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QDialog, QLabel, QPushButton, QVBoxLayout

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.feeds import cluster_lines, layer_feed
from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.feeds.feed_schedule import FeedSchedule
from Heatmap.feeds.followers import Followers
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.event_tape import EventTape
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.ui.chart_page import START_S, ChartPage, minute_candles
from Heatmap.tests.ui.settings_controls import choose
from Heatmap.ui import HeatmapLayer, HeatmapSettingsTab
from Heatmap.ui.settings.setting_rows import SettingRow
from Heatmap.ui.settings.settings_store import SettingsWriter

BUG = "a bug of the plugin"


class Host:
    """A host whose chart shows the heatmap, and whose loop tells of every error."""

    def __init__(
        self, page: ChartPage, exchange: ScriptedExchange, service: HeatmapService, loop: Any
    ) -> None:
        self.page, self.exchange, self.service = page, exchange, service
        self.layer = HeatmapLayer(page.page, symbol="BTCUSDT")
        self.layer.set_time_offset(0.0)
        service.attach(self.layer)
        self.reached: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: self.reached.append(context))

    def wait(self, condition: Callable[[], object]) -> None:
        self.page.qtbot.waitUntil(lambda: bool(condition()), timeout=10_000)

    def told(self) -> dict[str, Any]:
        layers = self.service.status()["layers"]
        assert len(layers) == 1
        return dict(layers[0])

    def record(self) -> None:
        """Have a liquidation come, and wait until it is stored."""
        status = self.service.recorder_status()
        assert status is not None
        before = status.stored
        self.exchange.liquidate(price="100000.5")
        self.wait(lambda: (self.service.recorder_status() or status).stored > before)


@pytest.fixture
def host(
    chart_page: ChartPage, qt_run: Callable[..., Any], qt_loop: Any, tmp_path: Path
) -> Iterator[Host]:
    with ScriptedExchange() as exchange:
        service = make_service(
            exchange,
            tmp_path / "x.sqlite3",
            HeatmapSettings(enabled=True, cluster_lines=True, cluster_interval_s=1.0),
        )
        qt_run(service.start(), timeout=20_000)
        shift = START_MS // 60_000 * 60 - START_S
        chart_page.create_chart(
            [{**each, "time": each["time"] + shift} for each in minute_candles()]
        )
        host = Host(chart_page, exchange, service, qt_loop)
        host.wait(lambda: host.told()["state"] == "drawn")
        yield host
        qt_loop.set_exception_handler(None)
        host.layer.detach()
        qt_run(service.stop(), timeout=20_000)
        assert host.reached == []


def fail(*_anything: object, **_more: object) -> None:
    raise RuntimeError(BUG)


def resize(host: Host) -> None:
    host.page.view.resize(host.page.view.width() - 40, host.page.view.height() - 30)


def pan(host: Host) -> None:
    host.page.js("(chart.timeScale().setVisibleLogicalRange({from: -20, to: 40}), 0)")


def change_side(host: Host) -> None:
    host.service.apply_settings(host.service.settings.changed(side="longs"))


def show_again(host: Host) -> None:
    host.page.js("(chart.remove(), 0)")
    host.wait(lambda: host.told()["state"] == "no chart")
    host.page.create_chart()


@pytest.mark.parametrize(
    ("owner", "name", "act"),
    [
        (HeatPicture, "fits", resize),
        (HeatPicture, "fits", pan),
        (HeatPicture, "__init__", show_again),
        (HeatPicture, "is_due", Host.record),
        (FeedSchedule, "next_action", Host.record),
        (Followers, "follow", change_side),
        (layer_feed, "page_options", change_side),
        (cluster_lines, "cluster_words", Host.record),
    ],
)
def test_an_error_in_a_feed_is_told_and_ends_nothing(
    owner: Any, name: str, act: Callable[[Host], None], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough to be seen, however long the act takes.
    monkeypatch.setattr(layer_feed, "RETRY_S", 2.0)
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, fail)
        act(host)

        def is_told() -> bool:
            if name == "cluster_words":
                # Lines are found anew as long as liquidations come.
                host.exchange.liquidate(price="100000.5")
            return BUG in told_text(host.told())

        host.wait(is_told)
        host.record()
        assert host.service.is_running()
    # Whole again, it draws again.
    host.wait(lambda: host.told()["state"] == "drawn" and not told_text(host.told()))
    host.record()


@pytest.mark.parametrize(("owner", "name"), [(EventTape, "add_batch"), (ClusterBook, "clusters")])
def test_an_error_in_the_clusters_or_on_the_way_costs_neither_picture_nor_recording(
    owner: Any, name: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, fail)
        appended = host.told()["measured"].get("update_ms")
        host.record()
        host.wait(lambda: BUG in told_text(host.service.status()))
        host.wait(lambda: host.told()["measured"].get("update_ms") != appended)
    host.record()
    host.wait(lambda: told_text(host.service.status()) == "")


def test_an_error_in_the_layer_itself_is_its_fault(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("Heatmap.ui.layer.chart_layer.enter_script", fail)
        host.page.load()
        host.wait(lambda: BUG in host.layer.fault)
        assert BUG in told_text(host.told())
        host.record()
    assert any(record.exc_info for record in caplog.records)
    host.page.load()
    host.page.create_chart()
    host.wait(lambda: host.told()["state"] in ("drawn", "building"))
    assert host.layer.fault == ""


def test_an_error_behind_a_control_is_shown_in_the_tab(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    tab = HeatmapSettingsTab(host.service, store)
    host.page.qtbot.addWidget(tab)
    with monkeypatch.context() as broken:
        broken.setattr(SettingRow, "show", fail, raising=False)
        broken.setattr(host.service, "apply_settings", fail)
        choose("shape", "cells")(tab)
        tab.findChild(QPushButton, "reset").click()
    assert BUG in tab.problem_text()
    choose("shape", "spots")(tab)
    assert host.service.settings.shape == "spots"
    assert tab.problem_text() == ""


def test_text_from_outside_is_one_line_of_text_in_the_tab(
    qtbot: Any, service: HeatmapService, store: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.setValue("Heatmap/palette", "\x1b[2J<b>bold</b>")
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    assert "\\x1b[2J<b>bold</b>" in tab.notice_text()

    def refuse(_settings: object) -> None:
        raise RuntimeError("http://user:SECRET@host\x07\n<b>forged</b>")

    monkeypatch.setattr(service, "apply_settings", refuse)
    choose("shape", "cells")(tab)
    assert tab.problem_text().endswith("http://***@host\\x07 <b>forged</b>")
    for name in ("message", "source", "retention_words"):
        label = tab.findChild(QLabel, name)
        assert label.textFormat() is Qt.TextFormat.PlainText
    assert tab.findChild(QLabel, "message").text() == tab.problem_text()


def test_an_error_while_the_tab_is_shown_hidden_or_stored_does_not_reach_qt(
    qtbot: Any,
    service: HeatmapService,
    store: QSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    tab = HeatmapSettingsTab(service, store)
    QVBoxLayout(dialog).addWidget(tab)
    writer = tab.findChild(SettingsWriter)
    assert writer is not None

    def failures() -> list[str]:
        told = [each.getMessage() for each in caplog.records if each.exc_info]
        caplog.clear()
        return told

    with monkeypatch.context() as broken:
        broken.setattr(tab._dialog, "_leave", fail)
        broken.setattr(dialog, "isModal", lambda: True)
        dialog.show()
    assert failures() == ["the settings tab failed"]
    assert BUG in tab.problem_text()
    dialog.hide()
    dialog.open()  # it has learnt by now to which dialog it belongs
    with monkeypatch.context() as broken:
        broken.setattr(writer, "flush", fail)
        broken.setattr(tab._dialog, "_dialog", QLabel())  # has no result
        dialog.accept()
    assert failures()[:1] == ["the settings tab failed"]
    dialog.open()
    choose("palette", "ice")(tab)
    choose("palette", "aurora")(tab)  # waits for the store's pause
    with monkeypatch.context() as broken:
        broken.setattr(writer, "_store_waiting", fail)
        qtbot.waitUntil(lambda: bool(caplog.records), timeout=10_000)
        assert failures() == ["settings could not be stored"]
        broken.setattr(tab.status_panel, "texts", fail)
        tab.findChild(QPushButton, "copy_status").click()
        assert failures() == ["the status could not be copied"]
    # All of it goes on.
    dialog.accept()
    assert store.value("Heatmap/palette") == "aurora"
