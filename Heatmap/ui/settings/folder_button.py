"""The button that shows the folder of the database."""

from PyQt6.QtCore import QCoreApplication, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QPushButton, QSizePolicy

from Heatmap.heatmap_service import HeatmapService
from Heatmap.storage.store import folder_of


def folder_button(service: HeatmapService) -> QPushButton | None:
    """Make the button; ``None``: the database is in no folder."""
    folder = folder_of(service.database)
    if folder is None:
        return None
    button = QPushButton(_tr("O&pen folder"))
    button.setObjectName("open_folder")
    button.setToolTip(_tr("Show the folder of the database"))
    button.setAutoDefault(False)
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
    return button


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusPanel", text)
