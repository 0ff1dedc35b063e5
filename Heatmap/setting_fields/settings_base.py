"""What every settings class can do by its records: check values, go to texts and come from them."""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, Self

from Heatmap.errors import SettingsError
from Heatmap.setting_fields.json_texts import UnusedValue, read_json, write_json
from Heatmap.setting_fields.records import SettingRecords


class SettingsBase:
    """For frozen dataclasses of which each field has a record; values are checked when it is made.

    A settings store keeps each field as the text that `to_texts` gives; the command line takes the
    same texts.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        records = self.records()
        for name in records:
            records.check(name, getattr(self, name))

    @classmethod
    def records(cls) -> SettingRecords:
        """Return the record of each field."""
        return _records_of(cls)  # type: ignore[arg-type]  # a class is hashable

    def changed(self, **values: object) -> Self:
        """Return a copy with some fields replaced.

        Raises
        ------
        SettingsError
            A value is not allowed, or there is no such field.
        """
        records = self.records()
        for name in values:
            records.require(name)
        return replace(self, **values)  # type: ignore[type-var]  # a dataclass, see above

    def to_texts(self) -> dict[str, str]:
        """Return every field as text, as `from_texts` and a settings store take it."""
        return {name: to_text(getattr(self, name)) for name in self.records()}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], base: Self | None = None) -> Self:
        """Build settings from texts; fields that are not named keep the value of `base`.

        Parameters
        ----------
        texts
            Field name to text, as `to_texts` gives it.
        base
            Where the other fields come from; the defaults when ``None``.

        Raises
        ------
        SettingsError
            An unknown field, or a text that is not a value of its field.
        """
        values = (base or cls()).as_mapping()
        for name, text in texts.items():
            values[name] = cls.records().parse(name, text)
        return cls(**values)

    @classmethod
    def repaired(cls, texts: Mapping[str, str], base: Self | None = None) -> tuple[Self, list[str]]:
        """Build settings from a store that may be old or damaged; never raises.

        Returns
        -------
        (settings, warnings)
            Fields with an unusable text keep the value of `base` (default: the defaults), each
            named in one line of `warnings`; so is each unknown field, which is ignored.
        """
        settings = base or cls()
        warnings: list[str] = []
        for name, text in texts.items():
            try:
                settings = settings.changed(**{name: cls.records().parse(name, text)})
            except SettingsError as error:
                warnings.append(str(error))
        return settings, warnings

    def to_json(self) -> str:
        """Return every field as JSON, as `from_json` takes it (`setting_fields.json_texts`)."""
        return write_json(self.as_mapping())

    @classmethod
    def from_json(cls, text: str, base: Self | None = None) -> tuple[Self, tuple[UnusedValue, ...]]:
        """Build settings from what `to_json` gave, here or in another version.

        Parameters
        ----------
        text
            The JSON.
        base
            Where fields come from that the text does not name; the defaults when ``None``.

        Returns
        -------
        (settings, unused)
            An unknown field, and one with a value that is not allowed, is left out: the latter
            keeps the value of `base`. Each is one of `unused`.

        Raises
        ------
        SettingsError
            The text is no JSON, or not of settings; the message is one line.
        """
        values, unused = read_json(text, cls.records())
        return (base or cls()).changed(**values), unused

    def as_mapping(self) -> dict[str, Any]:
        """Return field name to value."""
        return {name: getattr(self, name) for name in self.records()}


def to_text(value: object) -> str:
    """Return a value as a store and the command line spell it."""
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


@cache
def _records_of(settings_class: Any) -> SettingRecords:
    return SettingRecords(fields(settings_class))
