"""The heatmap's switch as an action, for a host's tool bar or menu."""

from functools import partial

from PyQt6.QtCore import QCoreApplication, QObject, QSettings, QSignalBlocker
from PyQt6.QtGui import QAction

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.settings.settings_store import save_settings
from Heatmap.ui.ties import Ties, Weakly

logger = get_logger(__name__)


class _ToggleAction(QAction):
    """Shows the setting `enabled`, and sets it."""

    def __init__(
        self, service: HeatmapService, store: QSettings | None, parent: QObject | None
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._store = store
        self.setObjectName("heatmap_toggle")
        self.setCheckable(True)
        self.setText(self.tr("Heatmap"))
        help_text = QCoreApplication.translate("HeatmapSettings", SETTINGS["enabled"].help)
        self.setToolTip(self.tr("Show or hide the heatmap. {help}").format(help=help_text))
        self._show(service.settings)
        self.toggled.connect(self._set)
        show = Weakly(self._show)
        service.add_settings_listener(show)
        self._ties = Ties(self)
        self._ties.tie("settings", partial(service.remove_settings_listener, show))

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the heatmap could not be switched", exc_info=error)

    def _show(self, settings: HeatmapSettings) -> None:
        with QSignalBlocker(self):
            self.setChecked(settings.enabled)
        # Blocked with the rest, and what tool bars and menus draw it by.
        self.changed.emit()

    @guarded
    def _set(self, is_on: bool) -> None:
        settings = self._service.settings.changed(enabled=is_on)
        self._service.apply_settings(settings)
        if self._store is not None:
            save_settings(self._store, settings, ["enabled"])


def toggle_action(
    service: HeatmapService, store: QSettings | None = None, parent: QObject | None = None
) -> QAction:
    """Make a checkable action that shows and hides the heatmap of `service`.

    It follows the setting, whoever changes it, and goes on recording either way. Text, icon and
    shortcut are the host's to change; it has no shortcut of its own.

    Parameters
    ----------
    service
        The service to set.
    store
        Where the choice is kept, in the group ``Heatmap/``; ``None``: nowhere.
    parent
        What the action belongs to; ``None``: whoever keeps it.
    """
    return _ToggleAction(service, store, parent)
