"""What the buttons of a modal dialog mean to the settings tab that stands in it."""

from typing import Protocol

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QDialog, QWidget

from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.ui.settings.settings_preview import SettingsPreview


class _Tab(Protocol):
    """The settings tab, as far as its dialog concerns it."""

    def window(self) -> QWidget | None:
        """Return the window in which it stands."""

    def restore(self) -> None:
        """Take back what was changed."""

    def keep(self) -> None:
        """Make final what was changed."""

    def note_error(self, error: Exception) -> None:
        """Log an error, and show it."""


class DialogOfTab(QObject):
    """Has a tab restore where its modal dialog is rejected, and keep where it is accepted.

    Parameters
    ----------
    tab
        The settings tab, which is a QObject too; this belongs to it.
    preview
        Told whether anything is undecided.
    """

    # Of the class: Qt still tells of events when the attributes are gone already.
    _is_whole = False

    def __init__(self, tab: _Tab, preview: SettingsPreview) -> None:
        assert isinstance(tab, QObject)  # noqa: S101 - so says the docstring
        super().__init__(tab)
        self._tab: _Tab = tab
        self._preview = preview
        self._is_modal = False
        self._dialog: QDialog | None = None
        self._is_whole = True

    def follow(self, window: QWidget | None) -> None:
        """Follow the window in which the tab is shown now, where it is a dialog."""
        self._preview.is_undecided = False
        if isinstance(window, QDialog):
            # Qt forgets it before it tells that the dialog was rejected.
            self._is_modal = self._preview.is_undecided = window.isModal()
            if window is not self._dialog:
                if self._is_modal:
                    # It was shown before this could be seen to, see `_follow_event`.
                    window.setResult(QDialog.DialogCode.Rejected)
                self._leave()
                self._dialog = window
                window.rejected.connect(self._on_rejected)
                window.accepted.connect(self._on_accepted)
                window.finished.connect(self._on_finished)
                window.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Learn that the dialog has a result, before a host is told, who may delete it then."""
        if self._is_whole and event is not None and watched is self._dialog:
            self._follow_event(event)
        return super().eventFilter(watched, event)

    def note_error(self, error: Exception) -> None:
        """Have the tab take an error."""
        self._tab.note_error(error)

    @guarded
    def _follow_event(self, event: QEvent) -> None:
        dialog = self._dialog
        if dialog is None or sip.isdeleted(dialog):
            return
        if event.type() == QEvent.Type.Show and not event.spontaneous() and dialog.isModal():
            # As `open` and `exec` do: `show` leaves the result of the last time.
            dialog.setResult(QDialog.DialogCode.Rejected)
        elif event.type() == QEvent.Type.Hide and dialog.result() != QDialog.DialogCode.Rejected:
            self._preview.is_undecided = False

    def _leave(self) -> None:
        if self._dialog is not None and not sip.isdeleted(self._dialog):
            self._dialog.rejected.disconnect(self._on_rejected)
            self._dialog.accepted.disconnect(self._on_accepted)
            self._dialog.finished.disconnect(self._on_finished)
            self._dialog.removeEventFilter(self)

    @guarded
    def _on_rejected(self) -> None:
        if self._is_modal and self._tab.window() is self._dialog:
            self._tab.restore()

    @guarded
    def _on_accepted(self) -> None:
        if self._is_modal and self._tab.window() is self._dialog:
            self._tab.keep()

    @guarded
    def _on_finished(self, _result: int) -> None:
        """Take it for decided, also where the host gave a result of its own."""
        if self._tab.window() is self._dialog:
            self._preview.is_undecided = False
