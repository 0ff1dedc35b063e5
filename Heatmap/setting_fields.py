"""What a setting is: one record for each, and everything else about it is made from that.

`Heatmap.heatmap_settings` gives each of its fields a record with `setting`. Reading texts, checking
values, the command line, what is built again, the page's options, the rows of the settings tab and
the table of the README come from the records. Pure; no Qt.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field
from enum import Enum
from typing import Any, Protocol, Self

from Heatmap.errors import SettingsError

_ROWS_BY_COLUMNS = re.compile(r"(\d{1,4})x(\d{1,4})")
_PIXELS_PER_BIN = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)px")
_MIN_BINS, _MAX_ROWS, _MAX_COLUMNS, _MAX_PIXELS = 20, 1000, 4000, 50
_RESOLUTION_ALLOWED = (
    f"auto, ROWSxCOLUMNS ({_MIN_BINS}x{_MIN_BINS} to {_MAX_ROWS}x{_MAX_COLUMNS}) or 1px to "
    f"{_MAX_PIXELS}px"
)
_SHOWN_CHARS = 80
_TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
_FALSE_WORDS = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """How fine the grid is: a fixed number of rows and columns, pixels per bin, or neither (auto).

    Attributes
    ----------
    rows, columns
        Bins in the visible price range and in the window; ``None`` unless both are fixed.
    pixels_per_bin
        CSS pixels that a bin takes in both directions; ``None`` unless fixed.
    """

    rows: int | None = None
    columns: int | None = None
    pixels_per_bin: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``auto``, ``ROWSxCOLUMNS`` (20x20 to 1000x4000) or ``Npx`` (1 to 50).

        Raises
        ------
        SettingsError
            The text is none of these.
        """
        if text == "auto":
            return cls()
        if match := _ROWS_BY_COLUMNS.fullmatch(text):
            rows, columns = int(match[1]), int(match[2])
            if _MIN_BINS <= rows <= _MAX_ROWS and _MIN_BINS <= columns <= _MAX_COLUMNS:
                return cls(rows=rows, columns=columns)
        elif match := _PIXELS_PER_BIN.fullmatch(text):
            pixels = float(match[1])
            if 1 <= pixels <= _MAX_PIXELS:
                return cls(pixels_per_bin=pixels)
        raise SettingsError(f"resolution must be {_RESOLUTION_ALLOWED}, got {text!r}")


def wrong_resolution(value: object) -> str:
    """Say what was expected of a resolution that is not allowed; empty: it is allowed."""
    try:
        Resolution.parse(str(value))
    except SettingsError:
        return _RESOLUTION_ALLOWED
    return ""


class Effect(Enum):
    """What has to be done when a setting changes.

    Attributes
    ----------
    RESTART
        The picture is taken away, and begins anew where one is to be drawn.
    REBUILD
        The picture is read and built anew.
    RESTYLE
        The same picture gets other bytes; nothing is read.
    RESCALE
        The automatic end of the scale is found anew.
    LINES
        The cluster lines are drawn anew.
    BUBBLES
        The bubbles of recorded liquidations are read and drawn anew.
    """

    RESTART = "restart"
    REBUILD = "rebuild"
    RESTYLE = "restyle"
    RESCALE = "rescale"
    LINES = "lines"
    BUBBLES = "bubbles"


class Page(Enum):
    """The page of the settings tab on which a setting stands."""

    ABOVE = "above the pages"
    PICTURE = "picture"
    SCALE = "scale"
    CHART = "chart"
    LINES = "lines"
    RECORDING = "recording"


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
    """

    label: str
    amount: float | None = None


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
        if not is_number or not math.isfinite(value) or not self.low <= value <= self.high:  # type: ignore[arg-type, operator]  # checked
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


@dataclass(frozen=True, slots=True)
class Setting:
    """The record of a setting.

    Attributes
    ----------
    kind
        What values it takes.
    page
        Where it stands in the settings tab; there in the order of the fields.
    label
        What it is called there, with its mnemonic behind ``&``.
    help
        A sentence that says what it does.
    effects
        What has to be done when it changes.
    option
        The page's name for it where the page applies it by itself; empty: it does not.
    formerly
        What it was called in a store of an earlier version; empty: it had no other name.
    is_of_recorded
        Whether it acts on recorded heat only, and on nothing else that is drawn.
    """

    kind: Kind
    page: Page
    label: str
    help: str
    effects: frozenset[Effect] = frozenset()
    option: str = ""
    formerly: str = ""
    is_of_recorded: bool = False


def setting(
    default: object,
    kind: Kind,
    page: Page,
    label: str,
    help_text: str,
    *,
    effects: Iterable[Effect] = (),
    option: str = "",
    formerly: str = "",
    is_of_recorded: bool = False,
) -> Any:
    """Return the field of a dataclass with its record."""
    record = Setting(
        kind, page, label, help_text, frozenset(effects), option, formerly, is_of_recorded
    )
    return field(default=default, metadata={"setting": record})


class SettingRecords(dict[str, Setting]):
    """The records of a dataclass's fields by name, in the order of the fields."""

    def __init__(self, fields: Iterable[Field[Any]]) -> None:
        super().__init__((one.name, one.metadata["setting"]) for one in fields)

    def require(self, name: str) -> None:
        """Raise SettingsError unless there is a field of this name."""
        if name not in self:
            raise SettingsError(f"no setting is called {name!r}; there are {', '.join(self)}")

    def check(self, name: str, value: object) -> None:
        """Raise SettingsError unless the field takes this value."""
        if expected := self[name].kind.wrong(value):
            raise SettingsError(f"{name} must be {expected}, got {_shown(value)}")

    def range(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest number; raise KeyError where it takes no numbers."""
        kind = self[name].kind
        if not isinstance(kind, Number):
            raise KeyError(name)
        return kind.low, kind.high

    def options(self, name: str) -> Mapping[str, Option]:
        """Return the values that a choice offers; raise KeyError where it is none."""
        kind = self[name].kind
        if not isinstance(kind, Choice):
            raise KeyError(name)
        return kind.options

    def with_effect(self, *effects: Effect) -> frozenset[str]:
        """Return the names of the fields of which a change has one of `effects`."""
        return frozenset(
            name for name, record in self.items() if not record.effects.isdisjoint(effects)
        )

    def on_page(self, page: Page) -> Mapping[str, Setting]:
        """Return the records of a page of the settings tab, in their order."""
        return {name: record for name, record in self.items() if record.page is page}

    def page_options(self) -> Mapping[str, str]:
        """Return the names of the options that the page applies by itself, by field."""
        return {name: record.option for name, record in self.items() if record.option}


def _shown(value: object) -> str:
    """Return a refused value for a message: short, and in signs that every terminal has."""
    text = ascii(",".join(map(str, value)) if isinstance(value, tuple) else value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def to_text(value: object) -> str:
    """Return a value as a store and the command line spell it."""
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)
