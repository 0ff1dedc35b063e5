"""The host's process of `Heatmap.tests.behaviour.nested_host`; prints what it has seen."""

import asyncio
import atexit
import gc
import json
import sys
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QTimer
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QApplication, QMainWindow
from qasync import QEventLoop

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.runtime.compat import override
from Heatmap.tests.behaviour.nested_host import Plan
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.fact_texts import told_text

_LOOK_MS = 10
# A stop has had its first turn by then, and waits for the recorder.
_AMID_STOP_MS = 2


class Window(QMainWindow):
    """Has the service, and a chart whose page is ready as soon as somebody listens."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.service = HeatmapService(
            HeatmapSettings(enabled=True, cluster_lines=True),
            db=plan.database,
            ws_url=plan.ws_url,
            rest_url=plan.rest_url,
            kind=DataKind.SIMULATED,
        )
        self.seen: list[str] = []
        self._plan = plan
        self._layer = RecordingLayer()
        self.service.attach(self._layer)
        self._tasks: list[asyncio.Future[None]] = []
        self._has_page = self._is_ending = False
        # What is registered first is called last at exit: the recorder has ended then.
        atexit.register(tell, self.service, self.seen)
        if plan.begins == "constructor":
            self._tasks.append(asyncio.ensure_future(self.service.start()))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    def _look(self) -> None:
        """Do the next thing: in a slot, and so on the inner loop."""
        plan = self._plan
        if plan.begins == "slot" and not self._tasks:
            self._tasks.append(asyncio.ensure_future(self.service.start()))
        if plan.uses == "status":
            self._note(self.service.status())
        if not self._has_page and self._layer.listener is not None:
            self._has_page = True
            self._layer.open_page()
        if not self._is_ending and self._layer.appended and self._stored() >= plan.events:
            self._is_ending = True
            self._end()

    def _stored(self) -> int:
        status = self.service.recorder_status()
        return 0 if status is None else status.stored

    def _note(self, status: dict[str, Any]) -> None:
        for words in (told_text(status), *(each["state"] for each in status["layers"])):
            if words and words not in self.seen:
                self.seen.append(words)

    def _end(self) -> None:
        if self._plan.stops:
            task = asyncio.ensure_future(self.service.stop())
            task.add_done_callback(lambda _task: self.close())
            self._tasks.append(task)
        elif self._plan.ends == "the process exits in a slot":
            QCoreApplication.exit(0)
        else:
            self.close()

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's
        if not self._plan.stops:
            self._tasks.append(asyncio.ensure_future(self.service.stop()))
            if self._plan.ends == "a stop has begun":
                QTimer.singleShot(_AMID_STOP_MS, QCoreApplication.quit)
        super().closeEvent(event)


def tell(service: HeatmapService, seen: list[str]) -> None:
    """Print what has become of the service, and what its status said before."""
    status = service.recorder_status()
    told: dict[str, Any] = {"seen": seen}
    if status is not None:
        names = ("received", "stored", "duplicates", "queued", "overflowed", "reconnects")
        told |= {name: getattr(status, name) for name in names}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


async def main(plan: Plan) -> None:
    """Be the host."""
    application = QApplication(["host"])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    window = Window(plan)
    if plan.begins == "awaited":
        await window.service.start()
    window.show()
    if plan.ends == "the loop is left open":
        loop.run_forever()
        return
    with loop:
        loop.run_forever()
        if plan.ends == "the window goes first":
            sip.delete(window)
            gc.collect()
    if plan.ends == "the application goes first":
        sip.delete(application)
        gc.collect()


if __name__ == "__main__":
    asyncio.run(main(Plan(**json.loads(sys.argv[1]))))
