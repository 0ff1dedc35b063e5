"""What the changes of a settings tab have replaced, for as long as they may be taken back."""

from collections.abc import Iterable

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.settings.settings_store import SettingsWriter

logger = get_logger(__name__)


class SettingsPreview:
    """Remembers what was in force and stored before the changes that a settings tab makes.

    It outlives the tab: where a dialog is deleted while it is open, the end of the tab is the only
    sign that nobody has accepted. `remember` comes before each change; `take_back` and `forget`
    may come at any time, and do nothing a second time; `end` comes last, when the tab is gone.

    Parameters
    ----------
    service
        The service to set.
    writer
        Stores what the tab changes.

    Attributes
    ----------
    is_undecided
        The tab is in a modal dialog that was neither accepted nor rejected.
    """

    def __init__(self, service: HeatmapService, writer: SettingsWriter) -> None:
        self._service = service
        self._writer = writer
        self.is_undecided = False
        # By field, two things: options of this run only are in force without being stored.
        self._in_force: dict[str, object] = {}
        self._stored: dict[str, str | None] = {}

    def remember(self, names: Iterable[str]) -> None:
        """Remember of the fields called `names` what is in force and stored, unless it is known."""
        in_force = self._service.settings.as_mapping()
        for name in names:
            if name not in self._stored:
                self._stored[name] = self._writer.stored_text(name)
            if name in in_force and name not in self._in_force:
                self._in_force[name] = in_force[name]

    def forget(self) -> None:
        """Make what was changed so far final, and store what waits."""
        self._in_force.clear()
        self._stored.clear()
        self._writer.flush()

    def take_back(self) -> HeatmapSettings | None:
        """Store what was stored before.

        Returns
        -------
        HeatmapSettings or None
            What the caller puts in force; ``None``: nothing was changed.
        """
        in_force, self._in_force = self._in_force, {}
        stored, self._stored = self._stored, {}
        if not in_force:
            return None
        self._writer.write_now(stored)
        return self._service.settings.changed(**in_force)

    def end(self) -> None:
        """Take back what nobody has accepted, or store what waits: the tab is gone."""
        try:
            settings = self.take_back() if self.is_undecided else None
            if settings is not None:
                self._service.apply_settings(settings)
            self._writer.flush()
        except Exception:
            # The caller is Qt, which would end the host's process.
            logger.exception("previewed settings could not be taken back")
