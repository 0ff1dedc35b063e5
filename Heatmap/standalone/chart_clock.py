"""Times as the chart says them: in UTC, in this computer's zone or in any other.

One function, `ChartClock.clock`, writes every time that a user reads beside the chart.
"""

from PyQt6.QtCore import QCoreApplication, QDateTime, QTimeZone

from Heatmap.ui import users_locale

UTC, LOCAL = "UTC", "local"
"""Names of time zones beside those of the IANA, such as ``Europe/Berlin``."""


class ChartClock:
    """Knows the zone of the chart's times.

    Attributes
    ----------
    name
        ``UTC``, ``local`` or a zone of the IANA.
    """

    def __init__(self, name: str = UTC) -> None:
        self.name = UTC
        self._zone = QTimeZone.utc()
        self.set_zone(name)

    def set_zone(self, name: str) -> bool:
        """Take another zone; ``False`` where this computer knows none of that name."""
        zone = _zone_of(name)
        if zone is None:
            return False
        self.name, self._zone = name, zone
        return True

    @property
    def zone(self) -> QTimeZone:
        """The zone, as `Heatmap.ui.LiquidationTape.set_time_zone` takes it."""
        return self._zone

    @property
    def page_zone(self) -> str:
        """The zone as a page of the browser knows it."""
        return UTC if self.name == UTC else bytes(self._zone.id().data()).decode("ascii")

    def clock(self, ts_ms: int, now_ms: int | None = None) -> str:
        """Return a time of the day, with the day where that is another one than today's.

        Parameters
        ----------
        ts_ms
            UTC milliseconds.
        now_ms
            The data's time now, UTC milliseconds; ``None``: the day is left out.

        Returns
        -------
        str
            ``16:46:05``, or ``4 Dec 16:46:05``.
        """
        at = self._moment(ts_ms)
        time = at.toString("HH:mm:ss")
        if now_ms is None or at.date() == self._moment(now_ms).date():
            return time
        return f"{self.day(ts_ms)} {time}"

    def day(self, ts_ms: int) -> str:
        """Return a day as the axis says it: ``5 Dec``, in German ``5. Dez.``."""
        form = _tr("d MMM")
        return users_locale().toString(self._moment(ts_ms).date(), form)

    def date(self, ts_ms: int) -> str:
        """Return a day with its year: ``5 Dec 2024``, in German ``5. Dez. 2024``."""
        return f"{self.day(ts_ms)} {self._moment(ts_ms).date().year()}"

    def stamp(self, ts_ms: int) -> str:
        """Return a time as a part of a file's name: ``2024-12-05 16-46-05``."""
        return self._moment(ts_ms).toString("yyyy-MM-dd HH-mm-ss")

    def zone_words(self, ts_ms: int) -> str:
        """Return what the zone is called at a time: ``UTC``, ``UTC+1``, ``UTC+5:30``."""
        minutes = self._zone.offsetFromUtc(QDateTime.fromMSecsSinceEpoch(ts_ms)) // 60
        if minutes == 0:
            return UTC
        hours, rest = divmod(abs(minutes), 60)
        sign = "+" if minutes > 0 else "\u2212"
        return f"{UTC}{sign}{hours}" + (f":{rest:02d}" if rest else "")

    def _moment(self, ts_ms: int) -> QDateTime:
        return QDateTime.fromMSecsSinceEpoch(ts_ms, self._zone)


def zone_names() -> list[str]:
    """Return all zones that can be chosen: UTC, local, and those of the IANA by their names."""
    known = {bytes(name.data()).decode("ascii") for name in QTimeZone.availableTimeZoneIds()}
    return [UTC, LOCAL, *sorted(name for name in known if "/" in name)]


def _zone_of(name: str) -> QTimeZone | None:
    if name == UTC:
        return QTimeZone.utc()
    zone = QTimeZone.systemTimeZone() if name == LOCAL else QTimeZone(name.encode("utf-8"))
    return zone if zone.isValid() else None


def _tr(text: str) -> str:
    return QCoreApplication.translate("Chart", text)
