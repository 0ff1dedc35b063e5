"""Small dialogs of the window: its shortcuts, and what versions it is made of."""

import platform
import sqlite3
from collections.abc import Sequence
from importlib import metadata

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, QCoreApplication, Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from Heatmap import __version__

_COLUMN_ROWS = 22


def show_shortcuts(
    parent: QWidget, actions: Sequence[QAction], replay: Sequence[QAction]
) -> QDialog:
    """Show which key does what.

    Parameters
    ----------
    parent
        The window.
    actions
        Those that work at any time; one without a key is left out. Chart, tape and fields have
        keys of their own, which come after them.
    replay
        Those that work while the replay bar is seen.
    """
    rows = [
        (_keys(action), action.text().rstrip("…"))
        for action in actions
        if action.isVisible() and not action.shortcut().isEmpty()
    ]
    rows += [
        (_tr("A letter"), _tr("Find a symbol")),
        (_tr("A digit"), _tr("Candle interval: 15, 4h, 1d, then Enter")),
        (_key("Left") + ", " + _key("Right"), _tr("On the chart: back, forward")),
        ("+, -", _tr("On the chart: fewer candles, more candles")),
        (_key("Esc"), _tr("Close what is open: card, list, settings")),
        (_key("Up") + ", " + _key("Down"), _tr("In the tape: select")),
        (_tr("Enter"), _tr("In the tape: show on the chart")),
        (_key("Left") + ", " + _key("Right"), _tr("In a row of choices: another one")),
    ]
    during = _tr("Replay: {action}")
    rows += [(_keys(one), during.format(action=one.text())) for one in replay]
    return _dialog(parent, "shortcutsDialog", _tr("Shortcuts"), rows)


def show_about(parent: QWidget) -> QDialog:
    """Show the versions of the program and of what it is made of."""
    rows = [
        ("Heatmap", __version__),
        ("Python", platform.python_version()),
        ("Qt", QT_VERSION_STR),
        ("PyQt", PYQT_VERSION_STR),
        ("SQLite", sqlite3.sqlite_version),
        ("litecharts", _version_of("litecharts")),
        (_tr("System"), platform.platform(terse=True)),
    ]
    return _dialog(parent, "aboutDialog", _tr("About Heatmap"), rows)


def _dialog(parent: QWidget, name: str, title: str, rows: Sequence[tuple[str, str]]) -> QDialog:
    """Show rows of two words; the window goes on meanwhile."""
    for before in parent.findChildren(QDialog, name):
        before.close()
    dialog = QDialog(parent)
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(7)
    for at, (word, words) in enumerate(rows):
        column, row = divmod(at, _COLUMN_ROWS)
        first, second = QLabel(word), QLabel(words)
        first.setObjectName("weak")
        second.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (first, second):
            label.setTextFormat(Qt.TextFormat.PlainText)
        grid.addWidget(first, row, 2 * column)
        grid.addWidget(second, row, 2 * column + 1)
    # With a parent from the beginning: by its style there are no icons on buttons.
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
    buttons.rejected.connect(dialog.close)
    column_layout = QVBoxLayout(dialog)
    column_layout.setContentsMargins(20, 18, 20, 16)
    column_layout.setSpacing(18)
    column_layout.addLayout(grid)
    column_layout.addWidget(buttons)
    # Beside the window, whose keys can be tried meanwhile.
    dialog.show()
    return dialog


def _keys(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _key(name: str) -> str:
    return QKeySequence(name).toString(QKeySequence.SequenceFormat.NativeText)


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _tr("not installed")


def _tr(text: str) -> str:
    return QCoreApplication.translate("WindowDialogs", text)
