"""A box for numbers that takes a point and a comma alike, in every locale."""

import re
from collections.abc import Mapping

from PyQt6.QtCore import QLocale, pyqtSignal
from PyQt6.QtGui import QValidator
from PyQt6.QtWidgets import QDoubleSpinBox, QWidget

from Heatmap.runtime.compat import override

# What groups digits somewhere: blanks of any width, and apostrophes.
_BLANKS = re.compile(r"[\s\u00a0\u2009\u202f'\u2019]")
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)")
_GROUP, _LAKH_GROUP = 3, 2
_BEING_TYPED = re.compile(r"[-+]?[\d.,]*")


def read_number(text: str, locale: QLocale) -> float | None:
    """Return the number that a user means by `text`; ``None``: it cannot be told.

    A point and a comma both mean the decimal sign. They group digits only where nothing else can be
    meant: several of one kind, one before the other kind, or the locale's own grouping with three
    digits behind it and neither nothing nor a nought in front.

    Parameters
    ----------
    text
        Without a suffix; blanks and apostrophes between digits do not count.
    locale
        Of the box: ``1,000`` is a thousand in English and one in German.
    """
    text = _BLANKS.sub("", text)
    marks = [mark for mark in text if mark in ".,"]
    if marks:
        decimal = _decimal_mark(text, marks, locale)
        whole, _, fraction = text.partition(decimal) if decimal else (text, "", "")
        groups = re.split("[.,]", whole)
        if len(set(marks) - {decimal}) > 1 or set(fraction) & set(".,") or not _are_groups(groups):
            return None
        text = f"{''.join(groups)}.{fraction}" if decimal else "".join(groups)
    return float(text) if _PLAIN.fullmatch(text) else None


def _decimal_mark(text: str, marks: list[str], locale: QLocale) -> str:
    """Return which of the two marks is the decimal one; empty: none, all of them group."""
    if len(set(marks)) > 1:
        return marks[-1]
    mark = marks[0]
    if len(marks) > 1:
        return ""
    before, _, after = text.partition(mark)
    digits = before.lstrip("+-")
    is_group = mark == locale.groupSeparator() and len(after) == _GROUP
    return "" if is_group and digits and not digits.startswith("0") else mark


def _are_groups(groups: list[str]) -> bool:
    first, *others = groups
    return not others or (
        1 <= len(first.lstrip("+-")) <= _GROUP
        and len(others[-1]) == _GROUP
        # Lakhs are groups of two.
        and all(len(group) in {_LAKH_GROUP, _GROUP} for group in others)
    )


class NumberBox(QDoubleSpinBox):
    """A spin box of which every text means the number that it looks like, or is refused.

    Qt takes the mark that is not the locale's for a grouping and drops it: 2.5 becomes 25.
    """

    refused = pyqtSignal(str)
    """Tells the text that was entered and means no number, or none within the range."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._refused_text: str | None = None
        self._units: Mapping[str, float] = {}
        self.editingFinished.connect(self._tell_refusal)

    @override
    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Let everything be typed that may become a number."""
        text = text or ""
        inner = self._inner(text)
        value = self._read(inner)
        if value is not None and self.minimum() <= self._rounded(value) <= self.maximum():
            return QValidator.State.Acceptable, text, position
        is_typed = value is not None or _BEING_TYPED.fullmatch(_BLANKS.sub("", inner))
        state = QValidator.State.Intermediate if is_typed else QValidator.State.Invalid
        return state, text, position

    @override
    def valueFromText(self, text: str | None) -> float:
        """Read the number."""
        value = self._read(self._inner(text or ""))
        return self.value() if value is None else self._rounded(value)

    @override
    def textFromValue(self, value: float) -> str:
        """Show no more decimals than there are."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text

    @override
    def fixup(self, text: str | None) -> str:
        """Keep the value that is in force where the text means none."""
        self._refused_text = self._inner(text or "")
        return self.textFromValue(self.value())

    def take_units(self, units: Mapping[str, float]) -> None:
        """Take letters behind a number, small or capital, such as ``k`` for a thousand.

        Without it a letter is not taken, and 500k, as it is written elsewhere, becomes 500.
        """
        self._units = units

    def _read(self, inner: str) -> float | None:
        factor = self._units.get(inner[-1:].lower())
        value = read_number(inner if factor is None else inner[:-1], self.locale())
        return value if value is None or factor is None else value * factor

    def _tell_refusal(self) -> None:
        text, self._refused_text = self._refused_text, None
        if text:
            self.refused.emit(text)

    def _inner(self, text: str) -> str:
        return text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip()

    def _rounded(self, value: float) -> float:
        return round(value, self.decimals())
