"""Rows of a host's own on a page of the settings tab: what is no setting of the heatmap's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QComboBox

from Heatmap.ui.settings.page_form import RowField, SettingsPage
from Heatmap.ui.settings.setting_rows import FIELD_WIDTH, choice_box
from Heatmap.ui.while_visible import WhileVisible

if TYPE_CHECKING:
    from Heatmap.ui.settings.segments import Segments

TakeChoice = Callable[["HostChoice", str], object]
"""Takes what the user has chosen in a row."""


@dataclass(frozen=True, slots=True)
class HostChoice:
    """A choice of a host's own for `HeatmapSettingsTab.add_choices`.

    Attributes
    ----------
    name
        Of the control, for whoever looks for it.
    label, help
        What stands in front, with a mnemonic or without, and what the tool tip says. Without one,
        or where another row has it, the row gets a letter of its own.
    options
        Each value with its text: side by side where they fit, else in a list.
    value
        Tells what is chosen now; asked again once a second while the row is seen.
    choose
        Puts another value in force, and keeps it.
    default
        What the button Defaults chooses; ``None``: neither Defaults nor Undo concern it.
    caption
        A few words below the control.
    """

    name: str
    label: str
    help: str
    options: Sequence[tuple[str, str]]
    value: Callable[[], str]
    choose: Callable[[str], object]
    default: str | None = None
    caption: str = ""


class HostRow:
    """The row of a choice, as the last one of a page.

    Parameters
    ----------
    page
        Where it goes.
    choice
        What is chosen.
    take
        Told what the user chooses.
    """

    def __init__(self, page: SettingsPage, choice: HostChoice, take: TakeChoice) -> None:
        self.choice = choice
        options = [(key, text, text) for key, text in choice.options]
        self._box: QComboBox | Segments = choice_box(options)
        self._box.setObjectName(choice.name)
        self._box.setToolTip(choice.help)
        if isinstance(self._box, QComboBox):
            self._box.setMinimumWidth(FIELD_WIDTH)
        label = page.make_label(choice.label, self._box)
        label.setBuddy(self._box)
        # Beside segments there may be no room.
        page.grid.add_row(RowField(self._box, caption=choice.caption), label)
        self._box.currentIndexChanged.connect(lambda at: take(choice, self._box.itemData(at)))
        self._visible = WhileVisible(self._box, self.show_value)
        self.show_value()

    def show_value(self) -> None:
        """Show what is chosen now, and tell nobody."""
        at = self._box.findData(self.choice.value())
        if at != self._box.currentIndex():
            with QSignalBlocker(self._box):
                self._box.setCurrentIndex(at)
