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
    TAGS
        The tags of the strongest levels are looked for and drawn anew.
    """

    RESTART = "restart"
    REBUILD = "rebuild"
    RESTYLE = "restyle"
    RESCALE = "rescale"
    LINES = "lines"
    BUBBLES = "bubbles"
    BARS = "bars"
    TAGS = "tags"


class Page(Enum):
    """A page of the settings tab. `ALERTS` has rules of alerts, and no settings."""

    ABOVE = "above the pages"
    HEAT = "heat"
    CHART = "chart"
    RECORDING = "recording"
    ALERTS = "alerts"


class Section(Enum):
    """The part of a page in which a setting stands: its page, and its heading.

    The order here is that of the pages, and of the parts of each.
    """

    ABOVE = (Page.ABOVE, "")
    PICTURE = (Page.HEAT, "Picture")
    SCALE = (Page.HEAT, "Scale")
    RESOLUTION = (Page.HEAT, "Resolution")
    SHOWN = (Page.CHART, "Shown")
    BUBBLES = (Page.CHART, "Bubbles: single large liquidations")
    CLUSTERS = (Page.CHART, "Cluster lines: prices of many liquidations")
    SYMBOLS = (Page.RECORDING, "Symbols")
    STORAGE = (Page.RECORDING, "Storage")

    @property
    def page(self) -> Page:
        """The page on which it stands."""
        return self.value[0]

    @property
    def heading(self) -> str:
        """What stands above its rows; empty: nothing."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Setting:
    """The record of a setting.

    Attributes
    ----------
    kind
        What values it takes, with the unit and the steps of a number.
    section
        Where it stands in the settings tab; there in the order of the fields.
    label
        What it is called there, with its mnemonic behind ``&``.
    help
        A sentence that says what it does: the tool tip, and the README's table.
    effects
        What has to be done when it changes.
    option
        The page's name for it where the page applies it by itself; empty: it does not.
    formerly
        What it was called in a store of an earlier version; empty: it had no other name.
    is_of_recorded
        Whether it acts on recorded heat only, and on nothing else that is drawn.
    is_rare
        Whether it is folded behind "More" at the end of its page.
    caption
        A few words that stand below its field at all times; empty: none do.
    """

    kind: Kind
    section: Section
    label: str
    help: str
    effects: frozenset[Effect] = frozenset()
    option: str = ""
    formerly: str = ""
    is_of_recorded: bool = False
    is_rare: bool = False
    caption: str = ""

    @property
    def page(self) -> Page:
        """The page of the settings tab on which it stands."""
        return self.section.page


def setting(
    default: object,
    kind: Kind,
    place: Section | Page,
    label: str,
    help_text: str,
    *,
    effects: Iterable[Effect] = (),
    option: str = "",
    formerly: str = "",
    is_of_recorded: bool = False,
    is_rare: bool = False,
    caption: str = "",
) -> Any:
    """Return the field of a dataclass with its record.

    `place` is a part of a page; a page stands for its first part. The rest is that of `Setting`.
    """
    if isinstance(place, Page):
        place = next(section for section in Section if section.page is place)
    record = Setting(
        kind,
        place,
        label,
        help_text,
        frozenset(effects),
        option,
        formerly,
        is_of_recorded,
        is_rare,
        caption,
    )
    return field(default=default, metadata={"setting": record})


class SettingRecords(dict[str, Setting]):
    """The records of a dataclass's fields by name, section by section, there in their order."""

    def __init__(self, fields: Iterable[Field[Any]]) -> None:
        named = {one.name: one.metadata["setting"] for one in fields}
        sections = list(Section)
        super().__init__(sorted(named.items(), key=lambda one: sections.index(one[1].section)))

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
