"""Alerts of a program with Qt: its rules, its ways, and the notifications of its desktop."""

import asyncio
from collections.abc import Collection, Iterable

from PyQt6.QtCore import QObject, QSettings

from Heatmap.alerts.ways import Notice, Way, WayFacts, WaySet, WaySpec, make_way
from Heatmap.errors import Failure, SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.alert_texts import missed_notice, notice_of
from Heatmap.ui.alert_ways import DesktopWay, SoundWay, TrayWay, load_ways, message_words
from Heatmap.ui.settings.alert_store import load_alert_rules

logger = get_logger(__name__)

DESKTOP = "desktop"
"""The way of notifications, in a rule's ``ways``."""
SOUND = "sound"
"""The way of the system's sound, in a rule's ``ways``."""


class HostAlerts(QObject):
    """Puts the rules of a store in force, and tells what rings on the ways that rules name.

    The ways are ``desktop``, ``sound``, and those that the store has (docs/alert-ways.md).

    Parameters
    ----------
    store
        Where rules and ways are kept.
    parent
        Qt parent.
    """

    def __init__(self, store: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._tray = TrayWay(DESKTOP, self)
        self._desktop: tuple[DesktopWay, ...] = (self._tray, SoundWay(SOUND, self))
        self._ways = WaySet(())
        # Those that were in force before, and send what waited there.
        self._former: list[WaySet] = []
        self._specs: tuple[WaySpec, ...] = ()
        self.set_ways(_specs_of(store))

    def set_ways(self, specs: Iterable[WaySpec]) -> None:
        """Tell on these ways from now on, in the place of the store's; those before are emptied.

        One that cannot be used is left out, and logged. Nothing happens where they are the same.
        """
        asked = tuple(specs)
        if asked == self._specs:
            return
        self._specs = asked
        self._ways.request_stop()
        self._former.append(self._ways)
        self._ways = WaySet(_made(asked), words=message_words())
        if self._ways.names:
            self._ways.start()

    def set_tool_tip(self, text: str) -> None:
        """Have the icon in the tray say this, as how the market's recording is."""
        self._tray.set_tool_tip(text)

    def lack(self, name: str) -> Failure | None:
        """Return what this machine lacks for ``desktop`` or ``sound``; ``None``: nothing."""
        return self._own(name).available()

    def test(self, name: str) -> Failure | None:
        """Show a test on ``desktop`` or ``sound``, and return what went wrong."""
        return self._own(name).test()

    def _own(self, name: str) -> DesktopWay:
        return next(way for way in self._desktop if way.name == name)

    def apply(self, service: HeatmapService) -> None:
        """Have a service judge the rules as they are stored now, and tell what rings here.

        It may be called for several services, and again. A simulated or replayed one rings nowhere.
        """
        service.set_alert_ways(self, notice_of, missed_notice)
        service.set_alert_rules(load_alert_rules(self._store))

    def offer(self, notice: Notice, names: Collection[str] | None = None) -> None:
        """Tell an alert on the ways with these names, or on all; on Qt's thread, at once."""
        for way in self._desktop:
            if names is None or way.name in names:
                way.offer(notice)
        self._ways.offer(notice, names)

    def status(self) -> tuple[WayFacts, ...]:
        """Return how each way fares."""
        return (*(way.facts() for way in self._desktop), *self._ways.status())

    async def end(self) -> None:
        """Send what waits, for some seconds at most; after the services have stopped."""
        for ways in (*self._former, self._ways):
            for name, ids in (await asyncio.to_thread(ways.stop)).items():
                logger.warning("%d alerts have not arrived at %s", len(ids), name)


def _specs_of(store: QSettings) -> tuple[WaySpec, ...]:
    try:
        return load_ways(store)
    except SettingsError as error:
        logger.warning("%s", error)
        return ()


def _made(specs: Iterable[WaySpec]) -> list[Way]:
    """Return the ways that can be used; the others are logged."""
    made: list[Way] = []
    for spec in specs:
        try:
            made.append(make_way(spec))
        except SettingsError as error:
            logger.warning("alerts are not told on %r: %s", spec.name, error)
    return made
