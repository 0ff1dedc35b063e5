"""What the window can do: each action once, with its key, for menu, tool bar and keyboard."""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtGui import QAction, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QMenu

from Heatmap.runtime.compat import override

SEPARATOR = "-"
"""Stands for a line in the menu."""


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One action.

    Attributes
    ----------
    name
        By which the program knows it.
    text
        In the user's language.
    keys
        Its shortcuts, the first of which is shown; empty: the menu's letters lead there.
    help
        What its tool tip says; empty: its text.
    is_checkable
        Whether it is on or off.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    help: str = ""
    is_checkable: bool = False


_ORDER = (
    ("new_window", "close_window", "save_picture", "copy_picture"),
    ("find_symbol", "record_symbol", "show_heat"),
    ("heat_recorded", "heat_predicted", "heat_both", SEPARATOR, "shorter_span", "longer_span"),
    ("go_to_now", "reset_view"),
    ("scale_auto", "scale_log", "scale_percent"),
    ("pause_run", "replay", "as_of"),
    ("panels", "alerts", "full_screen", "theme", "next_part", "part_before"),
    ("settings", "data_folder", "check_connection", "shortcuts", "about"),
    ("quit",),
)


class LetterMenu(QMenu):
    """A menu in which a letter leads to the next line that begins with it, as in a list."""

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go to a line by its letter; all else is the menu's."""
        letter = "" if event is None else event.text().casefold()
        if letter.isalpha():
            lines = [one for one in self.actions() if one.isVisible() and one.isEnabled()]
            active = self.activeAction()
            after = lines.index(active) + 1 if active in lines else 0
            for line in [*lines[after:], *lines[:after]]:
                if line.text().casefold().startswith(letter):
                    self.setActiveAction(line)
                    return
        super().keyPressEvent(event)


class Actions:
    """The window's actions, each with its shortcut.

    Parameters
    ----------
    window
        Whose they are; the shortcuts work in all of it.
    handlers
        What each does, by name; an action without one is left out.
    """

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        for facts in _all():
            if facts.name in handlers:
                self._actions[facts.name] = self._made(facts, handlers[facts.name])
        self.menu = LetterMenu(window)
        self.menu.setToolTipsVisible(False)
        # The menu's own key is its button's: F10, and Alt alone.
        self.open_menu = QAction(_tr("Menu"), window)
        self.open_menu.setShortcut(QKeySequence("F10"))
        self.open_menu.setToolTip(with_keys(_tr("Menu"), self.open_menu))
        window.addAction(self.open_menu)

    def __getitem__(self, name: str) -> QAction:
        """Return an action by its name."""
        return self._actions[name]

    def add(self, name: str, action: QAction) -> None:
        """Take an action that another part has made, for the menu."""
        self._actions[name] = action

    def fill_menu(self) -> None:
        """Put every action into the menu, each once.

        Some stand in menus of their own: all of them below each other are higher than the screen
        of a small computer.
        """
        self.menu.clear()
        below = {"heat_recorded": _tr("Heat"), "scale_auto": _tr("Price scale")}
        for group in _ORDER:
            menu: QMenu = self.menu
            if group[0] in below:
                menu = LetterMenu(self.menu)
                menu.setTitle(below[group[0]])
                self.menu.addMenu(menu)
            elif not self.menu.isEmpty():
                menu.addSeparator()
            for name in group:
                if name == SEPARATOR:
                    menu.addSeparator()
                elif name in self._actions:
                    menu.addAction(self._actions[name])

    def all(self) -> list[QAction]:
        """Return all actions in the menu's order."""
        return [self._actions[one] for group in _ORDER for one in group if one in self._actions]

    def _made(self, facts: ActionFacts, act: Callable[[], object]) -> QAction:
        action = QAction(facts.text, self._window)
        action.setObjectName(facts.name)
        action.setShortcuts([QKeySequence(one) for one in facts.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(facts.is_checkable)
        action.setIconVisibleInMenu(False)
        action.setToolTip(with_keys(facts.help or facts.text.rstrip("…"), action))
        action.triggered.connect(lambda _checked: act())
        self._window.addAction(action)
        return action


def with_keys(words: str, action: QAction) -> str:
    """Return the words of a tool tip with the action's key, as the system writes it."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{words} ({keys})" if keys else words


def _tr(text: str) -> str:
    return QCoreApplication.translate("WindowActions", text)


def _all() -> tuple[ActionFacts, ...]:
    """Return all actions in the user's language."""
    return (
        ActionFacts("new_window", _tr("New window"), ("Ctrl+N",)),
        ActionFacts("close_window", _tr("Close window"), ("Ctrl+W",)),
        ActionFacts("save_picture", _tr("Save picture…"), ("Ctrl+S",)),
        ActionFacts("copy_picture", _tr("Copy picture"), ("Ctrl+Shift+C",)),
        ActionFacts("find_symbol", _tr("Find symbol…"), ("Ctrl+K",)),
        ActionFacts("record_symbol", _tr("Record this symbol too")),
        ActionFacts(
            "show_heat",
            _tr("Show the heatmap"),
            ("Shift+H",),
            _tr("Show or hide the heatmap; recording goes on either way"),
            is_checkable=True,
        ),
        ActionFacts("heat_recorded", _tr("Recorded"), ("Shift+1",), is_checkable=True),
        ActionFacts("heat_predicted", _tr("Predicted"), ("Shift+2",), is_checkable=True),
        ActionFacts("heat_both", _tr("Recorded and predicted"), ("Shift+3",), is_checkable=True),
        ActionFacts("shorter_span", _tr("Shorter heat span"), ("[",)),
        ActionFacts("longer_span", _tr("Longer heat span"), ("]",)),
        ActionFacts("go_to_now", _tr("Go to now"), ("End",)),
        ActionFacts("reset_view", _tr("Reset the view"), ("Ctrl+0",)),
        ActionFacts(
            "scale_auto",
            _tr("Automatic price scale"),
            help=_tr("Fit prices to the candles in sight; off: they stay where they are"),
            is_checkable=True,
        ),
        # In place of the replay bar's key, while that is not seen.
        ActionFacts("pause_run", _tr("Pause the run"), ("Space",)),
        ActionFacts("scale_log", _tr("Logarithmic scale"), ("Shift+L",), is_checkable=True),
        ActionFacts("scale_percent", _tr("Percent scale"), ("%",), is_checkable=True),
        ActionFacts("full_screen", _tr("Full screen"), ("F11",), is_checkable=True),
        ActionFacts("theme", _tr("Dark or light"), ("Ctrl+Shift+L",)),
        ActionFacts("next_part", _tr("Next part of the window"), ("F6",)),
        ActionFacts("part_before", _tr("Part of the window before"), ("Shift+F6",)),
        ActionFacts("settings", _tr("Settings…"), ("Ctrl+,",)),
        ActionFacts("data_folder", _tr("Open data folder")),
        ActionFacts("check_connection", _tr("Check the connection…")),
        ActionFacts("shortcuts", _tr("Shortcuts"), ("F1",)),
        ActionFacts("about", _tr("About Heatmap")),
        ActionFacts("quit", _tr("Quit"), ("Ctrl+Q",)),
    )
