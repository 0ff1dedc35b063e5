"""Settings as JSON, to take along and to bring back. Pure.

The form is one object: ``{"heatmap_settings": 1, "settings": {"window": "8h", "opacity": 0.75}}``.
Values are what they are in Python: texts, numbers, ``true`` and ``false``; ``null`` is automatic,
several symbols are a list.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError
from Heatmap.setting_fields.kinds import Kind, Number, Text
from Heatmap.setting_fields.records import SettingRecords

FORM = 1
"""The number of the form that is written, and the newest that is read."""
_MARK, _VALUES = "heatmap_settings", "settings"
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class UnusedValue:
    """A value of a JSON text that no setting was made of.

    Attributes
    ----------
    name, text
        The field's name, and the value as JSON.
    is_known
        Whether this version has such a field; then its value is not allowed.
    words
        Why, as one line.
    """

    name: str
    text: str
    is_known: bool
    words: str


def write_json(values: Mapping[str, object]) -> str:
    """Return fields, name to value, as JSON: one line each, ended by a line's end."""
    return json.dumps({_MARK: FORM, _VALUES: dict(values)}, indent=2, ensure_ascii=False) + "\n"


def read_json(
    text: str, records: SettingRecords
) -> tuple[dict[str, object], tuple[UnusedValue, ...]]:
    """Read what `write_json` wrote, also by hand or by another version.

    Parameters
    ----------
    text
        The JSON.
    records
        The fields that there are.

    Returns
    -------
    (values, unused)
        Name to value of each field that can be used as it stands; and what cannot.

    Raises
    ------
    SettingsError
        The text is no JSON, or not of this form: then nothing of it can be used.
    """
    twice: list[str] = []

    def paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _value in pairs]
        twice.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)
        return dict(pairs)

    try:
        whole = json.loads(text, object_pairs_hook=paired)
    except json.JSONDecodeError as error:
        kind = FailureKind.SETTINGS_NOT_JSON
        raise raised(SettingsError, kind, line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits; lists within lists within lists.
        raise raised(SettingsError, FailureKind.SETTINGS_ODD) from None
    values = _values_of(whole)
    good: dict[str, object] = {}
    unused: list[UnusedValue] = []
    for name, raw in values.items():
        shown = _as_json(raw)
        if name not in records:
            unused.append(UnusedValue(name, shown, False, f"{_as_json(name)} is no setting"))
            continue
        value = _value_of(records[name].kind, raw)
        expected = "there once" if name in twice else records[name].kind.wrong(value)
        if expected:
            words = f"{name} must be {expected}, got {shown}"
            unused.append(UnusedValue(name, shown, True, words))
        else:
            good[name] = value
    return good, tuple(unused)


def _values_of(whole: object) -> dict[str, object]:
    """Return the fields of a whole text; raise SettingsError where it is of another form."""
    form = whole.get(_MARK) if isinstance(whole, dict) else None
    # True is 1 in Python.
    if not isinstance(whole, dict) or type(form) is not int or form < 1:
        raise raised(SettingsError, FailureKind.SETTINGS_FOREIGN)
    if form > FORM:
        raise raised(SettingsError, FailureKind.SETTINGS_NEWER)
    values = whole.get(_VALUES)
    if not isinstance(values, dict):
        raise raised(SettingsError, FailureKind.SETTINGS_FOREIGN)
    return values


def _value_of(kind: Kind, raw: object) -> object:
    """Return a value of JSON as the setting has it, not yet checked."""
    if isinstance(kind, Text) and isinstance(raw, list):
        return tuple(raw)
    if isinstance(kind, Number) and isinstance(raw, float) and kind.is_whole and raw.is_integer():
        return int(raw)
    return raw


def _as_json(value: object) -> str:
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):
        # More digits than Python writes.
        return "…"
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
