"""One value out of several, and the two forms in which the tool bar offers it."""

from collections.abc import Collection
from dataclasses import dataclass

from PyQt6.QtCore import QObject, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from Heatmap.standalone.icons import SMALL_PX, icon

FIELD_PX = 30
"""Height of fields and segments."""
_SEGMENT_PX = 26


@dataclass(slots=True)
class _Item:
    key: str
    text: str


class Choice(QObject):
    """Values of which one is chosen; what it offers is called as in `QComboBox`.

    Parameters
    ----------
    name
        What is chosen, in the user's language.
    tool_tip
        Explains it.

    Attributes
    ----------
    currentIndexChanged
        Tells the place of the value that is chosen now.
    changed
        A text or the chosen value is another one; what shows it has to be shown anew.
    """

    currentIndexChanged = pyqtSignal(int)
    changed = pyqtSignal()

    def __init__(self, name: str, tool_tip: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.tool_tip = tool_tip
        self._items: list[_Item] = []
        self._index = -1

    def addItem(self, text: str, key: str) -> None:
        """Add a value behind the others; the first is chosen."""
        self._items.append(_Item(key, text))
        self._index = max(self._index, 0)

    def count(self) -> int:
        """Return how many values there are."""
        return len(self._items)

    def itemData(self, index: int) -> str:
        """Return the value at a place."""
        return self._items[index].key

    def itemText(self, index: int) -> str:
        """Return the text of the value at a place."""
        return self._items[index].text

    def findData(self, key: str) -> int:
        """Return the place of a value; -1 where there is none."""
        return next((at for at, one in enumerate(self._items) if one.key == key), -1)

    def findText(self, text: str) -> int:
        """Return the place of a text; -1 where there is none."""
        return next((at for at, one in enumerate(self._items) if one.text == text), -1)

    def currentIndex(self) -> int:
        """Return the place of what is chosen; -1: there is no value."""
        return self._index

    def currentData(self) -> str:
        """Return the value that is chosen; empty: there is none."""
        return self._items[self._index].key if self._index >= 0 else ""

    def currentText(self) -> str:
        """Return the text of what is chosen."""
        return self._items[self._index].text if self._index >= 0 else ""

    def setCurrentIndex(self, index: int) -> None:
        """Choose the value at a place; -1 and what is chosen already change nothing."""
        if 0 <= index < len(self._items) and index != self._index:
            self.show_index(index)
            self.currentIndexChanged.emit(index)

    def choose(self, key: str) -> None:
        """Choose a value; one that is not there changes nothing."""
        self.setCurrentIndex(self.findData(key))

    def show_index(self, index: int) -> None:
        """Show the value at a place as chosen, and tell nobody."""
        if 0 <= index < len(self._items) and index != self._index:
            self._index = index
            self.changed.emit()

    def set_text(self, key: str, text: str) -> None:
        """Give a value another text."""
        item = self._items[self.findData(key)]
        if item.text != text:
            item.text = text
            self.changed.emit()


class Segments(QFrame):
    """The favourites of a choice side by side, and all others behind a chevron.

    Another value that is chosen is one more segment. Arrow keys go from one to the next; the ring
    is there only where the keyboard led.

    Parameters
    ----------
    choice
        What is chosen.
    favourites
        The values that always have a segment.
    is_primary
        Whether the chosen one has the accent colour.
    """

    def __init__(
        self, choice: Choice, favourites: Collection[str], *, is_primary: bool = False
    ) -> None:
        super().__init__()
        self._choice = choice
        self._favourites = favourites
        self.setObjectName("segments")
        self.setProperty("primary", is_primary)
        self.setAccessibleName(choice.name)
        self.setFixedHeight(FIELD_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for at in range(choice.count()):
            button = QToolButton()
            button.setCheckable(True)
            button.setFixedHeight(_SEGMENT_PX)
            button.setMinimumWidth(_SEGMENT_PX)
            button.setToolTip(choice.tool_tip)
            self._group.addButton(button, at)
            row.addWidget(button)
        self.more = QToolButton()
        self.more.setObjectName("more")
        self.more.setFixedHeight(_SEGMENT_PX)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip(self.tr("More of them"))
        self.more.setAccessibleName(self.tr("More: {name}").format(name=choice.name))
        self._menu = _menu_of(choice, self.more)
        self.more.setMenu(self._menu)
        self.more.setVisible(any(choice.itemData(at) not in favourites for at in self._places()))
        row.addWidget(self.more)
        self._group.idClicked.connect(choice.setCurrentIndex)
        choice.changed.connect(self._show)
        self._show()

    def set_colours(self, weak: str) -> None:
        """Draw the chevron in this colour."""
        self.more.setIcon(icon("chevron-down", weak, size_px=SMALL_PX))
        self.more.setIconSize(QSize(SMALL_PX, SMALL_PX))

    def _places(self) -> range:
        return range(self._choice.count())

    def _show(self) -> None:
        choice = self._choice
        for at in self._places():
            button = self._group.button(at)
            if button is None:
                continue
            button.setText(choice.itemText(at))
            is_chosen = at == choice.currentIndex()
            button.setVisible(is_chosen or choice.itemData(at) in self._favourites)
            button.setChecked(is_chosen)


class ChoiceMenu(QToolButton):
    """A choice as one button with a menu, for a narrow tool bar.

    Parameters
    ----------
    choice
        What is chosen.
    has_name
        Whether the button says what is chosen, and not the value alone.
    """

    def __init__(self, choice: Choice, *, has_name: bool = True) -> None:
        super().__init__()
        self._choice = choice
        self._has_name = has_name
        self.setObjectName("choiceMenu")
        self.setFixedHeight(FIELD_PX)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # The chevron stands behind the words.
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setToolTip(choice.tool_tip)
        self.setAccessibleName(choice.name)
        menu = _menu_of(choice, self)
        menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setMenu(menu)
        choice.changed.connect(self._show)
        self._show()

    def set_colours(self, weak: str) -> None:
        """Draw the chevron in this colour."""
        self.setIcon(icon("chevron-down", weak, size_px=SMALL_PX))
        self.setIconSize(QSize(SMALL_PX, SMALL_PX))

    def _show(self) -> None:
        value = self._choice.currentText()
        words = f"{self._choice.name} {value}" if self._has_name else value
        self.setText(words)
        self.updateGeometry()


def _menu_of(choice: Choice, parent: QWidget) -> QMenu:
    """Return a menu with all values, of which the chosen one is checked."""
    menu = QMenu(parent)
    group = QActionGroup(menu)
    actions: list[QAction] = []
    for at in range(choice.count()):
        action = QAction(choice.itemText(at), menu)
        action.setCheckable(True)
        action.triggered.connect(lambda _checked, at=at: choice.setCurrentIndex(at))
        group.addAction(action)
        menu.addAction(action)
        actions.append(action)

    def show() -> None:
        for at, action in enumerate(actions):
            action.setText(choice.itemText(at))
            action.setChecked(at == choice.currentIndex())

    menu.aboutToShow.connect(show)
    return menu
