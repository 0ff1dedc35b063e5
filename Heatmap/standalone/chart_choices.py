"""How a window's chart is set: scale, candles and time zone, now and the next time."""

from PyQt6.QtCore import QSettings

from Heatmap.standalone.chart_page import LOOKS, SCALES, ChartPage
from Heatmap.standalone.docks import Docks


class ChartChoices:
    """Sets a chart and keeps how it is set; takes over at once how it was the last time.

    Parameters
    ----------
    store
        Where it is kept.
    page
        The chart.
    docks
        Say times in the chart's zone.
    group
        Under which name in the store; each of several windows has its own.
    """

    def __init__(
        self, store: QSettings, page: ChartPage, docks: Docks, group: str = "Window"
    ) -> None:
        self._store, self._page, self._docks, self._group = store, page, docks, group
        scale, look = self._kept("scale", SCALES[0]), self._kept("candles", LOOKS[0])
        self.scale = scale if scale in SCALES else SCALES[0]
        self.look = look if look in LOOKS else LOOKS[0]
        page.set_scale(self.scale)
        page.set_look(self.look)
        page.set_time_zone(self._kept("timeZone", page.times.name))
        docks.set_time_zone(page.times.zone)

    @property
    def time_zone(self) -> str:
        """``UTC``, ``local`` or a zone of the IANA."""
        return self._page.times.name

    def set_scale(self, scale: str) -> None:
        """Lay out prices ``linear``, ``log`` or in ``percent``."""
        self.scale = scale
        self._page.set_scale(scale)
        self._keep("scale", scale)

    def set_look(self, look: str) -> None:
        """Colour the candles in ``colour``, or ``neutral``: white and grey."""
        self.look = look
        self._page.set_look(look)
        self._keep("candles", look)

    def set_time_zone(self, name: str) -> bool:
        """Say times in a zone; ``False`` and no change where this computer does not know it."""
        if not self._page.set_time_zone(name):
            return False
        self._docks.set_time_zone(self._page.times.zone)
        self._keep("timeZone", name)
        return True

    def keep(self) -> None:
        """Keep how the chart is set once more: another program may have forgotten it."""
        for name, value in (
            ("scale", self.scale),
            ("candles", self.look),
            ("timeZone", self.time_zone),
        ):
            self._keep(name, value)

    def _kept(self, name: str, usual: str) -> str:
        return str(self._store.value(f"{self._group}/{name}", usual))

    def _keep(self, name: str, value: str) -> None:
        self._store.setValue(f"{self._group}/{name}", value)
