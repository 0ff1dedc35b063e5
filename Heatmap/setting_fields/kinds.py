"""The kinds of settings: which values each takes, and how it reads them from a text. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

_TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
_FALSE_WORDS = frozenset({"no", "false", "off", "0"})


class Kind(Protocol):
    """What values a setting takes."""

    @property
    def allowed(self) -> str:
        """Which texts it takes, in a few words."""

    def parse(self, text: str) -> object:
        """Turn a text into a value; raise ValueError where it is none."""

    def wrong(self, value: object) -> str:
        """Say what was expected of a value that is not allowed; empty: it is allowed."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Yes or no."""

    allowed: str = "yes or no"

    def parse(self, text: str) -> object:
        """Read yes, true, on or 1, and their contraries."""
        word = text.strip().lower()
        if word not in _TRUE_WORDS | _FALSE_WORDS:
            raise ValueError(text)
        return word in _TRUE_WORDS

    def wrong(self, value: object) -> str:
        """Allow a bool and nothing else."""
        return "" if isinstance(value, bool) else "yes or no"


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice.

    Attributes
    ----------
    label
        What the settings tab calls it.
    amount
        What it stands for, such as seconds; ``None`` where it stands for no number.
    short
        What it is called where several stand side by side; empty: by its label.
    """

    label: str
    amount: float | None = None
    short: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    options: Mapping[str, Option]

    @classmethod
    def of(cls, **labels: str) -> Self:
        """Make a choice of words that stand for no number, each with its label."""
        return cls({word: Option(label) for word, label in labels.items()})

    @property
    def allowed(self) -> str:
        """The words."""
        return ", ".join(self.options)

    def parse(self, text: str) -> object:
        """Take the text as it is."""
        return text

    def wrong(self, value: object) -> str:
        """Allow the words and nothing else."""
        is_word = isinstance(value, str) and value in self.options
        return "" if is_word else f"one of {self.allowed}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number within a range.

    Attributes
    ----------
    low, high
        The least and the greatest, both allowed.
    is_whole
        Whether it has no decimals.
    or_auto
        Whether ``None`` is allowed as well, which the text ``auto`` means.
    by_hand
        What the settings tab begins with when the number is set in the place of ``None``.
    suffix
        Stands behind the number in the settings tab, with its blank.
    step
        Of an arrow in the settings tab; 0: a tenth of the number.
    decimals
        Behind the point in the settings tab.
    factor
        What the value is multiplied with to be shown there, such as 100 for per cent.
    is_slider
        Whether it is dragged there, and followed meanwhile.
    """

    low: float
    high: float
    is_whole: bool = False
    or_auto: bool = False
    by_hand: float = 0
    suffix: str = ""
    step: float = 1
    decimals: int = 0
    factor: float = 1
    is_slider: bool = False

    @property
    def allowed(self) -> str:
        """The range."""
        words = f"{self.low:g} to {self.high:g}"
        return f"auto, or {words}" if self.or_auto else words

    def parse(self, text: str) -> object:
        """Read a number as programs write it: a point, no groups."""
        if self.or_auto and text.strip() == "auto":
            return None
        # Python takes 1_0 for 10.
        if "_" in text:
            raise ValueError(text)
        return int(text) if self.is_whole else float(text)

    def wrong(self, value: object) -> str:
        """Allow numbers within the range; a bool is none."""
        if value is None and self.or_auto:
            return ""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Not a number at all, nor infinite: no range has these. A whole one may be of any length.
        if not is_number or not self.low <= value <= self.high:  # type: ignore[operator]  # checked
            return f"a number from {self.low:g} to {self.high:g}"
        if self.is_whole and not isinstance(value, int):
            return "a whole number"
        return ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or what is read from one, by rules of its own.

    Attributes
    ----------
    allowed
        Which texts it takes, in a few words.
    read
        Turns a text into a value; raises ValueError where it is none.
    check
        Says what was expected of a value that is not allowed; empty: it is allowed.
    refusal
        What the settings tab says of one that is not allowed, with ``{text}`` for it.
    placeholder
        Stands in the settings tab where nothing was entered.
    """

    allowed: str
    read: Callable[[str], object]
    check: Callable[[Any], str]
    refusal: str
    placeholder: str

    def parse(self, text: str) -> object:
        """Read the text by its own rule."""
        return self.read(text)

    def wrong(self, value: object) -> str:
        """Check the value by its own rule."""
        return self.check(value)
