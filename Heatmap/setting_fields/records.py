"""The record of a setting, and all the records of a settings class. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field
from enum import Enum
from typing import Any

from Heatmap.errors import SettingsError
from Heatmap.setting_fields.kinds import Choice, Kind, Number, Option

_SHOWN_CHARS = 80


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
    BARS
        The bars of longs and shorts per candle are read and drawn anew.
    """

    RESTART = "restart"
    REBUILD = "rebuild"
    RESTYLE = "restyle"
    RESCALE = "rescale"
    LINES = "lines"
    BUBBLES = "bubbles"
    BARS = "bars"


class Page(Enum):
    """The page of the settings tab on which a setting stands."""

    ABOVE = "above the pages"
    PICTURE = "picture"
    SCALE = "scale"
    CHART = "chart"
    LINES = "lines"
    RECORDING = "recording"


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
    """The records of a dataclass's fields by name, page by page, there in the order of fields."""

    def __init__(self, fields: Iterable[Field[Any]]) -> None:
        named = {one.name: one.metadata["setting"] for one in fields}
        pages = list(Page)
        super().__init__(sorted(named.items(), key=lambda one: pages.index(one[1].page)))

    def require(self, name: str) -> None:
        """Raise SettingsError unless there is a field of this name."""
        if name not in self:
            raise SettingsError(f"no setting is called {name!r}; there are {', '.join(self)}")

    def check(self, name: str, value: object) -> None:
        """Raise SettingsError unless the field takes this value."""
        if expected := self[name].kind.wrong(value):
            raise SettingsError(f"{name} must be {expected}, got {_shown(value)}")

    def parse(self, name: str, text: str) -> object:
        """Turn a text into a field's value, not yet checked; raise SettingsError if it is none."""
        self.require(name)
        kind = self[name].kind
        try:
            return kind.parse(text)
        except ValueError:
            raise SettingsError(f"{name} must be {kind.allowed}, got {text!r}") from None

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
