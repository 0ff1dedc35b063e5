"""What rings is told on the ways of a store, in the user's words, and counted where one lacks."""

import json
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QSettings

from Heatmap import HeatmapService, HeatmapSettings, parse_rule
from Heatmap.alerts.ways import Secret, WayKind, WaySpec
from Heatmap.errors import FailureKind
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.ui import HostAlerts, save_alert_rules
from Heatmap.ui.alert_ways import save_ways


def test_a_rule_of_the_store_rings_on_its_ways(qtbot: Any, qt_run: Any, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    save_alert_rules(store, [parse_rule("large,id=big,usd=100k,ways=desktop+hook")])
    with ScriptedExchange() as exchange, HostileReceiver() as receiver:
        hook = WaySpec("hook", WayKind.WEBHOOK, Secret(receiver.address()))
        # One that cannot be used keeps no other from being one.
        unusable = WaySpec("other", WayKind.WEBHOOK, Secret("ftp://127.0.0.1/x"))
        save_ways(store, [unusable, hook])
        service = HeatmapService(
            HeatmapSettings(),
            db=tmp_path / "x.sqlite3",
            ws_url=exchange.ws_url,
            rest_url=exchange.rest_url,
        )
        alerts = HostAlerts(store)
        alerts.apply(service)
        qt_run(service.start())
        qtbot.waitUntil(service.is_live, timeout=20_000)
        exchange.liquidate(price="100", qty="1500")
        qtbot.waitUntil(lambda: bool(receiver.received), timeout=20_000)
        qt_run(service.stop())
        qt_run(alerts.end())
        (told,) = json.loads(receiver.received[0].body)["alerts"]
        facts = {one.name: one for one in alerts.facts()}
    assert told["title"] == "Large liquidation BTCUSDT"
    assert told["body"].endswith("UTC: At least 150k longs")
    assert told["payload"]["usd"] == 150_000
    assert set(facts) == {"desktop", "sound", "hook"}
    # Offscreen there is no tray: that is counted. The rule does not name the sound.
    assert (facts["hook"].sent, facts["desktop"].failed, facts["sound"].failed) == (1, 1, 0)
    assert facts["desktop"].last_failure is not None
    assert facts["desktop"].last_failure.kind is FailureKind.NO_TRAY
