"""What each window keeps for the next start: place, size, docks, symbol, interval, span, heat."""

from contextlib import suppress

from PyQt6.QtCore import QByteArray, QSettings

from Heatmap import HeatmapSettings
from Heatmap.errors import SettingsError

FIRST = 1
"""Number of the window that there always is."""
LAYOUT_VERSION = 1
"""Of docks and bars: what another version has kept of them is not used."""
MOST_WINDOWS = 20
"""So many can be open at once."""
TAKEN_OVER = ("state", "scale", "candles", "timeZone", "tape_least_usd")
"""What one more window takes over from the one that it is opened from, beside what that shows."""
_OPEN = "Windows/open"


class WindowStore:
    """The part of the program's store that belongs to one window.

    Parameters
    ----------
    store
        The program's store.
    number
        Of the window, from 1.
    """

    def __init__(self, store: QSettings, number: int = FIRST) -> None:
        self.program = store
        self.number = number
        # As it was when there was one window only.
        self.group = "Window" if number == FIRST else f"Window{number}"

    def text(self, name: str) -> str:
        """Return a kept text; empty: there is none."""
        value = self.program.value(f"{self.group}/{name}")
        return "" if value is None else str(value)

    def set_text(self, name: str, text: str) -> None:
        """Keep a text; an empty one is forgotten."""
        if text:
            self.program.setValue(f"{self.group}/{name}", text)
        else:
            self.program.remove(f"{self.group}/{name}")

    def symbol(self, name: str) -> str:
        """Return a kept symbol; empty: there is none, or what is kept is none."""
        with suppress(SettingsError):
            text = self.text(name)
            return HeatmapSettings.from_texts({"symbols": text}).symbols[0] if text else ""
        return ""

    def setting(self, name: str) -> str | None:
        """Return a kept value of a setting; ``None``: there is none, or it is not allowed."""
        text = self.text(name)
        with suppress(SettingsError):
            HeatmapSettings.from_texts({name: text})
            return text or None
        return None

    def bytes_of(self, name: str) -> QByteArray:
        """Return what Qt has kept of a window; empty: nothing."""
        value = self.program.value(f"{self.group}/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Keep what Qt tells of a window."""
        self.program.setValue(f"{self.group}/{name}", value)

    def forget(self) -> None:
        """Forget all of a window that will not come back."""
        if self.number != FIRST:
            self.program.remove(self.group)

    def begin_like(self, other: "WindowStore") -> None:
        """Begin with the docks, axes and candles that another window has; its place is its own."""
        self.forget()
        self.program.remove(f"{self.group}/geometry")
        for name in TAKEN_OVER:
            value = other.program.value(f"{other.group}/{name}")
            if value is None:
                self.program.remove(f"{self.group}/{name}")
            else:
                self.program.setValue(f"{self.group}/{name}", value)


def kept_windows(store: QSettings) -> list[int]:
    """Return the numbers of the windows that were open last, in their order; one at least."""
    texts = str(store.value(_OPEN, "")).split(" ")
    allowed = {str(number): number for number in range(FIRST, MOST_WINDOWS + 1)}
    numbers = [allowed[one] for one in texts if one in allowed]
    return list(dict.fromkeys(numbers)) or [FIRST]


def keep_windows(store: QSettings, numbers: list[int]) -> None:
    """Keep which windows are open."""
    store.setValue(_OPEN, " ".join(map(str, numbers)))


def free_number(numbers: list[int]) -> int | None:
    """Return the number of one more window; ``None``: there are too many."""
    return next((one for one in range(FIRST, MOST_WINDOWS + 1) if one not in numbers), None)
