"""A host that waits for a modal dialog in the middle of a coroutine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QDialog

from Heatmap.tests.integration.test_heatmap_service import World


def test_picture_and_clusters_go_on_while_a_task_of_the_host_runs_a_dialog(
    qt_run: Callable[..., Any], tmp_path: Path
) -> None:
    world = World(tmp_path, cluster_interval_s=1.0)
    heard: list[str] = []

    async def main() -> None:
        await world.exchange.start()
        service = world.service = world.make_service()
        service.attach(world.layer)
        await service.start()
        try:
            await world.until(service.is_live)
            world.layer.open_page()
            await world.until(lambda: bool(world.layer.grids))
            service.add_cluster_listener("BTCUSDT", lambda symbol, _found: heard.append(symbol))
            world.clock.start()
            dialog = QDialog()
            wanted = len(world.layer.appended) + 4
            grids = len(world.layer.grids)

            def look() -> None:
                if len(world.layer.appended) < wanted or not heard:
                    return
                if len(world.layer.grids) > grids:
                    dialog.accept()
                elif service.settings.shape == "bands":
                    service.apply_settings(service.settings.changed(shape="cells"))

            timer = QTimer(dialog)
            timer.timeout.connect(look)
            timer.start(20)
            QTimer.singleShot(15_000, dialog.reject)
            assert dialog.exec() == QDialog.DialogCode.Accepted
            # And afterwards as well.
            count = len(world.layer.appended)
            await world.until(lambda: len(world.layer.appended) > count + 2)
            assert service.status()["error"] == ""
        finally:
            await service.stop()
            await world.exchange.stop()

    qt_run(main(), timeout=40_000)
