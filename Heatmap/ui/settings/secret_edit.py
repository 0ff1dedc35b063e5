"""A field for an address or a key: it is entered unseen, and never shown again."""

from urllib.parse import urlsplit

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QLineEdit

from Heatmap.alerts.ways import Secret

_DOTS = "\u2022" * 8
_SHOWN_LABELS = 2
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def masked_address(address: Secret) -> str:
    """Return of an address what nobody can use: ``https://…example.com/••••••••``.

    Of a host's name only the last two parts stay: tokens stand in front of them, too. Of the
    address of a service only its scheme stays.
    """
    try:
        parts = urlsplit(address.reveal())
        host = parts.hostname or ""
    except ValueError:
        return _DOTS
    if parts.scheme not in ("http", "https") or not host:
        return f"{parts.scheme}://{_DOTS}" if parts.scheme else _DOTS
    labels = host.split(".")
    if host not in _LOOPBACK and len(labels) > _SHOWN_LABELS:
        host = "\u2026" + ".".join(labels[-_SHOWN_LABELS:])
    return f"{parts.scheme}://{host}/{_DOTS}"


def masked_key(key: Secret | None) -> str:
    """Return dots for a key; empty where there is none."""
    return "" if key is None else _DOTS


class SecretEdit(QLineEdit):
    """Takes a secret; what it is now stands behind as a hint, masked.

    Attributes
    ----------
    entered
        Something was entered; tells it as a `Secret`. It stays in the field until `show_mask`.
    """

    entered = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        # Neither a picture, nor a screen reader, nor the clipboard has it.
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.editingFinished.connect(self._on_finished)

    def show_mask(self, mask: str) -> None:
        """Forget what was entered, and show this in its place."""
        self.clear()
        self.setModified(False)
        self.setPlaceholderText(mask)

    def _on_finished(self) -> None:
        text = self.text().strip()
        if self.isModified() and text:
            self.setModified(False)
            self.entered.emit(Secret(text))
