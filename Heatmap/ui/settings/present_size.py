"""How fine the heat is at present, beside the field that sets it."""

from Heatmap.heatmap_service import HeatmapService
from Heatmap.ui.number_texts import whole_number
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.while_visible import WhileVisible


class PresentSize(Caption):
    """Says how many rows and columns the first picture has; empty where there is none."""

    def __init__(self, service: HeatmapService) -> None:
        super().__init__()
        self._service = service
        self.setObjectName("resolution_now")
        self.setToolTip(self.tr("Rows in the pane and columns in the time span, as drawn now"))
        self._visible = WhileVisible(self, self._refresh)

    def _refresh(self) -> None:
        words = ""
        for layer in self._service.status()["layers"]:
            measured = layer["measured"]
            if "rows" in measured:
                rows, columns = (whole_number(measured[name]) for name in ("rows", "columns"))
                words = self.tr("now {rows} × {columns}")  # noqa: RUF001 - as typesetters have it
                words = words.format(rows=rows, columns=columns)
                break
        self.setText(words)
