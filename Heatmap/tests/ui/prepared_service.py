"""A service whose status is prepared: what a recorder and a layer would tell at some moment."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from Heatmap import HeatmapService, HeatmapSettings

if TYPE_CHECKING:
    from Heatmap.ingestion.recorder.recorder_status import RecorderStatus


class PreparedService(HeatmapService):
    """Takes settings as any service; `recorder`, `measured` and `more` are what it tells."""

    def __init__(self, database: Path, settings: HeatmapSettings | None = None) -> None:
        super().__init__(settings or HeatmapSettings(enabled=True), db=database)
        self.recorder: RecorderStatus | None = None
        self.measured: list[dict[str, float]] = []
        self.more: dict[str, Any] = {}
        self.now_ms = 1_767_225_600_000 + 13 * 3_600_000
        self.asked = 0
        self.confirmed = 0

    def clock(self) -> int:
        return self.now_ms

    def is_running(self) -> bool:
        return self.recorder is not None

    def recorder_status(self) -> "RecorderStatus | None":
        return self.recorder

    def confirm_retention(self) -> bool:
        self.confirmed += 1
        return True

    def status(self) -> dict[str, Any]:
        self.asked += 1
        status = super().status()
        status["running"] = self.is_running()
        if self.recorder is not None:
            status["role"] = self.recorder.role.value
        status["layers"] = [
            {"symbol": "BTCUSDT", "state": "drawn", "failure": None, "measured": measured}
            for measured in self.measured
        ]
        return {**status, **self.more}
