"""What rings is told on the ways of a store, in the user's words, and counted where one lacks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings

from Heatmap import HeatmapService, HeatmapSettings, parse_rule
from Heatmap.alerts.ways import Secret, WayKind, WaySpec
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.ui import AlertPanel, HostAlerts, StatusPanel, save_alert_rules
from Heatmap.ui.alert_ways import save_ways

NO_TRAY = "this desktop has no tray that shows notifications"


class World:
    """A host's programs, one after the other, on one database and one store."""

    def __init__(self, qtbot: Any, qt_run: Any, folder: Path) -> None:
        self.qtbot, self.qt_run, self.folder = qtbot, qt_run, folder
        self.exchange, self.receiver = ScriptedExchange(), HostileReceiver()
        self.store = QSettings(str(folder / "host.ini"), QSettings.Format.IniFormat)
        self.service: HeatmapService
        self.alerts: HostAlerts | None = None

    def begin(self, *, has_alerts: bool = True) -> None:
        self.service = HeatmapService(
            HeatmapSettings(),
            db=self.folder / "x.sqlite3",
            ws_url=self.exchange.ws_url,
            rest_url=self.exchange.rest_url,
        )
        if has_alerts:
            self.alerts = HostAlerts(self.store)
            self.alerts.apply(self.service)
        self.qt_run(self.service.start())
        self.until(self.service.is_live)

    def end(self) -> None:
        self.qt_run(self.service.stop())
        if self.alerts is not None:
            self.qt_run(self.alerts.end())
        self.alerts = None

    def until(self, is_so: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(is_so()), timeout=20_000)

    def stored(self) -> int:
        return int(self.service.status()["recorder"]["stored"])

    def told(self) -> list[dict[str, Any]]:
        return [one for got in self.receiver.received for one in json.loads(got.body)["alerts"]]


@pytest.fixture
def world(qtbot: Any, qt_run: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, tmp_path)
    with world.exchange, world.receiver:
        hook = WaySpec("hook", WayKind.WEBHOOK, Secret(world.receiver.address("/s3cret")))
        # One that cannot be used keeps no other from being one.
        unusable = WaySpec("other", WayKind.WEBHOOK, Secret("ftp://127.0.0.1/x"))
        save_ways(world.store, [unusable, hook])
        save_alert_rules(world.store, [parse_rule("large,id=big,usd=100k,ways=desktop+hook")])
        yield world


def test_a_rule_of_the_store_rings_on_its_ways_and_the_status_tells_how_they_fare(
    world: World,
) -> None:
    world.begin()
    panel = AlertPanel(world.service, None, world.store)
    world.qtbot.addWidget(panel)
    panel.show()
    assert panel.ways.isHidden()
    world.exchange.liquidate(price="100", qty="1500")
    world.until(world.told)
    (told,) = world.told()
    assert told["title"] == "Large liquidation BTCUSDT"
    assert told["body"].endswith("UTC: At least 150k longs")
    assert told["payload"]["usd"] == 150_000
    facts = {one.name: one for one in world.service.alert_way_facts()}
    assert set(facts) == {"desktop", "sound", "hook"}
    world.until(lambda: world.service.status()["alerts"]["ways"][2]["sent"] == 1)
    status = world.service.status()["alerts"]
    assert (status["rules"], status["is_ringing"], status["missed"]) == (1, True, 0)
    # Offscreen there is no tray: that is counted, and told. The rule does not name the sound.
    assert [(one["name"], one["sent"], one["failed"]) for one in status["ways"]] == [
        ("desktop", 0, 1),
        ("sound", 0, 0),
        ("hook", 1, 0),
    ]
    assert status["ways"][0]["last_failure"]["kind"] == "no_tray"
    assert "s3cret" not in json.dumps(world.service.status())
    panel.refresh()
    assert panel.ways.text == f"Notification: 1 not delivered: {NO_TRAY}"
    assert panel.ways.isVisible()
    page = StatusPanel(world.service)
    world.qtbot.addWidget(page)
    page.refresh()
    assert f"Alerts by Notification: 1 not delivered: {NO_TRAY}" in page.texts()["attention"]
    world.end()


def test_what_came_while_nothing_rang_is_shown_and_told_once(world: World) -> None:
    world.begin()
    world.until(lambda: world.service.status()["alerts"]["is_ringing"])
    # Only what is stored after it has looked is known to have come later.
    world.exchange.liquidate(price="100", qty="1500")
    world.until(world.told)
    world.end()
    world.begin(has_alerts=False)
    before = world.stored()
    for qty in ("2000", "3000"):
        world.exchange.liquidate(price="100", qty=qty)
        world.exchange.now_ms += 5_000
    world.until(lambda: world.stored() == before + 2)
    world.end()
    world.exchange.now_ms += 120_000

    world.begin()
    panel = AlertPanel(world.service, None, world.store)
    world.qtbot.addWidget(panel)
    panel.show()
    world.until(lambda: len(world.told()) == 2)
    missed = world.told()[1]
    assert missed["title"] == "2 alerts while this program was not running"
    assert missed["body"].startswith("The newest: Large liquidation BTCUSDT, ")
    assert missed["body"].endswith("UTC: At least 300k longs")
    assert (missed["payload"]["missed"], missed["payload"]["newest"]["usd"]) == (2, 300_000)
    world.until(panel.missed.isVisible)
    assert panel.missed.text == "2 alerts while this program was not running"
    assert ": 300k longs" in panel.texts()[0][1]
    assert panel.texts()[0][1].startswith("Missed ")
    world.end()

    world.begin()
    panel.set_service(world.service)
    world.exchange.liquidate(price="100", qty="1700")
    world.until(lambda: len(world.told()) == 3)
    # What rings now comes after whatever would have been told again.
    assert world.told()[2]["payload"]["usd"] == 170_000
    panel.refresh()
    assert panel.missed.isHidden()
    world.end()
